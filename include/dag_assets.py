"""The assets of the DAGs, the graph from API to mart that Airflow draws, and which DAGs read.

Names are `schema.table`, spelled in `include.assets`; groups are what the UI sorts them by. One of
them, `warehouse.day`, schedules anything; the others show where rows come from and go to. Airflow
follows an asset through tasks that have it on one side and others on the other: so a source's check
reads the API and brings its raw tables, and publishing reads those and brings the marts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from airflow.sdk import Asset, get_parsing_context

from include.assets import DAY, ingest_dag_id, raw_assets
from include.daily import connections_of, schedule_facts
from include.dbt_tasks import published_assets
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


def assets_published_by(task_id: str) -> tuple[list[Asset], list[Asset]]:
    """Return the raw tables of every enabled source, which dbt reads, and the published marts.

    The process of another task, which reads the DAG file as well, needs neither and gets none.
    """
    if get_parsing_context().task_id not in (None, task_id):
        return [], []
    enabled = schedule_facts().sources
    sources = [s for name, s in discover_sources().items() if connections_of(name, enabled)]
    read = [asset for source in sources for asset in raw_outlets(source)]
    return read, [Asset(name, group="marts") for name in published_assets()]


def ingest_windows(enabled: Sequence[str]) -> Iterator[tuple[Source, list[str], str]]:
    """Yield of each DAG that reads a source: source, connections, stream with windows of its own.

    A task's process reads the file for one of those DAGs, and gets that one.
    """
    wanted = get_parsing_context().dag_id
    for name, source in discover_sources().items():
        conn_ids = connections_of(name, enabled)
        for own in ["", *(s.name for s in source.streams if s.every)] if conn_ids else []:
            if wanted in (None, ingest_dag_id(name, own)):
                yield source, conn_ids, own
