"""The solve: which orders count, who gets a row, and that it replaces what was there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.errors import PublishRefused
from include.estimates import CreditedOrder, estimate_creators, solve
from include.warehouse.connection import connect

START = dt.datetime(2026, 3, 1, 5, tzinfo=dt.UTC)
CORE = """
create table core.dim_campaign as
select 'glow'::text as campaign_id, date '2026-03-01' as start_date, date '2026-04-30' as end_date,
    'America/New_York'::text as reporting_timezone, 'all'::text as default_rule_version,
    'linear'::text as default_attribution_model;
create table core.dim_creator as
select 'glow'::text as campaign_id, creator_id
from unnest(array['maya', 'noor', 'quiet', 'personal']) as creator_id;
create table intermediate.int_posts_matched as
select 'glow'::text as campaign_id, 'noor'::text as creator_id,
    timestamptz '2026-03-03 17:00Z' as published_at, date '2026-03-03' as published_date;
create table intermediate.int_deliverables_matched as
select 'glow'::text as campaign_id, creator_id, null::text as post_id,
    date '2026-03-01' + n as live_date
from unnest(array['maya', 'quiet']) as creator_id, generate_series(1, 3) as n
union all
select 'glow', 'noor', 'seen', '2026-03-03'
union all
select 'glow', 'personal', null, '2026-04-15';
create table core.fct_attribution_credit as
with orders as (
    select 'shopify'::text as connection_id, n::text as order_id, 'customer-' || n as customer_id,
        timestamptz '2026-03-02 12:00Z' + n * interval '1 hour' as ordered_at
    from generate_series(1, 40) as n
)

select 'glow'::text as campaign_id, 'all'::text as rule_version,
    case when order_id::int <= 30 then 'maya' else 'noor' end as creator_id,
    connection_id, order_id, customer_id, ordered_at, ordered_at::date as order_date,
    case when order_id::int = 40 then 'direct' else 'creator' end as channel_type,
    case when order_id::int = 39 then 'cancelled' else 'kept' end as order_class,
    case when order_id::int = 1 then 2 else 1 end as touch_count, 1 as conversion_count,
    1.0 as first_touch_share, 50.00 as first_touch_amount,
    1.0 as linear_share, 50.00 as linear_amount
from orders
union all
select 'glow', 'all', 'maya', 'shopify', '1', 'customer-1', '2026-03-02 13:00Z', '2026-03-02',
    'creator', 'kept', 2, 0, 1.0, 0.00, 1.0, -50.00
union all
select null, 'all', null, 'shopify', '1', 'customer-1', '2026-03-02 13:00Z', '2026-03-02',
    'email', 'kept', 2, 1, 0.0, 0.00, 0.0, 0.00;
create table intermediate.int_credits_chained as
select campaign_id, rule_version, creator_id, connection_id, order_id, customer_id, ordered_at,
    order_date, channel_type, order_class, conversion_count, first_touch_share as credit_share,
    first_touch_amount as credit_amount
from core.fct_attribution_credit;
create table intermediate.int_chain_days as
select 'shopify'::text as connection_id, date '2026-03-02' as order_date, 'week'::text as solve_id;
-- Stands for the model of this name, which test_dbt_build compares with what it is made from.
create view intermediate.int_credit_keys_summed as
select
    credits.campaign_id, credits.connection_id, credits.order_date,
    bool_or(credits.touch_count > 1) as has_others,
    sum(hash_record_extended(credits, 0)) as own_hash,
    sum((
        select sum(hash_record_extended(others, 0)) from core.fct_attribution_credit as others
        where credits.touch_count > 1 and (others.connection_id, others.order_id)
            = (credits.connection_id, credits.order_id)
    )) as path_hash
