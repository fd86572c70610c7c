"""Rules for the marts of results: good rows pass, and each rule fails for the row it is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from include.quality.result_rules import build_result_rules
from tests.integration.mart_rules import filled_marts, severities_of_broken

GOOD = {
    "mart_budget_recommendation": (
        "'glow'::text as campaign_id, n::text as creator_id, 0.5 as p_best, 0.9 as p_above_target,"
        " 0.1 as p_best_low, 0.6 as p_best_high,"
        " (3 - 2 * n) * 10.00 + (2 - n) * 0.02 as moved_amount,"
        " n = 1 as is_gate_passed, 'best'::text as action_reason from generate_series(1, 2) as n"
    ),
    "mart_campaign_pacing": (
        "1.0 as projected_end_low, 2.0 as projected_end_value, 3.0 as projected_end_high,"
        " 1.0 as actual_value, null::text as unavailable_reason, null::text as goal_inconsistency"
    ),
    "mart_brand_lift": "1.0 as change_value, null::text as unavailable_reason",
    "mart_halo_incrementality": (
        "'measured'::text as verdict, 0.3 as lift_rate, 0.2 as smallest_detectable_rate,"
        " null::text as unavailable_reason"
    ),
    "mart_candidate_shortlist": "3 as picked_count, 3 as candidate_count",
    "mart_audience_quality": (
        "0.2 as audience_score, false as is_alert, 10 as comment_count,"
        " 6 as generic_comment_count, 4 as duplicate_comment_count"
    ),
    "mart_campaign_profile": (
        "date '2026-03-01' as start_date, date '2026-03-31' as end_date, 3 as creator_count,"
        " 2 as connected_creator_count, 1 as unseen_creator_count"
    ),
    "mart_benchmark_comparison": (
        "'a'::text as measured_variant, 'b'::text as benchmark_variant, 'micro'::text as"
        " benchmark_tier, 'all'::text as benchmark_platform, 'c'::text as source_name,"
        " date '2026-03-01' as recorded_date, 'd'::text as explanation"
    ),
    "mart_tier_comparison": (
        "'glow'::text as campaign_id, arm, days as window_days, 50.00 as delivered_cost_amount,"
        " 2 as counted_piece_count, 2 as live_piece_count"
        " from unnest(array['micro', 'nano', 'hybrid']) as arm, unnest(array[7, 14]) as days"
    ),
    "mart_creator_scorecard": "'glow'::text as campaign_id, 100.00 as cost_amount",
    "mart_concentration": "0.25 as hhi, 0.25 as hhi_of_equal_creators",
    "mart_customer_cohort": "3 as repeat_count, 3 as customer_count",
    "mart_funnel": "n as stage_number, n / 2.0 as step_rate from generate_series(1, 2) as n",
    "mart_program_quarterly": (
        "'Glow'::text as brand_name, date '2026-01-01' as quarter_start_date, creator_id,"
        " 'USD'::text as currency_code, amount as net_revenue_amount"
        " from (values ('ana', 10.00), ('bo', 5.50), ('(all creators)', 15.50))"
        " as sums (creator_id, amount)"
    ),
    "mart_geo_match": (
        "'glow'::text as campaign_id, 'ana'::text as creator_id, part as order_share_rate,"
        " part as session_share_rate from unnest(array[0.333333, 0.666667]) as part"
    ),
}
# What makes a rule fail, by its name; the mart is the first word.
BAD = {
    "chances lie between 0 and 1": "mart_budget_recommendation set p_best = 1.01",
    "money moves to a creator only past the evidence gate": (
        "mart_budget_recommendation set is_gate_passed = null where moved_amount > 0"
    ),
    "every line says why": "mart_budget_recommendation set action_reason = ''",
    "advice moves money and makes none": (
        "mart_budget_recommendation set moved_amount = 10.03 where moved_amount > 0"
    ),
    "a projected end lies between its ends": "mart_campaign_pacing set projected_end_value = 3.1",
    "a goal without a value says why": "mart_campaign_pacing set actual_value = null",
    "the goals ask nothing impossible of each other": (
        "mart_campaign_pacing set goal_inconsistency = '20 %'"
    ),
    "a change that is not known says why": "mart_brand_lift set change_value = null",
    "a lift is called measured only where it could be seen": (
        "mart_halo_incrementality set lift_rate = -0.1"
    ),
    "what cannot be told says why": "mart_halo_incrementality set verdict = 'cannot be told'",
    "nobody is picked twice, nor more than there are": (
        "mart_candidate_shortlist set picked_count = 4"
    ),
    "a score lies between 0 and 1 and no sign is counted twice": (
        "mart_audience_quality set generic_comment_count = 7"
    ),
    "no audience looks bought": "mart_audience_quality set is_alert = true",
    "a campaign ends after it starts and no creator is counted twice": (
        "mart_campaign_profile set unseen_creator_count = 2"
    ),
    "every campaign has creators": (
        "mart_campaign_profile set creator_count = 0, connected_creator_count = 0,"
        " unseen_creator_count = 0"
    ),
    "each comparison says variant, tier, platform, source and day": (
        "mart_benchmark_comparison set benchmark_tier = null"
    ),
    "no arm counts more pieces than are live": "mart_tier_comparison set counted_piece_count = 3",
    "the arms hold every cent of the scorecard's cost": (
        "mart_tier_comparison set delivered_cost_amount = 50.01"
        " where arm = 'nano' and window_days = 14"
    ),
    "shares are squared into an index between equality and one": (
        "mart_concentration set hhi = 0.24"
    ),
    "no more customers come back than came": "mart_customer_cohort set repeat_count = 4",
    "no step of the site has more people than the one before": (
        "mart_funnel set stage_number = 3, step_rate = 1.01"
    ),
    "a quarter is the sum of its creators": (
        "mart_program_quarterly set net_revenue_amount = 5.51 where creator_id = 'bo'"
    ),
    "a creator's shares by country add up to one": (
        "mart_geo_match set order_share_rate = 0.34 where order_share_rate < 0.5"
    ),
    "the ends of every interval are in order": (
        "mart_budget_recommendation set p_best_low = 0.61 where creator_id = '1'"
    ),
}
# Further ways to fail.
ALSO_BAD = [
    ("chances lie between 0 and 1", "mart_budget_recommendation set p_above_target = -0.01"),
    (
        "money moves to a creator only past the evidence gate",
        "mart_budget_recommendation set is_gate_passed = false",
    ),
    ("advice moves money and makes none", "mart_budget_recommendation set moved_amount = -10.01"),
    (
        "a lift is called measured only where it could be seen",
        "mart_halo_incrementality set smallest_detectable_rate = null",
    ),
    (
        "a score lies between 0 and 1 and no sign is counted twice",
        "mart_audience_quality set audience_score = 1.01",
    ),
    (
        "a campaign ends after it starts and no creator is counted twice",
        "mart_campaign_profile set end_date = '2026-02-28'",
    ),
    (
        "shares are squared into an index between equality and one",
        "mart_concentration set hhi = 1.01",
    ),
    (
        "a creator's shares by country add up to one",
        "mart_geo_match set session_share_rate = 0.34 where session_share_rate < 0.5",
    ),
]
WARNINGS = {
    "the goals ask nothing impossible of each other": "info",
    "what cannot be told says why": "warning",
    "no audience looks bought": "warning",
    "every line says why": "warning",
    "a goal without a value says why": "warning",
    "a change that is not known says why": "warning",
    "each comparison says variant, tier, platform, source and day": "warning",
    "the arms hold every cent of the scorecard's cost": "warning",
    "every campaign has creators": "warning",
    "no step of the site has more people than the one before": "warning",
}


@pytest.fixture(scope="module")
def marts(warehouse: Any) -> Iterator[psycopg.Connection]:
    """Every mart with rows that break nothing; what a test changes is rolled back."""
    with filled_marts(warehouse, GOOD) as connection:
        yield connection


def failing(connection: psycopg.Connection) -> dict[str, str]:
    """Return the rules that have bad rows, with their severity."""
    found = connection.execute(
        "select table_name, array_agg(column_name::text) from information_schema.columns "
        "where table_schema = 'marts_next' group by table_name"
    ).fetchall()
    rules = build_result_rules({mart: frozenset(columns) for mart, columns in found})
    assert {rule.name for rule in rules} == set(BAD)
    return severities_of_broken(connection, rules)


def test_good_rows_pass(marts: psycopg.Connection) -> None:
    assert failing(marts) == {}


@pytest.mark.parametrize(("name", "update"), [*BAD.items(), *ALSO_BAD])
def test_each_rule_can_fail_alone(marts: psycopg.Connection, name: str, update: str) -> None:
    marts.execute(f"update marts_next.{update}".encode())
    try:
        assert failing(marts) == {name: WARNINGS.get(name, "critical")}
    finally:
        marts.rollback()


def test_a_mart_without_the_columns_is_not_asked() -> None:
    assert build_result_rules({"mart_funnel": frozenset({"stage_number"})}) == []
