"""TikTok answers without the list it was asked for: that is not an empty list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest

from include.ingest import day_window
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    Bench,
    Ingest,
    assert_same_rows,
    run_time,
)

pytest_plugins = ("tests.integration.fault_fixtures",)

DAY = dt.date(2026, 11, 3)


@pytest.mark.parametrize("stream", ["videos", "reports", "posts"])
def test_a_list_that_is_missing_twice_comes_with_the_third_answer(
    ingest_of: Callable[[str], Ingest], bench: Bench, stream: str
) -> None:
    ingest = ingest_of("tiktok")
    bench.set_clock(run_time(DAY))
    window = day_window(DAY, NEW_YORK)
    ingest.load(ingest.source.stream(stream), window)
    before = ingest.rows()
    assert before[f"tiktok__{stream}"]
    ingest.empty()
    with bench.faults(missing_keys=1):
        ingest.load(ingest.source.stream(stream), window)
        assert bench.known_faults()["missing_keys"]["hits"] > 1
    assert_same_rows(ingest.rows(), before)
