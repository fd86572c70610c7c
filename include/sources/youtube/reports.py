"""Day reports of YouTube Analytics, for the connection's own channel and its videos."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.errors import BadRequest, MissingScope, Truncated
from include.sources._base import Document, FetchContext, Page, Window
from include.sources.youtube.api import YouTube
from include.sources.youtube.client import batches, joined_ids, list_videos, upload_pages
from include.sources.youtube.quota import pacific_day

# Rows per answer, and so many videos that a look-back's days of them fit into one.
PAGE_ROWS, VIDEOS_PER_REPORT = 200, 25
VIDEO_METRICS = (
    "views",
    "engagedViews",
    "estimatedMinutesWatched",
    "averageViewDuration",
    "averageViewPercentage",
    "likes",
    "comments",
    "shares",
)
CHANNEL_METRICS = (*VIDEO_METRICS, "subscribersGained", "subscribersLost")


def fetch_channel_days(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the channel's days of the window and its look-back.

    The newest two or three days are not there yet; later windows bring them.
    """
    channel_id = own_channel(ctx)
    report = DayReport(YouTube(ctx), channel_id, ctx.window, CHANNEL_METRICS)
    yield from report.pages({"dimensions": "day", "sort": "day"})


def fetch_video_days(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the days of every video the channel published in the last 90 days."""
    channel_id = own_channel(ctx)
    api = YouTube(ctx)
    report = DayReport(api, channel_id, ctx.window, VIDEO_METRICS)
    own = FetchContext(ctx.connection, ctx.session, ctx.window)
    for batch in batches(list_videos(upload_pages(api, own)), VIDEOS_PER_REPORT):
        filters = f"video=={joined_ids(batch)}"
        yield from report.pages(
            {"dimensions": "video,day", "sort": "video,day", "filters": filters}
        )


def parse_days(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document per row of a result table: its columns by name, and the channel.

    An answer without `rows` has none.
    """
    names = [header["name"] for header in document["columnHeaders"]]
    refused = ",".join(page.context["refusedMetrics"]) or None
    for row in document.get("rows") or []:
        values = dict(zip(names, row, strict=True))
        yield {**values, "channelId": page.context["channelId"], "refusedMetrics": refused}


class DayReport:
    """One kind of report; metrics the API refuses for the channel are left out and named."""

    def __init__(
        self, api: YouTube, channel_id: str, window: Window, metrics: tuple[str, ...]
    ) -> None:
        first, last = report_days(window)
        self._api = api
        self._channel_id = channel_id
        self._days = {"startDate": first.isoformat(), "endDate": last.isoformat()}
        self._wanted = self._accepted = metrics

    def pages(self, query: Mapping[str, str]) -> Iterator[Page]:
        """Ask for every row, `PAGE_ROWS` at a time; raises `Truncated` for a row given twice.

        The API announces no number of rows: an answer that is not full is the last.
        """
        seen: set[tuple[Any, ...]] = set()
        dimensions = query["dimensions"].count(",") + 1
        while True:
            page = self._ask({**query, "maxResults": PAGE_ROWS, "startIndex": len(seen) + 1})
            rows = page.document.get("rows") or []
            page.context = {
                "channelId": self._channel_id,
                "refusedMetrics": [m for m in self._wanted if m not in self._accepted],
            }
            yield page
            before = len(seen)
            seen.update(tuple(row[:dimensions]) for row in rows)
            if len(seen) != before + len(rows):
                raise Truncated(
                    f"connection {self._api.conn_id!r}: a report of {self._channel_id} gives a row "
                    "twice: its pages shifted while they were read"
                )
            if len(rows) < PAGE_ROWS:
                return

    def _ask(self, query: Mapping[str, Any]) -> Page:
        try:
            return self._ask_metrics(query, self._accepted)
        except BadRequest:
            accepted = tuple(m for m in self._accepted if self._gives(query, m))
            if not accepted or accepted == self._accepted:
                raise
            self._accepted = accepted
            return self._ask_metrics(query, accepted)

    def _gives(self, query: Mapping[str, Any], metric: str) -> bool:
        try:
            self._ask_metrics(query, (metric,))
        except BadRequest:
            return False
        return True

    def _ask_metrics(self, query: Mapping[str, Any], metrics: Sequence[str]) -> Page:
        ids = {"ids": f"channel=={self._channel_id}", "metrics": ",".join(metrics)}
        return self._api.report({**ids, **self._days, **query})


def own_channel(ctx: FetchContext) -> str:
    """Return the connection's own channel; `MissingScope` where it names none."""
    channel_id = ctx.connection.extra.get("channel_id")
    if not channel_id:
        raise MissingScope(
            f"connection {ctx.connection.conn_id!r}: YouTube Analytics answers for one's own "
            "channel only; extra.channel_id is not set"
        )
    return str(channel_id)


def report_days(window: Window) -> tuple[dt.date, dt.date]:
    """Return the first and last Pacific day that a window (look-back included) touches."""
    return pacific_day(window.start), pacific_day(window.end - dt.timedelta(microseconds=1))
