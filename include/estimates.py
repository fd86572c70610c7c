"""The solve between the two dbt groups: core facts in, expected orders and revenue per creator out.

Reads the credits of kept orders and when pieces went live, runs `include/stats`, and replaces
`analysis.creator_estimates` in one transaction. The maths knows nothing of tables; this module
knows nothing of maths.
"""

from __future__ import annotations

import datetime as dt
import logging
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from include.errors import PublishRefused
from include.warehouse.connection import connect
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

Creator = tuple[str, str]  # campaign_id, creator_id


@dataclass(frozen=True, slots=True)
class CreditedOrder:
    """A kept order's credit for one creator under one model: orders (0-1) and net revenue."""

    creator_id: str
    customer: str
    ordered_at: dt.datetime
    credit: float
    net_revenue: float


@dataclass(frozen=True, slots=True)
class EstimateRow:
    """What is known of one creator under one model; revenue is None while no value is known."""

    creator_id: str
    orders: tuple[float, float, float]
    net_revenue: tuple[float, float, float] | None


def solve(dsn: str, measure_run_id: int) -> int:
    """Estimate expected orders and net revenue per campaign, creator, model and rule version.

    Each with the ends of its 90 % interval; creators without an order included. `dsn` is the
    transformer's. Return the number of rows written. Raise `PublishRefused` for an unknown run,
    `Unavailable` when the warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        day = read_run_day(connection, measure_run_id)
        creators = _read_creators(connection)
        posts = read_posts(connection, day)
        credited = _read_credits(connection)
        connection.execute("delete from analysis.creator_estimates")
        written = 0
        for (campaign_id, rule_version, model), orders in credited.items():
            rows = estimate_creators(
                creators[campaign_id],
                {
                    creator: posts.get((campaign_id, creator), [])
                    for creator in creators[campaign_id]
                },
                orders,
            )
            key = (campaign_id, rule_version, model)
            written += _write(connection, measure_run_id, key, rows)
    log.info("solved %s estimates for measure run %s", written, measure_run_id)
    return written


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


def _read_creators(connection: psycopg.Connection) -> dict[str, list[str]]:
    """Return every creator of every campaign, also those who never brought an order."""
    creators: dict[str, list[str]] = defaultdict(list)
    for campaign_id, creator_id in connection.execute(
        "select distinct campaign_id, creator_id from core.dim_creator order by 1, 2"
    ):
        creators[campaign_id].append(creator_id)
    return creators


def read_posts(connection: psycopg.Connection, day: dt.date) -> dict[Creator, list[dt.datetime]]:
    """Return when each creator's pieces went live: posts seen, and pieces nobody lets us see.

    Most stories are never shown to us; they count as live on their planned day, as they do for
    cost.
    """
    rows = connection.execute(
        """
        with seen as (
            select campaign_id, creator_id, published_at as live_at
            from intermediate.int_posts_matched
            where published_date <= %(day)s
        ),

        unseen as (
            select
                pieces.campaign_id,
                pieces.creator_id,
                pieces.live_date::timestamp at time zone campaigns.reporting_timezone as live_at
            from intermediate.int_deliverables_matched as pieces
            inner join core.dim_campaign as campaigns on pieces.campaign_id = campaigns.campaign_id
            where pieces.post_id is null and pieces.live_date <= %(day)s
        )

        select campaign_id, creator_id, live_at from seen
        union all
        select campaign_id, creator_id, live_at from unseen
        order by campaign_id, creator_id, live_at
        """,
        {"day": day},
    ).fetchall()
    posts: dict[Creator, list[dt.datetime]] = defaultdict(list)
    for campaign_id, creator_id, live_at in rows:
        posts[campaign_id, creator_id].append(live_at)
    return posts


def _read_credits(
    connection: psycopg.Connection,
) -> dict[tuple[str, str, str], list[CreditedOrder]]:
    """Return kept orders with creator credit per campaign, rule version and model.

    The rule version is the campaign's own; the models are its default and all that any credit row
    names, so a campaign without a single order still gets a row per creator.
    """
    credited: dict[tuple[str, str, str], list[CreditedOrder]] = {
        (campaign_id, rule_version, model): []
        for campaign_id, rule_version, model in connection.execute(
            """
            select campaigns.campaign_id, campaigns.default_rule_version, used.attribution_model
            from core.dim_campaign as campaigns
            cross join (
                select distinct attribution_model from intermediate.int_credits_unpivoted
            ) as used
            union
            select campaign_id, default_rule_version, default_attribution_model
            from core.dim_campaign
            order by 1, 2, 3
            """
        )
    }
    rows = connection.execute(
        """
        select
            credits.campaign_id, credits.rule_version, credits.attribution_model,
            credits.creator_id,
            coalesce(orders.customer_id, 'order ' || orders.order_id) as customer,
            orders.ordered_at,
            sum(credits.credit_share * credits.conversion_count)::float8 as credit,
            sum(credits.credit_amount)::float8 as net_revenue
        from intermediate.int_credits_unpivoted as credits
        inner join core.dim_campaign as campaigns
            on credits.campaign_id = campaigns.campaign_id
            and credits.rule_version = campaigns.default_rule_version
        inner join core.fct_order as orders
            on credits.connection_id = orders.connection_id and credits.order_id = orders.order_id
        where credits.channel_type = 'creator' and credits.order_class = 'kept'
        group by 1, 2, 3, 4, 5, 6, orders.connection_id, orders.order_id
        order by orders.connection_id, orders.order_id
        """
    )
    for campaign_id, rule_version, model, *values in rows:
        credited.setdefault((campaign_id, rule_version, model), []).append(CreditedOrder(*values))
    return credited


def _write(
    connection: psycopg.Connection,
    measure_run_id: int,
    key: tuple[str, str, str],
    rows: Sequence[EstimateRow],
) -> int:
    campaign_id, rule_version, model = key
    nothing = (None, None, None)
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into analysis.creator_estimates values (
                %s, %s, %s, %s,
                round(%s::numeric, 6), round(%s::numeric, 6), round(%s::numeric, 6),
                round(%s::numeric, 2), round(%s::numeric, 2), round(%s::numeric, 2),
                %s, transaction_timestamp()
            )
            """,
            [
                (campaign_id, row.creator_id, model, rule_version, *row.orders)
                + (row.net_revenue or nothing)
                + (f"run-{measure_run_id}",)
                for row in rows
            ],
        )
    return len(rows)
