"""Databases to files and back, with pg_dump and pg_restore of the embedded Postgres' wheel.

They speak to every server from Postgres 15 to their own version, embedded or not. Passwords go by
environment: an argument would be seen by everybody on the machine.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from include.backup.manifest import TableState
from include.errors import BackupRefused, Unavailable
from include.warehouse.connection import build_dsn, connect, parse_dsn
from include.warehouse.embedded import find_binaries

_TABLES = """
select n.nspname, c.relname
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where c.relkind in ('r', 'm') and c.relpersistence <> 't'
    and n.nspname !~ '^(pg_|information_schema$)'
order by n.nspname, c.relname
"""
# Sixty bits of every row's hash, added up: equal whatever order the rows stand in.
_STATE = """
select count(*), coalesce(sum(('x' || substr(md5(t::text), 1, 15))::bit(60)::bigint::numeric), 0)
from {} as t
"""


@contextmanager
def open_snapshot(dsn: str) -> Iterator[tuple[psycopg.Connection, str]]:
    """Open a transaction whose view of the database others may share by the name it gives."""
    with connect(dsn) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row is not None
        yield connection, str(row[0])
        connection.rollback()


def read_tables(connection: psycopg.Connection) -> dict[str, TableState]:
    """Return rows and checksum of every table, by `schema.table`."""
    found = {}
    for schema, name in connection.execute(_TABLES).fetchall():
        query = sql.SQL(_STATE).format(sql.Identifier(schema, name))
        row = connection.execute(query).fetchone()
        assert row is not None
        found[f"{schema}.{name}"] = TableState(row_count=int(row[0]), checksum=str(row[1]))
    return found


def dump(dsn: str, target: Path, snapshot: str) -> None:
    """Write a database, as a snapshot shows it, to a file; raise `Unavailable` when it fails."""
    _run("pg_dump", dsn, "--format=custom", f"--snapshot={snapshot}", f"--file={target}")
    target.chmod(0o600)


def restore(dsn: str, source: Path) -> None:
    """Fill an empty database from a dump, whole or not at all; raise `Unavailable` if it fails."""
    _run("pg_restore", dsn, "--single-transaction", "--exit-on-error", str(source))


def require_empty(dsn: str, database: str) -> None:
    """Raise `BackupRefused` when a database that exists holds a table."""
    with connect(dsn, autocommit=True) as admin:
        found = admin.execute("select 1 from pg_database where datname = %s", [database]).fetchone()
    if found is None:
        return
    with connect(database_dsn(dsn, database)) as connection:
        tables = connection.execute(_TABLES).fetchall()
    if tables:
        raise BackupRefused(
            f"database {database} already holds {len(tables)} tables (such as "
            f"{'.'.join(tables[0])}); a restore needs a server without it: drop the database first"
        )


def database_dsn(admin_dsn: str, database: str) -> str:
    """Return the admin's URI of another database on the same server."""
    parts = parse_dsn(admin_dsn)
    kept = {k: v for k, v in parts.items() if k not in _OWN_PARTS}
    return build_dsn(
        host=parts.get("host", "localhost"),
        port=int(parts.get("port", "5432")),
        user=parts["user"],
        password=parts.get("password"),
        database=database,
        parameters=kept,
    )


_OWN_PARTS = {"host", "port", "user", "password", "dbname"}


def _run(program: str, dsn: str, *arguments: str) -> None:
    """Run one of Postgres' client programs on a database."""
    parts = parse_dsn(dsn)
    password = parts.pop("password", "")
    address = build_dsn(
        host=parts.pop("host", "localhost"),
        port=int(parts.pop("port", "5432")),
        user=parts.pop("user"),
        password=None,
        database=parts.pop("dbname"),
        parameters=parts,
    )
    result = subprocess.run(
        [str(find_binaries() / program), f"--dbname={address}", "--no-password", *arguments],
        env={"PATH": os.environ.get("PATH", os.defpath), "PGPASSWORD": password, "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
        umask=0o077,
    )
    if result.returncode != 0:
        raise Unavailable(f"{program} failed: {result.stderr.strip()}")
