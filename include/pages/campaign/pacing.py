"""Will the campaign reach its goals? What is reached, what is asked by now, where it will end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import Scale, image, line, nice_top, rect
from include.pages.reader import Row, Snapshot
from include.spoken_names import goal_name

_STATUS = {
    "ahead": ("ahead", "good"),
    "on_track": ("on track", "good"),
    "behind": ("behind", "bad"),
    "undecided": ("undecided", "warn"),
}
_GOALS = """
select
    goal_id, metric, unit, goal_scope, value_source, final_date, target_value, actual_value,
    reached_rate, target_to_date_value, projected_end_low, projected_end_value,
    projected_end_high, pacing_status, unavailable_reason, goal_inconsistency, is_final
from marts.mart_campaign_pacing
where campaign_id = %(campaign_id)s
order by metric, goal_id
"""


def read_pacing(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return the goals with their bars; None while pacing is not measured."""
    if not snapshot.columns("marts.mart_campaign_pacing"):
        return {"goals": None}
    rows = snapshot.rows(_GOALS, selection.parameters)
    return {"goals": [_described(row) for row in rows]}


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
        "chart": _bar(row, f"{title}: {written['actual']} of {written['target']}; end {band}"),
    }


def _write(value: Any, unit: str) -> str:
    return formats.percent(value) if unit == "rate" else formats.number(value)


def _bar(row: Row, label: str) -> Markup:
    """Draw what is reached as a bar, the projected end as a band, the target as a line."""
    names = ("target_value", "actual_value", "projected_end_high")
    known = [float(row[name]) for name in names if row[name] is not None]
    top = nice_top(known, least=0.01)
    width = 1000
    at = Scale(0, top, 0, width - 3)
    parts = [rect(0, 9, width, 12, "rail")]
    if row["actual_value"] is not None:
        parts.append(rect(0, 9, at(row["actual_value"]), 12, "fill"))
    if row["projected_end_low"] is not None and row["projected_end_high"] is not None:
        low = at(row["projected_end_low"])
        parts.append(rect(low, 5, max(2, at(row["projected_end_high"]) - low), 20, "band"))
    if row["projected_end_value"] is not None:
        end = at(row["projected_end_value"])
        parts.append(line(end, 5, end, 25, "end"))
    if row["target_to_date_value"] is not None:
        due = at(row["target_to_date_value"])
        parts.append(line(due, 6, due, 24, "due"))
    goal = at(row["target_value"])
    parts.append(line(goal, 0, goal, 30, "mark"))
    return image(width, 30, label, parts, "pace", is_stretched=True)
