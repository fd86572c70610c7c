"""Late sources, builds that are repeated, backfills: by the real scheduler, on a few days."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from io import StringIO
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from include import daily
from include.airflow_api import AirflowApi
from include.demo import DAG_TIMEOUT_SECONDS, Demo, Stages, load_earlier_days, prepare
from include.services import lifecycle
from include.services.environment import ADMIN_USER, airflow_url
from include.warehouse.connection import connect, dsn_of

pytestmark = pytest.mark.long

DAYS = 4
LATE = "ga4"


@dataclass(frozen=True)
class RunningDemo:
    """The earlier days are loaded; Airflow is up with every DAG paused."""

    demo: Demo
    api: AirflowApi

    @property
    def key(self) -> str:
        return self.demo.last_day.isoformat()

    @property
    def in_time(self) -> list[str]:
        return sorted(f"ingest_{name}" for name in self.demo.sources() - {LATE})

    def is_deadline_over(self) -> bool:
        """True when the real clock has passed the hour at which `close_day` closes the last day."""
        closes_on = self.demo.last_day + dt.timedelta(days=1)
        deadline = dt.datetime.combine(closes_on, dt.time(9), ZoneInfo(self.demo.timezone))
        return dt.datetime.now(dt.UTC) >= deadline

    def follow(self, dag_id: str, key: str | None = None) -> dict[str, Any]:
        return self.api.follow(dag_id, key or self.key, DAG_TIMEOUT_SECONDS, lambda _: None)

    def states(self, dag_id: str, key: str) -> dict[str, str]:
        run = self.follow(dag_id, key)
        return {t["task_id"]: t["state"] for t in self.api.tasks(dag_id, run["dag_run_id"])}

    def query(self, role: str, statement: str) -> list[tuple[Any, ...]]:
        reader = daily.read_connection(f"warehouse_{role}")
        with connect(dsn_of(reader)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def sources_present(self) -> set[str]:
        """The sources the published marts name, the same in every row."""
        rows = self.query(
            "ui_reader", "select distinct sources_present from marts.mart_creator_scorecard"
        )
        [(sources,)] = rows
        return set(sources.split(","))


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, free_ports: Any) -> Iterator[RunningDemo]:
    ports = dict(zip(("POSTGRES", "AIRFLOW", "SANDBOX"), free_ports(3), strict=True))
    variables = {f"GROUNDSWELL_{name}_PORT": str(port) for name, port in ports.items()}
    variables["GROUNDSWELL_DATA_DIR"] = str(tmp_path_factory.mktemp("late") / "data")
    stages = Stages(Console(file=StringIO()))
    with mock.patch.dict(os.environ, variables):
        demo = prepare(stages, DAYS)
        try:
            load_earlier_days(demo, stages)
            demo.control.let_clock_run()
            lifecycle.start_airflow(demo.settings, demo.secrets, lambda _: None)
            url = airflow_url(demo.settings)
            api = AirflowApi.login(url, ADMIN_USER, demo.secrets.admin_password)
            api.wait_for_dags({"measure_campaigns", "close_day"}, DAG_TIMEOUT_SECONDS)
            yield RunningDemo(demo, api)
        finally:
            lifecycle.stop_all(demo.settings)


def test_a_day_is_closed_without_its_late_source_and_built_again_when_that_comes(
    running: RunningDemo,
) -> None:
    running.api.unpause("measure_campaigns")
    for dag_id in running.in_time:
        running.api.unpause(dag_id)
    for dag_id in running.in_time:
        running.follow(dag_id)
    assert running.api.runs("measure_campaigns", running.key) == []  # it waits

    running.api.unpause("close_day")
    if not running.is_deadline_over():  # else its newest due run is this day's deadline
        running.api.trigger("close_day", running.key)
    running.follow("close_day")
    first = running.follow("measure_campaigns")
    assert running.sources_present() == running.demo.sources() - {LATE}

    running.api.unpause(f"ingest_{LATE}")
    running.follow(f"ingest_{LATE}")
    second = wait_for_another_run(running, first)
    assert second["state"] == "success"
    assert running.sources_present() == running.demo.sources()
    statuses = running.query(
        "ui_reader",
        f"select status from quality.measure_runs where day = '{running.key}' order by 1",
    )
    assert statuses == [("published",), ("published",)]


def wait_for_another_run(running: RunningDemo, first: dict[str, Any]) -> dict[str, Any]:
    for _ in range(100):
        run = running.follow("measure_campaigns")
        if run["dag_run_id"] != first["dag_run_id"]:
            return run
    raise AssertionError("the day was not measured again")


def test_a_build_killed_half_way_is_built_again_whole_and_so_is_a_cleared_run(
    running: RunningDemo,
) -> None:
    """Views have no tasks: a model built alone would drop them, and the next one miss them."""
    version, before = published_version(running), credited_revenue(running)
    last = running.follow("measure_campaigns")["dag_run_id"]
    running.api.trigger("measure_campaigns", running.key, {"full_refresh": True})
    run_id, pid = await_build_half_way(running, last)
    os.kill(pid, signal.SIGKILL)
    assert running.follow("measure_campaigns")["state"] == "success"
    tries = tries_of(running, run_id)
    assert tries["build_core.dbt_producer_watcher"] == 2
    assert published_version(running) == version + 1

    running.api.clear("measure_campaigns", run_id)
    run = running.follow("measure_campaigns")
    assert (run["dag_run_id"], run["state"]) == (run_id, "success")
    assert published_version(running) == version + 2
    assert tries_of(running, run_id)["build_core.dbt_producer_watcher"] == 3
    assert credited_revenue(running) == before > 0


def credited_revenue(running: RunningDemo) -> Decimal:
    [(revenue,)] = running.query(
        "ui_reader", "select sum(net_revenue_amount) from marts.mart_creator_scorecard"
    )
    return Decimal(revenue)


def published_version(running: RunningDemo) -> int:
    [(version,)] = running.query(
        "ui_reader", "select version from quality.publications where is_current"
    )
    return int(version)


def await_build_half_way(running: RunningDemo, last: str) -> tuple[str, int]:
    """Return a new measure run and its dbt's process, once some models are there, most are not."""
    end = time.monotonic() + DAG_TIMEOUT_SECONDS
    while time.monotonic() < end:
        newest = running.api.runs("measure_campaigns", running.key)[0]["dag_run_id"]
        tasks = running.api.tasks("measure_campaigns", newest) if newest != last else []
        core = [t for t in tasks if t["task_id"].startswith("build_core.")]
        built = sum(task["state"] == "success" for task in core)
        for task in core:
            is_build = task["task_id"].endswith(".dbt_producer_watcher")
            if is_build and task["state"] == "running" and built >= 3:
                return newest, int(task["pid"])
    raise AssertionError("dbt never built the core")


def tries_of(running: RunningDemo, run_id: str) -> dict[str, int]:
    tasks = running.api.tasks("measure_campaigns", run_id)
    return {task["task_id"]: int(task["try_number"]) for task in tasks}


def test_a_backfill_reloads_events_and_leaves_snapshots_of_past_days_alone(
    running: RunningDemo,
) -> None:
    days = [running.demo.last_day - dt.timedelta(days=n) for n in (2, 1)]
    loaded = (
        "select partition_key, stream, status, reason from quality.load_windows"
        f" where source = 'shopify' and partition_key = '{days[0]}' order by load_id"
    )
    before = running.query("loader", loaded)
    running.api.backfill("ingest_shopify", *days)
    for day in days:
        states = running.states("ingest_shopify", day.isoformat())
        assert states["load_orders"] == "success"
        assert states["load_shop"] == "skipped"
        assert states["check_shopify"] == "success", "skipped streams do not block a day"
    after = running.query("loader", loaded)[len(before) :]
    reasons = {stream: reason for _, stream, status, reason in after if status == "skipped"}
    assert "exists only now" in reasons["shop"]
    assert "orders" in {stream for _, stream, status, _ in after if status == "loaded"}
