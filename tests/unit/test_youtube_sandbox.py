"""YouTube sandbox: it checks requests as the API does, and its world follows from the market."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from include.campaigns.plan import load_plan
from include.sandbox.clock import Clock
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT
from include.sources.youtube import sandbox
from include.sources.youtube.sandbox_answers import duration_text, rounded
from include.sources.youtube.sandbox_comments import Comments
from include.sources.youtube.sandbox_videos import BRAND_CHANNEL_ID, CHANNEL_ID, Studio

NOW = dt.datetime(2026, 11, 10, 8, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(load_plan(REPO_ROOT / "include/campaigns/serum_launch.yaml"), 7)


class Desk:
    """The sandbox in this process."""

    def __init__(self, market: Market, **changes: Any) -> None:
        self.credentials = {**sandbox.make_credentials(random.Random(1).randbytes), **changes}
        self.clock = Clock()
        self.clock.hold(NOW)
        app = FastAPI()
        app.include_router(sandbox.build_router(market, self.clock, self.credentials))
        self.http = TestClient(app)

    def get(self, resource: str, **params: Any) -> tuple[int, dict[str, Any]]:
        sent = {"key": self.credentials["api_key"], **params}
        answer = self.http.get(f"/youtube/v3/{resource}", params=sent)
        return answer.status_code, answer.json()

    def report(self, **params: Any) -> tuple[int, dict[str, Any]]:
        form = {n: self.credentials[n] for n in ("client_id", "client_secret", "refresh_token")}
        issued = self.http.post(sandbox.TOKEN_PATH, data={"grant_type": "refresh_token", **form})
        headers = {"Authorization": f"Bearer {issued.json()['access_token']}"}
        asked = {
            "ids": "channel==MINE",
            "startDate": "2026-11-01",
            "endDate": "2026-11-09",
            "metrics": "views",
            "dimensions": "day",
            **params,
        }
        answer = self.http.get("/v2/reports", params=asked, headers=headers)
        return answer.status_code, answer.json()


@pytest.fixture(scope="module")
def desk(market: Market) -> Desk:
    return Desk(market)


@pytest.mark.parametrize(
    ("resource", "params", "reason"),
    [
        ("channels", {"id": BRAND_CHANNEL_ID}, "missingRequiredParameter"),
        ("channels", {"part": "snippet"}, "missingRequiredParameter"),
        ("channels", {"part": "snipet", "id": BRAND_CHANNEL_ID}, "unknownPart"),
        ("channels", {"part": "id", "id": "UCx", "forHandle": "x"}, "incompatibleParameters"),
        ("channels", {"part": "id", "id": "UCx", "handle": "x"}, "badRequest"),
        ("playlistItems", {"part": "id", "playlistId": "UU", "maxResults": 51}, "invalidParameter"),
        ("videos", {"part": "id", "id": "a", "maxResults": 50}, "incompatibleParameters"),
        ("videos", {"part": "id", "id": ",".join(map(str, range(51)))}, "invalidFilters"),
        ("commentThreads", {"part": "id", "videoId": "a", "maxResults": 101}, "invalidParameter"),
    ],
)
def test_requests_are_checked(
    desk: Desk, resource: str, params: dict[str, Any], reason: str
) -> None:
    status, document = desk.get(resource, **params)
    assert (status, document["error"]["errors"][0]["reason"]) == (400, reason)


def test_five_channels_a_page_unless_more_are_asked_for(desk: Desk, market: Market) -> None:
    ids = ",".join(Studio(market).channels)
    _, first = desk.get("channels", part="id", id=ids)
    assert (len(first["items"]), "nextPageToken" in first) == (5, True)
    _, whole = desk.get("channels", part="id", id=ids, maxResults=50)
    assert (len(whole["items"]), "nextPageToken" in whole) == (16, False)


def test_an_unknown_channel_leaves_out_the_items(desk: Desk) -> None:
    status, document = desk.get("channels", part="snippet", forHandle="@nobody.at.all")
    assert status == 200
    assert "items" not in document
    assert document["pageInfo"]["totalResults"] == 0


def test_counts_are_texts_and_missing_ids_are_dropped(desk: Desk, market: Market) -> None:
    studio = Studio(market)
    videos = list(studio.videos(NOW).values())
    shown = next(v for v in videos if v.is_returned(NOW) and v.has_comments and not v.hides_likes)
    hidden = next(v for v in videos if v.state(NOW) == "private")
    ids = f"{hidden.video_id},{shown.video_id},unknown0000"
    _, document = desk.get("videos", part="snippet,statistics", id=ids)
    [item] = document["items"]
    counters = market.counters_at(shown.post.media_id, NOW - shown.delay)
    assert item["id"] == shown.video_id
    assert item["statistics"] == {
        "viewCount": str(counters.views),
        "likeCount": str(counters.likes),
        "favoriteCount": "0",
        "commentCount": str(counters.comments),
    }
    assert "contentDetails" not in item


def test_quota_is_spent_by_refusals_too_and_returns_at_midnight_pacific(market: Market) -> None:
    desk = Desk(market, quota_units=2)
    assert desk.get("channels", part="id")[0] == 400
    assert desk.get("channels", part="id", id=BRAND_CHANNEL_ID)[0] == 200
    status, document = desk.get("channels", part="id", id=BRAND_CHANNEL_ID)
    assert (status, document["error"]["errors"][0]["reason"]) == (403, "quotaExceeded")
    # NOW is midnight in Los Angeles.
    desk.clock.hold(NOW + dt.timedelta(hours=24, seconds=-1))
    assert desk.get("channels", part="id", id=BRAND_CHANNEL_ID)[0] == 403
    desk.clock.hold(NOW + dt.timedelta(hours=24))
    assert desk.get("channels", part="id", id=BRAND_CHANNEL_ID)[0] == 200


@pytest.mark.parametrize(("key", "status"), [("AIzaWrong", 400), (None, 403)])
def test_a_key_is_needed(desk: Desk, key: str | None, status: int) -> None:
    assert desk.get("channels", part="id", id="UCx", key=key)[0] == status


def test_tokens_are_issued_to_the_client_alone(desk: Desk) -> None:
    form = {"grant_type": "refresh_token", "client_id": desk.credentials["client_id"]}
    form |= {"client_secret": desk.credentials["client_secret"], "refresh_token": "1//0wrong"}
    answer = desk.http.post(sandbox.TOKEN_PATH, data=form)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")
    answer = desk.http.post(sandbox.TOKEN_PATH, data={**form, "client_secret": "x"})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    refused = desk.http.get("/v2/reports", headers={"Authorization": "Bearer ya29.x"})
    assert refused.status_code == 401


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"metrics": "viewz"}, 400, "Unknown identifier (viewz) given in field parameters.metrics"),
        ({"dimensions": "day,video"}, 400, "The query is not supported."),
        ({"dimensions": "video,day"}, 400, "The query is not supported."),
        ({"sort": "likes"}, 400, "Unknown identifier (likes) given in field parameters.sort"),
        ({"start-date": "2026-11-01"}, 400, 'Unknown name "start-date"'),
        ({"endDate": "2026-10-01", "startDate": "2026-10-02"}, 400, "before startDate"),
        ({"ids": "channel==UCsomebodyelse"}, 403, "Forbidden"),
    ],
)
def test_reports_are_checked(desk: Desk, params: dict[str, str], status: int, said: str) -> None:
    found, document = desk.report(**params)
    assert found == status
    assert said in document["error"]["message"]


def test_recent_days_and_empty_tables_are_left_out(desk: Desk) -> None:
    # NOW is midnight in Los Angeles: the 8th ended one day ago, the 7th two.
    _, document = desk.report(sort="-day")
    assert [row[0] for row in document["rows"]][:2] == ["2026-11-07", "2026-11-06"]
    _, document = desk.report(startDate="2026-11-08")
    assert "rows" not in document
    assert document["columnHeaders"][0]["name"] == "day"


def test_old_views_live_on_as_engaged_views(desk: Desk) -> None:
    _, document = desk.report(metrics="views,engagedViews")
    assert all(0 < engaged < views for _, views, engaged in document["rows"])


def test_the_world_is_the_market_s(market: Market) -> None:
    one, two = Studio(market), Studio(build_market(market.plan, 7))
    assert list(one.channels) == list(two.channels)
    assert one.videos(NOW) == two.videos(NOW)
    assert all(CHANNEL_ID.fullmatch(channel_id) for channel_id in one.channels)
    assert {len(video_id) for video_id in one.videos(NOW)} == {11}
    earlier = one.videos(NOW - dt.timedelta(days=20))
    assert set(earlier) < set(two.videos(NOW))


def test_comments_come_one_by_one_and_stay(market: Market) -> None:
    studio = Studio(market)
    video = max(studio.videos(NOW).values(), key=lambda v: studio.counters(v, NOW).comments)
    comments = Comments(studio)
    before = comments.of_video(video, NOW - dt.timedelta(days=9))
    now = comments.of_video(video, NOW)
    assert now[: len(before)] == before
    assert len(now) == studio.counters(video, NOW).comments
    third = now[2].published_at
    assert studio.counters(video, third).comments == 3
    assert studio.counters(video, third - dt.timedelta(seconds=1)).comments == 2


@pytest.mark.parametrize(("number", "shown"), [(7, 7), (999, 999), (1009, 1000), (18479, 18400)])
def test_subscribers_have_three_digits(number: int, shown: int) -> None:
    assert rounded(number) == shown


def test_durations_leave_out_what_is_zero() -> None:
    assert [duration_text(s) for s in (45, 600, 761)] == ["PT45S", "PT10M", "PT12M41S"]
