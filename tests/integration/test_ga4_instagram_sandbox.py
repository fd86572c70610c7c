"""GA4 and Instagram against the sandbox in a process of its own, into Postgres, over several days.

What lands is compared with the market's own values for the instant of the run: the market is built
a second time here, from the same seed; the pipeline sees nothing but HTTP answers.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from sandbox_bench import NEW_YORK, run_time
from social_bench import DAYS, REMOVED_METRIC, Bench

from include.errors import BadCredentials, MissingScope
from include.ingest import day_window
from include.sources import ga4, instagram
from include.sources._base import Connection, Source
from include.sources.ga4 import sandbox as ga4_sandbox
from include.sources.instagram import sandbox_posts

pytest_plugins = ("social_fixtures",)

# GA4


def shown_sessions(bench: Bench, day: dt.date, at: dt.datetime) -> set[tuple[Any, ...]]:
    return {
        (
            *(s.source, s.medium, s.campaign, s.content, s.landing_page),
            *(s.sessions, s.engaged_sessions, s.engagement_seconds, s.new_users),
            *(s.add_to_carts, s.checkouts, s.purchases, s.revenue, s.key_events),
        )
        for s in bench.market.ga4_sessions_at(at)
        if s.date == day
    }


LOADED_SESSIONS = """
select session_source, session_medium, session_campaign_name, session_manual_ad_content,
    landing_page_plus_query_string, sessions, engaged_sessions, user_engagement_duration,
    new_users, add_to_carts, checkouts, ecommerce_purchases, purchase_revenue, key_events
from raw.ga4__sessions where connection_id = 'ga4' and property_id = %s and date = %s
"""


def test_ga4_days_hold_what_the_api_showed_when_they_were_last_read(bench: Bench) -> None:
    """Five daily runs over a clock change: each reads four days again, the Monday's thirty."""
    for day in DAYS:
        results = bench.run_day(ga4.SOURCE, day)
        assert {result.status for result in results.values()} == {"loaded"}
        assert not any(result.rows_rejected for result in results.values())
        assert not any(result.drifted_fields for result in results.values())
    monday = dt.date(2026, 11, 2)
    assert monday in DAYS
    first = monday - dt.timedelta(days=30)
    for day in (first + dt.timedelta(days=n) for n in range(32)):
        last_read = run_time(DAYS[-1] if day >= DAYS[-1] - dt.timedelta(days=4) else monday)
        loaded = set(bench.rows(LOADED_SESSIONS, bench.market.property_id, day))
        assert loaded == shown_sessions(bench, day, last_read)
        assert loaded
    assert bench.rows("select min(date), max(date) from raw.ga4__sessions") == [(first, DAYS[-1])]


def test_ga4_transactions_and_key_events_match_the_market(bench: Bench) -> None:
    day, at = DAYS[-1], run_time(DAYS[-1])
    bench.run_day(ga4.SOURCE, day)
    from_day = day - dt.timedelta(days=4)
    purchases = [t for t in bench.market.ga4_transactions_at(at) if from_day <= t.date <= day]
    (found,) = bench.rows(
        "select sum(ecommerce_purchases), sum(purchase_revenue),"
        " count(*) filter (where transaction_id = '(not set)') > 0 from raw.ga4__transactions"
    )
    assert found[:2] == (len(purchases), sum(t.revenue for t in purchases))
    assert found[2] == any(t.transaction_id == "(not set)" for t in purchases)
    events = [e for e in bench.market.ga4_key_events_at(at) if from_day <= e.date <= day]
    expected = sorted((e.date, e.event_name, e.source, e.content, e.key_events) for e in events)
    loaded = bench.rows(
        "select date, event_name, session_source, session_manual_ad_content, key_events"
        " from raw.ga4__key_events"
    )
    assert sorted(loaded) == expected


def test_ga4_pages_give_the_rows_of_one_page(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[-1]))
    bench.run(ga4.SOURCE, "sessions", DAYS[-1])
    whole = bench.connections["ga4"]
    paged = dataclasses.replace(whole, extra={**whole.extra, "page_rows": 20})
    result = bench.run(ga4.SOURCE, "sessions", DAYS[-1], paged)
    assert result.pages_read > 3
    assert (result.rows_merged, result.rows_deleted) == (0, 0)
    assert result.rows_unchanged == result.rows_read


