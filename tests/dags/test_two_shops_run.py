"""Two shops of one source as Airflow runs them: one mapped task each, named, in its own rows."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.ingest import day_window
from include.settings import REPO_ROOT
from tests.conftest import Warehouse
from tests.integration.shopify_sandbox import HASH_KEY, ZONE, run_sandbox

pytestmark = pytest.mark.long

DAY = dt.date(2026, 11, 4)
SHOPS = ["shopify", "shopify__eu"]
STREAMS = ["orders", "shop"]

# `dag.test()` gives a run no partition key, which a schedule or a backfill would.
RUN = """
import json, runpy, sys
from dataclasses import replace
from unittest import mock

from airflow.models.taskinstance import TaskInstance
from airflow.utils.session import create_session
from include.sources import discover_sources

day, shops, streams = sys.argv[1], *map(json.loads, sys.argv[2:4])
source = discover_sources()["shopify"]
source = replace(source, streams=tuple(source.stream(name) for name in streams))
build = runpy.run_path("dags/ingest.py")["build_ingest_dag"]
dag = build(source, shops, "America/New_York")
with mock.patch("include.orchestration.partition_key", lambda: day):
    run = dag.test(mark_success_pattern="check_shopify|announce_day")
with create_session() as session:
    found = session.query(TaskInstance).filter(TaskInstance.run_id == run.run_id).all()
    print(json.dumps([[t.task_id, t.map_index, t.rendered_map_index, t.state] for t in found]))
"""


def connection(**fields: Any) -> str:
    return json.dumps(fields)


@pytest.fixture
def environment(clean_warehouse: Warehouse, tmp_path: Path) -> dict[str, str]:
    """Airflow of this test alone, with its metadata in a file."""
    airflow = tmp_path / "airflow"
    return {
        **os.environ,
        "PYTHONPATH": str(REPO_ROOT),
        "GROUNDSWELL_DATA_DIR": str(tmp_path / "data"),
        "AIRFLOW_HOME": str(airflow),
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPO_ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow}/airflow.db",
        "AIRFLOW_CONN_PRIVACY": connection(conn_type="generic", password=HASH_KEY.decode()),
        "AIRFLOW_CONN_WAREHOUSE_LOADER": connection(
            conn_type="postgres",
            host="127.0.0.1",
            port=clean_warehouse.port,
            login="loader",
            password=clean_warehouse.secrets.role_password("loader"),
            schema="warehouse",
        ),
    }


def python(environment: dict[str, str], *arguments: str) -> str:
    """Run Python in the repository; the error holds what it said."""
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=REPO_ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-4000:]}"
    return done.stdout


def test_two_shops_are_loaded_by_two_tasks_of_their_names(
    clean_warehouse: Warehouse, environment: dict[str, str], tmp_path: Path
) -> None:
    python(environment, "-m", "airflow", "db", "migrate")
    with run_sandbox(tmp_path / "sandbox", {}) as sandbox:
        window = day_window(DAY, ZONE)
        sandbox.hold(window.end + dt.timedelta(hours=3))
        for shop in SHOPS:
            fields = json.dumps({"conn_type": "http", **sandbox.state["connections"]["shopify"]})
            environment[f"AIRFLOW_CONN_{shop.upper()}"] = fields
        arguments = DAY.isoformat(), json.dumps(SHOPS), json.dumps(STREAMS)
        said = python(environment, "-c", RUN, *arguments)
        expected = len(sandbox.market.orders_at(window.end + dt.timedelta(hours=3)))

    tasks = {(task, index): (name, state) for task, index, name, state in last_line(said)}
    loads = {key: value for key, value in tasks.items() if key[0].startswith("load_")}
    assert loads == {
        (f"load_{stream}", index): (shop, "success")
        for stream in STREAMS
        for index, shop in enumerate(SHOPS)
    }
    assert tasks["announce_day", -1] == (None, "success")
    with psycopg.connect(clean_warehouse.dsn("loader")) as conn:
        shops = conn.execute(
            "select connection_id, count(*) from raw.shopify__shop group by 1 order by 1"
        ).fetchall()
        orders = conn.execute(
            "select connection_id, count(*), count(distinct order_id) from raw.shopify__orders"
            " group by 1 order by 1"
        ).fetchall()
    assert shops == [(shop, 1) for shop in SHOPS]
    # One sandbox plays both shops, so each brings the same orders under its own id.
    assert [row[0] for row in orders] == SHOPS
    assert orders[0][1:] == orders[1][1:]
    assert 0 < orders[0][1] == orders[0][2] <= expected


def last_line(said: str) -> list[list[Any]]:
    found: list[list[Any]] = json.loads(said.strip().splitlines()[-1])
    return found
