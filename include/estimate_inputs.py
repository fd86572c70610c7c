"""What the estimates are made from: creators, pieces and credited orders of each campaign.

Most campaigns of a large shop have ended, and nothing of theirs changes any more. `read_campaigns`
says of each what it is made from as one hash, which the server works out without handing over a
row; `read_credits` then reads the orders of those campaigns whose hash is another one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import psycopg
from psycopg import sql

Creator = tuple[str, str]  # campaign_id, creator_id
CHAINED = "markov_path"
_CHAINED_CREDITS = "intermediate.int_credits_chained"
# Another way of estimating is another input: any change of these files, or of the libraries.
CODE = (
    "estimates.py",
    "estimate_inputs.py",
    "stats/orders.py",
    "stats/values.py",
    "stats/grids.py",
)
LIBRARIES = ("numpy", "scipy")


class CreditedOrder(NamedTuple):
    """A kept order's credit for one creator under one model: orders (0-1) and net revenue.

    A tuple, since a large shop has hundreds of thousands in a run: a dataclass takes three times as
    long to make.
    """

    creator_id: str
    customer: str
    ordered_at: dt.datetime
    credit: float
    net_revenue: float


@dataclass(frozen=True, slots=True)
class CampaignInputs:
    """One campaign: who and what was live when, and a hash of these, its orders and the code.

    posts: when each creator's pieces went live, ascending. models: those it is estimated under.
    """

    campaign_id: str
    rule_version: str
    models: tuple[str, ...]
    creators: tuple[str, ...]
    posts: Mapping[str, Sequence[dt.datetime]]
    input_key: str


def read_campaigns(connection: psycopg.Connection, day: dt.date) -> list[CampaignInputs]:
    """Return every campaign with the pieces that were live by the end of `day`.

    The rule version is the campaign's own; the models are its default and all that the credits
    hold, so a campaign of a shop without a single order still gets a row per creator.
    """
    creators: dict[str, list[str]] = defaultdict(list)
    for campaign_id, creator_id in connection.execute(
        "select distinct campaign_id, creator_id from core.dim_creator order by 1, 2"
    ):
        creators[campaign_id].append(creator_id)
    posts = read_posts(connection, day)
    orders = _read_order_keys(connection)
    credited = _read_models(connection)
    found = []
    for campaign_id, rule_version, default_model in connection.execute(
        """
        select campaign_id, default_rule_version, default_attribution_model
        from core.dim_campaign order by campaign_id
        """
    ):
        names = tuple(creators[campaign_id])
        live = {name: posts.get((campaign_id, name), []) for name in names}
        models = tuple(sorted({default_model, *credited}))
        parts = [code_version(), rule_version, models, live, orders.get(campaign_id)]
        key = hashlib.sha256(repr(parts).encode()).hexdigest()
        found.append(CampaignInputs(campaign_id, rule_version, models, names, live, key))
    return found


@cache
def code_version(files: tuple[str, ...] = CODE) -> str:
    """Return a hash of the code that estimates and of the libraries it calculates with."""
    folder = Path(__file__).parent
    found = hashlib.sha256(" ".join(f"{name} {version(name)}" for name in LIBRARIES).encode())
    for name in files:
        found.update((folder / name).read_bytes())
    return found.hexdigest()


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
        posts[campaign_id, creator_id].append(live_at.astimezone(dt.UTC))
    return posts


def read_credits(
    connection: psycopg.Connection, campaigns: Sequence[CampaignInputs]
) -> dict[tuple[str, str], list[CreditedOrder]]:
    """Return kept orders with credit (over 0) of some campaigns' creators, per campaign and model.

    A row of the credits holds all its models, so each order is read once for all of them but the
    chain's, which is a view.
    """
    credited: dict[tuple[str, str], list[CreditedOrder]] = defaultdict(list)
    wanted = [campaign.campaign_id for campaign in campaigns]
    models = {model for campaign in campaigns for model in campaign.models}
    stored = [name for name in _stored_models(connection) if name in models]
    sources = {"core.fct_attribution_credit": {name: name for name in stored}}
    if CHAINED in models:
        sources[_CHAINED_CREDITS] = {CHAINED: "credit"}
    for table, columns in sources.items():
        if not columns:
            continue
        if table == _CHAINED_CREDITS:
            connection.execute(_CREDITED_ORDERS, {"campaigns": wanted})
        rows = connection.execute(
            _credits_of(table, list(columns.values())), {"campaigns": wanted}, binary=True
        ).fetchall()
        for campaign_id, creator_id, customer, ordered_at, shares, amounts in rows:
            for name, share, amount in zip(columns, shares, amounts, strict=True):
                if share > 0:
                    credited[campaign_id, name].append(
                        CreditedOrder(creator_id, customer, ordered_at, share, amount)
                    )
    return credited


def _credits_of(table: str, prefixes: Sequence[str]) -> sql.Composed:
    """Return the query of an order's credit by each of a table's models, as two arrays."""
    comma = sql.SQL(", ")
    names = [
        (sql.Identifier(f"{prefix}_share"), sql.Identifier(f"{prefix}_amount"))
        for prefix in prefixes
    ]
    share = sql.SQL("sum(credits.{} * credits.conversion_count)::float8")
    amount = sql.SQL("sum(credits.{})::float8")
    return sql.SQL(_CREDITS).format(
        credits=sql.Identifier(*table.split(".")),
        among=sql.SQL(_AMONG_CREDITED_ORDERS if table == _CHAINED_CREDITS else ""),
        shares=comma.join(share.format(name) for name, _ in names),
        amounts=comma.join(amount.format(name) for _, name in names),
    )


def _read_models(connection: psycopg.Connection) -> Collection[str]:
    """Return the models of the credits, none as long as there is no credit at all."""
    has_credits = connection.execute(
        "select exists (select from core.fct_attribution_credit)"
    ).fetchone()
    if has_credits != (True,):
        return ()
    return {*_stored_models(connection), CHAINED}


def _stored_models(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        """
        select left(column_name, -6) from information_schema.columns
        where table_schema = 'core' and table_name = 'fct_attribution_credit'
            and right(column_name, 6) = '_share'
        order by ordinal_position
        """
    )
    return [name for (name,) in rows]


def _read_order_keys(connection: psycopg.Connection) -> dict[str, tuple[object, ...]]:
    """Return what tells one state of a campaign's credited orders from another.

    Sums of hashes of whole rows, kept by day. The touches of others count as well, and so do the
    chains that serve the days of the orders: both change what the chain credits.
    """
    rows = connection.execute(_ORDER_KEYS).fetchall()
    return {campaign_id: tuple(map(str, values)) for campaign_id, *values in rows}


_CREDITED_ORDERS = """
create temporary table credited_orders on commit drop as
select distinct connection_id, order_id
from core.fct_attribution_credit
where
    campaign_id = any(%(campaigns)s) and channel_type = 'creator' and order_class = 'kept'
