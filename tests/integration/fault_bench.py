"""A sandbox process whose faults can be switched; its clock is held."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from include.connections import parse_connection
from include.sandbox.installation import CONTROL_KEY_VARIABLE, initialise, read_installation
from include.sandbox.market_facts import MarketOptions
from include.sandbox.world import Market
from include.settings import REPO_ROOT, read_settings
from include.sources._base import Connection
from tests.conftest import find_free_ports

LAST_DAY = dt.date(2026, 11, 14)
CONTROL_KEY = "key-of-these-tests"
# Small pages, so that there is something between two of them; a token that can be renewed.
EXTRAS: Mapping[str, Mapping[str, Any]] = {
    "ga4": {"page_rows": 40},
    "instagram": {"renew_token": True},
}
# What a connection has of the credentials instead of a permanent token or key.
APP_FIELDS: Mapping[str, tuple[str, ...]] = {
    "shopify": ("client_id", "client_secret"),
    "youtube": (),
}
# Shopify's bucket of query points refills in real time, which does not pass where nothing waits.
CREDENTIALS: Mapping[str, Mapping[str, Any]] = {"shopify": {"bucket": 1e9}}


@dataclass
class Bench:
    """The sandbox's process and what is needed to ask it."""

    address: str
    market: Market
    connections: dict[str, Connection]
    credentials: dict[str, Any]

    def control(self, path: str, settings: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the control; with settings they are posted."""
        answer = requests.request(
            "GET" if settings is None else "POST",
            f"{self.address}/_control/{path}",
            json=settings,
            headers={"X-Control-Key": CONTROL_KEY},
            timeout=10,
        )
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def set_clock(self, at: dt.datetime) -> None:
        self.control("clock", {"at": at.isoformat()})

    @contextmanager
    def faults(self, **settings: float) -> Iterator[None]:
        """Turn faults on; slow answers are slow for a hundredth of a second."""
        self.control("faults", {"slow_seconds": 0.01, **settings})
        try:
            yield
        finally:
            self.control("faults", {})

    def known_faults(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.control("faults")["faults"]
        return found

    def passing_faults(self) -> list[str]:
        """Names of the faults after which the same rows must stand there."""
        return [name for name, fault in self.known_faults().items() if not fault["changes_truth"]]

    def secrets(self) -> list[str]:
        """Every text of the credentials that must appear nowhere."""
        found, pending = [], list(self.credentials.items())
        while pending:
            name, value = pending.pop()
            if isinstance(value, dict):
                pending.extend(value.items())
            elif any(part in name for part in ("token", "secret", "private_key", "api_key")):
                found += [str(value)] if len(str(value)) > 8 and name != "private_key_id" else []
        return [*found, CONTROL_KEY]


@contextmanager
def serve(data_dir: Path) -> Iterator[Bench]:
    """Start a sandbox in a process of its own."""
    [port] = find_free_ports(1)
    settings = dataclasses.replace(read_settings(), data_dir=data_dir, sandbox_port=port)
    # As many orders in the second shop as in the first: more than a page.
    initialise(settings, LAST_DAY, options=MarketOptions(second_shop_share=1.0))
    state = json.loads((data_dir / "sandbox.json").read_text(encoding="utf-8"))
    for name, changes in CREDENTIALS.items():
        state["credentials"][name] |= changes
    (data_dir / "sandbox.json").write_text(json.dumps(state), encoding="utf-8")
    connections = {
        name: parse_connection(name, json.dumps(add_extra(name, fields, state["credentials"])))
        for name, fields in state["connections"].items()
    }
    where = ("--data-dir", str(data_dir), "--port", str(port), "--at", "2026-10-01T07:00:00Z")
    with (data_dir / "sandbox.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "include.sandbox", "serve", *where],
            cwd=REPO_ROOT,
            env={**os.environ, CONTROL_KEY_VARIABLE: CONTROL_KEY},
            stdout=log,
            stderr=log,
        )
        try:
            market = read_installation(data_dir).build()
            address = f"http://127.0.0.1:{port}"
            await_health(process, address)
            yield Bench(address, market, connections, state["credentials"])
        finally:
            process.terminate()
            process.wait(10)


def add_extra(
    source: str, fields: dict[str, Any], credentials: Mapping[str, Any]
) -> dict[str, Any]:
    own = {name: credentials[source][name] for name in APP_FIELDS.get(source, ())}
    changed = {**fields, "extra": {**fields.get("extra", {}), **EXTRAS.get(source, {}), **own}}
    return {**changed, "password": None} if source in APP_FIELDS else changed


def await_health(process: subprocess.Popen[bytes], address: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            requests.get(f"{address}/_control/health", timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")
