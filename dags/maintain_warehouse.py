"""Keep house: privacy requests, retention, vacuum.

**What** `apply_privacy_requests` works off the inbox (`<GROUNDSWELL_PRIVACY_DIR>/inbox`, filled by
the webhook endpoint or by hand): the persons named are erased from landing, quarantine, raw, the
built tables and the kept versions of the marts; the orders concerned are pending for the next
measure run. A request takes two passes on two days, so that what was under way during the first
cannot bring anybody back; `quality.privacy_requests` says what is due when. `delete_expired`
deletes landed pages, resolved rejects, quality rows and answers past their retention;
`clean_airflow_metadata` has the service `cleaner` run `airflow db clean`; `vacuum_tables` follows.

**Schedule** daily at 05:00 of the reporting time zone.

**Parameters** the retentions in days, and `dry_run`: nothing changes, the logs say what would.

**Input** the inbox · **Output** fewer rows and files; `secrets.privacy_requests`

**Limits** Nothing younger than the retentions is touched; published marts are never deleted here.

**When it fails**

| message | what to do |
|---|---|
| `… no connection has loaded the shop …` | not ours: remove the file; new: load the shop first |
| `… is no JSON`, `… names no customer`, `… is no payload of …` | repair or remove that file |
| `the erasure list cannot be compared without its key` | set the password of `privacy` again |
| `Truncated: landed page … cannot be read` | the file is damaged: restore or delete its run |
| `airflow db clean ended with …` | its output is in the log; clear the task |
| `clean_airflow_metadata` skipped | start `python -m include.maintenance.airflow_cleaner` |

A request that stays open past `due_at` waits for an open measure run, or its file was gone before
anybody was found: put the payload into the inbox again.
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, Param, get_current_context
from airflow.sdk.exceptions import AirflowSkipException

from include.dag_forms import dry_run_param
from include.dag_tasks import step
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE


def days(default: int, minimum: int, title: str, what: str) -> Param:
    """Return the field of so many days; at least `minimum`."""
    description = f"Days to keep {what}; at least {minimum}."
    return Param(
        default, type="integer", minimum=minimum, title=f"{title} (days)", description=description
    )


@step
def apply_privacy_requests() -> dict[str, int]:
    """Erase or disclose what persons asked for; how many are done, waiting, repeated."""
    from include import orchestration
    from include.maintenance import steps

    outcome = steps.apply_privacy_requests(
        is_dry_run=get_current_context()["params"]["dry_run"],
        read=orchestration.airflow_connection,
    )
    return {"done": outcome.done, "waiting": outcome.waiting, "repeated": outcome.repeated}


@step
def delete_expired() -> dict[str, int]:
    """Delete what is past its retention; rows and files by place."""
    from include import orchestration
    from include.maintenance import steps

    kept, dry_run = steps.read_params(get_current_context()["params"])
    return steps.delete_expired(kept, is_dry_run=dry_run, read=orchestration.airflow_connection)


@step
def clean_airflow_metadata() -> None:
    """Delete old runs and logs from Airflow's own database."""
    from include import orchestration
    from include.maintenance import steps

    kept, dry_run = steps.read_params(get_current_context()["params"])
    read = orchestration.airflow_connection
    if not steps.clean_airflow_metadata(kept, is_dry_run=dry_run, read=read):
        raise AirflowSkipException("no airflow_cleaner runs where Airflow's services do")


@step
def vacuum_tables() -> int:
    """Vacuum and analyze; how many tables."""
    from include import orchestration
    from include.maintenance import steps

    if get_current_context()["params"]["dry_run"]:
        raise AirflowSkipException("dry run")
    return steps.vacuum_tables(read=orchestration.airflow_connection)


with DAG(
    dag_id="maintain_warehouse",
    dag_display_name="Maintain the warehouse",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("0 5 * * *", timezone=schedule_facts().reporting_timezone),
    start_date=START_DATE,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    params={
        "dry_run": dry_run_param("Change nothing; the logs say what would be deleted."),
        "landing_days": days(400, 60, "Landing", "landed pages, and the list of their loads"),
        "quarantine_days": days(90, 1, "Quarantine", "rejects that a later load resolved"),
        "quality_days": days(400, 60, "Quality", "results of checks, windows and measure runs"),
        "airflow_days": days(90, 7, "Airflow", "runs and logs of Airflow itself"),
        "answer_days": days(30, 1, "Answers", "answers given to persons who asked"),
    },
    tags=["maintain"],
):
    clean_airflow_metadata()
    [apply_privacy_requests(), delete_expired()] >> vacuum_tables()
