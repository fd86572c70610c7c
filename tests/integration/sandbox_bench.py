"""Sources served by a sandbox in a process of its own, and a place to load their days into.

What lands is compared with the market's own values for the instant of the run: the market is built
a second time in the test's process, from the same seed; the pipeline sees nothing but HTTP answers.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from sandbox_process import SandboxProcess

from include.ingest import StreamResult, run_stream, stream_window
from include.replay import replay_window
from include.sandbox.world import Market
from include.sources._base import Connection, Source
from include.warehouse.connection import connect

NEW_YORK = ZoneInfo("America/New_York")


@dataclass
class SandboxBench:
    """The sandbox's process, the market it shows, and a place to load into.

    `targets` are the handles each source looks up; `waits` are the seconds a session would have
    waited, instead of waiting.
    """

    sandbox: SandboxProcess
    connections: Mapping[str, Connection]
    targets: Mapping[str, tuple[str, ...]]
    dsn: str = ""
    landing: str = ""
    waits: list[float] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.sandbox.port}"

    @property
    def market(self) -> Market:
        return self.sandbox.market

    def set_clock(self, at: dt.datetime) -> None:
        self.sandbox.hold(at)

    def load(
        self, source: Source, stream: str, key: dt.date | str, connection: Connection | None = None
    ) -> StreamResult:
        """Run one window of a stream, as its task would."""
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
            sleep=self.waits.append,
        )

    def load_day(self, source: Source, day: dt.date) -> dict[str, StreamResult]:
        """Run all daily streams of a source at 03:00 on the morning after."""
        self.set_clock(run_time(day))
        return {s.name: self.load(source, s.name, day) for s in source.part().streams}

    def replay(self, sources: Iterable[Source], days: Iterable[dt.date]) -> None:
        """Empty the sources' raw tables and fill them from landing alone."""
        every = list(sources)
        with connect(self.dsn) as conn:
            for source in every:
                for stream in source.part().streams:
                    conn.execute(f"truncate raw.{source.name}__{stream.name}".encode())
        for day in days:
            for source in every:
                for stream in source.part().streams:
                    replay_window(
                        source,
                        stream,
                        source.name,
                        day.isoformat(),
                        dsn=self.dsn,
                        landing_url=self.landing,
                    )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query, values).fetchall()

    def execute(self, statement: str) -> None:
        with connect(self.dsn) as conn:
            conn.execute(statement)

    def contents(self, *sources: Source) -> dict[str, list[tuple[Any, ...]]]:
        """All raw rows of some sources, by table, without the loader's own marks."""
        marks = "- '_load_id' - '_loaded_at' - '_captured_at'"
        tables = [f"raw.{s.name}__{stream.name}" for s in sources for stream in s.part().streams]
        return {
            table: sorted(self.rows(f"select to_jsonb(t) {marks} from {table} t"), key=repr)
            for table in tables
        }

    def at(self, **changes: Any) -> Any:
        """Return the same sandbox with another warehouse and landing, and no waits yet."""
        return dataclasses.replace(self, waits=[], **changes)


def run_time(day: dt.date) -> dt.datetime:
    """Return the instant of a day's run: 03:00 of the next morning in New York."""
    morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(3), tzinfo=NEW_YORK)
    return morning.astimezone(dt.UTC)
