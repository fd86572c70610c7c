"""A market that keeps changing: seeded random events in the raw tables, each run a load of its own.

Every event is one that a real installation sees late or out of order; `KINDS` lists the methods.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from hand_made_market import GA4, SHOP, Market, utc
from in_process_dbt import run_dbt
from kept_tables import MODELS, TABLES

from include.privacy.erasure import Person, Places, apply_erasure
from include.sources import discover_sources
from tests.conftest import Warehouse

KINDS = (
    "late_visit",
    "late_session",
    "late_refund",
    "late_order",
    "late_answer",
    "late_post",
    "code_rename",
    "compromised_code",
    "customer_merge",
    "shared_address",
    "customer_erasure",
    "visitor_erasure",
    "transaction_withdrawn",
    "session_withdrawn",
    "purchase_withdrawn",
    "answer_withdrawn",
    "rule_change",
    "limit_change",
)
HASH_KEY = b"the key of connection privacy"
CUSTOMERS = tuple(str(7_001_000_000_000 + n) for n in range(6))
VISITORS = tuple(f"visitor-{n:03}" for n in range(6))
CREATORS = ("ana", "bo", "cy")


def address(number: int) -> str:
    return hashlib.sha256(f"mail {number}".encode()).hexdigest()


class RandomMarket:
    """The market, and dbt beside it."""

    def __init__(self, warehouse: Warehouse, folder: Path, seed: int) -> None:
        self.warehouse, self.folder = warehouse, folder
        self.draw = random.Random(seed)
        self.load_id, self.day, self.orders, self.events = 0, dt.date(2026, 4, 5), 0, 0
        self.answer_count = self.erasure_count = 0
        self.settings: dict[str, Any] = {}
        self.erased: set[str] = set()
        with psycopg.connect(warehouse.admin_dsn) as connection:
            # The loads written by hand have numbers of their own.
            connection.execute("alter sequence quality.load_windows_load_id_seq restart with 1000")

    def open(self) -> None:
        """The plan, ten orders, twelve sessions, three of them with a purchase."""
        self.apply("plan", *["late_order"] * 10, *["late_session"] * 12, *["late_answer"] * 2)

    def apply(self, *kinds: str) -> None:
        """Write events as one load."""
        self.load_id += 1
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            market = Market(connection, self.load_id)
            market.record_load("shopify", "orders", self.day)
            for kind in kinds:
                if kind == "plan":
                    market.plan()
                    market.shop()
                elif not kind.endswith("_erasure"):
                    getattr(self, kind)(market)
        for kind in kinds:
            if kind.endswith("_erasure"):
                getattr(self, kind)()

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
        self.dbt(models=(breaks_off,) if breaks_off else MODELS)
        if breaks_off:  # The next run takes its loads.
            with psycopg.connect(self.warehouse.admin_dsn) as connection:
                connection.execute("delete from quality.measure_run_loads where measure_run_id ="
                    " (select max(measure_run_id) from quality.measure_runs)")  # fmt: skip
                connection.execute("update quality.measure_runs set status = 'failed'"
                    " where status = 'open'")  # fmt: skip

    def dbt(self, *arguments: str, models: tuple[str, ...] = MODELS) -> None:
        if self.settings:
            arguments = (*arguments, "--vars", str(self.settings))
        build = ["build", "--select", *models, "--exclude-resource-type", "unit_test", "test"]
        run_dbt(self.warehouse, [*build, *arguments], self.folder / "dbt")

    def contents(self, tables: Sequence[str] = TABLES) -> dict[str, list[str]]:
        """Every table, row for row; shares to 12 digits, for sums of fractions know no order."""
        with psycopg.connect(self.warehouse.admin_dsn) as connection:
            return {table: sorted(_rows(connection, table)) for table in tables}

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

    # ---- events

    def instant(self, first_day: int = 1, last_day: int = 60) -> str:
        """A moment from 1 March on, now and then an edge of a day or the DST change of the shop."""
        edges = ("2026-03-08 06:59:59", "2026-03-08 07:00:00", "2026-03-11 03:59:59")
        if self.draw.random() < 0.15:
            return self.draw.choice(edges)
        minutes = self.draw.randrange((first_day - 1) * 1440, last_day * 1440, 30)
        at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
        return f"{at:%Y-%m-%d %H:%M:%S}"

    def number(self) -> int:
        return self.draw.randint(1, max(1, self.orders))

    def touched(self, market: Market, number: int) -> str:
        """Give an order to this load, as reading it again does; return its instant."""
        row = market.connection.execute(
            "update raw.shopify__orders set _load_id = %s where order_id = %s returning created_at",
            [market.load_id, str(9_000_000_000 + number)],
        ).fetchone()
        assert row is not None
        return f"{row[0].astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"

    def late_order(self, market: Market) -> None:
        self.orders += 1
        codes = self.draw.choice(((), ("ANA15",), (" bo15",), ("CY-15",), ("SHARED", "ANA15")))
        customer = self.draw.choice((None, None, *CUSTOMERS))
        values: dict[str, Any] = {"customer_id": None if customer in self.erased else customer}
        if self.draw.random() < 0.15:
            values |= {"source_name": "shopify_draft_order", "total_discounts": Decimal(30)}
        net = "0.00" if "source_name" in values else f"{self.draw.randint(5, 90)}.01"
        at = self.instant(1, 40)
        market.order(self.orders, at, net, codes=codes, **values)
        if self.draw.random() < 0.6:
            market.link_visit(self.orders, "v1", self.instant(1, 40), self.draw.choice(CREATORS))
        if self.draw.random() < 0.4:
            market.transaction(f"#{self.orders}", at[:10], self.draw.choice(CREATORS))
        if self.draw.random() < 0.6:
            self.session(market, at, ecommerce_transaction_id=f"#{self.orders}")

    def late_visit(self, market: Market) -> None:
        number = self.number()
        self.touched(market, number)
        self.events += 1
        market.link_visit(
            number, f"late{self.events}", self.instant(1, 40), self.draw.choice(CREATORS)
        )

    def late_session(self, market: Market) -> None:
        self.session(market, self.instant())

    def session(self, market: Market, at: str, **values: Any) -> None:
        """A session of a visitor: with a creator's link, a purchase, a signed-in user, or none."""
        self.events += 1
        visitor = self.draw.choice([v for v in VISITORS if v not in self.erased])
        bought, values = values, {}
        if self.draw.random() < 0.6:
            values |= {"collected_source": "instagram", "collected_campaign": "spring-launch"}
            values["collected_content"] = self.draw.choice(CREATORS)
        if self.draw.random() < 0.3:
            values["user_id"] = self.draw.choice(("user-001", "user-002"))
        events = [{"event_name": "page_view"} | values]
        if bought:
            events.append({"event_name": "purchase"} | values | bought)
        for place, event in enumerate(events):
            market.add(
                "ga4_export__events", connection_id="ga4_export", event_date=utc(at).date(),
                event_key=f"e{self.events:05}-{place}", event_timestamp=utc(at),
                user_pseudo_id=visitor, ga_session_id=self.events, **event,
            )  # fmt: skip

    def late_refund(self, market: Market) -> None:
        number = self.number()
        self.events += 1
        self.touched(market, number)
        market.sale(number, f"refund{self.events}", self.instant(30, 60), "-3.33", "REFUND")

    def late_answer(self, market: Market) -> None:
        """A new answer, or an old one that turns out to be about another order."""
        number = self.number()
        if self.draw.random() < 0.3 and self.answer_count > 2:
            market.connection.execute(
                "update raw.files__post_purchase_survey set order_name = %s, _load_id = %s"
                " where response_id = 'r1'", [f"#{number}", market.load_id])  # fmt: skip
            return
        self.answer_count += 1
        market.add(
            "files__post_purchase_survey", connection_id="files", order_name=f"#{number}",
            response_id=f"r{self.answer_count}", submitted_at=utc("2026-05-20 12:00"),
            creator_handle=f"@{self.draw.choice(CREATORS)}.ig",
            customer_email=address(self.draw.randint(1, 4)),
        )  # fmt: skip

    def late_post(self, market: Market) -> None:
        self.events += 1
        creator, at = self.draw.choice(("bo.ig", "cy.ig")), self.instant(1, 30)
        market.discovered_post(creator, f"p{self.events}", at, f"{self.day}")

    def code_rename(self, market: Market) -> None:
        """BO15 becomes another spelling, another name, or ana's."""
        spelled, owner = self.draw.choice((("bo-15", "bo"), ("BO15", "ana"), ("BO20", "bo")))
        market.connection.execute(
            "update raw.campaign_plan__codes set code = %s, creator_id = %s"
            " where code in ('BO15', 'bo-15', 'BO20')",
            [spelled, owner],
        )
        self.replan(market)

    def compromised_code(self, market: Market) -> None:
        market.connection.execute(
            "update raw.campaign_plan__codes set compromised_from = %s where code = 'ANA15'",
            [dt.date(2026, 3, self.draw.randint(1, 31))],
        )
        self.replan(market)

    def replan(self, market: Market) -> None:
        market.connection.execute(
            "update raw.campaign_plan__plan_versions set _load_id = %s", [market.load_id]
        )

    def customer_merge(self, market: Market) -> None:
        """The shop moves all orders of one customer to another; nobody reads the orders again."""
        gone, kept = self.draw.sample([c for c in CUSTOMERS if c not in self.erased], 2)
        days = market.connection.execute(
            "select order_id, created_at::date from raw.shopify__orders where customer_id = %s",
            [gone],
        ).fetchall()
        now = dt.datetime.combine(self.day, dt.time(9), tzinfo=dt.UTC)
        for order_id, day in days:
            market.connection.execute(
                "delete from raw.shopify__order_days where created_date = %s", [day]
            )
            market.connection.execute(
                "delete from raw.shopify__order_ids where order_id = %s", [order_id]
            )
            key = {"connection_id": SHOP, "created_date": day}
            market.add("shopify__order_days", **key, _captured_at=now)
            market.add("shopify__order_ids", **key, order_id=order_id, customer_id=kept)

    def shared_address(self, market: Market) -> None:
        """Customers turn out to have e-mail addresses, some of them one and the same."""
        for customer in self.draw.sample([c for c in CUSTOMERS if c not in self.erased], 2):
            market.connection.execute(
                "delete from raw.shopify__customers where customer_id = %s", [customer]
            )
            market.add(
                "shopify__customers", connection_id=SHOP, customer_id=customer,
                created_at=utc("2026-02-01 12:00"), email_hash=address(self.draw.randint(1, 4)),
            )  # fmt: skip

    def transaction_withdrawn(self, market: Market) -> None:
        gone = market.connection.execute(
            "delete from raw.ga4__transactions where (transaction_id, date) = (select"
            " transaction_id, date from raw.ga4__transactions order by 1 desc, 2 desc limit 1)"
            " returning date"
        ).fetchone()
        if gone is not None:
            self.record_deletion(market, GA4, "transactions", gone[0])

    def session_withdrawn(self, market: Market) -> None:
        """A day's table of the export replaces what was streamed, and lacks a session."""
        self.withdraw_event(market, "max", "page_view")

    def purchase_withdrawn(self, market: Market) -> None:
        self.withdraw_event(market, "min", "purchase")

    def withdraw_event(self, market: Market, pick: str, event_name: str) -> None:
        gone = market.connection.execute(
            f"delete from raw.ga4_export__events where event_key = (select {pick}(event_key)"
            " from raw.ga4_export__events where event_name = %s) returning event_date",
            [event_name],
        ).fetchone()
        if gone is not None:
            self.record_deletion(market, "ga4_export", "events", gone[0])

    def record_deletion(
        self, market: Market, source: str, stream: str, day: dt.date | None = None
    ) -> None:
        self.load_id += 1
        Market(market.connection, self.load_id).record_load(
            source, stream, day or self.day, deleted=1
        )

    def answer_withdrawn(self, market: Market) -> None:
        market.connection.execute(
            "delete from raw.files__post_purchase_survey where response_id ="
            " (select max(response_id) from raw.files__post_purchase_survey)"
        )
        self.record_deletion(market, "files", "post_purchase_survey")

    def limit_change(self, market: Market) -> None:
        self.settings["identities_per_email"] = self.draw.randint(1, 4)

    def rule_change(self, market: Market) -> None:
        self.settings["half_life_days"] = self.draw.randint(2, 20)

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
