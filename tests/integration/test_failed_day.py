"""A stream that comes without a required field: the day fails, yesterday's marts stay published."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.day_gate import announce_day, arrived_sources
from include.errors import PublishRefused
from include.ingest import day_window, run_stream
from include.measure import open_measure_run
from include.quality import check_source
from include.sources import discover_sources
from include.sources._base import Connection, FetchContext, Page, Stream
from include.warehouse.connection import connect
from include.warehouse.publish import publish

SHOPIFY = discover_sources()["shopify"]
YESTERDAY, TODAY = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
SHOP = (
    b'{"data":{"shop":{"id":"gid://shopify/Shop/1","name":"Glow","myshopifyDomain":"glow.example",'
)


def shop_page(rest: bytes, day: dt.date) -> Page:
    captured = dt.datetime.combine(day, dt.time(12), dt.UTC) + dt.timedelta(days=1)
    return Page(SHOP + rest, 200, captured, "api", {"method": "POST"})


WHOLE = b'"currencyCode":"USD","ianaTimezone":"America/New_York","taxesIncluded":false}}}'
WITHOUT_CURRENCY = b'"ianaTimezone":"America/New_York","taxesIncluded":false}}}'


def load_shop(warehouse: Any, landing: Path, day: dt.date, rest: bytes) -> None:
    def fetch(ctx: FetchContext) -> Any:
        yield shop_page(rest, day)

    stream: Stream = replace(SHOPIFY.stream("shop"), fetch=fetch)
    run_stream(
        replace(SHOPIFY, streams=(stream,)),
        stream,
        Connection("shopify", host="glow.example"),
        day_window(day, "America/New_York"),
        dsn=warehouse.dsn("loader"),
        landing_url=str(landing),
        hash_key=b"key",
        run_id=f"run-{day}",
    )


def test_a_missing_required_field_fails_the_day_and_the_published_marts_stay(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    loader, transformer = clean_warehouse.dsn("loader"), clean_warehouse.dsn("transformer")
    load_shop(clean_warehouse, tmp_path, YESTERDAY, WHOLE)
    assert announce_day(loader, "shopify", YESTERDAY, ["shopify"], "run")
    run = open_measure_run(transformer, YESTERDAY, ["shopify"], "run")
    assert run is not None
    with connect(transformer) as connection:
        connection.execute("create table marts_next.mart_a as select 'yesterday' as made")
    publish(transformer, run.measure_run_id)

    load_shop(clean_warehouse, tmp_path, TODAY, WITHOUT_CURRENCY)
    with pytest.raises(PublishRefused, match="at most 1 % of the window is in quarantine"):
        check_source(loader, SHOPIFY, TODAY.isoformat(), "run")

    with connect(loader) as connection:
        assert arrived_sources(connection, TODAY) == []
        reasons = connection.execute("select reason from quarantine.rejects").fetchall()
    assert [("currency_code" in reason) for (reason,) in reasons] == [True]
    with connect(clean_warehouse.dsn("bi_reader")) as connection:
        assert connection.execute("select made from marts.mart_a").fetchall() == [("yesterday",)]
