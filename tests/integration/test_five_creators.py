"""A campaign of five creators, calculated by hand on a worksheet and by the marts: equal.

The worksheet is tests/fixtures/five_creators; its README tells the story.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from five_creators import (
    FIRST_DAY,
    FOLDER,
    LAST_DAY,
    as_expected,
    as_number,
    as_written,
    read_expected,
    write_orders,
    write_places,
    write_plan,
    write_posts,
    write_quality,
    write_sessions,
)
from hand_made_leaks import add_up_two, expect_late_share, score_one_of_one
from hand_made_market import Market
from hand_made_rates import integrate_rates
from in_process_dbt import run_dbt

from include.advice.solve import solve_advice
from include.audience_scores import score_campaign_audiences
from include.leak_scores import score_leaks
from include.lift_estimates import estimate_lifts
from include.lift_series import read_days, read_splits
from include.metrics_catalog import Mart, Metric, read_marts
from include.rate_estimates import estimate_creator_rates
from include.settings import DBT_PROJECT_DIR

# What shows the solves between the two dbt groups; the estimates are drawn, not worked out.
SOLVED = (
    "mart_halo_incrementality", "mart_campaign_pacing", "mart_budget_recommendation",
    "mart_audience_quality", "mart_creator_scorecard", "mart_code_leakage",
)  # fmt: skip
SHEETS = sorted(FOLDER.glob("expected/*.csv"))
MARTS = read_marts(DBT_PROJECT_DIR)
RATIOS = [(mart, metric) for mart in MARTS for metric in mart.metrics if metric.numerator]
SHARES = [(mart, metric) for mart in MARTS for metric in mart.metrics if metric.is_share]


# Shares whose interval may be missing: cost is no matter of chance, steps between two systems are
# no rates of one, and under three units tell nothing of how they differ.
UNBOUNDED_AT_TIMES = {
    ("mart_concentration", "hhi"),
    ("mart_funnel", "step_rate"),
    ("mart_tier_comparison", "er_basic_by_views"),
    ("mart_tier_comparison", "er_by_followers"),
}


@pytest.fixture(scope="module")
def rows(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Ask the built warehouse; everything is built once, with the project's own assertions."""
    warehouse.reset()
    target: Path = tmp_path_factory.mktemp("dbt_five_creators")
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", FIRST_DAY)
        connection.execute(
            "update quality.load_windows set rows_read = 200, rows_merged = 199, rows_rejected = 1"
        )
        connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id, sources_present) "
            "values (%s, %s, 'test', '{shopify}')",
            [LAST_DAY, LAST_DAY],
        )
        connection.execute(
            "insert into quality.measure_run_loads select measure_run_id, 1 "
            "from quality.measure_runs"
        )
        writers = (write_plan, write_posts, write_sessions, write_places, write_orders)
        for write in (*writers, write_quality):
            write(market)
    without = ("--exclude-resource-type", "unit_test", "--exclude", "test_type:generic")
    run_dbt(warehouse, ["build", *without], target)
    assert estimate_lifts(warehouse.dsn("transformer"), 1) == 4
    assert solve_advice(warehouse.dsn("transformer"), 1) == 7
    assert score_campaign_audiences(warehouse.dsn("transformer"), 1) == 5
    assert estimate_creator_rates(warehouse.dsn("transformer"), 1) == 5
    assert score_leaks(warehouse.dsn("transformer"), 1) == 5
    run_dbt(warehouse, ["run", "--select", *SOLVED], target)
    with psycopg.connect(warehouse.dsn("transformer")) as connection:
        yield lambda query: connection.execute(query.encode()).fetchall()
    warehouse.reset()


