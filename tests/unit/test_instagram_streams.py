"""Instagram: what each stream asks and which rows come of the answers, shaped as documented."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest

from include.errors import BadRequest, MissingScope
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources.instagram import SOURCE, client, parse

UTC = dt.UTC
# 4 November 2026 in New York (UTC-5).
WINDOW = Window(
    start=dt.datetime(2026, 11, 4, 5, tzinfo=UTC),
    end=dt.datetime(2026, 11, 5, 5, tzinfo=UTC),
    key="2026-11-04",
)
BRAND, MAYA = "17841400000000001", "17841460000000123"
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
NOT_SUPPORTED = "(#100) The Media Insights API does not support the %s metric for this media type."


class FakeGraph:
    """Answers by path and parameters; a document with `error` comes with status 400."""

    def __init__(self, answers: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        self.headers: dict[str, str] = {}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self._answers = answers

    def sleep(self, seconds: float) -> None:
        raise AssertionError("nothing here asks for a pause")

    def request(self, method: str, path: str, *, params: dict[str, Any]) -> Page:
        path = path.removeprefix("/v26.0/")
        self.asked.append((path, params))
        document = self._answers(path, params)
        return Page(
            body=json.dumps(document).encode(),
            status=400 if "error" in document else 200,
            captured_at=WINDOW.end,
            captured_at_source="api",
            request={},
            document=document,
        )


def run(
    name: str,
    answers: Callable[[str, dict[str, Any]], dict[str, Any]],
    *,
    window: Window = WINDOW,
    usernames: tuple[str, ...] = (),
    **extra: Any,
) -> tuple[list[dict[str, Any]], FakeGraph]:
    """Run a stream against the answers; rows are parsed from landed pages, as in a replay."""
    session = FakeGraph(answers)
    connection = Connection(conn_id="instagram__brand", password="t", extra=extra)
    stream = SOURCE.stream(name)
    ctx = FetchContext(
        connection=connection,
        session=session,  # type: ignore[arg-type]
        window=window,
        targets={"instagram": usernames, "tiktok": ("someone",)},
    )
    rows: list[dict[str, Any]] = []
    for page in stream.fetch(ctx):
        landed = json.loads(json.dumps(dict(page.context)))
        again = Page(page.body, page.status, page.captured_at, "api", {}, context=landed)
        rows += map(dict, stream.parse(json.loads(page.body), again))
    return rows, session


def accounts(*ids: str) -> dict[str, Any]:
    return {
        "data": [
            {"id": "101"},  # a Page without an Instagram account
            *({"id": f"10{i}", "instagram_business_account": {"id": i}} for i in ids),
        ]
    }


def test_profiles_of_connected_accounts_only() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(BRAND, MAYA)
        return {"id": path, "username": f"user{path[-1]}", "followers_count": 18422}

    rows, session = run("accounts", answers)
    assert [row["id"] for row in rows] == [BRAND, MAYA]
    assert [path for path, _ in session.asked] == ["me/accounts", BRAND, MAYA]


def test_media_hold_their_account_and_a_readable_time() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [REEL, CAROUSEL]}

    rows, session = run("media", answers)
    assert rows == [
        {**REEL, "timestamp": "2026-11-03T16:20:11+00:00", "account_id": MAYA},
        {**CAROUSEL, "timestamp": "2026-10-30T08:00:02+00:00", "account_id": MAYA},
    ]
    asked = session.asked[1][1]
    # 90 days before 2026-11-05T05:00Z, and that instant.
    assert (asked["since"], asked["until"]) == (1786078800, 1793854800)
    assert asked["limit"] == 100


def test_media_outside_the_window_are_left_out_whatever_the_api_sends() -> None:
    late = {**REEL, "id": "1", "timestamp": "2026-11-05T05:00:00+0000"}
    old = {**REEL, "id": "2", "timestamp": "2026-08-07T04:59:59+0000"}
    edge = {**REEL, "id": "3", "timestamp": "2026-08-07T05:00:00+0000"}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [late, old, edge]}

    rows, _ = run("media", answers)
    assert [row["id"] for row in rows] == ["3"]


def test_a_post_without_a_readable_time_is_handed_on_for_quarantine() -> None:
    odd = {**REEL, "timestamp": "yesterday"}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [odd]}

    rows, _ = run("media", answers)
    assert rows[0]["timestamp"] == "yesterday"


@pytest.mark.parametrize(
    ("published", "key", "due"),
    [
        ("2026-11-04T20:00:00+0000", "2026-11-04", True),  # day 0
        ("2026-11-05T03:00:00+0000", "2026-11-04", True),  # evening in New York, next day in UTC
        ("2026-10-21T12:00:00+0000", "2026-11-04", True),  # day 14
        ("2026-10-20T12:00:00+0000", "2026-11-04", False),  # day 15
        ("2026-10-14T12:00:00+0000", "2026-11-04", True),  # day 21, over the clock change
        ("2026-10-13T12:00:00+0000", "2026-11-04", False),  # day 22
        ("unknown", "2026-11-04", True),
    ],
)
def test_posts_are_read_daily_to_day_14_then_weekly(published: str, key: str, due: bool) -> None:
    window = Window(start=WINDOW.start, end=WINDOW.end, key=key)
    assert client.is_due(published, window) is due


def test_each_post_has_ten_weekly_reads_after_day_14() -> None:
    published = "2026-08-01T23:30:00+0000"
    days = [dt.date(2026, 8, 1) + dt.timedelta(days=age) for age in range(91)]
    read = [
        (day - dt.date(2026, 8, 1)).days
        for day in days
        if client.is_due(published, Window(WINDOW.start, WINDOW.end, day.isoformat()))
    ]
    assert read == [*range(15), 21, 28, 35, 42, 49, 56, 63, 70, 77, 84]


def insight(name: str, value: Any) -> dict[str, Any]:
    return {"name": name, "period": "lifetime", "values": [{"value": value}], "id": f"x/{name}"}


def insights_of(
    answer: Callable[[str, list[str]], dict[str, Any]], *posts: dict[str, Any]
) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Run media_insights over posts; return rows and the (media, metrics) asked."""

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(MAYA)
        if path.endswith("/media"):
            return {"data": list(posts)}
        return answer(path.removesuffix("/insights"), params["metric"].split(","))

    rows, session = run("media_insights", answers)
    asked = [
        (path.removesuffix("/insights"), params["metric"])
        for path, params in session.asked
        if "metric" in params
    ]
    return rows, asked


