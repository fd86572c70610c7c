"""The market's visits as runReport answers them: validation, grouping, order, paging, envelope."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from include.sandbox.world import Market

MAX_DIMENSIONS, MAX_METRICS, MAX_LIMIT, DEFAULT_LIMIT = 9, 10, 250_000, 10_000
NOT_SET = "(not set)"
# Dimensions and metrics the API knows and this market has nothing to say about are answered with
# "(not set)" and 0; every other name is refused, as the API does.
_DIMENSION_NAMES = """
date eventName isKeyEvent transactionId orderCoupon landingPage landingPagePlusQueryString
sessionSource sessionMedium sessionCampaignName sessionCampaignId sessionManualSource
sessionManualMedium sessionManualCampaignName sessionManualAdContent sessionManualTerm
sessionSourcePlatform sessionDefaultChannelGroup firstUserSource firstUserMedium
firstUserCampaignName firstUserManualAdContent source medium campaignName manualAdContent
hostName newVsReturning deviceCategory country
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

Fact = tuple[dict[str, str], dict[str, Decimal]]
Row = tuple[tuple[str, ...], tuple[Decimal, ...]]


class Refusal(Exception):
    """An error answer in Google's envelope."""

    def __init__(self, code: int, status: str, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message, "status": status}
        if reason:
            detail = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}
            self.body["details"] = [detail]