def test_ga4_a_past_range_can_be_read_again(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[-1]))
    past = DAYS[0] - dt.timedelta(days=20)
    assert bench.run(ga4.SOURCE, "sessions", past).status == "loaded"
    loaded = set(bench.rows(LOADED_SESSIONS, bench.market.property_id, past))
    assert loaded == shown_sessions(bench, past, run_time(DAYS[-1]))


def with_other_key(connection: Connection) -> Connection:
    other = ga4_sandbox.make_credentials(os.urandom)
    key = {**connection.extra["keyfile_dict"], "private_key": other["private_key"]}
    return dataclasses.replace(connection, extra={**connection.extra, "keyfile_dict": key})


def with_other_token(connection: Connection) -> Connection:
    return dataclasses.replace(connection, password="EAAGwrongwrongwrong")


@pytest.mark.parametrize(
    ("source", "stream", "spoil"),
    [
        (ga4.SOURCE, "sessions", with_other_key),
        (instagram.SOURCE, "accounts", with_other_token),
        (instagram.SOURCE, "partnership_content", with_other_token),
    ],
    ids=["ga4", "instagram", "instagram, optional stream"],
)
def test_a_wrong_credential_fails_at_once_and_names_the_connection(
    bench: Bench, source: Source, stream: str, spoil: Callable[[Connection], Connection]
) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = dataclasses.replace(
        spoil(bench.connections[source.name]), conn_id=f"{source.name}__wrong"
    )
    started = time.monotonic()
    with pytest.raises(BadCredentials, match=f"'{source.name}__wrong'"):
        bench.run(source, stream, DAYS[0], connection)
    assert time.monotonic() - started < 5
    assert bench.rows("select count(*) from quality.load_windows where status = 'loaded'") == [(0,)]


# Instagram


def test_instagram_snapshots_hold_what_the_api_showed_each_day(bench: Bench) -> None:
    for day in DAYS[1:4]:
        results = bench.run_day(instagram.SOURCE, day)
        assert {result.status for result in results.values()} == {"loaded"}
        assert not any(result.rows_rejected for result in results.values())
        assert not any(result.drifted_fields for result in results.values())
        check_accounts(bench, day)
        check_media(bench, day)
        check_insights(bench, day)
        check_discovery(bench, day)
        check_partnership(bench, day)
    (captured,) = bench.rows(
        "select distinct captured_at_source from raw.instagram__media_insights"
    )
    assert captured == ("api",)


def snapshot(bench: Bench, stream: str, columns: str, day: dt.date) -> set[tuple[Any, ...]]:
    query = f"select {columns} from raw.instagram__{stream} where window_start = %s"
    return set(bench.rows(query, day_window(day, NEW_YORK).start))


def accounts_of(bench: Bench, day: dt.date) -> list[Any]:
    return [bench.market.account_at(name, run_time(day)) for name in bench.market.accounts]


def posts_of(bench: Bench, day: dt.date, access_paths: set[str]) -> list[Any]:
    """Posts of accounts reached by one of the paths: no stories, none deleted or out of span."""
    now, end = run_time(day), day_window(day, NEW_YORK).end
    ids = {a.account_id for a in accounts_of(bench, day) if a.access_path in access_paths}
    return [
        post
        for post in bench.market.posts_at(now)
        if post.account_id in ids
        and post.product_type != "STORY"
        and end - dt.timedelta(days=90) <= post.published_at < end
        and (post.deleted_at is None or post.deleted_at > now)
    ]


def check_accounts(bench: Bench, day: dt.date) -> None:
    expected = {
        (a.account_id, a.username, a.name, a.followers, a.follows, a.media_count)
        for a in accounts_of(bench, day)
        if a.access_path == "own_account"
    }
    columns = "account_id, username, name, followers_count, follows_count, media_count"
    assert snapshot(bench, "accounts", columns, day) == expected
    assert len(expected) == 9  # the brand and the eight creators who connected their accounts


