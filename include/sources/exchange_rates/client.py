"""The requests: the file of the last day, and the file of 90 days around it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator
from typing import Any

from include.errors import BadRequest
from include.sources._base import Document, FetchContext, Page

DAILY_PATH = "/stats/eurofxref/eurofxref-daily.xml"
HISTORY_PATH = "/stats/eurofxref/eurofxref-hist-90d.xml"
_log = logging.getLogger(__name__)


def fetch_rates(ctx: FetchContext) -> Iterator[Page]:
    """Yield the last day's rates, then those of 90 days unless the last day is all that is needed.

    Both files are published together; a window normally needs the second, because its look-back
    brings days that an earlier run was too early for.
    """
    extra = ctx.connection.extra
    daily = ctx.session.request("GET", str(extra.get("daily_path") or DAILY_PATH))
    days = _days(daily)
    if len(days) != 1:
        raise BadRequest(f"{daily.request['address']} holds {len(days)} days; it must be one")
    yield daily
    if days[0] <= ctx.window.start.date():
        return
    history = ctx.session.request("GET", str(extra.get("history_path") or HISTORY_PATH))
    oldest, newest = min(_days(history)), max(_days(history))
    if newest < days[0]:
        _log.warning("the file of 90 days ends at %s, the daily one is of %s", newest, days[0])
    if ctx.window.start.date() < oldest:
        _log.warning(
            "rates from %s on were asked for, but the file begins at %s; for older ones set "
            "history_path to /stats/eurofxref/eurofxref-hist.xml in the connection's extra once",
            ctx.window.start.date(),
            oldest,
        )
    yield history


def parse_rates(document: Any, page: Page) -> Iterator[Document]:
    """Yield one document per day and currency."""
    for day in document["days"]:
        for rate in day["rates"]:
            yield {**rate, "time": day["time"]}


def _days(page: Page) -> list[dt.date]:
    try:
        return [dt.date.fromisoformat(day["time"]) for day in page.document["days"]]
    except ValueError as error:
        raise BadRequest(f"{page.request['address']}: {error}") from None