class Reports:
    """Answers runReport from the market's aggregated visits."""

    def __init__(self, market: Market) -> None:
        self._market = market

    def answer(self, property_id: str, body: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
        """Return the report, checked and paged as the API does; raises `Refusal`."""
        if property_id != self._market.property_id:
            raise Refusal(
                403,
                "PERMISSION_DENIED",
                "User does not have sufficient permissions for this property. To learn more about "
                "Property ID, see https://developers.google.com/analytics/devguides/reporting/data/"
                "v1/property-id.",
            )
        dimensions, metrics = _check_fields(body)
        days = _read_days(body, now.astimezone(self._market.timezone).date())
        grouped = _group(self._facts(dimensions, now), dimensions, metrics, days)
        rows = _sort(_filter(grouped, body, metrics), body, dimensions)
        offset = int(body.get("offset", 0))
        limit = min(int(body.get("limit", DEFAULT_LIMIT)), MAX_LIMIT)
        return _envelope(
            rows[offset : offset + limit], len(rows), dimensions, metrics, self._metadata()
        )

    def _metadata(self) -> dict[str, Any]:
        return {
            "currencyCode": self._market.shop.currency,
            "timeZone": str(self._market.timezone),
        }

    def _facts(self, dimensions: list[str], now: dt.datetime) -> Iterable[Fact]:
        if "transactionId" in dimensions:
            return map(_transaction_fact, self._market.ga4_transactions_at(now))
        if "eventName" in dimensions:
            starts = map(_session_start_fact, self._market.ga4_sessions_at(now))
            return [*map(_key_event_fact, self._market.ga4_key_events_at(now)), *starts]
        return map(_session_fact, self._market.ga4_sessions_at(now))


def _source(row: Any) -> dict[str, str]:
    return {
        "date": row.date.strftime("%Y%m%d"),
        "sessionSource": row.source,
        "sessionMedium": row.medium,
        "sessionCampaignName": row.campaign,
        "sessionManualAdContent": row.content,
        "sessionManualSource": row.source,
        "sessionManualMedium": row.medium,
        "sessionManualCampaignName": row.campaign,
    }


def _session_fact(row: Any) -> Fact:
    path = row.landing_page.split("?", 1)[0]
    dimensions = {"landingPagePlusQueryString": row.landing_page, "landingPage": path}
    metrics = {
        "sessions": row.sessions,
        "engagedSessions": row.engaged_sessions,
        "userEngagementDuration": row.engagement_seconds,
        "newUsers": row.new_users,
        "addToCarts": row.add_to_carts,
        "checkouts": row.checkouts,
        "ecommercePurchases": row.purchases,
        "transactions": row.purchases,
        "purchaseRevenue": row.revenue,
        "totalRevenue": row.revenue,
        "keyEvents": row.key_events,
    }
    return {**_source(row), **dimensions}, {name: Decimal(v) for name, v in metrics.items()}


def _session_start_fact(row: Any) -> Fact:
    """An event that is no key event: reports by event name hold those too."""
    return {**_source(row), "eventName": "session_start"}, {"eventCount": Decimal(row.sessions)}


def _key_event_fact(row: Any) -> Fact:
    metrics = {"keyEvents": Decimal(row.key_events), "eventCount": Decimal(row.event_count)}
    return {**_source(row), "eventName": row.event_name}, metrics


def _transaction_fact(row: Any) -> Fact:
    dimensions = {
        "transactionId": row.transaction_id,
        "firstUserSource": row.first_user_source,
        "firstUserMedium": row.first_user_medium,
        "firstUserCampaignName": row.first_user_campaign,
    }
    metrics = {
        "ecommercePurchases": Decimal(row.purchases),
        "transactions": Decimal(row.purchases),
        "purchaseRevenue": row.revenue,
        "totalRevenue": row.revenue,
        "refundAmount": row.refund_amount,
    }
    return {**_source(row), **dimensions}, metrics


def _check_fields(body: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the names of dimensions and metrics, refused as the API refuses them."""
    dimensions = [entry["name"] for entry in body.get("dimensions", [])]
    metrics = [entry["name"] for entry in body.get("metrics", [])]
    for kind, names, most in (
        ("dimension", dimensions, MAX_DIMENSIONS),
        ("metric", metrics, MAX_METRICS),
    ):
        if len(names) > most:
            raise _invalid(f"The request has {len(names)} {kind}s; at most {most} are allowed.")
    for kind, names, known in (
        ("dimension", dimensions, DIMENSIONS),
        ("metric", metrics, frozenset(METRIC_TYPES)),
    ):
        for name in names:
            if name not in known:
                raise _invalid(
                    f"Field {name} is not a valid {kind}. For a list of valid dimensions and "
                    f"metrics, see {SCHEMA_PAGE}"
                )
    if not dimensions and not metrics:
        raise _invalid("A report needs at least one dimension or metric.")
    return dimensions, metrics


def _read_days(body: Mapping[str, Any], today: dt.date) -> list[tuple[str, str]]:
    """Return the date ranges as GA4 days (20261104), today being the property's."""
    ranges = body.get("dateRanges", [])
    if not 1 <= len(ranges) <= 4:
        raise _invalid("A report needs one to four dateRanges.")
    return [(_day(r.get("startDate"), today), _day(r.get("endDate"), today)) for r in ranges]


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
        raise _invalid(f"Invalid date: {text}. Use YYYY-MM-DD, today or NdaysAgo.") from None
    return day.strftime("%Y%m%d")


def _group(
    facts: Iterable[Fact], dimensions: list[str], metrics: list[str], days: list[tuple[str, str]]
) -> list[Row]:
    """Sum the metrics per combination of dimensions; rows in which all are 0 are no rows."""
    sums: dict[tuple[str, ...], list[Decimal]] = {}
    for labels, numbers in facts:
        if any(first <= labels["date"] <= last for first, last in days):
            key = tuple(labels.get(name, NOT_SET) for name in dimensions)
            row = sums.setdefault(key, [Decimal(0)] * len(metrics))
            for i, name in enumerate(metrics):
                row[i] += numbers.get(name, Decimal(0))
    return [(key, tuple(row)) for key, row in sums.items() if any(row)]


def _filter(rows: list[Row], body: Mapping[str, Any], metrics: list[str]) -> list[Row]:
    """Apply a numeric metric filter; other filters are beyond this sandbox and refused."""
    if "dimensionFilter" in body:
        raise _invalid("This sandbox answers no dimensionFilter.")
    condition = body.get("metricFilter", {}).get("filter")
    if condition is None:
        return rows
    number = condition["numericFilter"]
    if number["operation"] != "GREATER_THAN" or condition["fieldName"] not in metrics:
        raise _invalid("This sandbox answers only GREATER_THAN on a metric of the report.")
    value = number["value"]
    limit = Decimal(str(value.get("doubleValue", value.get("int64Value", 0))))
    index = metrics.index(condition["fieldName"])
    return [row for row in rows if row[1][index] > limit]


def _sort(rows: list[Row], body: Mapping[str, Any], dimensions: list[str]) -> list[Row]:
    """Order by the dimensions asked for; without an order the largest first metric comes first."""
    order = [entry["dimension"]["dimensionName"] for entry in body.get("orderBys", [])]
    if not order:
        return sorted(rows, key=lambda row: row[1][:1], reverse=True)
    indexes = [dimensions.index(name) for name in order]
    return sorted(rows, key=lambda row: tuple(row[0][i] for i in indexes))


def _envelope(
    rows: list[Row],
    count: int,
    dimensions: list[str],
    metrics: list[str],
    metadata: dict[str, Any],
) -> dict[str, Any]:
    """Build the answer; empty lists and zeros are left out, values are strings by position."""
    headers = [{"name": name, "type": METRIC_TYPES[name]} for name in metrics]
    answer: dict[str, Any] = {
        "dimensionHeaders": [{"name": name} for name in dimensions],
        "metricHeaders": headers,
        "rows": [
            {
                "dimensionValues": [{"value": value} for value in labels],
                "metricValues": [{"value": _text(value)} for value in numbers],
            }
            for labels, numbers in rows
        ],
        "rowCount": count,
        "metadata": metadata,
        "kind": "analyticsData#runReport",
    }
    return {key: value for key, value in answer.items() if value}


def _text(number: Decimal) -> str:
    """Write a number as the API does: plain, from ten million on in scientific notation."""
    plain = format(number.normalize(), "f")
    digits = plain.lstrip("-")
    if abs(number) < 10_000_000 or "." not in format(number, "f"):
        return plain
    whole = digits.split(".", 1)[0]
    mantissa = number.scaleb(1 - len(whole)).normalize()
    return f"{format(mantissa, 'f')}E{len(whole) - 1}"


def _invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)
