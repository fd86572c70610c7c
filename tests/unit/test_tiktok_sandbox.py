"""TikTok sandbox: pages, parameters, tokens, and videos that follow the market."""

from __future__ import annotations

import datetime as dt
import time
from functools import cache
from typing import Any

import pytest

from include.campaigns.plan import load_plan
from include.sandbox.world import build_market
from include.settings import REPO_ROOT
from include.sources.tiktok import fields
from include.sources.tiktok.sandbox import SCOPES, TokenDesk, issue_token, make_credentials
from include.sources.tiktok.sandbox_accounts import ACCOUNT_FIELDS, VIDEO_FIELDS, AccountsApi
from include.sources.tiktok.sandbox_comments import Comments
from include.sources.tiktok.sandbox_marketplace import Marketplace
from include.sources.tiktok.sandbox_shapes import (
    Refusal,
    by_number,
    by_position,
    by_time,
    mixed,
    percent,
    read_fields,
    read_integer,
    read_json,
    read_span,
)
from include.sources.tiktok.sandbox_videos import Network, counted_until

UTC = dt.UTC


@cache
def network() -> Network:
    plan = load_plan(REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml")
    return Network(build_market(plan, seed=7))


def test_a_cursor_gives_what_is_older_newest_first() -> None:
    items = [(ms, ms) for ms in (10, 40, 20, 30)]
    assert by_time(items, 50, 2) == ([40], True, 40)  # one fewer than asked
    assert by_time(items, 40, 2) == ([30, 20], True, 20)
    assert by_time(items, 20, 2) == ([10], False, 10)
    assert by_time(items, 10, 2) == ([], False, 10)


def test_a_full_last_page_announces_an_empty_one() -> None:
    assert by_time([(10, "a"), (20, "b")], 99, 2) == (["b", "a"], True, 10)


def test_pages_by_position_and_number_hold_everything_once() -> None:
    cursor, seen = 0, []
    while True:
        page = by_position(range(7), {"cursor": str(cursor), "max_count": "3"}, 20, 30)
        seen += page["comments"]
        cursor = page["cursor"]
        if not page["has_more"]:
            break
    assert seen == list(range(7))
    last, info = by_number(list("abcdefg"), {"page": "3", "page_size": "3"}, 10, 20)
    assert last == ["g"]
    assert info == {"page": 3, "page_size": 3, "total_number": 7, "total_page": 3}


@pytest.mark.parametrize(
    "call",
    [
        lambda: read_json({"fields": "item_id"}, "fields", []),
        lambda: read_json({"filters": "[]"}, "filters", {}),
        lambda: read_integer({"max_count": "0"}, "max_count", 10, 1, 20),
        lambda: read_integer({"max_count": "21"}, "max_count", 10, 1, 20),
        lambda: read_integer({"cursor": "x"}, "cursor", 0, 0),
        lambda: read_fields({"fields": '["views"]'}, [], {"video_views"}),
        lambda: read_span({"start_date": "2026-11-02", "end_date": "2026-11-01"}, None, None),
        lambda: read_span({"start_date": "2026-09-01", "end_date": "2026-11-01"}, None, None),
        lambda: read_span({"start_date": "1 May", "end_date": "2026-11-01"}, None, None),
    ],
)
def test_parameters_are_checked(call: Any) -> None:
    with pytest.raises(Refusal) as refused:
        call()
    assert refused.value.code == 40002


def test_sixty_days_are_allowed_and_dates_may_be_left_out() -> None:
    span = read_span({"start_date": "2026-09-01", "end_date": "2026-10-31"}, None, None)
    assert span == (dt.date(2026, 9, 1), dt.date(2026, 10, 31))
    assert read_span({"start_date": "2026-09-01"}, None, None) is None


def test_numbers_are_written_in_every_type_the_api_uses() -> None:
    written = mixed({f"n{i}": 12 for i in range(60)}, "seed").values()
    assert {type(value) for value in written} == {int, float, str}
    assert {percent(0.183, str(i)) for i in range(60)} == {0.183, "18.300%"}


def test_every_field_the_connector_asks_for_exists() -> None:
    video = {name for group in fields.VIDEO_FIELDS for name in group}
    account = {name for group in fields.ACCOUNT_FIELDS for name in group}
    account |= {name for group in fields.ACCOUNT_DAY_FIELDS for name in group}
    assert video <= VIDEO_FIELDS.keys()
    assert account <= ACCOUNT_FIELDS.keys()


@pytest.mark.parametrize(
    "wrong",
    [{"sort_field": "date"}, {"sort_type": "down"}, {"status": "all"}, {"include_replies": "1"}],
)
def test_what_comments_may_be_asked_is_checked(wrong: dict[str, str]) -> None:
    market, at = network(), dt.datetime(2026, 11, 4, tzinfo=UTC)
    name = next(name for name, handle in market.handles.items() if market.visible(handle, at))
    video = market.visible(market.handles[name], at)[0]
    api = AccountsApi(market, SCOPES, [])
    asked = {"video_id": video.video_id, "sort_field": "likes", "sort_type": "desc"}
    assert "comments" in api.comments(name, asked, at)
    with pytest.raises(Refusal, match=f"{next(iter(wrong))}: Must be one of") as refused:
        api.comments(name, {**asked, **wrong}, at)
    assert refused.value.code == 40002


# Tokens


def counted_bytes(size: int) -> bytes:
    return bytes(range(size))


def test_tokens_are_checked_by_signature_kind_and_time() -> None:
    credentials = make_credentials(counted_bytes)
    desk = TokenDesk(credentials)
    account, tokens = next(iter(credentials["accounts"].items()))
    assert desk.account_of(tokens["access_token"]) == account
    key = credentials["signing_key"]
    wrong = {
        40102: issue_token(key, "act", account, time.time() - 1),
        40105: tokens["access_token"][:-1],
    }
    for code, token in [*wrong.items(), (40105, tokens["refresh_token"]), (40105, "x")]:
        with pytest.raises(Refusal) as refused:
            desk.account_of(token)
        assert refused.value.code == code


def test_a_renewal_gives_a_token_that_works() -> None:
    credentials = make_credentials(counted_bytes)
    desk = TokenDesk(credentials)
    account, tokens = next(iter(credentials["accounts"].items()))
    body = {
        "client_id": credentials["client_id"],
        "client_secret": credentials["client_secret"],
        "grant_type": "refresh_token",
        "refresh_token": tokens["refresh_token"],
    }
    granted = desk.renew(body)
    assert granted["open_id"] == account
    assert desk.account_of(granted["access_token"]) == account
    refusals = {
        40002: {"client_secret": "x"},
        40108: {"grant_type": "authorization_code"},
        40107: {"refresh_token": "x"},
    }
    for code, changed in refusals.items():
        with pytest.raises(Refusal) as refused:
            desk.renew(body | changed)
        assert refused.value.code == code


# The market's videos


def test_videos_repeat_the_creators_reels_some_hours_later() -> None:
    videos = network().videos
    posts = network().market.posts_at(videos[-1].published_at)
    assert len(videos) == sum(post.product_type == "REELS" for post in posts)
    for video in videos:
        hours = (video.published_at - video.post.published_at) / dt.timedelta(hours=1)
        assert 2 <= hours <= 6
        assert (len(video.video_id), int(video.video_id) < 2**63) == (19, True)
        assert int(video.video_id) >> 32 == int(video.published_at.timestamp())
    assert len({video.video_id for video in videos}) == len(videos)


def test_the_brand_and_who_connected_take_the_places_of_connected_accounts() -> None:
    """The plan's own accounts there: Maya, Lena and Sofia; who joined the campaign: two more."""
    assert network().owners[:4] == [
        "glowandgrove",
        "maya.glows",
        "lenabrandt.skin",
        "sofiabarefaced",
    ]
    assert network().handles["maya.glows"] == "maya.moves"
    linked = {
        v.handle for v in Marketplace(network()).linked_videos(network().videos[-1].published_at)
    }
    assert linked == {"maya.moves", "lenabrandt", "sofiabarefaced", "naomi.feld", "tessa.slow"}


def test_the_same_market_has_the_same_videos() -> None:
    again = Network(network().market)
    assert again.videos == network().videos


def test_figures_grow_with_time_and_paid_ones_only_when_boosted() -> None:
    boosted = next(video for video in network().videos if video.boosted_at)
    assert boosted.boosted_at is not None
    before = network().figures(boosted, boosted.boosted_at)
    after = network().figures(boosted, boosted.boosted_at + dt.timedelta(days=3))
    assert before.paid["video_views"] == 0 < after.paid["video_views"]
    assert before.organic["video_views"] < after.organic["video_views"]
    assert after.total("video_views") == sum(
        part["video_views"] for part in (after.organic, after.paid)
    )


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (dt.datetime(2026, 11, 5, 8, tzinfo=UTC), dt.datetime(2026, 11, 4, tzinfo=UTC)),
        (dt.datetime(2026, 11, 5, 0, tzinfo=UTC), dt.datetime(2026, 11, 4, tzinfo=UTC)),
        (dt.datetime(2026, 11, 4, 23, 59, tzinfo=UTC), dt.datetime(2026, 11, 3, tzinfo=UTC)),
    ],
)
def test_figures_come_24_to_48_hours_late(now: dt.datetime, until: dt.datetime) -> None:
    assert counted_until(now) == until


def test_there_are_as_many_comments_as_the_counter_says() -> None:
    comments = Comments(network())
    video = network().videos[5]
    for hours in (1, 30, 200):
        now = video.published_at + dt.timedelta(hours=hours)
        found = comments.under(video, now)
        assert len(found) == network().figures(video, now).organic["comments"]
    assert found
    assert all(int(c["create_time"]) <= now.timestamp() for c in found)
