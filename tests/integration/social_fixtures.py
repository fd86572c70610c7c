"""Fixtures `served` and `bench`: the sandbox in a process of its own, and a clean warehouse."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from social_bench import CONTROL_KEY, LAST_DAY, REMOVED_METRIC, Bench

from include.connections import parse_connection
from include.sandbox.installation import initialise, read_installation
from include.settings import REPO_ROOT, read_settings


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[Bench]:
    data_dir, port = tmp_path_factory.mktemp("sandbox"), free_loopback_port()
    settings = dataclasses.replace(read_settings(), data_dir=data_dir, sandbox_port=port)
    initialise(settings, LAST_DAY)
    state = json.loads((data_dir / "sandbox.json").read_text())
    state["credentials"]["instagram"]["removed_metrics"] = [REMOVED_METRIC]
    (data_dir / "sandbox.json").write_text(json.dumps(state))
    where = ("--data-dir", str(data_dir), "--port", str(port), "--at", "2026-10-01T07:00:00Z")
    process = subprocess.Popen(
        [sys.executable, "-m", "include.sandbox", "serve", *where],
        cwd=REPO_ROOT,
        env={**os.environ, "GROUNDSWELL_SANDBOX_CONTROL_KEY": CONTROL_KEY},
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until_up(process, f"{address}/_control/health")
        market = read_installation(data_dir).build()
        accounts = [creator.accounts[0] for creator in market.plan.creators]
        handles = [a.handle for a in accounts if a.access_path != "own_account"]
        connections = {
            name: parse_connection(name, json.dumps(fields))
            for name, fields in state["connections"].items()
        }
        yield Bench(address, market, connections, {"instagram": tuple(handles)})
    finally:
        process.terminate()
        process.wait(10)


def free_loopback_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until_up(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the sandbox ended"
        try:
            if requests.get(url, timeout=5).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.1)
    raise AssertionError("the sandbox did not come up")


@pytest.fixture
def bench(served: Bench, clean_warehouse: Any, tmp_path: Path) -> Bench:
    return dataclasses.replace(
        served, dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing")
    )
