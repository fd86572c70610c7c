"""Budget advice and pacing from the hand-made shop's raw rows to their marts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import PLAN, SHOP, Market, first_orders, later_orders
from in_process_dbt import run_dbt
from psycopg.types.json import Jsonb

from include.advice import solve as advice_solve
from include.advice.solve import solve_advice
from include.errors import PublishRefused

READ = ("int_campaign_margins", "int_candidate_prices", "int_credit_keys_summed")
MARTS = ("mart_budget_recommendation", "mart_campaign_pacing")
NO_TESTS = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
DAY = dt.date(2026, 3, 20)
# The campaign ends on 31 March; 60 days on, its pieces have brought what they bring.
SETTLED = dt.date(2026, 5, 30)
# What a review is made from, by a change and the one that takes it back.
CHANGES = {
    "credits": (
        "update intermediate.int_credit_keys_summed set own_hash = own_hash + 1",
        "update intermediate.int_credit_keys_summed set own_hash = own_hash - 1",
    ),
    "budget": (
        "update core.dim_campaign set budget_amount = 501",
        "update core.dim_campaign set budget_amount = 500",
    ),
    "promised": (
        "update core.fct_creator_cost set cost_amount = cost_amount + 1",
        "update core.fct_creator_cost set cost_amount = cost_amount - 1",
    ),
    "rows of before": ("update analysis.budget_recommendations set input_key = null", None),
}


class Reviewed:
    """The hand-made shop with both marts as of 20 March, the campaign's 20th day."""

    def __init__(self, warehouse: Any, target: Path) -> None:
        self.warehouse, self.target = warehouse, target

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()

    def solve(self, day: dt.date) -> int:
        """Open a run of a day and solve it; earlier ones are superseded."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute("update quality.measure_runs set status = 'superseded'")
            row = connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id, sources_present) "
                "values (%s, %s, 'test', '{shopify}') returning measure_run_id",
                [day, day],
            ).fetchone()
        assert row is not None
        return solve_advice(self.warehouse.dsn("transformer"), row[0])


def goals_and_budget(market: Market) -> None:
    """500.00 of budget, two goals, seven clicks of ana's link, and three units by her code."""
    market.connection.execute(
        "update raw.campaign_plan__campaigns "
        "set budget_amount = 500, fulfilment_cost_rate = 0.1, exploration_rate = 0.35"
    )
    key = {"connection_id": PLAN, "campaign_id": "spring", "scope": "credited"}
    market.add(
        "campaign_plan__goals", **key, goal_id="sales", metric="units_sold", unit="units",
        target_value=Decimal(3000),
    )  # fmt: skip
    market.add(
        "campaign_plan__goals", **key, goal_id="clicks", metric="link_clicks", unit="clicks",
        target_value=Decimal(15000),
    )  # fmt: skip
    market.sessions("2026-03-05", "ana", instagram=7)
    market.add(
        "campaign_plan__candidates", connection_id=PLAN, campaign_id="spring", handle="Dew.Days",
        platform="instagram", currency_code="USD", candidate_status="contacted", evaluator="kim",
        evaluated_date=dt.date(2026, 2, 10), quoted_price_amount=Decimal(180), quoted_piece_count=3,
        followers_count=9_000, followers_low=5_000, niches=Jsonb([]), regions=Jsonb([]),
    )  # fmt: skip
    market.order(23, "2026-03-09 20:00", "33.33", codes=("ANA15",))
    market.add(
        "shopify__order_lines", connection_id=SHOP, order_id="9000000023", line_id="l1", sku="S-30",
        variant_id="v30", quantity=3, current_quantity=3,
    )  # fmt: skip
    market.connection.execute(
        "update raw.shopify__order_sales set line_id = 'l1', quantity = 3 "
        "where order_id = '9000000023' and sale_id = 'sale'"
    )


