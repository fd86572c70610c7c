"""The assets of the DAGs: the graph from API to mart that Airflow draws.

Names are `schema.table`, spelled in `include.assets`; groups are what the UI sorts them by. One of
them, `warehouse.day`, schedules anything; the others show where rows come from and go to. Airflow
follows an asset through tasks that have it on one side and others on the other: so a source's check
reads the API and brings its raw tables, and publishing reads those and brings the marts.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from airflow.sdk import Asset

from include.assets import DAY, raw_assets
from include.daily import connections_of
from include.sources import discover_sources
from include.sources._base import Source


def day_asset() -> Asset:
    """Return `warehouse.day`: a business date that may be measured."""
    return Asset(DAY, group="day")


def api_asset(source: Source) -> Asset:
    """Return `api.<source>`: the source outside; only ever read."""
    return Asset(f"api.{source.name}", group="api")


def raw_outlets(source: Source) -> list[Asset]:
    """Return the raw tables of a source, children too."""
    return [Asset(name, group="raw") for name in raw_assets(source)]


def raw_inlets(enabled: Sequence[str]) -> list[Asset]:
    """Return the raw tables of every enabled source: what dbt reads."""
    return [
        asset
        for name, source in discover_sources().items()
        if connections_of(name, enabled)
        for asset in raw_outlets(source)
    ]


def mart_outlets(names: Iterable[str]) -> list[Asset]:
    """Return the published marts by their asset names."""
    return [Asset(name, group="marts") for name in names]
