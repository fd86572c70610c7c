"""The lines before a traceback: what happened, whether retrying helps, what is served."""

from __future__ import annotations

import errno
from types import SimpleNamespace

import psycopg
import pytest
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.exceptions import AirflowFailException

from include import dag_tasks, failures, orchestration
from include.errors import BadCredentials, RateLimited
from include.sources._base import Connection

SERVED = "version 9 of the marts, whole up to 2026-11-20"


def lines(error: BaseException, tries_left: int) -> list[str]:
    return failures.explain(error, "ingest_ga4", SERVED, tries_left=tries_left)


def test_a_permanent_error_asks_for_a_person() -> None:
    assert lines(BadCredentials("connection 'ga4': the key was refused\nsecond line"), 2) == [
        "What happened: BadCredentials: connection 'ga4': the key was refused",
        "Does retrying help: no, a person must act first; then clear the task",
        f"What is served: {SERVED}",
        "What to do: the page of ingest_ga4 lists messages under 'When it fails'",
    ]


@pytest.mark.parametrize(
    ("error", "tries_left", "advice"),
    [
        (RateLimited("slow down"), 2, "probably, it passes: 2 more tries by itself"),
        (psycopg.OperationalError("refused"), 1, "probably, it passes: 1 more try by itself"),
        (
            RateLimited("slow down"),
            0,
            "it was retried as often as allowed; clear the task once the cause is gone",
        ),
        (KeyError("x"), 3, "not known, this error is not one of ours: 3 more tries by itself"),
        (KeyError("x"), 0, "it was retried as often as allowed"),
        (AirflowFailException("not built"), 2, "no, a person must act first; then clear the task"),
    ],
)
def test_advice_follows_the_error_tree_and_the_tries(
    error: BaseException, tries_left: int, advice: str
) -> None:
    assert lines(error, tries_left)[1] == f"Does retrying help: {advice}"


def test_a_measure_run_that_failed_is_begun_anew() -> None:
    """It is closed: the task that failed, cleared alone, would lead to a refused publication."""
    error = BadCredentials("refused")
    told = failures.explain(error, "measure_campaigns", SERVED, tries_left=2)
    assert told[1] == "Does retrying help: no, a person must act first; then clear open_run"


def test_a_full_disk_does_not_pass_by_itself() -> None:
    """Postgres counts it among what passes; neither waiting nor the DAG's page makes room."""
    from_landing = RuntimeError("page not written")
    from_landing.__cause__ = OSError(errno.ENOSPC, "No space left on device")
    for error in (psycopg.errors.DiskFull("could not extend file"), from_landing):
        told = lines(error, 3)
        assert told[1] == (
            "Does retrying help: not before somebody makes room on the disk; then clear the task"
        )
        assert told[3] == "What to do: docs/runbook.md, 'The disk is full', says where room is"
    other = OSError(errno.EACCES, "Permission denied")
    assert "not one of ours" in lines(other, 3)[1]


def test_tries_left_counts_what_airflow_allows() -> None:
    def instance(try_number: int, max_tries: int) -> SimpleNamespace:
        server = SimpleNamespace(max_tries=max_tries)
        return SimpleNamespace(try_number=try_number, _ti_context_from_server=server)

    assert [failures.tries_left(instance(n, 3)) for n in (1, 2, 4, 5)] == [3, 2, 0, 0]


def test_a_warehouse_that_does_not_answer_hides_nothing() -> None:
    def missing(conn_id: str) -> Connection:
        raise LookupError(conn_id)

    assert failures.read_served(missing).startswith("not known")
    unreachable = Connection(conn_id="w", host="127.0.0.1", port=1, login="ui_reader", scheme="w")
    assert failures.read_served(lambda conn_id: unreachable).startswith("not known")


def test_a_step_explains_and_raises_the_same_error(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    error = BadCredentials("refused")
    instance = SimpleNamespace(dag_id="ingest_ga4", try_number=1)
    monkeypatch.setattr(dag_tasks, "get_current_context", lambda: {"ti": instance})
    monkeypatch.setattr(failures, "read_served", lambda read: SERVED)
    monkeypatch.setattr(orchestration, "airflow_connection", lambda conn_id: None)

    def fail() -> None:
        raise error

    # Airflow's own call needs a run; what it calls in the end is the function.
    monkeypatch.setattr(PythonOperator, "execute_callable", lambda step: step.python_callable())
    operator = dag_tasks.Step(python_callable=fail, op_args=(), op_kwargs={}, task_id="load")
    with caplog.at_level("ERROR"), pytest.raises(BadCredentials) as raised:
        operator.execute_callable()
    assert raised.value is error
    assert next(record.message for record in caplog.records) == (
        "What happened: BadCredentials: refused"
    )
