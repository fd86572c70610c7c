"""Connections to the warehouse: everything that talks to Postgres starts here."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, urlencode

import psycopg
from psycopg import conninfo

from include.errors import InvalidSettings
from include.sources._base import Connection

APPLICATION_NAME = "groundswell"
# What dbt's `join_whole_tables` sets, and for its reason.
BY_HASH = {"work_mem": "128MB", "enable_nestloop": "off", "enable_mergejoin": "off"}


def connect(dsn: str, *, autocommit: bool = False) -> psycopg.Connection:
    """Connect to the database at the libpq URI `dsn`, in UTC and under our application name.

    Raise `psycopg.OperationalError` when the server cannot be reached or refuses the login.
    """
    return psycopg.connect(
        dsn,
        autocommit=autocommit,
        application_name=APPLICATION_NAME,
        options=_with_utc(dsn),
    )


def join_by_hash(connection: psycopg.Connection) -> None:
    """Let the rest of this transaction join by hash where it can: it reads tables whole.

    The planner takes the middle of a view over all orders for one row, and then reads row by row,
    or merges by the shop alone, what a hash would read once.
    """
    for name, value in BY_HASH.items():
        connection.execute("select set_config(%s, %s, true)", [name, value])


def build_dsn(
    *,
    host: str,
    port: int,
    user: str,
    password: str | None,
    database: str,
    parameters: Mapping[str, str] | None = None,
) -> str:
    """Return a libpq URI; every part is percent-encoded, `parameters` become its query."""
    login = quote(user, safe="")
    if password:
        login += ":" + quote(password, safe="")
    # An IPv6 address stands in brackets in a URI.
    address = f"[{host}]" if ":" in host else quote(host, safe="")
    query = f"?{urlencode(parameters, quote_via=quote)}" if parameters else ""
    return f"postgresql://{login}@{address}:{port}/{quote(database, safe='')}{query}"


def dsn_of(connection: Connection) -> str:
    """Return the libpq URI of an Airflow connection of type postgres.

    Airflow keeps the database in its field `schema`, which `Connection` calls `scheme`. Texts in
    `extra` (sslmode and the like) become parameters of the URI. Raise `InvalidSettings` when host
    or login is missing.
    """
    if not connection.host or not connection.login:
        raise InvalidSettings(
            f"connection {connection.conn_id!r} needs host and login to reach Postgres"
        )
    return build_dsn(
        host=connection.host,
        port=connection.port or 5432,
        user=connection.login,
        password=connection.password,
        database=connection.scheme,
        parameters={k: str(v) for k, v in connection.extra.items() if isinstance(v, str | int)},
    )


def replace_login(dsn: str, *, user: str, password: str, database: str) -> str:
    """Return `dsn` with another login and database; server, port and TLS parameters stay.

    Raise `InvalidSettings` when `dsn` is not a libpq connection string. The text of `dsn` is not in
    the message: it may hold a password.
    """
    parts = parse_dsn(dsn)
    kept = {k: v for k, v in parts.items() if k not in {"user", "password", "dbname", "options"}}
    host = kept.pop("host", "localhost")
    port = int(kept.pop("port", "5432"))
    return build_dsn(
        host=host, port=port, user=user, password=password, database=database, parameters=kept
    )


def parse_dsn(dsn: str) -> dict[str, str]:
    """Split a libpq connection string into its parameters; raise `InvalidSettings` if none."""
    try:
        return {k: str(v) for k, v in conninfo.conninfo_to_dict(dsn).items() if v is not None}
    except psycopg.ProgrammingError:
        raise InvalidSettings(
            "the warehouse address is not a connection string libpq understands; "
            "allowed: postgresql://user:password@host:port/database"
        ) from None


def _with_utc(dsn: str) -> str:
    """Append the time zone to the options the address already asks for."""
    return f"{parse_dsn(dsn).get('options', '')} -c timezone=UTC".strip()
