"""A level that moved for good among days that only scatter."""

from __future__ import annotations

import datetime as dt
from typing import Any

from include.review.level_changes import find_level_risks

START = dt.date(2026, 3, 1)


def visits(creator: str, purchases: list[int], sessions: int = 100) -> list[dict[str, Any]]:
    return [
        {
            "metric_date": START + dt.timedelta(day),
            "creator_id": creator,
            "creator_name": creator.title(),
            "session_count": float(sessions),
            "purchase_count": float(count),
        }
        for day, count in enumerate(purchases)
    ]


def test_a_checkout_that_broke_is_told_with_its_day_and_both_rates() -> None:
    """20 days at 6 of 100, then 20 at 1 of 100: the largest rank sum is between them.

    K = 20 · 20 = 400, p = 2 exp(-6 · 400² ÷ (40³ + 40²)) = 9e-7, under 0.2 ÷ (3 · 13) = 0.005.
    """
    rows = visits("ana", [6, 5, 7, 6] * 5 + [1, 0, 2, 1] * 5) + visits("bo", [6, 5, 7, 6] * 10)
    found = find_level_risks(rows)
    assert [finding.subject for finding in found] == ["", "ana"]
    assert found[1].kind == "level_changed"
    assert found[1].message == (
        "Ana: purchases per session changed for good about 2026-03-21, 6.0 % before and 1.0 % "
        "since; look at link, page and checkout"
    )
    # Both creators together: 12 of 200, then 7 of 200.
    assert "6.0 % before and 3.5 % since" in found[0].message


def test_wild_days_and_few_days_are_no_change() -> None:
    wild = [6, 5, 7, 6] * 5 + [60] + [6, 5, 7, 6] * 5
    assert find_level_risks(visits("ana", wild)) == []
    assert find_level_risks(visits("ana", [9] * 6 + [0] * 6)) == [], "under 14 days"
    assert find_level_risks([]) == []


def test_days_without_a_session_are_no_rate_of_nought() -> None:
    """Every second day nobody came; the level of the others never moves."""
    rows = visits("ana", [6, 5, 7, 6] * 6)
    for row in rows[24 // 2 :]:
        row["session_count"], row["purchase_count"] = (0.0, 0.0)
    assert find_level_risks(rows) == []


def test_a_campaigns_alarms_are_shared_out_over_its_reviews() -> None:
    """One creator and the whole are two series: each may be wrong by 0.2 ÷ (2 · 13) = 0.0077.

    Eight days and eight: 2 exp(-6 · 64² ÷ (16³ + 16²)) = 0.0071; seven and seven: 0.0149.
    """
    assert find_level_risks(visits("ana", [6, 5, 7, 6, 6, 5, 7, 1, 0, 2, 1, 1, 0, 2])) == []
    found = find_level_risks(visits("ana", [6, 5, 7, 6, 6, 5, 7, 6, 1, 0, 2, 1, 1, 0, 2, 1]))
    assert [finding.subject for finding in found] == ["", "ana"]


def test_visits_without_a_purchase_are_a_rate_of_nought() -> None:
    rows = visits("ana", [6, 5, 7, 6] * 5 + [0] * 20)
    for row in rows[20:]:
        row["purchase_count"] = None
    assert "6.0 % before and 0.0 % since" in find_level_risks(rows)[1].message
