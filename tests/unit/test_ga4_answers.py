"""GA4: successes that are none, because rows were cut off or zeros stand for what is hidden."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest

from include.errors import MissingScope, Truncated
from include.sources.ga4.access import classify

ROW = {"dimensionValues": [{"value": "20261104"}], "metricValues": [{"value": "3"}]}
REPORT = {"kind": "analyticsData#runReport", "rows": [ROW], "rowCount": 1, "metadata": {}}
HIDDEN = {"metricName": "purchaseRevenue", "restrictedMetricTypes": ["REVENUE_DATA"]}


def answer(document: Any) -> Any:
    now = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
    return SimpleNamespace(conn_id="ga4", status_code=200, document=document, captured_at=now)


def batch(*reports: Any) -> dict[str, Any]:
    return {"kind": "analyticsData#batchRunReports", "reports": list(reports)}


def without(report: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in report.items() if name not in names}


@pytest.mark.parametrize(
    "document",
    [
        REPORT,
        # Zeros and empty lists are left out: a day without a row announces none either.
        without(REPORT, "rows", "rowCount"),
        batch(REPORT, without(REPORT, "rows", "rowCount")),
        {"access_token": "ya29.x"},
        None,
    ],
)
def test_what_is_whole_is_taken(document: Any) -> None:
    assert classify(answer(document)) is None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (without(REPORT, "rows"), "announces 1 rows and holds none"),
        (batch(REPORT, without(REPORT, "rows")), "announces 1 rows and holds none"),
        (without(batch(), "reports"), "a batch came without its reports"),
    ],
)
def test_rows_that_are_announced_and_absent_are_asked_for_again(
    document: Any, message: str
) -> None:
    raised = classify(answer(document))
    assert isinstance(raised, Truncated)
    assert message in str(raised)


@pytest.mark.parametrize("wrap", [lambda report: report, batch])
def test_zeros_in_place_of_hidden_numbers_are_a_missing_permission(wrap: Any) -> None:
    restricted = {"schemaRestrictionResponse": {"activeMetricRestrictions": [HIDDEN]}}
    raised = classify(answer(wrap({**REPORT, "metadata": restricted})))
    assert isinstance(raised, MissingScope)
    assert "purchaseRevenue (REVENUE_DATA)" in str(raised)
    assert classify(answer(wrap({**REPORT, "metadata": {"schemaRestrictionResponse": {}}}))) is None
