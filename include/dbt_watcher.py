"""Cosmos' watcher, so that a build can be repeated: after a failure, a kill, or a clear by hand.

One task runs `dbt build`, the models' tasks follow it. Cosmos runs that build once only: when the
task is tried again it is skipped, and each model's task builds its own model. Here that would
leave a hole: views have no tasks, a table that is replaced takes the views over it along, and so
the next model finds nothing to read. Every attempt therefore builds the whole group, which is what
our models allow (a run reads the loads it has pinned), and a model's task never builds by itself.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from airflow.sdk.exceptions import AirflowFailException, AirflowRescheduleException
from cosmos.operators._watcher.state import (
    is_dbt_node_status_failed,
    is_dbt_node_status_success,
    is_producer_task_terminated,
)
from cosmos.operators.watcher import DbtProducerWatcherOperator, DbtRunWatcherOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

RUNNING, SUCCESS = "running", "success"
# Each attempt is a whole build.
BUILD_RETRIES = 2
# Followers that fill all slots of the executor would keep a build that is tried again from one.
IDLE_POKES = 10


class BuildProducer(DbtProducerWatcherOperator):  # type: ignore[misc]  # Cosmos is not typed
    """Runs `dbt build` of a group, in every attempt."""

    def execute(self, context: Context, **kwargs: Any) -> Any:
        """Build; the models' tasks read from XCom how far it is."""
        task_instance: Any = context["ti"]
        attempt = task_instance.try_number
        # Cosmos skips any but the first.
        task_instance.try_number = 1
        try:
            return super().execute(context, **kwargs)
        finally:
            task_instance.try_number = attempt


class BuildFollower(DbtRunWatcherOperator):  # type: ignore[misc]  # Cosmos is not typed
    """Waits until the group's build has built its model; fails when none of its attempts did."""

    _producer_state: str | None = None
    _idle_pokes = 0

    def _get_producer_task_status(self, context: Context) -> str | None:
        self._producer_state = super()._get_producer_task_status(context)
        return self._producer_state

    def _get_node_status(self, ti: Any, context: Context) -> Any:
        """Return what became of the model, None while that is open.

        What an attempt told stays in XCom until the next one starts, and a failure stands only when
        no attempt is left: each one told earlier would use up an attempt of this task.
        """
        status = super()._get_node_status(ti, context)
        if is_producer_task_terminated(self._producer_state):
            if self._producer_state != SUCCESS and not is_dbt_node_status_success(status):
                raise self._failure()
            return status
        is_settled = self._producer_state == RUNNING and not is_dbt_node_status_failed(status)
        return status if is_settled else None

    def _handle_retry(
        self, try_number: int, producer_task_state: str | None, context: Context
    ) -> bool | None:
        """Return None: a later attempt looks at the build as the first one does."""
        return None

    def _handle_no_dbt_node_status(
        self, producer_task_state: str | None, try_number: int, context: Context
    ) -> bool:
        """Return False to look again; give up the slot when the build may be waiting for one."""
        if is_producer_task_terminated(producer_task_state):
            raise self._failure()
        self._idle_pokes = 0 if producer_task_state == RUNNING else self._idle_pokes + 1
        if self._idle_pokes > IDLE_POKES:
            raise AirflowRescheduleException(dt.datetime.now(dt.UTC))  # type: ignore[no-untyped-call]
        return False

    def _fallback_to_non_watcher_run(self, try_number: int, context: Context) -> bool:
        """Build nothing alone: see above."""
        raise self._failure()

    def _failure(self) -> AirflowFailException:
        name = str(self.model_unique_id).rpartition(".")[2]
        return AirflowFailException(
            f"{name} was not built: {self.producer_task_id} ended as {self._producer_state}, and "
            "its log says why. A model is built with its whole group only: clear open_run once the "
            "cause is gone"
        )


def make_repeatable(task: Any) -> None:
    """Give a task that Cosmos made one of the classes above; Cosmos chooses its own by name."""
    if isinstance(task, DbtProducerWatcherOperator):
        task.__class__ = BuildProducer
        task.retries = BUILD_RETRIES
    elif isinstance(task, DbtRunWatcherOperator):
        task.__class__ = BuildFollower
