"""Shopify end to end over HTTP: a sandbox in another process, our loader, a real Postgres.

What arrives in raw is compared with the market that this process simulates a second time from the
same seed; the two share nothing but HTTP.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from shopify_sandbox import HASH_KEY, LAST_DAY, ZONE, Sandbox, Shop, night_after, run_sandbox

from include.errors import BadCredentials, MissingScope
from include.http.session import ApiSession
from include.ingest import day_window
from include.replay import replay_window
from include.sources._base import FetchContext, Window
from include.sources.shopify import SOURCE, queries


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with run_sandbox(tmp_path_factory.mktemp("sandbox"), {}) as served:
        yield served


@pytest.fixture(scope="module")
def poor_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A shop whose bucket holds one page and whose app may not read reports."""
    folder = tmp_path_factory.mktemp("poor_sandbox")
    changes = {"bucket": 710.0, "scopes": ["read_orders", "read_all_orders"]}
    with run_sandbox(folder, changes) as served:
        yield served


@pytest.fixture
def shop(sandbox: Sandbox, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(
        sandbox, clean_warehouse.dsn("loader"), clean_warehouse.admin_dsn, tmp_path / "landing"
    )


DAYS = [LAST_DAY - dt.timedelta(days=n) for n in (3, 2, 1, 0)]

NET_SALES_BY_DAY = """
select (s.happened_at at time zone 'America/New_York')::date, sum(s.total_amount - s.total_tax)
from raw.shopify__order_sales s
join raw.shopify__orders o using (connection_id, order_id)
where not o.test and s.line_type in ('PRODUCT', 'ADJUSTMENT')
group by 1
"""


def test_the_ledger_of_the_orders_is_the_shops_own_report_to_the_cent(shop: Shop) -> None:
    for day in DAYS:
        shop.load("orders", day, night_after(day))
        shop.load("daily_sales", day, night_after(day))
    ledger = dict(shop.query(NET_SALES_BY_DAY))
    report = dict(shop.query("select day, net_sales from raw.shopify__daily_sales"))
    truth = {
        row.day: row.net_sales for row in shop.sandbox.market.daily_sales_at(night_after(LAST_DAY))
    }
    for day in DAYS:
        assert ledger[day] == report[day] == truth[day] > Decimal(1000)


def test_the_first_window_of_the_report_reaches_twelve_weeks_back(shop: Shop) -> None:
    """What a campaign added is judged against them; the market began less than 85 days before."""
    first, second = DAYS[-2:]
    read = [
        shop.load("daily_sales", day, night_after(day)).rows_read for day in (first, second, first)
    ]
    known = (first - shop.sandbox.market.start_date).days + 1
    # A second reading of the first window is as wide: no window before it was loaded.
    assert read == [min(known, 85), 5, min(known, 85)]
    ((oldest,),) = shop.query("select min(day) from raw.shopify__daily_sales")
    assert oldest == max(shop.sandbox.market.start_date, first - dt.timedelta(days=84))


def test_every_order_arrives_as_the_market_knows_it(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    result = shop.load("orders", LAST_DAY, at)
    window = day_window(LAST_DAY, ZONE)
    expected = {
        str(o.order_id): (
            o.name,
            o.total,
            sum((r.amount for r in o.refunds), Decimal(0)),
            len(o.lines),
            len(o.codes),
            len(o.ledger),
            len(o.journey.moments) if o.journey and o.journey.ready_at <= at else 0,
            bool(o.journey and o.journey.ready_at <= at),
        )
        for o in shop.sandbox.market.orders_at(at)
        if o.created_at < window.end and o.updated_at >= window.start - dt.timedelta(hours=48)
    }
    counts = ", ".join(
        f"(select count(*) from raw.shopify__{child} c where c.order_id = o.order_id)"
        for child in ("order_lines", "order_discount_codes", "order_sales", "order_moments")
    )
    found = shop.query(
        f"select order_id, name, total_price, total_refunded, {counts}, "
        "coalesce(journey_ready, false) from raw.shopify__orders o"
    )
    arrived = {row[0]: row[1:] for row in found}
    assert arrived == expected
    assert (result.rows_read, result.rows_rejected) == (len(expected), 0)
    assert len(expected) > 100
    assert result.drifted_fields == ()


def test_a_window_read_twice_changes_nothing(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    first = shop.load("orders", LAST_DAY, at)
    again = shop.load("orders", LAST_DAY, at)
    assert (again.rows_merged, again.rows_unchanged) == (0, first.rows_read)
    report = shop.load("daily_sales", LAST_DAY, at)
    again = shop.load("daily_sales", LAST_DAY, at)
    # A connection's first day reads twelve weeks of the report with it.
    assert (report.rows_read, report.rows_merged, again.rows_merged) == (85, 85, 0)


def test_a_journey_that_became_ready_is_read_though_the_order_did_not_change(shop: Shop) -> None:
    early = day_window(LAST_DAY, ZONE).end
    late = early + dt.timedelta(hours=30)
    order_id = next(
        str(o.order_id)
        for o in shop.sandbox.market.orders_at(early)
        if o.journey is not None
        and early < o.journey.ready_at <= late
        and o.updated_at == shop.sandbox.order(str(o.order_id), late).updated_at
    )
    state = (
        "select updated_at, journey_ready, journey_moments_count, (select count(*) "
        "from raw.shopify__order_moments m where m.order_id = o.order_id) "
        "from raw.shopify__orders o where order_id = %s"
    )
    shop.load("orders", LAST_DAY, early)
    updated_at, *before = shop.one(state, order_id)
    shop.load("orders", LAST_DAY, late)
    same_update, *after = shop.one(state, order_id)
    moments = len(shop.sandbox.order(order_id, late).journey.moments)  # type: ignore[union-attr]
    assert updated_at == same_update
    assert before == [False, None, 0]
    assert after == [True, moments, moments]


def test_a_late_refund_changes_only_its_order(shop: Shop) -> None:
    market = shop.sandbox.market
    end = day_window(LAST_DAY, ZONE).end
    refund_at, order_id = min(
        (refund.created_at, str(o.order_id))
        for o in market.orders_at(end + dt.timedelta(days=3))
        for refund in o.refunds
        if refund.created_at > end + dt.timedelta(hours=1)
        and o.created_at < end - dt.timedelta(days=10)
    )
    just_before = refund_at - dt.timedelta(seconds=1)
    shop.load("orders", LAST_DAY, just_before)
    assert shop.query("select 1 from raw.shopify__orders where order_id = %s", order_id) == []
    # An earlier day's run had loaded the order as it was before the refund.
    sale_day = shop.sandbox.order(order_id, end).created_at.date()
    shop.load("orders", sale_day, just_before)
    ledger = "select sum(total_amount) from raw.shopify__order_sales where order_id = %s"
    before, paid = shop.rows_by_order(), shop.one(ledger, order_id)[0]
    result = shop.load("orders", LAST_DAY, refund_at + dt.timedelta(seconds=1))
    after = shop.rows_by_order()
    assert {key for key in after if after[key] != before.get(key)} == {order_id}
    assert result.rows_merged == 1
    refunded = shop.sandbox.order(order_id, refund_at)
    given_back = sum((r.amount for r in refunded.refunds), Decimal(0))
    assert shop.one(ledger, order_id)[0] == paid - given_back
    assert given_back > 0


def test_orders_too_long_for_their_page_arrive_whole(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = night_after(LAST_DAY)
    whole = shop.load("orders", LAST_DAY, at)
    monkeypatch.setattr(queries, "PAGE_SIZES", dict.fromkeys(queries.PAGE_SIZES, 1))
    narrow = shop.sandbox.shop_connection(conn_id="shopify__narrow")
    alone = shop.load("orders", LAST_DAY, at, narrow)
    assert alone.pages_read > whole.pages_read + 50  # many were asked for on their own
    assert alone.rows_read == whole.rows_read
    assert shop.rows_by_order("shopify__narrow") == shop.rows_by_order()
    # Landing alone gives the same rows again: every page is verbatim and tells what it lacks.
    shop.empty_orders()
    stream, key = SOURCE.stream("orders"), LAST_DAY.isoformat()
    for conn_id in ("shopify", "shopify__narrow"):
        replay_window(SOURCE, stream, conn_id, key, dsn=shop.dsn, landing_url=str(shop.landing))
    assert len(shop.rows_by_order()) == whole.rows_read
    assert shop.rows_by_order("shopify__narrow") == shop.rows_by_order()


def test_the_shop_is_captured_at_the_apis_own_time(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    assert shop.load("shop", LAST_DAY, at).rows_merged == 1
    facts = shop.sandbox.market.shop
    assert shop.one(
        "select shop_id, name, currency_code, iana_timezone, captured_at, captured_at_source "
        "from raw.shopify__shop"
    ) == (f"gid://shopify/Shop/{facts.shop_id}", facts.name, "USD", ZONE, at, "api")


def test_a_wrong_token_fails_at_once_and_names_the_connection(shop: Shop) -> None:
    wrong = shop.sandbox.shop_connection(conn_id="shopify__eu", password="shpat_wrong_wrong")
    began = time.monotonic()
    with pytest.raises(BadCredentials, match="'shopify__eu'"):
        shop.load("orders", LAST_DAY, night_after(LAST_DAY), wrong)
    assert time.monotonic() - began < 1.0  # the first retry would wait longer
    assert shop.query("select 1 from raw.shopify__orders") == []


def test_an_apps_client_credentials_work_as_well(shop: Shop) -> None:
    known = shop.sandbox.credentials
    pair = {name: known[name] for name in ("client_id", "client_secret")}
    app = shop.sandbox.shop_connection(password=None, extra=pair)
    assert shop.load("shop", LAST_DAY, night_after(LAST_DAY), app).rows_merged == 1
    wrong = shop.sandbox.shop_connection(
        password=None, extra={**pair, "client_secret": "no-secret"}
    )
    with pytest.raises(BadCredentials, match="client_secret"):
        shop.load("shop", LAST_DAY, night_after(LAST_DAY), wrong)


def test_without_its_scope_the_sales_report_is_skipped_with_the_reason(
    poor_sandbox: Sandbox, shop: Shop
) -> None:
    poor = Shop(poor_sandbox, shop.dsn, shop.admin_dsn, shop.landing)
    result = poor.load("daily_sales", LAST_DAY, night_after(LAST_DAY))
    assert result.status == "skipped"
    assert "read_reports" in str(result.reason)
    with pytest.raises(MissingScope, match="read_reports"):
        list(SOURCE.stream("daily_sales").fetch(context(poor_sandbox, "daily_sales")))


def context(sandbox: Sandbox, stream: str) -> FetchContext:
    connection = sandbox.shop_connection()
    keys = SOURCE.stream(stream).personal_keys
    session = ApiSession(connection, hash_key=HASH_KEY, personal_keys=keys)
    window = day_window(LAST_DAY, ZONE)
    wide = Window(start=window.start - dt.timedelta(days=5), end=window.end, key=window.key)
    return FetchContext(connection=connection, session=session, window=wide)


def test_jobs_that_share_a_bucket_wait_and_read_everything(
    poor_sandbox: Sandbox, caplog: pytest.LogCaptureFixture
) -> None:
    poor_sandbox.hold(night_after(LAST_DAY))
    read: list[set[str]] = [set(), set()]

    def job(found: set[str]) -> None:
        stream = SOURCE.stream("orders")
        for page in stream.fetch(context(poor_sandbox, "orders")):
            found.update(str(order["id"]) for order in stream.parse(page.document, page))

    jobs = [threading.Thread(target=job, args=(found,)) for found in read]
    with caplog.at_level(logging.WARNING):
        for thread in jobs:
            thread.start()
        for thread in jobs:
            thread.join(timeout=60)
    window = context(poor_sandbox, "orders").window
    expected = {
        f"gid://shopify/Order/{o.order_id}"
        for o in poor_sandbox.market.orders_at(night_after(LAST_DAY))
        if o.created_at < window.end and o.updated_at >= window.start
    }
    assert read == [expected, expected]
    assert "the bucket of query points is empty" in caplog.text
