"""How the quality pages write instants, spans, addresses and small charts. Pure functions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from include.assets import ingest_dag_id
from include.pages.formats import UNKNOWN
from include.pages.reader import Row

# Ids that Airflow gives its runs; others (the demo's) have no page there.
_RUN_PREFIXES = ("scheduled__", "manual__", "backfill__", "asset_triggered__")
CHART_HEIGHT = 64
BAR_STEP = 10


class Bar(NamedTuple):
    """One bar of the history of an expectation, in the chart's units."""

    x: int
    y: int
    height: int
    state: str
    label: str


def stamp(value: dt.datetime | None, zone: ZoneInfo) -> str:
    """Write an instant as 2026-11-21 04:39 of the zone."""
    return UNKNOWN if value is None else f"{value.astimezone(zone):%Y-%m-%d %H:%M}"


def span(value: dt.timedelta | None) -> str:
    """Write how long something took or how old it is, in its largest fitting unit."""
    if value is None:
        return UNKNOWN
    seconds = value.total_seconds()
    for name, size, limit in (("d", 86_400, 172_800), ("h", 3_600, 7_200), ("min", 60, 120)):
        if seconds >= limit:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"


def counted(number: int | None, noun: str) -> str:
    """Write a count with its noun: 1 row, 34 rows, no number as unknown."""
    if number is None:
        return f"{UNKNOWN} {noun}s"
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def window(start: dt.datetime, end: dt.datetime, zone: ZoneInfo) -> str:
    """Write a window as its two ends; the second without its date when it is the same."""
    last = end.astimezone(zone)
    is_same_day = start.astimezone(zone).date() == last.date()
    return (
        f"{stamp(start, zone)} to {last:%H:%M}"
        if is_same_day
        else (f"{stamp(start, zone)} to {stamp(end, zone)}")
    )


def address(path: str, filters: Mapping[str, Any], **changes: Any) -> str:
    """Return `path` with the filters that are set, `changes` on top; a page of 1 is left out."""
    chosen = {**filters, **changes}
    kept = {name: value for name, value in chosen.items() if value not in (None, "")}
    if kept.get("page") == 1:
        del kept["page"]
    return f"{path}?{urlencode(kept)}" if kept else path


def run_path(dag_id: str, run_id: str) -> str:
    """Return the path of a run's page in Airflow, empty for what was no run of Airflow's."""
    if not run_id.startswith(_RUN_PREFIXES):
        return ""
    return f"/dags/{quote(dag_id, safe='')}/runs/{quote(run_id, safe='')}"


def load_dag(load: Row) -> str:
    """Return the DAG that loads a stream: windows of hours have a DAG of their own."""
    return ingest_dag_id(load["source"], load["stream"] if "T" in load["partition_key"] else "")


def bars(history: Sequence[Row]) -> list[Bar]:
    """Return a bar per result: its height the bad rows, at least a mark where it failed."""
    most = max((row["unexpected_count"] or 0 for row in history), default=0)
    return [_bar(place, row, most) for place, row in enumerate(history)]


def _bar(place: int, row: Row, most: int) -> Bar:
    count = row["unexpected_count"] or 0
    state = "passed" if row["success"] else "failed"
    height = 2 if row["success"] else max(6, round(CHART_HEIGHT * count / most) if most else 6)
    outcome = "holds" if row["success"] else f"fails for {counted(count, 'row')}"
    label = f"{row['partition_key']}: {outcome}"
    return Bar(place * BAR_STEP, CHART_HEIGHT - height, height, state, label)
