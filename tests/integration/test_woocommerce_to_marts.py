"""A campaign in two shops: WooCommerce orders written by hand, from raw to the tie-out.

`spring` sells in the hand-made Shopify shop and in a WooCommerce one, which takes the same codes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_build import NO_UNIT_TESTS, Build, differing
from hand_made_market import Market, utc
from hand_made_woo import WOO, WooMarket, by_link

DAY = dt.date(2026, 3, 14)


def first_shop(market: Market) -> None:
    """One order of the first shop, by ana's code."""
    market.order(1, "2026-03-02 15:00", "100.00", codes=("ANA15",))
    market.daily_sales("2026-03-02", "100.00")


def first_orders(woo: WooMarket) -> None:
    """Orders of 2 March, New York; 03:30 UTC of the 3rd is still the 2nd there."""
    # By ana's link half an hour before; a guest. 60 goods, 6 tax, 5 shipping.
    woo.woo_order(
        7001, "2026-03-02 15:00", "40", "20", tax="6", shipping="5", refunds={7009: "22"},
        **by_link("ana", "2026-03-02 14:30:00"),
    )  # fmt: skip
    # bo's code as WooCommerce writes it; GA4 knows the order by its id.
    woo.woo_order(7002, "2026-03-03 03:30", "45", code="bo15", customer_id=7)
    woo.transaction("7002", "2026-03-02", "cy")
    # Cancelled by its status: no sale on any day.
    woo.woo_order(7003, "2026-03-02 16:00", "30", code="ana15", status="cancelled", customer_id=7)
    # Prices with 19 % tax: three lines of 2.80 make 8.39. Came directly.
    woo.woo_order(
        7004, "2026-03-02 16:30", "2.80", "2.80", "2.80", tax="1.60", net=Decimal("8.39"),
        prices_include_tax=True, source_type="typein", utm_source="(direct)",
        session_start_time="2026-03-02 16:00:00",
    )  # fmt: skip
    # ana's page by a link that lost its tags; the visitor's clock is a day ahead.
    woo.woo_order(
        7005, "2026-03-02 17:00", "11", source_type="referral", utm_source="l.instagram.com",
        referrer="https://l.instagram.com/", session_entry="https://studio.example/ana/",
        session_start_time="2026-03-03 16:59:00",
    )  # fmt: skip
    # Never paid; and a browser that sends a day no month has.
    woo.woo_order(
        7006, "2026-03-02 18:00", "12", status="pending", **by_link("bo", "2026-02-31 10:00:00")
    )


def rest(woo: WooMarket) -> None:
    """A part of 7001 comes back on the 5th; the customer's account, and the shop's report."""
    woo.woo_refund(7001, 7009, "2026-03-05 15:00", "20", "2")
    woo.add(
        "woocommerce__customers", connection_id=WOO, customer_id=7,
        date_created_gmt=utc("2026-03-02 15:59"),
    )  # fmt: skip
    woo.woo_report("2026-03-02", "124.39")  # 60 + 45 + 8.39 + 11
    woo.woo_report("2026-03-05", "-20")


class TwoShops(Build):
    """The first shop's loads are 1 and 3, the second's 2 and 4."""

    def load_woo(self, load_id: int, *writers: Callable[[WooMarket], None]) -> None:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            woo = WooMarket(connection, load_id)
            woo.record_load("woocommerce", "orders", dt.date(2026, 3, 2))
            for write in writers:
                write(woo)

    def first(self, *writers: Callable[[WooMarket], None]) -> None:
        self.load(1, dt.date(2026, 3, 2), Market.plan, Market.shop, first_shop)
        self.load_woo(2, WooMarket.site, *writers)


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("two_kinds_of_shop")


@pytest.fixture(scope="module")
def built(warehouse: Any, target: Path) -> Iterator[TwoShops]:
    warehouse.reset()
    build = TwoShops(warehouse, target)
    build.first(first_orders, rest)
    build.measure(1, 2, day=DAY)
    yield build
    warehouse.reset()


def test_orders_of_both_shops_have_one_set_of_words(built: TwoShops) -> None:
    assert built.rows(
        "select order_name, order_date::text, order_class, financial_status, "
        # Customers have keys of their own: who is the same is what counts.
        "case when customer_id is not null then dense_rank() over (order by customer_id) end, "
        "customer_order_index, sale_amount::text, restated_amount::text from core.fct_order "
        "where connection_id = 'woocommerce' order by order_id"
    ) == [
        ("#7001", "2026-03-02", "kept", "PARTIALLY_REFUNDED", None, None, "60.00", "-20.00"),
        ("#7002", "2026-03-02", "kept", "PAID", 1, 1, "45.00", "0.00"),
        ("#7003", "2026-03-02", "cancelled", "VOIDED", 1, None, "30.00", "-30.00"),
        ("#7004", "2026-03-02", "kept", "PAID", None, None, "8.39", "0.00"),
        ("#7005", "2026-03-02", "kept", "PAID", None, None, "11.00", "0.00"),
        ("#7006", "2026-03-02", "unpaid", "PENDING", None, None, "12.00", "-12.00"),
    ]  # fmt: skip


