"""A replay by several processes that is killed leaves whole runs, and nobody waiting."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest
from test_replay_landing import land_shop

from include.replay import replay_all
from include.settings import REPO_ROOT
from include.sources import discover_sources
from tests.conftest import Warehouse

RUNS = 30
REPLAY = """
import sys
from include.errors import Unavailable
from include.replay import replay_all
from include.sources import discover_sources

if __name__ == "__main__":
    source = discover_sources()["shopify"]
    try:
        replay_all(source, source.stream("shop"), "shopify", dsn=sys.argv[1],
                   landing_url=sys.argv[2], jobs=2)
    except Unavailable as error:
        print(error)
        sys.exit(3)
"""


@pytest.fixture
def landing(clean_warehouse: Warehouse, tmp_path: Path) -> str:
    """Landed runs, each with another name of the shop."""
    url = str(tmp_path / "landing")
    for number in range(RUNS):
        land_shop(url, number)
    return url


def shops(dsn: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(dsn) as conn:
        return conn.execute(
            "select to_jsonb(t) - '_load_id' - '_loaded_at' from raw.shopify__shop as t"
            " order by window_start"
        ).fetchall()


def children(pid: int) -> list[int]:
    """Processes that replay for a process; Python's own resource tracker is none."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    found = [int(child) for child in path.read_text(encoding="utf-8").split()]
    return [c for c in found if b"resource_tracker" not in Path(f"/proc/{c}/cmdline").read_bytes()]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2][1] != "Z"
    except FileNotFoundError:
        return False


def wait_for(what: str, is_so: Any) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


@pytest.mark.long
@pytest.mark.parametrize("killed", ["parent", "worker"])
def test_a_killed_replay_leaves_whole_runs_and_is_begun_anew(
    clean_warehouse: Warehouse, landing: str, tmp_path: Path, killed: str
) -> None:
    dsn, script = clean_warehouse.dsn("loader"), tmp_path / "replaying.py"
    script.write_text(REPLAY, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, str(script), dsn, landing],
        env={**os.environ, "PYTHONPATH": str(REPO_ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    with psycopg.connect(dsn, autocommit=True) as conn:
        query = "select count(*) from quality.load_windows"
        wait_for("the first merge", lambda: conn.execute(query).fetchone() != (0,))
    workers = children(process.pid)
    assert len(workers) == 2
    os.kill(process.pid if killed == "parent" else workers[0], signal.SIGKILL)
    said, _ = process.communicate(timeout=120)
    wait_for("the workers' end", lambda: not any(map(is_alive, workers)))

    if killed == "worker":
        assert process.returncode == 3
        assert said.startswith("a process that replayed shopify.shop was ended from outside")
    assert 0 < len(shops(dsn)) <= RUNS
    source = discover_sources()["shopify"]
    again = replay_all(
        source, source.stream("shop"), "shopify", dsn=dsn, landing_url=landing, jobs=2
    )
    merged = sum(result.rows_merged for result in again)
    assert 0 <= merged < RUNS
    days = [dt.date(2026, 11, 1) + dt.timedelta(days=n) for n in range(RUNS)]
    found = [row for (row,) in shops(dsn)]
    assert [(row["window_start"][:10], row["name"]) for row in found] == [
        (day.isoformat(), f"Shop {n}") for n, day in enumerate(days)
    ]
