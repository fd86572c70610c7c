"""Campaigns and creators by the names people know them by, in every table of the dashboard.

Most marts hold their ids alone, so their datasets are queries that join the names. A name that two
campaigns bear, or two creators of a campaign, comes with its id: grouped by it they would be one.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# What a dataset has on top of its mart's columns.
NAME_COLUMNS = MappingProxyType(
    {
        "campaign": "The campaign's name, with its id where two campaigns are called the same.",
        "creator": "The creator's name, else the id; both where two of a campaign share a name.",
    }
)
# Which of them: a mart has the ids they stand for.
NAMED_MARTS = MappingProxyType(
    {
        "mart_creator_scorecard": ("campaign", "creator"),
        "mart_attribution_comparison": ("campaign", "creator"),
        "mart_content_performance": ("campaign", "creator"),
        "mart_tracking_coverage": ("campaign",),
    }
)
_JOINS = MappingProxyType(
    {
        "campaign": """\
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
    on mart.campaign_id = campaigns.campaign_id""",
        "creator": """\
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
    on mart.campaign_id = creators.campaign_id and mart.creator_id = creators.creator_id""",
    }
)


def name_columns(mart: str) -> Mapping[str, str]:
    """Return the names a mart's dataset has on top of its columns, with what they are."""
    return {name: NAME_COLUMNS[name] for name in NAMED_MARTS.get(mart, ())}


def dataset_sql(mart: str) -> str | None:
    """Return the query of a mart's dataset, None where the mart is shown as it is."""
    names = NAMED_MARTS.get(mart)
    if names is None:
        return None
    shown = [f"coalesce({name}s.shown_name, mart.{name}_id) as {name}" for name in names]
    columns = ",\n    ".join(["mart.*", *shown])
    return "\n".join(
        [f"select\n    {columns}\nfrom marts.{mart} as mart", *(_JOINS[n] for n in names)]
    )


def relation_of(mart: str) -> str:
    """Return what a chart of this mart reads, as it stands behind `from`."""
    query = dataset_sql(mart)
    return f"marts.{mart}" if query is None else f"({query}) as named"
