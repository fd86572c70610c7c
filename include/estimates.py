"""The solve between the two dbt groups: core facts in, expected orders and revenue per creator out.

Reads the credits of kept orders and when pieces went live, runs `include/stats`, and replaces what
`analysis.creator_estimates` holds of every campaign whose inputs are other than those it was made
from; the others keep their rows. The maths knows nothing of tables; this module knows nothing of
maths.
"""

from __future__ import annotations

import datetime as dt
import logging
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.errors import PublishRefused
from include.estimate_inputs import (
    CampaignInputs,
    CreditedOrder,
    read_campaigns,
    read_credits,
    read_posts,
)
from include.warehouse.connection import connect, join_by_hash
from include.warehouse.publish import transient_errors

__all__ = [
    "CreditedOrder",
    "EstimateRow",
    "estimate_creators",
    "forget_changed",
    "place_on_posts",
    "read_posts",
    "read_run_day",
    "solve",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """What is known of one creator under one model; revenue is None while no value is known."""

    creator_id: str
    orders: tuple[float, float, float]
    net_revenue: tuple[float, float, float] | None


def solve(dsn: str, measure_run_id: int) -> int:
    """Estimate expected orders and net revenue per campaign, creator, model and rule version.

    Each with the ends of its 90 % interval; creators without an order included. A campaign made
    from the same inputs as its rows is left as it is. `dsn` is the transformer's. Return the number
    of rows written. Raise `PublishRefused` for an unknown run, `Unavailable` when the warehouse
    cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        join_by_hash(connection)
        day = read_run_day(connection, measure_run_id)
        campaigns = read_campaigns(connection, day)
        keys = {campaign.campaign_id: campaign.input_key for campaign in campaigns}
        wanted = forget_changed(connection, "creator_estimates", keys)
        changed = [campaign for campaign in campaigns if campaign.campaign_id in wanted]
        credited = read_credits(connection, changed) if changed else {}
        written = 0
        for campaign in changed:
            for model in campaign.models:
                orders = credited.get((campaign.campaign_id, model), [])
                rows = estimate_creators(campaign.creators, campaign.posts, orders)
                written += _write(connection, measure_run_id, campaign, model, rows)
    log.info(
        "solved %s of %s campaigns, %s estimates, for measure run %s",
        *(len(changed), len(campaigns), written, measure_run_id),
    )
    return written


def forget_changed(connection: psycopg.Connection, table: str, keys: Mapping[str, str]) -> set[str]:
    """Delete rows of `analysis` that were made from other inputs; return campaigns with none then.

    table: one with `campaign_id` and `input_key`; keys: by campaign, the hash of its inputs now.
    The hash stands in the rows themselves, written with them: whatever run they are of, and
    whether it was published or not, they are what a fresh solve would say.
    """
    place = {"table": sql.Identifier("analysis", table)}
    connection.execute(
        sql.SQL(
            """
            delete from {table}
            where input_key is null or (campaign_id, input_key) not in (
                select * from unnest(%s::text[], %s::text[])
            )
            """
        ).format(**place),
        [list(keys), list(keys.values())],
    )
    kept = connection.execute(sql.SQL("select distinct campaign_id from {table}").format(**place))
    return set(keys) - {campaign_id for (campaign_id,) in kept}


def estimate_creators(
    creators: Sequence[str],
    posts: Mapping[str, Sequence[dt.datetime]],
    orders: Sequence[CreditedOrder],
) -> list[EstimateRow]:
    """Estimate every creator of one campaign under one model; rows in the order of `creators`.

    posts: when each creator's pieces went live, ascending. An order belongs to the last piece
    before it; a creator whose pieces nobody knows counts as one piece once an order came.
    """
    import numpy as np

    from include.stats.orders import estimate_orders
    from include.stats.values import OrderValues, draw_order_values, estimate_revenue

    index = {creator: position for position, creator in enumerate(creators)}
    counted = [order for order in orders if order.creator_id in index and order.credit > 0]
    counts, owners, _ = place_on_posts(index, posts, counted)
    credit = np.array([order.credit for order in counted])
    # Split orders come in smaller pieces than whole ones, which are counts of size 1.
    size = float((credit**2).sum() / credit.sum()) if counted else 1.0
    posterior = estimate_orders(counts, owners, len(creators), credit_size=min(size, 1.0))
    values = OrderValues.of(
        [index[order.creator_id] for order in counted],
        [order.customer for order in counted],
        credit,
        [order.net_revenue for order in counted],
    )
    low, high = posterior.interval()
    revenue = estimate_revenue(posterior, draw_order_values(values, len(creators)))
    means = posterior.mean()
    return [
        EstimateRow(
            creator,
            (float(means[at]), float(low[at]), float(high[at])),
            (float(revenue.mean[at]), float(revenue.low[at]), float(revenue.high[at]))
            if revenue
            else None,
        )
        for at, creator in enumerate(creators)
    ]


def place_on_posts(
    index: Mapping[str, int],
    posts: Mapping[str, Sequence[dt.datetime]],
    orders: Sequence[CreditedOrder],
) -> tuple[list[float], list[int], list[dt.datetime | None]]:
    """Return credited orders per post, the position of its creator, and when it went live.

    An order belongs to the last piece before it. A creator whose pieces nobody knows has one,
    without an instant, once an order came.
    """
    by_post: dict[tuple[str, int], float] = {
        (creator, number): 0.0 for creator in index for number in range(len(posts.get(creator, ())))
    }
    for order in orders:
        live = posts.get(order.creator_id, ())
        number = max(bisect_right(live, order.ordered_at) - 1, 0)
        key = (order.creator_id, number)
        by_post[key] = by_post.get(key, 0.0) + order.credit
    lives = [posts[creator][at] if posts.get(creator) else None for creator, at in by_post]
    return list(by_post.values()), [index[creator] for creator, _ in by_post], lives


def read_run_day(connection: psycopg.Connection, measure_run_id: int) -> dt.date:
    """Return the last day a run measures; raise `PublishRefused` for an unknown run."""
    row = connection.execute(
        """
        select greatest(day, as_of_date) from quality.measure_runs where measure_run_id = %s
        """,
        [measure_run_id],
    ).fetchone()
    if row is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    day: dt.date = row[0]
    return day


def _write(
    connection: psycopg.Connection,
    measure_run_id: int,
    campaign: CampaignInputs,
    model: str,
    rows: Sequence[EstimateRow],
) -> int:
    nothing = (None, None, None)
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.creator_estimates (
                campaign_id, creator_id, attribution_model, rule_version, estimated_order_count,
                order_count_low, order_count_high, estimated_net_revenue_amount, net_revenue_low,
                net_revenue_high, solve_id, input_key, solved_at
            ) values (
                %s, %s, %s, %s,
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 2), round(%s::numeric, 2), round(%s::numeric, 2),
                %s, %s, transaction_timestamp()
            )
            """,
            [
                (campaign.campaign_id, row.creator_id, model, campaign.rule_version, *row.orders)
                + (row.net_revenue or nothing)
                + (f"run-{measure_run_id}", campaign.input_key)
                for row in rows
            ],
        )
    return len(rows)
