"""Ask the GA4 Data API for reports and turn their answers into documents.

Facts relied on: discovery document revision 20261006 (v1beta). Values are strings and positional;
false, 0 and empty lists are left out of an answer; `rowCount` does not depend on `limit`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from include.errors import BadRequest, CountMismatch, Truncated
from include.sources._base import Connection, Document, FetchContext, Page, Window
from include.sources.ga4.access import DataApi
from include.sources.ga4.reports import MAX_PAGE_ROWS, Report, build_request

# The API allows 250,000 rows a page; its own default keeps a page's documents in a few megabytes.
PAGE_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class Property:
    """The property a run asks: its API, zone, and the first and last day to read (None: none)."""

    api: DataApi
    property_id: str
    time_zone: str
    days: tuple[dt.date, dt.date] | None


def open_property(ctx: FetchContext) -> Property:
    """Read the connection's property; its time zone is asked for when the connection names none."""
    conn_id = ctx.connection.conn_id
    property_id = read_property_id(ctx.connection)
    api = DataApi(ctx)
    zone = str(ctx.connection.extra.get("time_zone") or _ask_time_zone(api, property_id))
    return Property(api, property_id, zone, property_days(ctx.window, load_zone(zone, conn_id)))


def fetch_report(report: Report) -> Callable[[FetchContext], Iterator[Page]]:
    """Build a stream's `fetch`: every page of `report` for the property days of the window.

    A page's context holds `property_id`, `time_zone`, `start_date` and `end_date`, which
    `parse` and a replay need. Raises `CountMismatch` when other than `rowCount` rows came,
    `Truncated` when the report changed between two of its pages (asking again helps).
    """

    def fetch(ctx: FetchContext) -> Iterator[Page]:
        asked = open_property(ctx)
        if asked.days is None:
            return
        context = {
            "property_id": asked.property_id,
            "time_zone": asked.time_zone,
            "start_date": asked.days[0].isoformat(),
            "end_date": asked.days[1].isoformat(),
        }
        for page in _ask_pages(asked.api, report, context, read_page_rows(ctx.connection)):
            check_time_zone(page.document, asked.time_zone, ctx.connection.conn_id)
            page.context = context
            yield page

    return fetch


