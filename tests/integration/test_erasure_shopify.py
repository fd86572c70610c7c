"""The real connector's pages, lists and bulk files: one customer's webhook empties them all."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from shopify_sandbox import HASH_KEY, LAST_DAY, ZONE, Sandbox, Shop, night_after, run_sandbox

from include.ingest import day_window
from include.privacy.erasure import Places
from include.privacy.requests import process_requests
from include.replay import replay_all
from include.sources import discover_sources
from include.sources._base import Window
from include.sources.shopify import SOURCE

AT = night_after(LAST_DAY)
STREAMS = ("orders", "order_days", "customers", "shop")
RAW = "select to_jsonb(t) - '{_load_id,_loaded_at,_content_hash}'::text[] from raw.%s t order by 1"


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox"), {}) as served:
        yield served


@pytest.fixture
def shop(sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path) -> Shop:
    shop = Shop(
        sandbox, clean_warehouse.dsn("loader"), clean_warehouse.admin_dsn, tmp_path / "landing"
    )
    for stream in STREAMS:
        shop.load(stream, LAST_DAY, AT)
    # A first load: the same orders once more, by a bulk operation.
    last = day_window(LAST_DAY, ZONE)
    long = Window(start=last.end - dt.timedelta(days=70), end=last.end, key=last.key)
    shop.load("orders", LAST_DAY, AT, window=long)
    return shop


def rows(shop: Shop, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(shop.admin_dsn) as conn:
        return conn.execute(query.encode()).fetchall()


def tables_with(shop: Shop, *values: str) -> list[str]:
    tables = rows(
        shop,
        "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where c.relkind in ('r', 'v') and n.nspname !~ '^(pg_|information_schema)' order by 1",
    )
    wanted = ", ".join(f"('{value}')" for value in values)
    query = "select 1 from {} t, (values {}) w (v) where strpos(t::text, v) > 0 limit 1"
    return [table for (table,) in tables if rows(shop, query.format(table, wanted))]


def files_with(shop: Shop, *values: str) -> list[str]:
    return [
        str(path.relative_to(shop.landing))
        for path in sorted(shop.landing.rglob("*.gz"))
        for text in [gzip.decompress(path.read_bytes()).decode()]
        if any(value in text for value in values)
    ]


def test_a_customers_webhook_reaches_every_stream(
    shop: Shop, tmp_path: Path, clean_warehouse: Any
) -> None:
    [(customer_id, email_hash, orders)] = rows(
        shop,
        "select c.customer_id, c.email_hash, count(*) from raw.shopify__customers c"
        " join raw.shopify__orders o using (connection_id, customer_id)"
        " where c.email_hash is not null group by 1, 2 order by 3 desc, 1 limit 1",
    )
    persons = (customer_id, email_hash)
    assert tables_with(shop, *persons) == [
        "raw.shopify__customers",
        "raw.shopify__order_ids",
        "raw.shopify__orders",
    ]
    streams = {path.split("/")[2] for path in files_with(shop, *persons)}
    assert streams == {"customers", "order_days", "orders"}
    money = "select order_id, total_price, total_refunded from raw.shopify__orders order by 1"
    before = rows(shop, money)

    [(domain,)] = rows(shop, "select distinct myshopify_domain from raw.shopify__shop")
    payload = {"shop_id": 1, "shop_domain": domain, "customer": {"id": int(customer_id)}}
    inbox = tmp_path / "privacy" / "inbox" / "customers-redact"
    inbox.mkdir(parents=True)
    (inbox / "webhook-1.json").write_text(json.dumps({**payload, "orders_to_redact": []}))
    places = Places(shop.dsn, clean_warehouse.dsn("transformer"), str(shop.landing), HASH_KEY)
    for _ in range(2):
        outcome = process_requests(
            places, tmp_path / "privacy", discover_sources(), settle=dt.timedelta(0)
        )
    assert outcome.done == 1

    assert tables_with(shop, *persons) == []
    assert files_with(shop, *persons) == []
    assert rows(shop, money) == before
    [(token, count)] = rows(
        shop,
        "select customer_id, count(*) from raw.shopify__orders"
        " where starts_with(customer_id, 'erased-') group by 1",
    )
    assert count == orders

    # Read again, the person stays forgotten; landing alone rebuilds the same rows.
    for stream in STREAMS[:3]:
        shop.load(stream, LAST_DAY, AT)
    assert tables_with(shop, *persons) == []
    assert files_with(shop, *persons) == []
    tables = [f"shopify__{name}" for name in ("orders", "order_ids", "customers", "order_lines")]
    kept = [rows(shop, RAW % table) for table in tables]
    with psycopg.connect(shop.admin_dsn) as conn:
        for (table,) in rows(
            shop, "select tablename from pg_tables where tablename like 'shopify\\_\\_%'"
        ):
            conn.execute(f"truncate raw.{table}".encode())
        conn.execute("truncate quality.load_windows cascade")
    for name in STREAMS:
        replay_all(
            SOURCE,
            SOURCE.stream(name),
            "shopify",
            dsn=shop.dsn,
            landing_url=str(shop.landing),
            hash_key=HASH_KEY,
        )
    assert [rows(shop, RAW % table) for table in tables] == kept
    assert token.startswith("erased-")
