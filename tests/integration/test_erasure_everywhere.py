"""A person who asks to be forgotten is found in no table and no landed file, and never comes back.

The searches read every column of every table of every schema, and every file below landing.
"""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pytest

from include.errors import PermanentError
from include.http.redact import Redactor
from include.privacy.erasure import Person, Places, apply_erasure
from include.privacy.requests import process_requests
from include.replay import replay_all
from include.sources._base import Record, at
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
from tests.fakes.small_shop import DAY, NOON, Loader

HOUR = dt.timedelta(hours=1)
AT_ONCE = dt.timedelta(0)
SOURCES = {"small_shop": PERSON_SHOP}
# Ana is forgotten; Bea is not, although her address ends in Ana's.
ANA, BEA = "7001234567890", "7009999999999"
MAIL, PHONE = "ana@example.com", "+15550100999"
BEAS_MAIL = "bea.ana@example.com"


def hashed(value: str) -> str:
    return Redactor(KEY, frozenset()).hash_value(value)


def without_bea(text: str) -> str:
    return text.replace(BEAS_MAIL, "")


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
        """Search every table of every schema, all columns."""
        found = []
        with psycopg.connect(self.warehouse.admin_dsn) as conn:
            tables = conn.execute(
                "select c.oid::regclass::text from pg_class as c"
                " join pg_namespace as n on n.oid = c.relnamespace where c.relkind in"
                " ('r', 'm', 'v') and n.nspname !~ '^(pg_|information_schema)' order by 1"
            ).fetchall()
            assert len(tables) > 20
            for (table,) in tables:
                texts = conn.execute(f"select lower(t::text) from {table} as t".encode())
                if any(value in without_bea(t) for (t,) in texts.fetchall() for value in values):
                    found.append(table)
        return found

    def files_with(self, *values: str) -> list[str]:
        """Search every file below landing, hidden ones too."""
        found = []
        for path in sorted((self.folder / "landing").rglob("*")):
            if path.is_file():
                text = gzip.decompress(path.read_bytes()).decode().lower()
                if any(value in without_bea(text) + str(path) for value in values):
                    found.append(path.name)
        return found


@pytest.fixture
def shop(clean_warehouse: Warehouse, tmp_path: Path) -> Iterator[Shop]:
    shop = Shop(clean_warehouse, tmp_path)
    shop.fill()
    yield shop
    clean_warehouse.reset()


def forget_ana(shop: Shop) -> None:
    shop.name_shop()
    shop.ask(customer={"id": int(ANA), "email": MAIL.upper(), "phone": PHONE})
    assert shop.work().waiting == 1
    assert shop.work().done == 1


def test_nothing_of_the_person_is_left_anywhere(shop: Shop) -> None:
    # The search finds what it is to find.
    assert set(shop.tables_with(*ANAS)) == {
        "core.orders_of",
        "marts_next.orders_of",
        "marts_v3.orders_of",
        "marts_v3.by_page",
        "quarantine.rejects",
        "raw.small_shop__customers",
        "raw.small_shop__moments",
        "raw.small_shop__orders",
    }
    assert len(shop.files_with(*ANAS)) == 4  # three pages and the manifest with the request

    forget_ana(shop)

    assert shop.tables_with(*ANAS) == []
    assert shop.files_with(*ANAS) == []


def test_money_and_everybody_else_stay(shop: Shop) -> None:
    money = "select order_id, total from raw.small_shop__orders order by 1"
    beas = "select * from raw.small_shop__customers where customer_id = '" + BEA + "'"
    before = shop.rows(money), shop.rows(beas), shop.tables_with(BEA)

    forget_ana(shop)

    assert (shop.rows(money), shop.rows(beas), shop.tables_with(BEA)) == before
    assert [total for _, total in before[0]] == [Decimal("10.00")] * 4
    notes = dict(shop.rows("select order_id, note from raw.small_shop__orders"))
    assert notes["6002"] == f"mail to {BEAS_MAIL}"
    tokens = shop.rows(
        "select order_id, customer_id from raw.small_shop__orders where order_id <> '6002'"
        " order by 1"
    )
    [first, guest, second] = [token for _, token in tokens]
    # One person's orders stay together, under a name that says nothing.
    assert first == second
    assert first.startswith("erased-")
    assert guest is None
    assert notes["6001"] == f"call {first}"
    assert shop.rows(
        "select customer_id, email_hash, phone_hash from raw.small_shop__customers"
        " where customer_id <> '" + BEA + "'"
    ) == [(first, first, first)]
    assert shop.rows("select customer_id from marts_v3.orders_of where order_id = '6001'") == [
        (first,)
    ]


