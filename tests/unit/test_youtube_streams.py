"""YouTube: what each stream asks and which rows come of the answers, shaped as documented."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from include.errors import BadRequest, MissingScope, Truncated
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._units import UnitReader
from include.sources.youtube import SOURCE, client, comments, reports
from include.sources.youtube.parse import read_duration

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


def test_own_channel_ids_and_handles_are_asked_for() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if "id" in params:
            return listed(channel(MAYA, hidden=True), channel(OWN))
        return listed(channel("UCx"))

    rows, session = run("channels", answers, targets=(MAYA, "@Lena.B", "lena.b"), channel_id=OWN)
    asked = [params for _, params in session.asked]
    assert [a.get("id") or a["forHandle"] for a in asked] == [f"{OWN},{MAYA}", "@Lena.B"]
    assert asked[0]["maxResults"] == 50
    found = {
        row["requested_as"]: (row["channel_id"], row["is_own_channel"], row["subscriber_count"])
        for row in rows
    }
    assert found == {
        OWN: (OWN, True, 184000),
        MAYA: (MAYA, False, None),  # hidden is unknown, not 0
        "Lena.B": ("UCx", False, 184000),
    }
    assert rows[0]["view_count"] == 18446744073


def test_unknown_channels_are_rows_with_the_reason() -> None:
    rows, _ = run(
        "channels",
        lambda resource, params: {"kind": "x", "pageInfo": {"totalResults": 0}},
        targets=(MAYA, "nobody"),
    )
    assert {(row["requested_as"], row["unavailable_reason"]) for row in rows} == {
        (MAYA, "not_found"),
        ("nobody", "not_found"),
    }


def test_ids_are_asked_by_fifty() -> None:
    names = tuple(f"UC{number:022}" for number in range(51))
    _, session = run("channels", lambda *_: listed(), targets=names)
    assert [len(params["id"].split(",")) for _, params in session.asked] == [50, 1]


@pytest.mark.parametrize("target", ["UC1/../x", "a b", "ab", "x" * 31, "https://youtube.com/@x"])
def test_what_is_no_channel_is_named(target: str) -> None:
    with pytest.raises(BadRequest, match="neither a channel id"):
        run("channels", lambda *_: listed(), targets=(target,))


def test_an_own_channel_that_is_no_id_is_named() -> None:
    with pytest.raises(BadRequest, match=r"'youtube__brand': extra\.channel_id 'maya'"):
        run("channels", lambda *_: listed(), channel_id="maya")


# Uploads


def test_uploads_of_the_span_with_hidden_ones_and_their_reason() -> None:
    items = [
        upload("future00000", "2026-11-05T05:00:00Z"),
        upload("new00000000", "2026-11-05T04:59:59Z"),
        upload("private0000", None, "Private video"),
        upload("deleted0000", None, "Deleted video"),
        upload("edge0000000", "2026-08-07T05:00:00Z"),
        upload("old00000000", "2026-08-07T04:59:59Z"),
    ]

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(channel(MAYA))
        assert (params["playlistId"], params["maxResults"]) == ("UU" + MAYA[2:], 50)
        return listed(*items)

    rows, _ = run("uploads", answers, targets=(MAYA,))
    assert {row["video_id"]: row["unavailable_reason"] for row in rows} == {
        "new00000000": None,
        "private0000": "private",
        "deleted0000": "deleted",
        "edge0000000": None,
    }
    assert {row["channel_id"] for row in rows} == {MAYA}


def test_listing_ends_with_a_page_of_older_videos() -> None:
    pages = {
        None: listed(upload("new00000000", "2026-11-01T00:00:00Z"), token="T1"),
        "T1": listed(upload("old00000000", "2026-01-01T00:00:00Z"), token="T2"),
    }

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        return listed(channel(MAYA)) if resource == "channels" else pages[params.get("pageToken")]

    rows, session = run("uploads", answers, targets=(MAYA,))
    assert [row["video_id"] for row in rows] == ["new00000000"]
    assert len(session.asked) == 3


def test_a_channel_without_uploads_has_no_rows() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(channel(MAYA))
        return failed(404, "playlistNotFound", "youtube.playlistItem")

    rows, _ = run("uploads", answers, targets=(MAYA,))
    assert rows == []


# Videos


def with_uploads(uploads: list[dict[str, Any]], other: Answer) -> Answer:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "channels":
            return listed(*(channel(name) for name in params["id"].split(",")))
        return listed(*uploads) if resource == "playlistItems" else other(resource, params)

    return answers


def test_a_video_is_read_whole() -> None:
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    rows, session = run("videos", with_uploads(uploads, lambda *_: listed(VIDEO)), targets=(MAYA,))
    [row] = rows
    kept = ("view_count", "like_count", "comment_count", "duration", "duration_seconds", "tags")
    assert [row[name] for name in kept] == [18230, 911, 84, "PT12M41S", 761, '["running"]']
    assert row["has_paid_product_placement"] is True
    assert row["brand_partner_channel_id"] == OWN
    assert (row["refused_parts"], row["unavailable_reason"]) == (None, None)
    asked = session.asked[-1][1]
    assert asked["part"].split(",")[-2:] == ["paidProductPlacementDetails", "brandPartner"]
    assert "maxResults" not in asked


def test_ids_the_api_drops_are_rows_not_losses() -> None:
    uploads = [
        upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z"),
        upload("-blocked000", "2026-11-02T00:00:00Z"),
        upload("private0000", None, "Private video"),
    ]
    rows, _ = run("videos", with_uploads(uploads, lambda *_: listed(VIDEO, VIDEO)), targets=(MAYA,))
    assert [(row["video_id"], row["unavailable_reason"]) for row in rows] == [
        ("k3Jx9-QaZ0w", None),
        ("-blocked000", "not_returned"),
        ("private0000", "not_returned"),
    ]
    dropped = rows[1]
    assert str(dropped["published_at"]).startswith("2026-11-02")
    assert (dropped["view_count"], dropped["title"], dropped["channel_id"]) == (None, None, MAYA)


def test_counters_nobody_may_see_are_unknown() -> None:
    bare = {**VIDEO, "statistics": {"viewCount": "5"}, "contentDetails": {"duration": "P0D"}}
    del bare["brandPartner"]
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    [row], _ = run("videos", with_uploads(uploads, lambda *_: listed(bare)), targets=(MAYA,))
    assert (row["like_count"], row["comment_count"], row["duration_seconds"]) == (None, None, 0)


@pytest.mark.parametrize(
    "refusal", [failed(403, "forbidden"), failed(400, "unknownPart", "youtube.part")]
)
def test_a_refused_part_is_left_out_and_named(refusal: dict[str, Any]) -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        return refusal if "brandPartner" in params["part"] else listed(VIDEO)

    uploads = [upload(f"{n:011}", "2026-11-03T16:20:11Z") for n in range(60)]
    rows, session = run("videos", with_uploads(uploads, answers), targets=(MAYA,))
    assert {row["refused_parts"] for row in rows} == {"brandPartner"}
    parts = [params["part"].split(",")[4:] for name, params in session.asked if name == "videos"]
    # All, none, each alone, those that are given; then the second batch knows.
    assert parts == [
        ["paidProductPlacementDetails", "brandPartner"],
        [],
        ["paidProductPlacementDetails"],
        ["brandPartner"],
        ["paidProductPlacementDetails"],
        ["paidProductPlacementDetails"],
    ]


def test_a_refusal_of_the_whole_call_is_raised() -> None:
    uploads = [upload("k3Jx9-QaZ0w", "2026-11-03T16:20:11Z")]
    with pytest.raises(MissingScope):
        run("videos", with_uploads(uploads, lambda *_: failed(403, "forbidden")), targets=(MAYA,))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("PT12M41S", 761), ("P0D", 0), ("P1DT2H", 93600), ("PT1H", 3600), ("P1W", 604800)],
)
def test_durations(text: str, seconds: int) -> None:
    assert read_duration(text) == seconds


@pytest.mark.parametrize("text", ["12:41", "P", "", None, "761s"])
def test_what_is_no_duration_stays_as_it_came(text: Any) -> None:
    assert read_duration(text) == text


# Comments


def comment(comment_id: str, **snippet: Any) -> dict[str, Any]:
    shown = {
        "textDisplay": "Bought with your code!",
        "authorDisplayName": "hash",
        "authorChannelId": {"value": "hash"},
        "likeCount": 3,
        "publishedAt": "2026-11-04T08:00:00Z",
        "updatedAt": "2026-11-04T08:00:00Z",
    }
    return {"kind": "youtube#comment", "id": comment_id, "snippet": {**shown, **snippet}}


def thread(comment_id: str, replies: int = 0, inline: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": comment_id,
        "snippet": {"topLevelComment": comment(comment_id), "totalReplyCount": replies},
    }
    if inline:
        given = [comment(f"{comment_id}.{n}", parentId=comment_id) for n in range(inline)]
        document["replies"] = {"comments": given}
    return document


def comment_answers(counts: dict[str, str | None], threads: Answer) -> Answer:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource != "videos":
            return threads(resource, params)
        items = [
            {"id": i, "statistics": {"viewCount": "1"} | ({"commentCount": n} if n else {})}
            for i, n in counts.items()
        ]
        return listed(*items)

    uploads = [upload(i, "2026-11-03T00:00:00Z") for i in [*counts, "dropped0000"]]
    return with_uploads(uploads, answers)


def test_threads_replies_and_videos_without_comments() -> None:
    def threads(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "comments":
            assert (params["parentId"], params["maxResults"]) == ("t1", 100)
            return listed(*(comment(f"t1.{n}", parentId="t1") for n in range(7)))
        assert (params["maxResults"], params["textFormat"]) == (100, "plainText")
        if params["videoId"] == "closed00000":
            return failed(403, "commentsDisabled", "youtube.commentThread")
        if "pageToken" in params:
            return listed(thread("t2", replies=2, inline=2))
        return listed(thread("t1", replies=7, inline=5), token="T1")

    counts = {"busy0000000": "11", "quiet000000": "0", "closed00000": "4", "none0000000": None}
    rows, _ = run("comments", comment_answers(counts, threads), targets=(MAYA,))
    unique = {(row["video_id"], row["comment_id"]) for row in rows}
    busy = {"t1", "t2", "t2.0", "t2.1", *(f"t1.{n}" for n in range(7))}
    assert {c for v, c in unique if v == "busy0000000"} == busy
    reasons = {r["video_id"]: r["unavailable_reason"] for r in rows if r["comment_id"] == "(none)"}
    assert reasons == {
        "quiet000000": "no_comments",
        "closed00000": "comments_disabled",
        "none0000000": "comments_disabled",
        "dropped0000": "not_returned",
    }
    first = next(row for row in rows if row["comment_id"] == "t1")
    assert (first["total_reply_count"], first["parent_id"], first["like_count"]) == (7, None, 3)
    assert {row["read_at"] for row in rows} == {first["read_at"]}


@pytest.mark.parametrize("size", [1, 3, 50, 100])
def test_threads_are_bounded_wherever_a_page_ends(size: int) -> None:
    """A page may hold fewer threads than asked for and begin with one that came before."""

    def threads(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if resource == "comments":
            return listed(comment(f"{params['parentId']}.0", parentId=params["parentId"]))
        first = int(params.get("pageToken", 0))
        repeated = [thread(f"t{first - 1}")] if first else []
        given = [thread(f"t{n}", replies=int(n % 60 == 10)) for n in range(first, first + size)]
        return listed(*repeated, *given, token=str(first + size))

    rows, session = run(
        "comments",
        comment_answers({"viral000000": "9999"}, threads),
        targets=(MAYA,),
        comment_pages=2,
    )
    # Of 200 threads numbers 10, 70, 130 and 190 have a reply that is not given with them.
    replies = {f"t{n}.0" for n in (10, 70, 130, 190)}
    read = {row["comment_id"] for row in rows if row["comment_id"] != "(none)"}
    assert read == {*(f"t{n}" for n in range(200)), *replies}
    asked = [params["parentId"] for name, params in session.asked if name == "comments"]
    assert asked == ["t10", "t70", "t130", "t190"]


def test_an_empty_page_before_the_first_comment_says_nothing() -> None:
    def threads(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        return listed(thread("t1")) if "pageToken" in params else listed(token="T1")

    rows, _ = run("comments", comment_answers({"a" * 11: "1"}, threads), targets=(MAYA,))
    assert {row["comment_id"] for row in rows if row["video_id"] == "a" * 11} == {"t1"}


def test_the_author_is_no_column_in_the_clear() -> None:
    assert SOURCE.stream("comments").personal_keys == {
        "authorDisplayName",
        "value",
        "authorChannelUrl",
        "authorProfileImageUrl",
    }


@pytest.mark.parametrize(
    ("published", "due"),
    [
        ("2026-11-04T20:00:00Z", True),  # day 0
        ("2026-10-21T12:00:00Z", True),  # day 14
        ("2026-10-20T12:00:00Z", False),  # day 15
        ("2026-10-14T12:00:00Z", True),  # day 21
        (None, True),
    ],
)
def test_comments_are_read_daily_to_day_14_then_weekly(published: str | None, due: bool) -> None:
    assert comments.is_due(published, WINDOW) is due


# Analytics

OAUTH = {
    "client_id": "c",
    "client_secret": "GOCSPX-x",
    "refresh_token": "1//0",
    "channel_id": OWN,
    "token_uri": "https://oauth2.googleapis.com/token",
}


def table(names: str, *rows: list[Any]) -> dict[str, Any]:
    kinds = {"day": "STRING", "video": "STRING"}
    headers = [{"name": n, "dataType": kinds.get(n, "INTEGER")} for n in names.split(",")]
    document = {"kind": "youtubeAnalytics#resultTable", "columnHeaders": headers}
    return {**document, "rows": list(rows)} if rows else document


def test_days_of_the_channel_by_the_columns_of_the_answer() -> None:
    answer = table("day,views,averageViewPercentage", ["2026-11-03", 9874, 41.7])
    [row], session = run("channel_days", lambda *_: answer, **OAUTH)
    assert (row["channel_id"], str(row["day"]), row["views"]) == (OWN, "2026-11-03", 9874)
    assert str(row["average_view_percentage"]) == "41.7"
    assert row["likes"] is None
    [(resource, asked)] = session.asked
    assert resource == "reports"
    assert asked["ids"] == f"channel=={OWN}"
    # The window begins on the evening before in Los Angeles.
    assert (asked["startDate"], asked["endDate"]) == ("2026-11-03", "2026-11-04")
    assert "engagedViews" in asked["metrics"].split(",")


def test_an_answer_without_rows_has_none() -> None:
    assert run("channel_days", lambda *_: table("day,views"), **OAUTH)[0] == []


def test_a_refused_metric_is_left_out_and_named() -> None:
    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        if "engagedViews" in params["metrics"]:
            return failed(400, "badRequest")
        return table("day,views", ["2026-11-03", 7])

    [row], _ = run("channel_days", answers, **OAUTH)
    assert (row["views"], row["refused_metrics"]) == (7, "engagedViews")


def test_a_query_refused_whole_is_raised() -> None:
    with pytest.raises(BadRequest):
        run("channel_days", lambda *_: failed(400, "badRequest"), **OAUTH)


def test_videos_are_filtered_by_25_and_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE_ROWS", 2)
    uploads = [upload(f"{n:011}", "2026-11-03T16:20:11Z") for n in range(26)]

    def answers(resource: str, params: dict[str, Any]) -> dict[str, Any]:
        ids = params["filters"].removeprefix("video==").split(",")
        every = [[i, "2026-11-03", 1] for i in ids[:3]]
        start = params["startIndex"] - 1
        return table("video,day,views", *every[start : start + params["maxResults"]])

    rows, session = run("video_days", with_uploads(uploads, answers), **OAUTH)
    assert [row["video_id"] for row in rows] == [f"{n:011}" for n in (0, 1, 2, 25)]
    asked = [params for name, params in session.asked if name == "reports"]
    assert [p["startIndex"] for p in asked] == [1, 3, 1]
    assert {p["dimensions"] for p in asked} == {"video,day"}


def test_a_row_given_twice_asks_for_the_report_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "PAGE_ROWS", 1)
    with pytest.raises(Truncated, match="gives a row twice"):
        run("channel_days", lambda *_: table("day,views", ["2026-11-03", 1]), **OAUTH)


def test_analytics_without_an_own_channel_is_a_missing_permission() -> None:
    for stream in ("channel_days", "video_days"):
        with pytest.raises(MissingScope, match=r"extra\.channel_id is not set"):
            run(stream, lambda *_: listed())
        assert not SOURCE.stream(stream).is_required


def test_the_span_of_publication_is_ninety_days() -> None:
    assert client.publication_span(WINDOW) == {
        "published_from": "2026-08-07T05:00:00+00:00",
        "published_before": "2026-11-05T05:00:00+00:00",
    }
