"""Airflow's metadata is cleaned for tasks that may not see it: by orders, which are files."""

from __future__ import annotations

import datetime as dt
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from include.errors import Unavailable
from include.maintenance import airflow_cleaner, airflow_metadata, steps
from include.maintenance.airflow_cleaner import is_served, order_cleaning, serve
from include.maintenance.retention import Retention
from include.settings import REPO_ROOT

NOW = dt.datetime.now(dt.UTC)
LONG_AGO = NOW - dt.timedelta(days=90)


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the cleaner would have `airflow db clean` do."""
    calls: list[tuple[Any, ...]] = []

    def note(url: str | None, before: dt.datetime, *, is_dry_run: bool) -> None:
        calls.append((url, before, is_dry_run))

    monkeypatch.setattr(airflow_cleaner, "clean_airflow", note)
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "postgresql://a:secret@h/airflow")
    return calls


def test_an_order_is_carried_out_once_and_nothing_is_left(
    tmp_path: Path, cleaned: list[tuple[Any, ...]]
) -> None:
    serve(tmp_path, rounds=1)
    asked = order_cleaning(
        tmp_path, LONG_AGO, is_dry_run=True, sleep=lambda _: serve(tmp_path, rounds=1)
    )
    assert asked is True
    serve(tmp_path, rounds=1)
    assert cleaned == [("postgresql://a:secret@h/airflow", LONG_AGO, True)]
    assert [path.name for path in tmp_path.iterdir()] == ["cleaner.alive"]


def test_without_a_cleaner_nothing_is_ordered(tmp_path: Path) -> None:
    assert order_cleaning(tmp_path / "none", LONG_AGO) is False
    serve(tmp_path, rounds=1)
    assert is_served(tmp_path)
    long_dead = (NOW - dt.timedelta(minutes=5)).timestamp()
    os.utime(tmp_path / "cleaner.alive", (long_dead, long_dead))
    assert order_cleaning(tmp_path, LONG_AGO) is False
    assert len(list(tmp_path.iterdir())) == 1


def test_a_cleaner_that_dies_is_noticed(tmp_path: Path) -> None:
    serve(tmp_path, rounds=1)
    alive = tmp_path / "cleaner.alive"
    with pytest.raises(Unavailable, match="never answered"):
        order_cleaning(tmp_path, LONG_AGO, sleep=lambda _: alive.unlink(missing_ok=True))
    assert list(tmp_path.glob("*.order")) == []


@pytest.mark.parametrize("days", [6, 0, -1])
def test_the_last_days_cannot_be_deleted(
    tmp_path: Path, cleaned: list[tuple[Any, ...]], days: int
) -> None:
    serve(tmp_path, rounds=1)
    with pytest.raises(Unavailable, match="is not allowed; allowed: up to"):
        order_cleaning(
            tmp_path,
            NOW - dt.timedelta(days=days),
            sleep=lambda _: serve(tmp_path, rounds=1),
        )
    assert cleaned == []


def test_a_failure_reaches_the_task_without_a_password_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise Unavailable("airflow db clean ended with 1: postgresql://airflow:s3cret@h/x refused")

    monkeypatch.setattr(airflow_cleaner, "clean_airflow", fail)
    serve(tmp_path, rounds=1)
    (tmp_path / "0.order").write_text("no order")
    with pytest.raises(Unavailable, match="REDACTED@h/x refused") as failure:
        order_cleaning(tmp_path, LONG_AGO, sleep=lambda _: serve(tmp_path, rounds=1))
    assert "s3cret" not in str(failure.value) + caplog.text
    assert list(tmp_path.glob("*.order")) == []


@contextmanager
def running(folder: Path, url: str) -> Iterator[None]:
    """The process itself, with the environment of Airflow's services."""
    variables = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url, "GROUNDSWELL_DATA_DIR": str(folder)}
    process = subprocess.Popen(
        [sys.executable, "-m", "include.maintenance.airflow_cleaner"],
        cwd=REPO_ROOT,
        env={**os.environ, **variables},
    )
    try:
        deadline = time.monotonic() + 30
        while not is_served(folder / "maintenance"):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(10)


def test_airflows_old_runs_go_and_its_newest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metadata database of its own; the task itself is shown none."""
    monkeypatch.setenv("AIRFLOW_HOME", str(tmp_path))
    url = f"sqlite:///{tmp_path / 'metadata.db'}"
    made = subprocess.run(
        [sys.executable, "-c", _MAKE_RUNS],
        env={**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    with running(tmp_path, url):
        monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")
        monkeypatch.setenv("AIRFLOW__CORE__SQL_ALCHEMY_CONN", "airflow-db-not-allowed:///")
        assert _runs_in(tmp_path) == ["newest", "old", "older"]
        assert steps.clean_airflow_metadata(Retention(airflow_days=90)) is True
    assert _runs_in(tmp_path) == ["newest"]
    # Given an address, the command gets that in place of what a task is shown.
    environment = airflow_metadata._environment(url)
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == url
    assert "AIRFLOW__CORE__SQL_ALCHEMY_CONN" not in environment


def test_a_failed_cleaning_shows_the_end_of_its_output(monkeypatch: pytest.MonkeyPatch) -> None:
    before = dt.datetime(2026, 8, 1, tzinfo=dt.UTC)
    command = airflow_metadata.clean_command(before, is_dry_run=True)
    assert command[-3:] == ["--clean-before-timestamp", "2026-08-01T00:00:00+00:00", "--dry-run"]
    assert "--dry-run" not in airflow_metadata.clean_command(before, is_dry_run=False)
    broken = [sys.executable, "-c", "raise SystemExit('no such table')"]
    monkeypatch.setattr(airflow_metadata, "clean_command", lambda *_, **__: broken)
    with pytest.raises(Unavailable, match=r"ended with 1: no such table"):
        airflow_metadata.clean_airflow("sqlite://", before)


_MAKE_RUNS = """
import datetime as dt
from airflow.utils import db
from airflow import settings
db.initdb()
session = settings.Session()
now = dt.datetime.now(dt.UTC)
from airflow.models.dagrun import DagRun
for name, days in (("older", 300), ("old", 200), ("newest", 100)):
    at = now - dt.timedelta(days=days)
    session.add(DagRun(dag_id="d", run_id=name, run_type="scheduled", start_date=at, run_after=at,
                       logical_date=at, state="success"))
session.commit()
"""


def _runs_in(folder: Path) -> list[str]:

    with sqlite3.connect(folder / "metadata.db") as database:
        return sorted(run for (run,) in database.execute("select run_id from dag_run"))