def test_changed_orders_are_pending_for_the_next_measure_run(shop: Shop) -> None:
    forget_ana(shop)

    loads = shop.rows(
        "select stream, rows_merged, status, load_id from quality.load_windows"
        " where run_id like 'erasure-%' order by stream"
    )
    assert [row[:3] for row in loads] == [("customers", 1, "loaded"), ("orders", 2, "loaded")]
    pending = shop.rows(
        f"select order_id from raw.small_shop__orders where _load_id = {loads[1][3]} order by 1"
    )
    assert pending == [("6001",), ("6004",)]
    # A hash over the erased values would let a guess be confirmed.
    hashes = shop.rows("select _content_hash from raw.small_shop__orders where order_id = '6001'")
    assert hashes == [(b"",)]


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


def test_landing_alone_rebuilds_the_erased_rows(shop: Shop) -> None:
    kept = (
        "select to_jsonb(t) - '_load_id' - '_loaded_at' - '_content_hash' from {} as t order by 1"
    )
    tables = [f"raw.small_shop__{name}" for name in ("orders", "moments", "customers")]
    forget_ana(shop)
    before = [shop.rows(kept.format(table)) for table in tables]

    replayed(shop)

    assert [shop.rows(kept.format(table)) for table in tables] == before
    assert shop.tables_with(*ANAS) == []


def test_a_replay_applies_the_list_to_pages_nobody_rewrote(shop: Shop) -> None:
    """A copy of landing from a backup brings nothing back."""
    landing = Path(shop.places.landing_url)
    backup = {path: path.read_bytes() for path in landing.rglob("*") if path.is_file()}
    forget_ana(shop)
    for path in landing.rglob("*.gz"):
        path.unlink()
    for path, content in backup.items():
        path.write_bytes(content)

    replayed(shop)

    assert set(shop.tables_with(ANA, hashed(MAIL), hashed(PHONE))) == set()
    assert len(shop.files_with(ANA)) == 4


def test_what_is_fetched_again_passes_the_list(shop: Shop) -> None:
    forget_ana(shop)

    shop.loader.hash_key = KEY
    shop.loader.run(
        ORDERS, page(order("6009", ANA, updatedAt="2026-11-06T00:00:00Z"), at_time=NOON + HOUR)
    )
    shop.loader.run(CUSTOMERS, page(customer("7005550000000", MAIL), at_time=NOON + HOUR))

    assert shop.tables_with(*ANAS) == []
    assert shop.files_with(*ANAS) == []
    assert len(shop.rows("select from raw.small_shop__orders where order_id = '6009'")) == 1


def test_a_person_known_by_an_order_only_is_found(shop: Shop) -> None:
    """A guest's request may name nothing but orders: their customer is linked."""
    shop.name_shop()
    shop.ask(customer={}, orders_to_redact=[6004])
    shop.work()
    shop.work()
    assert shop.tables_with(ANA, hashed(MAIL), hashed(PHONE)) == []
    assert shop.files_with(ANA, hashed(MAIL)) == []


def test_an_address_alone_finds_the_customer_number(shop: Shop) -> None:
    shop.name_shop()
    shop.ask(customer={"email": MAIL})
    shop.work()
    assert shop.tables_with(ANA, MAIL, hashed(MAIL), hashed(PHONE)) == []
    assert shop.files_with(ANA, MAIL, hashed(MAIL)) == []


def test_a_whole_shop_is_forgotten_and_its_money_stays(shop: Shop) -> None:
    everybody = (ANA, BEA, hashed(MAIL), hashed(PHONE), hashed(BEAS_MAIL))
    shop.name_shop()
    shop.ask("shop/redact")
    shop.work()
    shop.work()
    assert shop.tables_with(*everybody, PHONE, BEAS_MAIL) == []
    assert shop.files_with(*everybody) == []
    rows = shop.rows("select customer_id, total from raw.small_shop__orders order by order_id")
    tokens = [token for token, _ in rows]
    assert tokens[0] == tokens[3] != tokens[1]
    assert tokens[2] is None
    replayed(shop)
    again = shop.rows("select customer_id, total from raw.small_shop__orders order by order_id")
    assert again == rows


def test_a_request_is_done_after_the_second_pass_and_says_what_it_touched(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA})
    assert process_requests(shop.places, shop.folder / "privacy", SOURCES).waiting == 1
    # Half a day has not passed: what was under way may still bring the person back.
    assert process_requests(shop.places, shop.folder / "privacy", SOURCES).waiting == 1
    assert path.exists()

    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute(
            "insert into quality.measure_runs (day, run_id, opened_at)"
            " values (%s, 'm', now() - interval '1 hour')",
            [DAY.key],
        )
    assert shop.work().waiting == 1
    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute("update quality.measure_runs set status = 'failed'")
    assert shop.work().done == 1
    assert not path.exists()

    [(origin, due, done, touched)] = shop.rows(
        "select origin, due_at - requested_at, done_at is not null, touched"
        " from quality.privacy_requests"
    )
    assert (origin, due, done) == ("file", dt.timedelta(days=30), True)
    assert touched["raw.small_shop__orders"] == 2
    assert touched["landing.small_shop__orders"] == 2
    assert touched["marts_v3.orders_of"] == 2


