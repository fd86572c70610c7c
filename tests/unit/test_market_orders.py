"""The market's shop: exact money, two sets of books, hidden causes, determinism."""

from __future__ import annotations

import datetime as dt
import functools
from collections import Counter, defaultdict
from decimal import Decimal

import pytest
from scipy import stats

from include.campaigns.plan import load_plan, parse_plan
from include.campaigns.shift import shift_text
from include.sandbox.market_facts import DailySalesRow, LedgerRow, MarketOrder
from include.sandbox.world import Market, MarketOptions, build_market
from include.settings import REPO_ROOT

PLAN = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
NET_LINES = ("PRODUCT", "ADJUSTMENT")
CAUSED = ("link", "code", "link_and_code", "foreign_code", "seen")


@functools.cache
def market_of(seed: int = 7, share: float = 0.2, days: int | None = None) -> Market:
    return build_market(PLAN, seed, days, MarketOptions(preexisting_share=share))


def end_of(market: Market, days_after: int = 0) -> dt.datetime:
    """03:00 local time of the day after the campaign, when its last day is read."""
    day = market.plan.campaign.end_date + dt.timedelta(days=1 + days_after)
    return dt.datetime.combine(day, dt.time(3), market.timezone).astimezone(dt.UTC)


def net(row: LedgerRow) -> Decimal:
    return row.total_amount - row.tax if row.line_type in NET_LINES else Decimal(0)


def net_by_day(orders: list[MarketOrder], market: Market) -> dict[dt.date, Decimal]:
    sums: dict[dt.date, Decimal] = defaultdict(Decimal)
    for order in orders:
        for row in order.ledger:
            if not order.test:
                sums[row.happened_at.astimezone(market.timezone).date()] += net(row)
    return sums


@pytest.mark.parametrize("days_after", [-50, -20, 0, 25])
def test_ledger_and_sales_report_agree_to_the_cent_on_every_day(days_after: int) -> None:
    market = market_of()
    now = end_of(market, days_after)
    ledger = net_by_day(market.orders_at(now), market)
    report = market.daily_sales_at(now)
    assert {row.day: row.net_sales for row in report} == {
        row.day: ledger.get(row.day, Decimal(0)) for row in report
    }
    assert sum(ledger.values()) == sum(row.net_sales for row in report)
    assert report[0].day == market.start_date
    assert report[-1].day == now.astimezone(market.timezone).date()


