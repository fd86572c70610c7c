"""Loading slices, snapshots and plans: what vanishes, what is replaced, what stays."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.conftest import Warehouse
from tests.fakes.small_shop import (
    CODES,
    COUNTERS,
    DAY,
    NOON,
    VISITS,
    Loader,
    page,
    window_of,
)

HOUR = dt.timedelta(hours=1)
THIRD, FOURTH = dt.date(2026, 11, 3), dt.date(2026, 11, 4)


@pytest.fixture
def loader(clean_warehouse: Warehouse, tmp_path: Path) -> Loader:
    return Loader(clean_warehouse.dsn("loader"), str(tmp_path / "landing"))


def query(loader: Loader, statement: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(loader.dsn) as conn:
        return conn.execute(statement).fetchall()


def visits(loader: Loader) -> list[tuple[str, str, int]]:
    return query(loader, "select day::text, page, visits from raw.small_shop__visits order by 1, 2")


def visit(day: str, path: str, count: int) -> dict[str, Any]:
    return {"day": day, "page": path, "visits": count}


def test_a_row_that_vanished_from_its_day_is_deleted(loader: Loader) -> None:
    loader.run(VISITS, page([visit("2026-11-04", "/a", 1), visit("2026-11-04", "/b", 2)]))

    result = loader.run(VISITS, page([visit("2026-11-04", "/b", 2)], at_time=NOON + HOUR))

    assert visits(loader) == [("2026-11-04", "/b", 2)]
    assert (result.rows_merged, result.rows_unchanged, result.rows_deleted) == (0, 1, 1)


def test_days_outside_the_window_and_its_look_back_stay(loader: Loader) -> None:
    rows = [visit(f"2026-11-0{day}", "/a", day) for day in (2, 3, 4)]
    loader.run(VISITS, page(rows, context={"start_date": "2026-11-02", "end_date": "2026-11-04"}))

    # The look-back is one day: an answer without rows empties the 3rd and the 4th.
    result = loader.run(VISITS, page([], at_time=NOON + HOUR))

    assert visits(loader) == [("2026-11-02", "/a", 2)]
    assert result.rows_deleted == 2


def test_a_window_without_any_answer_deletes_nothing(loader: Loader) -> None:
    loader.run(VISITS, page([visit("2026-11-04", "/a", 1)]))

    assert loader.run(VISITS).rows_deleted == 0
    assert visits(loader) == [("2026-11-04", "/a", 1)]


def test_days_an_answer_names_are_the_days_that_are_replaced(loader: Loader) -> None:
    rows = [visit(f"2026-11-0{day}", "/a", day) for day in (3, 4)]
    loader.run(VISITS, page(rows))

    only_fourth = {"start_date": "2026-11-04", "end_date": "2026-11-04"}
    loader.run(VISITS, page([], at_time=NOON + HOUR, context=only_fourth))

    assert visits(loader) == [("2026-11-03", "/a", 3)]


def test_an_older_answer_neither_reverts_nor_revives_a_day(loader: Loader) -> None:
    rows = [visit("2026-11-04", "/a", 1), visit("2026-11-04", "/b", 2)]
    newer = [visit("2026-11-04", "/a", 9)]
    loader.run(VISITS, page(newer, at_time=NOON + HOUR))

    old = loader.run(VISITS, page(rows, at_time=NOON))

    assert visits(loader) == [("2026-11-04", "/a", 9)]
    assert (old.rows_merged, old.rows_unchanged, old.rows_deleted) == (0, 2, 0)


def test_an_older_answer_may_fill_days_that_no_newer_load_covers(loader: Loader) -> None:
    loader.run(
        VISITS,
        page([visit("2026-11-06", "/a", 6)], at_time=NOON + 48 * HOUR),
        window=window_of(dt.date(2026, 11, 6)),
    )

    rows = [visit("2026-11-03", "/a", 3), visit("2026-11-04", "/a", 4)]
    loader.run(VISITS, page(rows))

    assert [row[0] for row in visits(loader)] == ["2026-11-03", "2026-11-04", "2026-11-06"]


def test_nothing_is_deleted_while_a_row_is_in_quarantine(loader: Loader) -> None:
    loader.run(VISITS, page([visit("2026-11-04", "/a", 1), visit("2026-11-04", "/b", 2)]))
    bad = {"day": "2026-11-04", "page": "/b", "visits": "many"}

    result = loader.run(VISITS, page([visit("2026-11-04", "/a", 5), bad], at_time=NOON + HOUR))

    assert visits(loader) == [("2026-11-04", "/a", 5), ("2026-11-04", "/b", 2)]
    assert (result.rows_rejected, result.rows_deleted) == (1, 0)


def counters(loader: Loader) -> list[tuple[Any, ...]]:
    return query(
        loader,
        "select post_id, likes, views, captured_at from raw.small_shop__counters"
        " order by window_start, post_id",
    )


def counter(post: str, likes: int | None, views: int | None) -> dict[str, Any]:
    return {"post_id": post, "likes": likes, "views": views}


def test_a_newer_capture_replaces_and_null_never_does(loader: Loader) -> None:
    loader.run(COUNTERS, page([counter("p", 10, 100)]))

    loader.run(COUNTERS, page([counter("p", 12, None)], at_time=NOON + HOUR))
    assert counters(loader) == [("p", 12, 100, NOON + HOUR)]

    loader.run(COUNTERS, page([counter("p", 11, 90)], at_time=NOON))
    assert counters(loader) == [("p", 12, 100, NOON + HOUR)]


def test_a_snapshot_has_a_row_for_each_day(loader: Loader) -> None:
    loader.run(COUNTERS, page([counter("p", 10, 100)], at_time=DAY.end))
    next_day = replace(DAY, start=DAY.end, end=DAY.end + dt.timedelta(days=1), key="2026-11-05")
    loader.run(COUNTERS, page([counter("p", 9, 120)], at_time=next_day.end), window=next_day)

    assert [row[:3] for row in counters(loader)] == [("p", 10, 100), ("p", 9, 120)]


@pytest.mark.parametrize("moment", [DAY.end - dt.timedelta(seconds=1), DAY.end + 24 * HOUR])
def test_a_snapshot_out_of_its_time_is_skipped(loader: Loader, moment: dt.datetime) -> None:
    result = loader.run(COUNTERS, page([counter("p", 10, 100)], at_time=moment))

    assert result.status == "skipped"
    assert result.reason is not None
    assert "2026-11-05 05:00 to 2026-11-06 05:00 UTC" in result.reason
    assert counters(loader) == []
    assert query(loader, "select status from quality.load_windows") == [("skipped",)]
    assert not Path(loader.landing_url).exists()


@pytest.mark.parametrize("moment", [DAY.end, DAY.end + 24 * HOUR - dt.timedelta(seconds=1)])
def test_a_snapshot_in_its_time_is_loaded(loader: Loader, moment: dt.datetime) -> None:
    assert loader.run(COUNTERS, page([counter("p", 1, 1)], at_time=moment)).status == "loaded"


def codes(loader: Loader) -> list[tuple[str, str]]:
    return query(loader, "select campaign_id, code from raw.small_shop__codes order by 1, 2")


def code(campaign: str, text: str) -> dict[str, str]:
    return {"campaign_id": campaign, "code": text}


def test_a_plan_replaces_the_campaigns_it_delivers(loader: Loader) -> None:
    loader.run(CODES, page([code("a", "A1"), code("a", "A2"), code("b", "B1")]))

    loader.run(CODES, page([code("a", "A2"), code("a", "A3")], at_time=NOON + HOUR))

    assert codes(loader) == [("a", "A2"), ("a", "A3"), ("b", "B1")]


def test_a_plan_may_name_a_campaign_that_has_no_rows_left(loader: Loader) -> None:
    loader.run(CODES, page([code("a", "A1"), code("b", "B1")]))

    named = {"slices": [["a"], ["b"]]}
    loader.run(CODES, page([code("a", "A1")], at_time=NOON + HOUR, context=named))

    assert codes(loader) == [("a", "A1")]


def test_an_older_plan_brings_nothing_back(loader: Loader) -> None:
    loader.run(CODES, page([code("a", "A2")], at_time=NOON + HOUR))

    old = loader.run(CODES, page([code("a", "A1")], at_time=NOON))

    assert codes(loader) == [("a", "A2")]
    assert (old.rows_merged, old.rows_unchanged) == (0, 1)
