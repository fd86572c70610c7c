"""Which days the demo loads, when their runs fire, and how a model's error is measured."""

from __future__ import annotations

import datetime as dt

import pytest

from include.demo import latest_due_day, main, missing_days, run_instant

NEW_YORK = "America/New_York"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        # 02:59 and 03:00 in New York, in winter (UTC-5): the run of the day before fires at 03:00.
        ("2026-11-21T07:59:59+00:00", dt.date(2026, 11, 19)),
        ("2026-11-21T08:00:00+00:00", dt.date(2026, 11, 20)),
        # The same in summer (UTC-4).
        ("2026-07-21T06:59:59+00:00", dt.date(2026, 7, 19)),
        ("2026-07-21T07:00:00+00:00", dt.date(2026, 7, 20)),
        # Still the 20th in New York.
        ("2026-11-21T01:00:00+00:00", dt.date(2026, 11, 19)),
    ],
)
def test_the_latest_due_day_follows_the_schedule_in_local_time(now: str, expected: dt.date) -> None:
    assert latest_due_day(dt.datetime.fromisoformat(now), NEW_YORK) == expected


def test_a_run_fires_at_three_local_time_of_the_day_after() -> None:
    assert run_instant(dt.date(2026, 10, 30), NEW_YORK) == dt.datetime(
        2026, 10, 31, 7, tzinfo=dt.UTC
    )
    # Clocks went back in the night of the run: an hour later in UTC.
    assert run_instant(dt.date(2026, 10, 31), NEW_YORK) == dt.datetime(
        2026, 11, 1, 8, tzinfo=dt.UTC
    )


def test_only_what_has_not_arrived_is_missing() -> None:
    first = dt.date(2026, 11, 1)
    arrived = {first: {"a", "b"}, dt.date(2026, 11, 2): {"b"}}
    assert missing_days(first, dt.date(2026, 11, 3), arrived, {"a", "b"}) == [
        (dt.date(2026, 11, 2), ["a"]),
        (dt.date(2026, 11, 3), ["a", "b"]),
    ]


def test_the_days_asked_for_must_lie_in_the_campaign(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--days", "62"])
    assert "invalid choice: 62" in capsys.readouterr().err
