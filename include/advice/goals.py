"""Where a campaign's goals stand and will end, following the pieces that are live or planned.

What the pieces brought on final days, divided by the part of it that had time to come, is what a
piece brings; formats differ as the goal's own days tell. Days are whole; a piece of a day is half a
day old at its end. What pieces brought on a day whose clicks nobody read is not known: it counts
as still to come, neither as nothing nor as reached.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from include.advice.facts import Campaign, CampaignFacts, Goal, Piece
from include.campaigns.advice import explain_conversion
from include.stats.maturity import matured_shares
from include.stats.pacing import DailyFit, fit_daily, project_end, sum_final_days

# One follower of a brand that has 10,000, while nothing tells how many it has.
NO_FOLLOWER = 1e-4


@dataclass(frozen=True, slots=True)
class GoalRow:
    """Where one goal stands, in its unit; what cannot be known is None and `reason` says why.

    final_date: last day that counts. projection: low, mid and high of the campaign's end.
    """

    goal_id: str
    final_date: dt.date | None
    final_day_count: int
    live_piece_count: int
    planned_piece_count: int
    mean_delay: float | None = None
    actual: float | None = None
    target_to_date: float | None = None
    projection: tuple[float, float, float] | None = None
    reason: str | None = None
    inconsistency: str | None = None


def project_goals(facts: CampaignFacts) -> list[GoalRow]:
    """Return a row per goal of the plan, in their order."""
    return [
        replace(
            _project(facts.campaign, goal, facts.pieces), inconsistency=_odds(facts.goals, goal)
        )
        for goal in facts.goals
    ]


def _odds(goals: Sequence[Goal], goal: Goal) -> str | None:
    """Name what the goals for sales and clicks ask of each other, on both of them."""
    targets = {other.metric: other.target_value for other in goals}
    if goal.metric not in ("units_sold", "link_clicks") or len(targets) < 2:
        return None
    if "units_sold" not in targets or "link_clicks" not in targets:
        return None
    return explain_conversion(targets["units_sold"], targets["link_clicks"])


def _project(campaign: Campaign, goal: Goal, pieces: Sequence[Piece]) -> GoalRow:
    values = [np.nan if day.value is None else day.value for day in goal.days]
    actual, count = sum_final_days(values, [day.is_final for day in goal.days])
    final = goal.days[count - 1].day if count else None
    seen = sum(piece.is_live and piece.day <= final for piece in pieces) if final else 0
    row = GoalRow(goal.goal_id, final, count, seen, len(pieces) - seen)
    reason = _unknown(goal, count)
    if reason is not None or final is None:
        return replace(row, reason=reason)
    fit = _fit(campaign, goal, count, pieces)
    matured = _matured_seen(pieces, final, fit.delay, _unread_days(goal, count))
    projection = project_end(
        actual,
        matured,
        np.maximum(_matured(pieces, campaign.end_date, fit.delay), matured),
        target=float(goal.target_value),
        unit_size=_unit_size(goal, count),
        baseline=_baseline(campaign, goal, count),
        weights=fit.weights,
        doubt=fit.doubt,
    )
    low, mid, high = projection.low, projection.mid, projection.high
    known = None if low is None or mid is None or high is None else (low, mid, high)
    reason = None if known else "no piece was live on a final day: nothing to project from"
    return replace(
        row,
        mean_delay=fit.delay,
        actual=actual,
        target_to_date=projection.target_to_date,
        projection=known,
        reason=reason,
    )


def _fit(campaign: Campaign, goal: Goal, final_count: int, pieces: Sequence[Piece]) -> DailyFit:
    """Return the goal's mean delay, and what each piece brings relative to the others."""
    formats = sorted({piece.content_format for piece in pieces})
    kinds = [formats.index(piece.content_format) for piece in pieces]
    first = goal.days[0].day
    unread = set(_unread_days(goal, final_count))
    brought = [
        np.nan if day.day in unread else (day.value or 0.0) - day.other
        for day in goal.days[:final_count]
    ]
    size = _unit_size(goal, final_count)
    fit = fit_daily(
        np.array(brought) / size,
        [(piece.day - first).days for piece in pieces],
        kinds,
        (campaign.end_date - first).days,
    )
    return replace(fit, weights=fit.weights[np.array(kinds, dtype=np.intp)])


def _unknown(goal: Goal, final_count: int) -> str | None:
    """Say why a goal's state cannot be known; None when it can."""
    if goal.metric == "follower_growth" and goal.baseline_date is None:
        return "growth is measured from a day, and the goal names no baseline_date"
    if final_count == 0:
        return "no day is final yet"
    if all(day.value is None for day in goal.days[:final_count]):
        if goal.metric == "link_clicks":
            return "GA4 was read on none of the final days"
        return f"no follower count of the brand within a week of {goal.baseline_date}"
    return None


def _unread_days(goal: Goal, final_count: int) -> list[dt.date]:
    """Return the final days of which nothing is known.

    A day without a follower count is none: the next one brings what it missed.
    """
    if goal.metric == "follower_growth":
        return []
    return [day.day for day in goal.days[:final_count] if day.value is None]


def _matured(pieces: Sequence[Piece], until: dt.date, delay: float) -> NDArray[np.float64]:
    """Return the share of each piece that has come by the end of a day; 0 before it is live."""
    return matured_shares([max((until - piece.day).days + 0.5, 0.0) for piece in pieces], delay)


def _matured_seen(
    pieces: Sequence[Piece], final: dt.date, delay: float, unread: Sequence[dt.date]
) -> NDArray[np.float64]:
    """Return the share of each piece that came up to a day, on days that somebody read."""
    seen = _matured(pieces, final, delay)
    for day in unread:
        before = _matured(pieces, day - dt.timedelta(days=1), delay)
        seen = seen - (_matured(pieces, day, delay) - before)
    return np.maximum(seen, 0.0)


def _unit_size(goal: Goal, final_count: int) -> float:
    """Return Σx² ÷ Σx of what was counted: 1 for clicks, above 1 where an order has many units."""
    total = sum(day.value or 0.0 for day in goal.days[:final_count])
    squares = sum(day.squared for day in goal.days[:final_count])
    if total > 0 and squares > 0:
        return squares / total
    return NO_FOLLOWER if goal.metric == "follower_growth" else 1.0


def _baseline(campaign: Campaign, goal: Goal, final_count: int) -> tuple[float, float]:
    """Return what came without creators on the final days that were read, and by the end."""
    other = sum(day.other for day in goal.days[:final_count])
    first = goal.days[0].day
    days = (campaign.end_date - first).days + 1
    return other, other * days / (final_count - len(_unread_days(goal, final_count)))
