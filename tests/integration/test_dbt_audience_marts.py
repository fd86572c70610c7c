"""Tiers, benchmarks, audiences, places and candidates from the hand-made shop to their marts.

ana (12,000 followers and more, connected) and bo (8,000, seen from outside; 4,000 of them came on
one day) each have one live piece; cy's personal account shows nothing, so both pieces count.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import INSTAGRAM, PLAN, SHOP, Market, first_orders, later_orders, utc
from in_process_dbt import run_dbt
from psycopg.types.json import Jsonb

from include.audience_scores import score_campaign_audiences
from include.sentiment import score_comments

MARTS = (
    "mart_tier_comparison",
    "mart_creator_scorecard",
    "mart_benchmark_comparison",
    "mart_audience_quality",
    "mart_geo_match",
    "mart_candidate_shortlist",
)
ANA_WINDOW = (dt.date(2026, 3, 2), dt.date(2026, 3, 8))


class Built:
    """The hand-made shop with the marts of this module."""

    def __init__(self, warehouse: Any) -> None:
        self.warehouse = warehouse

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()


def followers(market: Market) -> None:
    """15 days: ana wins ten a day, bo eight and 4,000 on 10 March."""
    for number in range(15):
        day = dt.date(2026, 2, 26) + dt.timedelta(days=number)
        key = {"connection_id": INSTAGRAM, "window_start": utc(f"{day} 05:00")}
        bought = 4_000 if day >= dt.date(2026, 3, 10) else 0
        market.add(
            "instagram__accounts", **key, account_id="17", username="ana.ig",
            followers_count=12_000 + 10 * number,
        )  # fmt: skip
        market.add(
            "instagram__discovered_accounts", **key, account_id="18", username="bo.ig",
            followers_count=8_000 + 8 * number + bought,
        )  # fmt: skip


def comments(market: Market) -> None:
    """26 comments under ana's post: six would fit any post, one is written three times.

    Two are in Spanish, and nobody knows which of those would fit any post.
    """
    texts = [f"my skin took {number} days" for number in range(15)]
    texts += ["where is it made"] * 3 + ["wow", "🔥🔥", "Love it!", "so pretty", "nice", "Perfect."]
    texts += ["¡Qué bonito es todo esto, me encanta!", "¿Dónde puedo comprar esta crema en Madrid?"]
    for number, text in enumerate(texts):
        market.add(
            "instagram__comments", connection_id=INSTAGRAM, comment_id=str(number),
            media_id="post_ana", account_id="17", username=f"u{number}", text=text,
            timestamp=utc("2026-03-02 13:00"),
        )  # fmt: skip


def places(market: Market) -> None:
    """ana's followers are 70 % US and 30 % CA, by name; order 30's customer is in Canada."""
    for number, (segment, share) in enumerate((("United States", "0.7"), ("CA", "0.3"))):
        market.add(
            "files__audience_breakdown", connection_id="files", file_name="a.json",
            line_number=number, platform="instagram", creator_handle="@Ana.ig",
            as_of_date=dt.date(2026, 3, 1), dimension="country", segment=segment,
            share_rate=Decimal(share),
        )  # fmt: skip
    market.order(30, "2026-03-07 17:00", "36.00", customer_id="77", codes=("ANA15",))
    market.link_visit(30, "v1", "2026-03-07 16:00", "ana")
    market.connection.execute(
        "update raw.shopify__orders set source_name = 'pos' where order_id = '9000000030'"
    )
    market.add(
        "shopify__customers", connection_id=SHOP, customer_id="77", country_code="CA",
        currency_code="USD",
    )  # fmt: skip


def candidates(market: Market) -> None:
    """ana was picked; zed's numbers are typed: 4,000 followers, 480 reactions on 4 posts."""
    asked = {
        "followers_low": 5_000, "followers_high": 50_000, "er_by_followers_low": Decimal("0.03"),
        "niches": Jsonb(["skincare"]), "regions": Jsonb(["US"]), "currency_code": "USD",
        "connection_id": PLAN, "campaign_id": "spring", "platform": "instagram",
        "evaluator": "eva", "evaluated_date": dt.date(2026, 2, 27),
    }  # fmt: skip
    market.add(
        "campaign_plan__candidates", **asked, handle="Ana.ig", candidate_status="picked",
        creator_id="ana", niche="skincare", region="US-NY",
    )  # fmt: skip
    market.add(
        "campaign_plan__candidates", **asked, handle="zed", candidate_status="dropped",
        followers_count=4_000, sampled_post_count=4, sampled_engagement_count=480,
        niche="skincare", region="GB",
    )  # fmt: skip


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Core, scores and marts; the project's own tests run with the whole build elsewhere."""
    warehouse.reset()
    target: Path = tmp_path_factory.mktemp("dbt_audience_marts")
    writers = (Market.plan, Market.shop, first_orders, later_orders)
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 3, 5))
        for write in (*writers, followers, comments, places, candidates):
            write(market)
    parents = [f"+{mart}" for mart in (*MARTS, "int_audience_posts", "int_audience_comments")]
    no_tests = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    run_dbt(
        warehouse,
        ["build", "--select", *parents, "--exclude", "path:models/marts", *no_tests],
        target,
    )
    assert score_comments(warehouse.dsn("transformer")) == 26
    assert score_campaign_audiences(warehouse.dsn("transformer"), 7) == 3
    run_dbt(warehouse, ["build", "--select", *MARTS, *no_tests], target)
    yield Built(warehouse)
    warehouse.reset()