"""
# Says nothing more, but early: the view of the chain splits no other order.
_AMONG_CREDITED_ORDERS = """
    and credits.connection_id = any(array(select distinct connection_id from credited_orders))
    and credits.order_id = any(array(select order_id from credited_orders))
"""
_CREDITS = """
select
    credits.campaign_id, credits.creator_id,
    coalesce(credits.customer_id, 'order ' || credits.order_id) as customer,
    credits.ordered_at,
    array[{shares}] as shares,
    array[{amounts}] as amounts
from {credits} as credits
inner join core.dim_campaign as campaigns
    on credits.campaign_id = campaigns.campaign_id
    and credits.rule_version = campaigns.default_rule_version
where
    credits.campaign_id = any(%(campaigns)s)
    and credits.channel_type = 'creator' and credits.order_class = 'kept'
    {among}
group by 1, 2, 3, 4, credits.connection_id, credits.order_id
order by credits.connection_id, credits.order_id, credits.creator_id
"""
_ORDER_KEYS = """
with credited as (
    select
        campaign_id,
        sum(own_hash) as own_hash, sum(path_hash) as path_hash
    from intermediate.int_credit_keys_summed
    group by campaign_id
),

-- The days of the orders that a chain shares out, and what the chain of each was solved from.
chained as (
    select
        days.campaign_id,
        sum(hash_record_extended(row(
            days.connection_id, days.order_date, solves.attribution_model, solves.input_key
        ), 0)) as chain_hash
    from intermediate.int_credit_keys_summed as days
    inner join intermediate.int_chain_days as chains
        on days.connection_id = chains.connection_id and days.order_date = chains.order_date
    inner join analysis.markov_solves as solves on chains.solve_id = solves.solve_id
    where days.has_others
    group by days.campaign_id
)

select
    credited.campaign_id, credited.own_hash, credited.path_hash, chained.chain_hash
from credited
left join chained on credited.campaign_id = chained.campaign_id
"""
