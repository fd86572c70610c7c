"""What the tasks of `maintain_warehouse` do, one function each."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from include.connections import has_connection, read_connection
from include.maintenance import airflow_metadata, retention
from include.maintenance.airflow_cleaner import order_cleaning, orders_dir
from include.maintenance.retention import Retention
from include.settings import read_settings
from include.sources import discover_sources
from include.warehouse.connection import connect, dsn_of

if TYPE_CHECKING:
    from include.daily import ReadConnection
    from include.privacy.requests import Outcome

_log = logging.getLogger(__name__)

_OWN_TABLES = r"""
select n.nspname, c.relname
from pg_class as c
inner join pg_namespace as n on c.relnamespace = n.oid
where
    c.relkind = 'r'
    and pg_get_userbyid(c.relowner) = current_user
    and n.nspname !~ '^(pg_|marts_next$|marts_v[0-9]+$)'
order by 1, 2
"""


def read_params(params: Mapping[str, Any]) -> tuple[Retention, bool]:
    """Return the retentions and whether it is a dry run, from the DAG's parameters."""
    names = {field.name for field in fields(Retention)}
    days = {name: int(value) for name, value in params.items() if name in names}
    return Retention(**days), bool(params["dry_run"])


def apply_privacy_requests(
    *, is_dry_run: bool = False, read: ReadConnection = read_connection
) -> Outcome:
    """Work off the inbox of privacy requests."""
    from include.privacy.erasure import Places
    from include.privacy.inbox import privacy_dir
    from include.privacy.requests import process_requests

    places = Places(
        loader_dsn=dsn_of(read("warehouse_loader")),
        transformer_dsn=dsn_of(read("warehouse_transformer")),
        landing_url=read_settings().landing_url,
        hash_key=(read("privacy").password or "").encode(),
    )
    return process_requests(places, privacy_dir(), discover_sources(), is_dry_run=is_dry_run)


def delete_expired(
    kept: Retention, *, is_dry_run: bool = False, read: ReadConnection = read_connection
) -> dict[str, int]:
    """Delete landed pages, resolved rejects, quality rows and answers past their retention."""
    from include.privacy.inbox import privacy_dir

    now = dt.datetime.now(dt.UTC)
    loader, transformer = (dsn_of(read(f"warehouse_{role}")) for role in ("loader", "transformer"))
    landed = kept.before("landing", now)
    deleted = retention.delete_landing(
        read_settings().landing_url, loader, landed, is_dry_run=is_dry_run
    )
    deleted |= retention.delete_rejects(
        loader, kept.before("quarantine", now), is_dry_run=is_dry_run
    )
    deleted |= retention.delete_quality(
        loader, transformer, kept.before("quality", now), landed, is_dry_run=is_dry_run
    )
    deleted |= retention.delete_answers(
        privacy_dir(), kept.before("answer", now), is_dry_run=is_dry_run
    )
    _log.info("%s %s", "would delete" if is_dry_run else "deleted", deleted or "nothing")
    return deleted


def clean_airflow_metadata(
    kept: Retention, *, is_dry_run: bool = False, read: ReadConnection = read_connection
) -> bool:
    """Clean Airflow's database, by the cleaner unless a connection says where it is.

    Return False when there is neither.
    """
    before = kept.before("airflow", dt.datetime.now(dt.UTC))
    if not has_connection(airflow_metadata.CONNECTION):
        return order_cleaning(orders_dir(), before, is_dry_run=is_dry_run)
    url = airflow_metadata.sqlalchemy_url(read(airflow_metadata.CONNECTION))
    airflow_metadata.clean_airflow(url, before, is_dry_run=is_dry_run)
    return True


def vacuum_tables(*, read: ReadConnection = read_connection) -> int:
    """Vacuum and analyze the tables of both halves; return how many.

    A table somebody has locked is passed over, and the tables behind the marts are left to
    publication, which must not wait.
    """
    return sum(_vacuum(dsn_of(read(f"warehouse_{role}"))) for role in ("loader", "transformer"))


def _vacuum(dsn: str) -> int:
    with connect(dsn, autocommit=True) as conn:
        tables = conn.execute(_OWN_TABLES.encode()).fetchall()
        for schema, name in tables:
            _vacuum_table(conn, sql.Identifier(schema, name))
    return len(tables)


def _vacuum_table(conn: psycopg.Connection, table: sql.Identifier) -> None:
    try:
        conn.execute(sql.SQL("vacuum (analyze, skip_locked) {}").format(table))
    except psycopg.errors.UndefinedTable:
        # dbt replaces tables while we walk through them.
        _log.info("%s is gone", table.as_string())
