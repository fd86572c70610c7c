"""Will the campaign reach its goals? What is reached, what is asked by now, where it will end."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.plots import (
    SHARED_BOX,
    Plot,
    Trace,
    axis,
    layout_of,
    level,
    marker,
    rows_axis,
    shown,
)
from include.pages.reader import Row, Snapshot
from include.spoken_names import goal_name

MOST_OF_TARGET = 250.0  # percent: one goal passed by far must not flatten the others
_STATUS = {
    "ahead": ("ahead", "good"),
    "on_track": ("on track", "good"),
    "behind": ("behind", "bad"),
    "undecided": ("undecided", "warn"),
}
_GOALS = """
select
    goal_id, metric, unit, goal_scope, value_source, final_date, {unread} as unread_day_count,
    target_value, actual_value, reached_rate, target_to_date_value, projected_end_low,
    projected_end_value, projected_end_high, pacing_status, unavailable_reason, goal_inconsistency,
    is_final
from marts.mart_campaign_pacing
where campaign_id = %(campaign_id)s
order by metric, goal_id
"""


@dataclass(frozen=True, slots=True)
class Goal:
    """A goal: its values as shares of its target (1 is reached), and each value as written."""

    name: str
    reached: float | None
    due: float | None
    low: float | None
    end: float | None
    high: float | None
    written: Mapping[str, str]  # by the names above


def read_pacing(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return the goals and their plot; None while pacing is not measured."""
    columns = snapshot.columns("marts.mart_campaign_pacing")
    if not columns:
        return {"goals": None, "goals_plot": None}
    # Marts published before the column was there counted none.
    unread = sql.SQL("unread_day_count" if "unread_day_count" in columns else "0")
    statement = sql.SQL(_GOALS).format(unread=unread)
    rows = [_described(row) for row in snapshot.rows(statement, selection.parameters)]
    return {"goals": rows, "goals_plot": _plot(rows) if rows else None}


def _described(row: Row) -> dict[str, Any]:
    title = goal_name(row["metric"])
    status, tone = _STATUS.get(row["pacing_status"], (row["pacing_status"], ""))
    written = {
        name: _write(row[f"{name}_value"], row["unit"])
        for name in ("actual", "target", "target_to_date", "projected_end")
    }
    band = ""
    if row["projected_end_low"] is not None:
        low, high = _write(row["projected_end_low"], row["unit"]), row["projected_end_high"]
        band = f"{low} to {_write(high, row['unit'])}"
    return {
        **row,
        **written,
        "title": title,
        "status": status,
        "tone": tone,
        "band": band,
    }


def _write(value: Any, unit: str) -> str:
    return formats.percent(value) if unit == "rate" else formats.number(value)


def _plot(goals: Sequence[Mapping[str, Any]]) -> Plot:
    told = "; ".join(f"{goal['title']}: {goal['actual']} of {goal['target']}" for goal in goals)
    return pacing([_drawn(goal) for goal in goals], f"Goals in percent of their targets. {told}")


def _drawn(goal: Mapping[str, Any]) -> Goal:
    """Return a goal's values as shares of its target; a target is above zero."""

    def share(name: str) -> float | None:
        value = goal[name]
        return None if value is None else float(value) / float(goal["target_value"])

    written = {
        "reached": f"{goal['actual']} of {goal['target']}",
        "due": goal["target_to_date"],
        "high": goal["band"],
        "end": goal["projected_end"],
    }
    return Goal(
        goal["title"],
        share("actual_value"),
        share("target_to_date_value"),
        share("projected_end_low"),
        share("projected_end_value"),
        share("projected_end_high"),
        written,
    )


def pacing(goals: Sequence[Goal], label: str) -> Plot:
    """Plot each goal in percent of its target: reached, asked by now, and the projected end."""
    rows = list(range(len(goals)))
    shared: Trace = {
        "y": rows,
        "customdata": [shown(goal.name) for goal in goals],
        "hovertemplate": SHARED_BOX,
    }

    def trace(name: str, key: str, **more: Any) -> Trace:
        written = [shown(f"{name} {goal.written.get(key, formats.UNKNOWN)}") for goal in goals]
        values = [_percent(getattr(goal, key)) for goal in goals]
        return {**shared, "name": name, "x": values, "hovertext": written, **more}

    bar: Trace = {"type": "bar", "orientation": "h"}
    mark: Trace = {"type": "scatter", "mode": "markers", "cliponaxis": False}
    widths = [
        None if goal.low is None or goal.high is None else _percent(goal.high - goal.low)
        for goal in goals
    ]
    band = trace("Projected end, 90 %", "high", **bar, width=0.66)
    band |= {"x": widths, "base": [_percent(goal.low) for goal in goals]}
    traces = [
        trace("Reached", "reached", **bar, width=0.34, marker={"color": "var(--accent)"}),
        band | {"marker": {"color": "var(--accent-soft)"}},
        trace("Projected end", "end", **mark, marker=_upright(4, "var(--accent)")),
        trace("Asked by now", "due", **mark, marker=_upright(2, "var(--ink)")),
    ]
    known = [_percent(value) for goal in goals for value in (goal.reached, goal.high)]
    top = min(MOST_OF_TARGET, max([100.0, *(value for value in known if value)]) * 1.06)
    layout = layout_of(
        100 + 40 * len(goals),
        "",
        barmode="overlay",
        xaxis=axis(ticksuffix=f"{formats.NARROW}%", range=[0, top]),
        yaxis=rows_axis(["<br>".join(map(shown, textwrap.wrap(g.name, 18))) for g in goals]),
        shapes=[level("x", 100, "Target")],
        hovermode="y unified",
    )  # fmt: skip
    return Plot(label, {"data": traces, **layout})


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)


def _upright(width: int, colour: str) -> Trace:
    return marker("line-ns", 24, colour, colour, width)
