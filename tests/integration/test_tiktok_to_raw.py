"""TikTok against the sandbox in a process of its own, into Postgres, over several days.

What lands is compared with the market's own values for the instant of the run: the market is built
a second time here, from the same seed; the pipeline sees nothing but HTTP answers.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import requests
from cryptography.fernet import Fernet
from in_process_dbt import run_dbt

from include.connections import parse_connection
from include.errors import BadCredentials, MissingScope
from include.ingest import StreamResult, day_window, run_stream
from include.quality import check_source
from include.replay import replay_window
from include.sandbox.installation import SAMPLE_FOLDER, initialise, read_installation
from include.sandbox.world import Market
from include.settings import REPO_ROOT, read_settings
from include.sources import campaign_plan
from include.sources._base import Connection
from include.sources.tiktok import SOURCE
from include.sources.tiktok.sandbox import issue_token
from include.sources.tiktok.sandbox_comments import Comments
from include.sources.tiktok.sandbox_marketplace import Marketplace
from include.sources.tiktok.sandbox_videos import Network, Video, counted_until
from include.warehouse.connection import connect

NEW_YORK = ZoneInfo("America/New_York")
CONTROL_KEY = "key-of-this-test"
LAST_DAY = dt.date(2026, 11, 14)
# The clocks change on 1 November 2026; 2 November is a Monday.
DAYS = [dt.date(2026, 10, 30) + dt.timedelta(days=n) for n in range(4)]
MONDAY = DAYS[3]
CONNECTED = 4


@dataclass
class Bench:
    """The sandbox's process, the market it shows, and a place to load into.

    `waits` are the seconds the session would have waited, instead of waiting.
    """

    address: str
    market: Market
    network: Network
    connection: Connection
    credentials: Mapping[str, Any]
    targets: Mapping[str, tuple[str, ...]]
    dsn: str = ""
    landing: str = ""
    waits: list[float] = field(default_factory=list)

    def set_clock(self, at: dt.datetime) -> None:
        answer = requests.post(
            f"{self.address}/_control/clock",
            json={"at": at.isoformat()},
            headers={"X-Control-Key": CONTROL_KEY},
            timeout=10,
        )
        answer.raise_for_status()

    def run(self, name: str, day: dt.date, connection: Connection | None = None) -> StreamResult:
        return run_stream(
            SOURCE,
            SOURCE.stream(name),
            connection or self.connection,
            day_window(day, NEW_YORK),
            dsn=self.dsn,
            landing_url=self.landing,
            hash_key=b"test",
            run_id=f"test_{day}",
            targets=self.targets,
            sleep=self.waits.append,
        )

    def run_day(self, day: dt.date) -> dict[str, StreamResult]:
        """Run all streams at 03:00 on the morning after."""
        self.set_clock(run_time(day))
        return {stream.name: self.run(stream.name, day) for stream in SOURCE.streams}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query, values).fetchall()

    def snapshot(self, stream: str, columns: str, day: dt.date) -> list[tuple[Any, ...]]:
        query = f"select {columns} from raw.tiktok__{stream} where window_start = %s"
        return sorted(self.rows(query, day_window(day, NEW_YORK).start), key=repr)

    def accounts(self) -> list[tuple[str, str]]:
        """Ids of the connected accounts with the names of the creators behind them."""
        return list(zip(self.connection.extra["accounts"], self.network.owners, strict=False))

    def videos(self, handle: str, day: dt.date) -> list[Video]:
        """Videos a day's snapshot must hold."""
        end = day_window(day, NEW_YORK).end
        return [
            video
            for video in self.network.visible(handle, run_time(day))
            if end - dt.timedelta(days=90) <= video.published_at < end
        ]


