"""What a model's task makes of its group's build, attempt by attempt."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
    AirflowSkipException,
)
from cosmos.operators._watcher import base
from cosmos.operators.local import DbtTestLocalOperator
from cosmos.operators.watcher import DbtProducerWatcherOperator, DbtRunWatcherOperator

from include import failures
from include.dbt_tasks import dbt_group
from include.dbt_watcher import IDLE_POKES, BuildFollower, BuildProducer


@pytest.fixture(scope="module")
def tasks() -> dict[str, Any]:
    """The tasks of a group that Cosmos draws."""
    with DAG("repeated", schedule=None) as dag:
        dbt_group("build_marts", select=["path:models/marts"])
    return {task.task_id: task for task in dag.tasks}


class Watched:
    """A follower, what its producer's state is, and what that has told of the model."""

    def __init__(self, follower: BuildFollower, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state: str | None = "running"
        self.told: str | None = None
        self.follower = follower
        monkeypatch.setattr(follower, "_idle_pokes", 0)
        monkeypatch.setattr(base, "build_producer_state_fetcher", lambda **_: lambda: self.state)
        monkeypatch.setattr(base, "get_xcom_val", self._read)

    def _read(self, *_: object, key: str = "", **__: object) -> Any:
        is_status = key.endswith("_status") or any(str(part).endswith("_status") for part in _)
        return {"status": self.told} if is_status and self.told else None

    def poke(self, attempt: int = 1) -> bool:
        ti = SimpleNamespace(
            try_number=attempt, dag_id="repeated", map_index=-1, xcom_pull=lambda **_: None
        )
        return bool(self.follower.poke({"ti": ti, "run_id": "run"}))  # type: ignore[typeddict-item]


@pytest.fixture
def watched(tasks: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tasks["build_marts.mart_funnel_run"], monkeypatch)


def test_every_build_is_repeatable_and_every_model_follows_it(tasks: dict[str, Any]) -> None:
    assert isinstance(tasks["build_marts.dbt_producer_watcher"], BuildProducer)
    models = [task for name, task in tasks.items() if name.endswith("_run")]
    assert len(models) == len([n for n in tasks if n.startswith("build_marts.mart_")]) > 25
    assert all(isinstance(task, BuildFollower) for task in models)


@pytest.mark.parametrize("attempt", [1, 2, 3])
def test_dbt_builds_in_every_attempt(
    tasks: dict[str, Any], monkeypatch: pytest.MonkeyPatch, attempt: int
) -> None:
    seen = []

    def execute(self: object, context: Any, **_: object) -> None:
        seen.append(context["ti"].try_number)
        raise RuntimeError("dbt failed")

    monkeypatch.setattr(DbtProducerWatcherOperator, "execute", execute)
    ti = SimpleNamespace(try_number=attempt, dag_id="repeated")
    with pytest.raises(RuntimeError):
        tasks["build_marts.dbt_producer_watcher"].execute({"ti": ti})
    assert seen == [1], "Cosmos skips what it takes for a later attempt"
    assert ti.try_number == attempt, "Airflow decides by it whether there is another one"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Callable[[], Any]:
    """What the log of a task says, without the warehouse."""
    monkeypatch.setattr(failures, "read_served", lambda read: "version 9 of the marts")
    caplog.set_level("ERROR")
    return lambda: [record.message for record in caplog.records if record.levelname == "ERROR"]


@pytest.mark.parametrize(
    "operator", [DbtProducerWatcherOperator, DbtRunWatcherOperator, DbtTestLocalOperator]
)
def test_a_failed_build_says_what_happened_before_the_traceback(
    tasks: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[], Any],
    operator: type,
) -> None:
    """As Airflow does it: it logs what `execute` raises, and calls callbacks after that."""
    error = AirflowException("dbt build failed: mart_funnel")

    def execute(self: object, context: Any, **_: object) -> None:
        raise error

    monkeypatch.setattr(operator, "execute", execute)
    task = next(task for task in tasks.values() if isinstance(task, operator))
    server = SimpleNamespace(max_tries=2)
    ti = SimpleNamespace(try_number=3, dag_id="measure_campaigns", _ti_context_from_server=server)
    context = {"ti": ti, "exception": error}
    try:
        task.execute({"ti": ti})
    except AirflowException:
        logging.getLogger("airflow.task").exception("Task failed with exception")
    for callback in [*task.on_failure_callback, *task.on_retry_callback]:
        callback(context)
    assert [line.partition(":")[0] for line in told()] == [
        "What happened",
        "Does retrying help",
        "What is served",
        "What to do",
        "Task failed with exception",
    ]
    assert told()[0] == "What happened: AirflowException: dbt build failed: mart_funnel"
    # Of the build's attempts none is left, although Cosmos was told it is the first.
    assert told()[1] == "Does retrying help: it was retried as often as allowed"


@pytest.mark.parametrize(
    "signal", [AirflowSkipException("no"), AirflowRescheduleException(dt.datetime.now(dt.UTC))]
)
def test_what_is_no_failure_is_not_explained(
    tasks: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    told: Callable[[], Any],
    signal: Exception,
) -> None:
    def execute(self: object, context: Any, **_: object) -> None:
        raise signal

    monkeypatch.setattr(DbtRunWatcherOperator, "execute", execute)
    with pytest.raises(type(signal)):
        tasks["build_marts.mart_funnel_run"].execute({"ti": SimpleNamespace()})
    assert told() == []


def test_a_task_keeps_its_name_for_people(tasks: dict[str, Any]) -> None:
    shown = {task.task_type for task in tasks.values()}
    assert shown == {"BuildProducer", "BuildFollower", "DbtTestLocalOperator", "EmptyOperator"}


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_model_is_done_when_the_build_says_so(watched: Watched, attempt: int) -> None:
    assert watched.poke(attempt) is False
    watched.told = "success"
    assert watched.poke(attempt) is True


def test_a_failure_stands_only_when_no_attempt_is_left(watched: Watched) -> None:
    watched.told = "failed"
    assert watched.poke() is False, "the build still runs"
    watched.state = "up_for_retry"
    assert watched.poke() is False, "it will be tried again"
    watched.state = "failed"
    with pytest.raises(
        AirflowFailException, match=r"mart_funnel .*ended as failed.*clear open_run"
    ):
        watched.poke()


def test_what_an_earlier_attempt_told_is_not_believed(watched: Watched) -> None:
    """A cleared run: what the last build told stays until the next one starts."""
    watched.told = "success"
    for state in (None, "scheduled", "queued", "up_for_retry"):
        watched.state = state
        assert watched.poke(2) is False
    watched.state = "running"
    assert watched.poke(2) is True


@pytest.mark.parametrize("state", ["success", "failed", "skipped", "upstream_failed"])
def test_a_build_that_ended_without_the_model_fails_it(watched: Watched, state: str) -> None:
    watched.state = state
    with pytest.raises(AirflowFailException, match=f"ended as {state}"):
        watched.poke()


def test_followers_give_up_their_slots_to_a_build_that_waits_for_one(watched: Watched) -> None:
    watched.state = "scheduled"
    for _ in range(IDLE_POKES):
        assert watched.poke() is False
    with pytest.raises(AirflowRescheduleException):
        watched.poke()


def test_followers_of_a_running_build_keep_their_slots(watched: Watched) -> None:
    assert [watched.poke() for _ in range(3 * IDLE_POKES)] == [False] * 3 * IDLE_POKES
