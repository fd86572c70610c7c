"""An erasure on the real models: the next measure run rebuilds the person's orders, money ties."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hand_made_market import Market, first_orders, later_orders, report
from in_process_dbt import run_dbt

from include.measure import open_measure_run
from include.privacy.erasure import Person, Places, apply_erasure
from include.sources import discover_sources
from include.warehouse.publish import publish
from tests.conftest import Warehouse

ANA = "7001234567890"
# What dim_customer and the orders call her.
ANAS_KEY = hashlib.md5(f"shopify customer {ANA}".encode()).hexdigest()
DAY = dt.date(2026, 3, 14)
KEY = b"the key of connection privacy"
FACTS = ("fct_order", "fct_order_sale", "fct_touchpoint", "fct_attribution_credit")


def anas_orders(market: Market) -> None:
    """Ana was sent product; her own purchase by code is a self-referral, another one is not."""
    gift = {"source_name": "shopify_draft_order", "total_discounts": 30}
    market.order(21, "2026-03-02 10:00", "0.00", customer_id=ANA, **gift)
    market.order(22, "2026-03-12 12:00", "33.00", codes=("ANA15",), customer_id=ANA)
    market.order(23, "2026-03-13 12:00", "44.00", customer_id=ANA, customer_order_index=3)


class Measured:
    """A market that was measured and published, with Ana in it."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse, self.folder = warehouse, folder
        with psycopg.connect(warehouse.admin_dsn) as connection:
            market = Market(connection, 1)
            market.record_load("shopify", "orders", DAY)
            writers = (Market.plan, Market.shop, first_orders, later_orders, anas_orders, report)
            for write in writers:
                write(market)
            # The loads written by hand have numbers of their own.
            connection.execute("alter sequence quality.load_windows_load_id_seq restart with 100")

    def measure(self, *left_out: str) -> int:
        """Open a run, build all but these kinds of nodes, publish; return the loads pinned."""
        dsn = self.warehouse.dsn("transformer")
        run = open_measure_run(dsn, DAY, ["shopify"], "test")
        assert run is not None
        arguments = ["build", "--exclude-resource-type", "unit_test", *left_out]
        run_dbt(self.warehouse, arguments, self.folder / "dbt")
        publish(dsn, run.measure_run_id)
        return run.load_count

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            return connection.execute(query.encode()).fetchall()

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every fact and published mart, without who the customer is."""
        tables = [f"core.{name}" for name in FACTS]
        tables += [
            f"marts.{name}"
            for (name,) in self.rows("select viewname from pg_views where schemaname = 'marts'")
        ]
        return {
            table: sorted(self.rows(f"select (to_jsonb(t) - 'customer_id')::text from {table} t"))
            for table in tables
        }

    def tables_with(self, value: str) -> list[str]:
        tables = self.rows(
            "select c.oid::regclass::text from pg_class c join pg_namespace n"
            " on n.oid = c.relnamespace where c.relkind in ('r', 'v', 'm')"
            " and n.nspname !~ '^(pg_|information_schema)' order by 1"
        )
        return [
            table
            for (table,) in tables
            if self.rows(f"select 1 from {table} t where strpos(t::text, '{value}') > 0 limit 1")
        ]

    def stored_with(self, value: str) -> list[str]:
        """Tables alone: what a view shows follows from them at the next run."""
        views = {
            name for (name,) in self.rows("select schemaname || '.' || viewname from pg_views")
        }
        return [table for table in self.tables_with(value) if table not in views]

    def erase(self) -> dict[str, int]:
        [(request_id,)] = self.rows(
            "insert into secrets.privacy_requests (request_key, connection_id, topic, origin,"
            " requested_at, due_at) values ('k', 'shopify', 'customers/redact', 'webhook', now(),"
            " now()) returning request_id"
        )
        places = Places(
            self.warehouse.dsn("loader"),
            self.warehouse.dsn("transformer"),
            str(self.folder / "landing"),
            KEY,
        )
        source = discover_sources()["shopify"]
        return apply_erasure(places, source, "shopify", [Person(request_id, {ANA})])


@pytest.fixture
def measured(clean_warehouse: Warehouse, tmp_path: Path) -> Measured:
    return Measured(clean_warehouse, tmp_path)


def test_money_and_attribution_stay_when_a_customer_is_forgotten(measured: Measured) -> None:
    # The build after the erasure has the very same rows, and is checked with all data tests.
    measured.measure("test")
    # A version that readers can go back to holds the person too.
    with psycopg.connect(measured.warehouse.dsn("transformer")) as connection:
        connection.execute(
            "create table marts_v1.mart_orders as select order_id, customer_id from core.fct_order"
        )
    before = measured.contents()
    # Behind staging nobody has the shop's number of her, only a key.
    found = {table for table in measured.tables_with(ANA) if not table.startswith("staging.")}
    assert {table.partition(".")[0] for table in found} == {"raw"}
    keyed = {"core.fct_order", "core.dim_customer", "marts_v1.mart_orders"}
    assert keyed <= set(measured.tables_with(ANAS_KEY))
    classes = dict(measured.rows("select order_id, order_class from core.fct_order"))
    assert classes["9000000022"] == "self_referral"

    touched = measured.erase()

    assert measured.tables_with(ANA) == measured.stored_with(ANAS_KEY) == []
    assert touched["raw.shopify__orders"] == 3
    assert touched["core.fct_order"] == 3
    assert touched["marts_v1.mart_orders"] == 3
    assert measured.contents() == before

    # Exactly her orders are rebuilt by the next run, and come out the same.
    assert measured.measure() == 1
    affected = measured.rows("select order_id from intermediate.int_orders_affected order by 1")
    assert affected == [("9000000021",), ("9000000022",), ("9000000023",)]
    assert measured.contents() == before
    assert measured.tables_with(ANA) == []
    tokens = measured.rows(
        "select distinct customer_id from core.fct_order where customer_id is not null"
    )
    assert len(tokens) == 1
    transformer = measured.warehouse.dsn("transformer")
    assert open_measure_run(transformer, DAY, ["shopify"], "test") is None