def test_insights_become_one_row_per_post_with_the_metrics_of_its_product() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        return {"data": [insight(name, i) for i, name in enumerate(metrics)]}

    rows, asked = insights_of(answer, REEL, CAROUSEL)
    assert asked == [
        (
            REEL["id"],
            (
                "reach,views,shares,reposts,total_interactions,likes,comments,saved,"
                "ig_reels_avg_watch_time,ig_reels_video_view_total_time"
            ),
        ),
        (
            CAROUSEL["id"],
            (
                "reach,views,shares,reposts,total_interactions,likes,comments,saved,"
                "profile_visits,follows"
            ),
        ),
    ]
    assert rows[0] == {
        "media_id": REEL["id"],
        "account_id": MAYA,
        "media_product_type": "REELS",
        "reach": 0,
        "views": 1,
        "shares": 2,
        "reposts": 3,
        "total_interactions": 4,
        "likes": 5,
        "comments": 6,
        "saved": 7,
        "ig_reels_avg_watch_time": 8,
        "ig_reels_video_view_total_time": 9,
        "metric_definition": "instagram_views_2025",
        "refused_metrics": None,
        "unavailable_reason": None,
    }


def test_a_refused_metric_is_left_out_and_the_others_are_kept() -> None:
    """The whole call fails for one metric; views and reposts are refused here."""

    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        for name in ("views", "reposts"):
            if name in metrics:
                return {"error": {"message": NOT_SUPPORTED % name, "code": 100}}
        return {"data": [insight(name, 5) for name in metrics]}

    rows, asked = insights_of(answer, REEL, {**REEL, "id": "2"})
    assert [row["refused_metrics"] for row in rows] == ["views,reposts"] * 2
    assert [row["reach"] for row in rows] == [5, 5]
    assert "views" not in rows[0]
    # First post: the full list, ten single metrics, the accepted eight. Second: full, accepted.
    assert len([media for media, _ in asked if media == REEL["id"]]) == 12
    assert len([media for media, _ in asked if media == "2"]) == 2


