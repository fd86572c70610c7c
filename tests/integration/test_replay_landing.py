"""Replay: landing alone rebuilds what was loaded."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include import replay
from include.connections import variable_of
from include.errors import TooManyRejects, Truncated
from include.landing.pages import LandingRun, RunHeader
from include.landing.store import open_store
from include.replay import replay_all, replay_rejects, replay_window
from include.sources import discover_sources
from include.sources._base import Page, Stream
from tests.conftest import Warehouse
from tests.fakes.small_shop import (
    COUNTERS,
    DAY,
    NOON,
    ORDERS,
    SHOP,
    VISITS,
    Loader,
    order,
    page,
)

HOUR = dt.timedelta(hours=1)
TABLES = ("orders", "lines", "visits", "counters")


@pytest.fixture
def loader(clean_warehouse: Warehouse, tmp_path: Path) -> Loader:
    return Loader(clean_warehouse.dsn("loader"), str(tmp_path / "landing"))


def contents(loader: Loader) -> dict[str, list[Any]]:
    """All raw rows, without which load wrote them when."""
    with psycopg.connect(loader.dsn) as conn:
        return {
            table: conn.execute(
                f"select to_jsonb(t) - '_load_id' - '_loaded_at' from raw.small_shop__{table} as t"
                " order by 1"
            ).fetchall()
            for table in TABLES
        }


def empty(loader: Loader) -> None:
    with psycopg.connect(loader.dsn) as conn:
        for table in TABLES:
            conn.execute(f"truncate raw.small_shop__{table}")
        conn.execute("delete from quality.load_windows")


def fill(loader: Loader) -> None:
    """Two windows of orders with a correction, days with a vanished row, a snapshot."""
    loader.run(ORDERS, page([order("7"), order("8", tag="x")]), page([order("9")]))
    later = DAY.key.replace("04", "05")
    changed = order("8", note="new", updated="2026-11-05T00:00:00Z")
    window = replace(DAY, start=DAY.end, end=DAY.end + 24 * HOUR, key=later)
    loader.run(ORDERS, page([changed], at_time=NOON + 24 * HOUR), window=window)
    rows = [{"day": "2026-11-04", "page": path, "visits": 1} for path in ("/a", "/b")]
    loader.run(VISITS, page(rows))
    loader.run(VISITS, page(rows[:1], at_time=NOON + HOUR))
    loader.run(COUNTERS, page([{"post_id": "p", "likes": 1, "views": None}]))


def replayed(loader: Loader, stream: Stream) -> None:
    replay_all(SHOP, stream, "small_shop", dsn=loader.dsn, landing_url=loader.landing_url)


def test_landing_rebuilds_the_same_rows(loader: Loader) -> None:
    fill(loader)
    before = contents(loader)
    assert all(before.values())
    # Empty tables, as after a loss of the database.
    empty(loader)

    for stream in (ORDERS, VISITS, COUNTERS):
        replayed(loader, stream)

    assert contents(loader) == before


def test_a_replay_over_what_is_there_changes_nothing(loader: Loader) -> None:
    fill(loader)
    with psycopg.connect(loader.dsn) as conn:
        before = conn.execute(
            "select xmin::text, ctid::text from raw.small_shop__orders"
        ).fetchall()

    result = replay_window(
        SHOP, ORDERS, "small_shop", "2026-11-04", dsn=loader.dsn, landing_url=loader.landing_url
    )

    assert (result.rows_read, result.rows_merged, result.rows_unchanged) == (3, 0, 3)
    with psycopg.connect(loader.dsn) as conn:
        after = conn.execute("select xmin::text, ctid::text from raw.small_shop__orders").fetchall()
        run = conn.execute(
            "select run_id, landing_path from quality.load_windows where load_id = %s",
            [result.load_id],
        ).fetchone()
    assert after == before
    assert run == ("run-1", "small_shop/small_shop/orders/2026-11-04/run-1")


def test_a_page_that_is_not_what_was_landed_is_refused(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))
    [landed] = Path(loader.landing_url).rglob("page-000001.gz")
    landed.write_bytes(gzip.compress(b'{"rows": []}'))

    with pytest.raises(Truncated, match="its hash differs"):
        replayed(loader, ORDERS)


def test_an_unfinished_run_does_not_count(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))
    with pytest.raises(ConnectionResetError):
        loader.run(ORDERS, page([order("8")]), ConnectionResetError())

    result = replay_window(
        SHOP, ORDERS, "small_shop", DAY.key, dsn=loader.dsn, landing_url=loader.landing_url
    )

    assert result.rows_read == 1
    with pytest.raises(FileNotFoundError, match="2026-11-09"):
        replay_window(
            SHOP,
            ORDERS,
            "small_shop",
            "2026-11-09",
            dsn=loader.dsn,
            landing_url=loader.landing_url,
        )


def parse_repaired(document: Any, page: Any) -> Any:
    """The parser after a fix: it knows the price "free"."""
    for row in document["rows"]:
        yield row | {"price": {"amount": "0"}} if row["price"] == "free" else row


def test_rejects_are_loaded_after_a_fix(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]), page([order("8", price="free"), order("9")]))
    fixed = replace(ORDERS, parse=parse_repaired)

    [still] = replay_rejects(
        SHOP, ORDERS, "small_shop", dsn=loader.dsn, landing_url=loader.landing_url
    )
    [result] = replay_rejects(
        SHOP, fixed, "small_shop", dsn=loader.dsn, landing_url=loader.landing_url
    )

    assert (still.rows_read, still.rows_rejected) == (1, 1)
    assert (result.rows_read, result.rows_merged, result.rows_rejected) == (1, 1, 0)
    with psycopg.connect(loader.dsn) as conn:
        rejects = conn.execute(
            "select record_key, resolved_by_load_id from quarantine.rejects"
        ).fetchall()
        totals = conn.execute(
            "select order_id, total from raw.small_shop__orders order by 1"
        ).fetchall()
    assert rejects == [("8", result.load_id)]
    assert totals == [("7", 10), ("8", 0), ("9", 10)]
    assert (
        replay_rejects(SHOP, fixed, "small_shop", dsn=loader.dsn, landing_url=loader.landing_url)
        == []
    )


def test_a_window_refused_for_its_rejects_can_be_replayed_after_a_fix(loader: Loader) -> None:
    with pytest.raises(TooManyRejects):
        loader.run(ORDERS, page([order(str(n), price="free") for n in range(3)]))

    result = replay_window(
        SHOP,
        replace(ORDERS, parse=parse_repaired),
        "small_shop",
        DAY.key,
        dsn=loader.dsn,
        landing_url=loader.landing_url,
    )

    assert result.rows_merged == 3
    with psycopg.connect(loader.dsn) as conn:
        unresolved = conn.execute(
            "select count(*) from quarantine.rejects where resolved_at is null"
        ).fetchone()
    assert unresolved == (0,)


def test_the_command_line_replays_a_day(
    loader: Loader, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    loader.run(ORDERS, page([order("7"), order("8")]))
    monkeypatch.setattr(replay, "discover_sources", lambda: {"small_shop": SHOP})
    monkeypatch.setenv("GROUNDSWELL_LANDING_URL", loader.landing_url)
    parts = psycopg.conninfo.conninfo_to_dict(loader.dsn)
    fields = {
        "conn_type": "postgres",
        "host": parts["host"],
        "port": parts["port"],
        "login": parts["user"],
        "password": parts["password"],
        "schema": parts["dbname"],
    }
    monkeypatch.setenv(variable_of("warehouse_loader"), json.dumps(fields))

    assert replay.main(["small_shop", "orders", "--day", "2026-11-04"]) == 0
    assert "2 read, 0 merged, 2 unchanged" in capsys.readouterr().out
    assert replay.main(["small_shop", "baskets", "--all"]) == 1
    assert "it has: orders, visits, counters, codes" in capsys.readouterr().err


def test_runs_read_side_by_side_give_the_same_tables(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    source, url = discover_sources()["shopify"], str(tmp_path / "landing")
    stream, dsn = source.stream("shop"), clean_warehouse.dsn("loader")
    for number in range(4):
        land_shop(url, number)

    def rebuild(jobs: int) -> tuple[list[Any], list[Any]]:
        results = replay_all(source, stream, "shopify", dsn=dsn, landing_url=url, jobs=jobs)
        assert [r.rows_merged for r in results] == [1, 1, 1, 1]
        with psycopg.connect(dsn) as conn:
            rows = conn.execute(
                "select to_jsonb(t) - '_load_id' - '_loaded_at' from raw.shopify__shop as t"
                " order by window_start"
            ).fetchall()
            # A later capture is merged later, whichever process read it.
            order = conn.execute("select name from raw.shopify__shop order by _load_id").fetchall()
            conn.execute("drop table raw.shopify__shop")
        return rows, order

    alone, together = rebuild(1), rebuild(2)
    assert together == alone
    assert alone[1] == [("Shop 0",), ("Shop 1",), ("Shop 2",), ("Shop 3",)]


def test_a_broken_run_stops_those_that_read_beside_it(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    url = str(tmp_path / "landing")
    for number in range(3):
        land_shop(url, number)
    (tmp_path / "landing" / "shopify/shopify/shop/2026-11-01/r/page-000001.gz").unlink()
    source = discover_sources()["shopify"]
    with pytest.raises(Truncated, match=r"2026-11-01/r/page-000001\.gz cannot be read"):
        replay_all(
            source,
            source.stream("shop"),
            "shopify",
            dsn=clean_warehouse.dsn("loader"),
            landing_url=url,
            jobs=2,
        )
    with psycopg.connect(clean_warehouse.dsn("loader")) as conn:
        assert conn.execute("select count(*) from raw.shopify__shop").fetchone() == (0,)


def land_shop(url: str, number: int) -> None:
    """Land the shop as it was on a day of November; the first run is the largest to read."""
    start = dt.datetime(2026, 11, 1 + number, tzinfo=dt.UTC)
    header = RunHeader(
        source="shopify",
        connection_id="shopify",
        stream="shop",
        partition_key=start.date().isoformat(),
        window_start=start,
        window_end=start + dt.timedelta(days=1),
        run_id="r",
        landed_at=start,
    )
    shop = {
        "id": "gid://shopify/Shop/1",
        "name": f"Shop {number}",
        "myshopifyDomain": "shop.example",
        "currencyCode": "USD",
        "ianaTimezone": "UTC",
        "taxesIncluded": False,
    }
    landing = LandingRun(open_store(url), header)
    for _ in range(50 if number == 0 else 1):
        body = json.dumps({"data": {"shop": shop}}).encode()
        landing.write(Page(body, 200, start + dt.timedelta(hours=25), "api", {"method": "POST"}))
    landing.finish()
