"""Shopify's first loads end to end: bulk operations over HTTP, on good days and on bad ones."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shopify_sandbox import LAST_DAY, ZONE, Sandbox, Shop, night_after, run_sandbox

from include.errors import UnsafeAddress
from include.ingest import day_window
from include.replay import replay_window
from include.sources._base import Connection, Window
from include.sources.shopify import SOURCE, bulk

AT = night_after(LAST_DAY)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("bulk"), {}) as served:
        yield served


@pytest.fixture
def shop(sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(
        sandbox, clean_warehouse.dsn("loader"), clean_warehouse.admin_dsn, tmp_path / "landing"
    )


def long_window(days: int) -> Window:
    last = day_window(LAST_DAY, ZONE)
    return dataclasses.replace(last, start=last.end - dt.timedelta(days=days))


def eager(shop: Shop) -> Connection:
    """A connection that reads windows of more than nine days in bulk."""
    known = shop.sandbox.shop_connection()
    return dataclasses.replace(known, extra={**known.extra, "bulk_days": 9})


def landed_requests(shop: Shop) -> str:
    manifests = shop.landing.rglob("manifest.*")
    return "\n".join(gzip.decompress(path.read_bytes()).decode() for path in manifests)


def test_a_bulk_load_gives_the_very_rows_that_paging_gives(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 50_000)  # lines are cut at the ends of pieces
    monkeypatch.setattr(bulk, "ORDERS_A_PAGE", 100)
    paged = shop.load("orders", LAST_DAY, AT, window=long_window(30))
    in_bulk = dataclasses.replace(eager(shop), conn_id="shopify__bulk")
    bulked = shop.load("orders", LAST_DAY, AT, in_bulk, window=long_window(30))
    rows = shop.rows_by_order()
    assert len(rows) == paged.rows_read > 2_000
    assert shop.rows_by_order("shopify__bulk") == rows
    assert bulked.drifted_fields == ()
    # Refunded orders came twice: without refund lines in the bulk result, whole in a page.
    assert shop.one("select count(*) > 100 from raw.shopify__order_refund_lines")[0]
    assert bulked.rows_read == paged.rows_read
    # Landing alone gives the same rows again.
    shop.empty_orders()
    key = LAST_DAY.isoformat()
    for conn_id in ("shopify", "shopify__bulk"):
        replay_window(
            SOURCE,
            SOURCE.stream("orders"),
            conn_id,
            key,
            dsn=shop.dsn,
            landing_url=str(shop.landing),
        )
    assert shop.rows_by_order("shopify__bulk") == shop.rows_by_order() == rows


def test_a_window_of_more_than_sixty_days_is_read_in_bulk_without_being_told(shop: Shop) -> None:
    result = shop.load("orders", LAST_DAY, AT, window=long_window(70))
    expected = {
        str(order.order_id)
        for order in shop.sandbox.market.orders_at(AT)
        if order.updated_at >= long_window(72).start and order.created_at < long_window(1).end
    }
    assert set(shop.rows_by_order()) == expected
    assert result.rows_read == len(expected) > 4_000
    assert "bulkOperationRunQuery" in landed_requests(shop)
    assert "Signature" not in landed_requests(shop)


def test_a_daily_window_is_never_read_in_bulk(shop: Shop) -> None:
    shop.load("orders", LAST_DAY, AT)
    assert "bulkOperationRunQuery" not in landed_requests(shop)


def test_a_bulk_operation_that_finds_nothing_loads_nothing(shop: Shop) -> None:
    long_ago = Window(
        start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        end=dt.datetime(2026, 4, 1, tzinfo=dt.UTC),
        key="2026-03-31",
    )
    result = shop.load("orders", LAST_DAY, AT, window=long_ago)
    assert (result.status, result.rows_read, result.pages_read) == ("loaded", 0, 0)


def test_a_result_at_an_undeclared_host_is_not_followed(shop: Shop) -> None:
    # Shopify's own storage host is the only one then.
    known = shop.sandbox.shop_connection(extra={"bulk_days": 9})
    with pytest.raises(UnsafeAddress, match="leaves the connection's hosts"):
        shop.load("orders", LAST_DAY, AT, known, window=long_window(10))
    assert shop.rows_by_order() == {}
