"""TikTok against the sandbox in a process of its own, into Postgres, over several days."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from in_process_dbt import run_dbt
from sandbox_bench import NEW_YORK, run_time
from tiktok_bench import DAYS
from tiktok_bench import TiktokBench as Bench

from include.ingest import day_window, run_stream
from include.quality import check_source
from include.sources import campaign_plan
from include.sources._base import Connection
from include.sources.tiktok import SOURCE
from include.sources.tiktok.sandbox_comments import Comments
from include.sources.tiktok.sandbox_marketplace import Marketplace
from include.sources.tiktok.sandbox_videos import counted_until
from include.warehouse.connection import connect

pytest_plugins = ("tiktok_fixtures",)

MONDAY = DAYS[3]
CONNECTED = 4


def test_days_hold_what_the_api_showed(bench: Bench) -> None:
    """Daily runs over a clock change, throttled all the time."""
    for day in DAYS[:3]:
        results = bench.run_day(day)
        assert {result.status for result in results.values()} == {"loaded"}
        assert not any(result.rows_rejected for result in results.values())
        assert not any(result.drifted_fields for result in results.values())
        check_accounts(bench, day)
        check_videos(bench, day)
        check_campaigns(bench, day)
        check_reports(bench, day)
        check_creators(bench, day)
        check_posts(bench, day)
    check_comments(bench, DAYS[:3])
    assert len(bench.waits) > 10
    assert check_source(bench.dsn, SOURCE, DAYS[2].isoformat(), "test").critical == ()


def test_a_young_video_has_no_figures_yet(bench: Bench) -> None:
    """One video of 28 October (UTC) is read the morning after, before anything is counted."""
    day = dt.date(2026, 10, 28)
    bench.set_clock(run_time(day))
    bench.run("videos", day)
    check_videos(bench, day)
    young = bench.snapshot("videos", "create_time", day)
    known = bench.rows("select count(*) from raw.tiktok__videos where video_views is not null")
    assert known[0][0] == sum(moment < midnight(day) for (moment,) in young) == len(young) - 1


def check_accounts(bench: Bench, day: dt.date) -> None:
    expected = [
        (account, bench.network.handles[name], bench.network.followers(name, run_time(day)))
        for account, name in bench.accounts()
    ]
    loaded = bench.snapshot("accounts", "business_id, username, followers_count", day)
    assert loaded == sorted(expected, key=repr)
    assert len(loaded) == CONNECTED


def check_videos(bench: Bench, day: dt.date) -> None:
    """Ids and captions are current; figures end with the day before yesterday (UTC)."""
    until = counted_until(run_time(day))
    expected = []
    for account, name in bench.accounts():
        for video in bench.videos(bench.network.handles[name], day):
            f = bench.network.figures(video, until)
            is_known = video.published_at < until
            counts = ("video_views", "reach", "likes", "comments", "shares", "favorites")
            values = [f.total(c) if is_known else None for c in counts]
            watched = Decimal(str(f.watch_seconds)) if is_known else None
            expected.append((video.video_id, account, video.published_at, *values, watched))
    columns = (
        "item_id, business_id, create_time, video_views, reach, likes, comments, shares,"
        " favorites, total_time_watched"
    )
    assert bench.snapshot("videos", columns, day) == sorted(expected, key=repr)
    rates = bench.snapshot("videos", "full_video_watched_rate", day)
    assert all(rate is None or Decimal("0.06") <= rate <= Decimal("0.31") for (rate,) in rates)


def check_campaigns(bench: Bench, day: dt.date) -> None:
    own = Marketplace(bench.network)
    loaded = {row[0]: row[1] for row in bench.snapshot("campaigns", "campaign_id, video_ids", day)}
    assert len(loaded) == 6  # the page holds five
    linked = [video.video_id for video in own.linked_videos(run_time(day))]
    assert loaded[own.campaign_id] == linked
    assert len(linked) > 10


def check_reports(bench: Bench, day: dt.date) -> None:
    end, until = day_window(day, NEW_YORK).end, counted_until(run_time(day))
    own = Marketplace(bench.network)
    expected = []
    for video in own.linked_videos(run_time(day)):
        f = bench.network.figures(video, until)
        is_known = video.published_at < until
        figures = (f.total("video_views"), f.organic["video_views"], f.paid["likes"], f.clicks)
        values = figures if is_known else (None,) * 4
        rate = Decimal("0.61") if is_known else None
        boosted = video.boosted_at if video.boosted_at and video.boosted_at <= until else None
        if video.published_at < end:
            expected.append((video.video_id, video.handle, *values, rate, boosted))
    columns = (
        "video_id, handle_name, video_views, video_views_organic, likes_paid, anchor_clicks,"
        " two_seconds_view_rate, video_boosted_at"
    )
    loaded = bench.snapshot("reports", columns, day)
    assert loaded == sorted(expected, key=repr)
    assert any(row[7] is not None for row in loaded)  # paid for
    assert bench.snapshot("reports", "distinct campaign_id, country_code", day) == [
        (own.campaign_id, "US")
    ]


def check_creators(bench: Bench, day: dt.date) -> None:
    """17 creators joined the campaign; of the eight others two are on no marketplace."""
    expected = []
    for name, handle in bench.network.handles.items():
        is_personal = bench.network.account(name, run_time(day)).kind == "personal"
        reason = "not_on_marketplace" if is_personal else None
        size = None if is_personal else bench.network.followers(name, run_time(day))
        expected.append((handle, size, reason))
    columns = "handle_name, followers_count, unavailable_reason"
    loaded = bench.snapshot("creators", columns, day)
    assert loaded == sorted(expected, key=repr)
    assert (len(loaded), sum(row[2] is not None for row in loaded)) == (25, 2)


def check_posts(bench: Bench, day: dt.date) -> None:
    expected = [
        (video.video_id, bench.network.figures(video, run_time(day)).total("video_views"))
        for name, handle in bench.network.handles.items()
        if bench.network.account(name, run_time(day)).kind != "personal"
        for video in bench.videos(handle, day)
    ]
    loaded = bench.snapshot("posts", "video_id, video_views", day)
    assert loaded == sorted(expected, key=repr)
    assert len(loaded) > 60


def check_comments(bench: Bench, days: list[dt.date]) -> None:
    """Every comment and reply made since the first window's look-back, seen by one of the runs."""
    start = day_window(days[0], NEW_YORK).start - SOURCE.stream("comments").lookback
    comments = Comments(bench.network)
    expected: dict[str, tuple[Any, ...]] = {}
    for day in days:
        from_time = day_window(day, NEW_YORK).start - SOURCE.stream("comments").lookback
        end = day_window(day, NEW_YORK).end
        for _, name in bench.accounts():
            for video in bench.videos(bench.network.handles[name], day):
                for comment in comments.under(video, run_time(day)):
                    made = moment(comment)
                    if from_time <= made < end:
                        expected[comment["comment_id"]] = (made, comment["text"])
    loaded = bench.rows(
        "select comment_id, create_time, text from raw.tiktok__comments"
        " where parent_comment_id is null"
    )
    assert {row[0]: row[1:] for row in loaded} == expected
    assert min(row[1] for row in loaded) >= start
    replies = bench.rows(
        "select count(*), count(*) filter (where is_owner), max(of_one)"
        " from (select *, count(*) over (partition by parent_comment_id) as of_one"
        " from raw.tiktok__comments where parent_comment_id is not null) as replies"
    )
    assert replies[0][0] == replies[0][1] > 20
    assert replies[0][2] > 3  # more than a comment shows of its replies


