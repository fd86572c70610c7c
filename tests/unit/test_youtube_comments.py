"""Comments of videos: threads, replies, who wrote them, and when they are read again."""

from __future__ import annotations

from typing import Any

import pytest
from youtube_wire import (
    MAYA,
    WINDOW,
    Answer,
    failed,
    listed,
    run,
    upload,
    with_uploads,
)

from include.sources.youtube import SOURCE, comments


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
