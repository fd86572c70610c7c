"""From views to purchases, for the campaign as a whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import sql

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.plots import OWN_BOX, Plot, Trace, layout_of, rows_axis
from include.pages.reader import Row, Snapshot

SMALL_RATE = 0.02  # below it one decimal would hide the rate
Z_90 = 1.6448536269514722  # of a 90 % interval, as the marts take it
_TITLES = {
    "views": "Views",
    "sessions": "Sessions on the shop",
    "engaged_sessions": "Engaged sessions",
    "add_to_cart": "Added to cart",
    "checkout": "Began checkout",
    "purchases": "Purchases GA4 saw",
}
# A step adds up over creators of whom both counts are known, so unseen ones do not thin the rate.
_STAGES = """
select
    funnel_stage,
    {event_name} as event_name,
    counted_by,
    stage_number,
    sum(stage_count) as stage_count,
    sum(case when previous_stage_count is not null then stage_count end) as step_count,
    sum(case when stage_count is not null then previous_stage_count end) as previous_count,
    count(stage_count) as known_creator_count,
    count(*) as creator_count
from marts.mart_funnel
where campaign_id = %(campaign_id)s
group by 1, 2, 3, 4
order by stage_number
"""


def read_funnel(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return the stages and their plot; none when nothing was counted."""
    columns = snapshot.columns("marts.mart_funnel")
    if not columns:
        return {"funnel": [], "funnel_plot": None}
    # Marts that were published before key events had rows of their own have none.
    event_name = sql.SQL("event_name" if "event_name" in columns else "null::text")
    statement = sql.SQL(_STAGES).format(event_name=event_name)
    rows = snapshot.rows(statement, selection.parameters)
    if not any(row["stage_count"] for row in rows):
        return {"funnel": [], "funnel_plot": None}
    stages = _described(rows)
    return {"funnel": stages, "funnel_plot": _plot(stages)}


def _described(rows: Sequence[Row]) -> list[dict[str, Any]]:
    sessions = next((r["stage_count"] for r in rows if r["funnel_stage"] == "sessions"), None)
    found = []
    for row in rows:
        share = None
        if sessions and row["funnel_stage"] != "views" and row["stage_count"] is not None:
            share = min(1.0, float(row["stage_count"]) / float(sessions))
        name = row.get("event_name") or row["funnel_stage"]
        title = _TITLES.get(name, formats.words(name).capitalize())
        written = "" if share is None else formats.percent(share)
        found.append({**row, "title": title, "share": written, "step": _step(row)})
    return found


def _plot(stages: Sequence[Mapping[str, Any]]) -> Plot | None:
    """Plot the stages from the sessions on: beside the views they would be too small to see.

    Key events are no steps on the way to a purchase and stay in the table.
    """
    drawn = [s for s in stages if s["share"] and s["funnel_stage"] != "key_event"]
    if len(drawn) < 2:
        return None
    counts = [formats.number(stage["stage_count"]) for stage in drawn]
    told = [f"{drawn[0]['share']} of sessions"]
    told += [
        f"{stage['share']} of sessions<br>{stage['step']} of the step before" for stage in drawn[1:]
    ]
    trace: Trace = {
        "type": "funnel",
        "y": list(range(len(drawn))),
        "x": [int(stage["stage_count"]) for stage in drawn],
        "textinfo": "none",
        "customdata": [stage["title"] for stage in drawn],
        "hovertext": [f"{count}<br>{more}" for count, more in zip(counts, told, strict=True)],
        "hovertemplate": OWN_BOX,
        "marker": {"color": "var(--accent)"},
        "connector": {"fillcolor": "var(--faint)", "line": {"color": "var(--line)", "width": 1}},
    }
    layout = layout_of(
        24 + 46 * len(drawn),
        "",
        yaxis=rows_axis(
            [f"{stage['title']}<br>{n}" for stage, n in zip(drawn, counts, strict=True)]
        ),
        showlegend=False,
        hovermode="closest",
    )
    label = "From session to purchase: " + ", ".join(
        f"{stage['title']} {count}" for stage, count in zip(drawn, counts, strict=True)
    )
    return Plot(label, {"data": [trace], **layout})


def _step(row: Row) -> str:
    """Write the rate of a step with its interval; none where two systems count."""
    hits, tries = row["step_count"], row["previous_count"]
    if hits is None or not tries:
        return formats.UNKNOWN
    exact = float(hits) / float(tries)
    rate = formats.percent(exact, 1 if exact >= SMALL_RATE else 2)
    if row["funnel_stage"] == "sessions" or hits > tries:
        return rate
    low, high = wilson(float(hits), float(tries))
    return f"{rate} ({formats.percent(low, 1)} to {formats.percent(high, 1)})"


def wilson(hits: float, tries: float) -> tuple[float, float]:
    """Return the ends of Wilson's 90 % interval of a rate (JASA 22 (1927) 209-212)."""
    rate, square = hits / tries, Z_90 * Z_90
    middle = rate + square / (2 * tries)
    half = Z_90 * math.sqrt(rate * (1 - rate) / tries + square / (4 * tries * tries))
    whole = 1 + square / tries
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)