def check_media(bench: Bench, day: dt.date) -> None:
    expected = set()
    for post in posts_of(bench, day, {"own_account"}):
        counters = bench.market.counters_at(post.media_id, run_time(day))
        likes = None if sandbox_posts.hides_likes(post.media_id) else counters.likes
        identity = (post.media_id, post.account_id, post.caption)
        expected.add((*identity, post.media_type, post.published_at, likes, counters.comments))
    columns = "media_id, account_id, caption, media_type, timestamp, like_count, comments_count"
    loaded = snapshot(bench, "media", columns, day)
    assert loaded == expected
    assert any(row[5] is None for row in loaded)


def check_insights(bench: Bench, day: dt.date) -> None:
    counted_at = run_time(day) - sandbox_posts.INSIGHTS_DELAY
    expected = set()
    for post in posts_of(bench, day, {"own_account"}):
        age = (day - post.published_at.date()).days
        if age > 14 and age % 7:
            continue
        is_shown = post.published_at <= counted_at
        c = bench.market.counters_at(post.media_id, counted_at)
        is_reel = post.product_type == "REELS"
        values = (c.reach, c.views, c.saves, None if is_reel else c.follows)
        watched = c.avg_watch_ms if is_reel else None
        if is_shown:
            expected.add((post.media_id, *values, watched, None, REMOVED_METRIC, None))
        else:
            expected.add((post.media_id, *[None] * 6, REMOVED_METRIC, "no_data"))
    columns = (
        "media_id, reach, views, saved, follows, ig_reels_avg_watch_time, reposts,"
        " refused_metrics, unavailable_reason"
    )
    assert snapshot(bench, "media_insights", columns, day) == expected
    assert expected


def check_discovery(bench: Bench, day: dt.date) -> None:
    expected = {
        (a.username, None, None, "not_discoverable")
        if a.kind == "personal"
        else (a.username, a.account_id, a.followers, None)
        for a in accounts_of(bench, day)
        if a.access_path != "own_account"
    }
    columns = "username, account_id, followers_count, unavailable_reason"
    loaded = snapshot(bench, "discovered_accounts", columns, day)
    assert loaded == expected
    assert len(loaded) == 17
    assert sum(row[3] is not None for row in loaded) == 2
    posts = posts_of(bench, day, {"business_discovery", "partnership_content"})
    views = {
        (p.media_id, p.username, bench.market.counters_at(p.media_id, run_time(day)).views)
        for p in posts
    }
    assert snapshot(bench, "discovered_media", "media_id, username, view_count", day) == views


def check_partnership(bench: Bench, day: dt.date) -> None:
    counted_at = run_time(day) - sandbox_posts.INSIGHTS_DELAY
    expected = set()
    for post in posts_of(bench, day, {"partnership_content"}):
        if post.deliverable_id is None:
            continue
        c = bench.market.counters_at(post.media_id, counted_at)
        is_shown = post.published_at <= counted_at
        values = (c.reach, c.saves) if is_shown else (None, None)
        expected.add((post.media_id, post.account_id, *values, "APPROVED"))
    columns = "media_id, account_id, reach, saves, permission_status"
    assert snapshot(bench, "partnership_content", columns, day) == expected
    assert expected


def test_a_late_snapshot_is_skipped_with_a_plain_reason(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[2]))
    result = bench.run(instagram.SOURCE, "accounts", DAYS[0])
    assert result.status == "skipped"
    assert result.reason is not None
    assert "2026-10-30 cannot be captured any more" in result.reason
    assert bench.rows("select count(*) from raw.instagram__accounts") == [(0,)]


def test_partnership_content_is_skipped_where_the_connection_names_no_business(
    bench: Bench,
) -> None:
    bench.set_clock(run_time(DAYS[0]))
    own = bench.connections["instagram"]
    extra = {k: v for k, v in own.extra.items() if k != "business_id"}
    connection = dataclasses.replace(own, extra=extra)
    result = bench.run(instagram.SOURCE, "partnership_content", DAYS[0], connection)
    assert result.status == "skipped"
    assert "extra.business_id" in str(result.reason)


# Both


