"""One `ingest_<source>` DAG per folder of `include/sources` that the plan's `sources:` list
enables, and one `ingest_<source>_<stream>` for each stream that has windows of its own.

Each run owns one window (its partition key): a business date, or a few hours. One task per stream
fetches, lands and loads, mapped over the connections (shops, brands, accounts) by their ids; the
API's pool bounds how many ask it at once. `check_<source>` runs the expectations on what was
loaded. Of a business date `announce_day` records the arrival and marks `warehouse.day` once every
enabled source has arrived; no day waits for a stream with windows of its own. The tables of a
plan come from files on this machine: one task reads them all.
"""

from __future__ import annotations

from airflow.sdk import DAG, TaskGroup

from include.assets import ingest_dag_id, ingest_page
from include.dag_assets import api_asset, day_asset, ingest_windows, raw_outlets
from include.dag_forms import ingest_form
from include.dag_tasks import step
from include.daily import schedule_facts
from include.orchestration import DEFAULT_ARGS, START_DATE, ingest_timetable
from include.sources import discover_sources
from include.sources._base import Source
from include.task_links import FreshnessLink, LandingLink, QualityLink


@step(link=LandingLink())
def load_streams(source_name: str, stream_name: str, conn_id: str) -> dict[str, object]:
    """Fetch, land and load one stream of one connection for the run's window; "": a plan's all."""
    from include import daily, orchestration

    source, key = discover_sources()[source_name], orchestration.partition_key()
    run = {"run_id": orchestration.run_id(), "read": orchestration.airflow_connection}
    orchestration.skip_unless_wanted(conn_id, f"{stream_name or source_name} of {conn_id}, {key}")
    streams = (source.stream(stream_name),) if stream_name else source.streams
    results = daily.load_streams(source, streams, conn_id, key, **run)
    orchestration.skip_if(all(r.status == "skipped" for r in results), results[0].reason)
    rows, rejected = sum(r.rows_read for r in results), sum(r.rows_rejected for r in results)
    return {"load_ids": [r.load_id for r in results], "rows": rows, "rejected": rejected}


@step(trigger_rule="none_failed", link=QualityLink())
def check_source(source_name: str, own_stream: str) -> None:
    """Run the source's expectations on the rows this window loaded; note what came."""
    from include import daily, orchestration

    key, read = orchestration.partition_key(), orchestration.airflow_connection
    orchestration.skip_unless_wanted("", f"the check of {source_name} for {key}")
    part = discover_sources()[source_name].part(own_stream)
    daily.check_source_window(part, key, run_id=orchestration.run_id(), read=read)
    orchestration.mark_loaded(part)


@step(outlets=[day_asset()], link=FreshnessLink())
def announce_day(source_name: str) -> None:
    """Record the arrival; mark `warehouse.day` when every enabled source has arrived."""
    from include import daily, orchestration

    day, read = orchestration.partition_day(), orchestration.airflow_connection
    source, is_part = discover_sources()[source_name], bool(orchestration.form("connections"))
    run_id = orchestration.run_id()
    is_due = daily.announce_source_day(source, day, run_id=run_id, is_part=is_part, read=read)
    orchestration.skip_if(not is_due, f"{day}: waiting for others; the last one marks it")
    orchestration.mark(day_asset(), note={"last_source": source_name})


def build_ingest_dag(source: Source, conn_ids: list[str], timezone: str, own: str = "") -> DAG:
    """Wire one window: every stream of every connection, then check, then (of a day) announce."""
    with DAG(
        dag_id=ingest_dag_id(source.name, own),
        dag_display_name=f"Ingest {source.title}" + (f": {own}" if own else ""),
        doc_md=ingest_page(source, own),
        schedule=ingest_timetable(source.stream(own).every if own else None, timezone),
        start_date=START_DATE,
        catchup=False,
        default_args=DEFAULT_ARGS,
        params=ingest_form(conn_ids, has_days=not own),
        tags=["ingest", source.name],
    ) as dag:
        check = check_source.override(
            task_id=f"check_{source.name}",
            inlets=[api_asset(source)],
            outlets=raw_outlets(source.part(own)),
        )
        checked = check(source.name, own)
        with TaskGroup("load", tooltip=f"read {source.title}", prefix_group_id=False) as loads:
            for name in [""] if source.is_plan else [s.name for s in source.part(own).streams]:
                load_streams.override(
                    task_id=f"load_{name or 'plan'}",
                    pool=source.name,
                    map_index_template="{{ task.op_kwargs['conn_id'] }}",
                ).partial(source_name=source.name, stream_name=name).expand(conn_id=conn_ids)
        loads >> checked
        if not own:
            checked >> announce_day(source.name)
    return dag


facts = schedule_facts()
for found, enabled, own_stream in ingest_windows(facts.sources):
    new = build_ingest_dag(found, enabled, facts.reporting_timezone, own_stream)
    globals()[new.dag_id] = new
