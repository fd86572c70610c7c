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
        f"**Pool** `{source.name}`: {source.pool_slots} slots per connection, shared by all "
        "streams, runs and backfills. A task sends one request at a time and keeps the limits "
        "named above, so that is also the number of requests under way."
    )


def mart_asset(mart: str) -> str:
    """Return the asset name of a published mart: `marts.<mart>`."""
    return f"marts.{mart}"
