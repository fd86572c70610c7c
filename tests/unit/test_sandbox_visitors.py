"""The event export of a simulated market tells the same visits and purchases as GA4's counts."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from decimal import Decimal

import pytest

from include.campaigns.plan import load_plan
from include.sandbox.installation import SAMPLE_FOLDER
from include.sandbox.market_event_rows import event_rows
from include.sandbox.market_facts import MarketOptions
from include.sandbox.world import Market, WebVisit, build_market


@pytest.fixture(scope="module")
def market() -> Market:
    plan = load_plan(next(iter(sorted(SAMPLE_FOLDER.glob("*.yaml")))))
    return build_market(plan, 1, 60, MarketOptions(scale=0.2))


@pytest.fixture(scope="module")
def now(market: Market) -> dt.datetime:
    last = dt.datetime.combine(market.end_date, dt.time(), tzinfo=dt.UTC)
    return last + dt.timedelta(days=4)


@pytest.fixture(scope="module")
def visits(market: Market, now: dt.datetime) -> list[WebVisit]:
    return list(market.ga4_visits_at(now))


def test_purchases_are_those_of_the_counts(
    market: Market, now: dt.datetime, visits: list[WebVisit]
) -> None:
    counted = market.ga4_transactions_at(now)
    named = {row.transaction_id for row in counted if row.transaction_id != "(not set)"}
    bought = [visit for visit in visits if visit.purchased_at is not None]
    assert {f"#{visit.transaction}" for visit in bought if visit.transaction} == named
    assert len(bought) == len(counted)
    assert sum(visit.revenue or Decimal(0) for visit in bought) == sum(r.revenue for r in counted)


def test_sessions_of_a_day_are_as_many_as_counted(
    market: Market, now: dt.datetime, visits: list[WebVisit]
) -> None:
    """A buyer's earlier visit that the counts lack (a binomial drew none) is one more."""
    counted = sum(row.sessions for row in market.ga4_sessions_at(now))
    # Buyers' journeys may begin before the market does.
    inside = [
        v for v in visits if v.started_at.astimezone(market.timezone).date() >= market.start_date
    ]
    assert counted <= len(inside) <= 1.05 * counted


def test_who_bought_nothing_came_once(visits: list[WebVisit]) -> None:
    of_visitor = Counter(visit.visitor for visit in visits)
    buyers = {visit.visitor for visit in visits if visit.purchased_at is not None}
    assert all(count == 1 for visitor, count in of_visitor.items() if visitor not in buyers)
    assert max(of_visitor[visitor] for visitor in buyers) > 2


def test_a_direct_session_has_no_source_of_its_own(
    market: Market, now: dt.datetime, visits: list[WebVisit]
) -> None:
    rows = list(event_rows(market, "a", now))
    assert len(rows) == len(visits) + sum(visit.transaction is not None for visit in visits)
    direct = [row for row in rows if row["source"] is None]
    assert direct
    assert not any("collected_source" in row for row in direct)
    linked = [row for row in rows if row.get("collected_medium") == "influencer"]
    assert linked
    assert all("utm_" in row["page_location"] for row in linked)
