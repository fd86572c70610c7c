"""The advice between the two dbt groups: facts of core in, recommendations and projections out.

Its tables of `analysis` are written in one transaction, like the estimates they stand beside. A
campaign under way is reviewed every day. One that ended is reviewed until its pieces have brought
what they bring, and then again only when something that the review is made from changes.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from include.advice.facts import CampaignFacts, read_facts, read_order_keys, read_orders
from include.estimate_inputs import code_version
from include.estimates import forget_changed, read_run_day
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

if TYPE_CHECKING:
    from include.advice.goals import GoalRow
    from include.advice.review import Recommendation
    from include.stats.concentration import Concentration

log = logging.getLogger(__name__)

NOTHING = (None, None, None)
# The longest mean delay that is looked at is 14 days (include/stats/maturity.py): after 55 days a
# piece counts as one that has brought everything.
SETTLED_AFTER = dt.timedelta(days=60)
# Another way of reviewing is another input.
PACKAGES = ("advice", "stats")
MODULES = ("estimate_inputs.py", "estimates.py")


def solve_advice(dsn: str, measure_run_id: int) -> int:
    """Review campaigns and project their goals; return the number of recommendations written.

    A campaign made from the same inputs as its recommendations keeps them, of whatever run.

    `dsn` is the transformer's. Raise `PublishRefused` for an unknown run, `Unavailable` when the
    warehouse cannot be asked.
    """
    from include.advice.concentration import measure_campaign
    from include.advice.goals import project_goals
    from include.advice.review import review_campaign

    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        day = read_run_day(connection, measure_run_id)
        campaigns = {facts.campaign.campaign_id: facts for facts in read_facts(connection, day)}
        order_keys = read_order_keys(connection)
        keys = {
            name: _hash_inputs(facts, day, order_keys.get(name))
            for name, facts in campaigns.items()
        }
        changed = forget_changed(connection, "budget_recommendations", keys)
        connection.execute("delete from analysis.goal_projections")
        connection.execute(
            "delete from analysis.concentration_estimates where campaign_id <> all(%s)",
            [[name for name in campaigns if name not in changed]],
        )
        orders = read_orders(connection, changed)
        written = 0
        solve_id = f"run-{measure_run_id}"
        for name, facts in campaigns.items():
            _write_projections(connection, facts, solve_id, project_goals(facts))
            if name not in changed:
                continue
            facts.orders = orders.get(name, [])
            reviewed_on = review_day(facts, day)
            rows = review_campaign(facts, reviewed_on)
            _write_recommendations(connection, facts, reviewed_on, solve_id, keys[name], rows)
            _write_concentration(connection, facts, solve_id, measure_campaign(facts))
            written += len(rows)
    log.info(
        "reviewed %s of %s campaigns, %s recommendations, for measure run %s",
        *(len(changed), len(campaigns), written, measure_run_id),
    )
    return written


def review_day(facts: CampaignFacts, day: dt.date) -> dt.date:
    """Return the day a review is of: `day`, or the earlier one on which all pieces had matured."""
    return min(day, facts.campaign.end_date + SETTLED_AFTER)


def _hash_inputs(facts: CampaignFacts, day: dt.date, order_keys: tuple[object, ...] | None) -> str:
    """Return a hash of everything a review is made from; its orders are not read for it."""
    goals = [
        # Of a goal's days a review asks for their sum.
        (goal.metric, goal.target_value, sum((on.value or 0.0) - on.other for on in goal.days))
        for goal in facts.goals
    ]
    parts = [code_version(_code_files()), facts.campaign, facts.offers, facts.candidates, goals]
    parts += [sorted(facts.posts.items()), order_keys, review_day(facts, day)]
    return hashlib.sha256(repr(parts).encode()).hexdigest()


@cache
def _code_files() -> tuple[str, ...]:
    """Return the modules that advise, relative to `include`."""
    folder = Path(__file__).parent.parent
    found = [path for package in PACKAGES for path in (folder / package).glob("*.py")]
    return tuple(sorted([*MODULES, *(str(path.relative_to(folder)) for path in found)]))


def _write_recommendations(
    connection: psycopg.Connection,
    facts: CampaignFacts,
    day: dt.date,
    solve_id: str,
    input_key: str,
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
                round(%s::numeric, 6), round(%s::numeric, 6), %s
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
                + (row.goal_orders, row.p_above_goal, input_key)
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
