"""The Analytics API's day reports for the one channel whose owner authorised the reader."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from include.sources.youtube.sandbox_shapes import COMMON, Refusal
from include.sources.youtube.sandbox_videos import MarketVideo, Studio

PACIFIC = ZoneInfo("America/Los_Angeles")
# A day comes two days after its end and is complete a day later.
DELAY, COMPLETE = dt.timedelta(hours=48), dt.timedelta(hours=72)
FIRST_SHARE = 0.97
# From this day on a view counts when playback starts; engaged views keep the old meaning.
NEW_VIEWS, ENGAGED_SHARE = dt.date(2026, 8, 24), 0.62
WATCHED_SHARE = 0.4
PARAMETERS = COMMON | {
    "currency",
    "dimensions",
    "endDate",
    "filters",
    "ids",
    "includeHistoricalChannelData",
    "maxResults",
    "metrics",
    "sort",
    "startDate",
    "startIndex",
}
METRIC_TYPES = {
    "views": "INTEGER",
    "engagedViews": "INTEGER",
    "estimatedMinutesWatched": "INTEGER",
    "averageViewDuration": "INTEGER",
    "averageViewPercentage": "FLOAT",
    "likes": "INTEGER",
    "dislikes": "INTEGER",
    "comments": "INTEGER",
    "shares": "INTEGER",
    "subscribersGained": "INTEGER",
    "subscribersLost": "INTEGER",
}
CHANNEL_ONLY = frozenset({"subscribersLost"})
MOST_VIDEOS = 500

Numbers = dict[str, float]


class Reports:
    """Answers `reports.query`; `refused_metrics` are unknown to it."""

    def __init__(self, studio: Studio, refused_metrics: frozenset[str]) -> None:
        self._studio = studio
        self._types = {n: t for n, t in METRIC_TYPES.items() if n not in refused_metrics}

    def answer(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Return a result table; `rows` is left out when there is none."""
        for name in params:
            if name not in PARAMETERS:
                raise _bad(f'Unknown name "{name}": Cannot bind query parameter.')
        self._check_channel(params.get("ids", ""))
        dimensions = _names(params.get("dimensions"))
        metrics = _names(params.get("metrics"))
        self._check_metrics(metrics)
        first, last = _day(params, "startDate"), _day(params, "endDate")
        if first > last:
            raise _bad(f"Invalid value '{last}' for parameter endDate: it is before startDate.")
        rows = self._rows(dimensions, params, _days(first, last, now), now)
        table = [
            [*labels, *(_number(numbers[m], self._types[m]) for m in metrics)]
            for labels, numbers in rows
        ]
        table = _sorted(table, [*dimensions, *metrics], _names(params.get("sort")))
        start, size = _count(params, "startIndex", 1), _count(params, "maxResults", 10_000)
        answer: dict[str, Any] = {
            "kind": "youtubeAnalytics#resultTable",
            "columnHeaders": [
                *(_header(name, "DIMENSION", "STRING") for name in dimensions),
                *(_header(name, "METRIC", self._types[name]) for name in metrics),
            ],
        }
        if page := table[start - 1 : start - 1 + size]:
            answer["rows"] = page
        return answer

    def _check_channel(self, ids: str) -> None:
        if not re.fullmatch(r"[a-zA-Z]+==[a-zA-Z0-9_+-]+", ids):
            raise _bad(f"Invalid value '{ids}' for parameter ids.")
        if ids not in ("channel==MINE", f"channel=={self._studio.brand.channel_id}"):
            raise Refusal(403, "forbidden", "Forbidden", domain="global", state="PERMISSION_DENIED")

    def _check_metrics(self, metrics: list[str]) -> None:
        if not metrics:
            raise _bad("Required parameter: metrics")
        for name in metrics:
            if name not in self._types:
                raise _bad(f"Unknown identifier ({name}) given in field parameters.metrics.")

    def _rows(
        self,
        dimensions: list[str],
        params: Mapping[str, str],
        days: list[dt.date],
        now: dt.datetime,
    ) -> list[tuple[list[str], Numbers]]:
        videos = self._studio.uploads(self._studio.brand.channel_id, now)
        wanted = _filtered_videos(params.get("filters"))
        if wanted is not None:
            videos = [video for video in videos if video.video_id in wanted]
        if dimensions == ["day"]:
            return [([day.isoformat()], self._sum(videos, day, now)) for day in days]
        if dimensions != ["video", "day"] or wanted is None:
            raise _bad("The query is not supported.")
        if CHANNEL_ONLY.intersection(_names(params.get("metrics"))):
            raise _bad("The query is not supported.")
        rows = [
            ([video.video_id, day.isoformat()], self._sum([video], day, now))
            for video in videos
            for day in days
        ]
        return [row for row in rows if row[1]["views"]]

    def _sum(self, videos: Iterable[MarketVideo], day: dt.date, now: dt.datetime) -> Numbers:
        totals = dict.fromkeys(METRIC_TYPES, 0.0)
        seconds = 0.0
        for video in videos:
            numbers = self._of_video(video, day, now)
            for name, value in numbers.items():
                totals[name] += value
            seconds += numbers["views"] * video.seconds
        if totals["views"]:
            totals["estimatedMinutesWatched"] = seconds * WATCHED_SHARE // 60
            totals["averageViewDuration"] = seconds * WATCHED_SHARE // totals["views"]
            totals["averageViewPercentage"] = 100 * WATCHED_SHARE
        return totals

    def _of_video(self, video: MarketVideo, day: dt.date, now: dt.datetime) -> Numbers:
        """Return what a video gained on a Pacific day, as far as it is processed."""
        start, end = day_start(day), day_start(day + dt.timedelta(days=1))
        before = self._studio.counters(video, start)
        after = self._studio.counters(video, end)
        share = 1.0 if end + COMPLETE <= now else FIRST_SHARE
        views = max(0, after.views - before.views) * share // 1
        engaged = views * ENGAGED_SHARE // 1 if day >= NEW_VIEWS else views
        return {
            "views": views,
            "engagedViews": engaged,
            "likes": max(0, after.likes - before.likes) * share // 1,
            "comments": max(0, after.comments - before.comments) * share // 1,
            "shares": max(0, after.shares - before.shares) * share // 1,
            "subscribersGained": max(0, after.follows - before.follows) * share // 1,
        }