def test_the_same_request_again_is_ignored(shop: Shop) -> None:
    forget_ana(shop)
    shop.ask(customer={"id": int(ANA), "email": MAIL.upper(), "phone": PHONE})
    outcome = shop.work()
    assert (outcome.repeated, outcome.done, outcome.waiting) == (1, 0, 0)
    assert shop.rows("select count(*) from quality.privacy_requests") == [(1,)]
    assert not list((shop.folder / "privacy" / "inbox").rglob("*.json"))


def test_killed_between_pages_and_manifest_the_run_stays_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("include.privacy.landing._write_manifest", die)
        with pytest.raises(KeyboardInterrupt):
            shop.work()
    assert path.exists()
    replayed(shop)

    shop.work()
    shop.work()
    assert shop.files_with(*ANAS) == []
    for manifest in Path(shop.places.landing_url).rglob("manifest.jsonl.gz"):
        lines = gzip.decompress(manifest.read_bytes()).splitlines()[1:-1]
        named = {json.loads(line)["file"] for line in lines}
        assert {path.name for path in manifest.parent.iterdir()} == named | {manifest.name}


def test_pages_of_a_run_that_never_finished_go_in_the_last_pass(shop: Shop) -> None:
    with pytest.raises(RuntimeError):
        shop.loader.run(ORDERS, page(order("6010", ANA)), RuntimeError("killed"))
    shop.name_shop()
    shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    killed = next(Path(shop.places.landing_url).rglob("page-000001.gz"))
    killed.with_name(".page-000002.gz.1234abcd").write_bytes(killed.read_bytes())
    shop.work()
    assert shop.files_with(*ANAS) == ["page-000001.gz"]
    assert not list(Path(shop.places.landing_url).rglob(".*"))
    shop.work()
    assert shop.files_with(*ANAS) == []


def test_a_data_request_is_answered_in_a_private_file(shop: Shop) -> None:
    shop.name_shop()
    shop.ask("customers/data_request", customer={"id": int(ANA)}, orders_requested=[6001])
    assert shop.work().done == 1
    [answer] = (shop.folder / "privacy" / "answers").iterdir()
    assert answer.stat().st_mode & 0o777 == 0o600
    rows = json.loads(answer.read_text())["rows"]
    assert [row["order_id"] for row in rows["small_shop__orders"]] == ["6001", "6004"]
    assert {row["order_id"] for row in rows["small_shop__moments"]} == {"6001", "6004"}
    assert [row["customer_id"] for row in rows["small_shop__customers"]] == [ANA]
    assert BEA not in answer.read_text()
    # Nobody asked to be forgotten.
    assert ANA in dict(shop.rows("select customer_id, 1 from raw.small_shop__orders"))


def test_a_foreign_shop_and_a_broken_file_are_reported_after_the_rest(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA, "email": MAIL, "phone": PHONE})
    foreign = path.with_name("foreign.json")
    foreign.write_text(json.dumps({"shop_domain": "other.test", "customer": {"id": 1}}))
    broken = path.with_name("broken.json")
    broken.write_text('{"shop_domain": "' + MAIL)
    with pytest.raises(PermanentError) as failure:
        shop.work()
    assert "other.test" in str(failure.value)
    assert "broken.json is no JSON" in str(failure.value)
    assert MAIL not in str(failure.value)
    assert foreign.exists()
    assert broken.exists()
    assert shop.tables_with(*ANAS) == []


def test_a_dry_run_changes_nothing(shop: Shop) -> None:
    shop.name_shop()
    path = shop.ask(customer={"id": ANA})
    before = shop.tables_with(ANA), shop.files_with(ANA)
    assert shop.work(is_dry_run=True).waiting == 1
    assert (shop.tables_with(ANA), shop.files_with(ANA)) == before
    assert path.exists()
    assert shop.rows("select count(*) from secrets.privacy_requests") == [(0,)]


def test_another_connection_of_the_source_is_left_alone(shop: Shop) -> None:
    with psycopg.connect(shop.warehouse.admin_dsn) as conn:
        conn.execute(
            "insert into raw.small_shop__orders select 'small_shop__two', order_id, updated_at,"
            " total, customer_id, note, _extra, _content_hash, _captured_at, _load_id, _loaded_at"
            " from raw.small_shop__orders where order_id = '6001'"
        )
    forget_ana(shop)
    kept = "select customer_id from raw.small_shop__orders where connection_id = 'small_shop__two'"
    assert shop.rows(kept) == [(ANA,)]


