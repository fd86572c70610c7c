"""Close a day that waits in vain.

**What** At the deadline (09:00 of the reporting time zone) the day before is measured with the
sources that have arrived; `sources_present` of the marts says which ones are missing. When a late
source comes, its own `announce_day` has the day measured again.

**Input** `quality.source_arrivals` · **Output** the asset `warehouse.day`

**When it fails** `OperationalError`: the warehouse does not answer; clear the task once it does. A
skipped run is normal: the day was complete before the deadline, or no source has arrived at all.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, CronPartitionTimetable, task
from airflow.sdk.exceptions import AirflowSkipException

from include.assets import DAY
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE


@task(outlets=[Asset(DAY)])
def close_waiting_day() -> None:
    """Mark the day when some, but not all, sources have arrived by the deadline."""
    from include import daily, orchestration

    day = orchestration.partition_day()
    if not daily.close_waiting_day(day, read=orchestration.airflow_connection):
        raise AirflowSkipException(f"{day}: complete already, or nothing has arrived")


with DAG(
    dag_id="close_day",
    dag_display_name="Close a day that waits",
    doc_md=__doc__,
    schedule=CronPartitionTimetable(
        "0 9 * * *",
        timezone=schedule_facts().reporting_timezone,
        run_offset=-1,
        key_format="%Y-%m-%d",
    ),
    start_date=START_DATE,
    catchup=False,
    default_args=DEFAULT_ARGS,
    tags=["measure"],
):
    close_waiting_day()
