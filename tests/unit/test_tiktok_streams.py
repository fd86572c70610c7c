"""TikTok's connected accounts: what each stream asks and which rows come of the answers."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from tiktok_wire import END_MS, MAYA, UTC, VIDEO, YOUNG, run, some

from include.errors import MissingScope
from include.sources._base import Window


def test_a_profile_is_a_row_under_its_account() -> None:
    profile = {"username": "maya.moves", "followers_count": "18422", "is_verified": False}
    rows, api = run("accounts", lambda path, params: dict(profile))
    (row,) = rows
    assert some(row, "business_id", "username", "followers_count", "total_likes") == (
        *(MAYA, "maya.moves", 18422),
        None,
    )
    assert (row["refused_fields"], row["is_partial"]) == (None, False)
    ((path, params),) = api.asked
    assert (path, params["business_id"]) == ("business/get", MAYA)
    assert "start_date" not in params


def test_videos_are_asked_before_the_windows_end_and_read_in_any_number_type() -> None:
    rows, api = run("videos", lambda path, params: {"videos": [VIDEO, YOUNG], "has_more": False})
    assert some(rows[0], "item_id", "video_views", "reach", "likes", "comments", "favorites") == (
        "7571234567890123456",
        *(20344, 17120, 1412, 61, 203),
    )
    assert rows[0]["full_video_watched_rate"] == "0.1832"
    assert rows[0]["total_time_watched"] == "130405.2"
    assert rows[0]["create_time"] == "2026-11-03T16:30:11Z"
    ((path, params),) = api.asked
    assert path == "business/video/list"
    assert (params["cursor"], params["max_count"]) == (END_MS, 20)
    assert params["fields"][0] == "item_id"
    assert "thumbnail_url" not in params["fields"]


def test_figures_that_have_not_come_are_unknown_and_not_zero() -> None:
    rows, _ = run("videos", lambda path, params: {"videos": [YOUNG], "has_more": False})
    assert some(rows[0], "video_views", "likes", "full_video_watched_rate") == (None, None, None)
    assert rows[0]["caption"] == ""


def test_videos_outside_the_window_are_left_out_and_end_the_list() -> None:
    late = {**YOUNG, "item_id": "1", "create_time": END_MS // 1000}
    edge = {**YOUNG, "item_id": "2", "create_time": END_MS // 1000 - 90 * 86_400}
    old = {**YOUNG, "item_id": "3", "create_time": END_MS // 1000 - 90 * 86_400 - 1}
    pages = {
        END_MS: {"videos": [late, VIDEO], "has_more": True, "cursor": 5},
        5: {"videos": [edge, old], "has_more": True, "cursor": "4"},
        4: {"videos": [old], "has_more": True, "cursor": 3},
    }
    rows, api = run("videos", lambda path, params: dict(pages[params["cursor"]]))
    assert [row["item_id"] for row in rows] == ["7571234567890123456", "2"]
    assert len(api.asked) == 3


def test_a_partial_success_is_marked_as_such() -> None:
    answer = {"code": 20001, "videos": [VIDEO], "has_more": False}
    rows, _ = run("videos", lambda path, params: dict(answer))
    assert [row["is_partial"] for row in rows] == [True]


def test_a_field_without_permission_is_left_out_and_named() -> None:
    from include.sources.tiktok.envelope import ParameterRefused

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "new_followers" in params["fields"]:
            raise ParameterRefused("no", ("new_followers",))
        if "total_time_watched" in params["fields"]:
            raise MissingScope("(code 40001)")
        return {"videos": [VIDEO], "has_more": False}

    rows, api = run("videos", answers)
    refused = rows[0]["refused_fields"].split(",")
    assert refused[:2] == ["total_time_watched", "average_time_watched"]
    assert {"new_followers", "website_clicks"} <= set(refused)
    assert "video_views" not in refused
    # One field by name, then the dearest group, then the next.
    assert [len(params["fields"]) for _, params in api.asked] == [29, 28, 21, 13]


def test_days_are_asked_for_as_far_as_they_are_over() -> None:
    days = [
        {"date": "2026-11-02", "video_views": "9120", "likes": 611.0, "daily_total_viewers": 7},
        {"date": "2026-11-03"},
        {"date": "2026-11-04 00:00:00", "video_views": None, "audience_activity": []},
    ]
    rows, api = run("account_days", lambda path, params: {"metrics": days})
    assert [some(row, "date", "video_views", "likes", "shares") for row in rows] == [
        ("2026-11-02", 9120, 611, None)
    ]
    assert rows[0]["daily_total_followers"] == 7
    params = api.asked[0][1]
    # Four days of look-back; the window ends at 05:00 UTC of the fifth, which is not over.
    assert (params["start_date"], params["end_date"]) == ("2026-10-31", "2026-11-04")


def test_days_end_before_a_window_that_ends_before_midnight_utc() -> None:
    tokyo = Window(
        dt.datetime(2026, 11, 3, 15, tzinfo=UTC), dt.datetime(2026, 11, 4, 15, tzinfo=UTC), "x"
    )
    _, api = run("account_days", lambda path, params: {}, window=tokyo)
    assert api.asked[0][1]["end_date"] == "2026-11-03"


def comment(comment_id: str, at: str, **more: Any) -> dict[str, Any]:
    seconds = int(dt.datetime.fromisoformat(f"{at}+00:00").timestamp())
    return {
        "comment_id": comment_id,
        "video_id": VIDEO["item_id"],
        "create_time": str(seconds),
        "text": "the glow is real ✨",
        "likes": "3",
        "replies": 0,
        "owner": False,
        "pinned": False,
        "status": "PUBLIC",
        "username": "hashed-by-then",
        "user_id": "hashed-by-then",
        **more,
    }


def test_comments_of_the_window_come_with_all_their_replies() -> None:
    replies = [comment(f"9{i}", "2026-11-04T11:00:00", owner=True) for i in range(4)]
    newest = comment("3", "2026-11-04T10:00:00", replies="4", reply_list=replies[:3])

    def answered(name: str, at: str) -> dict[str, Any]:
        reply = comment(f"reply_to_{name}", "2026-11-04T11:00:00")
        return comment(name, at, replies="1", reply_list=[reply])

    pages = {
        0: {"comments": [comment("4", "2026-11-05T05:00:00"), newest], "has_more": True},
        2: {"comments": [comment("2", "2026-11-01T05:00:00")], "has_more": True, "cursor": 3},
        3: {"comments": [answered("1", "2026-10-25T05:00:00")], "has_more": True, "cursor": 4},
        # Older than a week when the window began: a list ends here, and may not tell of replies.
        4: {"comments": [answered("0", "2026-10-25T04:59:59")], "has_more": True, "cursor": 5},
    }
    pages[0]["cursor"] = 2

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "business/video/list":
            return {"videos": [VIDEO], "has_more": False}
        if path == "business/comment/reply/list":
            assert params["comment_id"] == "3"
            return {"comments": replies, "has_more": False}
        return dict(pages[params["cursor"]])

    rows, api = run("comments", answers)
    by_id = {row["comment_id"]: row for row in rows}
    assert sorted(by_id) == ["2", "3", "90", "91", "92", "93", "reply_to_1"]
    assert by_id["93"]["parent_comment_id"] == "3"
    assert by_id["3"]["parent_comment_id"] is None
    assert some(by_id["3"], "business_id", "likes", "is_owner", "replies") == (MAYA, 3, False, 4)
    listed = [params for path, params in api.asked if path == "business/comment/list"]
    assert [params["cursor"] for params in listed] == [0, 2, 3, 4]
    assert (listed[0]["sort_field"], listed[0]["sort_type"]) == ("create_time", "desc")
    assert (listed[0]["status"], listed[0]["max_count"]) == ("ALL", 30)


def test_an_account_that_permits_no_comments_is_left_out() -> None:
    accounts = {name: {"access_token": f"act.{name}.token"} for name in (MAYA, "_000lena")}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "business/video/list":
            return {"videos": [VIDEO], "has_more": False}
        if params["business_id"] == MAYA:
            raise MissingScope("comment.list")
        return {"comments": [comment("1", "2026-11-04T10:00:00")], "has_more": False}

    rows, _ = run("comments", answers, accounts=accounts)
    assert [row["business_id"] for row in rows] == ["_000lena"]


def test_comments_nobody_permits_are_a_missing_scope() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        raise MissingScope("comment.list")

    with pytest.raises(MissingScope):
        run("comments", answers)