def test_each_shop_ties_to_its_own_report_on_every_day(built: TwoShops) -> None:
    columns = (
        "shop_net_sales_amount, attributed_amount, direct_amount, unattributed_amount, "
        "difference_amount"
    )
    found = built.rows(
        f"select connection_id, order_date::text, shop_sales_source, {columns} "
        "from marts_next.mart_attribution_reconciliation where attribution_model = 'last_touch' "
        "order by 1, 2"
    )
    assert [tuple(map(str, row)) for row in found] == [
        ("shopify", "2026-03-02", "shop_report", "100.00", "100.00", "0.00", "0.00", "0.00"),
        # ana's link and page, bo's code; 8.39 came directly.
        (WOO, "2026-03-02", "shop_report", "124.39", "116.00", "8.39", "0.00", "0.00"),
        (WOO, "2026-03-05", "shop_report", "-20.00", "-20.00", "0.00", "0.00", "0.00"),
    ]
    headers = "select order_date::text, net_sales_amount from intermediate.int_header_sales "
    assert built.rows(f"{headers} where connection_id = 'woocommerce' order by 1") == [
        ("2026-03-02", money("124.39")), ("2026-03-05", money("-20.00")),
    ]  # fmt: skip


def test_the_shops_attribution_and_codes_are_evidence(built: TwoShops) -> None:
    assert built.rows(
        "select order_id, touched_at, evidence_types, channel_type, channel "
        "from core.fct_touchpoint where connection_id = 'woocommerce' and rule_version = 'all' "
        "and (is_in_path or order_id = '7006') order by order_id, channel"
    ) == [
        ("7001", utc("2026-03-02 14:30"), "utm_link", "creator", "ana"),
        ("7002", utc("2026-03-03 03:30"), "discount_code", "creator", "bo"),
        ("7002", utc("2026-03-03 03:30"), "ga4_session", "creator", "cy"),
        ("7003", utc("2026-03-02 16:00"), "discount_code", "creator", "ana"),
        ("7004", utc("2026-03-02 16:00"), "", "direct", "direct"),
        ("7005", utc("2026-03-02 17:00"), "landing_page", "creator", "ana"),
        ("7006", utc("2026-03-02 18:00"), "utm_link", "creator", "bo"),
    ]
    assert built.rows(
        "select order_id, ga4_transaction_id_format from core.fct_order "
        "where ga4_transaction_id is not null"
    ) == [("7002", "order_id")]


def test_a_campaign_counts_what_its_shops_sell_together(built: TwoShops) -> None:
    """ana: 100 in the first shop, 60 - 20 and 11 in the second."""
    assert built.rows(
        "select net_revenue_amount, credited_order_count from marts_next.mart_creator_scorecard "
        "where creator_id = 'ana'"
    ) == [(money("151.00"), money("3.000000"))]
    assert built.rows(
        "select connection_id, order_count, creator_order_count, journey_order_count "
        "from marts_next.mart_tracking_coverage order by 1"
    ) == [("shopify", 1, 1, 0), (WOO, 6, 5, 4)]
    assert built.rows("select shop_connection_id, shop_connection_ids from core.dim_campaign") == [
        ("shopify", "shopify,woocommerce")
    ]


@pytest.mark.long
def test_loads_one_after_the_other_end_as_one_build_of_all(
    clean_warehouse: Any, target: Path
) -> None:
    """The refund and the account come in loads of their own, with no order beside them."""
    build = TwoShops(clean_warehouse, target)
    build.first(first_orders)
    build.measure(1, 2, day=DAY)
    net = "select net_revenue_amount from core.fct_order where order_id = '7001'"
    assert build.rows(net) == [(money("60.00"),)]
    build.load_woo(4, rest)
    build.measure(4, day=DAY)
    assert build.rows(net) == [(money("40.00"),)]

    def paid(woo: WooMarket) -> None:
        """7003 was cancelled by mistake: now it is the customer's first order, 7002 the second."""
        woo.connection.execute(
            "update raw.woocommerce__orders set status = 'processing', _load_id = 6 "
            "where order_id = 7003"
        )
        woo.connection.execute(
            "update raw.woocommerce__daily_sales set net_revenue = 154.39 where day = '2026-03-02'"
        )

    build.load_woo(6, paid)
    build.measure(6, day=DAY)
    index = (
        "select order_id, customer_order_index, count(*) over (partition by customer_id)"
        " from core.fct_order where order_id in ('7002', '7003')"
    )
    assert sorted(build.rows(index)) == [("7002", 2, 2), ("7003", 1, 2)]
    difference = (
        "select sum(abs(difference_amount)) from marts_next.mart_attribution_reconciliation"
    )
    assert build.rows(difference) == [(money("0.00"),)]
    incremental = build.contents()
    build.dbt("build", "--full-refresh", *NO_UNIT_TESTS)
    assert differing(incremental, build.contents()) == []


def money(text: str | int) -> Decimal:
    return Decimal(text)