def test_the_report_counts_orders_gross_and_discounts_apart() -> None:
    market = market_of()
    now = end_of(market)
    expected: dict[dt.date, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for order in market.orders_at(now):
        goods = [line for line in order.lines if not line.is_gift_card]
        day = order.created_at.astimezone(market.timezone).date()
        if not order.test:
            sums = expected[day]
            expected[day] = [
                sums[0] + 1,
                sums[1] + sum(line.unit_price * line.quantity for line in goods),
                sums[2] - sum(line.discount for line in goods),
            ]
    found = {
        row.day: [row.orders, row.gross_sales, row.discounts] for row in market.daily_sales_at(now)
    }
    assert found == {day: expected[day] for day in found}


def test_an_order_adds_up() -> None:
    market = market_of()
    for order in market.orders_at(end_of(market, 25)):
        for line in order.lines:
            assert line.total == line.unit_price * line.quantity - line.discount
            assert 0 <= line.current_quantity <= line.quantity
        assert order.tax == sum(line.tax for line in order.lines) + order.shipping_tax
        goods = sum(line.total for line in order.lines)
        assert order.total == goods + order.shipping + order.tax
        sold = [row for row in order.ledger if row.action_type == "ORDER"]
        assert sum(row.total_amount for row in sold) == order.total
        assert sum(row.tax for row in sold) == order.tax
        back = [row for row in order.ledger if row.action_type == "RETURN"]
        assert sum(row.total_amount for row in back) == -sum(r.amount for r in order.refunds)
        assert sum(net(row) for row in order.ledger) >= 0
        for amount in (order.total, order.tax, *(row.total_amount for row in order.ledger)):
            assert amount.as_tuple().exponent == -2


def test_a_full_return_and_a_cancellation_bring_net_sales_to_zero() -> None:
    market = market_of()
    cancelled = [o for o in market.orders_at(end_of(market, 5)) if o.cancelled_at]
    assert len(cancelled) > 50
    for order in cancelled:
        goods = [net(row) for row in order.ledger]
        assert sum(goods) == 0
        assert order.financial_status == "REFUNDED"
        assert order.cancelled_at is not None
        assert order.updated_at >= order.cancelled_at > order.created_at


def test_money_spent_is_known_by_instant_not_before() -> None:
    market = market_of()
    late = market.orders_at(end_of(market, 30))
    refunded = next(o for o in late if o.refunds and not o.cancelled_at)
    at = refunded.refunds[0].created_at
    place = late.index(refunded)
    before = market.orders_at(at - dt.timedelta(seconds=1))[place]
    after = market.orders_at(at)[place]
    assert before.refunds == ()
    assert len(after.refunds) == 1
    assert before.updated_at < at == after.updated_at
    assert len(after.ledger) > len(before.ledger)


def test_kinds_of_trouble_are_there() -> None:
    market = market_of()
    orders = market.orders_at(end_of(market, 40))
    count = len(orders)
    refunds = [o for o in orders if o.refunds and not o.cancelled_at]
    assert 0.06 < len(refunds) / count < 0.10
    assert 0.01 < sum(o.cancelled_at is not None for o in orders) / count < 0.03
    assert any(o.test for o in orders)
    assert any(line.is_gift_card for o in orders for line in o.lines)
    assert any(r.line_type == "ADJUSTMENT" for o in orders for r in o.ledger)
    assert any(o.financial_status == "PENDING" for o in orders)
    assert any(len(o.codes) == 2 for o in orders)
    assert any(code != code.strip() for o in orders for code in o.codes)
    assert any(code != code.upper() for o in orders for code in o.codes)
    assert all(o.journey is None for o in orders if o.source_name != "web")
    assert any(o.customer is None for o in orders if o.source_name == "web")
    gifts = [o for o in orders if o.discount_rate == 1]
    assert len(gifts) == 25
    assert all(o.total == 0 for o in gifts)
    waits = [o.journey.ready_at - o.created_at for o in orders if o.journey]
    assert max(waits) <= dt.timedelta(hours=36)
    assert min(waits) > dt.timedelta(0)


def test_journeys_lie_between_the_previous_order_and_this_one() -> None:
    market = market_of()
    previous: dict[int, dt.datetime] = {}
    indexes: dict[int, int] = {}
    for order in market.orders_at(end_of(market)):
        start = order.created_at - dt.timedelta(days=30, hours=1)
        if order.customer is not None:
            key = order.customer.customer_id
            start = max(start, previous.get(key, start))
            previous[key] = order.created_at
            assert order.customer.order_index > indexes.get(key, 0)
            assert order.customer.number_of_orders >= order.customer.order_index
            indexes[key] = order.customer.order_index
        if order.journey is not None:
            times = [visit.occurred_at for visit in order.journey.moments]
            assert times == sorted(times)
            assert all(start <= time <= order.created_at for time in times)


def test_truth_covers_every_order_and_sums_to_the_shops_net_sales() -> None:
    market = market_of()
    day = market.plan.campaign.end_date
    truth = market.truth(day)
    counted = [o for o in truth["orders"] if o["order_class"] != "test"]
    by_cause: dict[str | None, Decimal] = defaultdict(Decimal)
    for order in counted:
        if order["connection_id"] == "shopify":
            by_cause[order["cause_creator_id"]] += Decimal(order["net_revenue_amount"])
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), market.timezone)
    report = market.daily_sales_at(midnight.astimezone(dt.UTC) - dt.timedelta(seconds=1))
    assert sum(by_cause.values()) == sum(row.net_sales for row in report)
    for creator in truth["creators"]:
        kept = [
            o for o in counted if o["cause_creator_id"] == creator["creator_id"] and o["is_kept"]
        ]
        assert creator["order_count"] == len(kept)
        assert Decimal(creator["net_revenue_amount"]) == sum(
            Decimal(o["net_revenue_amount"]) for o in kept
        )
    assert [c["creator_id"] for c in truth["creators"]] == [c.id for c in market.plan.creators]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.4])
def test_the_share_that_would_have_come_anyway_is_as_asked(share: float) -> None:
    truth = market_of(share=share).truth(PLAN.campaign.end_date)
    orders = [
        o for o in truth["orders"] if o["evidence"] != "none" and o["kind"] != "self_referral"
    ]
    anyway = sum(o["kind"] == "preexisting" for o in orders)
    low, high = stats.binom.interval(0.999, len(orders), share)
    assert low <= anyway <= high
    assert all(o["cause_creator_id"] is None for o in orders if o["kind"] == "preexisting")
    assert all(o["cause_creator_id"] for o in orders if o["kind"] in CAUSED)


def test_the_share_changes_causes_and_nothing_the_apis_show() -> None:
    now = end_of(market_of(), -30)
    some, many = market_of(share=0.0, days=70), market_of(share=0.4, days=70)
    assert some.orders_at(now) == many.orders_at(now)


