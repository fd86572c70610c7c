"""TikTok: what each stream asks and which rows come of the answers, shaped as documented."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from include.errors import MissingScope
from include.http.decode import decode_json
from include.sources._base import Connection, FetchContext, Page, Window
from include.sources._units import UnitReader
from include.sources.tiktok import SOURCE
from include.sources.tiktok.parse import read_number, read_time

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


# Connected accounts


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


# TikTok One

CAMPAIGN = {
    "campaign_id": "7619",
    "campaign_name": "Serum",
    "handle_names": ["maya.moves", "Lena"],
    "video_ids": [VIDEO["item_id"]],
    "country_codes": ["US", "GB"],
    "create_time": "2026-09-01 09:00:00",
    "invite_link": "https://www.tiktok.com/tto/invite/x",
}
REPORTED = {
    "video_id": VIDEO["item_id"],
    "creator_info": {"handle_name": "maya.moves", "display_name": "Maya"},
    "video_info": {"create_time": "2026-11-03 16:30:11", "authorization_code": "x"},
    "video_views": "20344",
    "video_views_organic": "18044",
    "video_views_paid": 2300.0,
    "engagement_count": 1571,
    "engagement_rate": "7.72%",
    "reach": 17120,
    "two_seconds_views": 0.61,
    "six_seconds_views": "34%",
    "total_play_time": "130405",
    "video_boosted_date": "1970-01-01",
    "video_views_by_source": [{"source": "for_you", "video_views": "15000"}],
    "anchor_metrics": {"anchor_views": "15110", "anchor_clicks": 402},
    "daily_stats": [
        {"date": "2026-11-04", "views": "9120", "likes": 611},
        {"date": "2026-11-05", "views": 4010},
        {"date": "2026-11-06"},
    ],
}


def marketplace(videos: list[dict[str, Any]]) -> Answer:
    info = {"page": 1, "page_size": 10, "total_number": len(videos), "total_page": 1}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "tto/tcm/campaign":
            return {"campaigns": [CAMPAIGN], "page_info": {"total_number": 1, "total_page": 1}}
        return {"campaign_id": "7619", "country_code": "US", "page_info": info, "videos": videos}

    return answers


def test_campaigns_hold_their_creators_and_videos() -> None:
    rows, api = run("campaigns", marketplace([]))
    assert some(rows[0], "campaign_id", "handle_names") == ("7619", '["maya.moves","Lena"]')
    assert rows[0]["create_time"] == "2026-09-01T09:00:00Z"
    assert api.asked[0][1] == {"tto_tcm_account_id": "7491", "page": 1, "page_size": 5}


def test_campaigns_can_be_named() -> None:
    _, api = run("campaigns", marketplace([]), campaign_ids=["7619"])
    assert api.asked[0][1]["campaign_ids"] == ["7619"]


def test_a_report_is_asked_per_country_and_reads_rates_as_rates() -> None:
    rows, api = run("reports", marketplace([REPORTED]))
    assert [row["country_code"] for row in rows] == ["US", "GB"]
    assert api.countries == [None, "US", "GB"]
    row = rows[0]
    assert some(row, "campaign_id", "video_id", "handle_name") == (
        *("7619", VIDEO["item_id"], "maya.moves"),
    )
    views = ("video_views", "video_views_organic", "video_views_paid", "anchor_clicks")
    assert some(row, *views) == (20344, 18044, 2300, 402)
    rates = ("two_seconds_view_rate", "six_seconds_view_rate", "engagement_rate")
    assert some(row, *rates) == ("0.61", "0.34", "0.0772")
    assert row["video_boosted_at"] is None
    assert row["create_time"] == "2026-11-03T16:30:11Z"
    assert json.loads(row["video_views_by_source"]) == {"for_you": 15000}
    assert "start_date" not in api.asked[1][1]
    assert api.asked[1][1]["page_size"] == 10


def test_a_boosted_video_says_since_when() -> None:
    boosted = {**REPORTED, "video_boosted_date": "2026-11-04 09:30:00"}
    rows, _ = run("reports", marketplace([boosted]))
    assert rows[0]["video_boosted_at"] == "2026-11-04T09:30:00Z"


def test_a_video_without_figures_is_reported_with_none() -> None:
    bare = {"video_id": "7", "video_info": None, "anchor_metrics": None}
    rows, _ = run("reports", marketplace([bare]))
    assert some(rows[0], "video_views", "anchor_clicks", "create_time") == (None, None, None)


def test_a_video_made_after_the_window_belongs_to_the_next() -> None:
    late = {**REPORTED, "video_info": {"create_time": "2026-11-05 05:00:00"}}
    rows, _ = run("reports", marketplace([late]))
    assert rows == []


def test_days_of_a_report_leave_out_what_is_missing() -> None:
    rows, api = run("report_days", marketplace([REPORTED]))
    assert [some(row, "date", "country_code", "views", "likes") for row in rows] == [
        ("2026-11-04", "US", 9120, 611),
        ("2026-11-05", "US", 4010, None),
        ("2026-11-04", "GB", 9120, 611),
        ("2026-11-05", "GB", 4010, None),
    ]
    assert rows[0]["video_id"] == VIDEO["item_id"]
    params = api.asked[1][1]
    assert (params["start_date"], params["end_date"]) == ("2026-10-31", "2026-11-04")


def test_long_spans_are_cut_to_what_a_report_allows() -> None:
    start = dt.datetime(2026, 8, 1, tzinfo=UTC)
    _, api = run("report_days", marketplace([]), window=Window(start, WINDOW.end, "2026-11-04"))
    spans = [(p["start_date"], p["end_date"]) for path, p in api.asked if path == "tto/tcm/report"]
    assert spans == [
        *[("2026-07-28", "2026-09-26")] * 2,
        *[("2026-09-27", "2026-11-04")] * 2,
    ]


def test_creators_of_campaign_and_plan_are_looked_up_once_each() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "tto/tcm/campaign":
            return marketplace([])(path, params)
        if params["handle_name"] == "home.only":
            return {"code": 40121}
        return {"handle_name": params["handle_name"], "followers_count": "18422.0"}

    rows, _ = run("creators", answers, handles=("@lena", "home.only"))
    found = [some(row, "handle_name", "followers_count", "unavailable_reason") for row in rows]
    assert found == [
        ("maya.moves", 18422, None),
        ("lena", 18422, None),
        ("home.only", None, "not_on_marketplace"),
    ]


def test_public_posts_follow_a_cursor_that_is_text() -> None:
    post = {
        "video_id": "7571234567890123456",
        "create_time": "2026-11-03 16:30:11",
        "caption": "100%",
        "video_views": "20344",
        "caption_hashtags": ["ad"],
        "collaboration_status": "PAID_PARTNERSHIP",
    }
    old = {**post, "video_id": "9", "create_time": "2026-07-01 00:00:00"}
    pages = {
        END_MS: {"posts": [post], "page_info": {"has_more": True, "cursor": "17"}},
        17: {"posts": [old], "page_info": {"has_more": True, "cursor": "16"}},
    }

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "tto/tcm/campaign":
            return {"campaigns": []}
        if params["handle_name"] == "home.only":
            return {"code": 40121}
        return dict(pages[params["cursor"]])

    rows, api = run("posts", answers, handles=("maya.moves", "home.only"))
    assert [some(row, "video_id", "handle_name", "caption", "video_views") for row in rows] == [
        ("7571234567890123456", "maya.moves", "100%", 20344)
    ]
    assert [params.get("cursor") for _, params in api.asked] == [None, END_MS, 17, END_MS]


# Number and time types


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("12.0", Decimal("12.0")),
        ("12%", Decimal("0.12")),
        ("12.3%", Decimal("0.123")),
        ("-3", -3),
        ("9007199254740993", 9007199254740993),
        ("", None),
        (12, 12),
        (Decimal("0.61"), Decimal("0.61")),
        (None, None),
        ("1,234", "1,234"),
        ("n/a", "n/a"),
    ],
)
def test_numbers_come_in_many_types(given: Any, read: Any) -> None:
    assert read_number(given) == read
    assert type(read_number(given)) is type(read)


@pytest.mark.parametrize(
    "given",
    [
        *(1793723411, "1793723411", Decimal("1793723411.0"), 1793723411000, "1793723411000"),
        *("2026-11-03 16:30:11", "2026-11-03T16:30:11Z", "2026-11-03T17:30:11+01:00"),
    ],
)
def test_times_come_in_many_types(given: Any) -> None:
    moment = dt.datetime.fromisoformat(read_time(given))
    assert moment == dt.datetime(2026, 11, 3, 16, 30, 11, tzinfo=UTC)


@pytest.mark.parametrize(("given", "read"), [("", None), (None, None), ("soon", "soon")])
def test_what_is_no_time_is_left_for_quarantine(given: Any, read: Any) -> None:
    assert read_time(given) == read
