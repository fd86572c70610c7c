"""Fixtures `served` and `bench`: the sandbox in a process of its own, and a clean warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_process import run_sandbox
from social_bench import LAST_DAY, REMOVED_METRIC, Bench


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("sandbox")
    changes = {"instagram": {"removed_metrics": [REMOVED_METRIC]}}
    for sandbox in run_sandbox(folder, LAST_DAY, changes, at="2026-10-01T07:00:00Z"):
        accounts = [creator.accounts[0] for creator in sandbox.market.plan.creators]
        handles = tuple(a.handle for a in accounts if a.access_path != "own_account")
        connections = {name: sandbox.connection(name) for name in sandbox.state["connections"]}
        yield Bench(sandbox, connections, {"instagram": handles})


@pytest.fixture
def bench(served: Bench, clean_warehouse: Any, tmp_path: Path) -> Bench:
    return served.at(dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing"))
