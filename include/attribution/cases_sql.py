"""Run cases through the real dbt models, in a database of their own that is dropped afterwards.

One dbt run builds `core.fct_touchpoint` and `core.fct_attribution_credit` for all cases at once,
from tables that stand where the models' own inputs would: offered touches, orders, ledger rows.

This module and `explain_rows` are the package's doors to a warehouse; nothing pure imports them.
"""

from __future__ import annotations

import os
import secrets
import socket
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from include.attribution.cases import Case
from include.attribution.cases_answer import SqlAnswer
from include.attribution.cases_rows import (
    Row,
    answer_of_rows,
    dated_case,
    ledger_rows,
    order_rows,
    touch_rows,
)
from include.dbt_tasks import run_dbt
from include.sources._base import Connection
from include.warehouse.connection import connect, parse_dsn, replace_login
from include.warehouse.embedded import Cluster
from include.warehouse.server import VARIABLE, is_embedded

RULE_VERSION = "all"
MODELS = ("ref_precedence_rule", "fct_touchpoint", "fct_attribution_credit")
TABLES = """
create schema intermediate;
create schema core;
create table intermediate.int_orders_affected (
    connection_id text, order_id text, has_every_rule_version boolean);
create table intermediate.int_order_touches (
    connection_id text, order_id text, touch_id text, touched_at timestamptz,
    ordered_at timestamptz, anchored_at timestamptz, is_dated boolean, evidence_rank integer,
    evidence_type text, evidence_types text, discount_codes text, match_quality text,
    channel_type text, channel text, campaign_id text, creator_id text, lookback_days bigint,
    half_life_days integer, direct_policy text, collapses_repeats boolean,
    has_every_rule_version boolean);
create table core.fct_order (
    connection_id text, order_id text, order_name text, ordered_at timestamptz, order_date date,
    order_class text, is_new_customer boolean, customer_id text, currency_code text);
create table core.fct_order_sale (
    connection_id text, order_id text, event_date date, net_revenue_amount numeric(18, 2));
"""


def run_sql_cases(cases: Sequence[Case]) -> dict[str, SqlAnswer]:
    """Return what the dbt models make of each case, by case id; one dbt run for all.

    The database is made on the server of WAREHOUSE_DSN, else on an embedded one that is started for
    this call; either way it is gone afterwards and no other database is touched. Raise `DbtFailed`
    naming the models that failed, `InvalidSettings` or `psycopg.Error` when there is no server.
    """
    with scratch_database() as dsn:
        build_cases(dsn, cases)
        return read_answers(dsn, cases)


@contextmanager
def scratch_database() -> Iterator[str]:
    """Yield the admin's URI of an empty database; drop it at the end."""
    if is_embedded():
        with tempfile.TemporaryDirectory(prefix="groundswell-cases-") as folder:
            password = secrets.token_hex(16)
            cluster = Cluster(Path(folder), _free_port(), password, is_durable=False)
            try:
                cluster.start()
                with _database(cluster.admin_dsn()) as dsn:
                    yield dsn
            finally:
                cluster.stop()
    else:
        with _database(os.environ[VARIABLE]) as dsn:
            yield dsn


@contextmanager
def _database(admin_dsn: str) -> Iterator[str]:
    name = f"groundswell_cases_{secrets.token_hex(6)}"
    parts = parse_dsn(admin_dsn)
    with connect(admin_dsn, autocommit=True) as admin:
        admin.execute(
            sql.SQL("create database {} encoding 'UTF8' template template0").format(
                sql.Identifier(name)
            )
        )
        try:
            yield replace_login(
                admin_dsn, user=parts["user"], password=parts.get("password", ""), database=name
            )
        finally:
            statement = sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
            admin.execute(statement)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def build_cases(dsn: str, cases: Sequence[Case]) -> None:
    """Load cases into an empty database and build the attribution models over all of them."""
    with connect(dsn) as connection:
        connection.execute(TABLES.encode())
        for case in cases:
            _load_case(connection, case)
    parts = parse_dsn(dsn)
    transformer = Connection(
        "warehouse_transformer",
        host=parts["host"],
        port=int(parts.get("port", 5432)),
        scheme=parts["dbname"],
        login=parts["user"],
        password=parts.get("password"),
    )
    kinds = ["--resource-type", "model", "--resource-type", "seed"]
    with tempfile.TemporaryDirectory(prefix="groundswell-cases-") as target:
        places = ["--target-path", target, "--log-path", target]
        run_dbt(["--quiet", "build", "--select", *MODELS, *kinds, *places], transformer)


def read_answers(dsn: str, cases: Sequence[Case]) -> dict[str, SqlAnswer]:
    """Return what the built models hold of each case, by case id."""
    with connect(dsn) as connection:
        paths, credit = _read_rows(connection)
    return {case.id: answer_of_rows(case, paths[case.id], credit[case.id]) for case in cases}


def _load_case(connection: psycopg.Connection, case: Case) -> None:
    dated = dated_case(case)
    _copy(connection, "intermediate.int_order_touches", touch_rows(dated))
    affected = ((case.id, sale.conversion_id, False) for sale in dated.conversions)
    _copy(connection, "intermediate.int_orders_affected", affected)
    _copy(connection, "core.fct_order", order_rows(dated))
    _copy(connection, "core.fct_order_sale", ledger_rows(dated))


def _copy(connection: psycopg.Connection, table: str, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"copy {table} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)


Grouped = Mapping[str, list[dict[str, Any]]]


def _read_rows(connection: psycopg.Connection) -> tuple[Grouped, Grouped]:
    """Return kept touches and credit rows per case, each in the order of paths."""
    touches = """
        select * from core.fct_touchpoint where rule_version = %s and is_in_path
        order by order_id, touch_number
    """
    credit = """
        select * from core.fct_attribution_credit where rule_version = %s
        order by order_id, event_date, touch_number
    """
    found: list[Grouped] = []
    for query in (touches, credit):
        grouped: dict[str, list[dict[str, Any]]] = defaultdict(list)
        with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
            for row in cursor.execute(query.encode(), [RULE_VERSION]):
                grouped[row["connection_id"]].append(row)
        found.append(grouped)
    return found[0], found[1]
