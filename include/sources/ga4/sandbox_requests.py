"""What a report may ask for: names and limits checked as the API checks them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from include.sources.ga4.sandbox_discovery import find_problems

MAX_DIMENSIONS, MAX_METRICS = 9, 10
# Dimensions and metrics the API knows and this market has nothing to say about are answered with
# "(not set)" and 0; every other name is refused, as the API does.
_DIMENSION_NAMES = """
date eventName isKeyEvent transactionId orderCoupon landingPage landingPagePlusQueryString
sessionSource sessionMedium sessionCampaignName sessionCampaignId sessionManualSource
sessionManualMedium sessionManualCampaignName sessionManualAdContent sessionManualTerm
sessionSourcePlatform sessionDefaultChannelGroup firstUserSource firstUserMedium
firstUserCampaignName firstUserManualAdContent source medium campaignName manualAdContent
hostName newVsReturning deviceCategory country region city
"""
_INTEGERS = """
sessions engagedSessions totalUsers newUsers activeUsers screenPageViews eventCount addToCarts
checkouts ecommercePurchases transactions
"""
_AMOUNTS = "purchaseRevenue grossPurchaseRevenue totalRevenue refundAmount"
DIMENSIONS = frozenset(_DIMENSION_NAMES.split())
METRIC_TYPES = {
    **dict.fromkeys(_INTEGERS.split(), "TYPE_INTEGER"),
    **dict.fromkeys(_AMOUNTS.split(), "TYPE_CURRENCY"),
    "userEngagementDuration": "TYPE_SECONDS",
    "engagementRate": "TYPE_FLOAT",
    "keyEvents": "TYPE_FLOAT",
}
SCHEMA_PAGE = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"


class Refusal(Exception):
    """An error answer in Google's envelope."""

    def __init__(self, code: int, status: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message, "status": status}
        if reason:
            detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
            self.body["details"] = [detail]


def check_fields(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the names of dimensions and metrics, refused as the API refuses them."""
    dimensions = [str(entry.get("name", "")) for entry in body.get("dimensions", [])]
    metrics = [str(entry.get("name", "")) for entry in body.get("metrics", [])]
    for kind, names, most in (
        ("dimension", dimensions, MAX_DIMENSIONS),
        ("metric", metrics, MAX_METRICS),
    ):
        if len(names) > most:
            raise invalid(f"The request has {len(names)} {kind}s; at most {most} are allowed.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise invalid(f"Duplicate {kind}s: {', '.join(twice)}. Remove the duplicates.")
    for kind, names, known in (
        ("dimension", dimensions, DIMENSIONS),
        ("metric", metrics, frozenset(METRIC_TYPES)),
    ):
        for name in names:
            if name not in known:
                raise invalid(
                    f"Field {name} is not a valid {kind}. For a list of valid dimensions and "
                    f"metrics, see {SCHEMA_PAGE}"
                )
    if not dimensions and not metrics:
        raise invalid("A report needs at least one dimension or metric.")
    return dimensions, metrics


def read_days(body: Mapping[str, Any], today: dt.date) -> list[tuple[str, str]]:
    """Return the date ranges as GA4 days (20261104), today being the property's."""
    ranges = body.get("dateRanges", [])
    if not 1 <= len(ranges) <= 4:
        raise invalid("A report needs one to four dateRanges.")
    days = [(_day(r.get("startDate"), today), _day(r.get("endDate"), today)) for r in ranges]
    for first, last in days:
        if first > last:
            raise invalid(f"The startDate {first} is after the endDate {last}.")
    return days


def read_count(body: Mapping[str, Any], name: str, default: int) -> int:
    """Return `limit` or `offset`: a whole number, or its text as int64 is in Google's JSON."""
    text = str(body.get(name, default))
    if not text.isdecimal():
        raise invalid(f"The field {name} must be a whole number of 0 or more; it is {text}.")
    return int(text)


def _day(text: Any, today: dt.date) -> str:
    relative = {"today": 0, "yesterday": 1}
    ago = re.fullmatch(r"(\d+)daysAgo", str(text))
    try:
        if text in relative:
            day = today - dt.timedelta(days=relative[text])
        elif ago:
            day = today - dt.timedelta(days=int(ago[1]))
        else:
            day = dt.date.fromisoformat(text)
    except (TypeError, ValueError):
        raise invalid(f"Invalid date: {text}. Use YYYY-MM-DD, today or NdaysAgo.") from None
    return day.strftime("%Y%m%d")


def check_schema(body: Mapping[str, Any], schema_name: str) -> None:
    """Refuse a body with a field or value that Google's schema does not know."""
    problems = find_problems(body, schema_name)
    if problems:
        raise invalid(f"Invalid JSON payload received. {problems[0]}")


def invalid(message: str) -> Refusal:
    """Return the API's 400."""
    return Refusal(400, "INVALID_ARGUMENT", message)