def run_time(day: dt.date) -> dt.datetime:
    morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(3), tzinfo=NEW_YORK)
    return morning.astimezone(dt.UTC)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[Bench]:
    data_dir, port = tmp_path_factory.mktemp("sandbox"), free_loopback_port()
    settings = dataclasses.replace(read_settings(), data_dir=data_dir, sandbox_port=port)
    initialise(settings, LAST_DAY, campaigns=plan_without_tiktok(tmp_path_factory.mktemp("plan")))
    state = json.loads((data_dir / "sandbox.json").read_text())
    # Every 23rd call is one too many; the tests wait for none of them.
    state["credentials"]["tiktok"]["refuse_every"] = 23
    (data_dir / "sandbox.json").write_text(json.dumps(state))
    where = ("--data-dir", str(data_dir), "--port", str(port), "--at", "2026-10-01T07:00:00Z")
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "serve", *where],
        cwd=REPO_ROOT,
        env={**os.environ, "GROUNDSWELL_SANDBOX_CONTROL_KEY": CONTROL_KEY},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, f"{address}/_control/health")
        market = read_installation(data_dir).build()
        connection = parse_connection("tiktok", json.dumps(state["connections"]["tiktok"]))
        # The plan knows nobody on TikTok; two creators outside the campaign are looked up too.
        others = [
            creator.accounts[0].handle
            for creator in market.plan.creators
            if creator.accounts[0].access_path in ("business_discovery", "none")
        ]
        yield Bench(
            address,
            market,
            Network(market),
            connection,
            state["credentials"]["tiktok"],
            {"tiktok": tuple(others)},
        )
    finally:
        process.terminate()
        process.wait(10)