def test_what_one_post_lacks_is_still_asked_of_the_next() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        if media_id == REEL["id"] and "views" in metrics:
            return {"error": {"message": NOT_SUPPORTED % "views", "code": 100}}
        return {"data": [insight(name, 5) for name in metrics]}

    rows, _ = insights_of(answer, REEL, {**REEL, "id": "2"})
    assert [row.get("views") for row in rows] == [None, 5]
    assert [row["refused_metrics"] for row in rows] == ["views", None]


def test_a_post_whose_every_metric_is_refused_says_so() -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        return {"error": {"message": NOT_SUPPORTED % metrics[0], "code": 100}}

    ((row,), _) = insights_of(answer, CAROUSEL)
    assert row["unavailable_reason"] == "metrics_refused"
    assert len(row["refused_metrics"].split(",")) == 10


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 10, "message": "(#10) Not enough viewers for the media"}, "not_enough_viewers"),
        (
            {"code": 100, "error_subcode": 2108006, "message": "Media posted before business"},
            "before_business_account",
        ),
        ({"code": 100, "error_subcode": 33, "message": "does not exist"}, "not_visible"),
    ],
)
def test_what_one_post_cannot_show_does_not_stop_the_others(
    error: dict[str, Any], reason: str
) -> None:
    def answer(media_id: str, metrics: list[str]) -> dict[str, Any]:
        if media_id == REEL["id"]:
            return {"error": error}
        return {"data": [insight("reach", 6210)]}

    rows, asked = insights_of(answer, REEL, CAROUSEL)
    assert [row["unavailable_reason"] for row in rows] == [reason, None]
    assert [row.get("reach") for row in rows] == [None, 6210]
    assert len(asked) == 2


def test_an_empty_list_is_unknown_and_not_zero() -> None:
    ((row,), _) = insights_of(lambda media_id, metrics: {"data": []}, REEL)
    assert row["unavailable_reason"] == "no_data"
    assert "reach" not in row


def test_a_metric_given_with_a_breakdown_is_read_from_its_total() -> None:
    entry = {"name": "reach", "period": "lifetime", "total_value": {"value": 25, "breakdowns": []}}
    ((row,), _) = insights_of(lambda media_id, metrics: {"data": [entry]}, REEL)
    assert row["reach"] == 25


UNKNOWN_USER = {"error": {"message": "Invalid user id", "code": 110, "error_subcode": 2207013}}


def test_discovery_gives_a_row_for_every_name_also_without_an_answer() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if "username(home.only)" in params["fields"]:
            return UNKNOWN_USER
        found = {"id": MAYA, "username": "maya.moves", "followers_count": 18422}
        return {"business_discovery": found, "id": BRAND}

    rows, session = run(
        "discovered_accounts", answers, usernames=("@Maya.Moves", "home.only"), account_id=BRAND
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
        run("discovered_accounts", lambda path, params: {}, usernames=("maya){id",), account_id="1")


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

    rows, session = run("discovered_media", answers, usernames=("maya.moves",), account_id=BRAND)
    assert [row["id"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["username"] == "maya.moves"
    assert len(session.asked) == 3


def test_an_account_that_cannot_be_seen_has_no_discovered_media() -> None:
    rows, _ = run(
        "discovered_media", lambda path, params: UNKNOWN_USER, usernames=("x",), account_id=BRAND
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

    rows, session = run("partnership_content", answers, business_id="77", account_id=BRAND)
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
    context = {**client.publication_span(WINDOW), "brand_account_id": BRAND}
    page = Page(b"", 200, WINDOW.end, "api", {}, context=context)
    (row,) = parse.parse_partnership_content(document, page)
    assert row["permission_status"] == "APPROVED"


@pytest.mark.parametrize("extra", [{}, {"business_id": "77"}, {"account_id": BRAND}])
def test_partnership_content_without_a_business_is_a_missing_scope(extra: dict[str, str]) -> None:
    with pytest.raises(MissingScope, match=r"'instagram__brand'.*business_id"):
        run("partnership_content", lambda path, params: {}, **extra)