def parse_report(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document per report row: dimensions, metrics as numbers, and the answer's flags.

    A number that does not read as one is handed on as it came, so that the row is quarantined.
    """
    shared = read_flags(document, page)
    for values, measured in read_rows(document):
        yield {**shared, **values, **measured}


def read_flags(report: Mapping[str, Any], page: Page) -> dict[str, Any]:
    """Return what a report says of all its rows: property, currency, zone, and how it was made."""
    metadata = report.get("metadata", {})
    return {
        "propertyId": page.context["property_id"],
        "currencyCode": metadata.get("currencyCode"),
        "timeZone": metadata.get("timeZone") or page.context["time_zone"],
        "subjectToThresholding": metadata.get("subjectToThresholding", False),
        "dataLossFromOtherRow": metadata.get("dataLossFromOtherRow", False),
        "isSampled": bool(metadata.get("samplingMetadatas")),
    }


def read_rows(
    report: Mapping[str, Any], kind: str = "rows"
) -> Iterator[tuple[dict[str, str], dict[str, int | Decimal | str]]]:
    """Yield dimensions and metrics of each row by name; `kind` may be `totals`.

    Where nothing matched, the API gives an empty total; it is passed over.
    """
    dimensions = [header["name"] for header in report.get("dimensionHeaders", [])]
    metrics = [(header["name"], header["type"]) for header in report.get("metricHeaders", [])]
    for row in report.get(kind, []):
        if not row:
            continue
        values = dict(zip(dimensions, _values(row, "dimensionValues"), strict=True))
        if "date" in values:
            values["date"] = read_date(values["date"])
        numbers = zip(metrics, _values(row, "metricValues"), strict=True)
        yield values, {name: read_number(text, kind) for (name, kind), text in numbers}


def property_days(window: Window, zone: ZoneInfo) -> tuple[dt.date, dt.date] | None:
    """Return the first and last day of the property's zone that a window reads; None for no day."""
    return window.days_in(zone)


def read_number(text: str, kind: str) -> int | Decimal | str:
    """Read a metric value such as "212", "611.420000" or "1.2E7"; integer types become int."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    if not number.is_finite():
        return text
    if kind == "TYPE_INTEGER" and number == number.to_integral_value():
        return int(number)
    return number


def read_date(text: str) -> str:
    """Read GA4's day 20261104 as 2026-11-04; anything else, such as "(other)", stays as it is."""
    if len(text) == 8 and text.isdecimal():
        return f"{text[:4]}-{text[4:6]}-{text[6:]}"
    return text


def read_property_id(connection: Connection) -> str:
    """Return extra.property_id, digits only; raise `BadRequest` naming the connection."""
    property_id = str(connection.extra.get("property_id", "")).removeprefix("properties/")
    if not property_id.isdecimal():
        raise BadRequest(
            f"connection {connection.conn_id!r}: extra.property_id={property_id!r} is not a GA4 "
            "property; allowed: its number, such as 412345678 (Admin > Property details)"
        )
    return property_id


def read_page_rows(connection: Connection) -> int:
    """Return extra.page_rows, the rows asked for per page (1 to 250,000, by default 10,000)."""
    rows = connection.extra.get("page_rows", PAGE_ROWS)
    if not isinstance(rows, int) or not 1 <= rows <= MAX_PAGE_ROWS:
        raise BadRequest(
            f"connection {connection.conn_id!r}: extra.page_rows={rows!r} is not allowed; "
            f"allowed: 1 to {MAX_PAGE_ROWS}"
        )
    return rows


def load_zone(name: str, conn_id: str) -> ZoneInfo:
    """Return the property's time zone; raise `BadRequest` when the name is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise BadRequest(
            f"connection {conn_id!r}: the property's time zone {name!r} is not a known zone; "
            "set extra.time_zone to an IANA name such as America/New_York"
        ) from None


def _ask_pages(
    api: DataApi, report: Report, context: Mapping[str, str], limit: int
) -> Iterator[Page]:
    asked = f"{context['start_date']} to {context['end_date']}"
    announced, received = None, 0
    seen: set[int] = set()
    while announced is None or received < announced:
        body = build_request(report, context["start_date"], context["end_date"], limit, received)
        page = api.run_report(context["property_id"], body)
        count = int(page.document.get("rowCount", 0))
        if announced is not None and count != announced:
            raise Truncated(
                f"GA4 report {asked} changed while it was paged: {announced} rows, then {count}"
            )
        announced = count
        rows = page.document.get("rows", [])
        received += len(rows)
        # A row that comes twice makes the count right although another row never came, or it is
        # one too many.
        seen.update(hash(tuple(_values(row, "dimensionValues"))) for row in rows)
        if len(seen) < received:
            raise Truncated(f"GA4 report {asked} moved while it was paged: rows came twice")
        if (not rows and received < announced) or received > announced:
            raise CountMismatch(
                f"GA4 report {asked}: rowCount announced {announced} rows, {received} came"
            )
        yield page


def _ask_time_zone(api: DataApi, property_id: str) -> str:
    """Learn the property's time zone from the metadata of the smallest possible report."""
    body = {
        "dateRanges": [{"startDate": "yesterday", "endDate": "yesterday"}],
        "metrics": [{"name": "sessions"}],
        "limit": "1",
    }
    zone = api.run_report(property_id, body).document.get("metadata", {}).get("timeZone")
    if not zone:
        raise BadRequest(
            f"GA4 property {property_id} names no time zone in its answers; set extra.time_zone"
        )
    return str(zone)


def check_time_zone(document: Mapping[str, Any], expected: str, conn_id: str) -> None:
    """Raise `BadRequest` when the property reports in another zone than the connection says."""
    answered = document.get("metadata", {}).get("timeZone", expected)
    if answered != expected:
        raise BadRequest(
            f"connection {conn_id!r}: extra.time_zone={expected!r}, but the property reports in "
            f"{answered!r}; correct the field or remove it (it is then asked for)"
        )


def _values(row: Mapping[str, Any], key: str) -> list[str]:
    # An empty value is left out of the answer, not sent as "".
    return [cell.get("value", "") for cell in row.get(key, [])]
