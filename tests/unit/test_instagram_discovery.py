"""Instagram: accounts that did not connect, looked up by name, and partnership content."""

from __future__ import annotations

from typing import Any

import pytest
from instagram_wire import BRAND, DAY, MAYA, accounts, run

from include.errors import BadRequest, MissingScope
from include.sources._base import Page
from include.sources.instagram import client, parse

UNKNOWN_USER = {"error": {"message": "Invalid user id", "code": 110, "error_subcode": 2207013}}


def test_discovery_gives_a_row_for_every_name_also_without_an_answer() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "username(home.only)" in params["fields"]:
            return UNKNOWN_USER
        found = {"id": MAYA, "username": "maya.moves", "followers_count": 18422}
        return {"business_discovery": found, "id": BRAND}

    rows, session = run(
        "discovered_accounts",
        answers,
        usernames=("@Maya.Moves", "home.only"),
        extra={"account_id": BRAND},
    )
    assert rows == [
        {"id": MAYA, "username": "Maya.Moves", "followers_count": 18422},
        {"username": "home.only", "unavailable_reason": "not_discoverable"},
    ]
    assert session.asked[0] == (
        BRAND,
        {
            "fields": "business_discovery.username(Maya.Moves){id,username,name,followers_count,"
            "follows_count,media_count}"
        },
    )


def test_the_first_connected_account_looks_others_up_when_none_is_named() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA, BRAND) if path == "me/accounts" else UNKNOWN_USER

    _, session = run("discovered_accounts", answers, usernames=("a",))
    assert [path for path, _ in session.asked] == ["me/accounts", MAYA]


def test_nothing_is_asked_when_the_plan_names_nobody() -> None:
    rows, session = run("discovered_media", lambda path, params: {})
    assert (rows, session.asked) == ([], [])


def test_a_handle_that_is_no_username_never_reaches_the_api() -> None:
    with pytest.raises(BadRequest, match=r"'maya\)\{id'"):
        run(
            "discovered_accounts",
            lambda path, params: {},
            usernames=("maya){id",),
            extra={"account_id": "1"},
        )


def test_discovered_media_follow_the_nested_cursor_until_posts_are_too_old() -> None:
    def post(media_id: str, day: str) -> dict[str, Any]:
        return {"id": media_id, "like_count": 412, "timestamp": f"{day}T16:20:11+0000"}

    pages = {
        "": [post("1", "2026-11-03"), post("2", "2026-09-03")],
        ".after(QVFI)": [post("3", "2026-08-10"), post("4", "2026-08-01")],
        ".after(next)": [post("5", "2026-07-30"), post("6", "2026-07-29")],
    }

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        asked = params["fields"].split("media.limit(50)")[1].split("{")[0]
        following = {"": "QVFI", ".after(QVFI)": "next", ".after(next)": "more"}[asked]
        media = {"data": pages[asked], "paging": {"cursors": {"after": following}}}
        return {"business_discovery": {"id": MAYA, "media": media}, "id": BRAND}

    rows, session = run(
        "discovered_media", answers, usernames=("maya.moves",), extra={"account_id": BRAND}
    )
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["username"] == "maya.moves"
    assert len(session.asked) == 3


def test_an_empty_page_of_discovered_media_is_not_the_last_while_the_cursor_moves() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        asked = params["fields"].split("media.limit(50)")[1].split("{")[0]
        posts, following = {
            "": ([], "QVFI"),
            ".after(QVFI)": ([{"id": "1", "timestamp": "2026-11-03T16:20:11+0000"}], "end"),
            ".after(end)": ([], "end"),
        }[asked]
        media = {"data": posts, "paging": {"cursors": {"after": following}}}
        return {"business_discovery": {"id": MAYA, "media": media}, "id": BRAND}

    rows, session = run(
        "discovered_media", answers, usernames=("maya.moves",), extra={"account_id": BRAND}
    )
    assert [row["id"] for row in rows] == ["1"]
    assert len(session.asked) == 3


def test_an_account_that_cannot_be_seen_has_no_discovered_media() -> None:
    rows, _ = run(
        "discovered_media",
        lambda path, params: UNKNOWN_USER,
        usernames=("x",),
        extra={"account_id": BRAND},
    )
    assert rows == []


CONTENT = {
    "content_id": "18040112233445566",
    "platform": "instagram",
    "media_type": "video",
    "post_type": "reels",
    "permalink": "https://www.instagram.com/reel/DKx1aBcDeFg/",
    "creation_time": "2026-11-03T16:20:11+0000",
    "author": {"ig_user_id": MAYA, "display_name": "Maya"},
    "partnership_info": [{"ad_eligibility": "AD_READY", "permission_status": "APPROVED"}],
    "organic_insights": {"likes": 412, "reach": 6210, "saves": None},
}


def test_partnership_content_is_read_by_cursor_with_every_field_named() -> None:
    old = {**CONTENT, "content_id": "9", "creation_time": "2026-07-01"}
    second = {**CONTENT, "content_id": "7", "creation_time": "2026-11-01"}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "after" not in params:
            return {"data": [CONTENT], "paging": {"cursors": {"after": "c1"}}}
        return {"data": [second, old, {**CONTENT, "platform": "facebook"}]}

    rows, session = run(
        "partnership_content", answers, extra={"business_id": "77", "account_id": BRAND}
    )
    assert [row["content_id"] for row in rows] == ["18040112233445566", "7"]
    assert rows[0] == {
        **CONTENT,
        "creation_time": "2026-11-03T16:20:11+00:00",
        "permission_status": "APPROVED",
    }
    assert rows[1]["creation_time"] == "2026-11-01T00:00:00+00:00"
    path, params = session.asked[0]
    assert path == "77/partnership-ads-advertisable-content"
    assert (params["ig_user_id"], params["platform_types"]) == (BRAND, "instagram")
    assert (
        "organic_insights{likes,comments,views,reach,shares,interaction,saves}" in params["fields"]
    )


def test_the_permission_is_the_one_of_the_brand() -> None:
    partners = [
        {"permission_status": "PENDING", "tagged_partner": {"ig_user_id": "1"}},
        {"permission_status": "APPROVED", "tagged_partner": {"ig_user_id": BRAND}},
    ]
    document = {"data": [{**CONTENT, "partnership_info": partners}]}
    context = {**client.publication_span(DAY), "brand_account_id": BRAND}
    page = Page(b"", 200, DAY.end, "api", {}, context=context)
    (row,) = parse.parse_partnership_content(document, page)
    assert row["permission_status"] == "APPROVED"


@pytest.mark.parametrize("extra", [{}, {"business_id": "77"}, {"account_id": BRAND}])
def test_partnership_content_without_a_business_is_a_missing_scope(extra: dict[str, str]) -> None:
    with pytest.raises(MissingScope, match=r"'instagram__brand'.*business_id"):
        run("partnership_content", lambda path, params: {}, extra=extra)
