"""Faults one by one: those that change the truth, or hide a part of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Callable

import pytest

from include.errors import MissingScope, PublishRefused
from include.ingest import day_window
from include.quality import check_source
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    Bench,
    Ingest,
    Rows,
    assert_same_rows,
)
from tests.integration.single_fault import DAYS, key_values, load

pytest_plugins = ("tests.integration.fault_fixtures",)


def run_days(ingest: Ingest, stream: str, days: list[dt.date]) -> Rows:
    for day in days:
        load(ingest, stream, day, minutes=1)
    return ingest.rows("captured_at")


def test_late_rows_of_ga4_come_with_the_look_back(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("ga4")
    load(ingest, "sessions", DAYS[0])
    whole = ingest.rows()
    ingest.empty()
    with bench.faults(late_ga4_rows=0.5, seed=4):
        first = run_days(ingest, "sessions", DAYS[:1])
        last = run_days(ingest, "sessions", DAYS[1:])
    day = (DAYS[0].isoformat(),)
    count = {"whole": whole, "first": first, "last": last}
    shown = {
        label: sum(f'"date": "{day[0]}"' in row for row in rows["ga4__sessions"])
        for label, rows in count.items()
    }
    assert 0 < shown["first"] < shown["whole"] <= shown["last"]


def test_a_journey_that_is_late_is_read_when_it_is_ready(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("shopify")
    waiting = (
        "select count(*) filter (where journey_ready), count(*) from raw.shopify__orders"
        " where journey_ready is not null and created_at >= %s and created_at < %s"
    )
    day = day_window(DAYS[0], NEW_YORK)
    with bench.faults(journey_not_ready=1):
        load(ingest, "orders", DAYS[0])
        [(ready, count)] = ingest.query(waiting, day.start, day.end)
        assert (ready, count > 50) == (0, True)
        load(ingest, "orders", DAYS[1])
        load(ingest, "orders", DAYS[2])
        assert ingest.query(waiting, day.start, day.end) == [(count, count)]


def test_a_refund_after_20_days_reaches_its_order_alone(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("shopify")
    sold = DAYS[0] - dt.timedelta(days=20)
    load(ingest, "orders", sold)
    orders = "select order_id from raw.shopify__orders where total_refunded = 0"
    paid = {order_id for (order_id,) in ingest.query(orders)}
    with bench.faults(refund_after_20_days=0.3, seed=5):
        load(ingest, "orders", DAYS[0])
        load(ingest, "daily_sales", DAYS[0])
    late = "select r.order_id, r.created_at - o.created_at from raw.shopify__order_refunds r"
    late += " join raw.shopify__orders o using (order_id) where r.refund_id like '%%99%%'"
    found = {i: delay for i, delay in ingest.query(late) if delay == dt.timedelta(days=20)}
    assert found.keys() & paid
    # The shop's report has the same money: goods and amounts given back that day, without tax.
    day = day_window(DAYS[0], NEW_YORK)
    [(given_back,)] = ingest.query(
        "select sum(total_amount - total_tax) from raw.shopify__order_sales"
        " where action_type = 'RETURN' and line_type in ('PRODUCT', 'ADJUSTMENT')"
        " and happened_at >= %s and happened_at < %s",
        day.start,
        day.end,
    )
    returns = "select returns from raw.shopify__daily_sales where day = %s"
    assert ingest.query(returns, DAYS[0]) == [(given_back,)]


def test_deleted_orders_are_in_no_list_and_no_report(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("shopify")
    load(ingest, "order_days", DAYS[0])
    before = key_values(ingest.rows(), "shopify__order_ids", "order_id")
    load(ingest, "daily_sales", DAYS[0])
    sales = "select sum(orders) from raw.shopify__daily_sales"
    [(sold,)] = ingest.query(sales)
    ingest.empty()
    with bench.faults(deleted_order=0.3, seed=5):
        load(ingest, "order_days", DAYS[0], minutes=1)
        load(ingest, "daily_sales", DAYS[0], minutes=1)
        load(ingest, "orders", DAYS[0], minutes=1)
    after = key_values(ingest.rows(), "shopify__order_ids", "order_id")
    assert after < before
    assert ingest.query(sales)[0][0] < sold
    [(hidden,)] = ingest.query(
        "select count(*) from raw.shopify__orders o where created_at::date = %s and not exists"
        " (select from raw.shopify__order_ids i where i.order_id = o.order_id)",
        DAYS[0] - dt.timedelta(days=1),
    )
    assert hidden == 0


def test_a_merged_customers_orders_are_another_ones(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("shopify")
    load(ingest, "order_days", DAYS[0])
    count = "select count(distinct customer_id), count(*) from raw.shopify__order_ids"
    [(customers, orders)] = ingest.query(count)
    ingest.empty()
    with bench.faults(merged_customer=0.3, seed=5):
        load(ingest, "order_days", DAYS[0], minutes=1)
    [(fewer, same)] = ingest.query(count)
    assert (fewer < customers, same) == (True, orders)


def test_a_counter_that_falls_is_kept_as_it_came(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("instagram")
    load(ingest, "media", DAYS[0])
    likes = "select media_id, like_count from raw.instagram__media where window_start = %s"
    first = dict(ingest.query(likes, day_window(DAYS[0], NEW_YORK).start))
    with bench.faults(counter_falls=1):
        load(ingest, "media", DAYS[1])
    second = dict(ingest.query(likes, day_window(DAYS[1], NEW_YORK).start))
    old = [i for i, count in first.items() if count and count > 100 and second.get(i)]
    assert old
    assert all(second[media_id] < first[media_id] for media_id in old[-5:])


def test_an_empty_list_for_a_missing_permission_says_so_and_wipes_nothing(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("instagram")
    load(ingest, "media_insights", DAYS[0])
    known = "select count(reach), count(*) from raw.instagram__media_insights"
    before = ingest.query(known)
    with bench.faults(empty_for_missing_permission=1):
        load(ingest, "media_insights", DAYS[0])
        assert ingest.query(known) == before
        load(ingest, "media_insights", DAYS[1])
    reasons = ingest.query(
        "select distinct unavailable_reason from raw.instagram__media_insights where reach is null"
    )
    assert ("no_data",) in reasons


def test_an_account_whose_posts_are_gone_all_at_once_is_told_of(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    """The API said 200 and gave an empty list, as it does when a permission was withdrawn."""
    ingest = ingest_of("tiktok")
    for day, missing in zip(DAYS[:3], (0, 1, 0), strict=True):
        load(ingest, "accounts", day)
        with bench.faults(empty_for_missing_permission=missing):
            load(ingest, "videos", day)
        # Other streams of the day were not loaded.
        with contextlib.suppress(PublishRefused):
            check_source(ingest.dsn, ingest.source, f"{day}", "listings")
    told = ingest.query(
        "select success, unexpected_count from quality.expectation_results"
        " where expectation = 'accounts that listed posts yesterday still list some'"
        " and run_id = 'listings' order by partition_key"
    )
    [(accounts,)] = ingest.query(
        "select count(distinct business_id) from raw.tiktok__videos where window_start = %s",
        day_window(DAYS[0], NEW_YORK).start,
    )
    assert [success for success, _ in told] == [True, False, True]
    assert told[1] == (False, accounts)


def test_an_empty_report_is_replaced_by_the_next_one(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    """GA4 does not tell an empty property from one it hides: the day is empty until it is not."""
    ingest = ingest_of("ga4")
    load(ingest, "sessions", DAYS[0])
    before = ingest.rows()
    with bench.faults(empty_for_missing_permission=1):
        load(ingest, "sessions", DAYS[0])
    assert ingest.query("select count(*) from raw.ga4__sessions") == [(0,)]
    load(ingest, "sessions", DAYS[0])
    assert_same_rows(ingest.rows(), before)


@pytest.mark.parametrize("stream", ["transactions", "session_totals"])
def test_zeros_for_hidden_revenue_are_no_revenue(
    ingest_of: Callable[[str], Ingest], bench: Bench, stream: str
) -> None:
    ingest = ingest_of("ga4")
    load(ingest, stream, DAYS[0])
    before = ingest.rows()
    with bench.faults(restricted_metric=1), pytest.raises(MissingScope, match="purchaseRevenue"):
        load(ingest, stream, DAYS[0])
    assert_same_rows(ingest.rows(), before)


def test_a_metric_that_one_post_lacks_costs_that_metric_alone(
    ingest_of: Callable[[str], Ingest], bench: Bench
) -> None:
    ingest = ingest_of("instagram")
    load(ingest, "media_insights", DAYS[0])
    before = {json.loads(r)["media_id"]: json.loads(r) for r in insights(ingest)}
    ingest.empty()
    with bench.faults(refused_metric=0.5, seed=2):
        load(ingest, "media_insights", DAYS[0])
    refused = 0
    for row in map(json.loads, insights(ingest)):
        lost = set((row["refused_metrics"] or "").split(",")) - {""}
        refused += bool(lost)
        for name in ("reach", "views", "shares", "likes"):
            expected = None if name in lost else before[row["media_id"]][name]
            assert row[name] == expected
    assert refused > 3


def insights(ingest: Ingest) -> list[str]:
    return ingest.rows()["instagram__media_insights"]
