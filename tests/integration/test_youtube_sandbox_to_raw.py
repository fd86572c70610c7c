"""YouTube against the sandbox in a process of its own, into Postgres, over several days."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import math
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from hand_made_market import Market as HandMade
from in_process_dbt import run_dbt
from sandbox_bench import NEW_YORK, run_time
from youtube_bench import QUOTA_UNITS, UNKNOWN_HANDLE, UNKNOWN_ID
from youtube_bench import YoutubeBench as Bench

from include.errors import BadCredentials, RateLimited
from include.ingest import day_window
from include.quality import check_source
from include.sources.youtube import SOURCE, client, comments, reports
from include.sources.youtube.sandbox_comments import Comments
from include.sources.youtube.sandbox_videos import MarketVideo
from include.warehouse.connection import connect

PACIFIC = ZoneInfo("America/Los_Angeles")
# The clocks change on 1 November 2026.
DAYS = [dt.date(2026, 10, 31) + dt.timedelta(days=n) for n in range(3)]

pytest_plugins = ("youtube_fixtures",)


def shown_videos(bench: Bench, day: dt.date) -> list[MarketVideo]:
    """Videos that lie in a day's window, as the uploads lists show them at the time of its run."""
    end = day_window(day, NEW_YORK).end
    start = end - dt.timedelta(days=90)
    videos = bench.studio.videos(run_time(day)).values()
    return [video for video in videos if start <= video.published_at < end]


def test_three_days_hold_what_the_api_showed_each_day(bench: Bench) -> None:
    for day in DAYS:
        results = bench.run_day(day)
        assert {result.status for result in results.values()} == {"loaded"}
        assert not any(result.rows_rejected for result in results.values())
        assert not any(result.drifted_fields for result in results.values())
        check_channels(bench, day)
        check_uploads(bench, day)
        check_videos(bench, day)
    captured = bench.rows(
        "select distinct captured_at, captured_at_source from raw.youtube__videos"
    )
    assert sorted(captured) == [(run_time(day), "api") for day in DAYS]
    report = check_source(bench.dsn, SOURCE, DAYS[-1].isoformat(), "test")
    # The two unknown channels are told of; nothing else is amiss.
    assert [outcome.rule.name for outcome in report.failed] == [
        "every channel of connection and plan exists"
    ]


def check_channels(bench: Bench, day: dt.date) -> None:
    expected = {(UNKNOWN_HANDLE, None, None, None, "not_found")}
    expected.add((UNKNOWN_ID, None, None, None, "not_found"))
    for target in (bench.studio.brand.channel_id, *bench.targets["youtube"][:-2]):
        name = target.removeprefix("@")
        channel = bench.studio.channels.get(name) or bench.studio.by_handle(name)
        assert channel is not None
        followers = bench.market.account_at(channel.username, run_time(day)).followers
        # Three digits, rounded down; the market's numbers have four or five.
        shown = math.floor(followers / 10 ** (len(str(followers)) - 3)) * 10 ** (
            len(str(followers)) - 3
        )
        hidden = channel.hides_subscribers
        expected.add((name, channel.channel_id, None if hidden else shown, hidden, None))
    columns = (
        "requested_as, channel_id, subscriber_count, hidden_subscriber_count, unavailable_reason"
    )
    assert set(bench.snapshot("channels", columns, day)) == expected
    assert len(expected) == 18


def check_uploads(bench: Bench, day: dt.date) -> None:
    at, expected = run_time(day), set()
    for video in shown_videos(bench, day):
        state = video.state(at)
        published = video.published_at if state == "public" else None
        reason = None if state == "public" else state
        expected.add((video.video_id, video.channel_id, published, reason))
    columns = "video_id, channel_id, video_published_at, unavailable_reason"
    assert set(bench.snapshot("uploads", columns, day)) == expected
    assert {row[3] for row in expected} >= {None, "private"}