def moment(comment: Mapping[str, Any]) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(comment["create_time"]), dt.UTC)


def test_days_by_date_are_complete_once_they_settle(bench: Bench) -> None:
    """Four runs; the last one, a Monday's, reads four weeks again."""
    for day in DAYS:
        bench.set_clock(run_time(day))
        bench.run("account_days", day)
        bench.run("report_days", day)
    last_known = counted_until(run_time(MONDAY)).date() - dt.timedelta(days=1)
    first = MONDAY - dt.timedelta(days=28)
    spans = bench.rows(
        "select min(date), max(date), count(distinct date), count(distinct business_id)"
        " from raw.tiktok__account_days"
    )
    assert spans == [(first, last_known, (last_known - first).days + 1, CONNECTED)]
    for account, name in bench.accounts():
        expected = [
            (day, bench.network.followers(name, midnight(day + dt.timedelta(days=1))))
            for day in (first + dt.timedelta(days=n) for n in range((last_known - first).days + 1))
        ]
        query = (
            "select date, followers_count from raw.tiktok__account_days"
            " where business_id = %s order by date"
        )
        assert bench.rows(query, account) == expected
    check_report_days(bench, first, last_known)


def check_report_days(bench: Bench, first: dt.date, last: dt.date) -> None:
    """A day's views are what the lifetime counter gained; a day without any has no row or NULL."""
    loaded = {
        (video_id, date): views
        for video_id, date, views in bench.rows(
            "select video_id, date, views from raw.tiktok__report_days"
        )
    }
    assert {date for _, date in loaded} <= {
        first + dt.timedelta(days=n) for n in range((last - first).days + 1)
    }
    expected = {}
    for video in Marketplace(bench.network).linked_videos(run_time(MONDAY)):
        for n in range((last - first).days + 1):
            day = first + dt.timedelta(days=n)
            ends = (midnight(day), midnight(day + dt.timedelta(days=1)))
            before, after = (bench.network.figures(video, at).total("video_views") for at in ends)
            if after > before:
                expected[video.video_id, day] = after - before
    assert {key: views for key, views in loaded.items() if views is not None} == expected
    assert len(expected) > 100


def midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def test_a_second_run_of_a_day_changes_nothing(bench: Bench) -> None:
    bench.run_day(DAYS[0])
    loaded = bench.contents(SOURCE)
    again = bench.run_day(DAYS[0])
    assert [result.rows_merged for result in again.values()] == [0] * len(again)
    assert bench.contents(SOURCE) == loaded


def test_replay_from_landing_gives_the_same_rows_without_the_api(bench: Bench) -> None:
    for day in DAYS[:2]:
        bench.run_day(day)
    loaded = bench.contents(SOURCE)
    assert all(loaded.values())
    bench.replay([SOURCE], DAYS[:2])
    assert bench.contents(SOURCE) == loaded


def test_landed_pages_hold_no_secret_and_no_commenter(bench: Bench) -> None:
    bench.run_day(DAYS[0])
    landed = [gzip.decompress(path.read_bytes()) for path in Path(bench.landing).rglob("*.gz")]
    extra = bench.connection.extra
    secrets = [str(bench.connection.password), extra["client_secret"]]
    secrets += [token for tokens in extra["accounts"].values() for token in tokens.values()]
    for body in landed:
        assert not any(secret.encode() in body for secret in secrets)
    writers = [body for body in landed if b'"comment_id"' in body]
    assert writers
    for body in writers:
        assert b"viewer" not in body.lower()
        assert b"jpeg" not in body
    (hashes,) = bench.rows("select min(length(username_hash)), count(*) from raw.tiktok__comments")
    assert hashes[0] == 64


def test_without_tiktok_one_its_streams_are_skipped(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    extra = {k: v for k, v in bench.connection.extra.items() if k != "tto_tcm_account_id"}
    connection = dataclasses.replace(bench.connection, extra=extra)
    for name in ("campaigns", "reports", "report_days", "creators", "posts"):
        result = bench.run(name, DAYS[0], connection)
        assert result.status == "skipped"
        assert "extra.tto_tcm_account_id" in str(result.reason)
    assert bench.run("accounts", DAYS[0], connection).status == "loaded"


def test_a_late_snapshot_is_skipped_with_a_plain_reason(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[2]))
    result = bench.run("videos", DAYS[0])
    assert result.status == "skipped"
    assert "2026-10-30 cannot be captured any more" in str(result.reason)


def test_staging_has_the_shapes_all_platforms_share(
    bench: Bench, warehouse: Any, tmp_path: Path
) -> None:
    bench.run_day(DAYS[0])
    load_plan(bench)
    variables = json.dumps({"social_platforms": ["instagram", "tiktok"]})
    models = ["+path:models/staging/tiktok", "+path:models/staging/instagram"]
    run_dbt(warehouse, ["run", "--vars", variables, "--select", *models], tmp_path)
    with connect(warehouse.dsn("transformer")) as conn:
        shared = conn.execute(
            "select access_path, min(snapshot_date), max(snapshot_date), count(*),"
            " count(handle_key), count(distinct post_id), count(views_count) > 0"
            " from staging.stg_tiktok__post_snapshots group by access_path order by access_path"
        ).fetchall()
        columns = {
            name: conn.execute(
                "select table_name, column_name, data_type from information_schema.columns"
                " where table_schema = 'staging' and table_name like %s"
                " order by table_name, ordinal_position",
                [f"stg_{name}__%_snapshots"],
            ).fetchall()
            for name in ("instagram", "tiktok")
        }
        accounts = conn.execute(
            "select access_path, count(*), count(followers_count)"
            " from staging.stg_tiktok__account_snapshots group by access_path order by access_path"
        ).fetchall()
    assert [row[0] for row in shared] == [
        "business_discovery",
        "own_account",
        "partnership_content",
    ]
    for _, first, last, count, handles, posts, has_views in shared:
        assert (first, last) == (DAYS[0], DAYS[0])
        assert count == handles == posts > 10
        assert has_views
    assert accounts == [("business_discovery", 25, 23), ("own_account", 4, 4)]
    without_name = {name: [row[1:] for row in rows] for name, rows in columns.items()}
    assert without_name["tiktok"] == without_name["instagram"]


def load_plan(bench: Bench) -> None:
    """Load the campaign plan, which names the reporting time zone."""
    for stream in campaign_plan.SOURCE.streams:
        run_stream(
            campaign_plan.SOURCE,
            stream,
            Connection(conn_id="campaign_plan"),
            day_window(DAYS[0], NEW_YORK),
            dsn=bench.dsn,
            landing_url=bench.landing,
            hash_key=b"test",
            run_id="test_plan",
        )
