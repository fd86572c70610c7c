"""Numbers and times of TikTok come in many types."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from tiktok_wire import UTC

from include.sources.tiktok.parse import read_number, read_time


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("12.0", Decimal("12.0")),
        ("12%", Decimal("0.12")),
        ("12.3%", Decimal("0.123")),
        ("-3", -3),
        ("9007199254740993", 9007199254740993),
        ("", None),
        (12, 12),
        (Decimal("0.61"), Decimal("0.61")),
        (None, None),
        ("1,234", "1,234"),
        ("n/a", "n/a"),
    ],
)
def test_numbers_come_in_many_types(given: Any, read: Any) -> None:
    assert read_number(given) == read
    assert type(read_number(given)) is type(read)


@pytest.mark.parametrize(
    "given",
    [
        *(1793723411, "1793723411", Decimal("1793723411.0"), 1793723411000, "1793723411000"),
        *("2026-11-03 16:30:11", "2026-11-03T16:30:11Z", "2026-11-03T17:30:11+01:00"),
    ],
)
def test_times_come_in_many_types(given: Any) -> None:
    moment = dt.datetime.fromisoformat(read_time(given))
    assert moment == dt.datetime(2026, 11, 3, 16, 30, 11, tzinfo=UTC)


@pytest.mark.parametrize(("given", "read"), [("", None), (None, None), ("soon", "soon")])
def test_what_is_no_time_is_left_for_quarantine(given: Any, read: Any) -> None:
    assert read_time(given) == read
