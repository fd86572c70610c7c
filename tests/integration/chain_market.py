"""Facts of a small shop written by hand where dbt would build them, for the solve and its readers.

Campaign `spring` of shop `shop`: 2 March (a Monday) to 29 March 2026, look-back 30 days, creators
ana and bo; email is another channel.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import psycopg
from in_process_dbt import run_dbt

from include.warehouse.connection import connect

MODELS = (
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "shapley",
    "rule_winner",
)
MEASURES = ", ".join(
    f"{model}_share numeric(20, 18), {model}_amount numeric(18, 2)" for model in MODELS
)
TABLES = f"""
create table core.dim_campaign as
select 'spring'::text as campaign_id, 'shop'::text as shop_connection_id,
    date '2026-03-02' as start_date, date '2026-03-29' as end_date, 30::bigint as lookback_days,
    'UTC'::text as reporting_timezone, 'USD'::text as currency_code,
    'all'::text as default_rule_version,
    'linear'::text as default_attribution_model, '1'::text as plan_version,
    null::date as last_planned_date;
create table staging.stg_campaign_plan__campaign_shops as
select campaign_id, shop_connection_id, start_date, end_date, lookback_days from core.dim_campaign;
create table core.dim_creator as
select 'spring'::text as campaign_id, unnest(array['ana', 'bo']) as creator_id;
create table core.fct_order (
    connection_id text, order_id text, order_name text, ordered_at timestamptz, order_date date,
    order_class text, cancelled_at timestamptz, customer_id text, is_new_customer boolean,
    currency_code text, net_revenue_amount numeric(18, 2));
create table core.fct_order_sale (
    connection_id text, order_id text, event_date date, net_revenue_amount numeric(18, 2));
create table core.fct_touchpoint (
    connection_id text, order_id text, rule_version text, touch_id text, touched_at timestamptz,
    ordered_at timestamptz, anchored_at timestamptz, is_dated boolean, evidence_rank integer,
    evidence_type text, evidence_types text, channel text, channel_type text, campaign_id text,
    creator_id text, is_in_path boolean, touch_number bigint, dropped_reason text);
create table core.fct_attribution_credit (
    connection_id text, order_id text, event_date date, rule_version text, touch_id text,
    touch_number bigint, touch_count bigint, channel_type text, channel text, campaign_id text,
    creator_id text, ordered_at timestamptz, order_date date, order_class text,
    is_new_customer boolean, customer_id text, currency_code text, conversion_count integer,
    entry_net_amount numeric(18, 2), {MEASURES});
create table intermediate.int_path_summary (
    campaign_id text, week_start_date date, channel_path text, conversion_count bigint,
    null_count bigint, net_revenue_amount numeric, squared_net_revenue_amount numeric);
create table intermediate.int_measure_run_facts (
    measure_run_id bigint, as_of_date date, last_day date);
