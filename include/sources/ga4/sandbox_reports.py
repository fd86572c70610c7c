"""The market's visits as runReport answers them: validation, grouping, order, paging, envelope."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from include.sandbox.world import Market
from include.sources.ga4.sandbox_discovery import find_problems
from include.sources.ga4.sandbox_facts import (
    Fact,
    key_event_fact,
    session_fact,
    session_start_fact,
    transaction_fact,
)
from include.sources.ga4.sandbox_requests import (
    METRIC_TYPES,
    Refusal,
    check_fields,
    check_schema,
    invalid,
    read_count,
    read_days,
)

MAX_LIMIT, DEFAULT_LIMIT = 250_000, 10_000
NOT_SET, OTHER = "(not set)", "(other)"
# Requests with these bring thresholds when the property's reporting identity uses signals.
USER_COUNTS = frozenset({"totalUsers", "newUsers", "activeUsers"})
MAX_BATCH = 5
# Rows of an answer that are checked against Google's schema; all have the same shape.
CHECKED_ROWS = 5

Row = tuple[tuple[str, ...], tuple[Decimal, ...]]


@dataclass(frozen=True, slots=True)
class Variants:
    """What the property holds back; nothing by default.

    withheld_below: rows with fewer sessions (first metric) are withheld from reports that count
    users, or with `always_withheld` from every report. folded_above: rows a day beyond this many
    become one `(other)` row. sampled_percent: share of events read, below 100 it is sampled.
    """

    withheld_below: int = 0
    always_withheld: bool = False
    folded_above: int | None = None
    sampled_percent: int = 100


class Reports:
    """Answers runReport and batchRunReports from the market's aggregated visits."""

    def __init__(self, market: Market, variants: Variants | None = None) -> None:
        self._market = market
        self._variants = variants or Variants()

    def answer_batch(
        self, property_id: str, body: Mapping[str, Any], now: dt.datetime
    ) -> dict[str, Any]:
        """Return the reports of a batch in their order; raises `Refusal` for the first bad one."""
        check_schema(body, "BatchRunReportsRequest")
        requests = body.get("requests", [])
        if not 1 <= len(requests) <= MAX_BATCH:
            raise invalid(f"A batch needs 1 to {MAX_BATCH} requests; it has {len(requests)}.")
        reports = [self.answer(property_id, request, now) for request in requests]
        return {"reports": reports, "kind": "analyticsData#batchRunReports"}

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
        check_schema(body, "RunReportRequest")
        dimensions, metrics = check_fields(body)
        days = read_days(body, now.astimezone(self._market.timezone).date())
        grouped = _group(self._facts(dimensions, days, now), dimensions, metrics, days)
        rows, metadata = self._hold_back(_filter(grouped, body, metrics), dimensions, metrics)
        rows = _sort(rows, body, dimensions)
        offset = read_count(body, "offset", 0)
        limit = min(read_count(body, "limit", DEFAULT_LIMIT), MAX_LIMIT)
        shown = rows[offset : offset + limit]
        answer = _envelope(shown, len(rows), dimensions, metrics, metadata)
        if "TOTAL" in body.get("metricAggregations", []):
            answer["totals"] = [_total(grouped, dimensions)]
        _check_answer(answer)
        return answer

    def _hold_back(
        self, rows: list[Row], dimensions: list[str], metrics: list[str]
    ) -> tuple[list[Row], dict[str, Any]]:
        """Withhold and fold rows as the variants say; return what is left and the metadata."""
        variants = self._variants
        metadata: dict[str, Any] = {
            "currencyCode": self._market.shop.currency,
            "timeZone": str(self._market.timezone),
        }
        if variants.always_withheld or (USER_COUNTS & set(metrics) and variants.withheld_below):
            rows = [row for row in rows if row[1][0] >= variants.withheld_below]
            metadata["subjectToThresholding"] = True
        if variants.folded_above is not None:
            before = len(rows)
            rows = _fold(rows, dimensions, variants.folded_above)
            metadata |= {"dataLossFromOtherRow": True} if len(rows) < before else {}
        if variants.sampled_percent < 100:
            read = {"samplesReadCount": str(variants.sampled_percent), "samplingSpaceSize": "100"}
            metadata["samplingMetadatas"] = [read]
        return rows, metadata

    def _facts(
        self, dimensions: list[str], days: list[tuple[str, str]], now: dt.datetime
    ) -> Iterable[Fact]:
        first = dt.date.fromisoformat(min(day for day, _ in days))
        last = dt.date.fromisoformat(max(day for _, day in days))

        def asked(rows: Iterable[Any]) -> Iterable[Any]:
            return (row for row in rows if first <= row.date <= last)

        if "transactionId" in dimensions:
            return map(transaction_fact, asked(self._market.ga4_transactions_at(now)))
        if "eventName" in dimensions:
            starts = map(session_start_fact, asked(self._market.ga4_sessions_at(now)))
            return [*map(key_event_fact, asked(self._market.ga4_key_events_at(now))), *starts]
        return map(session_fact, asked(self._market.ga4_sessions_at(now)))


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
        raise invalid("This sandbox answers no dimensionFilter.")
    condition = body.get("metricFilter", {}).get("filter")
    if condition is None:
        return rows
    number = condition.get("numericFilter", {})
    is_above = number.get("operation") == "GREATER_THAN" and "value" in number
    if not is_above or condition.get("fieldName") not in metrics:
        raise invalid("This sandbox answers only GREATER_THAN on a metric of the report.")
    value = number["value"]
    limit = Decimal(str(value.get("doubleValue", value.get("int64Value", 0))))
    index = metrics.index(condition["fieldName"])
    return [row for row in rows if row[1][index] > limit]


