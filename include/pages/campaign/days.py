"""Revenue against cost over the campaign's days, as it added up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.charts import nice_top
from include.pages.plots import (
    MONEY,
    SHARED_BOX,
    Plot,
    Trace,
    axis,
    layout_of,
    marker,
    shown,
)
from include.pages.reader import Row, Snapshot

# The marts of days hold the campaign's own model and rule version only.
_BY_DAY = """
select
    metric_date,
    sum(net_revenue_amount_to_date) as net_revenue_amount,
    sum(delivered_cost_amount_to_date) as cost_amount,
    max(plan_events) as plan_events
from marts.mart_creator_campaign_daily
where campaign_id = %(campaign_id)s and metric_date >= %(start_date)s
group by metric_date
order by metric_date
"""


@dataclass(frozen=True, slots=True)
class Series:
    """A line over days: what it is, Plotly's dash, its colour, one value per day."""

    name: str
    dash: str
    colour: str
    values: Sequence[float]


def read_days(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return the plot of sums to date and its figures; None with fewer than two days."""
    if not snapshot.columns("marts.mart_creator_campaign_daily"):
        return {"days_plot": None, "days": []}
    rows = snapshot.rows(_BY_DAY, selection.parameters)
    as_of = selection.campaign["as_of_date"]
    rows = [row for row in rows if as_of is None or row["metric_date"] <= as_of]
    if len(rows) < 2:
        return {"days_plot": None, "days": []}
    currency = selection.currency_code
    last = rows[-1]
    label = (
        f"Up to {formats.day(last['metric_date'])} the creators brought "
        f"{formats.money(last['net_revenue_amount'], currency)} of net revenue for "
        f"{formats.money(last['cost_amount'], currency)} of delivered cost"
    )
    plot = over_days(
        [row["metric_date"] for row in rows],
        [
            _series("Net revenue", "solid", "var(--accent)", rows, "net_revenue_amount"),
            _series("Cost", "dash", "var(--muted)", rows, "cost_amount"),
        ],
        {row["metric_date"]: row["plan_events"] for row in rows if row["plan_events"]},
        currency,
        label,
    )
    return {"days_plot": plot, "days": rows}


def _series(name: str, dash: str, colour: str, rows: Sequence[Row], column: str) -> Series:
    return Series(name, dash, colour, [float(row[column] or 0) for row in rows])


def over_days(
    days: Sequence[dt.date],
    series: Sequence[Series],
    events: Mapping[dt.date, str],
    currency_code: str,
    label: str,
) -> Plot:
    """Plot sums to date, with the plan's events as upright marks."""
    top = nice_top([v for s in series for v in s.values])
    shared: Trace = {
        "type": "scatter",
        "x": [day.isoformat() for day in days],
        "customdata": [formats.day(day) for day in days],
        "hovertemplate": SHARED_BOX,
    }
    traces: list[Trace] = [
        {
            "name": one.name,
            "mode": "lines",
            "y": list(one.values),
            "hovertext": [
                shown(f"{one.name} {formats.money(v, currency_code)}") for v in one.values
            ],
            "line": {"color": one.colour, "width": 2.5, "dash": one.dash},
        }
        for one in series
    ]
    if events:
        traces.append(
            {
                "name": "Of the plan",
                "mode": "markers",
                "y": [top if day in events else None for day in days],
                "hovertext": [shown(events.get(day, "")) for day in days],
                "marker": marker("triangle-down", 10, "var(--warn)"),
                # The mark's line down to the axis.
                "error_y": {
                    "type": "percent", "symmetric": False, "value": 0, "valueminus": 100,
                    "color": "var(--warn)", "thickness": 1.5, "width": 0,
                },
                "cliponaxis": False,
            }
        )  # fmt: skip
    layout = layout_of(
        380,
        currency_code,
        xaxis=axis(
            type="date",
            tickformat="%-d %b",
            hoverformat="%-d %b %Y",
            showgrid=False,
            showspikes=True,
            spikemode="across",
            spikethickness=1,
            spikedash="solid",
            spikecolor="var(--muted)",
        ),
        yaxis=axis(f"To date, {currency_code}", tickformat=MONEY, rangemode="tozero"),
        hovermode="x unified",
    )
    return Plot(label, {"data": [{**shared, **trace} for trace in traces], **layout})
