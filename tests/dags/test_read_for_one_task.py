"""A task's process reads its DAG file for that task alone, and finds what the scheduler knows."""

from __future__ import annotations

from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import OperatorSerialization

from include.settings import REPO_ROOT

DAG_FILES = {"measure_campaigns": "measure_campaigns.py", "ingest_shopify": "ingest.py"}
# Of the many that follow a dbt build: rows kept and views, of both groups.
FOLLOWERS = {
    "build_core.fct_order_run",
    "build_core.int_default_credits_run",
    "build_marts.mart_funnel_run",
}
# Whose success is news about assets.
TELLING = {"publish_marts", "check_shopify", "announce_day"}
# Edges and groups are the scheduler's business.
EDGES = {"downstream_task_ids", "_task_group", "task_group"}


def read_tasks(dag_id: str) -> dict[str, Any]:
    """Return the tasks of a DAG as this process reads its file, by id."""
    bag = DagBag(dag_folder=str(REPO_ROOT / "dags" / DAG_FILES[dag_id]))
    assert bag.import_errors == {}
    return {task.task_id: task for task in bag.dags[dag_id].tasks}


def known_of(task: Any) -> dict[str, Any]:
    """Return what Airflow keeps of a task, without its edges."""
    kept = OperatorSerialization.serialize_operator(task)
    return {name: value for name, value in kept.items() if name not in EDGES}


@pytest.fixture(autouse=True)
def _read_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DAG_ID", "TASK_ID"):
        monkeypatch.delenv(f"_AIRFLOW_PARSING_CONTEXT_{name}", raising=False)


@pytest.mark.parametrize("dag_id", sorted(DAG_FILES))
def test_a_task_is_the_same_when_its_file_is_read_for_it_alone(
    dag_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = read_tasks(dag_id)
    tried = [n for n in whole if not n.endswith("_run") or n in FOLLOWERS]
    assert len(tried) > 8
    for task_id in tried:
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", task_id)
        alone = read_tasks(dag_id)[task_id]
        assert known_of(alone) == known_of(whole[task_id]), task_id
        assert type(alone).__name__ == type(whole[task_id]).__name__, task_id
        is_publishing = task_id == "publish_marts"
        assert bool(alone.outlets) == (
            is_publishing or task_id in ("check_shopify", "announce_day")
        )


def test_a_follower_is_read_without_the_other_models(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "measure_campaigns")
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_TASK_ID", "build_core.fct_order_run")
    dbt_tasks = {n for n in read_tasks("measure_campaigns") if "." in n}
    assert {n for n in dbt_tasks if n.endswith("_run")} == {"build_core.fct_order_run"}
    assert not {n for n in dbt_tasks if n.startswith("build_marts.")}


def test_a_load_is_read_without_the_other_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "ingest_shopify")
    bag = DagBag(dag_folder=str(REPO_ROOT / "dags" / "ingest.py"))
    assert set(bag.dags) == {"ingest_shopify"}
