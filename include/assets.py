"""Names of what the pipeline produces, spelled here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from include.daily import connections_of
from include.sources._base import Source

# Marked when a day may be measured; the one asset that `measure_campaigns` listens to.
DAY = "warehouse.day"


def raw_assets(source: Source) -> list[str]:
    """Return the asset names of a source's raw tables, children too: `raw.<source>__<table>`."""
    names = []
    for stream in source.streams:
        names.append(f"raw.{source.name}__{stream.name}")
        names.extend(f"raw.{source.name}__{child.name}" for child in stream.children)
    return names


def pools(sources: Mapping[str, Source], enabled: Sequence[str]) -> dict[str, dict[str, object]]:
    """Return Airflow's pools, one per API: without its pool a stream's task would never run.

    enabled: the connection ids of the plan. APIs count per shop, property or account, so every
    connection brings its own slots.
    """
    return {
        name: {
            "slots": source.pool_slots * max(1, len(connections_of(name, enabled))),
            "description": f"tasks that ask {source.title} at once",
            "include_deferred": False,
        }
        for name, source in sources.items()
    }


def pool_note(source: Source) -> str:
    """Return the paragraph of a DAG's page that says how many tasks may ask the API at once."""
    return (
        f"**Limits** Pool `{source.name}`: {source.pool_slots} slots per connection, shared by all "
        "streams, runs and backfills. A task sends one request at a time and keeps the limits "
        "named above, so that is also the number of requests under way."
    )


def ingest_dag_id(source_name: str, own_stream: str = "") -> str:
    """Return the id of the DAG of a source's day, or of a stream with windows of its own."""
    return f"ingest_{source_name}" + (f"_{own_stream}" if own_stream else "")


def ingest_page(source: Source, own_stream: str = "") -> str:
    """Return the page of a source's DAG: the connector's own text, then what all of them share."""
    window = "windows of its own" if own_stream else "a business date, at 03:00 the day after"
    streams = ", ".join(f"`{stream.name}`" for stream in source.part(own_stream).streams)
    announced = (
        "No day waits for it."
        if own_stream
        else "`announce_day` records the arrival; the last source of a day marks `warehouse.day`, "
        "which starts `measure_campaigns`."
    )
    schedule = (
        f"**Input** the asset `api.{source.name}`: {source.title}, by every enabled connection · "
        f"**Schedule** {window}; a past range is *Backfill*. Snapshot streams of past days are "
        "skipped, with the reason."
    )
    output = (
        f"**Output** `raw.{source.name}__*` from {streams}: a task per stream, mapped over the "
        f"connections. `check_{source.name}` runs the expectations; a critical failure keeps the "
        f"window back. {announced}"
    )
    form = (
        "**Parameters** `day`: the business date of a run by hand; `connections`: only these; "
        "`dry_run`: the tasks say what they would read, and skip."
    )
    return "\n\n".join([source.doc, schedule, output, form, pool_note(source)])


def mart_asset(mart: str) -> str:
    """Return the asset name of a published mart: `marts.<mart>`."""
    return f"marts.{mart}"