def test_replay_from_landing_gives_the_same_rows_without_the_api(bench: Bench) -> None:
    days, sources = DAYS[:2], (ga4.SOURCE, instagram.SOURCE)
    for day in days:
        for source in sources:
            bench.run_day(source, day)
    loaded = bench.contents(*sources)
    assert all(loaded.values())
    bench.replay(sources, days)
    assert bench.contents(*sources) == loaded


def test_landed_pages_hold_no_secret(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small pages, so that the API's answers hold links with the token."""
    monkeypatch.setattr(instagram.client, "PAGE_LIMIT", 5)
    bench.run_day(ga4.SOURCE, DAYS[1])
    bench.run_day(instagram.SOURCE, DAYS[1])
    check_media(bench, DAYS[1])
    token = str(bench.connections["instagram"].password)
    key = bench.connections["ga4"].extra["keyfile_dict"]["private_key"]
    landed = [gzip.decompress(path.read_bytes()) for path in Path(bench.landing).rglob("*.gz")]
    assert any(b"access_token=REDACTED" in body for body in landed)
    for body in landed:
        assert token.encode() not in body
        assert b"ya29." not in body
        assert key[100:140].encode() not in body


# The sandbox refuses as the APIs do


@pytest.mark.parametrize(
    ("dimensions", "metrics", "said"),
    [
        (["sessionFoo"], ["sessions"], "Field sessionFoo is not a valid dimension."),
        (["date"], ["conversions"], "Field conversions is not a valid metric."),
        (["date"] * 10, ["sessions"], "10 dimensions"),
        (["date"], ["sessions"] * 11, "11 metrics"),
    ],
)
def test_the_ga4_sandbox_checks_names_and_limits(
    served: Bench, dimensions: list[str], metrics: list[str], said: str
) -> None:
    body = {
        "dimensions": [{"name": name} for name in dimensions],
        "metrics": [{"name": name} for name in metrics],
    }
    answer = served.ask_ga4(served.market.property_id, body)
    assert answer.status_code == 400
    assert answer.json()["error"]["status"] == "INVALID_ARGUMENT"
    assert said in answer.json()["error"]["message"]


def test_the_ga4_sandbox_leaves_out_rows_and_row_count_of_an_empty_report(served: Bench) -> None:
    body = {
        "dateRanges": [{"startDate": "2020-01-01", "endDate": "2020-01-02"}],
        "metrics": [{"name": "sessions"}],
        "returnPropertyQuota": True,
    }
    document = served.ask_ga4(served.market.property_id, body).json()
    assert "rows" not in document
    assert "rowCount" not in document
    assert "consumed" not in document["propertyQuota"]["concurrentRequests"]


def test_the_ga4_sandbox_wants_a_token_of_its_own(served: Bench) -> None:
    url = f"{served.address}/v1beta/properties/{served.market.property_id}:runReport"
    answer = requests.post(url, json={}, headers={"Authorization": "Bearer x"}, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["status"] == "UNAUTHENTICATED"


def test_a_property_the_key_may_not_read_is_a_missing_scope(bench: Bench) -> None:
    own = bench.connections["ga4"]
    foreign = dataclasses.replace(own, extra={**own.extra, "property_id": "1"})
    with pytest.raises(MissingScope, match=r"'ga4'.*Viewer of the property"):
        bench.run(ga4.SOURCE, "sessions", DAYS[0], foreign)


def test_the_instagram_sandbox_fails_a_whole_call_for_one_metric(served: Bench) -> None:
    served.set_clock(run_time(DAYS[0]))
    reel = next(
        post
        for post in reversed(posts_of(served, DAYS[0], {"own_account"}))
        if post.product_type == "REELS"
    )
    answer = requests.get(
        f"{served.address}/v26.0/{reel.media_id}/insights",
        params={"metric": "reach,profile_visits"},
        headers={"Authorization": f"Bearer {served.connections['instagram'].password}"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 100
    assert "does not support the profile_visits metric" in answer.json()["error"]["message"]
    assert json.loads(answer.headers["X-App-Usage"]).keys() >= {"call_count"}
    assert answer.headers["Date"] == "Sat, 31 Oct 2026 07:00:00 GMT"
