"""Daily insights of whole accounts.

Instagram's day ends at midnight US Pacific (07:00 or 08:00 UTC). Numbers come up to 48 hours late,
follows and unfollows a day later still, so a window asks for the days that had ended by its own end
and again for those of its look-back. A metric that is not there yet has no row; no row is ever
replaced by nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from include.errors import BadRequest
from include.sources._base import Document, FetchContext, Page, Window
from include.sources.instagram.client import connected_accounts, own_account, refuses_metric
from include.sources.instagram.graph import Graph
from include.sources.instagram.metrics import ACCOUNT_METRICS, ask_accepted

PACIFIC = ZoneInfo("America/Los_Angeles")
FOLLOWS = "follows_and_unfollows"
BRAND, CONNECTED = "brand", "connected"


def fetch_account_insights(ctx: FetchContext) -> Iterator[Page]:
    """Ask for each ended day's totals, and apart for follows, which need a breakdown.

    A page is one answer for one account and day. Which accounts: extra.account_insights, `brand`
    (the default) or `connected` for every one the token reaches.
    """
    graph = Graph(ctx)
    accepted: tuple[str, ...] | None = None
    for account_id in _accounts(graph, ctx):
        for day in ended_days(ctx.window):
            ask = functools.partial(_ask_day, graph, account_id, day)
            totals, asked = ask_accepted(ACCOUNT_METRICS, accepted, ask, refuses_metric)
            accepted = asked if asked != ACCOUNT_METRICS else accepted
            for page in (totals, ask((FOLLOWS,), breakdown="follow_type")):
                page.context = {
                    "account_id": account_id,
                    "date": day.date.isoformat(),
                    "end_time": day.end.astimezone(dt.UTC).isoformat(),
                }
                yield page


def parse_account_insights(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document per metric and part of its breakdown that has a value."""
    for entry in document.get("data", []):
        total = entry.get("total_value", {})
        parts = [
            (str(result["dimension_values"][0]), result.get("value"))
            for breakdown in total.get("breakdowns", [])
            for result in breakdown.get("results", [])
        ]
        # Of follows and unfollows the sum says nothing.
        for part, value in parts or [("", total.get("value"))]:
            if value is not None:
                yield {**page.context, "metric": entry["name"], "breakdown": part, "value": value}


@dataclass(frozen=True, slots=True)
class PacificDay:
    """One of Instagram's days with its bounds."""

    date: dt.date
    start: dt.datetime
    end: dt.datetime


def ended_days(window: Window) -> list[PacificDay]:
    """Return Instagram's days of a window that are over at its end."""
    span = window.days_in(PACIFIC)
    if span is None:
        return []
    first, last = span
    dates = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    days = [PacificDay(d, _midnight(d), _midnight(d + dt.timedelta(days=1))) for d in dates]
    return [day for day in days if day.end <= window.end]


def _ask_day(
    graph: Graph, account_id: str, day: PacificDay, metrics: tuple[str, ...], **more: str
) -> Page:
    params = {
        "metric": ",".join(metrics),
        "period": "day",
        "metric_type": "total_value",
        "since": int(day.start.timestamp()),
        "until": int(day.end.timestamp()),
    }
    return graph.ask_object(f"{account_id}/insights", {**params, **more})


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=PACIFIC)


def _accounts(graph: Graph, ctx: FetchContext) -> list[str]:
    which = ctx.connection.extra.get("account_insights") or BRAND
    if which == BRAND:
        return [own_account(graph, ctx.connection)]
    if which == CONNECTED:
        return connected_accounts(graph)
    raise BadRequest(
        f"connection {ctx.connection.conn_id!r}: extra.account_insights={which!r}; "
        f"allowed: {BRAND}, {CONNECTED}"
    )
