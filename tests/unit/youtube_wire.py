"""A YouTube that plays answers written by hand: what the tests of its streams share."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._units import UnitReader
from include.sources.youtube import SOURCE

UTC = dt.UTC
# 4 November 2026 in New York (UTC-5).
WINDOW = Window(
    start=dt.datetime(2026, 11, 4, 5, tzinfo=UTC),
    end=dt.datetime(2026, 11, 5, 5, tzinfo=UTC),
    key="2026-11-04",
)
NOW = dt.datetime(2026, 11, 5, 8, tzinfo=UTC)
OWN, MAYA = "UCbrand00000000000000000", "UCa1b2c3d4e5f6g7h8i9j0kl"
VIDEO = {
    "kind": "youtube#video",
    "etag": "cD2",
    "id": "k3Jx9-QaZ0w",
    "snippet": {
        "publishedAt": "2026-11-03T16:20:11Z",
        "channelId": MAYA,
        "title": "30-day run test (paid partnership)",
        "description": "https://solefit.example/?utm_source=youtube",
        "channelTitle": "Maya Moves",
        "categoryId": "17",
        "liveBroadcastContent": "none",
        "tags": ["running"],
    },
    "contentDetails": {"duration": "PT12M41S", "definition": "hd", "caption": "false"},
    "status": {"privacyStatus": "public", "madeForKids": False},
    "statistics": {
        "viewCount": "18230",
        "likeCount": "911",
        "favoriteCount": "0",
        "commentCount": "84",
    },
    "paidProductPlacementDetails": {"hasPaidProductPlacement": True},
    "brandPartner": {"channelId": OWN},
}
Answer = Callable[[str, dict[str, Any]], dict[str, Any]]


class FakeSession:
    """Answers by resource and parameters; a document with `error` comes with its code."""

    def __init__(self, answers: Answer) -> None:
        self.headers: dict[str, str] = {}
        self.classify: Any = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def allow_host(self, host: str) -> None:
        """Every host is."""

    def request(self, method: str, address: str, **sent: Any) -> Page:
        resource = address.rpartition("/")[2]
        params = {k: v for k, v in (sent.get("params") or {}).items() if k != "key"}
        if resource == "token":
            document: dict[str, Any] = {"access_token": "ya29.x", "expires_in": 3599}
        else:
            self.asked.append((resource, params))
            document = self._answers(resource, params)
        status = document.get("error", {}).get("code", 200)
        body = json.dumps(document).encode()
        answer = Page(body, status, NOW, "api", {}, document=document)
        if resource != "token" and status >= 400:
            self._raise(answer)
        return answer

    def _raise(self, page: Page) -> None:
        from include.http.answer import HttpAnswer

        verdict = self.classify(HttpAnswer("youtube", page.status, page.body, {}, NOW, "api"))
        if isinstance(verdict, Exception):
            raise verdict


def run(
    name: str, answers: Answer, *, targets: tuple[str, ...] = (), **extra: Any
) -> tuple[list[dict[str, Any]], FakeSession]:
    """Run a stream against the answers; rows are read from landed pages, as in a replay."""
    session = FakeSession(answers)
    connection = Connection(conn_id="youtube__brand", password=f"key-{name}", extra=extra)
    stream = SOURCE.stream(name)
    ctx = FetchContext(
        connection=connection,
        session=session,  # type: ignore[arg-type]
        window=WINDOW,
        targets={"youtube": targets, "instagram": ("someone",)},
    )
    reader = UnitReader(stream)
    columns = [column.name for column in reader.parent.columns]
    rows: list[dict[str, Any]] = []
    for page in stream.fetch(ctx):
        landed = json.loads(json.dumps(dict(page.context)))
        again = Page(page.body, page.status, page.captured_at, "api", {}, context=landed)
        found = [reader.read(d).row for d in stream.parse(json.loads(page.body), again)]
        rows += [dict(zip(columns, row, strict=True)) for row in found]
    assert reader.drifted == set()
    return rows, session


def listed(*items: Any, kind: str = "x", token: str = "") -> dict[str, Any]:
    document = {"kind": kind, "items": list(items), "pageInfo": {"totalResults": len(items)}}
    return {**document, "nextPageToken": token} if token else document


def channel(channel_id: str, *, hidden: bool = False) -> dict[str, Any]:
    return {
        "id": channel_id,
        "snippet": {"title": "T", "customUrl": "@maya", "publishedAt": "2015-05-01T10:00:00.5Z"},
        "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": "UU" + channel_id[2:]}},
        "statistics": {
            "viewCount": "18446744073",
            "subscriberCount": "0" if hidden else "184000",
            "hiddenSubscriberCount": hidden,
            "videoCount": "88",
        },
        "status": {"privacyStatus": "public"},
    }


def upload(video_id: str, published: str | None, title: str = "A video") -> dict[str, Any]:
    details = {"videoId": video_id}
    if published is not None:
        details["videoPublishedAt"] = published
    added = published or "2026-10-30T10:00:00Z"
    return {
        "id": f"item-{video_id}",
        "snippet": {"title": title, "publishedAt": added, "playlistId": "UU1", "position": 0},
        "contentDetails": details,
    }


def failed(status: int, reason: str, domain: str = "global") -> dict[str, Any]:
    entry = {"reason": reason, "domain": domain, "message": "no"}
    return {"error": {"code": status, "message": "no", "errors": [entry]}}


# Channels


def with_uploads(uploads: list[dict[str, Any]], other: Answer) -> Answer:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(*(channel(name) for name in params["id"].split(",")))
        return listed(*uploads) if resource == "playlistItems" else other(resource, params)

    return answers
