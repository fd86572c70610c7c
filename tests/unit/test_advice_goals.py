"""Goals projected by hand: what pieces brought, over what of them has had time to come."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from math import ceil, exp

import pytest
from hand_made_campaign import SPRING, day

from include.advice.facts import CampaignFacts, Goal, GoalDay, Piece
from include.advice.goals import GoalRow, project_goals


def goal(metric: str, target: str, values: list[float | None], **fields: object) -> Goal:
    """A goal whose days are final but for the last four."""
    days = tuple(
        GoalDay(day(n), value, 0.0, value or 0.0, n <= len(values) - 4)
        for n, value in enumerate(values, start=1)
    )
    return replace(Goal(days, metric, metric, "credited", Decimal(target), None), **fields)


def project(goals: list[Goal], *, planned: list[int]) -> list[GoalRow]:
    """Reels of days 1 and 11, others planned; no order tells the delay."""
    facts = CampaignFacts(SPRING)
    facts.pieces = [Piece(day(n), "reel", True) for n in (1, 11)]
    facts.pieces += [Piece(day(n), "reel", False) for n in planned]
    facts.goals = goals
    return project_goals(facts)


def share(age: float, delay: float | None) -> float:
    assert delay is not None
    return min(ceil(50 * (1 - exp(-age / delay)) - 1e-9) / 50, 1.0)


def test_a_projection_by_hand() -> None:
    # 10 clicks a day on days 1 to 25; 1 to 21 are final: 210 of 600.
    (row,) = project([goal("link_clicks", "600", [10.0] * 25)], planned=[41, 60])
    assert (row.final_date, row.final_day_count, row.actual) == (day(21), 21, 210.0)
    done = share(20.5, row.mean_delay) + share(10.5, row.mean_delay)
    whole = 2.0 + share(20.5, row.mean_delay) + share(1.5, row.mean_delay)
    # Two pieces brought 210, so a piece brings about 108; 1.3 pieces are still to come.
    assert row.projection is not None
    assert row.projection[1] == pytest.approx(210 + 210 / done * (whole - done))
    assert row.projection[0] < row.projection[1] < row.projection[2]
    assert row.target_to_date == pytest.approx(600 * done / whole)
    assert (row.live_piece_count, row.planned_piece_count) == (2, 2)


def test_a_day_nobody_read_is_neither_nothing_nor_reached() -> None:
    # As above, but GA4 was not read on days 5 and 6: 190 are known of 21 final days.
    clicks = [None if n in (5, 6) else 10.0 for n in range(1, 26)]
    (row,) = project([goal("link_clicks", "600", clicks)], planned=[41, 60])
    assert (row.final_day_count, row.actual) == (21, 190.0)
    # On those days the reel of day 1 was 3.5 to 5.5 days old; the one of day 11 was still to come.
    done = share(20.5, row.mean_delay) + share(10.5, row.mean_delay)
    done -= share(5.5, row.mean_delay) - share(3.5, row.mean_delay)
    whole = 2.0 + share(20.5, row.mean_delay) + share(1.5, row.mean_delay)
    assert row.projection is not None
    assert row.projection[1] == pytest.approx(190 + 190 / done * (whole - done))
    assert row.target_to_date == pytest.approx(600 * done / whole)


def test_what_comes_without_creators_is_paced_by_the_days_that_were_read() -> None:
    clicks = [None if n in (5, 6, 7) else 10.0 for n in range(1, 26)]
    all_clicks = goal("link_clicks", "900", clicks, scope="all")
    days = tuple(replace(one, other=8.0 if one.value else 0.0) for one in all_clicks.days)
    (row,) = project([replace(all_clicks, days=days)], planned=[])
    # 144 of 180 on 18 of 61 days came without creators: 488 by the end. The pieces brought 36.
    done = share(20.5, row.mean_delay) + share(10.5, row.mean_delay)
    done -= share(6.5, row.mean_delay) - share(3.5, row.mean_delay)
    assert row.projection is not None
    assert row.projection[1] == pytest.approx(488 + 36 + 36 / done * (2.0 - done))


def test_when_no_piece_is_left_the_end_is_what_was_reached() -> None:
    (row,) = project([goal("link_clicks", "600", [10.0] * 61)], planned=[])
    assert row.actual == 570.0
    assert row.projection == (570.0, 570.0, 570.0)
    assert row.target_to_date == pytest.approx(600)


def test_what_comes_without_creators_goes_on_at_its_pace() -> None:
    all_sales = goal("units_sold", "900", [10.0] * 25, scope="all")
    all_sales = replace(all_sales, days=tuple(replace(one, other=8.0) for one in all_sales.days))
    (row,) = project([all_sales], planned=[41])
    # 168 of 210 came without creators in 21 of 61 days: 488 by the end; the pieces brought 42.
    done = share(20.5, row.mean_delay) + share(10.5, row.mean_delay)
    whole = 2.0 + share(20.5, row.mean_delay)
    assert row.projection is not None
    assert row.projection[1] == pytest.approx(488 + 42 + 42 / done * (whole - done))


def test_goals_that_contradict_each_other_are_named_on_both() -> None:
    goals = [goal("units_sold", "3000", [1.0] * 25), goal("link_clicks", "15000", [10.0] * 25)]
    goals.append(goal("follower_growth", "0.1", [0.001] * 25, baseline_date=day(0), scope="all"))
    sold, clicked, followed = project(goals, planned=[])
    assert sold.inconsistency == clicked.inconsistency
    assert "conversion rate of 20%" in (sold.inconsistency or "")
    assert "expect 300-750 orders" in (sold.inconsistency or "")
    assert followed.inconsistency is None
    assert followed.actual == pytest.approx(0.021)
    fitting = [replace(goals[0], target_value=Decimal(500)), goals[1]]
    assert [row.inconsistency for row in project(fitting, planned=[])] == [None, None]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (goal("link_clicks", "9", [1.0] * 4), "no day is final yet"),
        (goal("link_clicks", "9", []), "no day is final yet"),
        (goal("link_clicks", "9", [None] * 9), "GA4 was read on none of the final days"),
        (goal("follower_growth", "0.1", [0.1] * 9), "growth is measured from a day"),
        (
            goal("follower_growth", "0.1", [None] * 9, baseline_date=day(1)),
            "no follower count of the brand within a week of 2026-03-01",
        ),
    ],
)
def test_what_cannot_be_known_has_a_reason(one: Goal, reason: str) -> None:
    (row,) = project([one], planned=[])
    assert (row.reason or "").startswith(reason)
    assert (row.actual, row.projection, row.target_to_date) == (None, None, None)


def test_before_the_first_piece_there_is_a_state_and_no_projection() -> None:
    facts = CampaignFacts(SPRING, goals=[goal("link_clicks", "9", [1.0] * 9)])
    facts.pieces.append(Piece(day(20), "reel", False))
    (row,) = project_goals(facts)
    assert (row.actual, row.projection, row.target_to_date) == (5.0, None, 0.0)
    assert row.reason == "no piece was live on a final day: nothing to project from"
