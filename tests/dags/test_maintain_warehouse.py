"""The DAG that keeps house: when it runs, what may be set, and that no failure hides."""

from __future__ import annotations

import pytest

from include.maintenance.retention import Retention
from include.settings import REPO_ROOT


@pytest.fixture(scope="module")
def dag():
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPO_ROOT / "dags" / "maintain_warehouse.py"))
    assert bag.import_errors == {}
    return bag.dags["maintain_warehouse"]


def test_it_runs_daily_at_five_in_the_reporting_zone(dag) -> None:
    from include.daily import schedule_facts

    assert dag.timetable.expression == "0 5 * * *"
    assert str(dag.timetable.timezone) == schedule_facts().reporting_timezone
    assert dag.catchup is False
    assert dag.max_active_runs == 1


def test_parameters_are_typed_and_default_to_the_documented_retention(dag) -> None:
    values = {name: dag.params[name] for name in dag.params}
    defaults = Retention()
    days = {name: getattr(defaults, name) for name in Retention.__slots__}
    assert values == {"dry_run": False, **days}
    schemas = {name: dag.params.get_param(name).schema["type"] for name in dag.params}
    assert schemas == {"dry_run": "boolean", **dict.fromkeys(days, "integer")}
    page = (REPO_ROOT / "docs" / "personal-data.md").read_text()
    for name, value in days.items():
        assert f"| `{name}` | {value} |" in page


@pytest.mark.parametrize(("name", "value"), [("dry_run", "maybe"), ("landing_days", 3)])
def test_a_wrong_parameter_is_refused(dag, name: str, value: object) -> None:
    from airflow.sdk.exceptions import AirflowException

    with pytest.raises((ValueError, AirflowException)):
        dag.params.get_param(name).resolve(value=value)


def test_every_task_that_fails_fails_the_run(dag) -> None:
    """A run is as its last tasks are: nothing that runs in spite of a failure may come last."""
    assert set(dag.task_ids) == {
        "apply_privacy_requests",
        "delete_expired",
        "clean_airflow_metadata",
        "vacuum_tables",
    }
    assert {task.task_id for task in dag.leaves} == {"vacuum_tables", "clean_airflow_metadata"}
    assert all(task.trigger_rule == "all_success" for task in dag.tasks)
