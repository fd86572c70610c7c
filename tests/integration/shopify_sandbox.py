"""A sandbox shop in another process and a loader for it: what the Shopify tests share.

What arrives in raw is compared with the market that the test's process simulates a second time from
the same seed; the two share nothing but HTTP.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.ingest import StreamResult, day_window, run_stream
from include.sandbox.world import MarketOrder
from include.sources._base import Child, Connection, Window
from include.sources.shopify import SOURCE
from include.warehouse.connection import connect
from tests.integration import sandbox_process
from tests.integration.sandbox_process import SandboxProcess

LAST_DAY = dt.date(2026, 11, 15)
ZONE = "America/New_York"
HASH_KEY = b"privacy key of the tests"


class Sandbox(SandboxProcess):
    """A sandbox process of which the shop alone is asked."""

    @property
    def credentials(self) -> dict[str, Any]:
        """What the shop's own side knows: an app's id and secret among it."""
        found: dict[str, Any] = self.state["credentials"]["shopify"]
        return found

    def shop_connection(self, **changes: Any) -> Connection:
        """Return the shop's connection, with changes."""
        return self.connection("shopify", **changes)

    def order(self, order_id: str, at: dt.datetime) -> MarketOrder:
        """Return an order of the compared market as it stands at an instant."""
        return next(o for o in self.market.orders_at(at) if str(o.order_id) == order_id)


@contextmanager
def run_sandbox(folder: Path, changes: dict[str, Any]) -> Iterator[Sandbox]:
    """Serve a sandbox whose Shopify credentials have these changes."""
    start = contextmanager(sandbox_process.run_sandbox)
    with start(folder, LAST_DAY, {"shopify": changes}) as process:
        yield Sandbox(process.port, process.state, process.market)


class Shop:
    """Loads windows of one shop into a clean warehouse and reads raw back."""

    def __init__(self, sandbox: Sandbox, dsn: str, admin_dsn: str, landing: Path) -> None:
        self.sandbox, self.dsn, self.admin_dsn, self.landing = sandbox, dsn, admin_dsn, landing
        self.runs = 0

    def load(
        self,
        stream: str,
        day: dt.date,
        at: dt.datetime,
        connection: Connection | None = None,
        window: Window | None = None,
    ) -> StreamResult:
        """Run a day's window (or a longer one) when the sandbox's clock stands at an instant."""
        self.sandbox.hold(at)
        self.runs += 1
        return run_stream(
            SOURCE,
            SOURCE.stream(stream),
            connection or self.sandbox.shop_connection(),
            window or day_window(day, ZONE),
            dsn=self.dsn,
            landing_url=str(self.landing),
            hash_key=HASH_KEY,
            run_id=f"run-{self.runs}",
        )

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.admin_dsn) as conn:
            return conn.execute(statement, values).fetchall()  # type: ignore[call-overload]

    def rows_by_order(self, connection_id: str = "shopify") -> dict[str, list[tuple[Any, ...]]]:
        """Return every row of every table of the orders, by order, without what a load adds."""
        stream = SOURCE.stream("orders")
        found: dict[str, list[tuple[Any, ...]]] = {}
        for table in (stream.name, *_names(stream.children)):
            statement = (
                "select order_id, (to_jsonb(t) - 'connection_id' - '_load_id' - '_loaded_at')::text"
                f" from raw.shopify__{table} t where connection_id = %s order by 1, 2"
            )
            for order_id, row in self.query(statement, connection_id):
                found.setdefault(order_id, []).append((table, row))
        return found

    def empty_orders(self) -> None:
        """Empty every table of the orders."""
        stream = SOURCE.stream("orders")
        tables = [f"raw.shopify__{name}" for name in (stream.name, *_names(stream.children))]
        with connect(self.admin_dsn) as conn:
            conn.execute("truncate " + ", ".join(tables))  # type: ignore[call-overload]

    def one(self, statement: str, *values: Any) -> tuple[Any, ...]:
        (row,) = self.query(statement, *values)
        return row


def _names(children: tuple[Child, ...]) -> list[str]:
    return [child.name for child in children]


def night_after(day: dt.date) -> dt.datetime:
    """03:00 on the next day in the shop's zone, when a day's run fires."""
    return day_window(day, ZONE).end + dt.timedelta(hours=3)