def _sort(rows: list[Row], body: Mapping[str, Any], dimensions: list[str]) -> list[Row]:
    """Order by the dimensions asked for; without an order the largest first metric comes first."""
    order = [entry.get("dimension", {}).get("dimensionName") for entry in body.get("orderBys", [])]
    if not order:
        return sorted(rows, key=lambda row: row[1][:1], reverse=True)
    for name in order:
        if name not in dimensions:
            raise invalid(f"This sandbox orders by dimensions of the report alone, not by {name}.")
    indexes = [dimensions.index(name) for name in order]
    return sorted(rows, key=lambda row: tuple(row[0][i] for i in indexes))


def _fold(rows: list[Row], dimensions: list[str], kept: int) -> list[Row]:
    """Keep the largest rows of each day; sum its others up in one `(other)` row."""
    result: list[Row] = []
    others: dict[tuple[str, ...], list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row[1][0], row[0]), reverse=True):
        named = zip(dimensions, row[0], strict=True)
        other = tuple(label if name == "date" else OTHER for name, label in named)
        seen = others.setdefault(other, [])
        seen.append(row)
        result += [row] if len(seen) <= kept else []
    for other, seen in others.items():
        if folded := [numbers for _, numbers in seen[kept:]]:
            columns = zip(*folded, strict=True)
            result.append((other, tuple(sum(column, Decimal(0)) for column in columns)))
    return result


def _total(rows: list[Row], dimensions: list[str]) -> dict[str, Any]:
    """Sum all rows, also those held back; an empty object where there are none."""
    if not rows:
        return {}
    sums = [sum(column, Decimal(0)) for column in zip(*(row[1] for row in rows), strict=True)]
    return {
        "dimensionValues": [{"value": "RESERVED_TOTAL"} for _ in dimensions],
        "metricValues": [{"value": _text(number)} for number in sums],
    }


def _check_answer(answer: Mapping[str, Any]) -> None:
    """Refuse to send what Google's schema does not know: the sandbox itself would be wrong."""
    sample = {**answer, "rows": answer.get("rows", [])[:CHECKED_ROWS]}
    problems = find_problems(sample, "RunReportResponse")
    if problems:
        raise AssertionError(f"the sandbox's report is not as Google describes it: {problems}")


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