create table intermediate.int_attribution_settings as select 'half_life_days 7'::text as setting;
insert into intermediate.int_measure_run_facts values (1, '2026-03-01', '2026-12-31');
"""
VIEWS = (
    "int_chain_days",
    "int_credits_chained",
    "int_chained_days_summed",
    "int_chained_days_outdated",
    "int_chained_credits_summed",
    "int_windows_credited",
    "int_credits_unpivoted",
)


class ChainMarket:
    """The shop's facts; every statement runs as the transformer."""

    def __init__(self, warehouse: Any, target: Path) -> None:
        self.dsn = warehouse.dsn("transformer")
        self.warehouse, self.target = warehouse, target
        warehouse.reset()
        # One session for all tests: hundreds of log-ins would take longer than the statements.
        self.session = connect(self.dsn, autocommit=True)
        self.admin = connect(warehouse.admin_dsn, autocommit=True)
        self.execute(TABLES)
        run_dbt(warehouse, ["run", "--select", *VIEWS], target)

    def close(self) -> None:
        """End the sessions and leave the warehouse as it was."""
        self.session.close()
        self.admin.close()
        self.warehouse.reset()

    def clear(self) -> None:
        """Take every row away; the views stay."""
        self.execute(
            "truncate core.fct_order, core.fct_order_sale, core.fct_touchpoint, "
            "core.fct_attribution_credit, intermediate.int_path_summary"
        )
        self.execute("update core.dim_campaign set plan_version = '1'")
        self.execute(
            "update intermediate.int_attribution_settings set setting = 'half_life_days 7'"
        )
        tables = self.rows(
            "select string_agg('analysis.' || tablename, ', ') from pg_tables "
            "where schemaname = 'analysis'"
        )
        self.admin.execute(f"truncate {tables[0][0]}, quality.measure_runs cascade".encode())

    def execute(self, statement: str, *values: Any) -> None:
        self.session.execute(statement.encode(), values or None)

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.session.execute(query.encode(), values or None).fetchall()

    def order(
        self,
        order_id: str,
        day: str,
        entries: Mapping[str, str],
        *touches: str,
        order_class: str = "kept",
        customer: str | None = None,
    ) -> None:
        """Write an order anew: entries by date, touches by time; `code:ana` is an undated one.

        Every model of the credit rows gives what Shapley gives: equal parts to distinct channels.
        """
        self.forget(order_id)
        at = dt.datetime.fromisoformat(f"{day}T12:00:00Z")
        total = sum((Decimal(amount) for amount in entries.values()), Decimal(0))
        connection = self.session
        with connection.transaction():
            connection.execute(
                "insert into core.fct_order values "
                "('shop', %s, %s, %s, %s, %s, %s, %s, false, 'USD', %s)",
                [order_id, f"#{order_id}", at, day, order_class,
                 at if order_class == "cancelled" else None, customer, total],
            )  # fmt: skip
            self._note_day(order_id)
            for date, amount in entries.items():
                connection.execute(
                    "insert into core.fct_order_sale values ('shop', %s, %s, %s)",
                    [order_id, date, amount],
                )
            path = [(f"t{n}", touch) for n, touch in enumerate(touches, 1)]
            for number, (touch_id, touch) in enumerate(path, 1):
                _write_touch(connection, order_id, at, number, touch_id, touch)
            for number, date in enumerate(sorted(entries)):
                for row in _credit_rows(path, Decimal(entries[date])):
                    _write_credit(
                        connection, order_id, date, at, order_class, int(number == 0),
                        Decimal(entries[date]), row,
                    )  # fmt: skip

    def forget(self, order_id: str) -> None:
        """Delete an order's facts, and note as dbt does that it was rebuilt."""
        self.execute(
            "insert into analysis.rebuilt_orders values ('shop', %s) "
            "on conflict (connection_id, order_id) do update set seen_by_run = null",
            order_id,
        )
        self._note_day(order_id)
        for fact in ("fct_order", "fct_order_sale", "fct_touchpoint", "fct_attribution_credit"):
            self.execute(f"delete from core.{fact} where order_id = %s", order_id)

    def _note_day(self, order_id: str) -> None:
        self.execute(
            "insert into analysis.rebuilt_days (connection_id, order_date) "
            "select connection_id, order_date from core.fct_order where order_id = %s",
            order_id,
        )

    def paths(self, monday: str, rows: Mapping[str, tuple[int, int, str]]) -> None:
        """Replace a week's summary: orders, fruitless ends and money by path."""
        self.execute("delete from intermediate.int_path_summary where week_start_date = %s", monday)
        for path, (orders, nulls, money) in rows.items():
            self.execute(
                "insert into intermediate.int_path_summary "
                "values ('spring', %s, %s, %s, %s, %s, 0)",
                monday, path, orders, nulls, money,
            )  # fmt: skip

    def open_run(self, day: str) -> int:
        """Open a measure run as of a day; its facts are what the views read."""
        self.execute("update quality.measure_runs set status = 'superseded' where status = 'open'")
        ((run,),) = self.rows(
            "insert into quality.measure_runs (day, as_of_date, run_id) values (%s, %s, 'test') "
            "returning measure_run_id",
            day, day,
        )  # fmt: skip
        self.execute(
            "update intermediate.int_measure_run_facts set measure_run_id = %s, as_of_date = %s, "
            "last_day = %s",
            run, day, day,
        )  # fmt: skip
        return int(run)

    def pin_load(self, run: int, partition_key: str) -> None:
        """Let a run consume a load of that key."""
        with connect(self.warehouse.dsn("loader")) as loader:
            row = loader.execute(
                "insert into quality.load_windows (source, stream, connection_id, partition_key, "
                "window_start, window_end, run_id, status, started_at) "
                "values ('shopify', 'orders', 'shop', %s, now(), now(), 'test', 'loaded', now()) "
                "returning load_id",
                [partition_key],
            ).fetchone()
        assert row is not None
        self.execute("insert into quality.measure_run_loads values (%s, %s)", run, row[0])

    def close_run(self, run: int, status: str = "published") -> None:
        """End a run."""
        self.execute("update quality.measure_runs set status = %s where measure_run_id = %s",
                     status, run)  # fmt: skip


