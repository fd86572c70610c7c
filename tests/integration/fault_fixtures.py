"""Fixtures `bench` and `ingest_of`: the sandbox whose faults are switched, one source loaded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import Bench, Ingest, shared_bench
from tests.integration.single_fault import fresh_ingest


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with shared_bench() as found:
        yield found


@pytest.fixture
def ingest_of(bench: Bench, warehouse: Warehouse, tmp_path: Path) -> Callable[[str], Ingest]:
    """Give what loads a source, by name, into tables made anew."""
    return lambda name: fresh_ingest(bench, warehouse, name, tmp_path / "landing")
