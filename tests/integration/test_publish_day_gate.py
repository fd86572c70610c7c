"""The day gate and measure runs: a day is built when all arrived, not before and not twice."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from include.day_gate import announce_day, close_day, days_waiting
from include.measure import close_measure_run, open_measure_run
from include.warehouse.connection import connect
from include.warehouse.publish import publish

SOURCES = ("campaign_plan", "ga4", "instagram", "shopify")
FIRST = dt.date(2026, 3, 1)


def arrive(warehouse: Any, day: dt.date, *sources: str) -> list[bool]:
    dsn = warehouse.dsn("loader")
    return [announce_day(dsn, source, day, SOURCES, "test") for source in sources]


def add_load(warehouse: Any, day: dt.date, source: str = "shopify", **counts: int | str) -> int:
    values = {
        "source": source,
        "stream": "orders",
        "connection_id": source,
        "partition_key": day.isoformat(),
        "window_start": day,
        "window_end": day + dt.timedelta(days=1),
        "run_id": "test",
        "status": "loaded",
        "rows_read": 1,
        "rows_merged": 1,
        "started_at": dt.datetime.now(dt.UTC),
    } | counts
    names = ", ".join(values)
    marks = ", ".join(f"%({name})s" for name in values)
    with connect(warehouse.dsn("loader")) as connection:
        insert = f"insert into quality.load_windows ({names}) values ({marks}) returning load_id"
        row = connection.execute(
            insert.encode(),
            values,
        ).fetchone()
    assert row is not None
    return int(row[0])


def open_day(warehouse: Any, day: dt.date, **options: Any) -> Any:
    return open_measure_run(warehouse.dsn("transformer"), day, SOURCES, "test", **options)


def publish_day(warehouse: Any, day: dt.date) -> Any:
    run = open_day(warehouse, day)
    with connect(warehouse.dsn("transformer")) as connection:
        connection.execute("create table marts_next.mart_a as select 1 as x")
    publish(warehouse.dsn("transformer"), run.measure_run_id)
    return run


def statuses(warehouse: Any) -> list[str]:
    with connect(warehouse.admin_dsn) as connection:
        rows = connection.execute(
            "select status from quality.measure_runs order by measure_run_id"
        ).fetchall()
    return [status for (status,) in rows]


def pinned(warehouse: Any, measure_run_id: int) -> list[int]:
    with connect(warehouse.admin_dsn) as connection:
        rows = connection.execute(
            "select load_id from quality.measure_run_loads where measure_run_id = %s order by 1",
            [measure_run_id],
        ).fetchall()
    return [load_id for (load_id,) in rows]


def test_sources_that_arrive_at_once_open_each_day_exactly_once(clean_warehouse: Any) -> None:
    days = [FIRST + dt.timedelta(days=number) for number in range(24)]
    dsn = clean_warehouse.dsn("loader")
    for day in days:
        announce = partial(announce_day, dsn, day=day, enabled_sources=SOURCES, run_id="test")
        with ThreadPoolExecutor(len(SOURCES)) as pool:
            answers = list(pool.map(announce, SOURCES))
        assert sorted(answers) == [False, False, False, True]


def test_a_rerun_after_publication_builds_the_day_again(clean_warehouse: Any) -> None:
    assert arrive(clean_warehouse, FIRST, *SOURCES) == [False, False, False, True]
    publish_day(clean_warehouse, FIRST)
    assert arrive(clean_warehouse, FIRST, "ga4") == [True]


def test_a_backfilled_day_waits_for_all_its_sources(clean_warehouse: Any) -> None:
    later = FIRST + dt.timedelta(days=9)
    arrive(clean_warehouse, later, *SOURCES)
    publish_day(clean_warehouse, later)
    assert arrive(clean_warehouse, FIRST, *SOURCES) == [False, False, False, True]
    # Without a changed row it was part of the later publication.
    assert open_day(clean_warehouse, FIRST) is None
    add_load(clean_warehouse, FIRST)
    assert open_day(clean_warehouse, FIRST) is not None


def test_the_deadline_closes_only_days_that_wait(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("loader")
    second = FIRST + dt.timedelta(days=1)
    arrive(clean_warehouse, FIRST, *SOURCES)
    arrive(clean_warehouse, second, "shopify", "campaign_plan")
    assert close_day(dsn, FIRST, SOURCES) is False
    assert close_day(dsn, second, SOURCES) is True
    assert days_waiting(dsn, SOURCES) == {second: ["ga4", "instagram"]}
    run = publish_day(clean_warehouse, second)
    assert run.sources_missing == ("ga4", "instagram")
    assert run.as_of_date == FIRST
    assert close_day(dsn, second, SOURCES) is False
    assert days_waiting(dsn, SOURCES) == {}
    # The late source comes: built again, with it.
    assert arrive(clean_warehouse, second, "ga4") == [True]
    assert open_day(clean_warehouse, second).sources_missing == ("instagram",)


def test_a_source_that_comes_while_its_closed_day_is_measured_asks_for_another_run(
    clean_warehouse: Any,
) -> None:
    arrive(clean_warehouse, FIRST, "shopify", "campaign_plan")
    assert close_day(clean_warehouse.dsn("loader"), FIRST, SOURCES) is True
    assert arrive(clean_warehouse, FIRST, "ga4") == [False]  # the run will find it
    assert open_day(clean_warehouse, FIRST).sources_missing == ("instagram",)
    assert arrive(clean_warehouse, FIRST, "instagram") == [True]


def test_skipped_streams_are_recorded_from_the_windows(clean_warehouse: Any) -> None:
    add_load(clean_warehouse, FIRST, stream="shop", status="skipped", reason="too late")
    add_load(clean_warehouse, FIRST)
    arrive(clean_warehouse, FIRST, "shopify")
    with connect(clean_warehouse.admin_dsn) as connection:
        found = connection.execute("select skipped_streams from quality.source_arrivals").fetchall()
    assert found == [(["shop"],)]


def test_nothing_new_opens_no_run(clean_warehouse: Any) -> None:
    add_load(clean_warehouse, FIRST)
    arrive(clean_warehouse, FIRST, *SOURCES)
    publish_day(clean_warehouse, FIRST)
    assert open_day(clean_warehouse, FIRST) is None
    # A reload that changed no row is no reason either; one that did is.
    add_load(clean_warehouse, FIRST, rows_merged=0, rows_unchanged=1)
    assert open_day(clean_warehouse, FIRST) is None
    assert open_day(clean_warehouse, FIRST, is_forced=True) is not None
    add_load(clean_warehouse, FIRST, rows_merged=0, rows_deleted=1)
    assert open_day(clean_warehouse, FIRST) is not None


def test_a_day_without_any_change_is_still_built_once(clean_warehouse: Any) -> None:
    second = FIRST + dt.timedelta(days=1)
    for day in (FIRST, second):
        arrive(clean_warehouse, day, *SOURCES)
        publish_day(clean_warehouse, day)
        assert open_day(clean_warehouse, day) is None


def test_only_a_publication_consumes_loads(clean_warehouse: Any) -> None:
    first = add_load(clean_warehouse, FIRST)
    add_load(clean_warehouse, FIRST, stream="shop", status="skipped", reason="too late")
    arrive(clean_warehouse, FIRST, *SOURCES)
    failed = open_day(clean_warehouse, FIRST)
    assert (failed.load_count, pinned(clean_warehouse, failed.measure_run_id)) == (1, [first])
    close_measure_run(clean_warehouse.dsn("transformer"), failed.measure_run_id, "failed")
    second = add_load(clean_warehouse, FIRST)
    run = publish_day(clean_warehouse, FIRST)
    assert pinned(clean_warehouse, run.measure_run_id) == [first, second]
    third = add_load(clean_warehouse, FIRST)
    assert pinned(clean_warehouse, open_day(clean_warehouse, FIRST).measure_run_id) == [third]
    open_day(clean_warehouse, FIRST)
    assert statuses(clean_warehouse) == ["failed", "published", "superseded", "open"]


def test_a_load_that_began_first_and_committed_late_is_not_lost(clean_warehouse: Any) -> None:
    arrive(clean_warehouse, FIRST, *SOURCES)
    with connect(clean_warehouse.dsn("loader")) as slow:
        slow.execute(
            "insert into quality.load_windows (source, stream, connection_id, partition_key,"
            " window_start, window_end, run_id, status, rows_merged, started_at)"
            " values ('ga4', 'sessions', 'ga4', '2026-03-01', now(), now(), 'test', 'loaded', 1,"
            " now())"
        )
        fast = add_load(clean_warehouse, FIRST)
        run = publish_day(clean_warehouse, FIRST)
        assert pinned(clean_warehouse, run.measure_run_id) == [fast]
    again = open_day(clean_warehouse, FIRST)
    assert pinned(clean_warehouse, again.measure_run_id) == [fast - 1]


def test_as_of_date_is_the_newest_complete_day_and_never_goes_back(clean_warehouse: Any) -> None:
    days = [FIRST + dt.timedelta(days=number) for number in range(4)]
    arrive(clean_warehouse, days[1], "shopify")
    assert open_day(clean_warehouse, days[1]).as_of_date == FIRST  # nothing is complete yet
    arrive(clean_warehouse, days[2], *SOURCES)
    arrive(clean_warehouse, days[3], "shopify")
    assert publish_day(clean_warehouse, days[3]).as_of_date == days[2]
    add_load(clean_warehouse, FIRST)
    # A backfilled older day is no reason to go back, nor is a source that was added since.
    run = open_measure_run(
        clean_warehouse.dsn("transformer"), FIRST, [*SOURCES, "tiktok"], "backfill"
    )
    assert run is not None
    assert run.as_of_date == days[2]


def test_a_closed_run_stays_closed(clean_warehouse: Any) -> None:
    arrive(clean_warehouse, FIRST, *SOURCES)
    run = publish_day(clean_warehouse, FIRST)
    close_measure_run(clean_warehouse.dsn("transformer"), run.measure_run_id, "failed")
    assert statuses(clean_warehouse) == ["published"]
    with pytest.raises(ValueError, match="not one of"):
        close_measure_run(clean_warehouse.dsn("transformer"), run.measure_run_id, "published")