def test_every_kind_of_cause_happens_and_figures_are_plausible() -> None:
    market = market_of()
    start, end = PLAN.campaign.start_date, PLAN.campaign.end_date
    truth = market.truth(end)
    orders = [o for o in truth["orders"] if o["ordered_date"] >= start.isoformat()]
    kinds = Counter(o["kind"] for o in orders)
    assert set(kinds) == {*CAUSED, "preexisting", "baseline", "gift", "self_referral"}
    caused = sum(kinds[kind] for kind in CAUSED)
    assert 600 <= caused <= 900
    assert 45 <= kinds["baseline"] / 61 <= 70
    sold = [o for o in market.orders_at(end_of(market)) if not o.test]
    value = sum(line.total for o in sold for line in o.lines) / len(sold)
    assert 44 <= value <= 52
    assert sum(c["order_count"] == 0 for c in truth["creators"]) >= 2
    costs = {
        c.id: c.contract.fee + c.contract.product_cost + c.contract.shipping_cost
        for c in PLAN.creators
    }
    revenue = sum(Decimal(c["net_revenue_amount"]) for c in truth["creators"])
    assert Decimal("1.5") <= revenue / sum(costs.values()) <= Decimal(3)


def test_what_an_order_shows_fits_its_cause() -> None:
    market = market_of()
    truth = {o["number"]: o for o in market.truth(PLAN.campaign.end_date)["orders"]}
    codes = {code.code.lower(): c.id for c in PLAN.creators for code in c.codes}
    with_link = 0
    for order in market.orders_at(end_of(market)):
        told = truth.get(order.number)
        if told is None:
            continue
        used = [
            codes[code.strip().lower()] for code in order.codes if code.strip().lower() in codes
        ]
        assert used == ([told["code_creator_id"]] if told["code_creator_id"] else [])
        contents = (
            [v.utm["content"] for v in order.journey.moments if v.utm] if order.journey else []
        )
        creators = {text.strip().lower() for text in contents if text}
        if told["evidence"] in ("none", "code"):
            assert not creators
        if told["kind"] == "link" and told["cause_creator_id"] in creators:
            with_link += 1
        if told["kind"] == "foreign_code":
            assert told["code_creator_id"] != told["cause_creator_id"]
    assert with_link > 150


def test_a_longer_market_has_the_same_earlier_days() -> None:
    short, long = market_of(days=70), market_of(days=140)
    now = dt.datetime.combine(
        short.start_date + dt.timedelta(days=69), dt.time(22), short.timezone
    ).astimezone(dt.UTC)
    assert short.orders_at(now) == long.orders_at(now)
    assert short.daily_sales_at(now) == long.daily_sales_at(now)
    assert short.ga4_sessions_at(now) == long.ga4_sessions_at(now)
    assert short.ga4_transactions_at(now) == long.ga4_transactions_at(now)
    assert short.posts_at(now) == long.posts_at(now)


def test_the_same_seed_gives_the_same_market_and_another_one_another() -> None:
    now = end_of(market_of(), -30)
    here = market_of(days=70).orders_at(now)
    assert build_market(PLAN, 7, 70).orders_at(now) == here
    assert build_market(PLAN, 8, 70).orders_at(now) != here


def test_figures_follow_the_day_index_not_the_calendar() -> None:
    """200 days later the clocks go forward inside the campaign instead of back."""
    text = (REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml").read_text(encoding="utf-8")
    moved = build_market(parse_plan(shift_text(text, 200), "moved.yaml").plan, 7)
    here = market_of()

    def figures(rows: list[DailySalesRow]) -> list[tuple[object, ...]]:
        return [(r.orders, r.gross_sales, r.discounts, r.returns, r.net_sales) for r in rows][:-1]

    assert figures(moved.daily_sales_at(end_of(moved))) == figures(
        here.daily_sales_at(end_of(here))
    )
    lines = [[o.lines for o in m.orders_at(end_of(m, -1))] for m in (moved, here)]
    assert lines[0][:3_000] == lines[1][:3_000]


def test_days_of_23_and_25_hours_keep_their_orders() -> None:
    """In New York clocks go back on 2026-11-01, inside the sample campaign."""
    market = market_of()
    midnight = dt.datetime(2026, 11, 1, tzinfo=market.timezone).astimezone(dt.UTC)
    after = dt.datetime(2026, 11, 2, tzinfo=market.timezone).astimezone(dt.UTC)
    assert after - midnight == dt.timedelta(hours=25)
    orders = [o for o in market.orders_at(end_of(market)) if midnight <= o.created_at < after]
    row = next(r for r in market.daily_sales_at(end_of(market)) if r.day == dt.date(2026, 11, 1))
    assert row.orders == sum(not o.test for o in orders) > 40


def test_options_say_what_is_allowed() -> None:
    with pytest.raises(ValueError, match=r"preexisting_share=0\.5 is not allowed; allowed: 0\.0"):
        MarketOptions(preexisting_share=0.5)
