"""One `ingest_<source>` DAG per folder of `include/sources` that the plan's `sources:` list
enables, and one `ingest_<source>_<stream>` for each stream that has windows of its own.

Each run owns one window (its partition key): a business date, or a few hours. One task per stream
fetches, lands and loads, mapped over the connections (shops, brands, accounts) by their ids; the
API's pool bounds how many ask it at once. `check_<source>` runs the expectations on what was
loaded. Of a business date `announce_day` records the arrival and marks `warehouse.day` once every
enabled source has arrived; no day waits for a stream with windows of its own.
"""

from __future__ import annotations

from airflow.sdk import DAG, Asset, task
from airflow.sdk.exceptions import AirflowSkipException

from include.assets import DAY, pool_note, raw_assets
from include.daily import connections_of, schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE, ingest_timetable
from include.sources import discover_sources
from include.sources._base import Source


@task
def load_stream(source_name: str, stream_name: str, conn_id: str) -> dict[str, object]:
    """Fetch, land and load one stream of one connection for the run's window."""
    from include import daily, orchestration

    source = discover_sources()[source_name]
    key, run_id = orchestration.partition_key(), orchestration.run_id()
    read = orchestration.airflow_connection
    stream = source.stream(stream_name)
    result = daily.load_stream(source, stream, conn_id, key, run_id=run_id, read=read)
    if result.status == "skipped":
        raise AirflowSkipException(result.reason)
    return {"load_id": result.load_id, "rows": result.rows_read, "rejected": result.rows_rejected}


@task(trigger_rule="none_failed")
def check_source(source_name: str, own_stream: str) -> None:
    """Run the source's expectations on the rows this window loaded."""
    from include import daily, orchestration

    key, run_id = orchestration.partition_key(), orchestration.run_id()
    part, read = discover_sources()[source_name].part(own_stream), orchestration.airflow_connection
    daily.check_source_window(part, key, run_id=run_id, read=read)


@task(outlets=[Asset(DAY)])
def announce_day(source_name: str) -> None:
    """Record the arrival; mark `warehouse.day` when every enabled source has arrived."""
    from include import daily, orchestration

    day = orchestration.partition_day()
    source = discover_sources()[source_name]
    run_id, read = orchestration.run_id(), orchestration.airflow_connection
    if not daily.announce_source_day(source, day, run_id=run_id, read=read):
        raise AirflowSkipException(f"{day}: waiting for other sources; the last one marks it")


def build_ingest_dag(source: Source, conn_ids: list[str], timezone: str, own: str = "") -> DAG:
    """Wire one window: every stream of every connection, then check, then (of a day) announce."""
    title = f"Ingest {source.title}" + (f": {own}" if own else "")
    with DAG(
        dag_id=f"ingest_{source.name}" + (f"_{own}" if own else ""),
        dag_display_name=title,
        doc_md=f"{source.doc}\n\n{pool_note(source)}",
        schedule=ingest_timetable(source.stream(own).every if own else None, timezone),
        start_date=START_DATE,
        catchup=False,
        default_args=DEFAULT_ARGS,
        tags=["ingest", source.name],
    ) as dag:
        part = source.part(own)
        check = check_source.override(
            task_id=f"check_{source.name}", outlets=[Asset(name) for name in raw_assets(part)]
        )(source.name, own)
        for stream in part.streams:
            load = load_stream.override(
                task_id=f"load_{stream.name}",
                pool=source.name,
                map_index_template="{{ task.op_kwargs['conn_id'] }}",
            ).partial(source_name=source.name, stream_name=stream.name)
            load.expand(conn_id=conn_ids) >> check
        if not own:
            check >> announce_day(source.name)
    return dag


facts = schedule_facts()
for found in discover_sources().values():
    enabled = connections_of(found.name, facts.sources)
    for own_stream in ["", *(s.name for s in found.streams if s.every)] if enabled else []:
        new = build_ingest_dag(found, enabled, facts.reporting_timezone, own_stream)
        globals()[new.dag_id] = new
