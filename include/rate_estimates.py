"""The step between the two dbt groups that asks how often a visit ends in an order.

Reads each creator's sessions, the purchases in them and the orders credited to links, draws the
rates of small counts to their campaign (`include/stats/rates.py`), and replaces what
`analysis.rate_estimates` holds of every campaign whose counts are other than those it was made
from; the others keep their rows.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from include.estimate_inputs import code_version
from include.estimates import forget_changed, read_run_day
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

__all__ = ["CreatorCounts", "Rate", "RateRow", "estimate_creator_rates", "estimate_rate_rows"]

log = logging.getLogger(__name__)

# Another way of estimating is another input: any change of these files, or of the libraries.
CODE = ("rate_estimates.py", "stats/rates.py", "stats/grids.py")
Rate = tuple[float | None, float | None, float | None]  # mean, low, high
NOTHING: Rate = (None, None, None)


@dataclass(frozen=True, slots=True)
class CreatorCounts:
    """What one creator's links brought; 0 where nothing is known of them."""

    creator_id: str
    sessions: float
    purchases: float
    link_orders: float


@dataclass(frozen=True, slots=True)
class RateRow:
    """One row of `analysis.rate_estimates`, each rate 0-1; None while the campaign has no click."""

    creator_id: str
    cvr_session: Rate
    orders_per_click: Rate


def estimate_creator_rates(dsn: str, measure_run_id: int) -> int:
    """Estimate purchases per session and orders per click per campaign and creator.

    Each with the ends of its 90 % interval; creators without a click included. A campaign made
    from the same counts as its rows is left as it is. `dsn` is the transformer's. Return the number
    of rows written. Raise `PublishRefused` for an unknown run, `Unavailable` when the warehouse
    cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        read_run_day(connection, measure_run_id)
        campaigns = _read_counts(connection)
        keys = {campaign_id: _hash_counts(counts) for campaign_id, counts in campaigns.items()}
        changed = forget_changed(connection, "rate_estimates", keys)
        for campaign_id in sorted(changed):
            rows = estimate_rate_rows(campaigns[campaign_id])
            _write(connection, measure_run_id, campaign_id, keys[campaign_id], rows)
    written = sum(len(campaigns[campaign_id]) for campaign_id in changed)
    log.info(
        "estimated the rates of %s of %s campaigns, %s creators, for measure run %s",
        *(len(changed), len(campaigns), written, measure_run_id),
    )
    return written


def estimate_rate_rows(creators: Sequence[CreatorCounts]) -> list[RateRow]:
    """Estimate every creator of one campaign; rows in the order of `creators`.

    A creator without a click has the campaign's posterior; where nobody has one, nothing is known
    of any. A session may hold two purchases, and who refused tracking orders without a click that
    counts: successes stop at the trials.
    """
    trials = [creator.sessions for creator in creators]
    bought = _estimate([creator.purchases for creator in creators], trials)
    ordered = _estimate([creator.link_orders for creator in creators], trials)
    return [
        RateRow(creator.creator_id, *rates)
        for creator, *rates in zip(creators, bought, ordered, strict=True)
    ]


def _estimate(successes: Sequence[float], trials: Sequence[float]) -> list[Rate]:
    import numpy as np

    from include.stats.rates import estimate_rates

    if not any(trials):
        return [NOTHING] * len(trials)
    posterior = estimate_rates(np.clip(successes, 0.0, trials), trials)
    low, high = posterior.interval()
    return [
        (float(mean), float(lower), float(upper))
        for mean, lower, upper in zip(posterior.mean(), low, high, strict=True)
    ]


def _read_counts(connection: psycopg.Connection) -> Mapping[str, Sequence[CreatorCounts]]:
    """Return every campaign's creators, also those nobody visited the shop for."""
    campaigns: dict[str, list[CreatorCounts]] = defaultdict(list)
    for campaign_id, *counts in connection.execute(_COUNTS):
        campaigns[campaign_id].append(CreatorCounts(*counts))
    return campaigns


def _hash_counts(counts: Sequence[CreatorCounts]) -> str:
    return hashlib.sha256(repr([code_version(CODE), *counts]).encode()).hexdigest()


def _write(
    connection: psycopg.Connection,
    measure_run_id: int,
    campaign_id: str,
    input_key: str,
    rows: Sequence[RateRow],
) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.rate_estimates (
                campaign_id, creator_id, estimated_cvr_session, cvr_session_low, cvr_session_high,
                estimated_orders_per_click, orders_per_click_low, orders_per_click_high, solve_id,
                input_key, solved_at
            ) values (
                %s, %s,
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                %s, %s, transaction_timestamp()
            )
            """,
            [
                [
                    *(campaign_id, row.creator_id, *row.cvr_session, *row.orders_per_click),
                    *(f"run-{measure_run_id}", input_key),
                ]
                for row in rows
            ],
        )


# The counts that the scorecard shows: all sessions and credits the warehouse holds.
_COUNTS = """
with sessions as (
    select
        campaign_id, creator_id,
        sum(session_count)::float8 as session_count,
        sum(purchase_count)::float8 as purchase_count
    from core.fct_web_session_daily
    where creator_id is not null
    group by campaign_id, creator_id
),

credited as (
    select campaign_id, creator_id, sum(credited_link_order_count)::float8 as link_order_count
    from intermediate.int_creator_days_credited
    group by campaign_id, creator_id
)

select
    creators.campaign_id, creators.creator_id,
    coalesce(sessions.session_count, 0) as session_count,
    coalesce(sessions.purchase_count, 0) as purchase_count,
    coalesce(credited.link_order_count, 0) as link_order_count
from (select distinct campaign_id, creator_id from core.dim_creator) as creators
inner join core.dim_campaign as campaigns on creators.campaign_id = campaigns.campaign_id
left join sessions
    on
        creators.campaign_id = sessions.campaign_id
        and creators.creator_id = sessions.creator_id
left join credited
    on
        creators.campaign_id = credited.campaign_id
        and creators.creator_id = credited.creator_id
order by creators.campaign_id, creators.creator_id
"""
