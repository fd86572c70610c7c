"""What must hold for the plan beyond its columns: amounts, dates, codes that name one creator."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, in_set, no_rows
from include.sources._base import Source

# Shops compare codes without regard to case; a reused code is told apart by its dates, and two
# shops may have the same. What the newest files no longer name is closed where it is read.
CODES_OF_TWO_OWNERS = """
    with planned as (
        select codes.*, campaigns.shop_connection_id
        from raw.campaign_plan__codes as codes
        inner join raw.campaign_plan__campaigns as campaigns using (connection_id, campaign_id)
        inner join (
            select distinct on (connection_id) connection_id, campaigns
            from raw.campaign_plan__plan_days
            order by connection_id, read_date desc
        ) as newest using (connection_id)
        where newest.campaigns -> codes.campaign_id -> 'creators' @> to_jsonb(codes.creator_id)
    )
    select one.* from planned as one
    inner join planned as other
        on one.shop_connection_id = other.shop_connection_id
        and lower(one.code) = lower(other.code)
        and (one.campaign_id, one.creator_id) <> (other.campaign_id, other.creator_id)
        and daterange(one.valid_from, one.valid_to, '[]')
        && daterange(other.valid_from, other.valid_to, '[]')
"""


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    contracts = window.rows("contracts")
    campaigns = window.rows("campaigns")
    pieces = window.rows("deliverables")
    return [
        *day_rules(source, window),
        no_rows(
            "contract amounts are not negative and commission is a rate",
            "raw.campaign_plan__contracts",
            f"""
            select * from ({contracts}) as contracts
            where least(
                fee_amount, product_cost_amount, shipping_cost_amount, platform_fee_amount,
                commission_rate
            ) < 0
                or commission_rate > 1
            """,
        ),
        in_set(
            "raw.campaign_plan__deliverables", pieces, "content_format", ["feed", "reel", "story"]
        ),
        no_rows(
            "campaigns end after they start",
            "raw.campaign_plan__campaigns",
            f"select * from ({campaigns}) as campaigns where end_date < start_date",
        ),
        no_rows("a code names one creator", "raw.campaign_plan__codes", CODES_OF_TWO_OWNERS),
        no_rows(
            "every creator has a contract",
            "raw.campaign_plan__creators",
            """
            select creators.* from raw.campaign_plan__creators as creators
            left join raw.campaign_plan__contracts as contracts
                on creators.campaign_id = contracts.campaign_id
                and creators.creator_id = contracts.creator_id
            where contracts.creator_id is null
            """,
            "warning",
        ),
    ]
