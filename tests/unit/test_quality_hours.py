"""The hours of the freshness page: which day is expected when, as the DAGs are scheduled."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from include.pages import quality_freshness
from include.settings import REPO_ROOT

ZONE = ZoneInfo("America/New_York")


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (dt.datetime(2026, 11, 20, 7, 59, tzinfo=dt.UTC), dt.date(2026, 11, 18)),  # 02:59
        (dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC), dt.date(2026, 11, 19)),  # 03:00
        (dt.datetime(2026, 7, 1, 7, 0, tzinfo=dt.UTC), dt.date(2026, 6, 30)),  # 03:00, summer
    ],
)
def test_the_expected_day_begins_at_three(instant: dt.datetime, expected: dt.date) -> None:
    assert quality_freshness.expected_day(instant, ZONE) == expected


def test_the_hours_are_those_of_the_dags() -> None:
    close = (REPO_ROOT / "dags" / "close_day.py").read_text()
    ingest = (REPO_ROOT / "include" / "orchestration.py").read_text()
    assert f'"0 {quality_freshness.DEADLINE_HOUR} * * *"' in close
    assert f'"0 {quality_freshness.INGEST_HOUR} * * *"' in ingest
