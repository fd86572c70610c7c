"""The folders the sandbox fills as its clock moves, and the windows read beside a day."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from fastapi.testclient import TestClient

from include.campaigns.plan import load_plan
from include.ingest import newest_window_key
from include.sandbox.clock import Clock
from include.sandbox.faults import Switchboard
from include.sandbox.faults_names import FILE_MEANINGS
from include.sandbox.file_drop import FileDrop
from include.sandbox.server import create_app
from include.sandbox.world import build_market
from include.settings import REPO_ROOT
from include.sources import instagram
from include.sources.files.sandbox import boosted_days, paid_ads_rows, survey_rows

SAMPLE = REPO_ROOT / "include" / "campaigns" / "serum_launch.yaml"
MORNING = dt.datetime(2026, 9, 20, 7, tzinfo=dt.UTC)


def diary() -> ModuleType:
    """A source whose one file holds the days that are over."""

    def write_files(market: Any, now: dt.datetime, folder: Path) -> list[Path]:
        path = folder / f"until_{now:%d}.txt"
        path.write_text(now.isoformat(), encoding="utf-8")
        return [path]

    module = ModuleType("diary")
    module.write_files = write_files  # type: ignore[attr-defined]
    return module


def drop_into(folder: Path, clock: Clock, *served: str) -> FileDrop:
    modules = {"diary": diary(), "served_over_http": ModuleType("served_over_http")}
    board = Switchboard(clock)
    return FileDrop(None, clock, folder, modules, served, board)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*.txt"))


def test_folders_follow_the_clock_and_a_clock_set_back_takes_back_what_came_since(
    tmp_path: Path,
) -> None:
    clock = Clock()
    drop = drop_into(tmp_path, clock, "diary", "served_over_http")
    for days in (0, 1):
        clock.hold(MORNING + dt.timedelta(days=days))
        drop.write()
    assert names(tmp_path) == ["diary/until_20.txt", "diary/until_21.txt"]
    # Another process knows how far the folder is too.
    clock.hold(MORNING)
    drop_into(tmp_path, clock, "diary").write()
    assert names(tmp_path) == ["diary/until_20.txt"]


def test_a_source_without_credentials_gets_no_folder(tmp_path: Path) -> None:
    clock = Clock()
    clock.hold(MORNING)
    drop_into(tmp_path, clock).write()
    assert [path.name for path in tmp_path.iterdir()] == [".written_at"]


def test_setting_the_clock_answers_when_the_files_are_there(tmp_path: Path) -> None:
    """The tables of 17 to 19 September are there on the 20th, that of the 20th has begun."""
    market, clock = build_market(load_plan(SAMPLE), 7, days=40), Clock()
    clock.hold(MORNING)
    client = TestClient(create_app(market, clock, {"ga4_export": {}}, "key", tmp_path))
    headers = {"X-Control-Key": "key"}
    for day in (20, 21):
        order = {"at": f"2026-09-{day}T07:00:00Z"}
        client.post("/_control/clock", json=order, headers=headers).raise_for_status()
    tables = sorted(path.name for path in (tmp_path / "ga4_export").iterdir())
    assert tables == [
        "events_20260917.json.gz",
        "events_20260918.json.gz",
        "events_20260919.json.gz",
        "events_intraday_20260920.json.gz",
        "events_intraday_20260921.json.gz",
    ]
    lines = gzip.decompress((tmp_path / "ga4_export" / tables[2]).read_bytes()).splitlines()
    assert {json.loads(line)["event_date"] for line in lines} == {"20260919"}
    starts = sum(json.loads(line)["event_name"] == "session_start" for line in lines)
    now = clock.now()
    shown = [row for row in market.ga4_sessions_at(now) if row.date == dt.date(2026, 9, 19)]
    assert starts == sum(row.sessions for row in shown) > 500


def test_faults_of_folders_are_switched_by_the_control_and_healed(tmp_path: Path) -> None:
    market, clock = build_market(load_plan(SAMPLE), 7, days=40), Clock()
    clock.hold(MORNING)
    client = TestClient(create_app(market, clock, {"files": {}, "ga4_export": {}}, "key", tmp_path))
    folder, headers = tmp_path / "files", {"X-Control-Key": "key"}

    def play(**faults: float) -> dict[str, Any]:
        answer = client.post("/_control/faults", json=faults, headers=headers)
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()["faults"]
        return shown

    def contents() -> dict[str, bytes]:
        return {p.relative_to(tmp_path).as_posix(): p.read_bytes() for p in _files_of(tmp_path)}

    play()
    whole = contents()
    shown = play(truncated_file=1, seed=3)
    assert shown["truncated_file"]["sources"] == ["files", "ga4_export"]
    assert shown["truncated_file"]["hits"] == len(whole)
    cut = contents()
    assert cut.keys() == whole.keys()
    assert all(len(cut[name]) < len(whole[name]) for name in whole)
    assert all(whole[name].startswith(cut[name]) for name in whole)

    play(half_written_file=1)
    assert {path.suffix for path in _files_of(folder)} == {".part"}
    # The vendors' own faults do not touch a file.
    shown = play(throttle=1)
    assert shown["late_file"] == {
        "meaning": "a file comes a day late",
        "changes_truth": False,
        "probability": 0.0,
        "probability_of": {},
        "hits": 0,
        "hits_of": {},
        "sources": ["files", "ga4_export"],
    }
    assert contents() == whole


def test_folders_hold_the_same_market_as_the_apis_under_its_faults(tmp_path: Path) -> None:
    """Rows of GA4 that are 60 hours late are late in its export too, and then there."""
    market, clock = build_market(load_plan(SAMPLE), 7, days=40), Clock()
    clock.hold(MORNING)
    client = TestClient(create_app(market, clock, {"ga4_export": {}}, "key", tmp_path))
    headers = {"X-Control-Key": "key"}

    def session_starts(at: str, **faults: float) -> int:
        client.post("/_control/faults", json=faults, headers=headers).raise_for_status()
        client.post("/_control/clock", json={"at": at}, headers=headers).raise_for_status()
        [table] = (tmp_path / "ga4_export").glob("events_20260918*")
        lines = gzip.decompress(table.read_bytes()).splitlines()
        return sum(json.loads(line)["event_name"] == "session_start" for line in lines)

    whole = session_starts("2026-09-20T07:00:00Z")
    late = session_starts("2026-09-20T08:00:00Z", late_ga4_rows=0.5, seed=3)
    assert 0 < late < whole
    later = "2026-09-21T17:00:00Z"
    assert session_starts(later, late_ga4_rows=0.5, seed=3) == session_starts(later) >= whole


@pytest.mark.parametrize("source", ["files", "ga4_export"])
@pytest.mark.parametrize("fault", FILE_MEANINGS)
def test_each_fault_of_each_folder_is_switched_by_its_name(
    switched: tuple[TestClient, Path], source: str, fault: str
) -> None:
    client, root = switched
    headers = {"X-Control-Key": "key"}

    def play(**settings: float) -> dict[str, Any]:
        answer = client.post("/_control/faults", json=settings, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["faults"][fault]
        return found

    play()
    whole = {path: path.read_bytes() for path in _files_of(root)}
    shown = play(**{f"{source}.{fault}": 1})
    assert shown["probability_of"] == {source: 1}
    now = {path: path.read_bytes() for path in _files_of(root)}
    spoilt = {path for path in whole.keys() | now.keys() if whole.get(path) != now.get(path)}
    assert {path.relative_to(root).parts[0] for path in spoilt} == {source}
    own = {path for path in whole if path.relative_to(root).parts[0] == source}
    # What needs a number in a row makes no sense for every file.
    assert len(own) / 2 <= shown["hits_of"].pop(source) <= len(own)
    assert shown["hits_of"] == {}
    play()
    assert {path: path.read_bytes() for path in _files_of(root)} == whole


@pytest.fixture(scope="module")
def switched(tmp_path_factory: pytest.TempPathFactory) -> tuple[TestClient, Path]:
    """A sandbox that writes both folders, and where they lie."""
    market, clock = build_market(load_plan(SAMPLE), 7, days=40), Clock()
    clock.hold(MORNING)
    folder = tmp_path_factory.mktemp("folders")
    app = create_app(market, clock, {"files": {}, "ga4_export": {}}, "key", folder)
    return TestClient(app), folder


def _files_of(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != ".written_at")


@pytest.mark.parametrize(
    ("instant", "key"),
    [
        ("2026-11-04T13:00:00+00:00", "2026-11-04T06"),
        ("2026-11-04T12:00:00+00:00", "2026-11-04T06"),
        ("2026-11-04T11:59:59+00:00", "2026-11-04T00"),
        ("2026-11-04T03:00:00+00:00", "2026-11-03T18"),
        ("2026-11-04T03:00:00-05:00", "2026-11-04T00"),
    ],
)
def test_the_newest_window_is_the_last_that_has_ended(instant: str, key: str) -> None:
    stories = instagram.SOURCE.stream("stories")
    assert newest_window_key(stories, dt.datetime.fromisoformat(instant)) == key


def test_boosts_are_spent_on_posts_of_the_campaign_from_their_second_day_on() -> None:
    market, now = build_market(load_plan(SAMPLE), 7), dt.datetime(2026, 11, 14, 12, tzinfo=dt.UTC)
    live = {
        post.permalink: post.published_at.astimezone(market.timezone).date()
        for post in market.posts_at(now)
        if post.deliverable_id is not None and post.product_type != "STORY"
    }
    spent: dict[str, list[int]] = {}
    for row in paid_ads_rows(market, now):
        assert float(row["revenue_amount"]) == row["orders"] * 46
        if row["source_post_url"]:
            age = dt.date.fromisoformat(row["cost_date"]) - live[row["source_post_url"]]
            spent.setdefault(row["source_post_url"], []).append(age.days)
    assert 1 <= len(spent) <= 10
    assert all(ages == [2, 3, 4, 5, 6] for ages in spent.values())
    assert set(spent) == {url for urls in boosted_days(market, now).values() for url in urls}


def test_buyers_name_the_owner_of_their_code_or_whom_they_saw() -> None:
    """Also some whom no link and no code tells: what a survey is for."""
    market, now = build_market(load_plan(SAMPLE), 7), dt.datetime(2026, 11, 14, 12, tzinfo=dt.UTC)
    owners = {
        code.code: creator.accounts[0].handle
        for creator in market.plan.creators
        for code in creator.codes
    }
    orders = {order.number: order for order in market.orders_at(now)}
    heard = 0
    for row in survey_rows(market, now):
        number = int(row["response_id"][1:])
        codes = [owners[code] for code in orders[number].codes if code in owners]
        seen = market.met.get(number, "")
        assert row["creator_handle"] == codes[0] if codes else row["creator_handle"] in ("", seen)
        heard += bool(row["creator_handle"]) and not orders[number].codes
    assert heard >= 10
