"""The market that measurements are taken on adds up, and a later day restates what it should."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.warehouse import ddl

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from market import LAST_DAY, Market, Size, drawn_market

pytestmark = pytest.mark.long

SIZE = Size(creators=24, orders=1_200, days=40)
ORDERS_PER_DAY = 30


@pytest.fixture(scope="module")
def market() -> Iterator[Market]:
    """A tiny market with its history loaded, the day after it not."""
    with drawn_market(SIZE) as drawn:
        drawn.load(SIZE.first_day, LAST_DAY)
        yield drawn


def ask(market: Market, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with psycopg.connect(market.cluster.admin_dsn(ddl.WAREHOUSE)) as connection:
        return connection.execute(query.encode()).fetchall()


def test_each_day_has_its_orders_and_the_ledger_says_what_they_cost(market: Market) -> None:
    days = ask(market, "select created_at::date, count(*) from raw.shopify__orders group by 1")
    assert len(days) == SIZE.days
    assert {count for _, count in days} == {ORDERS_PER_DAY}
    off = """
    select orders.order_id from raw.shopify__orders as orders
    inner join raw.shopify__order_sales as sales using (connection_id, order_id)
    group by orders.order_id, orders.total_price, orders.total_refunded
    having sum(total_amount) <> orders.total_price - orders.total_refunded
    """
    assert ask(market, off) == []


def test_the_shops_daily_report_is_the_sum_of_its_ledger(market: Market) -> None:
    reported = ask(market, "select sum(net_sales) from raw.shopify__daily_sales")
    ledger = """
    select sum(total_amount - total_tax) from raw.shopify__order_sales where line_type = 'PRODUCT'
    """
    assert reported == ask(market, ledger)
    assert reported[0][0] > Decimal(20_000)


def test_creators_and_refunds_are_as_frequent_as_promised(market: Market) -> None:
    ((reached, refunded),) = ask(
        market,
        """
        select
            count(*) filter (
                where exists (
                    select from raw.shopify__order_moments as moments
                    where moments.order_id = orders.order_id and utm_medium = 'influencer'
                )
                or exists (
                    select from raw.shopify__order_discount_codes as codes
                    where codes.order_id = orders.order_id and code like 'C%'
                )
            ),
            count(*) filter (where total_refunded > 0)
        from raw.shopify__orders as orders
        """,
    )
    # A sixth and, as some are still to come, a little under a twelfth; four standard deviations.
    assert 0.11 < reached / SIZE.orders < 0.23
    assert 0.03 < refunded / SIZE.orders < 0.11


def test_every_row_belongs_to_the_load_of_a_day(market: Market) -> None:
    tables = ask(
        market,
        """
        select table_name from information_schema.columns
        where table_schema = 'raw' and column_name = '_load_id'
        """,
    )
    filled = 0
    for (table,) in tables:
        query = f"""
        select count(*), count(loaded.load_id) from raw.{table} as stored
        left join quality.load_windows as loaded on stored._load_id = loaded.load_id
        """
        ((rows, known),) = ask(market, query)
        assert rows == known, table
        filled += rows > 0
    # Of the plan 10, of the shop 15, of GA4 7 and of Instagram 6.
    assert filled == 38


def test_the_same_numbers_make_the_same_market(market: Market) -> None:
    digest = "select md5(string_agg(o::text, '|' order by number)) from market.orders as o"
    before = ask(market, digest)
    market.execute("market_draw.sql")
    assert ask(market, digest) == before


def test_one_more_day_adds_its_orders_and_restates_older_ones(market: Market) -> None:
    drawn = f"select count(*) from market.orders where refund_day = {LAST_DAY + 1}"
    ((refunds_to_come,),) = ask(market, drawn)
    market.load(LAST_DAY + 1, LAST_DAY + 1)
    load_id = (LAST_DAY + 2) * 100 + 1
    ((orders, touched),) = ask(
        market,
        f"""
        select count(*), count(*) filter (where _load_id = {load_id}) from raw.shopify__orders
        """,
    )
    assert orders == SIZE.orders + ORDERS_PER_DAY
    assert refunds_to_come > 0
    assert touched == ORDERS_PER_DAY + refunds_to_come


def test_a_market_without_an_order_for_each_day_is_refused() -> None:
    with pytest.raises(ValueError, match="an order for each day"):
        Size(creators=1, orders=10, days=11)