def test_each_creator_is_in_the_arm_of_their_followers_with_all_their_cost(built: Built) -> None:
    """Half the fee of 100.00 is live with ana and bo, all with cy; each got 20.00 of goods."""
    rows = built.rows(
        "select arm, creator_count, delivered_cost_amount, counted_piece_count, live_piece_count, "
        "cost_amount from marts_next.mart_tier_comparison "
        "where platform = 'all' and window_days = 7 order by arm"
    )
    assert rows == [
        ("micro", 1, Decimal("70.00"), 1, 1, Decimal("70.00")),
        ("nano", 1, Decimal("70.00"), 1, 1, Decimal("70.00")),
        # Of cy's two pieces the one of 4 March is seven days old: 50.00 and half the goods.
        ("untiered", 1, Decimal("120.00"), 1, 2, Decimal("60.00")),
    ]


def test_orders_of_an_arm_are_the_credits_of_its_days(built: Built) -> None:
    """Added up here from the credits: ana's linear share of orders of 2 to 8 March."""
    credits_ = built.rows(
        "select order_date, linear_share * conversion_count, linear_amount "
        "from core.fct_attribution_credit where creator_id = 'ana' and rule_version = 'all' "
        "and order_class = 'kept'"
    )
    inside = [row for row in credits_ if ANA_WINDOW[0] <= row[0] <= ANA_WINDOW[1]]
    assert 0 < len(inside) < len(credits_)
    orders, revenue = sum(row[1] for row in inside), sum(row[2] for row in inside)
    assert revenue >= Decimal("76.00")  # orders 2 and 30 are hers alone
    [found] = built.rows(
        "select credited_order_count, net_revenue_amount, roas, roas_low from "
        "marts_next.mart_tier_comparison "
        "where arm = 'micro' and platform = 'all' and window_days = 7"
    )
    assert found[:2] == (round(orders, 6), round(revenue, 2))
    assert found[2:] == (round(revenue / 70, 6), None)  # one creator has no interval


def test_posts_are_measured_at_the_same_age(built: Built) -> None:
    """Read on the 7th day: 2,000 views for 70.00; reactions ana 100 of 12,040, bo 110 of 8,056."""
    rows = built.rows(
        "select arm, views_count, cpm, cpe_basic, er_by_followers "
        "from marts_next.mart_tier_comparison "
        "where platform = 'instagram' and window_days = 7 and measured_piece_count > 0 order by arm"
    )
    assert rows == [
        ("micro", 2000, Decimal("35.000000"), Decimal("0.700000"), Decimal("0.008306")),
        ("nano", 2000, Decimal("35.000000"), Decimal("0.636364"), Decimal("0.013654")),
    ]
    older = "select count(*) from marts_next.mart_tier_comparison where window_days > 7"
    assert built.rows(f"{older} and (views_count is not null or counted_piece_count > 0)") == [(0,)]


def test_a_claim_speaks_to_the_arm_of_its_tier_alone(built: Built) -> None:
    rows = built.rows(
        "select distinct arm, benchmark_id, benchmark_position, can_be_chance "
        "from marts_next.mart_benchmark_comparison "
        "where metric = 'er_by_followers' and benchmark_id like 'framework%' and window_days > 0 "
        "order by 2"
    )
    assert rows == [
        ("micro", "framework_er_floor", "below", None),
        ("micro", "framework_er_micro", "below", None),
    ]


def test_audiences_show_their_signs_and_what_nobody_can_read(built: Built) -> None:
    """4,000 on 8,088: half as many again.

    Six of the 24 comments that can be judged fit any post, two repeat another.
    """
    rows = built.rows(
        "select creator_id, spike_count, first_spike_date, spike_follower_count, audience_score, "
        "is_alert, comment_count, judged_comment_count, generic_comment_count, "
        "duplicate_comment_count, solve_id "
        "from marts_next.mart_audience_quality order by 1"
    )
    assert rows == [
        ("ana", 0, None, 0, Decimal("0.0000"), False, 26, 24, 6, 2, "run-7"),
        ("bo", 1, dt.date(2026, 3, 10), 4000, Decimal("0.6000"), True, 0, 0, 0, 0, "run-7"),
        ("cy", None, None, None, None, False, 0, 0, 0, 0, "run-7"),
    ]


def test_followers_and_orders_meet_by_country(built: Built) -> None:
    """The one located order came from Canada, where 30 % of ana's followers live."""
    rows = built.rows(
        "select country_code, audience_share_rate, located_order_count, order_share_rate, "
        "order_overlap_index, store_code_order_count from marts_next.mart_geo_match "
        "where creator_id = 'ana' order by 1"
    )
    assert [row[:4] for row in rows] == [
        ("CA", Decimal("0.300000"), Decimal("1.000000"), Decimal("1.000000")),
        ("US", Decimal("0.700000"), Decimal("1.000000"), Decimal("0.000000")),
        ("unknown", None, Decimal("1.000000"), None),
    ]
    assert {row[4:] for row in rows} == {(Decimal("0.300000"), 1)}


def test_candidates_are_judged_by_what_was_read_then_typed(built: Built) -> None:
    """27 February: 12,010 were read of ana. zed reacts at 480 ÷ (4 × 4,000) = 3 % but is small."""
    rows = built.rows(
        "select handle, followers_count, followers_source, tier, er_by_followers, niche_result, "
        "region_result, met_count, not_met_count, unknown_count, reasons "
        "from marts_next.mart_candidate_shortlist order by 1"
    )
    unknown = "er_by_followers: no connector reads it, and the evaluator typed nothing"
    assert rows == [
        ("ana.ig", 12010, "connector", "micro", None, "met", "met", 3, 0, 1, unknown),
        ("zed", 4000, "evaluator", "nano", Decimal("0.030000"), "met", "not met", 2, 2, 0,
         "followers: 4000 is below 5000; region: GB is not in US"),
    ]  # fmt: skip
