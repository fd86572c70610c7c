"""A loader for the sandbox's second shop, and its raw rows read back."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from sandbox_process import SandboxProcess

from include.ingest import StreamResult, day_window, run_stream
from include.sandbox.market_facts import MarketOrder
from include.sandbox.market_second_shop import SecondShop
from include.sources._base import Connection
from include.sources.woocommerce import SOURCE
from include.warehouse.connection import connect

LAST_DAY = dt.date(2026, 11, 15)
ZONE = "America/New_York"
HASH_KEY = b"privacy key of the tests"
TABLES = {s.name: [s.name, *(child.name for child in s.children)] for s in SOURCE.streams}


class Shop:
    """Loads windows of one shop into a clean warehouse and reads raw back."""

    def __init__(self, sandbox: SandboxProcess, warehouse: Any, landing: Path) -> None:
        self.sandbox, self.landing = sandbox, landing
        self.dsn, self.admin_dsn = warehouse.dsn("loader"), warehouse.admin_dsn
        self.runs = 0

    @property
    def market(self) -> SecondShop:
        """The shop, as it is simulated here."""
        return self.sandbox.market.second_shop

    def load(
        self,
        stream: str,
        day: dt.date = LAST_DAY,
        at: dt.datetime | None = None,
        connection: Connection | None = None,
    ) -> StreamResult:
        """Run a day's window, by default at 03:00 of the next day."""
        self.sandbox.hold(at or night_after(day))
        self.runs += 1
        return run_stream(
            SOURCE,
            SOURCE.stream(stream),
            connection or self.sandbox.connection("woocommerce"),
            day_window(day, ZONE),
            dsn=self.dsn,
            landing_url=str(self.landing),
            hash_key=HASH_KEY,
            run_id=f"run-{self.runs}",
        )

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.admin_dsn) as conn:
            return conn.execute(statement, values).fetchall()  # type: ignore[call-overload]

    def rows(self, stream: str, connection_id: str = "woocommerce") -> dict[str, list[str]]:
        """Return every row of a stream's tables, without what a load adds."""
        return {
            table: [
                row
                for (row,) in self.query(
                    "select (to_jsonb(t) - 'connection_id' - '_load_id' - '_loaded_at')::text "
                    f"from raw.woocommerce__{table} t where connection_id = %s order by 1",
                    connection_id,
                )
            ]
            for table in TABLES[stream]
        }

    def empty(self) -> None:
        """Empty every raw table of the source."""
        names = ", ".join(f"raw.woocommerce__{t}" for tables in TABLES.values() for t in tables)
        with connect(self.admin_dsn) as conn:
            conn.execute(f"truncate {names}")  # type: ignore[call-overload]

    def orders_of_window(self, day: dt.date, at: dt.datetime) -> list[MarketOrder]:
        window = day_window(day, ZONE)
        start = window.start - SOURCE.stream("orders").lookback
        return [
            order
            for order in self.market.orders_at(at)
            if order.created_at < window.end and order.updated_at >= start
        ]


def night_after(day: dt.date) -> dt.datetime:
    return day_window(day, ZONE).end + dt.timedelta(hours=3)
