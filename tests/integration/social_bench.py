"""GA4 and Instagram served by the sandbox in a process of its own, and a place to load into.

The market is built a second time in the test's process, from the same seed; the pipeline sees
nothing but HTTP answers.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import requests

from include.ingest import StreamResult, run_stream, stream_window
from include.sandbox.world import Market
from include.sources._base import Connection, Source
from include.warehouse.connection import connect

NEW_YORK = ZoneInfo("America/New_York")
CONTROL_KEY = "key-of-this-test"
LAST_DAY = dt.date(2026, 11, 14)
# The clocks change on 1 November 2026.
DAYS = [dt.date(2026, 10, 30) + dt.timedelta(days=n) for n in range(5)]
REMOVED_METRIC = "reposts"


@dataclass
class Bench:
    """The sandbox's process, the market it shows, and a place to load into."""

    address: str
    market: Market
    connections: dict[str, Connection]
    targets: dict[str, tuple[str, ...]]
    dsn: str = ""
    landing: str = ""

    def set_clock(self, at: dt.datetime) -> None:
        answer = requests.post(
            f"{self.address}/_control/clock",
            json={"at": at.isoformat()},
            headers={"X-Control-Key": CONTROL_KEY},
            timeout=10,
        )
        answer.raise_for_status()

    def run(
        self, source: Source, stream: str, key: dt.date | str, connection: Connection | None = None
    ) -> StreamResult:
        return run_stream(
            source,
            source.stream(stream),
            connection or self.connections[source.name],
            stream_window(source.stream(stream), key, NEW_YORK),
            dsn=self.dsn,
            landing_url=self.landing,
            hash_key=b"test",
            run_id=f"test_{key}",
            targets=self.targets,
        )

    def run_day(self, source: Source, day: dt.date) -> dict[str, StreamResult]:
        """Run all streams of a source at 03:00 on the morning after."""
        self.set_clock(run_time(day))
        return {s.name: self.run(source, s.name, day) for s in source.part().streams}

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query, values).fetchall()

    def execute(self, statement: str) -> None:
        with connect(self.dsn) as conn:
            conn.execute(statement)


def run_time(day: dt.date) -> dt.datetime:
    morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(3), tzinfo=NEW_YORK)
    return morning.astimezone(dt.UTC)
