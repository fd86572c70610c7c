"""Instagram: which accounts and posts are asked for, shaped as documented."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from instagram_wire import BRAND, CAROUSEL, DAY, MAYA, REEL, accounts, run

from include.sources._base import Window
from include.sources.instagram import client


def test_profiles_of_connected_accounts_only() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        if path == "me/accounts":
            return accounts(BRAND, MAYA)
        return {"id": path, "username": f"user{path[-1]}", "followers_count": 18422}

    rows, session = run("accounts", answers)
    assert [row["id"] for row in rows] == [BRAND, MAYA]
    assert [path for path, _ in session.asked] == ["me/accounts", BRAND, MAYA]


def test_media_hold_their_account_and_a_readable_time() -> None:
    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [REEL, CAROUSEL]}

    rows, session = run("media", answers)
    assert rows == [
        {**REEL, "timestamp": "2026-11-03T16:20:11+00:00", "account_id": MAYA},
        {**CAROUSEL, "timestamp": "2026-10-30T08:00:02+00:00", "account_id": MAYA},
    ]
    asked = session.asked[1][1]
    # 90 days before 2026-11-05T05:00Z, and that instant.
    assert (asked["since"], asked["until"]) == (1786078800, 1793854800)
    assert asked["limit"] == 100


def test_media_outside_the_window_are_left_out_whatever_the_api_sends() -> None:
    late = {**REEL, "id": "1", "timestamp": "2026-11-05T05:00:00+0000"}
    old = {**REEL, "id": "2", "timestamp": "2026-08-07T04:59:59+0000"}
    edge = {**REEL, "id": "3", "timestamp": "2026-08-07T05:00:00+0000"}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [late, old, edge]}

    rows, _ = run("media", answers)
    assert [row["id"] for row in rows] == ["3"]


def test_a_post_without_a_readable_time_is_handed_on_for_quarantine() -> None:
    odd = {**REEL, "timestamp": "yesterday"}

    def answers(path: str, params: dict[str, Any]) -> dict[str, Any]:
        return accounts(MAYA) if path == "me/accounts" else {"data": [odd]}

    rows, _ = run("media", answers)
    assert rows[0]["timestamp"] == "yesterday"


@pytest.mark.parametrize(
    ("published", "key", "due"),
    [
        ("2026-11-04T20:00:00+0000", "2026-11-04", True),  # day 0
        ("2026-11-05T03:00:00+0000", "2026-11-04", True),  # evening in New York, next day in UTC
        ("2026-10-21T12:00:00+0000", "2026-11-04", True),  # day 14
        ("2026-10-20T12:00:00+0000", "2026-11-04", False),  # day 15
        ("2026-10-14T12:00:00+0000", "2026-11-04", True),  # day 21, over the clock change
        ("2026-10-13T12:00:00+0000", "2026-11-04", False),  # day 22
        ("unknown", "2026-11-04", True),
    ],
)
def test_posts_are_read_daily_to_day_14_then_weekly(published: str, key: str, due: bool) -> None:
    window = Window(start=DAY.start, end=DAY.end, key=key)
    assert client.is_due(published, window) is due


def test_each_post_has_ten_weekly_reads_after_day_14() -> None:
    published = "2026-08-01T23:30:00+0000"
    days = [dt.date(2026, 8, 1) + dt.timedelta(days=age) for age in range(91)]
    read = [
        (day - dt.date(2026, 8, 1)).days
        for day in days
        if client.is_due(published, Window(DAY.start, DAY.end, day.isoformat()))
    ]
    assert read == [*range(15), 21, 28, 35, 42, 49, 56, 63, 70, 77, 84]