def plan_without_tiktok(folder: Path) -> Path:
    """Write the sample with its Instagram accounts alone: then everybody is on TikTok as there."""
    lines = (SAMPLE_FOLDER / "serum_launch.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not re.search("platform: (tiktok|youtube)", line)]
    text = re.sub(r"handles: \{.*\}", "handles: {instagram: glowandgrove}", "".join(kept))
    (folder / "serum_launch.yaml").write_text(text)
    return folder


def free_loopback_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the sandbox ended"
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the sandbox did not come up")


@pytest.fixture
def bench(
    served: Bench,
    clean_warehouse: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Bench:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    return dataclasses.replace(
        served, dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing"), waits=[]
    )


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
    loaded = contents(bench)
    again = bench.run_day(DAYS[0])
    assert [result.rows_merged for result in again.values()] == [0] * len(again)
    assert contents(bench) == loaded


def contents(bench: Bench) -> dict[str, list[tuple[Any, ...]]]:
    """All raw rows without the loader's own marks."""
    found = {}
    for stream in SOURCE.streams:
        query = (
            "select to_jsonb(t) - '_load_id' - '_loaded_at' - '_captured_at'"
            f" from raw.tiktok__{stream.name} t"
        )
        found[stream.name] = sorted(bench.rows(query), key=repr)
    return found


def test_replay_from_landing_gives_the_same_rows_without_the_api(bench: Bench) -> None:
    for day in DAYS[:2]:
        bench.run_day(day)
    loaded = contents(bench)
    assert all(loaded.values())
    with connect(bench.dsn) as conn:
        for stream in SOURCE.streams:
            conn.execute(f"truncate raw.tiktok__{stream.name}".encode())
    for day in DAYS[:2]:
        for stream in SOURCE.streams:
            replay_window(
                SOURCE,
                stream,
                "tiktok",
                day.isoformat(),
                dsn=bench.dsn,
                landing_url=bench.landing,
            )
    assert contents(bench) == loaded


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


# Tokens and permissions


def with_tokens(bench: Bench, **changed: str) -> Connection:
    """The connection with one account alone, and other tokens for it."""
    account = next(iter(bench.connection.extra["accounts"]))
    tokens = {**bench.connection.extra["accounts"][account], **changed}
    extra = {**bench.connection.extra, "accounts": {account: tokens}}
    return dataclasses.replace(bench.connection, conn_id="tiktok__one", extra=extra)


def expired_token(bench: Bench, kind: str) -> str:
    account = next(iter(bench.connection.extra["accounts"]))
    return issue_token(bench.credentials["signing_key"], kind, account, time.time() - 60)


def test_an_expired_token_is_renewed(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = with_tokens(bench, access_token=expired_token(bench, "act"))
    result = bench.run("videos", DAYS[0], connection)
    assert (result.status, result.rows_rejected) == ("loaded", 0)
    assert result.rows_merged > 3
    landed = [gzip.decompress(path.read_bytes()) for path in Path(bench.landing).rglob("*.gz")]
    assert not any(b'"access_token"' in body or b"act._000" in body for body in landed)


def test_an_expired_login_fails_at_once_and_names_the_account(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = with_tokens(
        bench,
        access_token=expired_token(bench, "act"),
        refresh_token=expired_token(bench, "rft"),
    )
    with pytest.raises(BadCredentials, match=r"'tiktok__one'.*40103.*account '_000"):
        bench.run("accounts", DAYS[0], connection)
    assert len(bench.waits) <= 1  # for a throttled call perhaps, not for the token
    assert bench.rows("select count(*) from quality.load_windows where status = 'loaded'") == [(0,)]


def test_a_token_without_renewal_fails_and_shows_no_token(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    token = expired_token(bench, "act")
    connection = with_tokens(bench, access_token=token, refresh_token="")
    with pytest.raises(BadCredentials, match=r"'tiktok__one'.*has expired.*account") as failed:
        bench.run("videos", DAYS[0], connection)
    assert token not in str(failed.value)


def test_a_wrong_brand_token_fails_although_the_stream_is_optional(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    connection = dataclasses.replace(bench.connection, password="wrong-wrong-wrong")
    with pytest.raises(BadCredentials, match="wrong or was revoked"):
        bench.run("reports", DAYS[0], connection)


def test_a_foreign_account_is_a_missing_scope(bench: Bench) -> None:
    bench.set_clock(run_time(DAYS[0]))
    first, second = list(bench.connection.extra["accounts"].items())[:2]
    extra = {**bench.connection.extra, "accounts": {first[0]: second[1]}}
    with pytest.raises(MissingScope, match="40001"):
        bench.run("accounts", DAYS[0], dataclasses.replace(bench.connection, extra=extra))


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


# The sandbox refuses as the API does


def ask(bench: Bench, path: str, **params: str) -> dict[str, Any]:
    """Ask as the first connected account; a throttled call is repeated."""
    account, tokens = next(iter(bench.connection.extra["accounts"].items()))
    headers = {"Access-Token": params.pop("token", tokens["access_token"])}
    for _ in range(2):
        answer = requests.get(
            f"{bench.address}/open_api/{path}",
            params={"business_id": account, **params},
            headers=headers,
            timeout=10,
        )
        assert answer.status_code == 200
        document: dict[str, Any] = answer.json()
        if str(document["code"]) != "40100":
            break
    return document


@pytest.mark.parametrize(
    ("path", "params", "code", "said"),
    [
        ("v1.3/business/video/list", {}, 40400, "Route not found"),
        ("v1.2/business/video/list/", {}, 40006, "v1.2"),
        ("v1.3/business/video/list/", {"token": ""}, 40104, "empty"),
        ("v1.3/business/video/list/", {"token": "act.x.1.y"}, 40105, "incorrect"),
        ("v1.3/business/video/list/", {"business_id": "_000x"}, 40001, "No permission"),
        ("v1.3/business/video/list/", {"max_count": "21"}, 40002, "max_count"),
        ("v1.3/business/video/list/", {"fields": "item_id"}, 40002, "JSON array"),
        ("v1.3/business/video/list/", {"fields": '["likes"]'}, 40002, "item_id"),
        ("v1.3/business/video/list/", {"fields": '["item_id","views"]'}, 40002, "'views'"),
        ("v1.3/business/get/", {"start_date": "2026-01-01"}, 40002, "start_date"),
        ("v1.3/business/comment/list/", {"video_id": "1"}, 40002, "does not exist"),
        ("v1.3/business/comment/list/", {}, 40002, "Missing data"),
    ],
)
def test_the_sandbox_checks_what_it_is_asked(
    served: Bench, path: str, params: dict[str, str], code: int, said: str
) -> None:
    document = ask(served, path, **params)
    assert str(document["code"]) == str(code)
    assert said in document["message"]
    assert document["data"] == {}


def test_the_sandbox_gives_fewer_videos_than_asked_and_yet_more(served: Bench) -> None:
    served.set_clock(run_time(LAST_DAY))
    data = ask(served, "v1.3/business/video/list/", max_count="2")["data"]
    assert (len(data["videos"]), data["has_more"]) == (1, True)
    assert data["videos"][0].keys() == {"item_id"}
    assert len(data["videos"][0]["item_id"]) == 19
    following = ask(served, "v1.3/business/video/list/", max_count="2", cursor=str(data["cursor"]))[
        "data"
    ]
    assert data["videos"][0] not in following["videos"]


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