Steps = Sequence[tuple[str, str]]


def channel_of(touch: str) -> str:
    return touch.removeprefix("code:")


def _credit_rows(path: Steps, amount: Decimal) -> list[tuple[Any, ...]]:
    """Touch id, number, count, channel, share and cents; one row for an order without touches."""
    if not path:
        return [("unattributed", 1, 1, "unattributed", Fraction(1), amount)]
    touches = Counter(channel_of(touch) for _, touch in path)
    shares = [Fraction(1, len(touches) * touches[channel_of(touch)]) for _, touch in path]
    cents = abs(int(amount * 100))
    floors = [int(cents * share) for share in shares]
    order = sorted(range(len(path)), key=lambda n: (floors[n] - cents * shares[n], n))
    for n in order[: cents - sum(floors)]:
        floors[n] += 1
    sign = -1 if amount < 0 else 1
    return [
        (touch_id, n + 1, len(path), channel_of(touch), shares[n], Decimal(sign * floors[n]) / 100)
        for n, (touch_id, touch) in enumerate(path)
    ]


def _of_channel(channel: str) -> tuple[str, str | None, str | None]:
    """Channel type, campaign and creator."""
    if channel in ("unattributed", "direct"):
        return channel, None, None
    return ("other_channel", None, None) if channel == "email" else ("creator", "spring", channel)


def _write_touch(
    connection: psycopg.Connection,
    order_id: str,
    at: dt.datetime,
    number: int,
    touch_id: str,
    touch: str,
) -> None:
    channel = channel_of(touch)
    channel_type, campaign_id, creator_id = _of_channel(channel)
    is_dated = not touch.startswith("code:")
    touched_at = at - dt.timedelta(days=5 - number) if is_dated else at
    evidence = "utm_link" if is_dated else "discount_code"
    connection.execute(
        "insert into core.fct_touchpoint values ('shop', %s, 'all', %s, %s, %s, %s, %s, 10, %s, "
        "'', %s, %s, %s, %s, true, %s, null)",
        [order_id, touch_id, touched_at, at, touched_at, is_dated, evidence, channel, channel_type,
         campaign_id, creator_id, number],
    )  # fmt: skip


def _write_credit(
    connection: psycopg.Connection,
    order_id: str,
    date: str,
    at: dt.datetime,
    order_class: str,
    conversions: int,
    amount: Decimal,
    row: tuple[Any, ...],
) -> None:
    touch_id, number, count, channel, share, cents = row
    channel_type, campaign_id, creator_id = _of_channel(channel)
    exact = Decimal(share.numerator) / Decimal(share.denominator)
    connection.execute(
        "insert into core.fct_attribution_credit values ('shop', %s, %s, 'all', %s, %s, %s, %s, "
        "%s, %s, %s, %s, %s, %s, false, null, 'USD', %s, %s" + ", %s, %s" * len(MODELS) + ")",
        [order_id, date, touch_id, number, count, channel_type, channel, campaign_id, creator_id,
         at, at.date(), order_class, conversions, amount, *(exact, cents) * len(MODELS)],
    )  # fmt: skip
