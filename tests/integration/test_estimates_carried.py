"""A campaign made from the same inputs keeps its estimates; any other input has it solved anew."""

from __future__ import annotations

from typing import Any

import pytest
from test_publish_estimates import estimates, prepare

from include import estimate_inputs
from include.estimates import solve
from include.warehouse.connection import connect

# A second campaign that ended, with two creators and ten orders of its own.
ENDED = """
insert into core.dim_campaign
values ('winter', '2026-01-01', '2026-01-31', 'America/New_York', 'all', 'linear');
insert into core.dim_creator values ('winter', 'maya'), ('winter', 'ida');
insert into intermediate.int_posts_matched
values ('winter', 'ida', '2026-01-05 17:00Z', '2026-01-05');
insert into core.fct_attribution_credit
select 'winter', 'all', 'ida', 'shopify', n::text, 'customer-' || n,
    timestamptz '2026-01-06 12:00Z' + n * interval '1 hour', '2026-01-10', 'creator', 'kept', 1, 1,
    1.0, 40.00 + n % 7, 1.0, 40.00 + n % 7
from generate_series(101, 110) as n;
insert into analysis.markov_solves
select 'week', 'glow', '2026-03-02', 'markov', 1, 1, 1, 1, 1, 1, 'key', true, 'week_closed', null, 1
"""
LATE_REFUND = """
insert into core.fct_attribution_credit values (
    'winter', 'all', 'ida', 'shopify', '104', 'customer-104', '2026-01-10 20:00Z', '2026-01-10',
    'creator', 'kept', 1, 0,
    1.0, -45.00, 1.0, -45.00
)
"""
# What else an estimate is made from, and whose estimates it changes.
CHANGES = {
    "refund": (LATE_REFUND, {"winter"}),
    "customer": (
        (
            "update core.fct_attribution_credit set customer_id = 'customer-102' "
            "where order_id = '103'"
        ),
        {"winter"},
    ),
    "class": (
        "update core.fct_attribution_credit set order_class = 'cancelled' where order_id = '105'",
        {"winter"},
    ),
    "piece": (
        (
            "insert into intermediate.int_posts_matched "
            "values ('winter', 'ida', '2026-01-08 17:00Z', '2026-01-08')"
        ),
        {"winter"},
    ),
    "creator": ("insert into core.dim_creator values ('winter', 'zoe')", {"winter"}),
    "touch of another channel": (
        (
            "update core.fct_attribution_credit set channel_type = 'direct' "
            "where channel_type = 'email'"
        ),
        {"glow"},
    ),
    "chain": ("update analysis.markov_solves set input_key = 'other'", {"glow"}),
    "nothing of theirs": (
        (
            "insert into core.fct_attribution_credit values (null, 'all', null, 'shopify', '900', "
            "'customer-900', now(), '2026-03-09', 'unattributed', 'kept', 1, 1, 1, 9.00, 1, 9.00)"
        ),
        set(),
    ),
    "another model": (
        (
            "alter table core.fct_attribution_credit "
            "add column last_touch_share numeric default 1, "
            "add column last_touch_amount numeric default 10"
        ),
        {"winter", "glow"},
    ),
}
ROWS = (
    "campaign_id, creator_id, attribution_model, rule_version, estimated_order_count,"
    " order_count_low, order_count_high, estimated_net_revenue_amount, net_revenue_low,"
    " net_revenue_high"
)


def execute(warehouse: Any, statement: str) -> None:
    with connect(warehouse.dsn("transformer")) as connection:
        connection.execute(statement.encode())


def solved_twice(warehouse: Any) -> tuple[str, int, int]:
    """Solve both campaigns, return the address, the first run and one that follows it."""
    first = prepare(warehouse)
    execute(warehouse, ENDED)
    dsn = warehouse.dsn("transformer")
    assert solve(dsn, first) == 4 * 3 + 2 * 3
    with connect(dsn) as connection:
        row = connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id)"
            " values ('2026-03-10', '2026-03-10', 'next') returning measure_run_id"
        ).fetchone()
    assert row is not None
    return dsn, first, int(row[0])


def campaigns_of(warehouse: Any, run: int) -> set[str]:
    return {name for (name,) in estimates(warehouse, "campaign_id", f"solve_id = 'run-{run}'")}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_is_solved_and_the_rest_keeps_its_rows(
    clean_warehouse: Any, change: str
) -> None:
    statement, wanted = CHANGES[change]
    dsn, first, second = solved_twice(clean_warehouse)
    execute(clean_warehouse, statement)
    written = solve(dsn, second)
    assert campaigns_of(clean_warehouse, second) == wanted
    assert campaigns_of(clean_warehouse, first) == {"glow", "winter"} - wanted
    kept = sorted(estimates(clean_warehouse, ROWS, "true"))
    # A fresh solve says the same of every campaign, solved anew or kept.
    execute(clean_warehouse, "delete from analysis.creator_estimates")
    assert solve(dsn, second) >= written
    assert sorted(estimates(clean_warehouse, ROWS, "true")) == kept


def test_a_late_refund_lowers_revenue_and_leaves_orders(clean_warehouse: Any) -> None:
    dsn, _, second = solved_twice(clean_warehouse)
    columns = "estimated_order_count, estimated_net_revenue_amount"
    of_ida = "creator_id = 'ida' and attribution_model = 'linear'"
    ((orders, revenue),) = estimates(clean_warehouse, columns, of_ida)
    execute(clean_warehouse, LATE_REFUND)
    solve(dsn, second)
    ((later_orders, later_revenue),) = estimates(clean_warehouse, columns, of_ida)
    assert later_orders == orders
    # Ten orders of 40 to 46 brought 428.00; a tenth of it was given back.
    assert 0.85 * float(revenue) < float(later_revenue) < 0.95 * float(revenue)


def test_other_code_and_rows_of_before_are_solved_anew(
    clean_warehouse: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn, first, second = solved_twice(clean_warehouse)
    assert solve(dsn, second) == 0
    assert campaigns_of(clean_warehouse, first) == {"glow", "winter"}
    execute(
        clean_warehouse,
        "update analysis.creator_estimates set input_key = null where campaign_id = 'winter'",
    )
    assert solve(dsn, second) == 6
    assert campaigns_of(clean_warehouse, second) == {"winter"}
    monkeypatch.setattr(estimate_inputs, "code_version", lambda: "another")
    assert solve(dsn, second) == 18
    assert campaigns_of(clean_warehouse, second) == {"glow", "winter"}


def test_a_campaign_that_is_gone_leaves_nothing(clean_warehouse: Any) -> None:
    dsn, _, second = solved_twice(clean_warehouse)
    execute(clean_warehouse, "delete from core.dim_campaign where campaign_id = 'winter'")
    assert solve(dsn, second) == 0
    assert estimates(clean_warehouse, "1", "campaign_id = 'winter'") == []
