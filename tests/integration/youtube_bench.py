"""YouTube served by the sandbox: what its test modules share."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Any

from sandbox_bench import NEW_YORK, SandboxBench

from include.ingest import StreamResult, day_window
from include.sources._base import Connection
from include.sources.youtube import SOURCE
from include.sources.youtube.sandbox_videos import Studio

LAST_DAY = dt.date(2026, 11, 14)
UNKNOWN_HANDLE, UNKNOWN_ID = "nobody.at.all", "UC0000000000000000000000"
QUOTA_UNITS = 3_000


class YoutubeBench(SandboxBench):
    """The bench of YouTube's streams, with the channels and videos that the sandbox shows."""

    @cached_property
    def studio(self) -> Studio:
        return Studio(self.market)

    @property
    def connection(self) -> Connection:
        return self.connections["youtube"]

    def run(self, stream: str, day: dt.date, connection: Connection | None = None) -> StreamResult:
        return self.load(SOURCE, stream, day, connection)

    def run_day(self, day: dt.date) -> dict[str, StreamResult]:
        return self.load_day(SOURCE, day)

    def snapshot(self, stream: str, columns: str, day: dt.date) -> list[tuple[Any, ...]]:
        query = f"select {columns} from raw.youtube__{stream} where window_start = %s"
        return self.rows(query, day_window(day, NEW_YORK).start)
