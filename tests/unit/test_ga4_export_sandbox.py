"""The sandbox's GA4 export: a day that is written again gains events and changes none."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from typing import Any

import pytest

from include.campaigns.plan import load_plan
from include.sandbox.market_facts import MarketOptions
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT
from include.sources.ga4_export.sandbox import events_of

DAY = dt.date(2026, 11, 2)
# Streamed in the evening, the day's own table at noon, and as it stays.
WRITINGS = [
    dt.datetime(2026, 11, 2, 23, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 3, 18, tzinfo=dt.UTC),
    dt.datetime(2026, 11, 6, 18, tzinfo=dt.UTC),
]


@pytest.fixture(scope="module")
def market() -> Market:
    plan = load_plan(REPO_ROOT / "include/campaigns/serum_launch.yaml")
    return build_market(plan, 7, options=MarketOptions(scale=0.5))


@pytest.fixture(scope="module")
def tables(market: Market) -> list[Counter[str]]:
    """Each writing of one day: its events as texts, counted."""
    return [
        Counter(json.dumps(event, sort_keys=True) for event in events_of(market, DAY, now))
        for now in WRITINGS
    ]


def purchases(table: Counter[str]) -> dict[str, set[Any]]:
    """Return the visits of each transaction with an id of its own."""
    found: dict[str, set[Any]] = {}
    for event in map(json.loads, table):
        if event["event_name"] == "purchase":
            visit = (event["user_pseudo_id"], session_of(event))
            found.setdefault(event["ecommerce"]["transaction_id"], set()).add(visit)
    found.pop("(not set)", None)
    return found


def session_of(event: dict[str, Any]) -> str | None:
    found = [p["value"]["int_value"] for p in event["event_params"] if p["key"] == "ga_session_id"]
    return found[0] if found else None


def test_a_later_table_holds_every_event_of_an_earlier_one(tables: list[Counter[str]]) -> None:
    streamed, daily, final = tables
    assert 0 < streamed.total() < daily.total() < final.total()
    assert streamed <= daily <= final


def test_an_order_has_one_session_in_which_no_other_order_was_made(
    tables: list[Counter[str]], market: Market
) -> None:
    homes = purchases(tables[-1])
    sold = {
        row.transaction_id
        for row in market.ga4_transactions_at(WRITINGS[-1])
        if row.date == DAY and row.transaction_id != "(not set)"
    }
    assert homes.keys() == sold
    assert len(sold) > 20
    visits = [visit for found in homes.values() for visit in found]
    assert len(visits) == len(set(visits)) == len(sold)


def test_a_purchase_is_never_there_without_the_start_of_its_session(
    tables: list[Counter[str]],
) -> None:
    for table in tables:
        events = [json.loads(text) for text in table]
        started = {session_of(e) for e in events if e["event_name"] == "session_start"}
        assert {session for found in purchases(table).values() for _, session in found} <= started


def test_settled_sessions_are_those_of_the_data_api(
    tables: list[Counter[str]], market: Market
) -> None:
    rows = [row for row in market.ga4_sessions_at(WRITINGS[-1]) if row.date == DAY]
    events = [json.loads(text) for text in tables[-1].elements()]
    kinds = Counter(event["event_name"] for event in events)
    assert kinds["session_start"] == sum(row.sessions for row in rows)
    assert kinds["user_engagement"] == sum(row.engaged_sessions for row in rows)
