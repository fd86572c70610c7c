"""GA4 sandbox: values written as the API writes them, requests refused as it refuses them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from include.campaigns.plan import load_plan
from include.sandbox.world import PROPERTY_ID, build_market
from include.settings import REPO_ROOT
from include.sources.ga4 import client, sandbox_reports
from include.sources.ga4.sandbox_requests import Refusal


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("0", "0"),
        ("12", "12"),
        ("611.420000", "611.42"),
        ("20110", "20110"),
        ("12000000", "12000000"),
        ("12000000.00", "1.2E7"),
        ("-12345678.90", "-1.23456789E7"),
    ],
)
def test_numbers_are_text_and_large_amounts_scientific(number: str, text: str) -> None:
    assert sandbox_reports._text(Decimal(number)) == text
    assert client.read_number(text, "TYPE_CURRENCY") == Decimal(number)


def test_rows_without_any_count_are_no_rows() -> None:
    facts = [
        ({"date": "20261104", "sessionSource": "a"}, {"sessions": Decimal(2)}),
        ({"date": "20261104", "sessionSource": "a"}, {"sessions": Decimal(3)}),
        ({"date": "20261104", "sessionSource": "b"}, {"sessions": Decimal(0)}),
        ({"date": "20261105", "sessionSource": "a"}, {"sessions": Decimal(9)}),
    ]
    days = [("20261104", "20261104")]
    rows = sandbox_reports._group(facts, ["sessionSource", "country"], ["sessions"], days)
    assert rows == [(("a", "(not set)"), (Decimal(5),))]


@pytest.fixture(scope="module")
def reports() -> sandbox_reports.Reports:
    plan = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
    return sandbox_reports.Reports(build_market(plan, 7, days=40))


def report(**changes: Any) -> dict[str, Any]:
    asked = {
        "dateRanges": [{"startDate": "yesterday", "endDate": "yesterday"}],
        "dimensions": [{"name": "date"}, {"name": "sessionSource"}],
        "metrics": [{"name": "sessions"}],
    }
    return {**asked, **changes}


SOURCES = {"dimension": {"dimensionName": "sessionSource"}}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"dimensions": [{"name": "sessionsSource"}]}, "Field sessionsSource is not a valid"),
        ({"metrics": [{"name": "conversions"}]}, "Field conversions is not a valid metric"),
        ({"metrics": [{"name": "sessions"}] * 2}, "Duplicate metrics: sessions"),
        ({"dimensions": [{}]}, "Field  is not a valid dimension"),
        ({"dateRange": []}, "dateRange"),
        ({"dateRanges": [{"startDate": "today", "endDate": "yesterday"}]}, "is after the endDate"),
        ({"dateRanges": [{"startDate": "last week", "endDate": "today"}]}, "Invalid date"),
        ({"limit": "-1"}, "limit must be a whole number"),
        ({"orderBys": [SOURCES, {"dimension": {"dimensionName": "country"}}]}, "not by country"),
        ({"metricFilter": {"filter": {"fieldName": "sessions"}}}, "only GREATER_THAN"),
    ],
)
def test_what_the_api_does_not_know_is_refused(
    reports: sandbox_reports.Reports, changes: dict[str, Any], message: str
) -> None:
    now = dt.datetime(2026, 9, 1, 12, tzinfo=dt.UTC)
    assert reports.answer(PROPERTY_ID, report(orderBys=[SOURCES]), now)["rowCount"] > 3
    with pytest.raises(Refusal, match=message) as caught:
        reports.answer(PROPERTY_ID, report(**changes), now)
    assert caught.value.body["code"] == 400
