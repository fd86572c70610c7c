"""Stories, account days, tags and comments: sandbox to raw to staging."""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cryptography.fernet import Fernet
from in_process_dbt import run_dbt
from sandbox_bench import run_time
from social_bench import DAYS, Bench

from include.errors import RateLimited
from include.http.session import ApiSession
from include.quality import check_source
from include.replay import replay_all
from include.sources import ga4, instagram
from include.sources.instagram import graph, sandbox_accounts, sandbox_posts, token
from include.sources.instagram.sandbox_access import Allowance
from include.sources.instagram.sandbox_shapes import Refusal

pytest_plugins = ("social_fixtures",)

PACIFIC = ZoneInfo("America/Los_Angeles")
DAY = dt.date(2026, 10, 30)
# Six hours each, UTC; read ten minutes after their end.
KEYS = [f"2026-10-{day:02}T{hour:02}" for day in (5, 6, 7) for hour in (0, 6, 12, 18)]
STORIES = instagram.SOURCE.part("stories")


def end_of(key: str) -> dt.datetime:
    start = dt.datetime.fromisoformat(key).replace(tzinfo=dt.UTC)
    return start + dt.timedelta(hours=6)


def story_posts(bench: Bench, at: dt.datetime) -> list[Any]:
    market = bench.market
    own = {
        account.account_id
        for account in (market.account_at(name, at) for name in market.accounts)
        if account.access_path == "own_account"
    }
    return [p for p in market.posts_at(at) if p.product_type == "STORY" and p.account_id in own]


def run_stories(bench: Bench, keys: list[str]) -> None:
    for key in keys:
        bench.set_clock(end_of(key) + dt.timedelta(minutes=10))
        result = bench.run(instagram.SOURCE, "stories", key)
        assert (result.status, result.rows_rejected, result.drifted_fields) == ("loaded", 0, ())


def test_each_window_holds_the_stories_live_at_its_end(bench: Bench) -> None:
    run_stories(bench, KEYS)
    expected = set()
    for key in KEYS:
        end = end_of(key)
        read_at = end + dt.timedelta(minutes=10)
        for post in story_posts(bench, read_at):
            if not read_at - sandbox_posts.STORY_LIFE < post.published_at < end:
                continue
            c = bench.market.counters_at(post.media_id, read_at)
            shown = (c.reach, c.views, c.replies, c.link_clicks) if c.reach >= 5 else (None,) * 4
            expected.add((post.media_id, end - dt.timedelta(hours=6), *shown))
    loaded = bench.rows(
        "select media_id, window_start, reach, views, replies, link_clicks"
        " from raw.instagram__stories"
    )
    assert set(loaded) == expected
    assert len({row[0] for row in expected}) > 2
    # One story lives through four windows of six hours.
    query = "select count(*) from raw.instagram__stories group by media_id"
    counts = [count for (count,) in bench.rows(query)]
    assert max(counts) == 4
    check_source(bench.dsn, STORIES, KEYS[-1], "test")
    check_source(bench.dsn, STORIES, KEYS[0], "test")


def test_viewers_ways_on_are_kept_beside_their_sum(bench: Bench) -> None:
    run_stories(bench, KEYS[:8])
    for total, *parts in bench.rows(
        "select navigation, tap_forward, tap_back, tap_exit, swipe_forward"
        " from raw.instagram__stories where reach > 100"
    ):
        assert sum(part or 0 for part in parts) == total > 0


def test_a_story_window_gives_way_to_the_next_one(bench: Bench) -> None:
    bench.set_clock(end_of(KEYS[1]) + dt.timedelta(hours=6))
    result = bench.run(instagram.SOURCE, "stories", KEYS[1])
    assert result.status == "skipped"
    assert "2026-10-05T06 cannot be captured any more" in str(result.reason)
    bench.set_clock(end_of(KEYS[1]) - dt.timedelta(seconds=1))
    assert bench.run(instagram.SOURCE, "stories", KEYS[1]).status == "skipped"


