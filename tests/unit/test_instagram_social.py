"""Instagram: stories, account days, tags, comments, metric lists by date."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from instagram_wire import BRAND, DAY, MAYA, SIX_HOURS, UTC, Answers, accounts, run

from include.errors import BadRequest
from include.ingest import day_window, stream_window
from include.sources._base import (
    Window,
)
from include.sources.instagram import SOURCE, account_days, client, metrics

# Stories

STORY = {
    "id": "18040112233445566",
    "media_type": "VIDEO",
    "media_product_type": "STORY",
    "permalink": "https://www.instagram.com/stories/maya.moves/18040112233445566",
    "timestamp": "2026-11-04T09:31:07+0000",
    "username": "maya.moves",
}
NAVIGATION = {
    "name": "navigation",
    "values": [{"value": 25}],
    "total_value": {
        "value": 25,
        "breakdowns": [
            {
                "dimension_keys": ["story_navigation_action_type"],
                "results": [
                    {"dimension_values": ["tap_forward"], "value": 19},
                    {"dimension_values": ["tap_exit"], "value": 6},
                ],
            }
        ],
    },
}


def story_answers(insights: Answers, *stories: dict[str, Any]) -> Answers:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/stories"):
            return {"data": list(stories)}
        return insights(path, params)

    return answers


def all_insights(path: str, params: dict[str, Any]) -> dict[str, Any]:
    if params["metric"] == "navigation":
        assert params["breakdown"] == "story_navigation_action_type"
        return {"data": [NAVIGATION]}
    names = params["metric"].split(",")
    return {"data": [{"name": n, "values": [{"value": i}]} for i, n in enumerate(names)]}


def test_a_story_is_one_row_of_listing_insights_and_navigation() -> None:
    ((row,), session) = run("stories", story_answers(all_insights, STORY), SIX_HOURS)
    assert row == {
        "media_id": STORY["id"],
        "account_id": MAYA,
        "media_product_type": "STORY",
        "username": "maya.moves",
        "media_type": "VIDEO",
        "permalink": STORY["permalink"],
        "timestamp": "2026-11-04T09:31:07+00:00",
        "reach": 0,
        "views": 1,
        "shares": 2,
        "reposts": 3,
        "total_interactions": 4,
        "profile_visits": 5,
        "follows": 6,
        "replies": 7,
        "link_clicks": 8,
        "navigation": 25,
        "tap_forward": 19,
        "tap_exit": 6,
        "metric_definition": "instagram_views_2025",
        "refused_metrics": None,
        "unavailable_reason": None,
    }
    assert [path for path, _ in session.asked][:2] == ["me/accounts", f"{MAYA}/stories"]


def test_a_story_published_after_the_window_belongs_to_the_next() -> None:
    late = {**STORY, "timestamp": "2026-11-04T12:00:00+0000"}
    edge = {**STORY, "id": "2", "timestamp": "2026-11-04T11:59:59+0000"}
    rows, _ = run("stories", story_answers(all_insights, late, edge), SIX_HOURS)
    assert [row["media_id"] for row in rows] == ["2"]


def test_too_few_viewers_are_a_reason_and_navigation_is_not_asked_for() -> None:
    def refuse(path: str, params: dict[str, Any]) -> dict[str, Any]:
        assert params["metric"] != "navigation"
        return {"error": {"code": 10, "message": "(#10) Not enough viewers for the media"}}

    ((row,), _) = run("stories", story_answers(refuse, STORY), SIX_HOURS)
    assert row["unavailable_reason"] == "not_enough_viewers"
    assert "reach" not in row
    assert row["permalink"] == STORY["permalink"]


def test_refused_navigation_is_named_and_the_rest_is_kept() -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if params["metric"] == "navigation":
            return {"error": {"code": 100, "message": "(#100) not supported"}}
        return all_insights(path, params)

    ((row,), _) = run("stories", story_answers(answer, STORY), SIX_HOURS)
    assert (row["refused_metrics"], row["reach"]) == ("navigation", 0)
    assert "navigation" not in row


def test_windows_of_six_hours_are_cut_in_utc() -> None:
    stories = SOURCE.stream("stories")
    window = stream_window(stories, "2026-11-01T06", "America/New_York")
    start = dt.datetime(2026, 11, 1, 6, tzinfo=UTC)
    assert window == Window(start, start + dt.timedelta(hours=6), "2026-11-01T06")
    for key in ("2026-11-01", "2026-11-01T05", "2026-11-01T06:00"):
        with pytest.raises(ValueError):  # noqa: PT011  # some words are the standard library's
            stream_window(stories, key, "UTC")
    assert stream_window(SOURCE.stream("media"), "2026-11-01", "UTC") == day_window(
        "2026-11-01", "UTC"
    )


def test_a_day_has_every_stream_but_those_with_windows_of_their_own() -> None:
    day = {stream.name for stream in SOURCE.part().streams}
    assert day == {stream.name for stream in SOURCE.streams} - {"stories"}
    assert [stream.name for stream in SOURCE.part("stories").streams] == ["stories"]
    with pytest.raises(KeyError, match="reels"):
        SOURCE.part("reels")


# Metric lists


def test_the_date_decides_which_metrics_a_story_has() -> None:
    before = metrics.metrics_of("STORY", dt.date(2026, 6, 21)).metrics
    since = metrics.metrics_of("STORY", dt.date(2026, 6, 22)).metrics
    assert set(since) - set(before) == {"link_clicks"}
    assert metrics.metrics_of("STORY", dt.date(2020, 1, 1)).metrics == before
    assert metrics.metrics_of("AD", dt.date(2026, 6, 22)).product_type == "FEED"
    assert "profile_visits" not in metrics.metrics_of("REELS", dt.date(2026, 6, 22)).metrics


def test_the_window_and_not_the_clock_chooses_the_list() -> None:
    window = stream_window(SOURCE.stream("stories"), "2026-06-21T12", "UTC")
    old = {**STORY, "timestamp": "2026-06-21T12:31:07+0000"}
    _, session = run("stories", story_answers(all_insights, old), window)
    assert not any("link_clicks" in params.get("metric", "") for _, params in session.asked)


# Account insights


def test_days_end_at_midnight_pacific_also_when_clocks_change() -> None:
    window = day_window("2026-11-03", "America/New_York")
    read = Window(window.start - dt.timedelta(days=3), window.end, window.key)
    days = account_days.ended_days(read)
    # 31 October (UTC-7), 1 November with 25 hours, 2 November (UTC-8); the 3rd is not over.
    assert [
        (d.date.day, d.start.astimezone(UTC).hour, d.end.astimezone(UTC).hour) for d in days
    ] == [
        (31, 7, 7),
        (1, 7, 8),
        (2, 8, 8),
    ]
    assert days[1].end.astimezone(UTC) - days[1].start.astimezone(UTC) == dt.timedelta(hours=25)


def account_answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
    if params["metric"] == "follows_and_unfollows":
        results = [
            {"dimension_values": ["FOLLOWER"], "value": 11},
            {"dimension_values": ["NON_FOLLOWER"], "value": 4},
        ]
        total = {"value": 15, "breakdowns": [{"results": results}]}
        return {"data": [{"name": "follows_and_unfollows", "total_value": total}]}
    names = params["metric"].split(",")
    entries = [{"name": n, "period": "day", "total_value": {"value": 224}} for n in names]
    return {"data": [*entries[1:], {"name": "reach", "period": "day", "total_value": {}}]}


def test_each_metric_of_a_day_is_a_row_and_a_missing_one_is_none() -> None:
    rows, session = run("account_insights", account_answer, DAY, extra={"account_id": BRAND})
    first = [row for row in rows if row["date"] == "2026-11-01"]
    assert {"views", "likes"} < {row["metric"] for row in first}
    assert "reach" not in {row["metric"] for row in first}
    follows = [(r["breakdown"], r["value"]) for r in first if "follows" in r["metric"]]
    assert follows == [("FOLLOWER", 11), ("NON_FOLLOWER", 4)]
    assert {row["end_time"] for row in first} == {"2026-11-02T08:00:00+00:00"}
    assert {row["account_id"] for row in rows} == {BRAND}
    assert len(session.asked) == 6  # three ended days, two answers each
    asked = session.asked[0][1]
    assert (asked["metric_type"], asked["period"]) == ("total_value", "day")
    assert asked["until"] - asked["since"] == 25 * 3600
    assert "breakdown" not in asked
    assert session.asked[1][1]["breakdown"] == "follow_type"


def test_a_metric_refused_for_the_account_is_left_out_on_the_next_days() -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "reposts" in params["metric"]:
            return {"error": {"code": 100, "message": "(#100) metric[0] must be one of"}}
        return account_answer(path, params)

    rows, session = run("account_insights", answer, DAY, extra={"account_id": BRAND})
    assert "reposts" not in {row["metric"] for row in rows}
    assert {row["date"] for row in rows} == {"2026-11-01", "2026-11-02", "2026-11-03"}
    # First day: all, eleven alone, the accepted ten, follows; then all, accepted, follows.
    assert len(session.asked) == 14 + 3 + 3


def test_nothing_yet_is_no_row() -> None:
    rows, _ = run(
        "account_insights", lambda path, params: {"data": []}, DAY, extra={"account_id": BRAND}
    )
    assert rows == []


@pytest.mark.parametrize(
    ("which", "asked"), [(None, {BRAND}), ("brand", {BRAND}), ("connected", {BRAND, MAYA})]
)
def test_which_accounts_are_asked_is_the_connections_choice(
    which: str | None, asked: set[str]
) -> None:
    def answer(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(BRAND, MAYA) if path == "me/accounts" else account_answer(path, params)

    rows, _ = run(
        "account_insights", answer, DAY, extra={"account_id": BRAND, "account_insights": which}
    )
    assert {row["account_id"] for row in rows} == asked


def test_an_unknown_choice_names_the_allowed_ones() -> None:
    with pytest.raises(BadRequest, match=r"'all'; allowed: brand, connected"):
        run("account_insights", account_answer, DAY, extra={"account_insights": "all"})


# Tags and comments


def test_tags_end_where_all_posts_of_a_page_are_too_old() -> None:
    def page(day: str, after: str) -> dict[str, Any]:
        post = {"id": day, "username": "fan", "timestamp": f"{day}T10:00:00+0000"}
        paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/next"}
        return {"data": [post], "paging": paging}

    pages = {None: page("2026-11-01", "a"), "a": page("2026-07-01", "b")}
    rows, session = run(
        "tags", lambda path, params: pages[params.get("after")], DAY, extra={"account_id": BRAND}
    )
    assert [(row["id"], row["account_id"]) for row in rows] == [("2026-11-01", BRAND)]
    assert [path for path, _ in session.asked] == [f"{BRAND}/tags"] * 2


def comment(comment_id: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": comment_id, "text": "Love it", "username": "anna", "timestamp": at, **more}


def test_comments_and_replies_of_the_window_are_rows() -> None:
    reply = comment("r1", "2026-11-04T13:00:00+0000")
    newest = comment("c2", "2026-11-04T12:00:00+0000", replies={"data": [reply]}, like_count=2)
    older = comment("c1", "2026-11-02T12:00:00+0000")
    media = {"id": "m1", "comments": {"data": [newest, older]}}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        return {"data": [media, {"id": "m2"}]}

    rows, session = run("comments", answers, DAY)
    assert rows == [
        {
            "id": "c2",
            "media_id": "m1",
            "account_id": MAYA,
            "text": "Love it",
            "username": "anna",
            "timestamp": "2026-11-04T12:00:00+00:00",
            "like_count": 2,
        },
        {
            "id": "r1",
            "parent_id": "c2",
            "media_id": "m1",
            "account_id": MAYA,
            "text": "Love it",
            "username": "anna",
            "timestamp": "2026-11-04T13:00:00+00:00",
        },
    ]
    assert SOURCE.stream("comments").personal_keys == {"username"}
    asked = session.asked[1][1]
    assert asked["until"] - asked["since"] == 14 * 86_400
    assert "comments.limit(25){" in asked["fields"]


def test_more_comments_are_asked_for_until_they_are_too_old() -> None:
    def page(ids: list[tuple[str, str]], after: str | None) -> dict[str, Any]:
        paging = {"cursors": {"after": after}, "next": "https://graph.facebook.com/n"}
        edge: dict[str, Any] = {"data": [comment(i, at) for i, at in ids]}
        return {**edge, "paging": paging} if after else edge

    first = page([("c4", "2026-11-04T12:00:00+0000")], "k1")
    more = {
        "k1": page([("c3", "2026-11-04T11:00:00+0000")], "k2"),
        "k2": page([("c2", "2026-11-04T10:00:00+0000"), ("c1", "2026-10-01T10:00:00+0000")], "k3"),
    }

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path == "m1/comments":
            return more[params["after"]]
        return {"data": [{"id": "m1", "comments": first}]}

    rows, _ = run("comments", answers, DAY)
    assert [row["id"] for row in rows] == ["c4", "c3", "c2"]


@pytest.mark.parametrize("size", [1, 2, 3, 25])
def test_replies_do_not_depend_on_where_a_page_of_comments_ends(size: int) -> None:
    """Read from 2026-11-03T05:00Z on: replies to comments made from 2026-10-27T05:00Z on."""
    days = ("2026-11-04", "2026-11-03", "2026-10-29", "2026-10-28", "2026-10-27", "2026-10-26")
    replied = [
        comment(
            f"c{day[-2:]}",
            f"{day}T03:30:00+0000",
            replies={"data": [comment(f"r{day[-2:]}", "2026-11-04T12:00:00+0000")]},
        )
        for day in days
    ]
    # This one has more replies than came with it.
    replied[2]["replies"]["paging"] = {"cursors": {"after": "0"}, "next": "https://g.test/next"}

    def edge(first: int) -> dict[str, Any]:
        given, last = replied[first : first + size], first + size
        paging = {"cursors": {"after": str(last)}, "next": "https://g.test/next"}
        return {"data": given, "paging": paging} if last < len(replied) else {"data": given}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "c29/replies":
            return {"data": [comment("r29b", "2026-11-04T13:00:00+0000")]}
        if path == "m1/comments":
            return edge(int(params["after"]))
        return accounts(MAYA) if path == "me/accounts" else {"data": [{"id": "m1"} | first]}

    first = {"comments": edge(0)}
    rows, _ = run("comments", answers, DAY)
    found = {(row["id"], row.get("parent_id")) for row in rows}
    assert found == {
        ("c04", None),
        ("r04", "c04"),
        ("r03", "c03"),
        ("r29", "c29"),
        ("r29b", "c29"),
        ("r28", "c28"),
    }


def test_older_posts_are_looked_at_on_mondays() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": []}

    monday = day_window("2026-11-02", "America/New_York")
    _, session = run("comments", answers, monday)
    asked = session.asked[1][1]
    assert asked["until"] - asked["since"] == 90 * 86_400
    assert SOURCE.stream("comments").lookback_of("2026-11-02") == dt.timedelta(days=7)


def test_insights_of_posts_name_what_their_numbers_mean() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/media"):
            return {"data": [{**STORY, "media_product_type": "REELS"}]}
        return {"data": []}

    ((row,), _) = run("media_insights", answers, DAY)
    assert row["metric_definition"] == metrics.DEFINITION
    assert client.KEPT_DAYS == 90
