"""An Instagram that plays answers written by hand: what its tests share."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from include.ingest import day_window, stream_window
from include.sources._base import (
    Connection,
    FetchContext,
    Page,
    Window,
)
from include.sources.instagram import SOURCE

UTC = dt.UTC
BRAND, MAYA = "17841400000000001", "17841460000000123"
DAY = day_window("2026-11-04", "America/New_York")
SIX_HOURS = stream_window(SOURCE.stream("stories"), "2026-11-04T06", "America/New_York")
REEL = {
    "id": "18040112233445566",
    "caption": "Morning routine #ad",
    "media_type": "VIDEO",
    "media_product_type": "REELS",
    "permalink": "https://www.instagram.com/reel/DKx1aBcDeFg/",
    "shortcode": "DKx1aBcDeFg",
    "timestamp": "2026-11-03T16:20:11+0000",
    "username": "maya.moves",
    "like_count": 412,
    "comments_count": 37,
}
# Hidden likes, no caption: the keys are missing.
CAROUSEL = {
    "id": "17990011223344557",
    "media_type": "CAROUSEL_ALBUM",
    "media_product_type": "FEED",
    "permalink": "https://www.instagram.com/p/DKw0zzzzzzz/",
    "timestamp": "2026-10-30T08:00:02+0000",
    "username": "maya.moves",
    "comments_count": 9,
}
Answers = Callable[[str, dict[str, Any]], dict[str, Any]]


class FakeGraph:
    """Answers by path and parameters; a document with `error` comes with status 400."""

    def __init__(self, answers: Answers) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here asks for a pause")

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        path = path.removeprefix("/v26.0/")
        self.asked.append((path, params))
        document = self._answers(path, params)
        status = 400 if "error" in document else 200
        return Page(json.dumps(document).encode(), status, DAY.end, "api", {}, document=document)


def run(
    name: str,
    answers: Answers,
    window: Window = DAY,
    *,
    usernames: tuple[str, ...] = (),
    **fields: Any,
) -> tuple[list[dict[str, Any]], FakeGraph]:
    """Run a stream against the answers; rows are parsed from landed pages, as in a replay.

    `usernames` are those of the plan, `fields` the connection's own.
    """
    session, stream = FakeGraph(answers), SOURCE.stream(name)
    connection = Connection(conn_id="instagram__brand", password="t", **fields)
    lookback = stream.lookback_of(window.key)
    read = Window(start=window.start - lookback, end=window.end, key=window.key)
    ctx = FetchContext(
        connection=connection,
        session=session,  # type: ignore[arg-type]
        window=read,
        targets={"instagram": usernames, "tiktok": ("someone",)},
    )
    rows: list[dict[str, Any]] = []
    for page in stream.fetch(ctx):
        landed = json.loads(json.dumps(dict(page.context)))
        again = Page(page.body, page.status, page.captured_at, "api", {}, context=landed)
        rows += map(dict, stream.parse(json.loads(page.body), again))
    return rows, session


def accounts(*ids: str) -> dict[str, Any]:
    """Answer with Pages of these Instagram accounts, and one without an account."""
    pages = [{"id": f"1{i}", "instagram_business_account": {"id": i}} for i in ids]
    return {"data": [{"id": "101"}, *pages]}