def test_staging_keeps_the_last_value_of_a_story_that_says_less_later(
    bench: Bench, clean_warehouse: Any, tmp_path: Path
) -> None:
    run_stories(bench, KEYS[:8])
    ((media_id, window, reach),) = bench.rows(
        "select media_id, window_start, reach from raw.instagram__stories"
        " where reach is not null order by media_id, window_start desc limit 1"
    )
    with psycopg.connect(bench.dsn) as conn:
        conn.execute(
            "update raw.instagram__stories set views = null"
            " where media_id = %s and window_start = %s",
            [media_id, window],
        )
        earlier = conn.execute(
            "select views from raw.instagram__stories where media_id = %s and views is not null"
            " order by window_start desc limit 1",
            [media_id],
        ).fetchone()
    chosen = ["stg_instagram__stories_latest", "stg_instagram__account_insights"]
    chosen += ["stg_instagram__comments", "stg_instagram__tags", "stg_campaign_plan__campaigns"]
    run_dbt(clean_warehouse, ["run", "--select", *(f"+{name}" for name in chosen)], tmp_path)
    with psycopg.connect(clean_warehouse.admin_dsn) as conn:
        found = conn.execute(
            "select reach_count, views_count from staging.stg_instagram__stories_latest"
            " where media_id = %s",
            [media_id],
        ).fetchall()
        (stories, rows) = conn.execute(
            "select count(distinct media_id), count(*) from staging.stg_instagram__stories_latest"
        ).fetchone() or (0, 0)
    assert earlier is not None
    assert found == [(reach, *earlier)]
    assert stories == rows > 0


def test_account_days_are_pacific_and_follows_come_a_day_later(bench: Bench) -> None:
    for day in DAYS[:3]:
        bench.set_clock(run_time(day))
        assert bench.run(instagram.SOURCE, "account_insights", day).status == "loaded"
    loaded = bench.rows(
        "select date, metric, breakdown, value, end_time from raw.instagram__account_insights"
    )
    dates = {row[0] for row in loaded}
    # The day that ends while it is read belongs to the next window; three days are read again.
    assert dates == {dt.date(2026, 10, 27) + dt.timedelta(days=n) for n in range(5)}
    for date, *_, end_time in loaded:
        midnight = dt.datetime.combine(date + dt.timedelta(days=1), dt.time(), PACIFIC)
        assert end_time == midnight.astimezone(dt.UTC)
    views = {row[0]: row[3] for row in loaded if row[1] == "views"}
    assert views == {date: gained_views(bench, date) for date in dates}
    follows = {row[0] for row in loaded if row[1] == "follows_and_unfollows"}
    assert {row[2] for row in loaded if row[1] == "follows_and_unfollows"} == {
        "FOLLOWER",
        "NON_FOLLOWER",
    }
    assert follows == dates


def test_follows_are_not_there_within_a_day_of_the_days_end(bench: Bench) -> None:
    """At 05:00 UTC of the 5th the 3rd of November has been over for 21 hours."""
    bench.set_clock(dt.datetime(2026, 11, 5, 5, tzinfo=dt.UTC))
    bench.run(instagram.SOURCE, "account_insights", dt.date(2026, 11, 4))
    found = bench.rows(
        "select date, bool_or(metric = 'views'), bool_or(metric = 'follows_and_unfollows')"
        " from raw.instagram__account_insights group by date order by date"
    )
    assert found == [(dt.date(2026, 11, day), True, day < 3) for day in (1, 2, 3)]


def gained_views(bench: Bench, date: dt.date) -> int:
    start, end = (
        dt.datetime.combine(date + dt.timedelta(days=n), dt.time(), PACIFIC).astimezone(dt.UTC)
        for n in (0, 1)
    )
    market, brand = bench.market, bench.market.accounts[0]
    posts = [
        p
        for p in market.posts_at(end)
        if p.username == brand and p.published_at >= start - sandbox_accounts.GAINING
    ]
    return sum(
        market.counters_at(p.media_id, end).views - market.counters_at(p.media_id, start).views
        for p in posts
    )


def test_tags_are_the_public_pieces_that_name_the_brand(bench: Bench) -> None:
    bench.set_clock(run_time(DAY))
    assert bench.run(instagram.SOURCE, "tags", DAY).status == "loaded"
    now, market = run_time(DAY), bench.market
    expected = {
        (post.media_id, post.username)
        for post in market.posts_at(now)
        if post.deliverable_id is not None
        and post.product_type != "STORY"
        and market.account_at(post.username, now).kind != "personal"
        and (post.deleted_at is None or post.deleted_at > now)
        and post.published_at < dt.datetime(2026, 10, 31, 4, tzinfo=dt.UTC)
    }
    assert set(bench.rows("select media_id, username from raw.instagram__tags")) == expected
    assert expected


