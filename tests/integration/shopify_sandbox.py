"""A sandbox shop in another process and a loader for it: what the Shopify tests share.

What arrives in raw is compared with the market that the test's process simulates a second time from
the same seed; the two share nothing but HTTP.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from include.ingest import StreamResult, day_window, run_stream
from include.sandbox.installation import CONTROL_KEY_VARIABLE, initialise, read_installation
from include.sandbox.world import Market, MarketOrder
from include.settings import REPO_ROOT, read_settings
from include.sources._base import Child, Connection, Window
from include.sources.shopify import SOURCE
from include.warehouse.connection import connect

LAST_DAY = dt.date(2026, 11, 15)
ZONE = "America/New_York"
CONTROL_KEY = "for-the-tests-only"
HASH_KEY = b"privacy key of the tests"


@dataclasses.dataclass
class Sandbox:
    """A sandbox process and, apart from it, the same market for comparison."""

    port: int
    fields: dict[str, Any]
    credentials: dict[str, Any]
    market: Market

    def hold(self, at: dt.datetime) -> None:
        """Set the process's clock."""
        self._control("clock", {"at": at.isoformat()})

    def connection(self, **changes: Any) -> Connection:
        fields = self.fields
        known = Connection(
            "shopify",
            host=fields["host"],
            scheme=fields["schema"],
            port=fields["port"],
            password=fields["password"],
            extra=fields["extra"],
        )
        return dataclasses.replace(known, **changes)

    def order(self, order_id: str, at: dt.datetime) -> MarketOrder:
        """Return an order of the compared market as it stands at an instant."""
        return next(o for o in self.market.orders_at(at) if str(o.order_id) == order_id)

    def _control(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json", "X-Control-Key": CONTROL_KEY},
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def run_sandbox(folder: Path, changes: dict[str, Any]) -> Iterator[Sandbox]:
    """Serve a sandbox whose Shopify credentials have these changes."""
    port = find_port()
    settings = dataclasses.replace(read_settings(), data_dir=folder, sandbox_port=port)
    initialise(settings, LAST_DAY)
    state = json.loads((folder / "sandbox.json").read_text())
    state["credentials"]["shopify"] |= changes
    (folder / "sandbox.json").write_text(json.dumps(state))
    command = ["-m", "include.sandbox", "serve", "--data-dir", str(folder), "--port", str(port)]
    environment = {
        "PATH": "",
        "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        CONTROL_KEY_VARIABLE: CONTROL_KEY,
    }
    process = subprocess.Popen([sys.executable, *command], cwd=REPO_ROOT, env=environment)
    try:
        await_health(process, port)
        yield Sandbox(
            port=port,
            fields=state["connections"]["shopify"],
            credentials=state["credentials"]["shopify"],
            market=read_installation(folder).build(),
        )
    finally:
        process.terminate()
        process.wait(timeout=10)


def await_health(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_control/health", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
            connection or self.sandbox.connection(),
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
