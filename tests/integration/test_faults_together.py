"""Two backfills and a daily run of one source at the same time: as if one after the other."""

from __future__ import annotations

import datetime as dt
import os
from functools import partial
from pathlib import Path

import pytest

from include.ingest import day_window
from tests.conftest import Warehouse
from tests.integration.faulty_sandbox import (
    NEW_YORK,
    PLAN,
    SOURCES,
    Bench,
    Ingest,
    Rows,
    assert_nothing_left,
    assert_same_rows,
    days_from,
    prepare_ingest,
    run_time,
)
from tests.integration.forked_child import start_child

pytest_plugins = ("tests.integration.fault_fixtures",)

# The backfills overlap, and their look-backs with everything.
SHORT = (days_from(dt.date(2026, 11, 9), 2), days_from(dt.date(2026, 11, 10), 2))
LONG = (days_from(dt.date(2026, 11, 4), 6), days_from(dt.date(2026, 11, 6), 6))
TODAY = dt.date(2026, 11, 12)

Backfills = tuple[list[dt.date], list[dt.date]]


def load_days(ingest: Ingest, days: list[dt.date]) -> None:
    for day in days:
        for stream in ingest.source.part().streams:
            ingest.load_until_done(stream, day_window(day, NEW_YORK))


def check_together(ingest: Ingest, backfills: Backfills) -> None:
    jobs = [*backfills, [TODAY]]
    ingest.arrive(run_time(TODAY))
    for days in jobs:
        load_days(ingest, days)
    expected: Rows = ingest.rows()
    assert any(expected.values())
    ingest.empty()

    children = [start_child(partial(load_days, ingest, days)) for days in jobs]
    ended = [os.waitpid(child, 0)[1] for child in children]

    assert ended == [0, 0, 0]
    assert_nothing_left(ingest.warehouse)
    assert_same_rows(ingest.rows(), expected)


@pytest.mark.parametrize("name", [n for n in SOURCES if n == "ga4"])
def test_runs_at_the_same_time_end_as_one_after_the_other(
    bench: Bench, clean_warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    ingest = prepare_ingest(bench, clean_warehouse, name, tmp_path / "landing")
    check_together(ingest, SHORT)


@pytest.mark.long
@pytest.mark.parametrize("name", [*SOURCES, PLAN])
def test_runs_of_every_source_at_the_same_time_end_as_one_after_the_other(
    bench: Bench, clean_warehouse: Warehouse, tmp_path: Path, name: str
) -> None:
    ingest = prepare_ingest(bench, clean_warehouse, name, tmp_path / "landing")
    check_together(ingest, LONG)
