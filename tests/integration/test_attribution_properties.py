"""Properties of the whole way from sources' rows to credit, on orders that hypothesis draws.

All orders are one batch, because a dbt run takes much longer than an order: all rows at once, and
the same rows in two runs, by the day they were told, newest first, many told again by the second.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
import pytest
from drawn_sources import Drawn, Row, Upsert, orders, rows_of
from hypothesis import Phase, given, settings
from in_process_dbt import run_dbt

from tests.conftest import Warehouse

BATCH = 60
CUTS = (dt.date(2026, 3, 18),)
END = dt.date(2026, 5, 31)
TABLES = ("core.fct_touchpoint", "core.fct_attribution_credit", "intermediate.int_path_summary")
BUILD = ("build", "--exclude-resource-type", "unit_test", "test", "--select")
MODELS = tuple(f"+{table.partition('.')[2]}" for table in TABLES)
Contents = dict[str, list[tuple[Any, ...]]]


class Shop:
    """A warehouse that is filled load by load and measured after each."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        warehouse.reset()
        self.warehouse, self.folder, self.load_id = warehouse, folder, 0

    def measure(self, day: dt.date, rows: list[Row], *, is_first: bool) -> None:
        """Write rows as one load and build."""
        self.load_id += 1
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = Upsert(connection, self.load_id)
            market.record_load("shopify", "orders", day)
            if is_first:
                market.plan()
                market.shop()
            for _, write in rows:
                write(market)
            connection.execute("update quality.measure_runs set status = 'published'")
            connection.execute(
                "with opened as (insert into quality.measure_runs (day, as_of_date, run_id) "
                "values (%s, %s, 'test') returning measure_run_id) "
                "insert into quality.measure_run_loads select measure_run_id, %s from opened",
                [END, END, self.load_id],
            )
        run_dbt(self.warehouse, [*BUILD, *MODELS], self.folder)

    def contents(self) -> Contents:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            return {table: _sorted_rows(connection, table) for table in TABLES}


def _sorted_rows(connection: psycopg.Connection, table: str) -> list[tuple[Any, ...]]:
    schema, _, name = table.partition(".")
    columns = [
        f"round({column}, 12)" if column.endswith("_share") else column
        for (column,) in connection.execute(
            "select column_name from information_schema.columns "
            "where table_schema = %s and table_name = %s and column_name <> 'load_id' "
            "order by ordinal_position",
            [schema, name],
        )
    ]
    query = f"select {', '.join(columns)} from {table}"
    return sorted(connection.execute(query.encode()).fetchall(), key=str)


def draw_batch() -> list[Drawn]:
    """Let hypothesis draw as many different orders as a batch holds, the same in every run."""
    batch: list[Drawn] = []

    @settings(max_examples=BATCH, deadline=None, derandomize=True, phases=[Phase.generate])
    @given(orders)
    def collect(drawn: Drawn) -> None:
        batch.append(drawn)

    collect()
    return batch


@pytest.mark.long
def test_order_days_and_repeats_of_source_rows_change_nothing(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    batch = draw_batch()
    rows = [row for number, drawn in enumerate(batch, 1) for row in rows_of(number, drawn)]
    shop = Shop(clean_warehouse, tmp_path)
    shop.measure(END, rows, is_first=True)
    whole = shop.contents()
    check_conservation(clean_warehouse, batch)
    split = Shop(clean_warehouse, tmp_path)
    draw = random.Random(1)
    told: list[Row] = []
    for number, (start, end) in enumerate(pairwise((dt.date.min, *CUTS, dt.date.max))):
        new = [row for row in rows if start <= row[0] < end]
        # What was told before comes again first, half of it; a day's rows come newest first.
        again = sorted(draw.sample(told, len(told) // 2), key=lambda row: row[0])
        split.measure(END, [*again, *order_last_rows_first(new)], is_first=number == 0)
        told += new
    found = split.contents()
    assert len(whole["core.fct_touchpoint"]) > BATCH
    for table in TABLES:
        assert found[table] == whole[table], table


def order_last_rows_first(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row[0])[::-1]


def check_conservation(warehouse: Warehouse, batch: list[Drawn]) -> None:
    """Shares sum to 1 and cents to the entry, per order, date, version and model."""
    with psycopg.connect(warehouse.admin_dsn) as connection:
        cursor = connection.cursor(row_factory=psycopg.rows.dict_row)
        rows = cursor.execute("select * from core.fct_attribution_credit").fetchall()
    entries = defaultdict(list)
    for row in rows:
        entries[row["order_id"], row["event_date"], row["rule_version"]].append(row)
    models = [name.removesuffix("_share") for name in rows[0] if name.endswith("_share")]
    assert len(models) == 8
    for parts in entries.values():
        for model in models:
            assert abs(sum(part[f"{model}_share"] for part in parts) - 1) < Decimal("1e-12")
            assert sum(part[f"{model}_amount"] for part in parts) == parts[0]["entry_net_amount"]
    assert {order for order, _, _ in entries} == {
        str(9_000_000_000 + number) for number, _ in enumerate(batch, 1)
    }
