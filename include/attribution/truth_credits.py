"""What the two Markov models credit to whom, order by order, to be compared with a known truth.

`markov_path` splits orders and is read as it stands. `markov` splits whole weeks: a creator's share
of a week is a share of each of its orders alike, so that every order of the chain is split by the
week's shares here. Summed up again that is what the week's creators have.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import LiteralString

import psycopg

from include.attribution.markov import CONVERTING_ONLY, MARKOV, MARKOV_PATH

Credits = Mapping[str, Mapping[str, Mapping[str, Decimal]]]  # model → order → creator → amount

# Tables of their own, analysed: guessing the rows of the views, the planner looped over all orders
# of a shop for each of its days.
DAYS: LiteralString = """
create temporary table truth_days on commit drop as
select connection_id, order_date, solve_id, attribution_model from intermediate.int_chain_days
"""
SHARES: LiteralString = """
create temporary table truth_shares on commit drop as
select
    solve_id, creator_id,
    sum(net_revenue_amount) / nullif(sum(sum(net_revenue_amount)) over of_window, 0) as share
from intermediate.int_windows_credited
where solve_id is not null
group by solve_id, creator_id
window of_window as (partition by solve_id)
"""
CHAINS: LiteralString = """
create temporary table truth_chained on commit drop as
with orders as (
    select distinct touches.connection_id, touches.order_id, days.solve_id, days.attribution_model
    from core.fct_touchpoint as touches
    inner join core.fct_order as orders using (connection_id, order_id)
    inner join truth_days as days using (connection_id, order_date)
    where
        touches.rule_version = %(rule)s and touches.is_in_path and touches.is_dated
        and orders.order_class = 'kept'
)

select
    orders.connection_id, orders.order_id, orders.attribution_model,
    shares.creator_id, shares.share
from orders
inner join truth_shares as shares using (solve_id)
"""
CREDITS: LiteralString = """
with credits as (
    select *
    from intermediate.int_credits_chained
    where
        order_class = 'kept' and channel_type <> 'unattributed' and rule_version = %(rule)s
        and event_date <= %(until)s
),

names as (
    select
        connection_id,
        case when bool_and(attribution_model = 'markov') then %(markov)s else %(converting)s end
            as name
    from truth_chained
    group by connection_id
),

split as (
    select connection_id, order_id, creator_id, sum(credit_amount) as amount
    from credits
    group by connection_id, order_id, creator_id
),

sold as (
    select connection_id, order_id, sum(amount) as amount
    from split
    group by connection_id, order_id
),

found as (
    select connection_id, %(path)s as model, order_id, creator_id, amount from split

    union all

    select connection_id, names.name, order_id, chained.creator_id, round(sold.amount * share, 9)
    from truth_chained as chained
    inner join sold using (connection_id, order_id)
    inner join names using (connection_id)

    union all

    select connection_id, coalesce(names.name, %(converting)s), order_id, creator_id, amount
    from split
    left join names using (connection_id)
    where not exists (
        select from truth_chained as chained
        where chained.connection_id = split.connection_id and chained.order_id = split.order_id
    )
)

select connection_id, model, order_id, creator_id, amount
from found
where creator_id is not null and amount <> 0
order by connection_id
"""


def read_markov_credits(
    connection: psycopg.Connection, rule_version: str, until: dt.date
) -> Iterator[tuple[str, Credits]]:
    """Yield per shop what `markov` (or `markov_converting_only`) and `markov_path` credit.

    rule_version: the first of dbt's `attribution_rule_versions`, which the chains are made of.
    Kept orders with what the ledger holds of them until that day, creators only.
    """
    names = {"markov": MARKOV, "converting": CONVERTING_ONLY, "path": MARKOV_PATH}
    values = {"rule": rule_version, "until": until, **names}
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute(DAYS)
        # The view of the windows sums what the run has not stored: by loops that took minutes.
        cursor.execute("set local enable_nestloop = off; set local enable_mergejoin = off")
        cursor.execute(SHARES)
        cursor.execute("analyze truth_days, truth_shares")
        cursor.execute(CHAINS, values)
        cursor.execute("analyze truth_chained")
        rows = cursor.execute(CREDITS, values)
        for shop, of_shop in groupby(rows, key=lambda row: row[0]):
            found: dict[str, dict[str, dict[str, Decimal]]] = {}
            for _, model, order_id, creator_id, amount in of_shop:
                by_creator = found.setdefault(model, {}).setdefault(order_id, {})
                by_creator[creator_id] = by_creator.get(creator_id, Decimal(0)) + amount
            yield str(shop), found
