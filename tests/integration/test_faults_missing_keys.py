"""TikTok answers without the list it was asked for: that is not an empty list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from include.ingest import day_window
from include.sources import discover_sources
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    Bench,
    Ingest,
    assert_same_rows,
    run_time,
    shared_bench,
)

DAY = dt.date(2026, 11, 3)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with shared_bench() as found:
        yield found


@pytest.fixture
def ingest(bench: Bench, warehouse: Warehouse, tmp_path: Path) -> Ingest:
    ingest = Ingest(bench, warehouse, discover_sources()["tiktok"], tmp_path / "landing")
    ingest.drop()
    bench.set_clock(run_time(DAY))
    return ingest


@pytest.mark.parametrize("stream", ["videos", "reports", "posts"])
def test_a_list_that_is_missing_twice_comes_with_the_third_answer(
    ingest: Ingest, bench: Bench, stream: str
) -> None:
    window = day_window(DAY, NEW_YORK)
    ingest.load(ingest.source.stream(stream), window)
    before = ingest.rows()
    assert before[f"tiktok__{stream}"]
    ingest.empty()
    with bench.faults(missing_keys=1):
        ingest.load(ingest.source.stream(stream), window)
        assert bench.known_faults()["missing_keys"]["hits"] > 1
    assert_same_rows(ingest.rows(), before)
