"""Names of what the pipeline produces, spelled here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

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


def pools(sources: Mapping[str, Source]) -> dict[str, dict[str, object]]:
    """Return Airflow's pools, one per API: without its pool a stream's task would never run."""
    return {
        name: {
            "slots": source.pool_slots,
            "description": f"concurrent streams of {source.title}",
            "include_deferred": False,
        }
        for name, source in sources.items()
    }


def mart_asset(mart: str) -> str:
    """Return the asset name of a published mart: `marts.<mart>`."""
    return f"marts.{mart}"
