"""dbt beside a warehouse of hand-made rows: load, measure as a run would, compare what came out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from hand_made_market import Market
from in_process_dbt import run_dbt

from include.measure import solve

FACTS = (
    "core.fct_order",
    "core.fct_order_sale",
    "core.fct_touchpoint",
    "core.fct_attribution_credit",
    "core.fct_post",
    "core.fct_post_metrics_daily",
    "intermediate.int_posts_measured",
    "core.fct_web_session_daily",
    "core.fct_creator_cost",
)
MARTS = (
    "marts_next.mart_creator_scorecard",
    "marts_next.mart_attribution_comparison",
    "marts_next.mart_attribution_reconciliation",
    "marts_next.mart_content_performance",
    "marts_next.mart_tracking_coverage",
)
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
NO_TESTS = (*NO_UNIT_TESTS, "test")
NO_MARTS = ("--exclude", "path:models/marts")


class Build:
    """A clean warehouse with dbt beside it."""

    def __init__(self, warehouse: Any, target: Path) -> None:
        self.warehouse, self.target = warehouse, target

    def load(self, load_id: int, day: dt.date, *writers: Callable[[Market], None]) -> None:
        """Write raw rows as one load of the shop's orders."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = Market(connection, load_id)
            market.record_load("shopify", "orders", day)
            for write in writers:
                write(market)

    def measure(
        self,
        *load_ids: int,
        day: dt.date = dt.date(2026, 3, 14),
        chosen: Sequence[str] = NO_UNIT_TESTS,
    ) -> None:
        """Open a run over some loads, build, solve, publish the run.

        `chosen` says what dbt builds and checks: unless told, all with all data tests.
        """
        run = self.open_run(*load_ids, day=day)
        self.dbt("build", *chosen)
        solve(self.warehouse.dsn("transformer"), run)
        self.publish_run()

    def open_run(self, *load_ids: int, day: dt.date = dt.date(2026, 3, 14)) -> int:
        """Open a run over some loads and return its id."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            row = connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id, sources_present) "
                "values (%s, %s, 'test', '{shopify}') returning measure_run_id",
                [day, day],
            ).fetchone()
            assert row is not None
            for load_id in load_ids:
                connection.execute(
                    "insert into quality.measure_run_loads values (%s, %s)", [row[0], load_id]
                )
        return int(row[0])

    def publish_run(self) -> None:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute("update quality.measure_runs set status = 'published'")

    def dbt(self, *arguments: str) -> None:
        run_dbt(self.warehouse, arguments, self.target)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()

    def contents(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of some tables, unless told of every fact and mart."""
        return {
            table: sorted(self.rows(f"select {table.split('.')[1]}::text from {table}"))
            for table in tables or (*FACTS, *MARTS)
        }


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """Tables that differ; the run's own facts (as_of_date, sources) are the same in both builds."""
    return [table for table in one if "marts_next" not in table and one[table] != other[table]]
