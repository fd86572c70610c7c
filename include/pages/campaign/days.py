"""Revenue against cost over the campaign's days, as it added up."""

from __future__ import annotations

from collections.abc import Mapping

from include.pages import formats
from include.pages.campaign.selection import Selection
from include.pages.plots import Series, over_days
from include.pages.reader import Snapshot

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
            Series("Net revenue", "revenue", [row["net_revenue_amount"] or 0 for row in rows]),
            Series("Cost", "cost", [row["cost_amount"] or 0 for row in rows]),
        ],
        {row["metric_date"]: row["plan_events"] for row in rows if row["plan_events"]},
        currency,
        label,
    )
    return {"days_plot": plot, "days": rows}