def test_every_mart_is_on_the_worksheet() -> None:
    assert {sheet.stem for sheet in SHEETS} == {mart.name for mart in MARTS}


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.stem)
def test_marts_are_what_the_worksheet_says(rows: Any, sheet: Path) -> None:
    expected = read_expected(sheet)
    found = {
        tuple(map(as_written, row[: expected.key_length])): row[expected.key_length :]
        for row in rows(
            f"select {', '.join(expected.columns)} from marts_next.{expected.mart} "
            f"where {expected.condition}"
        )
    }
    assert set(found) == {row[: expected.key_length] for row in expected.rows}
    for row in expected.rows:
        key, cells = row[: expected.key_length], row[expected.key_length :]
        shown = dict(
            zip(expected.columns, [*key, *map(as_expected, found[key], cells)], strict=True)
        )
        written = dict(zip(expected.columns, [*key, *map(as_number, cells)], strict=True))
        assert shown == written, key


def test_every_creator_with_a_cost_is_in_every_cost_mart(rows: Any) -> None:
    """cia and dan sold nothing; they cost 165.00 and are nowhere left out."""
    cost = dict(
        rows(
            "select creator_id, sum(cost_amount) from core.fct_creator_cost "
            "where cost_basis = 'delivered' group by creator_id"
        )
    )
    assert cost == {
        "ana": Decimal(371), "ben": Decimal(100), "cia": Decimal(65), "dan": Decimal(100),
        "eva": Decimal(410),
    }  # fmt: skip
    by_creator = {
        "mart_creator_scorecard": "sum(cost_amount)",
        "mart_creator_campaign_daily": "sum(delivered_cost_amount)",
    }
    for mart, total in by_creator.items():
        found = rows(f"select creator_id, {total} from marts_next.{mart} group by creator_id")
        assert dict(found) == cost, mart
    whole = {
        "mart_spend_plan": "sum(delivered_amount)",
        "mart_channel_comparison": "sum(cost_amount)",
        "mart_concentration": "max(total_amount) filter (where measure = 'delivered_cost')",
        "mart_program_quarterly":
            "max(delivered_cost_amount) filter (where creator_id = '(all creators)')",
    }  # fmt: skip
    for mart, total in whole.items():
        assert rows(f"select {total} from marts_next.{mart}") == [(sum(cost.values()),)], mart


def test_totals_of_marts_tie_to_facts_and_facts_to_raw(rows: Any) -> None:
    """Kept orders of creators: 460.00; the shop's net sales, all orders but the test: 600.00."""
    ((raw,),) = rows(
        "select sum(sales.total_amount - sales.total_tax) from raw.shopify__order_sales as sales "
        "inner join raw.shopify__orders as orders using (connection_id, order_id) "
        "where sales.line_type = 'PRODUCT' and not orders.test"
    )
    ((facts,),) = rows(
        "select sum(net_revenue_amount) from core.fct_order where order_class <> 'test'"
    )
    ((reported, attributed),) = rows(
        "select sum(shop_net_sales_amount), sum(attributed_amount) "
        "from marts_next.mart_attribution_reconciliation "
        "where attribution_model = 'linear' and rule_version = 'all'"
    )
    assert (raw, facts, reported) == (Decimal(600), Decimal(600), Decimal(600))
    creators = {
        "mart_creator_scorecard": "sum(net_revenue_amount)",
        "mart_creator_campaign_daily": "sum(net_revenue_by_event_date_amount)",
        "mart_concentration": "max(total_amount) filter (where measure = 'net_revenue')",
        "mart_attribution_comparison":
            "sum(net_revenue_amount) filter (where attribution_model = 'linear')",
        "mart_product_performance":
            "sum(net_revenue_amount) filter (where channel_type = 'creator')",
        "mart_channel_comparison":
            "sum(net_revenue_amount) filter (where channel_type = 'creator')",
    }  # fmt: skip
    for mart, total in creators.items():
        assert rows(f"select {total} from marts_next.{mart}") == [(attributed,)], mart
    assert attributed == Decimal(460)


