"""Policy every DAG file obeys: cheap to parse, documented, tagged, wired from folders."""

from __future__ import annotations

import datetime as dt
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from include.settings import REPO_ROOT

DAG_FILES = sorted((REPO_ROOT / "dags").glob("*.py"))
EXPENSIVE = ("pandas", "dbt", "great_expectations", "numpy", "scipy", "psycopg")


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Every DAG of the folder by id, parsed as Airflow parses it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPO_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_one_ingest_dag_per_enabled_source(dags: dict[str, object]) -> None:
    sources = ("shopify", "ga4", "ga4_export", "instagram", "tiktok", "youtube", "files")
    expected = {f"ingest_{name}" for name in (*sources, "exchange_rates", "campaign_plan")}
    own_windows = {"ingest_instagram_stories"}
    assert {dag_id for dag_id in dags if dag_id.startswith("ingest_")} == expected | own_windows
    assert {"close_day", "measure_campaigns"} <= set(dags)


def test_every_dag_has_a_page_that_says_what_to_do_when_it_fails(dags: dict[str, object]) -> None:
    for dag_id, dag in dags.items():
        page = dag.doc_md or ""  # type: ignore[attr-defined]
        assert "when it fails" in page.lower(), dag_id
        assert dag.tags, dag_id  # type: ignore[attr-defined]
        assert dag.default_args["owner"] != "airflow", dag_id  # type: ignore[attr-defined]


def test_ingest_dags_end_with_check_then_announce(dags: dict[str, object]) -> None:
    dag = dags["ingest_shopify"]
    announce = dag.get_task("announce_day")  # type: ignore[attr-defined]
    check = dag.get_task("check_shopify")  # type: ignore[attr-defined]
    assert announce.upstream_task_ids == {"check_shopify"}
    assert {"load_orders", "load_daily_sales", "load_shop"} <= check.upstream_task_ids
    others = {"check_shopify", "announce_day"}
    assert check.upstream_task_ids == set(dag.task_ids) - others  # type: ignore[attr-defined]
    assert check.trigger_rule == "none_failed"
    assert [asset.name for asset in announce.outlets] == ["warehouse.day"]
    assert "raw.shopify__order_lines" in {asset.name for asset in check.outlets}


def test_only_the_day_asset_schedules_the_measurement(dags: dict[str, object]) -> None:
    timetable = dags["measure_campaigns"].timetable  # type: ignore[attr-defined]
    assert timetable.asset_condition.name == "warehouse.day"
    assert dags["measure_campaigns"].max_active_runs == 1  # type: ignore[attr-defined]


def test_permanent_errors_fail_at_once_and_transient_ones_retry(dags: dict[str, object]) -> None:
    from airflow.sdk.definitions.retry_policy import RetryAction

    from include import errors

    policy = dags["ingest_ga4"].get_task("load_sessions").retry_policy  # type: ignore[attr-defined]
    expected = {
        errors.BadCredentials("ga4"): RetryAction.FAIL,
        errors.CountMismatch("x"): RetryAction.FAIL,
        errors.RateLimited("x", retry_after=3): RetryAction.RETRY,
        errors.Truncated("x"): RetryAction.RETRY,
    }
    assert {error: policy.evaluate(error, 1, 3).action for error in expected} == expected
    asked = policy.evaluate(errors.RateLimited("x", retry_after=3600), 1, 3)
    assert asked.retry_delay == dt.timedelta(hours=1)


@pytest.mark.parametrize("path", DAG_FILES, ids=lambda p: p.stem)
def test_importing_a_dag_file_loads_nothing_expensive(path: Path) -> None:
    code = (
        "import sys, runpy; runpy.run_path(sys.argv[1]);"
        "print([m for m in sys.argv[2].split() if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(path), " ".join(EXPENSIVE)],
        cwd=REPO_ROOT,
        env={**os.environ, "PYTHONPATH": str(REPO_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip().splitlines()[-1] == "[]"


def test_dag_files_wire_and_do_not_work() -> None:
    for path in DAG_FILES:
        text = path.read_text()
        code = text.split('"""', 2)[2]
        assert len(code.splitlines()) <= 90, path.name
        work = re.search(r"\b(select \w|insert into|requests|pandas)\b", code.lower())
        assert not work, path.name
        assert not path.name.startswith("dbt_"), "dbt imports every module of that name"
