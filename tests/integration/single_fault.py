"""What the tests of single faults share: their days, and one source loaded from nothing."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from include.ingest import day_window
from include.sources import discover_sources
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    Bench,
    Ingest,
    Rows,
    days_from,
    run_time,
)

DAYS = days_from(dt.date(2026, 11, 3), 4)


def fresh_ingest(bench: Bench, warehouse: Warehouse, name: str, landing: Path) -> Ingest:
    """Return what loads a source into tables made anew."""
    ingest = Ingest(bench, warehouse, discover_sources()[name], landing)
    ingest.drop()
    return ingest


def load(ingest: Ingest, stream: str, day: dt.date, minutes: int = 0) -> Any:
    """Load a day at 03:00 after it; a sandbox keeps what it knows of an instant."""
    ingest.bench.set_clock(run_time(day) + dt.timedelta(minutes=minutes))
    return ingest.load(ingest.source.stream(stream), day_window(day, NEW_YORK))


def key_values(rows: Rows, table: str, *names: str) -> set[tuple[Any, ...]]:
    documents = [json.loads(row) for row in rows[table]]
    return {tuple(document[name] for name in names) for document in documents}