def check_videos(bench: Bench, day: dt.date) -> None:
    """Counters are those of the market's post at the video's age; left out ids have a row."""
    at, expected = run_time(day), set()
    for video in shown_videos(bench, day):
        if not video.is_returned(at):
            expected.add((video.video_id, None, None, None, None, "not_returned"))
            continue
        delay = dt.timedelta(hours=3 if video.post.product_type == "REELS" else 26)
        counters = bench.market.counters_at(video.post.media_id, at - delay)
        likes = None if video.hides_likes else counters.likes
        comments = counters.comments if video.has_comments else None
        is_paid = "#ad" in (video.post.caption or "")
        expected.add((video.video_id, counters.views, likes, comments, is_paid, None))
    columns = (
        "video_id, view_count, like_count, comment_count, has_paid_product_placement,"
        " unavailable_reason"
    )
    rows = bench.snapshot("videos", columns, day)
    assert set(rows) == expected
    assert len(rows) == len(expected) > 100
    assert sum(row[5] == "not_returned" for row in rows) >= 3
    assert any(row[2] is None and row[1] is not None for row in rows)


def test_comments_are_as_many_as_the_market_has(bench: Bench) -> None:
    """Also replies beyond the five inline ones; authors are unreadable."""
    day, at = DAYS[0], run_time(DAYS[0])
    bench.set_clock(at)
    assert bench.run("comments", day).status == "loaded"
    loaded = dict(
        bench.rows(
            "select video_id, count(*) from raw.youtube__comments"
            " where unavailable_reason is null group by video_id"
        )
    )
    due = {
        video.video_id: video
        for video in shown_videos(bench, day)
        if (age := (day - video.published_at.date()).days) <= 14
        or age % 7 == 0
        or video.state(at) != "public"  # the list does not say how old a hidden video is
    }
    readable = {i: v for i, v in due.items() if v.is_returned(at) and v.has_comments}
    counts = {i: bench.studio.counters(v, at).comments for i, v in readable.items()}
    assert loaded == {i: count for i, count in counts.items() if count}
    assert max(loaded.values()) > 90
    made = Comments(bench.studio)
    expected = {
        (c.comment_id, c.parent_id, c.published_at)
        for video in readable.values()
        for c in made.of_video(video, at)
    }
    columns = "comment_id, parent_id, date_trunc('second', published_at)"
    rows = bench.rows(f"select {columns} from raw.youtube__comments where parent_id is not null")
    assert set(rows) == {row for row in expected if row[1] is not None}
    reasons = bench.rows(
        "select video_id, unavailable_reason from raw.youtube__comments where comment_id = '(none)'"
    )
    disabled = {i for i, v in due.items() if v.is_returned(at) and not v.has_comments}
    assert {i for i, reason in reasons if reason == "comments_disabled"} == disabled
    assert {i for i, _ in reasons} == due.keys() - loaded.keys()
    assert len(reasons) == len({i for i, _ in reasons})


def test_no_author_and_no_secret_is_stored(bench: Bench, capfd: Any) -> None:
    bench.set_clock(run_time(DAYS[0]))
    for stream in ("comments", "channel_days", "video_days"):
        bench.run(stream, DAYS[0])
    authors = bench.rows("select author_display_name, author_channel_id from raw.youtube__comments")
    hashes = {value for row in authors for value in row if value}
    assert len(hashes) > 100
    assert all(len(value) == 64 and int(value, 16) >= 0 for value in hashes)
    extra = bench.connection.extra
    hidden = [str(bench.connection.password), extra["client_secret"], extra["refresh_token"]]
    hidden += ["ya29.", "viewer-", "@viewer"]
    landed = [gzip.decompress(path.read_bytes()) for path in Path(bench.landing).rglob("*.gz")]
    assert len(landed) > 10
    for text in [*landed, capfd.readouterr().err.encode()]:
        assert not [secret for secret in hidden if secret.encode() in text]


