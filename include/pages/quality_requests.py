"""What every quality page has in common: checked choices, the plan's sources, the frame around it.

Choices come from addresses that anybody may type. They are checked here (a wrong one is answered
with 422), bound as values by the queries and escaped by the templates.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Path, Query, Request, Response

from include.errors import GroundswellError
from include.pages import quality_formats
from include.pages.navigation import Link
from include.pages.quality_slices import LAST_PAGE
from include.pages.reader import Reader
from include.pages.rendering import render

log = logging.getLogger(__name__)

SECTIONS = (
    Link("/quality", "Freshness"),
    Link("/quality/loads", "Loads"),
    Link("/quality/rejects", "Rejects"),
    Link("/quality/drift", "Drift"),
    Link("/quality/checks", "Checks"),
    Link("/quality/publications", "Publications"),
    Link("/quality/restatements", "Restatements"),
    Link("/quality/alerts", "Alerts"),
    Link("/quality/reviews", "Reviews"),
)

# A form sends an empty text for a choice that was not made. NUL is what Postgres cannot take.
_PLAIN = r"^[^\x00-\x1f\x7f]*$"
Name = Annotated[str, Query(max_length=100, pattern=_PLAIN)]
Day = Annotated[str, Query(pattern=r"^([0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2})?)?$")]
PageNumber = Annotated[int, Query(alias="page", ge=1, le=LAST_PAGE)]
RecordId = Annotated[int, Path(ge=1, le=2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What the campaign files say about a day: the sources it waits for, the zone it is cut in."""

    sources: tuple[str, ...]
    zone: ZoneInfo


def read_plan() -> Plan:
    """Return the enabled sources and the reporting zone; none and UTC without a readable plan."""
    from include.daily import enabled_sources, schedule_facts

    try:
        facts = schedule_facts()
    except (GroundswellError, OSError) as error:
        log.warning("the quality pages show UTC and known sources only: %s", error)
        return Plan((), ZoneInfo("UTC"))
    return Plan(tuple(enabled_sources(facts.sources)), ZoneInfo(facts.reporting_timezone))


def reader_of(request: Request) -> Reader:
    """Return the application's reader."""
    reader: Reader = request.app.state.reader
    return reader


def show(
    request: Request,
    template: str,
    context: Mapping[str, object],
    filters: Mapping[str, Any] | None = None,
    plan: Plan | None = None,
) -> Response:
    """Fill a template of the quality pages; `filters` are kept while a reader turns pages."""
    frame = {
        "sections": SECTIONS,
        "filters": filters or {},
        "zone": (plan or read_plan()).zone,
        "now": dt.datetime.now(dt.UTC),
        "q": quality_formats,
        # Runs and tasks have pages of Airflow's own, beside our mount point.
        "airflow": request.scope.get("root_path", "").removesuffix("/groundswell"),
    }
    return render(request, template, {**frame, **context})
