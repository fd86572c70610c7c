"""The seam between Airflow and the rest: partition keys, connections, retries.

Nothing here is imported by the pipeline's own modules; DAG files use it to stay pure wiring.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from airflow.sdk import (
    Asset,
    Context,
    CronPartitionTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryDecision,
    RetryRule,
    get_current_context,
)
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from include.connections import from_airflow
from include.daily import schedule_facts
from include.errors import PermanentError, RateLimited
from include.sources._base import DAY_KEY, HOUR_KEY, Connection, Source

log = logging.getLogger(__name__)
DAY = dt.timedelta(days=1)


class ErrorTreePolicy(ExceptionRetryPolicy):
    """Retry what the tree of `include/errors.py` calls transient, when it says so; fail the rest.

    A rate limit waits as long as the API asked (GA4's tokens come back after up to an hour).
    """

    def evaluate(
        self,
        exception: BaseException,
        try_number: int,
        max_tries: int,
        context: Context | None = None,
    ) -> RetryDecision:
        """Return the rule's decision, with the API's own wait for a rate limit."""
        decision = super().evaluate(exception, try_number, max_tries, context)
        if isinstance(exception, RateLimited) and exception.retry_after:
            return RetryDecision.retry(
                dt.timedelta(seconds=exception.retry_after), reason=decision.reason
            )
        return decision


RETRY_POLICY = ErrorTreePolicy(
    rules=[
        RetryRule(
            exception="include.errors.RateLimited",
            action=RetryAction.RETRY,
            retry_delay=dt.timedelta(minutes=5),
            reason="the API asked us to wait",
        ),
        RetryRule(
            exception="include.errors.WeekIncomplete",
            action=RetryAction.RETRY,
            retry_delay=dt.timedelta(hours=1),
            reason="a late source may still come",
        ),
        RetryRule(
            exception="include.errors.TransientError",
            action=RetryAction.RETRY,
            retry_delay=dt.timedelta(seconds=30),
            reason="transient failure",
        ),
        RetryRule(
            exception="include.errors.PermanentError",
            action=RetryAction.FAIL,
            reason="retrying cannot help; the log names what to change",
        ),
    ]
)

DEFAULT_ARGS: dict[str, Any] = {
    "owner": "data_engineering",
    "retries": 3,
    "retry_delay": dt.timedelta(seconds=10),
    "retry_policy": RETRY_POLICY,
}

# Deployments differ in when they start; keys before it can only be asked for by a backfill.
START_DATE = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def date_timetable(cron: str, timezone: str) -> CronPartitionTimetable:
    """Run by a cron line; a run owns the date of the line's time before: yesterday, last Monday."""
    return CronPartitionTimetable(cron, timezone=timezone, run_offset=-1, key_format=DAY_KEY)


def ingest_timetable(every: dt.timedelta | None, timezone: str) -> CronPartitionTimetable:
    """Say when a source is read: its day at 03:00, windows of `every` ten minutes after their end.

    A clock that runs a little slow still finds the window over. Short windows are cut in UTC, where
    each of them has the same length.
    """
    if every is None:
        return date_timetable("0 3 * * *", timezone)
    cron = f"10 */{every // dt.timedelta(hours=1)} * * *"
    return CronPartitionTimetable(cron, timezone="UTC", run_offset=-1, key_format=HOUR_KEY)


def partition_key() -> str:
    """Return the key of the window this run owns: its own, else the day of the form.

    `PermanentError` when it has neither, two that differ, or a day that was not over when the run
    was asked for.
    """
    context = get_current_context()
    run, day = context["dag_run"], (context.get("params") or {}).get("day")
    key = getattr(run, "partition_key", None)
    if not key and not day:
        raise PermanentError(
            f"run {run.run_id} has no partition key, so it owns no day; trigger it with a key or a "
            "day such as 2026-11-20, or use Backfill for a range"
        )
    if key and day and str(key) != str(day):
        raise PermanentError(
            f"run {run.run_id} has the partition key {key} and the day {day}; allowed: one of them"
        )
    _refuse_unfinished(str(key or day), run)
    return str(key or day)


def _refuse_unfinished(key: str, run: Any) -> None:
    """Refuse a day that goes on or has yet to come: measured now, it would be published as whole.

    Held against the time the run was asked for, so that a late retry does not change the answer. A
    timetable's days are over, and a backfill's `run_after` lies in the day itself.
    """
    asked_at = getattr(run, "run_after", None)
    is_by_timetable = getattr(run, "run_type", None) in ("scheduled", "backfill")
    if asked_at is None or is_by_timetable or len(key) != len("2026-11-20"):
        return
    last = asked_at.astimezone(ZoneInfo(schedule_facts().reporting_timezone)).date() - DAY
    if dt.date.fromisoformat(key) > last:
        raise PermanentError(
            f"day {key} of run {run.run_id} is not over; allowed: up to {last}, the day before the "
            "run in the reporting time zone"
        )


def partition_day() -> dt.date:
    """Return the business date this run owns; `PermanentError` when it has none."""
    return dt.date.fromisoformat(partition_key())


def fail(message: str) -> None:
    """Fail the task for good; what runs last decides whether Airflow calls a run failed."""
    raise AirflowFailException(message)


def run_id() -> str:
    """Return Airflow's id of the current run."""
    return str(get_current_context()["dag_run"].run_id)


def airflow_connection(conn_id: str) -> Connection:
    """Read a connection through Airflow (environment, secrets backend or metadata database)."""
    from airflow.sdk import Connection as AirflowConnection

    return from_airflow(AirflowConnection.get(conn_id))


def find_connection(conn_id: str) -> Connection | None:
    """Read a connection through Airflow, None where there is none."""
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return airflow_connection(conn_id)
    except AirflowNotFoundException:
        return None


def form(name: str) -> Any:
    """Return what the run's trigger form holds under a name, None where it has no such field."""
    return (get_current_context().get("params") or {}).get(name)


def skip_if(condition: object, reason: str | None) -> None:
    """Skip the task when the condition holds, and say why in a line of its own."""
    if condition:
        log.info("skipped: %s", reason)
        raise AirflowSkipException(reason)


def skip_unless_wanted(conn_id: str, what: str) -> None:
    """Skip a task that the form of a run by hand leaves out: another connection, or a dry run."""
    wanted = form("connections") or []
    is_left_out = wanted and conn_id and conn_id not in wanted
    skip_if(is_left_out, f"{what}: the form names {', '.join(wanted)} only")
    skip_if(form("dry_run"), f"dry run: this would read {what}; nothing was asked or loaded")


def mark(*assets: Asset, note: Mapping[str, Any] | None = None) -> None:
    """Give the events of assets a note and the run's day, which Airflow knows of no run by hand."""
    events = get_current_context()["outlet_events"]
    for asset in assets:
        events[asset].add_partitions(partition_key())
        if note:
            events[asset].extra = dict(note)


def mark_loaded(source: Source) -> None:
    """Mark the raw tables of a source, each with a note on what the run's window brought."""
    from include.asset_notes import stream_notes
    from include.dag_assets import raw_outlets

    notes = stream_notes(source.name, partition_key(), run_id(), read=airflow_connection)
    for asset in raw_outlets(source):
        mark(asset, note=notes.get(asset.name.partition("__")[2]))