def test_sessions_and_posts_of_marts_are_the_raw_ones(rows: Any) -> None:
    """160 sessions and four posts, to the unit."""
    counts = {
        "raw.ga4__source_sessions": "sum(sessions)",
        "core.fct_web_session_daily": "sum(session_count)",
        "marts_next.mart_creator_scorecard": "sum(session_count)",
        "marts_next.mart_creator_campaign_daily": "sum(session_count)",
    }
    for table, total in counts.items():
        assert rows(f"select {total} from {table}") == [(160,)], table
    for table in ("core.fct_post", "marts_next.mart_content_performance"):
        assert rows(f"select count(*) from {table}") == [(4,)], table


@pytest.mark.parametrize(
    ("rate", "successes"),
    [("cvr_session", (2, 0, 0, 0, 3)), ("orders_per_click", (2.5, 0, 0, 0, 2.5))],
)
def test_rates_are_drawn_to_the_campaign(
    rows: Any, rate: str, successes: tuple[float, ...]
) -> None:
    """Of ana, ben, cia, dan and eva; nobody followed a link of cia or dan, whose mean is all's."""
    found = rows(
        f"select estimated_{rate}::float8, {rate}_low::float8, {rate}_high::float8 "
        "from marts_next.mart_creator_scorecard order by creator_id"
    )
    by_hand = integrate_rates(successes, (40, 20, 0, 0, 100))
    for shown, (mean, low, high) in zip(found, by_hand, strict=True):
        assert shown == pytest.approx((mean, low, high), rel=0.05)
    assert found[2] == found[3]


def test_codes_that_are_used_late_or_by_old_customers_are_compared_with_their_siblings(
    rows: Any,
) -> None:
    """Days and uses by days since the owner's last post: 0-1, 2-3, 4-6, 7-13, 14-27 of June.

    ana posted on the 2nd and 6th, ben on the 3rd, cia's piece was due on the 4th, dan's on the 6th,
    eva posted on the 6th. A quarter is expected a week after the post and later; there was no use.
    eva's known customer was an old one, ana's and ben's were new: one of one beside none of one
    each. That, and no late use, is all that speaks against her code.
    """
    days = [
        (4, 4, 3, 7, 11, 0), (2, 2, 3, 7, 14, 0), (2, 2, 3, 7, 13, 0), (2, 2, 3, 7, 11, 0),
        (2, 2, 3, 7, 11, 0),
    ]  # fmt: skip
    nothing = (0, 0, 0, 0, 0, 0)
    uses = [(1, 0, 1, 0, 0, 0), (0, 1, 0, 0, 0, 0), nothing, nothing, (0, 0, 1, 0, 0, 0)]
    late = [expect_late_share(days, uses, code, 3) for code in (0, 1, 4)]
    returning = score_one_of_one(2)
    found = rows(
        "select off_post_expected_count::float8, returning_score::float8, leak_score::float8 "
        "from marts_next.mart_code_leakage order by code_key"
    )
    assert found[0] == pytest.approx((2 * late[0], 0, 0), abs=1e-4)
    assert found[1] == pytest.approx((late[1], 0, 0), abs=1e-4)
    assert found[2] == found[3] == (None, None, 0)
    assert found[4][0] == pytest.approx(late[2], abs=1e-4)
    assert found[4][1] == pytest.approx(returning, rel=0.05)
    assert found[4][2] == pytest.approx(add_up_two(returning, 0), rel=0.1)


def test_chances_of_the_next_piece_fit_together(rows: Any) -> None:
    """Four creators have a price: one is the best, three are the best three. Drawn, not worked out.

    What a piece leaves is its return times its price, and the fee it can bear without its product.
    """
    ((best, top_3, priced),) = rows(
        "select sum(p_best)::float8, sum(p_top_3)::float8, count(p_best) "
        "from marts_next.mart_budget_recommendation"
    )
    assert (best, top_3, priced) == (pytest.approx(1, abs=1e-5), pytest.approx(3, abs=1e-5), 4)
    products = {"ana": 25, "ben": 0, "dan": 0, "eva": 0}
    found = rows(
        "select creator_id, break_even_fee_amount::float8, "
        "(estimated_next_piece_return * quoted_price_amount)::float8 "
        "from marts_next.mart_budget_recommendation where p_best is not null"
    )
    assert {creator for creator, *_ in found} == set(products)
    for creator, fee, left in found:
        assert fee + products[creator] == pytest.approx(left, abs=0.01), creator