@pytest.fixture(scope="module")
def reviewed(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reviewed]:
    """What the two marts read, the solve of 20 March, and the marts."""
    warehouse.reset()
    built = Reviewed(warehouse, tmp_path_factory.mktemp("dbt_advice"))
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 3, 5))
        for write in (Market.plan, Market.shop, first_orders, later_orders, goals_and_budget):
            write(market)
    read = [f"+{name}" for name in (*MARTS, "int_next_piece_prices", "int_goal_days", *READ)]
    run_dbt(
        warehouse,
        ["build", "--select", *read, "--exclude", "path:models/marts", *NO_TESTS],
        built.target,
    )
    assert built.solve(DAY) == 5
    run_dbt(warehouse, ["build", "--select", *MARTS, *NO_TESTS], built.target)
    yield built
    warehouse.reset()


def test_every_creator_and_the_campaign_have_a_line(reviewed: Reviewed) -> None:
    rows = reviewed.rows(
        "select line_id, phase, campaign_day, recommended_action, quoted_price_amount, post_count "
        "from marts_next.mart_budget_recommendation order by line_type, line_id"
    )
    # A fee of 100.00 and product of 20.00 for two pieces each; both of cy's count unseen. A new
    # creator would get product as well, beside the 60.00 that a candidate asks for one of three.
    assert rows == [
        ("ana", "shift", 20, "keep", Decimal("60.00"), 1),
        ("bo", "shift", 20, "keep", Decimal("60.00"), 1),
        ("cy", "shift", 20, "keep", Decimal("60.00"), 2),
        ("new_creator", "shift", 20, "keep", Decimal("70.00"), 4),
        ("unspent", "shift", 20, "keep", None, 4),
    ]


def test_reasons_and_money_can_be_worked_out_by_hand(reviewed: Reviewed) -> None:
    rows = reviewed.rows(
        "select action_reason, from_amount, to_amount "
        "from marts_next.mart_budget_recommendation where creator_id is null order by line_type"
    )
    # 3 × 120.00 are promised; a new creator's first piece could be live on 3 April, after the end.
    assert rows == [
        (
            "no change: a new creator's first piece would go live after the campaign's end",
            Decimal("0.00"), Decimal("0.00"),
        ),
        (
            "140.00 of the budget of 500.00 were promised to nobody",
            Decimal("140.00"), Decimal("140.00"),
        ),
    ]  # fmt: skip
    reasons = dict(
        reviewed.rows(
            "select creator_id, action_reason from marts_next.mart_budget_recommendation "
            "where line_type = 'creator'"
        )
    )
    assert reasons["ana"] == reasons["bo"] == "a test: fewer than 2 live pieces"
    assert reasons["cy"].startswith("no change: the best has")
    kept = "select distinct exploration_rate from marts_next.mart_budget_recommendation"
    assert reviewed.rows(kept) == [(Decimal("0.350000"),)]


def test_what_was_credited_ties_to_the_credits(reviewed: Reviewed) -> None:
    rows = reviewed.rows(
        "select creator_id, sum(linear_share * conversion_count)::numeric(18, 6) "
        "from core.fct_attribution_credit "
        "where channel_type = 'creator' and order_class = 'kept' and rule_version = 'all' "
        "group by creator_id order by creator_id"
    )
    assert rows == reviewed.rows(
        "select creator_id, credited_order_count from marts_next.mart_budget_recommendation "
        "where credited_order_count > 0 and line_type = 'creator' order by creator_id"
    )
    (margin,) = reviewed.rows(
        "select distinct margin_rate, cost_coverage_rate "
        "from marts_next.mart_budget_recommendation where creator_id = 'ana'"
    )
    # No unit of the three has a cost anyone told: only fulfilment is taken off.
    assert margin == (Decimal("0.900000"), Decimal("0.000000"))