def test_reports_hold_each_pacific_day_as_it_was_when_it_was_read_last(bench: Bench) -> None:
    for day in DAYS:
        bench.run_day(day)
    at = run_time(DAYS[-1])
    loaded = {
        row[0]: row[1:]
        for row in bench.rows(
            "select day, views, engaged_views, shares, refused_metrics"
            " from raw.youtube__channel_days"
        )
    }
    # A day in New York begins on the evening before in Los Angeles; seven days are read again.
    first = DAYS[0] - dt.timedelta(days=8)
    # At 03:00 in New York, 00:00 in Los Angeles, the day three days back is two days old.
    days = [first + dt.timedelta(days=n) for n in range((DAYS[-1] - first).days - 1)]
    assert sorted(loaded) == days
    brand = bench.studio.brand.channel_id
    for day in days:
        total = 0
        for video in bench.studio.uploads(brand, at):
            ends = [
                dt.datetime.combine(d, dt.time(), tzinfo=PACIFIC).astimezone(dt.UTC)
                for d in (day, day + dt.timedelta(days=1))
            ]
            before, after = (bench.studio.counters(video, end).views for end in ends)
            # A day is complete three days after its end.
            share = 1.0 if ends[1] + dt.timedelta(hours=72) <= at else 0.97
            total += math.floor((after - before) * share)
        assert loaded[day][0] == total, day
        assert 0 < loaded[day][1] < total
        assert loaded[day][2:] == (None, "shares")
    totals = dict(bench.rows("select day, sum(views) from raw.youtube__video_days group by day"))
    assert totals == {day: loaded[day][0] for day in totals}
    assert len(totals) == len(days)