def day_start(day: dt.date) -> dt.datetime:
    """Return the first instant of a Pacific day."""
    return dt.datetime.combine(day, dt.time(), tzinfo=PACIFIC).astimezone(dt.UTC)


def _days(first: dt.date, last: dt.date, now: dt.datetime) -> list[dt.date]:
    """Return the days of a range that are processed so far."""
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    return [day for day in days if day_start(day + dt.timedelta(days=1)) + DELAY <= now]


def _filtered_videos(text: str | None) -> set[str] | None:
    if not text:
        return None
    name, _, values = text.partition("==")
    ids = values.split(",")
    if name != "video" or len(ids) > MOST_VIDEOS:
        raise _bad("The query is not supported.")
    return set(ids)


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split(",") if name]


def _day(params: Mapping[str, str], name: str) -> dt.date:
    text = params.get(name, "")
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise _bad(f"Invalid value '{text}' for parameter {name}.") from None


def _count(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise _bad(f"Invalid value '{text}' for parameter {name}.")
    return int(text)


def _sorted(table: list[list[Any]], names: list[str], order: list[str]) -> list[list[Any]]:
    for key in reversed(order):
        name = key.removeprefix("-")
        if name not in names:
            raise _bad(f"Unknown identifier ({name}) given in field parameters.sort.")
        place = names.index(name)
        table = sorted(table, key=lambda row, at=place: row[at], reverse=key.startswith("-"))  # type: ignore[misc]  # mypy has no type for a lambda's default
    return table


def _number(value: float, kind: str) -> int | float:
    return int(value) if kind == "INTEGER" else value


def _header(name: str, column: str, kind: str) -> dict[str, str]:
    return {"name": name, "columnType": column, "dataType": kind}


def _bad(message: str) -> Refusal:
    return Refusal(400, "badRequest", message, domain="global", state="INVALID_ARGUMENT")
