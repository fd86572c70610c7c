"""A market that keeps changing: seeded random events in the raw tables, each run a load of its own.

Every event is one that a real installation sees late or out of order; `KINDS` lists the methods.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
from changes_of_ga4 import ChangesOfGa4
from changes_of_orders import ChangesOfOrders
from changes_of_plan import ChangesOfPlan
from changes_of_woo import ChangesOfWoo
from hand_made_market import SHOP
from hand_made_woo import WooMarket
from in_process_dbt import run_dbt
from kept_tables import TABLES, models_of
from market_draws import CUSTOMERS, VISITORS

from include.privacy.erasure import Person, Places, apply_erasure
from include.sources import discover_sources
from tests.conftest import Warehouse

KINDS = (
    "late_order",
    "late_visit",
    "late_refund",
    "refund_withdrawn",
    "order_reassigned",
    "order_cancelled",
    "order_deleted",
    "codes_changed",
    "unit_cost_changed",
    "purchase_before_order",
    "awaited_order",
    "late_answer",
    "answer_withdrawn",
    "customer_merge",
    "shared_address",
    "late_woo_order",
    "woo_refunded",
    "woo_refund_deleted",
    "woo_status_changed",
    "woo_order_edited",
    "woo_order_redated",
    "woo_customer",
    "late_session",
    "late_purchase",
    "late_sign_in",
    "session_withdrawn",
    "purchase_withdrawn",
    "late_transaction",
    "repeated_transaction",
    "transaction_restated",
    "transaction_withdrawn",
    "late_post",
    "post_edited",
    "rates_read",
    "zone_changed",
    "code_rename",
    "compromised_code",
    "campaign_moved",
    "rule_change",
    "limit_change",
    "customer_erasure",
    "visitor_erasure",
)
# Each contract under rules of its own.
COMMISSIONED = """
    update raw.campaign_plan__contracts set
        commission_rate = 0.1,
        rule_version = case creator_id
            when 'ana' then 'all' when 'bo' then 'code_first' else 'link_first'
        end
