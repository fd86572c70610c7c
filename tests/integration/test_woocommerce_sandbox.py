"""WooCommerce end to end over HTTP: a sandbox in another process, our loader, a real Postgres.

What arrives in raw is compared with the second shop of the market that this process simulates once
more from the same seed; the two share nothing but HTTP. It has as many orders as the first shop
here, so that a window fills more than a page.
"""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from in_process_dbt import run_dbt
from sandbox_process import SandboxProcess, run_sandbox
from woocommerce_shop import HASH_KEY, LAST_DAY, TABLES, ZONE, Shop, night_after

from include.errors import BadCredentials
from include.http.session import ApiSession
from include.ingest import day_window
from include.quality.check import check_source
from include.replay import replay_all, replay_window
from include.sandbox.market_facts import MarketOptions
from include.sandbox.market_second_shop import shop_order_id
from include.sources._base import FetchContext, Window
from include.sources.woocommerce import SOURCE
from include.sources.woocommerce.body import decode_answer
from include.sources.woocommerce.sandbox_orders import refunds_of, status_of
from include.warehouse.connection import connect

MANY = MarketOptions(second_shop_share=1.0)


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    yield from run_sandbox(tmp_path_factory.mktemp("woo"), LAST_DAY, options=MANY)


@pytest.fixture(scope="module")
def old_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A shop whose theme prints notices, older than `/refunds`, its analytics switched off."""
    missing = ["wc/v3/refunds", "wc-analytics/reports/revenue/stats"]
    changes = {"woocommerce": {"has_notices": True, "missing_routes": missing}}
    yield from run_sandbox(tmp_path_factory.mktemp("old_woo"), LAST_DAY, changes, MANY)


@pytest.fixture
def shop(sandbox: SandboxProcess, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(sandbox, clean_warehouse, tmp_path / "landing")


@pytest.fixture
def old_shop(old_sandbox: SandboxProcess, clean_warehouse: Any, tmp_path: Path) -> Shop:
    return Shop(old_sandbox, clean_warehouse, tmp_path / "landing")


NET_BY_DAY = """
select day, sum(amount) from (
    select (o.date_created_gmt at time zone 'America/New_York')::date as day,
        o.total - o.total_tax - o.shipping_total as amount
    from raw.woocommerce__orders o
    where o.status not in ('pending', 'failed', 'cancelled', 'trash')
    union all
    select (r.date_created_gmt at time zone 'America/New_York')::date,
        case when l.total is null then -r.amount else l.total end
    from raw.woocommerce__refunds r
    left join (
        select refund_id, sum(total) filter (where line_type <> 'shipping') as total
        from raw.woocommerce__refund_lines group by refund_id
    ) l using (refund_id)
) entries group by day
"""


def test_orders_and_refunds_tie_to_the_shops_own_report_and_to_the_market(shop: Shop) -> None:
    days = [LAST_DAY - dt.timedelta(days=n) for n in (3, 2, 1, 0)]
    for day in days:
        for stream in ("orders", "refunds", "daily_sales"):
            shop.load(stream, day)
    added_up = dict(shop.query(NET_BY_DAY))
    report = dict(shop.query("select day, net_revenue from raw.woocommerce__daily_sales"))
    now, zone = night_after(LAST_DAY), shop.market.timezone
    ledger: dict[dt.date, Decimal] = dict.fromkeys(days, Decimal(0))
    left_out = 0
    for order in shop.market.orders_at(now):
        # Not paid at the checkout, or cancelled without a refund: no sale on any day.
        is_counted = status_of(order) not in ("failed", "pending", "cancelled")
        left_out += not is_counted
        for row in order.ledger if is_counted else ():
            day = row.happened_at.astimezone(zone).date()
            if day in ledger and row.line_type in ("PRODUCT", "ADJUSTMENT"):
                ledger[day] += row.total_amount - row.tax
    assert left_out > 50
    for day in days:
        assert added_up[day] == report[day] == ledger[day] > Decimal(1000)


def test_every_order_arrives_as_the_market_knows_it(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    result = shop.load("orders")
    expected = {
        str(shop_order_id(o.number)): (
            o.created_at,
            o.total,
            sum((-r.amount for r in refunds_of(o)), Decimal(0)),
            len(o.lines),
            sorted(code.strip().lower() for code in o.codes),
            o.journey.moments[-1].utm["content"] or ""
            if o.journey and o.journey.moments and o.journey.moments[-1].utm
            else None,
            o.customer.customer_id if o.customer else 0,
        )
        for o in shop.orders_of_window(LAST_DAY, at)
    }
    found = shop.query(
        "select number, date_created_gmt, total,"
        " coalesce((select sum(total) from raw.woocommerce__order_refunds r"
        "  where r.order_id = o.order_id), 0),"
        " (select count(*) from raw.woocommerce__order_lines l where l.order_id = o.order_id),"
        " (select coalesce(array_agg(code order by code), '{}')"
        "  from raw.woocommerce__order_coupon_lines c where c.order_id = o.order_id),"
        " case when source_type = 'utm' then coalesce(utm_content, '') end, customer_id "
        "from raw.woocommerce__orders o"
    )
    assert {row[0]: row[1:] for row in found} == expected
    assert (result.rows_read, result.rows_rejected) == (len(expected), 0)
    assert result.drifted_fields == ()
    assert len(expected) > 150  # more than a page


def test_a_window_read_twice_changes_nothing(shop: Shop) -> None:
    for stream in TABLES:
        first = shop.load(stream)
        again = shop.load(stream)
        assert first.rows_merged == first.rows_read > 0, stream
        assert again.rows_merged == 0, stream
        assert again.rows_unchanged == first.rows_read, stream


def test_landing_alone_rebuilds_every_table(old_shop: Shop) -> None:
    """The pages of this shop carry PHP notices: they are landed as they came."""
    streams = [name for name in TABLES if name != "daily_sales"]
    for name in streams:
        old_shop.load(name)
    before = {name: old_shop.rows(name) for name in streams}
    old_shop.empty()
    for name in streams:
        replay_all(
            SOURCE,
            SOURCE.stream(name),
            "woocommerce",
            dsn=old_shop.dsn,
            landing_url=str(old_shop.landing),
        )
    assert {name: old_shop.rows(name) for name in streams} == before
    assert len(before["orders"]["orders"]) > 150
    bodies = [gzip.decompress(p.read_bytes()) for p in old_shop.landing.rglob("page-*.gz")]
    assert all(body.startswith(b"<br />\n<b>Warning</b>") for body in bodies)


def test_notices_and_an_older_version_change_no_row(
    shop: Shop, old_shop: Shop, clean_warehouse: Any
) -> None:
    for name in ("orders", "refunds"):
        shop.load(name)
        # The old shop knows its refunds by order only: with the orders come earlier ones too.
        old = old_shop.sandbox.connection("woocommerce", conn_id="woocommerce__old")
        old_shop.load(name, connection=old)
    assert shop.rows("orders") == shop.rows("orders", "woocommerce__old")
    refunds, of_orders = shop.rows("refunds"), shop.rows("refunds", "woocommerce__old")
    for table, rows in refunds.items():
        assert rows
        assert set(rows) <= set(of_orders[table])


def test_without_analytics_the_report_is_skipped_with_the_reason(old_shop: Shop) -> None:
    result = old_shop.load("daily_sales")
    assert result.status == "skipped"
    assert "analytics are switched off" in str(result.reason)


def test_orders_that_change_while_they_are_read_are_all_read(shop: Shop) -> None:
    """The clock moves on a day with every request: old orders enter the list, others leave it."""
    at = day_window(LAST_DAY, ZONE).end
    shop.sandbox.hold(at)
    window = day_window(LAST_DAY, ZONE)
    wide = Window(window.start - dt.timedelta(days=4), window.end, window.key)
    connection = shop.sandbox.connection("woocommerce")
    stream = SOURCE.stream("orders")
    read: list[str] = []
    with ApiSession(
        connection, hash_key=HASH_KEY, personal_keys=stream.personal_keys, decode=stream.decode
    ) as session:
        for n, page in enumerate(stream.fetch(FetchContext(connection, session, wide)), start=1):
            read += [str(order["number"]) for order in stream.parse(page.document, page)]
            shop.sandbox.hold(at + dt.timedelta(days=n))
    expected = {
        str(shop_order_id(o.number))
        for o in shop.market.orders_at(at)
        if o.created_at < window.end and o.updated_at >= wide.start
    }
    assert len(expected) > 300
    assert expected <= set(read)
    assert len(read) == len(set(read))


def test_the_night_of_the_clock_change_keeps_its_order(shop: Shop) -> None:
    """On 1 November 2026 New York has 01:00 to 02:00 twice; GMT tells the two apart."""
    day = dt.date(2026, 11, 1)
    assert day_window(day, ZONE).end - day_window(day, ZONE).start == dt.timedelta(hours=25)
    shop.load("orders", day)
    found = dict(shop.query("select number, date_created_gmt from raw.woocommerce__orders"))
    orders = shop.orders_of_window(day, night_after(day))
    market = {str(shop_order_id(o.number)): o.created_at for o in orders}
    assert found == market
    apart = shop.query(
        "select distinct (date_created::timestamp - (date_created_gmt at time zone 'UTC'))::text "
        "from raw.woocommerce__orders where order_id in (select order_id from "
        "raw.woocommerce__orders where date_created >= '2026-10-31')"
    )
    assert {row[0] for row in apart} == {"-04:00:00", "-05:00:00"}


def test_nothing_personal_is_stored_but_hashes_that_match(shop: Shop) -> None:
    for stream in ("orders", "refunds", "customers", "coupons"):
        shop.load(stream)
    matched = shop.query(
        "select count(*), count(distinct c.email) from raw.woocommerce__orders o"
        " join raw.woocommerce__customers c using (customer_id) where o.billing_email = c.email"
    )
    customers = shop.query("select count(*) from raw.woocommerce__customers")[0][0]
    assert matched[0][1] == customers > 50
    secrets = shop.sandbox.state["credentials"]["woocommerce"]
    files = [gzip.decompress(path.read_bytes()) for path in shop.landing.rglob("*.gz")]
    words = ["mail.example", "Miller", "Elm Street", "518 555", "203.0.113", "iPhone"]
    words += [secrets["consumer_key"], secrets["consumer_secret"]]
    for word in words:
        assert not any(word.encode() in content for content in files), word


def test_coupons_and_the_site_are_captured_at_the_shops_own_time(shop: Shop) -> None:
    at = night_after(LAST_DAY)
    shop.load("coupons")
    shop.load("site")
    uses = dict(shop.query("select code, usage_count from raw.woocommerce__coupons"))
    orders = shop.market.orders_at(at)
    for code in ("welcome10", "naomi15"):
        assert uses[code] == sum(c.strip().lower() == code for order in orders for c in order.codes)
    assert shop.query(
        "select url, timezone_string, gmt_offset, currency_code, captured_at, captured_at_source"
        " from raw.woocommerce__site"
    ) == [(shop.market.shop.site, ZONE, Decimal("-5"), "USD", at, "api")]


def test_a_wrong_secret_fails_at_once_and_names_the_connection(shop: Shop) -> None:
    wrong = shop.sandbox.connection("woocommerce", conn_id="woocommerce__eu", password="cs_wrong")
    with pytest.raises(BadCredentials, match=r"'woocommerce__eu'.*Consumer secret is invalid"):
        shop.load("orders", connection=wrong)


def test_one_day_can_be_replayed_without_the_shop(shop: Shop) -> None:
    shop.load("orders")
    before = shop.rows("orders")
    shop.empty()
    replay_window(
        SOURCE,
        SOURCE.stream("orders"),
        "woocommerce",
        f"{LAST_DAY}",
        dsn=shop.dsn,
        landing_url=str(shop.landing),
    )
    assert shop.rows("orders") == before
    assert decode_answer(b"[]") == []


def test_the_checks_pass_on_a_good_day_and_notice_a_clock_that_is_wrong(shop: Shop) -> None:
    for stream in TABLES:
        shop.load(stream)
    check = check_source(shop.dsn, SOURCE, f"{LAST_DAY}", "run-1")
    failed = "select expectation from quality.expectation_results where not success"
    assert (check.critical, shop.query(failed)) == ((), [])
    with connect(shop.admin_dsn) as conn:
        conn.execute(
            "update raw.woocommerce__orders"
            " set date_created_gmt = date_created_gmt - interval '7 s'"
            " where order_id = (select max(order_id) from raw.woocommerce__orders)"
        )
    check_source(shop.dsn, SOURCE, f"{LAST_DAY}", "run-2")
    assert shop.query(failed) == [("orders: the shop's own time is a zone's offset from GMT",)]


def test_staging_names_things_as_the_other_shop_does(
    shop: Shop, clean_warehouse: Any, tmp_path: Path
) -> None:
    for stream in TABLES:
        shop.load(stream)
    run_dbt(clean_warehouse, ["build", "--select", "staging.woocommerce"], tmp_path / "dbt")
    # An order's own refunds and those of the stream are the same money.
    assert shop.query(
        "select count(*) > 5, count(*) filter (where r.refunded_amount <> named.refunded_amount)"
        " from staging.stg_woocommerce__refunds r"
        " join staging.stg_woocommerce__order_refunds named using (connection_id, refund_id)"
    ) == [(True, 0)]
    assert shop.query(
        "select count(*) from staging.stg_woocommerce__orders o left join"
        " staging.stg_woocommerce__customers c using (connection_id, customer_id)"
        " where o.customer_id is not null and c.customer_email_hash <> o.customer_email_hash"
    ) == [(0,)]
    days = dict(
        shop.query("select report_date, net_sales_amount from staging.stg_woocommerce__daily_sales")
    )
    sold = dict(
        shop.query(
            "select shop_date, sum(net_amount) from staging.stg_woocommerce__orders"
            " where order_status not in ('pending', 'failed', 'cancelled', 'trash')"
            f" and shop_date = '{LAST_DAY}' group by 1"
        )
    )
    back = shop.query(
        "select sum(coalesce(l.amount, r.refunded_amount)) from staging.stg_woocommerce__refunds r"
        " left join (select refund_id, sum(subtotal_amount) filter (where line_type <> 'shipping')"
        "  as amount from staging.stg_woocommerce__refund_lines group by 1) l using (refund_id)"
        f" where r.shop_date = '{LAST_DAY}'"
    )[0][0]
    assert sold[LAST_DAY] - back == days[LAST_DAY]
    codes = shop.query(
        "select distinct code_key from staging.stg_woocommerce__order_coupon_lines order by 1"
    )
    assert ("WELCOME10",) in codes
    assert shop.query("select timezone from staging.stg_woocommerce__site") == [(ZONE,)]
