"""The questions the connector asks, in the Data API's own names.

A report takes at most 9 dimensions and 10 metrics. Creators' sessions are asked for without page,
place or user-count fields: pages fold rows into `(other)`, users bring thresholds. Landing pages,
first users and places are reports of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# Most rows one report can give.
MAX_PAGE_ROWS = 250_000


@dataclass(frozen=True, slots=True)
class Report:
    """One question to the Data API; at most 9 dimensions and 10 metrics.

    positive_metric: keep only rows in which this metric is above 0. has_total: ask for the total of
    all rows too, also of those the API withholds.
    """

    dimensions: tuple[str, ...]
    metrics: tuple[str, ...]
    positive_metric: str | None = None
    has_total: bool = False


# fmt: off
SESSION_SOURCE = (
    "sessionSource", "sessionMedium", "sessionCampaignName", "sessionManualAdContent",
)
SESSIONS = Report(
    dimensions=("date", *SESSION_SOURCE, "landingPagePlusQueryString"),
    metrics=(
        "sessions", "engagedSessions", "userEngagementDuration", "newUsers", "addToCarts",
        "checkouts", "ecommercePurchases", "purchaseRevenue", "keyEvents",
    ),
)
# Asked day by day, so that the total is one day's.
SOURCE_SESSIONS = Report(
    dimensions=SESSION_SOURCE,
    metrics=(
        "sessions", "engagedSessions", "userEngagementDuration", "addToCarts", "checkouts",
        "ecommercePurchases", "purchaseRevenue", "keyEvents",
    ),
    has_total=True,
)
TRANSACTIONS = Report(
    dimensions=(
        "date", "transactionId", *SESSION_SOURCE,
        "firstUserSource", "firstUserMedium", "firstUserCampaignName",
    ),
    metrics=("ecommercePurchases", "purchaseRevenue", "refundAmount"),
)
KEY_EVENTS = Report(
    dimensions=("date", "eventName", *SESSION_SOURCE),
    metrics=("keyEvents", "eventCount"),
    positive_metric="keyEvents",
)
ACQUISITION = Report(
    dimensions=(
        "date", "firstUserSource", "firstUserMedium", "firstUserCampaignName",
        "firstUserManualAdContent",
    ),
    metrics=(
        "newUsers", "activeUsers", "sessions", "engagedSessions", "ecommercePurchases",
        "purchaseRevenue", "keyEvents",
    ),
)
GEOGRAPHY = Report(
    dimensions=("date", "country", "region", "sessionCampaignName", "sessionManualAdContent"),
    metrics=("sessions", "engagedSessions", "ecommercePurchases", "purchaseRevenue"),
)
# fmt: on


def build_request(
    report: Report, start_date: str, end_date: str, limit: int, offset: int
) -> dict[str, Any]:
    """Build one report's request, ordered by every dimension so that pages do not overlap."""
    body: dict[str, Any] = {
        "dateRanges": [{"startDate": start_date, "endDate": end_date}],
        "dimensions": [{"name": name} for name in report.dimensions],
        "metrics": [{"name": name} for name in report.metrics],
        "orderBys": [{"dimension": {"dimensionName": name}} for name in report.dimensions],
        "limit": str(limit),
        "offset": str(offset),
    }
    if report.positive_metric:
        body["metricFilter"] = {"filter": _above_zero(report.positive_metric)}
    if report.has_total:
        body["metricAggregations"] = ["TOTAL"]
    return body


def _above_zero(metric: str) -> Mapping[str, Any]:
    above_zero = {"operation": "GREATER_THAN", "value": {"doubleValue": 0}}
    return {"fieldName": metric, "numericFilter": above_zero}
