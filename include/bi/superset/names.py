"""Campaigns and creators by the names people know them by, in every table of the dashboard.

Most marts hold their ids alone, so their datasets are queries that join the names. A name that two
campaigns bear, or two creators of a campaign, comes with its id: grouped by it they would be one.
"""

from __future__ import annotations

from types import MappingProxyType

# What a dataset has on top of its mart's columns.
NAME_COLUMNS = MappingProxyType(
    {
        "campaign": "The campaign's name, with its id where two campaigns are called the same.",
        "creator": "The creator's name, else the id; both where two of a campaign share a name.",
    }
)
NAMED_MARTS = (
    "mart_creator_scorecard",
    "mart_attribution_comparison",
    "mart_content_performance",
)
_QUERY = """\
select
    mart.*,
    coalesce(campaigns.shown_name, mart.campaign_id) as campaign,
    coalesce(creators.shown_name, mart.creator_id) as creator
from marts.{mart} as mart
left join (
    select
        campaign_id,
        case
            when count(*) over (partition by campaign_name) > 1
                then campaign_name || ' (' || campaign_id || ')'
            else campaign_name
        end as shown_name
    from marts.mart_campaign_profile
) as campaigns
    on mart.campaign_id = campaigns.campaign_id
left join (
    select
        campaign_id,
        creator_id,
        case
            when count(*) over (partition by campaign_id, max(creator_name)) > 1
                then max(creator_name) || ' (' || creator_id || ')'
            else max(creator_name)
        end as shown_name
    from marts.mart_creator_scorecard
    group by campaign_id, creator_id
) as creators
    on mart.campaign_id = creators.campaign_id and mart.creator_id = creators.creator_id"""


def dataset_sql(mart: str) -> str | None:
    """Return the query of a mart's dataset, None where the mart is shown as it is."""
    return _QUERY.format(mart=mart) if mart in NAMED_MARTS else None


def relation_of(mart: str) -> str:
    """Return what a chart of this mart reads, as it stands behind `from`."""
    query = dataset_sql(mart)
    return f"marts.{mart}" if query is None else f"({query}) as named"
