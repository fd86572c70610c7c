"""Killed (SIGKILL) anywhere between the first request and the last commit, then run again.

A child process loads a day and kills itself at the n-th step of its work: before or after a
request, inside or after the landing of a page, between two rows of a COPY, between two statements
of the merge, before or after the commit. Which steps those are is drawn with a fixed seed.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import psycopg
import pytest
from requests.adapters import HTTPAdapter

from include.http.folder import Folder
from include.landing.store import LocalStore
from include.sources import campaign_plan, discover_sources
from include.warehouse.load import StreamLoad
from include.warehouse.load_tables import stream_tables, tables_of
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    PLAN,
    SOURCES,
    Bench,
    Ingest,
    Rows,
    assert_nothing_half_written,
    assert_nothing_left,
    assert_same_rows,
    days_from,
    prepare_ingest,
    run_time,
)
from tests.integration.forked_child import start_child

pytest_plugins = ("tests.integration.fault_fixtures",)

DAYS = days_from(dt.date(2026, 11, 8), 2)
EXTRACT, LAND, LOAD, STATE = "extract", "land", "load", "state"
KILLS_PER_SOURCE = 8
KILLED = [*SOURCES, PLAN]
BYTES_BETWEEN_STEPS = 5_000


class Steps:
    """Counts the steps of a load and dies at one of them; lives in the child process alone."""

    def __init__(self, deadly: int | None) -> None:
        self.phases: list[str] = []
        self.is_merging = False
        self._deadly = deadly

    def pass_by(self, phase: str) -> None:
        self.phases.append(phase)
        if len(self.phases) == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Put steps into the pipeline; nobody takes them out, the process ends."""
        wrap(HTTPAdapter, "send", self._sending)
        wrap(Folder, "list_files", self._around(EXTRACT))
        wrap(Folder, "open_file", self._around(EXTRACT))
        wrap(campaign_plan.client, "campaign_files", self._around(EXTRACT))
        wrap(LocalStore, "write", self._around(LAND))
        wrap(Path, "replace", self._around(LAND))
        wrap(StreamLoad, "merge", self._merging)
        wrap(psycopg.Connection, "execute", self._executing)
        wrap(psycopg.Copy, "write", self._writing)

    def _around(self, phase: str) -> Callable[..., Any]:
        def call(real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
            self.pass_by(phase)
            result = real(*args, **kwargs)
            self.pass_by(phase)
            return result

        return call

    def _sending(self, real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Step around a request of the pipeline; those to the sandbox's control are the test's."""
        if "/_control/" in str(args[1].url):
            return real(*args, **kwargs)
        return self._around(EXTRACT)(real, *args, **kwargs)

    def _merging(self, real: Callable[..., Any], *args: Any) -> Any:
        self.is_merging = True
        result = real(*args)
        self.is_merging = False
        self.pass_by(STATE)
        return result

    def _executing(self, real: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        if self.is_merging:
            self.pass_by(STATE)
        return result

    def _writing(self, real: Callable[..., Any], copy: psycopg.Copy, lines: bytes) -> None:
        """Send rows piece by piece; the server cares as little as with any other packets."""
        for start in range(0, len(lines), BYTES_BETWEEN_STEPS):
            real(copy, lines[start : start + BYTES_BETWEEN_STEPS])
            self.pass_by(LOAD)


def wrap(owner: type | ModuleType, name: str, around: Callable[..., Any]) -> None:
    real = getattr(owner, name)
    setattr(owner, name, lambda *args, **kwargs: around(real, *args, **kwargs))


def run_child(ingest: Ingest, day: dt.date, deadly: int | None, report: Path) -> int:
    """Load a day in a child; return how it ended as `os.waitpid` tells it."""

    def load() -> None:
        steps = Steps(deadly)
        steps.install()
        ingest.run_day(day)
        report.write_text(json.dumps(steps.phases), encoding="utf-8")

    return os.waitpid(start_child(load), 0)[1]


class Kept:
    """The state of a source's tables before the day that is killed, to begin from again."""

    def __init__(self, warehouse: Warehouse, ingest: Ingest) -> None:
        self._dsn = warehouse.admin_dsn
        raw = [f"raw.{table.name}" for table in tables_of(ingest.source)]
        self._tables = [*raw, "quality.load_windows", "quarantine.rejects"]
        with psycopg.connect(self._dsn) as admin:
            admin.execute("drop schema if exists kept cascade")
            admin.execute("create schema kept")
            for place, table in enumerate(self._tables):
                admin.execute(f"create table kept.t{place} as table {table}")

    def restore(self) -> None:
        with psycopg.connect(self._dsn) as admin:
            admin.execute(f"truncate {', '.join(self._tables)} cascade")
            for place, table in enumerate(self._tables):
                admin.execute(f"insert into {table} overriding system value table kept.t{place}")

    def drop(self) -> None:
        with psycopg.connect(self._dsn) as admin:
            admin.execute("drop schema kept cascade")


def choose_steps(phases: list[str], count: int, seed: str) -> list[int]:
    """Draw steps, the four phases in turn; numbered from 1."""
    dice = random.Random(seed)
    found: list[int] = []
    for turn in range(count):
        wanted = (EXTRACT, LAND, LOAD, STATE)[turn % 4]
        found.append(dice.choice([n for n, p in enumerate(phases, 1) if p == wanted]))
    return found


def check_kills(
    bench: Bench, warehouse: Warehouse, folder: Path, name: str, count: int
) -> list[str]:
    """Kill a source's second day `count` times; return the phases it was killed in."""
    ingest = prepare_ingest(bench, warehouse, name, folder / "landing")
    # All kills happen in one virtual hour, and GA4 counts what a report costs by the hour.
    ingest.extra.update({"page_rows": 5000} if name == "ga4" else {})
    ingest.run_day(DAYS[0])
    kept, before = Kept(warehouse, ingest), ingest.rows()
    # The files of a folder are there before anybody is killed.
    ingest.arrive(run_time(DAYS[1]))
    report = folder / "steps.json"
    assert run_child(ingest, DAYS[1], None, report) == 0
    expected, phases = ingest.rows(), json.loads(report.read_text(encoding="utf-8"))
    steps = choose_steps(phases, count, name)
    for step in steps:
        kept.restore()
        ended = run_child(ingest, DAYS[1], step, report)
        assert os.WIFSIGNALED(ended), f"step {step} of {len(phases)} was not reached"
        assert os.WTERMSIG(ended) == signal.SIGKILL
        what = f"{name} killed at step {step} ({phases[step - 1]})"
        assert_nothing_left(warehouse)
        check_all_or_nothing(ingest, before, expected, what)
        check_rerun(ingest, expected, what)
    kept.drop()
    return [phases[step - 1] for step in steps]


def check_all_or_nothing(ingest: Ingest, before: Rows, after: Rows, what: str) -> None:
    """Every stream's tables are as before the day or as after it, and the record says which."""
    rows = ingest.rows()
    loaded = "select count(*) from quality.load_windows where partition_key = %s and stream = %s"
    for stream in ingest.source.part().streams:
        names = [table.name for table in stream_tables(ingest.source.name, stream)]
        found, old, new = ([state[name] for name in names] for state in (rows, before, after))
        [(count,)] = ingest.query(loaded, f"{DAYS[1]}", stream.name)
        assert found == (new if count else old), f"{what}: {stream.name} is neither old nor new"


def check_rerun(ingest: Ingest, expected: Rows, what: str) -> None:
    results = ingest.run_day(DAYS[1])
    assert {result.status for result in results.values()} == {"loaded"}, what
    assert_same_rows(ingest.rows(), expected)
    assert_nothing_half_written(ingest.landing)
    key = f"{DAYS[1]}"
    found = ingest.query(
        "select distinct stream from quality.load_windows"
        " where partition_key = %s and status = 'loaded'",
        key,
    )
    assert {stream for (stream,) in found} == {s.name for s in ingest.source.part().streams}, what


@pytest.mark.parametrize("name", ["shopify"])  # the others among the long ones
def test_a_day_that_was_killed_is_right_after_the_next_run(
    bench: Bench, clean_warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    phases = check_kills(bench, clean_warehouse, tmp_path, name, 4)
    assert phases == [EXTRACT, LAND, LOAD, STATE]


@pytest.mark.long
@pytest.mark.parametrize("name", KILLED)
def test_days_killed_at_many_points_are_right_after_the_next_run(
    bench: Bench, clean_warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    phases = check_kills(bench, clean_warehouse, tmp_path, name, KILLS_PER_SOURCE)
    assert len(phases) == KILLS_PER_SOURCE


def test_fifty_kills_are_planned() -> None:
    assert set(KILLED) == set(discover_sources())
    assert len(KILLED) * KILLS_PER_SOURCE >= 50