from core.fct_attribution_credit as credits
inner join core.dim_campaign as campaigns on credits.campaign_id = campaigns.campaign_id
where credits.channel_type = 'creator' and credits.order_class = 'kept'
group by 1, 2, 3;
"""


def prepare(warehouse: Any) -> int:
    with connect(warehouse.dsn("transformer")) as connection:
        connection.execute(CORE.encode())
        row = connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id)"
            " values ('2026-03-10', '2026-03-10', 'test') returning measure_run_id"
        ).fetchone()
    assert row is not None
    return int(row[0])


def estimates(warehouse: Any, columns: str, condition: str) -> list[tuple[Any, ...]]:
    with connect(warehouse.dsn("transformer")) as connection:
        return connection.execute(
            f"select {columns} from analysis.creator_estimates where {condition}"
            " order by creator_id".encode()
        ).fetchall()


def test_every_creator_gets_a_row_per_model(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    assert solve(clean_warehouse.dsn("transformer"), run) == 12
    rows = estimates(
        clean_warehouse,
        "creator_id, estimated_order_count::float8, order_count_low::float8,"
        " order_count_high::float8, estimated_net_revenue_amount::float8, solve_id",
        "attribution_model = 'first_touch'",
    )
    found = {row[0]: row[1:] for row in rows}
    maya, noor, quiet, personal = (found[c] for c in ("maya", "noor", "quiet", "personal"))
    # 30 kept orders; noor's tenth was cancelled and her ninth was direct.
    assert 24 < maya[0] < 48
    assert 6 < noor[0] < 20
    assert maya[1] < 30 < maya[2]
    # Every order brought 50, so revenue is orders times 50.
    assert maya[3] == pytest.approx(maya[0] * 50, rel=0.01)
    # Three pieces without an order may still expect some; the last one's piece is still to come.
    assert 0 < quiet[0] < noor[0]
    assert quiet[1] < 0.5
    assert personal[:3] == (0, 0, 0)
    assert maya[4] == f"run-{run}"


def test_a_refund_lowers_revenue_and_not_orders(clean_warehouse: Any) -> None:
    solve(clean_warehouse.dsn("transformer"), prepare(clean_warehouse))
    rows = estimates(
        clean_warehouse,
        "estimated_order_count, estimated_net_revenue_amount",
        "creator_id = 'maya' and attribution_model <> 'markov_path'",
    )
    (orders, revenue), (other_orders, other_revenue) = sorted(rows)
    assert orders == other_orders
    assert revenue < other_revenue


def test_solving_again_replaces_and_an_unknown_run_changes_nothing(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    run = prepare(clean_warehouse)
    solve(dsn, run)
    before = estimates(clean_warehouse, "creator_id, order_count_high, net_revenue_low", "true")
    solve(dsn, run)
    again = estimates(clean_warehouse, "creator_id, order_count_high, net_revenue_low", "true")
    assert sorted(again) == sorted(before)
    with pytest.raises(PublishRefused, match="no measure run 99"):
        solve(dsn, 99)
    assert len(estimates(clean_warehouse, "1", "true")) == 12


def test_before_the_first_order_the_default_model_has_rows(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    with connect(clean_warehouse.dsn("transformer")) as connection:
        connection.execute("delete from core.fct_attribution_credit")
    assert solve(clean_warehouse.dsn("transformer"), run) == 4
    columns = "attribution_model, rule_version, net_revenue_low"
    assert set(estimates(clean_warehouse, columns, "true")) == {("linear", "all", None)}


def test_a_campaign_without_an_order_has_counts_and_no_revenue() -> None:
    maya, noor = estimate_creators(["maya", "noor"], {"maya": [START]}, [])
    assert maya.orders[0] > 0
    assert noor.orders == (0, 0, 0)
    assert maya.net_revenue is None


def test_an_order_belongs_to_the_last_piece_before_it() -> None:
    # One burst of 12 orders after the second of four pieces is far less certain than three each.
    live = [START + dt.timedelta(days=day) for day in range(4)]

    def width(days: list[int]) -> float:
        orders = [
            CreditedOrder("maya", str(n), START + dt.timedelta(days=day, hours=1), 1.0, 50.0)
            for n, day in enumerate(days)
        ]
        (row,) = estimate_creators(["maya"], {"maya": live}, orders)
        return row.orders[2] - row.orders[1]

    assert width([1] * 12) > 1.3 * width([0, 1, 2, 3] * 3)