def test_lifts_are_estimated_from_the_days_and_regions_that_were_read(
    rows: Any, warehouse: Any
) -> None:
    """Net sales on eleven days of June; four days before and while the regions were split.

    Orders are the report's where it has them (two on 2 June, of which one was never read), counted
    on other days. From 4 to 7 June and from 8 to 11 June. Canada: order 8 was taken back, so 0. New
    York: orders 3 and 6. Oregon: orders 5 and 7.
    """
    with psycopg.connect(warehouse.dsn("transformer")) as connection:
        (campaign,) = read_days(connection, LAST_DAY)
        (split,) = read_splits(connection, LAST_DAY)
    sales = dict(zip(campaign.days, campaign.measures["net_sales"], strict=True))
    assert (campaign.first_day, campaign.days[0], len(campaign.days)) == (0, FIRST_DAY, 14)
    known = {day.day: value for day, value in sales.items() if value == value}
    assert known == {
        2: 100, 3: 80, 4: 45, 5: 50, 6: 60, 7: 40, 8: 10, 9: 70, 10: 210, 11: -90, 12: 25,
    }  # fmt: skip
    orders = dict(zip(campaign.days, campaign.measures["orders"], strict=True))
    assert [orders[day] for day in campaign.days] == [
        0, 2, 1, 1, 1, 1, 1, 1, 1, 2, 0, 1, 0, 0,
    ]  # fmt: skip
    assert split[:3] == ("june", "east", (4, 4))
    assert split[3] == [(0.0, 0.0, False), (50.0, 30.0, True), (40.0, 70.0, False)]


@pytest.mark.parametrize(
    ("mart", "metric"), RATIOS, ids=[f"{mart.name}.{metric.column}" for mart, metric in RATIOS]
)
def test_a_ratio_is_its_numerator_over_its_denominator(
    rows: Any, mart: Mart, metric: Metric
) -> None:
    """As the meta names them; NULL, not 0, where the denominator is 0 or unknown."""
    over, under = (
        " ".join(
            f"- {part[1:]}::numeric" if part.startswith("-") else f"+ {part}::numeric"
            for part in parts
        )
        for parts in (metric.numerator, metric.denominator)
    )
    # Parts are kept to the cent and shares to six digits, so the quotient is known no nearer.
    off = f"abs({metric.column} - ({over}) * {metric.scale} / ({under}))"
    near = f"0.000001 + 0.006 * {metric.scale} / abs({under})"
    checked = f"{off} <= {near}" if metric.is_exact else "true"
    wrong = rows(
        f"select {metric.column}, {over}, {under} from marts_next.{mart.name} "
        f"where {metric.column} is not null "
        f"and not case when coalesce({under}, 0) = 0 then false else {checked} end"
    )
    assert wrong == []


@pytest.mark.parametrize(
    ("mart", "metric"), SHARES, ids=[f"{mart.name}.{metric.column}" for mart, metric in SHARES]
)
def test_a_share_lies_between_0_and_1(rows: Any, mart: Mart, metric: Metric) -> None:
    columns = (metric.column, *metric.bounds)
    inside = " and ".join(f"coalesce({column} between 0 and 1, true)" for column in columns)
    ((count,),) = rows(f"select count(*) from marts_next.{mart.name} where not ({inside})")
    assert count == 0
    for bound in metric.bounds:
        side = "<=" if bound.endswith("_low") else ">="
        if (mart.name, metric.column) not in UNBOUNDED_AT_TIMES:
            missing = f"{metric.column} is not null and {bound} is null"
            ((count,),) = rows(f"select count(*) from marts_next.{mart.name} where {missing}")
            assert count == 0, missing
        ((count,),) = rows(
            f"select count(*) from marts_next.{mart.name} "
            f"where not ({bound} {side} {metric.column})"
        )
        assert count == 0
