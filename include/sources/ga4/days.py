"""Creators' sessions day by day, with the day's total, in batches of five reports.

The rows of a report may be fewer than its total: GA4 withholds small rows of a thresholded report.
A day with its sources is one unit, read in one request, so rows and total are of one instant; what
they differ by is `withheld_session_count` in staging.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from include.errors import CountMismatch
from include.sources._base import Document, FetchContext, Page
from include.sources.ga4.client import check_time_zone, open_property, read_flags, read_rows
from include.sources.ga4.reports import MAX_PAGE_ROWS, SOURCE_SESSIONS, build_request

# The most reports batchRunReports takes; with the look-back of 4 days a daily run is one request.
BATCH = 5


def fetch_days(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the sources of every property day of the window, five days a page.

    Context: `property_id`, `time_zone`, `start_date`, `end_date` and `days`, one per report. Raises
    `CountMismatch` when a report holds other than the `rowCount` rows it announces.
    """
    asked = open_property(ctx)
    if asked.days is None:
        return
    for days in _in_batches(*asked.days):
        bodies = [build_request(SOURCE_SESSIONS, day, day, MAX_PAGE_ROWS, 0) for day in days]
        page = asked.api.run_reports(asked.property_id, bodies)
        for day, report in zip(days, page.document["reports"], strict=True):
            check_time_zone(report, asked.time_zone, ctx.connection.conn_id)
            _check_rows(day, report)
        page.context = {
            "property_id": asked.property_id,
            "time_zone": asked.time_zone,
            "start_date": days[0],
            "end_date": days[-1],
            "days": days,
        }
        yield page


def parse_days(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document per day that had sessions: its total, and its sources under `sources`."""
    for day, report in zip(page.context["days"], document["reports"], strict=True):
        shared = read_flags(report, page)
        sources = [{**labels, **measured} for labels, measured in read_rows(report)]
        for _, total in read_rows(report, "totals"):
            yield {
                **shared,
                **total,
                "date": day,
                "listedSessions": sum_of(row["sessions"] for row in sources),
                "sources": sources,
            }


def list_sources(document: Document) -> Iterable[Document]:
    """Return the rows of `ga4__source_sessions` inside a day."""
    sources: list[Document] = document["sources"]
    return sources


def sum_of(numbers: Iterable[int | Decimal | str]) -> int | Decimal | None:
    """Add counts up; None when one of them is no number (its row is quarantined)."""
    found = list(numbers)
    known = [number for number in found if not isinstance(number, str)]
    return sum(known) if len(known) == len(found) else None


def _in_batches(first: dt.date, last: dt.date) -> Iterator[list[str]]:
    days = [(first + dt.timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    for start in range(0, len(days), BATCH):
        yield days[start : start + BATCH]


def _check_rows(day: str, report: Mapping[str, Any]) -> None:
    announced, came = int(report.get("rowCount", 0)), len(report.get("rows", []))
    if announced != came:
        raise CountMismatch(f"GA4 report {day}: rowCount announced {announced} rows, {came} came")