"""
HASH_KEY = b"the key of connection privacy"


class RandomMarket(ChangesOfOrders, ChangesOfWoo, ChangesOfGa4, ChangesOfPlan):
    """The market, and dbt beside it."""

    def __init__(
        self, warehouse: Warehouse, folder: Path, seed: int, tables: Sequence[str] = TABLES
    ) -> None:
        self.warehouse, self.folder, self.tables = warehouse, folder, tables
        self.seed, self.draw = seed, random.Random(seed)
        self.load_id, self.day, self.orders, self.events = 0, dt.date(2026, 4, 5), 0, 0
        self.answer_count = self.erasure_count = self.woo_orders = self.change_count = 0
        self.settings: dict[str, Any] = {}
        self.erased: set[str] = set()
        self.deleted: set[str] = set()
        self.merged: dict[str, str] = {}
        self.awaited: list[tuple[int, str]] = []
        with psycopg.connect(warehouse.admin_dsn) as connection:
            # The loads written by hand have numbers of their own.
            connection.execute("alter sequence quality.load_windows_load_id_seq restart with 1000")

    def open(self) -> None:
        """The plan, ten orders and four of a second shop, sessions with and without a purchase.

        Units have costs from the start, so that a change of one changes what was worked out.
        """
        orders = [*["late_order"] * 10, *["late_woo_order"] * 4]
        others = [*["late_session"] * 12, *["late_answer"] * 2, *["unit_cost_changed"] * 4]
        self.apply("plan", *orders, *others)

    def apply(self, *kinds: str) -> None:
        """Write events as one load."""
        self.load_id += 1
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = WooMarket(connection, self.load_id)
            market.record_load("shopify", "orders", self.day)
            for kind in kinds:
                if kind == "plan":
                    market.plan()
                    connection.execute(COMMISSIONED)
                    market.shop()
                    market.site()
                elif not kind.endswith("_erasure"):
                    self.deal()
                    getattr(self, kind)(market)
        for kind in kinds:
            if kind.endswith("_erasure"):
                self.deal()
                getattr(self, kind)()

    def deal(self) -> None:
        """Let each change draw for itself: without the one before it is still the same."""
        self.change_count += 1
        self.draw = random.Random(f"{self.seed} {self.change_count}")

    def write(self, writer: Callable[[WooMarket], None]) -> None:
        """Write rows that a test names as one load."""
        self.load_id += 1
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = WooMarket(connection, self.load_id)
            market.record_load("shopify", "orders", self.day)
            writer(market)

    def measure(self, *, breaks_off: str | None = None) -> None:
        """Open a run over every load no run has consumed, and build days later.

        `breaks_off`: build no further than one of BROKEN_OFF, and let the run fail.
        """
        self.day += dt.timedelta(days=5)
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            connection.execute("update quality.measure_runs set status = 'published'"
                " where status = 'open'")  # fmt: skip
            connection.execute(
                "with opened as (insert into quality.measure_runs (day, as_of_date, run_id,"
                " sources_present) values (%s, %s, 'test', '{shopify}') returning measure_run_id)"
                " insert into quality.measure_run_loads select measure_run_id, load_id"
                " from opened, quality.load_windows where load_id not in"
                " (select load_id from quality.measure_run_loads)",
                [self.day, self.day],
            )
        self.dbt(models=(breaks_off,) if breaks_off else ())
        if breaks_off:  # The next run takes its loads.
            with psycopg.connect(self.warehouse.admin_dsn) as connection:
                connection.execute("delete from quality.measure_run_loads where measure_run_id ="
                    " (select max(measure_run_id) from quality.measure_runs)")  # fmt: skip
                connection.execute("update quality.measure_runs set status = 'failed'"
                    " where status = 'open'")  # fmt: skip

    def dbt(self, *arguments: str, models: Sequence[str] = ()) -> None:
        if self.settings:
            arguments = (*arguments, "--vars", str(self.settings))
        models = models or models_of(self.tables)
        build = ["build", "--select", *models, "--exclude-resource-type", "unit_test", "test"]
        run_dbt(self.warehouse, [*build, *arguments], self.folder / "dbt")

    def contents(self, tables: Sequence[str] = ()) -> dict[str, list[str]]:
        """Every table, row for row; shares to 12 digits, for sums of fractions know no order."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            return {table: sorted(_rows(connection, table)) for table in tables or self.tables}

    def affected_count(self) -> int:
        """How many orders the last run built."""
        return self.count("intermediate.int_orders_affected")

    def is_stitched_in_part(self) -> bool:
        return self.count("analysis.restitched where node_type = 'everything'") == 0

    def count(self, what: str) -> int:
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            row = connection.execute(f"select count(*) from {what}".encode()).fetchone()
        assert row is not None
        return int(row[0])

    # ---- erasures, which the loader does

    def customer_erasure(self) -> None:
        self.erase(SHOP, [c for c in CUSTOMERS if c not in self.erased])

    def visitor_erasure(self) -> None:
        visitor = self.erase("ga4_export", [v for v in VISITORS if v not in self.erased])
        assert self.sessions_of(visitor) == 0, "the sessions go at once, not with the next run"

    def sessions_of(self, visitor: str) -> int:
        """Rows of a visitor in tables that dbt builds."""
        visitor_id = hashlib.md5(f"ga4_export {visitor}".encode()).hexdigest()
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            rows = [
                connection.execute(
                    f"select count(*) from intermediate.{table} where visitor_id = %s".encode(),
                    [visitor_id],
                ).fetchone()
                for table in ("int_export_sessions", "int_order_visitors", "int_purchases_matched")
            ]
        return sum(row[0] for row in rows if row)

    def erase(self, connection_id: str, persons: list[str]) -> str:
        person = self.draw.choice(persons[:-2] or persons)
        self.erased.add(person)
        self.erasure_count += 1
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            row = connection.execute(
                "insert into secrets.privacy_requests (request_key, connection_id, topic, origin,"
                " requested_at, due_at) values (%s, %s, 'customers/redact', 'webhook', now(),"
                " now()) returning request_id",
                [f"k{self.erasure_count}", connection_id],
            ).fetchone()
        assert row is not None
        places = Places(
            self.warehouse.dsn("loader"), self.warehouse.dsn("transformer"),
            str(self.folder / "landing"), HASH_KEY,
        )  # fmt: skip
        source = discover_sources()[connection_id]
        apply_erasure(places, source, connection_id, [Person(row[0], {person})])
        return person


def _rows(connection: psycopg.Connection, table: str) -> list[str]:
    schema, _, name = table.partition(".")
    columns = [
        f"round({column}, 12)" if column.endswith("_share") else column
        for (column,) in connection.execute(
            "select column_name from information_schema.columns"
            " where table_schema = %s and table_name = %s order by ordinal_position",
            [schema, name],
        )
    ]
    query = f"select row({', '.join(columns)})::text from {table}"
    return [row for (row,) in connection.execute(query.encode())]
