"""A warehouse and a landing folder with persons in them, and a search of all of both."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import psycopg

from include.http.redact import Redactor
from include.privacy.erasure import Places
from include.privacy.requests import process_requests
from include.replay import replay_all
from tests.conftest import Warehouse
from tests.fakes.person_shop import (
    CUSTOMERS,
    KEY,
    ORDERS,
    PERSON_SHOP,
    customer,
    order,
    page,
)
from tests.fakes.small_shop import Loader

AT_ONCE = dt.timedelta(0)
SOURCES = {"small_shop": PERSON_SHOP}
# Ana is forgotten; Bea is not, although her address ends in Ana's.
ANA, BEA = "7001234567890", "7009999999999"
MAIL, PHONE = "ana@example.com", "+15550100999"
BEAS_MAIL = "bea.ana@example.com"


def hashed(value: str) -> str:
    return Redactor(KEY, frozenset()).hash_value(value)


ANAS = (ANA, MAIL, "ana%40example.com", PHONE, "15550100999", hashed(MAIL), hashed(PHONE))


class Shop:
    """A warehouse and a landing folder with Ana and Bea in them."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.folder = folder
        landing = folder / "landing"
        self.loader = Loader(warehouse.dsn("loader"), str(landing), source=PERSON_SHOP)
        self.places = Places(
            warehouse.dsn("loader"), warehouse.dsn("transformer"), str(landing), KEY
        )

    def fill(self) -> None:
        """Load orders and customers, one of Ana's orders into quarantine; build core and marts."""
        self.loader.run(
            ORDERS,
            page(
                order("6001", ANA, note=f"call {PHONE}", tags=[f"customer {ANA}", "vip"]),
                order("6002", BEA, note=f"mail to {BEAS_MAIL}"),
                order("6003", None),
                request={"json": {"query": f"customer_id:{ANA}"}},
            ),
            page(
                order("6004", ANA, note="see https://x.test/?e=ana%40example.com&cid=" + ANA),
                order("6005", ANA, price={"amount": "free"}),
            ),
        )
        self.loader.run(CUSTOMERS, page(customer(ANA, MAIL, PHONE), customer(BEA, BEAS_MAIL)))
        with psycopg.connect(self.warehouse.dsn("transformer")) as conn:
            for schema in ("core", "marts_v3", "marts_next"):
                conn.execute(f"create schema if not exists {schema}".encode())
                copy = f"create table {schema}.orders_of as select * from raw.small_shop__orders"
                conn.execute(copy.encode())
            conn.execute(
                "create table marts_v3.by_page as select landing_page from raw.small_shop__moments"
            )

    def name_shop(self, domain: str = "ana-shop.myshopify.com") -> None:
        """Say that the connection is this shop's."""
        with psycopg.connect(self.warehouse.dsn("loader")) as conn:
            conn.execute(
                "insert into raw.shopify__shop (connection_id, window_start, captured_at,"
                " captured_at_source, shop_id, name, myshopify_domain, currency_code,"
                " iana_timezone, taxes_included, _content_hash, _load_id, _loaded_at)"
                " values ('small_shop', now(), now(), 'api', '1', 'Shop', %s, 'USD', 'UTC', true,"
                " '', 1, now())",
                [domain],
            )

    def ask(self, topic: str = "customers/redact", **fields: Any) -> Path:
        """Put a request into the inbox."""
        payload = {"shop_id": 1, "shop_domain": "ana-shop.myshopify.com"} | fields
        path = self.folder / "privacy" / "inbox" / topic.replace("/", "-") / "by-hand.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(payload))
        return path

    def work(self, **options: Any) -> Any:
        return process_requests(
            self.places, self.folder / "privacy", SOURCES, settle=AT_ONCE, **options
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.admin_dsn) as conn:
            return conn.execute(query.encode()).fetchall()

    def tables_with(self, *values: str) -> list[str]:
        return tables_with(self.warehouse.admin_dsn, *values, but=BEAS_MAIL)

    def files_with(self, *values: str) -> list[str]:
        return files_with(self.folder / "landing", *values, but=BEAS_MAIL)


def _without(text: str, other: str) -> str:
    return text.replace(other, "") if other else text


def tables_with(admin_dsn: str, *values: str, but: str = "") -> list[str]:
    """Search every table of every schema, all columns; `but` is a text that is no find."""
    found = []
    with psycopg.connect(admin_dsn) as conn:
        tables = conn.execute(
            "select c.oid::regclass::text from pg_class as c"
            " join pg_namespace as n on n.oid = c.relnamespace where c.relkind in"
            " ('r', 'm', 'v') and n.nspname !~ '^(pg_|information_schema)' order by 1"
        ).fetchall()
        assert len(tables) > 20
        for (table,) in tables:
            texts = conn.execute(f"select lower(t::text) from {table} as t".encode()).fetchall()
            if any(value in _without(text, but) for (text,) in texts for value in values):
                found.append(table)
    return found


def files_with(landing: Path, *values: str, but: str = "") -> list[str]:
    """Search every file below landing, hidden ones too, and their names."""
    found = []
    for path in sorted(landing.rglob("*")):
        if path.is_file():
            text = gzip.decompress(path.read_bytes()).decode().lower()
            if any(value in _without(text, but) + str(path) for value in values):
                found.append(path.name)
    return found


def forget_ana(shop: Shop) -> None:
    shop.name_shop()
    shop.ask(customer={"id": int(ANA), "email": MAIL.upper(), "phone": PHONE})
    assert shop.work().waiting == 1
    assert shop.work().done == 1


def replayed(shop: Shop) -> None:
    with psycopg.connect(shop.warehouse.dsn("loader")) as conn:
        for table in ("orders", "moments", "customers"):
            conn.execute(f"truncate raw.small_shop__{table}".encode())
        conn.execute("delete from quality.load_windows")
    for stream in (ORDERS, CUSTOMERS):
        replay_all(
            PERSON_SHOP,
            stream,
            "small_shop",
            dsn=shop.places.loader_dsn,
            landing_url=shop.places.landing_url,
            hash_key=KEY,
        )
