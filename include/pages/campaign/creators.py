"""Creators side by side: the table with drawn intervals, ROAS against cost, the CSV."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from fastapi import Request
from markupsafe import Markup
from psycopg import sql

from include.pages import formats
from include.pages.campaign.roas_plot import PlotPoint, scatter
from include.pages.campaign.selection import Selection
from include.pages.charts import interval_axis, interval_bar, nice_top, two_lines
from include.pages.plots import Plot
from include.pages.reader import Row, Snapshot
from include.pages.tables import Column, Table, read_choice, read_page

BREAK_EVEN = 1
AXIS_PERCENTILE = 0.85  # of the upper ends: one creator of two orders must not flatten the others

CREATORS = Table(
    "creators",
    (
        Column("creator_name", "Creator", shown="who"),
        Column("cost_amount", "Cost", "money", hint="Delivered cost"),
        Column("credited_order_count", "Orders", "number", 1, hint="Credited kept orders"),
        Column("net_revenue_amount", "Net revenue", "money", hint="Credited, after returns"),
        Column("roas", "ROAS", "times", 2, hint="Net revenue / delivered cost"),
        Column("roas_low", "ROAS, 90 % interval", shown="interval", hint="Sorts by the lower end"),
        Column("cpa", "CPA", "money", 2, hint="Delivered cost / credited orders"),
        Column("views_count", "Views", "compact", hint="Main platform, one definition each"),
        Column("er_basic_by_views", "ER", "percent", 1, hint="(Likes + comments) / views"),
        Column(
            "live_piece_count",
            "Pieces",
            "number",
            hint="Published, of those promised",
            shown="live",
        ),
    ),
    sort="net_revenue_amount",
    key=("creator_name", "creator_id"),
)
MARTS = ("marts.mart_creator_attribution", "marts.mart_creator_scorecard")
STATEMENT = sql.SQL(
    """
    select
        versions.*, scorecard.tier, scorecard.platform, scorecard.handle,
        scorecard.country_code, scorecard.views_count, scorecard.er_basic_by_views,
        scorecard.contracted_piece_count, scorecard.live_piece_count,
        scorecard.unavailable_reason as unseen_reason
    from marts.mart_creator_attribution as versions
    inner join marts.mart_creator_scorecard as scorecard
        on versions.campaign_id = scorecard.campaign_id
        and versions.creator_id = scorecard.creator_id
    where versions.campaign_id = %(campaign_id)s
        and versions.attribution_model = %(model)s and versions.rule_version = %(rule_version)s
    """
)
_AXIS = """
select
    max(roas) as roas_most,
    percentile_cont(%(percentile)s) within group (order by roas_high) as high_most
from marts.mart_creator_attribution
where campaign_id = %(campaign_id)s and attribution_model = %(model)s
    and rule_version = %(rule_version)s
"""
CSV_COLUMNS = (
    "campaign_id", "creator_id", "creator_name", "handle", "platform", "tier", "country_code",
    "attribution_model", "rule_version", "currency_code", "cost_amount", "credited_order_count",
    "credited_order_count_low", "credited_order_count_high", "net_revenue_amount",
    "net_revenue_low", "net_revenue_high", "roas", "roas_low", "roas_high", "cpa", "cpa_low",
    "cpa_high", "views_count", "er_basic_by_views", "contracted_piece_count", "live_piece_count",
    "unseen_reason", "is_final", "as_of_date",
)  # fmt: skip


def has_creators(snapshot: Snapshot) -> bool:
    """Say whether the marts of this section were published."""
    return all(snapshot.columns(name) for name in MARTS)


def read_creators(
    request: Request, snapshot: Snapshot, selection: Selection
) -> Mapping[str, object]:
    """Return the page of the table the request asks for, and the plot of all creators."""
    choice = read_choice(request, CREATORS)
    if not has_creators(snapshot):
        return {"creators": None, "roas_axis": None, "roas_plot": None}
    top = _axis_top(snapshot, selection)
    view = read_page(snapshot, choice, STATEMENT, selection.parameters)
    rows = [_with_charts(row, top) for row in view.rows]
    everyone = snapshot.rows(STATEMENT, selection.parameters)
    shown = dataclasses.replace(view, rows=rows, table=_fitted(everyone, top))
    return {
        "creators": shown,
        "roas_axis": top,
        "roas_plot": _plot(everyone, top, selection),
    }


def _fitted(rows: Sequence[Row], top: float) -> Table:
    """Return the table with the intervals' axis; whole orders where a model gives whole ones."""
    orders = [row["credited_order_count"] for row in rows]
    is_whole = all(count is None or count == int(count) for count in orders)
    columns = []
    for column in CREATORS.columns:
        if column.name == "roas_low":
            column = dataclasses.replace(column, axis=interval_axis(top, BREAK_EVEN))
        if column.name == "credited_order_count" and is_whole:
            column = dataclasses.replace(column, digits=0)
        columns.append(column)
    return dataclasses.replace(CREATORS, columns=columns)


def _axis_top(snapshot: Snapshot, selection: Selection) -> float:
    found = snapshot.row(_AXIS, {**selection.parameters, "percentile": AXIS_PERCENTILE})
    known = [value for value in (found or {}).values() if value is not None]
    return nice_top([float(value) for value in known], 2.0)


def _with_charts(row: Row, top: float) -> Row:
    about = [formats.platform(row["platform"]), f"@{row['handle']}" if row["handle"] else None]
    about.append(row["tier"])
    live, promised = row["live_piece_count"], row["contracted_piece_count"]
    return {
        **row,
        "who": two_lines(row["creator_name"], " · ".join(part for part in about if part)),
        "interval": _interval(row, top),
        "live": formats.number(live) + (f" of {promised}" if promised is not None else ""),
    }


def _interval(row: Row, top: float) -> Markup:
    label = f"ROAS {formats.times(row['roas'])}"
    if row["roas_low"] is None:
        label += f", no interval: {row['unavailable_reason'] or 'no cost yet'}"
    else:
        label += f", 90 % between {formats.times(row['roas_low'])}"
        label += f" and {formats.times(row['roas_high'])}"
    drawn = interval_bar(row["roas"], row["roas_low"], row["roas_high"], top, label, BREAK_EVEN)
    if row["roas_low"] is None:
        return drawn
    return two_lines(
        drawn, f"{formats.times(row['roas_low'])} to {formats.times(row['roas_high'])}"
    )


def _plot(rows: Sequence[Row], top: float, selection: Selection) -> Plot | None:
    points = [
        PlotPoint(
            str(row["creator_name"]),
            float(row["cost_amount"]),
            float(row["roas"]),
            None if row["roas_low"] is None else float(row["roas_low"]),
            None if row["roas_high"] is None else float(row["roas_high"]),
        )
        for row in rows
        if row["roas"] is not None
    ]
    if not points:
        return None
    above = sum(point.y > BREAK_EVEN for point in points)
    label = (
        f"ROAS against delivered cost of {len(points)} creators; {above} of them brought more net "
        "revenue than they cost"
    )
    return scatter(points, top, selection.currency_code, label)
