"""Policy every DAG file obeys: cheap to parse, documented, tagged, wired from folders."""

from __future__ import annotations

import datetime as dt
import os
import re
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from include.settings import REPO_ROOT
from include.sources import discover_sources

DAG_FILES = sorted((REPO_ROOT / "dags").glob("*.py"))
INGEST = runpy.run_path(str(REPO_ROOT / "dags" / "ingest.py"))
# What a day of each source loads, written by hand: what the wiring derives is compared with it.
LOADS = {
    # One task for all tables of the plan.
    "campaign_plan": "plan",
    "exchange_rates": "rates",
    "files": "post_purchase_survey content_ratings story_numbers paid_ads_costs unit_costs"
    " audience_breakdown",
    "ga4": "sessions session_totals transactions key_events first_user_acquisition geography",
    "ga4_export": "events",
    "instagram": "accounts media media_insights discovered_accounts discovered_media"
    " partnership_content account_insights tags comments",
    "shopify": "orders order_days customers daily_sales product_variants discount_codes shop",
    "tiktok": "accounts account_days videos comments campaigns reports report_days creators posts",
    "woocommerce": "orders refunds customers coupons daily_sales site",
    "youtube": "channels uploads videos comments channel_days video_days",
}
EXPENSIVE = ("pandas", "dbt", "great_expectations", "numpy", "scipy", "psycopg")


@pytest.fixture(scope="module")
def dags(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Every DAG of the folder by id, parsed as Airflow parses it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPO_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_one_ingest_dag_per_enabled_source(dags: dict[str, object]) -> None:
    shops = ("shopify", "woocommerce")
    sources = (*shops, "ga4", "ga4_export", "instagram", "tiktok", "youtube", "files")
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


@pytest.mark.parametrize("name", LOADS)
def test_ingest_dags_load_every_stream_then_check_then_announce(name: str) -> None:
    dag = INGEST["build_ingest_dag"](discover_sources()[name], [name], "UTC")
    loads = {f"load_{stream}" for stream in LOADS[name].split()}
    assert set(dag.task_ids) == {*loads, f"check_{name}", "announce_day"}
    check, announce = dag.get_task(f"check_{name}"), dag.get_task("announce_day")
    assert check.upstream_task_ids == loads
    assert check.downstream_task_ids == {"announce_day"}
    assert announce.upstream_task_ids == {f"check_{name}"}
    assert announce.downstream_task_ids == set()
    assert check.trigger_rule == "none_failed"
    assert [asset.name for asset in announce.outlets] == ["warehouse.day"]
    first = "campaigns" if name == "campaign_plan" else LOADS[name].split()[0]
    assert f"raw.{name}__{first}" in {asset.name for asset in check.outlets}


def test_the_tasks_of_every_source_are_listed_here(dags: dict[str, object]) -> None:
    assert set(LOADS) == set(discover_sources())
    for name in ("shopify", "ga4", "instagram", "campaign_plan"):
        dag = dags[f"ingest_{name}"]
        loads = {f"load_{stream}" for stream in LOADS[name].split()}
        assert set(dag.task_ids) == {*loads, f"check_{name}", "announce_day"}  # type: ignore[attr-defined]
    outlets = dags["ingest_shopify"].get_task("check_shopify").outlets  # type: ignore[attr-defined]
    assert "raw.shopify__order_lines" in {asset.name for asset in outlets}


def test_dbt_runs_without_a_warning_about_how_it_is_asked_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk import DAG

    from include.dbt_tasks import dbt_group

    for mode in ("watcher", "local"):
        monkeypatch.setenv("GROUNDSWELL_DBT_EXECUTION", mode)
        with (
            warnings.catch_warnings(record=True) as told,
            DAG(f"build_{mode}", schedule=None) as dag,
        ):
            warnings.simplefilter("always")
            dbt_group("build_marts", select=["path:models/marts"])
        cosmos = [str(w.message) for w in told if "Cosmos" in str(w.message)]
        assert cosmos == []
        # Nothing may be fetched from the network before a model runs.
        installs = {task.install_deps for task in dag.tasks if hasattr(task, "install_deps")}
        assert installs == {False}


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
        assert len(code.splitlines()) <= 95, path.name
        work = re.search(r"\b(select \w|insert into|requests|pandas)\b", code.lower())
        assert not work, path.name
        assert not path.name.startswith("dbt_"), "dbt imports every module of that name"
