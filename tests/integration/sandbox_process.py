"""A sandbox in another process, and the same market in this one to compare with."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from include.connections import fields_to_json, parse_connection
from include.sandbox.installation import (
    CONTROL_KEY_VARIABLE,
    SAMPLE_FOLDER,
    initialise,
    read_installation,
)
from include.sandbox.market_facts import MarketOptions
from include.sandbox.world import Market
from include.settings import REPO_ROOT, read_settings
from include.sources._base import Connection

CONTROL_KEY = "for-the-tests-only"


@dataclasses.dataclass
class SandboxProcess:
    """A running sandbox; `market` is simulated here, from the same seed."""

    port: int
    state: dict[str, Any]
    market: Market

    def hold(self, at: dt.datetime) -> None:
        """Set the process's clock."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/_control/clock",
            json.dumps({"at": at.isoformat()}).encode(),
            {"Content-Type": "application/json", "X-Control-Key": CONTROL_KEY},
        )
        urllib.request.urlopen(request, timeout=10).close()

    def connection(self, source: str, **changes: Any) -> Connection:
        """Return the connection that the sandbox itself would give to Airflow."""
        fields = fields_to_json(self.state["connections"][source])
        return dataclasses.replace(parse_connection(source, fields), **changes)


def run_sandbox(
    folder: Path,
    last_day: dt.date,
    changes: Mapping[str, Mapping[str, Any]] | None = None,
    options: MarketOptions | None = None,
    *,
    campaigns: Path = SAMPLE_FOLDER,
    at: str = "",
) -> Iterator[SandboxProcess]:
    """Start a sandbox and stop it afterwards; `changes` are made to a source's credentials.

    campaigns: a folder of plans. at: where the clock stands first, ISO 8601; else it runs.
    """
    port = _free_port()
    settings = dataclasses.replace(read_settings(), data_dir=folder, sandbox_port=port)
    initialise(settings, last_day, campaigns=campaigns, options=options)
    state = json.loads((folder / "sandbox.json").read_text())
    for source, fields in (changes or {}).items():
        state["credentials"][source] |= fields
    (folder / "sandbox.json").write_text(json.dumps(state))
    command = ["-m", "include.sandbox", "serve", "--data-dir", str(folder), "--port", str(port)]
    command += ["--at", at] if at else []
    environment = {"PATH": "", CONTROL_KEY_VARIABLE: CONTROL_KEY}
    process = subprocess.Popen([sys.executable, *command], cwd=REPO_ROOT, env=environment)
    try:
        _await_health(process, port)
        yield SandboxProcess(port, state, read_installation(folder).build())
    finally:
        process.terminate()
        process.wait(timeout=10)


def _await_health(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/_control/health", timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
