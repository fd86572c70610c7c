"""The sample campaign's lift, told from what the shops report, beside what really happened."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pytest

from include.campaigns.plan import load_plan
from include.lift_estimates import LiftRow, judge_campaign
from include.lift_series import CONTROL_MEDIUMS, CampaignDays
from include.sandbox.installation import SAMPLE_FOLDER, SAMPLE_OPTIONS, SEED
from include.sandbox.world import Market, build_market

READ_BEFORE = 84  # days before the campaign that a connection's first window reads


@pytest.fixture(scope="module")
def market() -> Market:
    plan = load_plan(SAMPLE_FOLDER / "serum_launch.yaml")
    return build_market(plan, SEED, options=SAMPLE_OPTIONS)


@pytest.fixture(scope="module")
def lifts(market: Market) -> dict[str, LiftRow]:
    campaign = market.plan.campaign
    first = campaign.start_date - dt.timedelta(days=READ_BEFORE)
    days = [first + dt.timedelta(days=n) for n in range((campaign.end_date - first).days + 1)]
    now = dt.datetime.combine(days[-1] + dt.timedelta(days=4), dt.time(8), dt.UTC)
    sales: dict[dt.date, float] = defaultdict(float)
    orders: dict[dt.date, float] = defaultdict(float)
    for shop in (market, market.second_shop):
        for row in shop.daily_sales_at(now):
            sales[row.day] += float(row.net_sales)
            orders[row.day] += row.orders
    sessions: dict[dt.date, float] = defaultdict(float)
    controls: dict[str, dict[dt.date, float]] = {
        medium: defaultdict(float) for medium in CONTROL_MEDIUMS
    }
    for session in market.ga4_sessions_at(now):
        sessions[session.date] += session.sessions
        controls.get(session.medium, defaultdict(float))[session.date] += session.sessions
    found = CampaignDays(
        campaign.id,
        days,
        READ_BEFORE,
        {
            name: [figures[day] for day in days]
            for name, figures in {
                "net_sales": sales,
                "orders": orders,
                "sessions": sessions,
            }.items()
        },
        {medium: [of_day[day] for day in days] for medium, of_day in controls.items()},
        [any(event.holds_on(day) for event in market.plan.events) for day in days],
    )
    return {row.measure: row for row in judge_campaign(found)}


def told(market: Market, until: dt.date) -> dict[str, dict[str, Any]]:
    return {order["order_id"]: order for order in market.truth(until)["orders"]}


def test_the_lift_is_measured_and_holds_what_creators_really_caused(
    market: Market, lifts: dict[str, LiftRow]
) -> None:
    campaign = market.plan.campaign
    before = told(market, campaign.start_date - dt.timedelta(days=1))
    during = told(market, campaign.end_date)
    orders = [order for number, order in during.items() if number not in before]
    caused = sum(order["cause_creator_id"] is not None for order in orders)
    true_lift = caused / (len(orders) - caused)
    assert 0.14 < true_lift < 0.18
    for measure in ("net_sales", "orders"):
        row = lifts[measure]
        assert row.verdict == "measured"
        assert row.lift_low is not None
        assert row.lift_high is not None
        assert row.lift_low <= true_lift <= row.lift_high
    assert lifts["orders"].event_day_count == 3


def test_sessions_rise_by_those_of_the_creators_links(
    market: Market, lifts: dict[str, LiftRow]
) -> None:
    row = lifts["sessions"]
    assert row.verdict == "measured"
    assert row.smallest_detectable_rate is not None
    assert row.smallest_detectable_rate < 0.03
    assert row.lift_rate == pytest.approx(0.10, abs=0.02)
