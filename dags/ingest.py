"""One `ingest_<source>` DAG per folder of `include/sources` that the plan's `sources:` list
enables.

Each run owns one business date (its partition key). One task per stream fetches, lands and loads;
`check_<source>` runs the expectations on what was loaded; `announce_day` records the arrival and
marks `warehouse.day` once every enabled source has arrived.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, CronPartitionTimetable, TaskGroup, task
from airflow.sdk.exceptions import AirflowSkipException

from include.assets import DAY, raw_assets
from include.daily import connections_of, schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE
from include.sources import discover_sources
from include.sources._base import Source


@task
def load_stream(source_name: str, stream_name: str, conn_id: str) -> dict[str, object]:
    """Fetch, land and load one stream of one connection for the run's day."""
    from include import daily, orchestration

    source = discover_sources()[source_name]
    result = daily.load_stream(
        source,
        source.stream(stream_name),
        conn_id,
        orchestration.partition_day(),
        run_id=orchestration.run_id(),
        read=orchestration.airflow_connection,
    )
    if result.status == "skipped":
        raise AirflowSkipException(result.reason)
    return {"load_id": result.load_id, "rows": result.rows_read, "rejected": result.rows_rejected}


@task(trigger_rule="none_failed")
def check_source(source_name: str) -> None:
    """Run the source's expectations on the rows this day loaded."""
    from include import daily, orchestration

    daily.check_source_day(
        discover_sources()[source_name],
        orchestration.partition_day(),
        run_id=orchestration.run_id(),
        read=orchestration.airflow_connection,
    )


@task(outlets=[Asset(DAY)])
def announce_day(source_name: str) -> None:
    """Record the arrival; mark `warehouse.day` when every enabled source has arrived."""
    from include import daily, orchestration

    day = orchestration.partition_day()
    source = discover_sources()[source_name]
    run_id, read = orchestration.run_id(), orchestration.airflow_connection
    if not daily.announce_source_day(source, day, run_id=run_id, read=read):
        raise AirflowSkipException(f"{day}: waiting for other sources; the last one marks it")


def build_ingest_dag(source: Source, conn_ids: list[str], timezone: str) -> DAG:
    """Wire one source's day: streams side by side, then check, then announce."""
    with DAG(
        dag_id=f"ingest_{source.name}",
        dag_display_name=f"Ingest {source.title}",
        doc_md=source.doc,
        schedule=CronPartitionTimetable(
            "0 3 * * *", timezone=timezone, run_offset=-1, key_format="%Y-%m-%d"
        ),
        start_date=START_DATE,
        catchup=False,
        default_args=DEFAULT_ARGS,
        tags=["ingest", source.name],
    ) as dag:
        check = check_source.override(
            task_id=f"check_{source.name}", outlets=[Asset(name) for name in raw_assets(source)]
        )(source.name)
        for conn_id in conn_ids:
            with TaskGroup(conn_id, prefix_group_id=len(conn_ids) > 1):
                for stream in source.streams:
                    load = load_stream.override(task_id=f"load_{stream.name}", pool=source.name)
                    load(source.name, stream.name, conn_id) >> check
        check >> announce_day(source.name)
    return dag


facts = schedule_facts()
for found in discover_sources().values():
    if enabled := connections_of(found.name, facts.sources):
        globals()[f"ingest_{found.name}"] = build_ingest_dag(
            found, enabled, facts.reporting_timezone
        )
