"""Codes, commission, products and tracking from the hand-made shop to their marts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import SHOP, Market, first_orders, later_orders, report, utc
from in_process_dbt import run_dbt

from include.leak_scores import score_leaks

MARTS = (
    "mart_code_usage",
    "mart_code_leakage",
    "mart_commission_statement",
    "mart_product_performance",
    "mart_tracking_preflight",
)


class Built:
    """The hand-made shop with the marts of this module."""

    def __init__(self, warehouse: Any) -> None:
        self.warehouse = warehouse

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()


def code_orders(market: Market) -> None:
    """Orders 20-23: cy's code before cy posts anything, by way of a coupon site; two codes."""
    for number in range(20, 23):
        market.order(number, f"2026-03-09 1{number - 15}:00", "30.00", codes=("cy15",))
        market.visit(
            number, "v1", "2026-03-09 14:00", referrer_url="https://www.retailmenot.com/view/brand",
            source="referral",
        )  # fmt: skip
    market.connection.execute(
        "update raw.shopify__orders set journey_moments_count = 1 where order_id >= '9000000020'"
    )
    market.add(
        "shopify__discount_codes", connection_id=SHOP, code_id="1", code="FREESHIP",
        discount_type="DiscountCodeFreeShipping", window_start=utc("2026-03-09 05:00"),
    )  # fmt: skip
    market.order(23, "2026-03-09 20:00", "33.33", codes=("ANA15", "BO15", "FREESHIP"))
    market.add(
        "shopify__order_lines", connection_id=SHOP, order_id="9000000023", line_id="l1", sku="S-30",
        variant_id="v30", quantity=3, current_quantity=3,
    )  # fmt: skip
    market.connection.execute(
        "update raw.shopify__order_sales set line_id = 'l1', quantity = 3 "
        "where order_id = '9000000023' and sale_id = 'sale'"
    )
    market.connection.execute(
        "update raw.campaign_plan__contracts set commission_rate = 0.1, commission_hold_days = 2, "
        """commission_payouts = '[{"paid_date": "2026-03-12", "amount": "4.00"}]' """
        "where creator_id = 'ana'"
    )


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    """Core, scores and marts; the project's own tests run with the whole build elsewhere."""
    warehouse.reset()
    target: Path = tmp_path_factory.mktemp("dbt_code_marts")
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 3, 5))
        for write in (Market.plan, Market.shop, first_orders, later_orders, code_orders, report):
            write(market)
    parents = [
        "build",
        *("--select", *[f"+{model}" for model in (*MARTS, "fct_refund_line", "fct_creator_cost")]),
    ]
    no_tests = ("--exclude-resource-type", "unit_test", "--exclude-resource-type", "test")
    run_dbt(warehouse, [*parents, "--exclude", "path:models/marts", *no_tests], target)
    score_leaks(warehouse.dsn("transformer"), 1)
    run_dbt(warehouse, ["build", "--select", *MARTS, *no_tests], target)
    yield Built(warehouse)
    warehouse.reset()


def test_money_of_an_order_with_two_codes_is_shared_to_the_cent(built: Built) -> None:
    """33.33 over two codes is 16.67 and 16.66; the code for free shipping takes nothing."""
    rows = built.rows(
        "select code_key, gross_amount, net_revenue_amount, is_shared "
        "from intermediate.int_code_redemptions where order_id = '9000000023' order by code_key"
    )
    assert rows == [
        ("ANA15", Decimal("16.67"), Decimal("16.67"), True),
        ("BO15", Decimal("16.66"), Decimal("16.66"), True),
    ]


def test_a_code_belongs_to_its_owner_of_the_day(built: Built) -> None:
    rows = built.rows(
        "select creator_id, order_date, redemption_count, exact_spelling_count "
        "from marts_next.mart_code_usage where code_key = 'SHARED' order by order_date"
    )
    assert rows == [("ana", dt.date(2026, 3, 10), 1, 1), ("bo", dt.date(2026, 3, 11), 1, 0)]


def test_every_code_is_judged_also_one_without_a_use(built: Built) -> None:
    """cy has no live piece yet, so three uses are early; they came by a coupon site, too."""
    rows = built.rows(
        "select code_key, creator_id, leak_class, use_count, before_post_use_count, "
        "coupon_site_use_count, leaked_order_count, leaked_net_revenue_amount, "
        "suggested_compromised_from_date from marts_next.mart_code_leakage order by 1, 2"
    )
    found = {(row[0], row[1]): row[2:] for row in rows}
    assert set(found) == {
        ("ANA15", "ana"), ("BO15", "bo"), ("CY15", "cy"), ("SHARED", "ana"), ("SHARED", "bo"),
    }  # fmt: skip
    assert found["CY15", "cy"] == (
        "leaked", 4, 0, 3, 4, Decimal("110.00"), dt.date(2026, 3, 9),
    )  # fmt: skip


def test_what_is_owed_is_what_the_costs_say(built: Built) -> None:
    """ana's statement and ana's commission cost are one sum; two days of it are on hold."""
    ((owed, paid, total),) = built.rows(
        "select owed_amount, paid_amount, commission_amount "
        "from marts_next.mart_commission_statement where creator_id = 'ana'"
    )
    ((cost,),) = built.rows(
        "select sum(cost_amount) from core.fct_creator_cost "
        "where creator_id = 'ana' and cost_type = 'commission'"
    )
    assert (total, paid) == (cost, Decimal("4.00"))
    ((on_hold,),) = built.rows(
        "select sum(commission_amount) from intermediate.int_commission_entries "
        "where creator_id = 'ana' and order_date > date '2026-03-12'"
    )
    assert owed == total - on_hold - paid
    assert on_hold > 0


def test_products_add_up_to_the_kept_orders(built: Built) -> None:
    """Over variants, channels and what names no line, to the cent."""
    ((products,),) = built.rows(
        "select sum(net_revenue_amount) from marts_next.mart_product_performance"
    )
    ((orders,),) = built.rows(
        "select sum(net_revenue_amount) from core.fct_order where order_class = 'kept'"
    )
    assert products == orders
    rows = built.rows(
        "select channel, sold_unit_count, net_revenue_amount "
        "from marts_next.mart_product_performance where variant_key = 'v30' order by channel"
    )
    # ana and bo each hold the order's code; 33.33 is 16.67 and 16.66.
    assert rows == [
        ("ana", Decimal("1.500000"), Decimal("16.67")),
        ("bo", Decimal("1.500000"), Decimal("16.66")),
    ]


def test_preflight_names_the_codes_the_shop_does_not_have(built: Built) -> None:
    rows = built.rows(
        "select item_kind, check_status, problem, count(*) "
        "from marts_next.mart_tracking_preflight where item_kind <> 'post' "
        "group by 1, 2, 3 order by 1, 2, 3"
    )
    # No sessions were loaded, so nobody can tell whether links and pages work.
    assert rows == [
        ("code", "ended", None, 1),
        ("code", "problem", "code_missing_in_shop", 4),
        ("landing_page", "unverifiable", None, 1),
        ("link", "unverifiable", None, 3),
    ]
