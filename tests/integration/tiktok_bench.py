"""TikTok served by the sandbox: what its test modules share."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sandbox_bench import NEW_YORK, SandboxBench, run_time

from include.ingest import StreamResult, day_window
from include.sources._base import Connection
from include.sources.tiktok import SOURCE
from include.sources.tiktok.sandbox_videos import Network, Video

LAST_DAY = dt.date(2026, 11, 14)
# The clocks change on 1 November 2026; 2 November is a Monday.
DAYS = [dt.date(2026, 10, 30) + dt.timedelta(days=n) for n in range(4)]


class TiktokBench(SandboxBench):
    """The bench of TikTok's streams, with the network of videos that the sandbox shows."""

    @cached_property
    def network(self) -> Network:
        return Network(self.market)

    @property
    def connection(self) -> Connection:
        return self.connections["tiktok"]

    @property
    def credentials(self) -> Mapping[str, Any]:
        """What the sandbox signs its tokens with."""
        return self.sandbox.state["credentials"]["tiktok"]

    def run(self, name: str, day: dt.date, connection: Connection | None = None) -> StreamResult:
        return self.load(SOURCE, name, day, connection)

    def run_day(self, day: dt.date) -> dict[str, StreamResult]:
        return self.load_day(SOURCE, day)

    def snapshot(self, stream: str, columns: str, day: dt.date) -> list[tuple[Any, ...]]:
        query = f"select {columns} from raw.tiktok__{stream} where window_start = %s"
        return sorted(self.rows(query, day_window(day, NEW_YORK).start), key=repr)

    def accounts(self) -> list[tuple[str, str]]:
        """Ids of the connected accounts with the names of the creators behind them."""
        extra = self.sandbox.state["connections"]["tiktok"]["extra"]
        return list(zip(extra["accounts"], self.network.owners, strict=False))

    def videos(self, handle: str, day: dt.date) -> list[Video]:
        """Videos a day's snapshot must hold."""
        end = day_window(day, NEW_YORK).end
        return [
            video
            for video in self.network.visible(handle, run_time(day))
            if end - dt.timedelta(days=90) <= video.published_at < end
        ]
