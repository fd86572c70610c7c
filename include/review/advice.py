"""The published budget advice, where the mart that holds it is published."""

from __future__ import annotations

from decimal import Decimal
from typing import LiteralString

import psycopg

from include.review.proposal import AdviceLine
from include.review.reading import Campaign, has_mart, read_rows

MART = "mart_budget_recommendation"

_ADVICE: LiteralString = """
select
    creator_id, creator_name, phase, recommended_action, action_reason, piece_count,
    moved_amount, p_best,
    expected_gain_low, expected_gain_amount, expected_gain_high
from marts.mart_budget_recommendation
where
    campaign_id = %(campaign)s and attribution_model = %(model)s and rule_version = %(rule)s
order by creator_id nulls last, line_type
"""


def read_advice(connection: psycopg.Connection, campaign: Campaign) -> list[AdviceLine] | None:
    """Return the advice on a campaign, a line per creator and one or two of nobody's.

    None while the mart is not published.
    """
    if not has_mart(connection, MART):
        return None
    return [
        AdviceLine(
            creator_id=row["creator_id"],
            creator_name=row["creator_name"],
            phase=row["phase"],
            action=row["recommended_action"],
            reason=row["action_reason"],
            amount=Decimal(row["moved_amount"] or 0),
            pieces=int(row["piece_count"] or 0),
            p_best=row["p_best"],
            gain_low=row["expected_gain_low"],
            gain_mid=row["expected_gain_amount"],
            gain_high=row["expected_gain_high"],
        )
        for row in read_rows(
            connection,
            _ADVICE,
            {
                "campaign": campaign.campaign_id,
                "model": campaign.attribution_model,
                "rule": campaign.rule_version,
            },
        )
    ]