def test_comments_are_those_of_the_window_and_name_nobody(bench: Bench) -> None:
    bench.set_clock(run_time(DAY))
    bench.run(instagram.SOURCE, "comments", DAY)
    rows = bench.rows("select username, text, timestamp, parent_id from raw.instagram__comments")
    assert len(rows) > 20
    start = dt.datetime(2026, 10, 29, 4, tzinfo=dt.UTC)
    assert all(start <= row[2] < start + dt.timedelta(days=2) for row in rows)
    assert all(len(row[0]) == 64 and int(row[0], 16) for row in rows)
    assert any(row[3] for row in rows)
    assert any("أحببته" in row[1] for row in rows)
    names = {name.encode() for name in bench.market.accounts}
    folder = Path(bench.landing) / "instagram" / "instagram" / "comments"
    pages = [gzip.decompress(path.read_bytes()) for path in folder.rglob("page-*.gz")]
    # The page behind a full one may be empty.
    assert sum(b'"username": "' in page for page in pages) > 10
    for page in pages:
        assert not any(b'"username": "' + name in page for name in names)


def test_small_comment_pages_give_the_same_comments(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.set_clock(run_time(DAY))
    bench.run(instagram.SOURCE, "comments", DAY)
    query = "select comment_id, media_id, text from raw.instagram__comments order by 1"
    whole = bench.rows(query)
    monkeypatch.setattr(instagram.mentions, "COMMENTS_LIMIT", 2)
    result = bench.run(instagram.SOURCE, "comments", DAY)
    assert result.pages_read > 20
    assert (result.rows_merged, result.rows_unchanged) == (0, len(whole))


def test_stories_and_comments_replay_from_landing(bench: Bench) -> None:
    run_stories(bench, KEYS[:5])
    bench.set_clock(run_time(DAY))
    bench.run(instagram.SOURCE, "comments", DAY)
    for name in ("stories", "comments"):
        query = f"select to_jsonb(t) - '_load_id' - '_loaded_at' from raw.instagram__{name} as t"
        before = sorted(bench.rows(query), key=repr)
        assert before
        bench.execute(f"truncate raw.instagram__{name}")
        replay_all(
            instagram.SOURCE,
            instagram.SOURCE.stream(name),
            "instagram",
            dsn=bench.dsn,
            landing_url=bench.landing,
        )
        assert sorted(bench.rows(query), key=repr) == before


def test_a_token_is_renewed_sealed_and_used(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    bench.set_clock(run_time(DAY))
    own = bench.connections["instagram"]
    renewing = dataclasses.replace(own, extra={**own.extra, "renew_token": True})
    for _ in range(2):
        assert bench.run(instagram.SOURCE, "accounts", DAY, renewing).status == "loaded"
    ((sealed, expires_at),) = bench.rows("select sealed, expires_at from secrets.oauth_token")
    assert str(own.password).encode() not in bytes(sealed)
    # 5,183,944 seconds from the API's time, renewed 30 days earlier.
    end = run_time(DAY) + dt.timedelta(seconds=5_183_944)
    assert expires_at == end - dt.timedelta(days=30)


def test_an_instagram_login_gets_the_same_token_back(bench: Bench) -> None:
    own = bench.connections["instagram"]
    login = dataclasses.replace(own, extra={**own.extra, "login": "instagram"})
    with ApiSession(login, classify=graph.classify) as session:
        # The session cuts its own token out of the answer.
        assert token.renewal(session, login)(None).access_token == own.password


def test_the_sandbox_throttles_as_the_platform_does() -> None:
    """Beyond its calls the answer is a 400 with code 80002, and a header names the minutes."""
    now = dt.datetime(2026, 11, 4, 23, 30, tzinfo=dt.UTC)
    allowance = Allowance({"business_id": "77", "calls_per_day": 2})
    for _ in range(2):
        allowance.count(now)
    assert graph.read_usage(allowance.headers(now)) == (100, None)
    with pytest.raises(Refusal) as refused:
        allowance.count(now)
    assert (refused.value.status, refused.value.body["code"]) == (400, 80002)
    assert graph.read_usage(allowance.headers(now)) == (150, 30 * 60.0)
    answer = SimpleNamespace(
        conn_id="instagram",
        status_code=400,
        document={"error": refused.value.body},
        headers=allowance.headers(now),
    )
    error = graph.classify(answer)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 30 * 60.0


def test_a_whole_day_passes_its_checks_without_stories(bench: Bench) -> None:
    for source in (ga4.SOURCE, instagram.SOURCE):
        bench.run_day(source, DAY)
        report = check_source(bench.dsn, source.part(), DAY.isoformat(), "test")
        assert not report.critical
        # The plan is not loaded here; everything else is as it should be.
        assert [o.rule.name for o in report.failed if o.rule.severity != "info"] == []
    assert bench.rows("select count(*) from raw.instagram__stories") == [(0,)]
