"""A TikTok that plays answers written by hand: what the tests of its streams share."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from include.http.decode import decode_json
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._units import UnitReader
from include.sources.tiktok import SOURCE

UTC = dt.UTC
# 4 November 2026 in New York (UTC-5).
WINDOW = Window(
    start=dt.datetime(2026, 11, 4, 5, tzinfo=UTC),
    end=dt.datetime(2026, 11, 5, 5, tzinfo=UTC),
    key="2026-11-04",
)
END_MS = 1_793_854_800_000  # 2026-11-05T05:00Z
MAYA = "_000maya"
VIDEO = {
    "item_id": "7571234567890123456",
    "create_time": "1793723411",  # 2026-11-03T16:30:11Z
    "caption": "trying @solefit #ad code MAYA15",
    "media_type": "VIDEO",
    "video_views": "20344",
    "reach": 17120.0,
    "likes": 1412,
    "comments": "61",
    "shares": 98,
    "favorities": "203",
    "full_video_watched_rate": "18.32%",
    "average_time_watched": 6.41,
    "total_time_watched": "130405.2",
}
YOUNG = {"item_id": "7579999999999999999", "create_time": 1793800000, "caption": ""}
Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


class FakeApi:
    """Answers by path and parameters, with the envelope around; remembers what was asked."""

    def __init__(self, answers: Answer) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.countries: list[str | None] = []
        self._answers = answers

    def request(
        self, method: str, path: str, *, params: dict[str, Any], headers: dict[str, str]
    ) -> Page:
        path = path.removeprefix("/open_api/v1.3/").removesuffix("/")
        params = {name: _plain(value) for name, value in params.items()}
        self.asked.append((path, params))
        self.countries.append(headers.get("Country-Code"))
        data = self._answers(path, params)
        code = data.pop("code", 0)
        body = json.dumps({"code": code, "message": "OK", "request_id": "1", "data": data}).encode()
        return Page(
            body=body,
            status=200,
            captured_at=WINDOW.end,
            captured_at_source="api",
            request={},
            document=decode_json(body),
        )


def _plain(value: Any) -> Any:
    is_json = isinstance(value, str) and value[:1] in "[{"
    return json.loads(value) if is_json else value


def run(
    name: str,
    answers: Answer,
    *,
    window: Window = WINDOW,
    handles: tuple[str, ...] = (),
    **extra: Any,
) -> tuple[list[dict[str, Any]], FakeApi]:
    """Run a stream against the answers; rows are what the loader reads of landed pages."""
    api = FakeApi(answers)
    fields = {
        "accounts": {MAYA: {"access_token": "act.maya.token"}},
        "tto_tcm_account_id": "7491",
        **extra,
    }
    connection = Connection(conn_id="tiktok__brand", password="brand-token", extra=fields)
    stream = SOURCE.stream(name)
    ctx = FetchContext(
        connection,
        api,  # type: ignore[arg-type]
        Window(window.start - stream.lookback, window.end, window.key),
        {"tiktok": handles, "instagram": ("someone",)},
    )
    reader = UnitReader(stream)
    names = [column.name for column in reader.parent.columns]
    rows: list[dict[str, Any]] = []
    for page in stream.fetch(ctx):
        landed = json.loads(json.dumps(dict(page.context)))
        again = Page(page.body, page.status, page.captured_at, "api", {}, context=landed)
        for document in stream.parse(decode_json(page.body), again):
            row = reader.read(document).row
            rows.append(dict(zip(names, row, strict=True)))
    assert reader.drifted == set()
    return rows, api


def some(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(row[name] for name in names)