def test_short_numbers_are_erased_only_where_a_person_stands(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    """Customer 17 of a small shop: 17 is also an order's number and a total."""
    shop = Shop(clean_warehouse, tmp_path)
    shop.loader.run(
        ORDERS, page(order("17", 17, price={"amount": "17"}, note="17 pieces"), order("18", 16))
    )
    shop.loader.run(CUSTOMERS, page(customer(17, None), customer(16, None)))
    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute("create table core.orders_of as select * from raw.small_shop__orders")
    person = Person(0, {"17"})
    with psycopg.connect(shop.warehouse.dsn("loader")) as conn:
        [(person.request_id,)] = conn.execute(
            "insert into secrets.privacy_requests (request_key, connection_id, topic, origin,"
            " requested_at, due_at) values ('k', 'small_shop', 'customers/redact', 'file', now(),"
            " now()) returning request_id"
        ).fetchall()

    apply_erasure(shop.places, PERSON_SHOP, "small_shop", [person])

    [row, other] = shop.rows(
        "select order_id, total, note, customer_id from raw.small_shop__orders order by 1"
    )
    assert row[:3] == ("17", Decimal(17), "17 pieces")
    assert row[3].startswith("erased-")
    assert other[3] == "16"
    assert shop.rows("select customer_id from core.orders_of order by order_id")[0] == (row[3],)
    replayed(shop)
    assert shop.rows("select order_id, customer_id from raw.small_shop__orders order by 1") == [
        ("17", row[3]),
        ("18", "16"),
    ]
    clean_warehouse.reset()


class NumberedOrder(Record, rename="camel", frozen=True, array_like=True):
    """An order of a shop whose customers are numbers, 0 for a guest."""

    order_id: Annotated[str, at("id")]
    updated_at: dt.datetime
    customer_id: int
    email: str | None


NUMBERED = replace(
    ORDERS,
    name="numbered",
    record=NumberedOrder,
    children=(),
    subject_columns=("customer_id", "email"),
)
NUMBERED_SHOP = replace(PERSON_SHOP, streams=(NUMBERED,))


def numbered(order_id: str, customer_id: int, email: str | None) -> dict[str, Any]:
    updated = "2026-11-04T10:00:00Z"
    return {"id": order_id, "updatedAt": updated, "customerId": customer_id, "email": email}


@pytest.fixture
def numbers(clean_warehouse: Warehouse, tmp_path: Path) -> Iterator[Shop]:
    """Ana is customer 17 and buys as a guest, too; so does Bea, who has no number."""
    shop = Shop(clean_warehouse, tmp_path)
    shop.loader.source = NUMBERED_SHOP
    shop.loader.run(
        NUMBERED,
        page(
            numbered("1", 17, MAIL),
            numbered("2", 0, MAIL),
            numbered("3", 0, BEAS_MAIL),
            numbered("4", 18, None),
            numbered("17", 18, None),
        ),
    )
    yield shop
    clean_warehouse.reset()


def work_by_connection(shop: Shop, topic: str, **fields: Any) -> None:
    shop.ask(topic, shop_domain=None, connection_id="small_shop", **fields)
    for _ in range(2):
        process_requests(
            shop.places,
            shop.folder / "privacy",
            {"small_shop": NUMBERED_SHOP},
            settle=AT_ONCE,
        )


NUMBERED_ROWS = "select order_id, customer_id, email from raw.small_shop__numbered order by 1"


def test_numbers_become_other_numbers_and_guests_stay_guests(numbers: Shop) -> None:
    work_by_connection(numbers, "customers/redact", customer={"email": MAIL})

    rows = {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)}
    token = rows["1"][1]
    assert token.startswith("erased-")
    assert rows["1"][0] < 0
    assert rows["2"] == [0, token]
    assert rows["3"] == [0, hashed(BEAS_MAIL)]
    assert rows["4"] == rows["17"] == [18, None]
    assert numbers.files_with(hashed(MAIL), ":17,") == []
    replay_numbered(numbers)
    assert {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)} == rows


def replay_numbered(shop: Shop) -> None:
    with psycopg.connect(shop.places.loader_dsn) as conn:
        conn.execute("truncate raw.small_shop__numbered")
    replay_all(
        NUMBERED_SHOP,
        NUMBERED,
        "small_shop",
        dsn=shop.places.loader_dsn,
        landing_url=shop.places.landing_url,
        hash_key=KEY,
    )


def test_a_whole_shop_of_numbers(numbers: Shop) -> None:
    work_by_connection(numbers, "shop/redact")

    rows = {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)}
    assert rows["1"][0] < 0
    assert rows["4"][0] == rows["17"][0] < 0
    assert rows["4"][0] != rows["1"][0]
    assert rows["2"][0] == rows["3"][0] == 0
    assert rows["1"][1] == rows["2"][1] != rows["3"][1]
    replay_numbered(numbers)
    assert {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)} == rows
