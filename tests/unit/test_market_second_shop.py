"""The market's second shop: its own orders, which change nothing of the first one."""

from __future__ import annotations

import datetime as dt
import functools
from collections import defaultdict
from decimal import Decimal

from include.campaigns.plan import load_plan
from include.sandbox.market_facts import MarketOptions, MarketOrder
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT
from include.sources.woocommerce.sandbox_orders import build_order, refunds_of, status_of
from include.sources.woocommerce.sandbox_report import answer_report

PLAN = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
END = PLAN.campaign.end_date
NOW = dt.datetime(2026, 11, 15, 8, tzinfo=dt.UTC)  # 03:00 in New York


@functools.cache
def market_of(share: float = 0.06) -> Market:
    return build_market(PLAN, 7, options=MarketOptions(second_shop_share=share))


def net_by_day(orders: list[MarketOrder]) -> dict[dt.date, Decimal]:
    """Add the sales ledger up as the shop's report is meant to: by status, then by day."""
    sums: dict[dt.date, Decimal] = defaultdict(Decimal)
    for order in orders:
        if status_of(order) in ("failed", "pending", "cancelled"):
            continue
        for row in order.ledger:
            if row.line_type in ("PRODUCT", "ADJUSTMENT"):
                day = row.happened_at.astimezone(market_of().timezone).date()
                sums[day] += row.total_amount - row.tax
    return sums


def test_the_first_shop_is_the_same_whatever_the_second_one_sells() -> None:
    small, large = market_of(), market_of(1.0)
    assert small.orders_at(NOW) == large.orders_at(NOW)
    assert small.daily_sales_at(NOW) == large.daily_sales_at(NOW)
    assert small.ga4_transactions_at(NOW) == large.ga4_transactions_at(NOW)
    assert len(large.second_shop.orders_at(NOW)) > 10 * len(small.second_shop.orders_at(NOW))


def test_it_adds_a_small_demand_with_numbers_of_its_own() -> None:
    first, second = market_of().orders_at(NOW), market_of().second_shop.orders_at(NOW)
    assert 0.05 <= len(second) / len(first) <= 0.08
    assert {o.order_id for o in first}.isdisjoint(o.order_id for o in second)
    customers = [{o.customer.customer_id for o in s if o.customer} for s in (first, second)]
    assert customers[0].isdisjoint(customers[1])
    assert not any(line.is_gift_card for order in second for line in order.lines)


def test_its_report_is_its_ledger_by_day_without_what_does_not_count() -> None:
    shop = market_of(1.0).second_shop
    first = END - dt.timedelta(days=59)
    days = {"after": f"{first}", "before": f"{END}", "per_page": "60", "interval": "day"}
    report = answer_report(shop, days, NOW).body["intervals"]
    ledger = net_by_day(shop.orders_at(NOW))
    found = {i["interval"]: Decimal(str(i["subtotals"]["net_revenue"])) for i in report}
    assert len(found) == 60
    for day, amount in found.items():
        assert amount.quantize(Decimal("0.01")) == ledger[dt.date.fromisoformat(day)]
    statuses = {status_of(order) for order in shop.orders_at(NOW)}
    assert {"pending", "on-hold", "failed", "cancelled", "refunded"} <= statuses


def test_a_cancellation_by_status_alone_shows_no_refund() -> None:
    orders = market_of(1.0).second_shop.orders_at(NOW)
    cancelled = [o for o in orders if o.cancelled_at]
    by_status = {status_of(o): refunds_of(o) for o in cancelled}
    assert set(by_status) == {"cancelled", "refunded"}
    assert by_status["cancelled"] == ()
    assert len(by_status["refunded"]) == 1


def test_the_script_notes_the_last_visit_in_utc() -> None:
    shop = market_of().second_shop
    order = next(o for o in shop.orders_at(NOW) if o.journey and len(o.journey.moments) > 1)
    assert order.journey is not None
    meta = {m["key"]: m["value"] for m in build_order(order, shop.timezone, shop.shop)["meta_data"]}
    last = order.journey.moments[-1].occurred_at
    assert meta["_wc_order_attribution_session_start_time"] == f"{last:%Y-%m-%d %H:%M:%S}"


def test_the_truth_knows_its_orders_where_the_campaign_sells_in_it() -> None:
    truth = market_of(1.0).truth(END)
    second = [o for o in truth["orders"] if o["connection_id"] == "woocommerce"]
    midnight = dt.datetime.combine(
        END + dt.timedelta(days=1), dt.time(), market_of().timezone
    ).astimezone(dt.UTC) - dt.timedelta(seconds=1)
    orders = market_of(1.0).second_shop.orders_at(midnight)
    assert sum(Decimal(o["net_revenue_amount"]) for o in second) == sum(net_by_day(orders).values())
    assert {o["order_class"] for o in second} == {"kept", "cancelled", "unpaid"}
    kept = [o for o in truth["orders"] if o["is_kept"] and o["cause_creator_id"] == "maya_okafor"]
    assert {o["connection_id"] for o in kept} == {"shopify", "woocommerce"}
    maya = next(c for c in truth["creators"] if c["creator_id"] == "maya_okafor")
    assert maya["order_count"] == len(kept)

    alone = build_market(PLAN.model_copy(update={"further_shops": ()}), 7, 40)
    known = {o["connection_id"] for o in alone.truth(alone.end_date)["orders"]}
    assert known == {"shopify"}
