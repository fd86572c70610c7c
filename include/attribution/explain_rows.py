"""Read from `core` what an explanation needs; nothing is written.

`core` is the transformer's: BI tools and the UI see published marts only. The connection
`warehouse_transformer` names the server where Airflow's connections are set, else the installation
in GROUNDSWELL_DATA_DIR.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import psycopg

from include.attribution.explain import CreatorDay, OrderRows
from include.connections import has_connection, read_connection
from include.services.credentials import read_secrets
from include.settings import read_settings
from include.warehouse.connection import connect, dsn_of
from include.warehouse.server import role_dsn

CONNECTION = "warehouse_transformer"
DEFAULT_RULE_VERSION = "all"


def warehouse_dsn() -> str:
    """Return the transformer's URI; `InvalidSettings` when nothing names one."""
    if has_connection(CONNECTION):
        return dsn_of(read_connection(CONNECTION))
    settings = read_settings()
    return role_dsn(settings, read_secrets(settings.data_dir), "transformer")


def read_orders(dsn: str, order: str, rule_version: str = DEFAULT_RULE_VERSION) -> list[OrderRows]:
    """Return the orders of any shop with that id or name (with or without #)."""
    with connect(dsn) as connection:
        connection.read_only = True
        found = _select(
            connection,
            """
            select * from core.fct_order
            where order_id = %(order)s or order_name in (%(order)s, '#' || %(order)s)
            order by connection_id, order_id
            """,
            {"order": order},
        )
        return [_read_order(connection, row, rule_version) for row in found]


def read_creator_day(
    dsn: str, creator_id: str, day: dt.date, rule_version: str = DEFAULT_RULE_VERSION
) -> CreatorDay:
    """Return the credit of a creator that counts on a business date."""
    with connect(dsn) as connection:
        connection.read_only = True
        credit = _select(
            connection,
            """
            select * from core.fct_attribution_credit
            where creator_id = %(creator)s and event_date = %(day)s
                and rule_version = %(rule_version)s
            order by connection_id, ordered_at, order_id, touch_number
            """,
            {"creator": creator_id, "day": day, "rule_version": rule_version},
        )
    return CreatorDay(creator_id, day, rule_version, credit)


def _read_order(
    connection: psycopg.Connection, order: dict[str, Any], rule_version: str
) -> OrderRows:
    key = {
        "connection": order["connection_id"],
        "order": order["order_id"],
        "rule_version": rule_version,
    }
    of_order = "where connection_id = %(connection)s and order_id = %(order)s"
    of_rule = f"{of_order} and rule_version = %(rule_version)s"
    versions = _select(
        connection,
        f"select distinct rule_version from core.fct_attribution_credit {of_order} order by 1",
        key,
    )
    touches = _select(
        connection,
        f"select * from core.fct_touchpoint {of_rule} order by touched_at, evidence_rank, touch_id",
        key,
    )
    credit = _select(
        connection,
        f"select * from core.fct_attribution_credit {of_rule} order by event_date, touch_number",
        key,
    )
    names = [row["rule_version"] for row in versions]
    return OrderRows(order, rule_version, names, touches, credit)


def _select(
    connection: psycopg.Connection, query: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
