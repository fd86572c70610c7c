"""Close a day that waits in vain.

**What** At the deadline (09:00 of the reporting time zone) the day before is measured with the
sources that have arrived; `sources_present` of the marts says which ones are missing. When a late
source comes, its own `announce_day` has the day measured again.

**Input** `quality.source_arrivals` · **Output** the asset `warehouse.day`

**Schedule** daily at 09:00 of the reporting time zone, for the day before.

**Limits** One day per run. A day nothing has arrived for is not measured.

**Parameters** `day`: the business date of a run by hand; `dry_run`: the log says what the day waits
for, nothing is marked.

**When it fails** `OperationalError`: the warehouse does not answer; clear the task once it does. A
skipped run is normal: the day was complete before the deadline, or no source has arrived at all.
"""

from __future__ import annotations

from airflow.sdk import DAG

from include.dag_assets import day_asset
from include.dag_forms import day_param, dry_run_param
from include.dag_tasks import step
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE, date_timetable
from include.task_links import FreshnessLink


@step(outlets=[day_asset()], link=FreshnessLink())
def close_waiting_day() -> None:
    """Mark the day when some, but not all, sources have arrived by the deadline."""
    from include import daily, orchestration

    day = orchestration.partition_day()
    is_waiting = daily.close_waiting_day(day, read=orchestration.airflow_connection)
    orchestration.skip_if(not is_waiting, f"{day}: complete already, or nothing has arrived")
    is_dry_run = orchestration.form("dry_run")
    orchestration.skip_if(is_dry_run, f"{day}: dry run; it would be measured without what is late")
    orchestration.mark(day_asset())


with DAG(
    dag_id="close_day",
    dag_display_name="Close a day that waits",
    doc_md=__doc__,
    schedule=date_timetable("0 9 * * *", schedule_facts().reporting_timezone),
    start_date=START_DATE,
    catchup=False,
    default_args=DEFAULT_ARGS,
    params={
        "day": day_param(),
        "dry_run": dry_run_param("The log says whether the day waits; nothing is marked."),
    },
    tags=["measure"],
):
    close_waiting_day()
