"""A stream with windows of its own gets a DAG of its own that no day waits for."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.assets import raw_assets
from include.orchestration import ingest_timetable
from include.settings import REPO_ROOT
from include.sources import discover_sources


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPO_ROOT / "dags" / "ingest.py"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_stories_are_loaded_and_checked_but_announce_no_day(dags: dict[str, Any]) -> None:
    dag = dags["ingest_instagram_stories"]
    assert dag.task_ids == ["check_instagram", "load_stories"]
    assert [a.name for a in dag.get_task("check_instagram").outlets] == ["raw.instagram__stories"]
    assert dag.get_task("load_stories").pool == "instagram"


def test_the_day_of_instagram_knows_nothing_of_stories(dags: dict[str, Any]) -> None:
    dag = dags["ingest_instagram"]
    assert "load_stories" not in dag.task_ids
    assert "load_comments" in dag.task_ids
    marked = {asset.name for asset in dag.get_task("check_instagram").outlets}
    assert "raw.instagram__stories" not in marked
    assert marked == set(raw_assets(discover_sources()["instagram"].part()))


def test_keys_name_the_hour_at_which_a_window_began() -> None:
    start = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    infos = stories_timetable().iter_partition_dagrun_infos(
        earliest=start, latest=start + dt.timedelta(hours=24)
    )
    # The clocks of New York change on this day; windows in UTC do not.
    keys = [info.partition_key for info in infos]
    assert keys == [f"2026-11-01T{hour}" for hour in ("00", "06", "12", "18")]


def test_a_window_is_read_ten_minutes_after_its_end() -> None:
    timetable = stories_timetable()
    run_at = timetable._align_to_next(dt.datetime(2026, 11, 4, 7, tzinfo=dt.UTC))
    assert run_at == dt.datetime(2026, 11, 4, 12, 10, tzinfo=dt.UTC)
    assert timetable._get_partition_info(run_at)[1] == "2026-11-04T06"


def stories_timetable() -> Any:
    """The scheduler's side of the timetable that the DAG declares."""
    from airflow.timetables.trigger import CronPartitionTimetable

    declared = ingest_timetable(dt.timedelta(hours=6), "America/New_York")
    return CronPartitionTimetable(
        declared.expression,
        timezone=declared.timezone,
        run_offset=declared.run_offset,
        key_format=declared.key_format,
    )