def test_pages_of_five_give_the_rows_of_fifty(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.set_clock(run_time(DAYS[0]))
    streams = ("uploads", "videos", "comments", "video_days")
    first = {stream: bench.run(stream, DAYS[0]) for stream in streams}
    monkeypatch.setattr(client, "PAGE_ITEMS", 5)
    monkeypatch.setattr(comments, "PAGE_COMMENTS", 7)
    monkeypatch.setattr(reports, "PAGE_ROWS", 7)
    for stream in streams:
        result = bench.run(stream, DAYS[0])
        assert result.pages_read > first[stream].pages_read + 5
        assert result.rows_merged == 0


def test_quota_ends_the_day_and_returns_at_midnight_pacific(bench: Bench) -> None:
    """The project's units are spent by others; after midnight the same task goes through."""
    evening = dt.datetime(2026, 11, 9, 22, 30, tzinfo=PACIFIC).astimezone(dt.UTC)
    bench.set_clock(evening)
    day = dt.date(2026, 11, 9)
    spend_quota(bench)
    with pytest.raises(RateLimited, match="quotaExceeded") as caught:
        bench.run("videos", day)
    assert caught.value.retry_after == 90 * 60
    assert bench.rows("select count(*) from raw.youtube__videos") == [(0,)]
    bench.set_clock(evening + dt.timedelta(seconds=caught.value.retry_after - 900))
    with pytest.raises(RateLimited):
        bench.run("videos", day)
    bench.set_clock(evening + dt.timedelta(seconds=caught.value.retry_after))
    result = bench.run("videos", day)
    assert result.status == "loaded"
    assert result.rows_read > 100


def spend_quota(bench: Bench) -> None:
    with requests.Session() as http:
        for _ in range(QUOTA_UNITS + 1):
            answer = http.get(
                f"{bench.address}/youtube/v3/nothing",
                params={"key": bench.connection.password},
                timeout=10,
            )
            if answer.status_code == 403:
                assert answer.json()["error"]["errors"][0]["reason"] == "quotaExceeded"
                return
    raise AssertionError("the sandbox has no quota")


def test_a_run_stops_before_its_units_are_spent(bench: Bench) -> None:
    bench.set_clock(run_time(dt.date(2026, 11, 6)))
    extra = {**bench.connection.extra, "quota_units": 20}
    connection = dataclasses.replace(bench.connection, extra=extra)
    # 14 calls for channels; the uploads of the seventh channel would be the 21st call.
    with pytest.raises(RateLimited, match="20 quota units of the day are spent") as caught:
        bench.run("uploads", dt.date(2026, 11, 6), connection)
    # 03:00 in New York is midnight in Los Angeles: a whole day is ahead.
    assert caught.value.retry_after == 24 * 3600
    assert bench.rows("select count(*) from quarantine.rejects") == [(0,)]


@pytest.mark.parametrize(
    ("stream", "spoiled"),
    [("channels", {"password": "AIzaWrong"}), ("channel_days", {"refresh_token": "1//0wrong"})],
)
def test_a_wrong_credential_names_the_connection(
    bench: Bench, stream: str, spoiled: dict[str, str]
) -> None:
    bench.set_clock(run_time(DAYS[0]))
    own = bench.connection
    connection = dataclasses.replace(
        own,
        conn_id="youtube__wrong",
        password=spoiled.get("password", own.password),
        extra={**own.extra, **spoiled},
    )
    with pytest.raises(BadCredentials, match="'youtube__wrong'") as caught:
        bench.run(stream, DAYS[0], connection)
    assert not [value for value in spoiled.values() if value in str(caught.value)]


def test_a_connection_with_a_key_alone_skips_analytics(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = dataclasses.replace(
        bench.connection, extra={"channel_id": bench.studio.brand.channel_id}
    )
    result = bench.run("channel_days", DAYS[0], connection)
    assert result.status == "skipped"
    assert "answers the channel's owner only" in str(result.reason)
    assert bench.run("channels", DAYS[0], connection).status == "loaded"


def test_a_late_snapshot_is_skipped(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[2]))
    result = bench.run("videos", DAYS[0])
    assert result.status == "skipped"
    assert "2026-10-31 cannot be captured any more" in str(result.reason)


def test_replay_from_landing_gives_the_same_rows_without_the_api(bench: Bench) -> None:
    for day in DAYS[:2]:
        bench.run_day(day)
    loaded = bench.contents(SOURCE)
    assert all(loaded.values())
    bench.replay([SOURCE], DAYS[:2])
    assert bench.contents(SOURCE) == loaded


def test_a_second_run_of_a_day_changes_nothing(bench: Bench) -> None:
    bench.run_day(DAYS[0])
    before = bench.contents(SOURCE)
    again = bench.run_day(DAYS[0])
    assert {name: result.rows_merged for name, result in again.items()} == dict.fromkeys(again, 0)
    assert bench.contents(SOURCE) == before


def test_staging_joins_the_other_platforms_when_it_is_switched_on(
    bench: Bench, clean_warehouse: Any, tmp_path: Path
) -> None:
    """One name in `social_platforms`: the models appear and the facts hold YouTube's rows."""
    day, at = DAYS[0], run_time(DAYS[0])
    bench.run_day(day)
    with connect(clean_warehouse.admin_dsn) as conn:
        plan = HandMade(conn, 1)
        plan.add("campaign_plan__campaigns", campaign_id="c", reporting_timezone=NEW_YORK.key)
    facts = ["+fct_post_metrics_daily", "+fct_account_daily"]
    arguments = ["build", "--select", "path:models/staging/youtube", *facts]
    # Not the tests that also look at models further down.
    arguments += ["--indirect-selection", "cautious"]
    arguments += ["--vars", "{social_platforms: [instagram, youtube]}"]
    run_dbt(clean_warehouse, arguments, tmp_path / "target")
    returned = [v for v in shown_videos(bench, day) if v.is_returned(at)]
    own = [v for v in returned if v.channel_id == bench.studio.brand.channel_id]
    views = sum(bench.studio.counters(video, at).views for video in returned)
    with connect(clean_warehouse.admin_dsn) as conn:
        for name in ("post_snapshots", "account_snapshots"):
            ours, theirs = (columns_of(conn, f"stg_{p}__{name}") for p in ("youtube", "instagram"))
            assert ours == theirs
        posts = conn.execute(
            "select snapshot_date, count(*), count(distinct post_id), sum(views_count),"
            " count(*) filter (where access_path = 'own_account')"
            " from core.fct_post_metrics_daily where platform = 'youtube' group by snapshot_date"
        ).fetchall()
        versions = conn.execute(
            "select metric_definition_version,"
            " min(published_at) >= '2026-08-24 07:00Z' as is_new"
            " from staging.stg_youtube__post_snapshots group by metric_definition_version"
        ).fetchall()
        unnamed = conn.execute(
            "select * from staging.stg_youtube__post_snapshots where handle_key is null"
        ).fetchall()
        accounts = conn.execute(
            "select count(*), count(*) filter (where access_path = 'own_account'),"
            " count(unavailable_reason) from core.fct_account_daily where platform = 'youtube'"
        ).fetchone()
    assert posts == [(day, len(returned), len(returned), views, len(own))]
    assert ("youtube_views_2026", True) in versions
    assert {version for version, is_new in versions if not is_new} <= {"youtube_views_2026_mixed"}
    assert unnamed == []
    assert accounts == (18, 1, 2)


def columns_of(conn: Any, view: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = conn.execute(
        "select column_name, data_type from information_schema.columns"
        " where table_schema = 'staging' and table_name = %s order by ordinal_position",
        [view],
    ).fetchall()
    return found