def test_goals_stand_where_final_days_left_them(reviewed: Reviewed) -> None:
    rows = reviewed.rows(
        "select goal_id, final_date, final_day_count, target_value::int, actual_value::int, "
        "pacing_status, value_source, planned_piece_count "
        "from marts_next.mart_campaign_pacing order by goal_id"
    )
    final = dt.date(2026, 3, 16)
    # ana's reel of the 8th never came and is not waited for any longer, nor is bo's.
    assert rows == [
        ("clicks", final, 16, 15000, 7, "behind", "session_proxy", 0),
        ("sales", final, 16, 3000, 3, "behind", "sales_ledger", 0),
    ]
    (contradiction,) = reviewed.rows(
        "select distinct goal_inconsistency from marts_next.mart_campaign_pacing"
    )
    assert "at the claimed 2-5 % expect 300-750 orders (micro, all platforms; " in contradiction[0]


def test_solving_again_says_the_same_and_an_unknown_run_changes_nothing(
    reviewed: Reviewed,
) -> None:
    query = "select (r.*)::text from (select * from analysis.budget_recommendations) as r"
    query = query.replace("(r.*)", "row(r.creator_id, r.p_best, r.action_reason, r.to_amount)")
    before = sorted(reviewed.rows(query))
    reviewed.solve(DAY)
    assert sorted(reviewed.rows(query)) == before
    with pytest.raises(PublishRefused, match="no measure run 999"):
        solve_advice(reviewed.warehouse.dsn("transformer"), 999)
    assert sorted(reviewed.rows(query)) == before


def reviews(reviewed: Reviewed) -> list[tuple[Any, ...]]:
    return reviewed.rows(
        "select * from analysis.budget_recommendations order by line_type, creator_id"
    )


def execute(reviewed: Reviewed, statement: str) -> None:
    with psycopg.connect(reviewed.warehouse.admin_dsn) as connection:
        connection.execute(statement.encode())


def test_a_settled_campaign_keeps_its_review(reviewed: Reviewed) -> None:
    """Until then it is reviewed every day: young pieces have brought a part."""
    day_before = SETTLED - dt.timedelta(days=1)
    assert [reviewed.solve(day_before), reviewed.solve(SETTLED)] == [5, 5]
    kept = reviews(reviewed)
    assert {row[5] for row in kept} == {91}, "31 days of March and 60 more"
    assert reviewed.solve(SETTLED + dt.timedelta(days=40)) == 0
    assert reviews(reviewed) == kept
    concentration = "select count(*) from analysis.concentration_estimates"
    assert reviewed.rows(concentration) == [(1,)]
    # The same day again: what was made from the same is the same.
    assert reviewed.solve(SETTLED) == 0
    reviewed.solve(DAY)


@pytest.mark.parametrize("change", CHANGES)
def test_what_a_review_is_made_from_has_it_made_again(reviewed: Reviewed, change: str) -> None:
    statement, inverse = CHANGES[change]
    reviewed.solve(SETTLED)
    execute(reviewed, statement)
    assert reviewed.solve(SETTLED + dt.timedelta(days=1)) == 5
    if inverse:
        execute(reviewed, inverse)
    reviewed.solve(DAY)


def test_other_code_reviews_again(reviewed: Reviewed, monkeypatch: pytest.MonkeyPatch) -> None:
    reviewed.solve(SETTLED)
    monkeypatch.setattr(advice_solve, "code_version", lambda files: "another")
    assert reviewed.solve(SETTLED + dt.timedelta(days=1)) == 5
    monkeypatch.undo()
    reviewed.solve(DAY)


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        (dt.date(2026, 2, 20), "no change: the campaign begins on 2026-03-01"),
        (dt.date(2026, 4, 20), "no change: the campaign ended on 2026-03-31"),
    ],
)
def test_outside_of_its_days_every_line_says_so(
    reviewed: Reviewed, day: dt.date, reason: str
) -> None:
    assert reviewed.solve(day) == 5
    rows = reviewed.rows(
        "select distinct action_reason, recommended_action from analysis.budget_recommendations "
        "where line_type <> 'unspent'"
    )
    assert rows == [(reason, "keep")]
    reviewed.solve(DAY)
