"""The top of the page: what the campaign brought, how sure that is, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping

from include.pages.campaign.selection import Selection
from include.pages.reader import Row, Snapshot

_TOTALS = """
select
    sum(net_revenue_amount) as net_revenue_amount,
    sum(cost_amount) as cost_amount,
    sum(credited_order_count) as credited_order_count,
    sum(net_revenue_amount) / nullif(sum(cost_amount), 0) as roas,
    sum(cost_amount) / nullif(sum(credited_order_count), 0) as cpa
from marts.mart_creator_attribution
where campaign_id = %(campaign_id)s and attribution_model = %(model)s
    and rule_version = %(rule_version)s
"""
_SPREAD = """
with by_model as (
    select sum(net_revenue_amount) / nullif(sum(cost_amount), 0) as roas
    from marts.mart_creator_attribution
    where campaign_id = %(campaign_id)s
    group by attribution_model, rule_version
)

select min(roas) as roas_least, max(roas) as roas_most, count(*) as version_count from by_model
"""
_PIECES = """
select
    sum(committed_cost_amount) as committed_cost_amount,
    sum(contracted_piece_count) as contracted_piece_count,
    sum(live_piece_count) as live_piece_count,
    sum(unverifiable_piece_count) as unverifiable_piece_count
from marts.mart_creator_scorecard
where campaign_id = %(campaign_id)s
"""
_PUBLICATION = """
select
    version, as_of_date, published_at,
    (select max(version) from quality.publications) as newest_version
from quality.publications
where is_current
"""
_LATER_RUN = """
select day, status, opened_at from quality.measure_runs
where status in ('open', 'refused', 'failed')
    and opened_at > coalesce(
        (select published_at from quality.publications where is_current), '-infinity'
    )
order by opened_at desc
limit 1
"""


def read_headline(snapshot: Snapshot, selection: Selection) -> Mapping[str, object]:
    """Return totals under the choice, the spread over all choices, and the pieces delivered."""
    parameters = selection.parameters
    has_versions = bool(snapshot.columns("marts.mart_creator_attribution"))
    has_scorecard = bool(snapshot.columns("marts.mart_creator_scorecard"))
    return {
        "totals": snapshot.row(_TOTALS, parameters) if has_versions else None,
        "spread": snapshot.row(_SPREAD, parameters) if has_versions else None,
        "pieces": snapshot.row(_PIECES, parameters) if has_scorecard else None,
    }


def read_publication(snapshot: Snapshot) -> Mapping[str, Row | None]:
    """Return what is published, and a newer run that is under way or did not get through."""
    return {
        "publication": snapshot.row(_PUBLICATION),
        "later_run": snapshot.row(_LATER_RUN),
    }
