"""Say what a failure means before the traceback: what happened, whether retrying helps, what is
still served.
"""

from __future__ import annotations

import errno
import logging
from typing import TYPE_CHECKING, Any

import psycopg
from airflow.sdk.exceptions import AirflowFailException

from include.connections import read_connection
from include.errors import GroundswellError, PermanentError, TransientError
from include.warehouse.connection import connect, dsn_of

if TYPE_CHECKING:
    from include.daily import ReadConnection

log = logging.getLogger(__name__)

# A run of these that failed is closed and publishes no more: it is begun anew by this task.
BEGUN_BY = {"measure_campaigns": "open_run"}
MAKE_ROOM = "docs/runbook.md, 'The disk is full', says where room is"
NOT_KNOWN = "not known, the warehouse does not answer; readers keep what was published last"


def explain(error: BaseException, dag_id: str, served: str, *, tries_left: int) -> list[str]:
    """Return the lines that stand before the traceback of a failed task.

    served: what readers see meanwhile. tries_left: how often the task may still run.
    """
    first_line = (str(error).strip() or "no message").splitlines()[0]
    advice = f"the page of {dag_id} lists messages under 'When it fails'"
    return [
        f"What happened: {type(error).__name__}: {first_line}",
        f"Does retrying help: {_advise(error, tries_left, BEGUN_BY.get(dag_id, 'the task'))}",
        f"What is served: {served}",
        f"What to do: {MAKE_ROOM if _is_disk_full(error) else advice}",
    ]


def explain_in_log(
    error: BaseException, dag_id: str, *, tries_left: int, read: ReadConnection = read_connection
) -> None:
    """Write the lines into the task's log."""
    for line in explain(error, dag_id, read_served(read), tries_left=tries_left):
        log.error("%s", line)


def read_served(read: ReadConnection) -> str:
    """Return which version of the marts readers see, in words; never raise."""
    try:
        dsn = dsn_of(read("warehouse_ui_reader"))
        with connect(f"{dsn}{'&' if '?' in dsn else '?'}connect_timeout=5") as connection:
            row = connection.execute(
                "select version, as_of_date from quality.publications where is_current"
            ).fetchone()
    except (psycopg.Error, GroundswellError):
        return NOT_KNOWN
    # A connection that Airflow does not have either: it is the failure we are explaining.
    except Exception as missing:  # noqa: BLE001
        log.debug("what is served is not known: %s", missing)
        return NOT_KNOWN
    if row is None:
        return "nothing yet, no publication was made"
    return f"version {row[0]} of the marts, whole up to {row[1]}; it stays until the next one"


def _advise(error: BaseException, tries_left: int, begun_by: str) -> str:
    if _is_disk_full(error):
        return f"not before somebody makes room on the disk; then clear {begun_by}"
    if isinstance(error, PermanentError | AirflowFailException):
        return f"no, a person must act first; then clear {begun_by}"
    if not tries_left:
        hint = f"; clear {begun_by} once the cause is gone" if _is_transient(error) else ""
        return f"it was retried as often as allowed{hint}"
    times = f"{tries_left} more {'try' if tries_left == 1 else 'tries'} by itself"
    if _is_transient(error):
        return f"probably, it passes: {times}"
    return f"not known, this error is not one of ours: {times}"


def _is_disk_full(error: BaseException) -> bool:
    """Say whether the error, or what it was raised from, is a disk without room."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, psycopg.errors.DiskFull):
            return True
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        cause = cause.__cause__
    return False


def _is_transient(error: BaseException) -> bool:
    return isinstance(error, TransientError | psycopg.OperationalError)


def tries_left(task_instance: Any) -> int:
    """Return how often Airflow may still run a task by itself."""
    context = getattr(task_instance, "_ti_context_from_server", None)
    most = getattr(context, "max_tries", 0) if context else 0
    return max(int(most) + 1 - int(task_instance.try_number), 0)
