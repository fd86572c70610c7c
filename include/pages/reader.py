"""Reading the warehouse for a page: a read-only role, a small pool, one snapshot per page.

A page asks a dozen questions; under REPEATABLE READ all of them see the same rows. Values are
bound, names of tables and columns come from our own code (`Name`), nothing from the browser.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import conninfo, sql
from psycopg.rows import dict_row
from sqlalchemy import create_engine
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from include.errors import Unavailable
from include.warehouse.connection import connect

Row = Mapping[str, Any]

POOL_SIZE = 4  # per process of the api-server; a page holds one for some 100 ms
POOL_WAIT_SECONDS = 5
CONNECT_SECONDS = 5
STATEMENT_SECONDS = 10
IDLE_SECONDS = 30
_SESSION_SETTINGS = {
    "statement_timeout": f"{STATEMENT_SECONDS}s",
    "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s",
    # Marts are new tables after every publication and their statistics come a minute later: until
    # then the planner takes them for empty and joins 1,000 creators row by row, which took 7 s.
    "enable_nestloop": "off",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The warehouse at one instant, for one page."""

    connection: psycopg.Connection[Any]

    def rows(
        self,
        statement: LiteralString | sql.SQL | sql.Composed,
        parameters: Mapping[str, object] = {},
    ) -> list[Row]:
        """Return all rows of a query; `parameters` fill its `%(name)s` and are always bound."""
        query = sql.SQL(statement) if isinstance(statement, str) else statement
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return list(cursor.execute(query, parameters).fetchall())

    def row(
        self,
        statement: LiteralString | sql.SQL | sql.Composed,
        parameters: Mapping[str, object] = {},
    ) -> Row | None:
        """Return the first row of a query, None when there is none."""
        found = self.rows(statement, parameters)
        return found[0] if found else None

    def columns(self, relation: LiteralString) -> Sequence[str]:
        """Return the columns of `schema.name` in their order, none when it does not exist.

        Marts come and grow with versions of this product, and before the first publication there
        are none: a page asks before it reads.
        """
        found = self.rows(
            """
            select attname from pg_attribute
            where attrelid = to_regclass(%(relation)s) and attnum > 0 and not attisdropped
            order by attnum
            """,
            {"relation": relation},
        )
        return [row["attname"] for row in found]


class Reader:
    """A pool of read-only connections, opened when the first page asks."""

    def __init__(self, find_dsn: Callable[[], str]) -> None:
        """Take the function that finds the address; it is called for every new connection."""
        self._find_dsn = find_dsn
        self._engine: Engine = create_engine(
            "postgresql+psycopg://",
            creator=self._connect,
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=POOL_WAIT_SECONDS,
            pool_pre_ping=True,
            pool_recycle=1800,
        )

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """Lend a connection inside one read-only transaction.

        Raise `Unavailable` when the server cannot be reached, is too slow or all are lent.
        """
        try:
            lent = self._engine.raw_connection()
        except (DBAPIError, psycopg.OperationalError) as error:
            raise Unavailable("the warehouse does not answer") from error
        except PoolTimeout as error:
            raise Unavailable("the warehouse is busy with other pages; try again") from error
        try:
            yield Snapshot(lent.driver_connection)  # type: ignore[arg-type]
        except psycopg.OperationalError as error:
            raise Unavailable("the warehouse did not answer in time; try again") from error
        finally:
            lent.close()  # back into the pool, rolled back

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _connect(self) -> psycopg.Connection[Any]:
        dsn = conninfo.make_conninfo(self._find_dsn(), connect_timeout=CONNECT_SECONDS)
        connection = connect(dsn, autocommit=True)
        for name, value in _SESSION_SETTINGS.items():
            connection.execute("select set_config(%s, %s, false)", [name, value])
        connection.autocommit = False
        connection.read_only = True
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return connection
