"""A day with few WooCommerce orders does not find them by reading all, again and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from counted_rows import count_statements
from hand_made_woo import WooMarket
from kept_tables import OF_BUYERS, OF_ORDERS
from random_market import RandomMarket

from tests.conftest import Warehouse

pytestmark = pytest.mark.long

HISTORY, NEW = 10_000, 20
# Copies of order 1, one a minute from a day on: written one by one they take minutes.
COPIES = """
insert into raw.woocommerce__orders
select (jsonb_populate_record(null::raw.woocommerce__orders, to_jsonb(written) || copied.changes)).*
from raw.woocommerce__orders as written
cross join generate_series(1, %(count)s) as n
cross join lateral jsonb_build_object(
    'order_id', %(first)s + n,
    'number', (%(first)s + n)::text,
    'customer_id', %(first)s + n,
    'date_created_gmt', written.date_created_gmt + n * interval '1 minute',
    '_load_id', %(load)s::bigint
) as copied (changes)
where written.order_id = %(first)s
"""
THEIR_ACCOUNTS = """
insert into raw.woocommerce__customers
select (jsonb_populate_record(null::raw.woocommerce__customers, to_jsonb(orders))).*
from raw.woocommerce__orders as orders
where order_id >= %(first)s
"""
THEIR_CODES = """
insert into raw.woocommerce__order_coupon_lines
select (jsonb_populate_record(
    null::raw.woocommerce__order_coupon_lines,
    to_jsonb(written) || jsonb_build_object('order_id', %(first)s + n)
)).*
from raw.woocommerce__order_coupon_lines as written
cross join generate_series(1, %(count)s) as n
where written.order_id = %(first)s
"""


def write_orders(market: WooMarket, first: int, day: str, count: int) -> None:
    placed = {"code": "ana15", "source_type": "typein", "customer_id": first}
    market.woo_order(first, f"{day} 12:00", "10.00", **placed)
    values = {"first": first, "count": count - 1, "load": market.load_id}
    market.connection.execute(COPIES, values)
    market.connection.execute(THEIR_ACCOUNTS, values)
    market.connection.execute(THEIR_CODES, values)


def opens(market: WooMarket) -> None:
    market.plan()
    market.shop()
    market.site()
    # The tables of the facts hold orders of both shops.
    market.order(1, "2026-03-05 17:00", "10.00", codes=("ANA15",))
    write_orders(market, 1, "2026-03-01", HISTORY)
    market.connection.execute(
        "analyze raw.woocommerce__orders, raw.woocommerce__order_coupon_lines, "
        "raw.woocommerce__customers"
    )


def test_a_days_orders_are_not_sought_among_all(
    clean_warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, to number the loaded orders' customers'; the loaded ones are found by their load.

    Once for the visits of orders with a code, whose customers' countries are found by key. Every
    order is of an account of its own: which side of a join is read first must decide nothing.
    """
    market = RandomMarket(clean_warehouse, tmp_path, 0, (*OF_BUYERS, *OF_ORDERS))
    market.write(opens)
    market.measure()
    market.write(lambda raw: write_orders(raw, 20_001, "2026-03-20", NEW))
    found = count_statements(monkeypatch)
    market.measure()
    assert market.affected_count() == NEW
    for model in ("int_orders_affected", "int_code_redemptions"):
        statements = [statement for statement in found if statement.name == model]
        reads = sum(statement.reads.get("woocommerce__orders", 0) for statement in statements)
        assert HISTORY <= reads < 1.5 * HISTORY, model
        assert max(statement.rows for statement in statements) < 1.5 * HISTORY, model
