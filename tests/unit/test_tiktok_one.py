"""TikTok One: campaigns, their reports and creators, as rows; shaped as documented."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from tiktok_wire import END_MS, UTC, VIDEO, WINDOW, Answer, run, some

from include.sources._base import Window

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
