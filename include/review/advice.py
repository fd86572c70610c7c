"""The published budget advice, where the mart that holds it is published."""

from __future__ import annotations

from decimal import Decimal
from typing import LiteralString

import psycopg

from include.review.proposal import AdviceLine
from include.review.reading import has_mart, read_rows

MART = "mart_budget_recommendation"

_ADVICE: LiteralString = """
select
    creator_id, phase, action, reason,
    coalesce(amount, 0) as amount,
    coalesce(piece_count, 0) as pieces,
    p_best, expected_gain_low, expected_gain_mid, expected_gain_high
from marts.mart_budget_recommendation
where campaign_id = %(campaign)s
order by creator_id nulls last
"""


def read_advice(connection: psycopg.Connection, campaign_id: str) -> list[AdviceLine] | None:
    """Return the advice on a campaign's creators, None while the mart is not published."""
    if not has_mart(connection, MART):
        return None
    return [
        AdviceLine(
            creator_id=row["creator_id"],
            phase=row["phase"],
            action=row["action"],
            reason=row["reason"],
            amount=Decimal(row["amount"]),
            pieces=int(row["pieces"]),
            p_best=row["p_best"],
            gain_low=row["expected_gain_low"],
            gain_mid=row["expected_gain_mid"],
            gain_high=row["expected_gain_high"],
        )
        for row in read_rows(connection, _ADVICE, {"campaign": campaign_id})
    ]
