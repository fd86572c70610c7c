"""The advice between the two dbt groups: facts of core in, recommendations and projections out.

Its tables of `analysis` are replaced in one transaction, like the estimates they stand beside.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

import psycopg

from include.advice.facts import CampaignFacts, read_facts
from include.estimates import read_run_day
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

if TYPE_CHECKING:
    from include.advice.goals import GoalRow
    from include.advice.review import Recommendation
    from include.stats.concentration import Concentration

log = logging.getLogger(__name__)

NOTHING = (None, None, None)


def solve_advice(dsn: str, measure_run_id: int) -> int:
    """Review every campaign and project its goals; return the number of recommendations written.

    `dsn` is the transformer's. Raise `PublishRefused` for an unknown run, `Unavailable` when the
    warehouse cannot be asked.
    """
    from include.advice.concentration import measure_campaign
    from include.advice.goals import project_goals
    from include.advice.review import review_campaign

    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        day = read_run_day(connection, measure_run_id)
        connection.execute("delete from analysis.budget_recommendations")
        connection.execute("delete from analysis.goal_projections")
        connection.execute("delete from analysis.concentration_estimates")
        written = 0
        solve_id = f"run-{measure_run_id}"
        for facts in read_facts(connection, day):
            rows = review_campaign(facts, day)
            _write_recommendations(connection, facts, day, solve_id, rows)
            _write_projections(connection, facts, solve_id, project_goals(facts))
            _write_concentration(connection, facts, solve_id, measure_campaign(facts))
            written += len(rows)
    log.info("wrote %s recommendations for measure run %s", written, measure_run_id)
    return written


def _write_recommendations(
    connection: psycopg.Connection,
    facts: CampaignFacts,
    day: dt.date,
    solve_id: str,
    rows: Sequence[Recommendation],
) -> None:
    from include.advice.review import policy_of

    campaign, rule = facts.campaign, policy_of(facts.campaign)
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.budget_recommendations values (
                %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                round(%s::numeric, 2), round(%s::numeric, 2),
                round(%s::numeric, 2), round(%s::numeric, 2), round(%s::numeric, 2),
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 2), round(%s::numeric, 2), round(%s::numeric, 2),
                round(%s::numeric, 2), %s, round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 6), %s, round(%s::numeric, 6),
                %s, %s, %s, %s, transaction_timestamp(),
                round(%s::numeric, 6), round(%s::numeric, 6)
            )
            """,
            [
                (campaign.campaign_id, row.line_type, row.creator_id, campaign.attribution_model)
                + (campaign.rule_version, campaign.day_number(day), row.phase, row.action)
                + (row.reason, row.piece_count, row.from_amount, row.to_amount)
                + (row.gain or NOTHING)
                + (row.p_best, row.p_top3, row.p_above_target)
                + (row.orders_per_piece or NOTHING)
                + (row.next_piece_return or NOTHING)
                + (row.break_even_fee or NOTHING)
                + (row.quoted_price, row.price_reason, row.margin_rate)
                + (campaign.cost_coverage_rate, row.order_count, row.post_count)
                + (row.matured_post_count, rule.gate, rule.target, rule.exploration_share, solve_id)
                + (row.goal_orders, row.p_above_goal)
                for row in rows
            ],
        )


def _write_projections(
    connection: psycopg.Connection, facts: CampaignFacts, solve_id: str, rows: Sequence[GoalRow]
) -> None:
    campaign = facts.campaign
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.goal_projections values (
                %s, %s, %s, %s, %s, %s, %s, %s, round(%s::numeric, 2),
                round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                %s, %s, %s, transaction_timestamp()
            )
            """,
            [
                (campaign.campaign_id, row.goal_id, campaign.attribution_model)
                + (campaign.rule_version, row.final_date, row.final_day_count)
                + (row.live_piece_count, row.planned_piece_count, row.mean_delay)
                + (row.actual, row.target_to_date)
                + (row.projection or NOTHING)
                + (row.reason, row.inconsistency, solve_id)
                for row in rows
            ],
        )


def _write_concentration(
    connection: psycopg.Connection,
    facts: CampaignFacts,
    solve_id: str,
    found: Concentration | None,
) -> None:
    if found is None or found.low is None:
        return
    connection.execute(
        """
        insert into analysis.concentration_estimates values (
            %s, %s, %s, round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6), %s,
            transaction_timestamp()
        )
        """,
        [
            facts.campaign.campaign_id,
            facts.campaign.attribution_model,
            facts.campaign.rule_version,
            found.low,
            found.high,
            found.equal_hhi,
            solve_id,
        ],
    )
