"""Databases, roles, schemas and rights: `python -m include.warehouse.ddl` makes what is missing.

Everything may run again at any time. The SQL lies in `include/warehouse/sql/`, applied in the order
of its names; a content hash in `quality.schema_versions` skips it while it is unchanged.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from include.errors import GroundswellError, InvalidSettings
from include.services.credentials import Secrets, read_secrets
from include.settings import read_settings
from include.warehouse.connection import connect, parse_dsn, replace_login

WAREHOUSE = "warehouse"
AIRFLOW = "airflow"
ROLES = ("loader", "transformer", "bi_reader", "ui_reader", "airflow")
OLDEST_VERSION = 15
SQL_DIR = Path(__file__).resolve().parent / "sql"
# One number for the whole server: two migrations wait for each other (any constant would do).
_LOCK = 7_261_001


def migrate(admin_dsn: str, secrets: Secrets, *, is_forced: bool = False) -> None:
    """Bring the server at `admin_dsn` to the current state; safe to run again and concurrently.

    The login must be able to create databases and roles. `is_forced` runs the SQL files although
    they did not change: what belongs to the server and not to the database may be missing. Raise
    `InvalidSettings` when the server is older than Postgres 15.
    """
    with _server_lock(admin_dsn) as admin:
        _prepare_server(admin, secrets)
        with connect(_database_dsn(admin_dsn, WAREHOUSE)) as warehouse:
            _apply_sql(warehouse, is_forced=is_forced)
    create_raw_tables(
        replace_login(
            admin_dsn, user="loader", password=secrets.loader_password, database=WAREHOUSE
        )
    )


def make_databases(admin_dsn: str, secrets: Secrets) -> None:
    """Make the roles and both databases, empty, for a restore; raise what `migrate` raises."""
    with _server_lock(admin_dsn) as admin:
        _prepare_server(admin, secrets)


def create_raw_tables(loader_dsn: str) -> None:
    """Create, empty, the raw tables of every source: dbt reads them before the first load."""
    from include.sources import discover_sources
    from include.warehouse.load import create_raw_tables as create_tables_of

    with connect(loader_dsn) as connection:
        for source in discover_sources().values():
            create_tables_of(connection, source)


@contextmanager
def _server_lock(admin_dsn: str) -> Iterator[psycopg.Connection]:
    """Connect as admin and hold the migration lock; it ends with the session."""
    connection = connect(admin_dsn, autocommit=True)
    try:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
        yield connection
    finally:
        connection.close()


def _prepare_server(admin: psycopg.Connection, secrets: Secrets) -> None:
    _check_version(admin)
    _make_roles(admin, secrets)
    _make_database(admin, WAREHOUSE, owner=None)
    _make_database(admin, AIRFLOW, owner="airflow")


def _check_version(admin: psycopg.Connection) -> None:
    number = admin.info.server_version // 10_000
    if number < OLDEST_VERSION:
        raise InvalidSettings(
            f"the server at {admin.info.host}:{admin.info.port} is Postgres {number}; "
            f"allowed: {OLDEST_VERSION} or newer (WAREHOUSE_DSN names the server)"
        )


def _make_roles(admin: psycopg.Connection, secrets: Secrets) -> None:
    known = {name for (name,) in admin.execute("select rolname from pg_roles").fetchall()}
    for role in ROLES:
        name = sql.Identifier(role)
        if role not in known:
            admin.execute(sql.SQL("create role {} login").format(name))
        # Hashed on this side: a server that logs statements never sees the password.
        hashed = admin.pgconn.encrypt_password(
            secrets.role_password(role).encode(), role.encode(), b"scram-sha-256"
        ).decode()
        admin.execute(
            sql.SQL("alter role {} with login password {}").format(name, sql.Literal(hashed))
        )
        _join_role(admin, role)


def _join_role(admin: psycopg.Connection, role: str) -> None:
    """Let an admin that is no superuser (managed servers) make things that belong to the role."""
    row = admin.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    if row is not None and not row[0]:
        admin.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(role)))


def _make_database(admin: psycopg.Connection, database: str, *, owner: str | None) -> None:
    name = sql.Identifier(database)
    found = admin.execute("select 1 from pg_database where datname = %s", [database]).fetchone()
    if found is None:
        admin.execute(sql.SQL("create database {} encoding 'UTF8' template template0").format(name))
    if owner is not None:
        admin.execute(sql.SQL("alter database {} owner to {}").format(name, sql.Identifier(owner)))
    admin.execute(sql.SQL("revoke all on database {} from public").format(name))


def _apply_sql(warehouse: psycopg.Connection, *, is_forced: bool = False) -> None:
    """Run the SQL files in one transaction, unless just this content was applied last."""
    files = sorted(SQL_DIR.glob("*.sql"))
    texts = [file.read_text(encoding="utf-8") for file in files]
    content_hash = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    if _applied_hash(warehouse) == content_hash and not is_forced:
        return
    with warehouse.transaction():
        for text in texts:
            warehouse.execute(text.encode())
        warehouse.execute(
            "insert into quality.schema_versions (content_hash) values (%s)", [content_hash]
        )


def _applied_hash(warehouse: psycopg.Connection) -> str | None:
    found = warehouse.execute("select to_regclass('quality.schema_versions')").fetchone()
    if found is None or found[0] is None:
        return None
    row = warehouse.execute(
        "select content_hash from quality.schema_versions order by version desc limit 1"
    ).fetchone()
    return str(row[0]) if row else None


def _database_dsn(admin_dsn: str, database: str) -> str:
    """Return the admin's URI of another database on the same server."""
    parts = parse_dsn(admin_dsn)
    return replace_login(
        admin_dsn, user=parts["user"], password=parts.get("password", ""), database=database
    )


def main() -> int:
    """Migrate the server that the settings name; return the exit code."""
    from include.warehouse.server import admin_dsn

    settings = read_settings()
    try:
        secrets = read_secrets(settings.data_dir)
        migrate(admin_dsn(settings, secrets), secrets)
    except (GroundswellError, psycopg.Error) as error:
        print(f"migration failed: {error}", file=sys.stderr)
        return 1
    print("the warehouse is up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
