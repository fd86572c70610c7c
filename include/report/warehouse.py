"""How a report reaches the marts: a read-only login, rows as dictionaries, plain refusals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

from include.connections import has_connection, read_connection
from include.errors import InvalidSettings, NothingPublished, Unavailable
from include.services.credentials import read_secrets
from include.settings import Settings
from include.warehouse.connection import connect, dsn_of
from include.warehouse.server import VARIABLE, is_embedded, role_dsn

Row = dict[str, Any]
UI_CONNECTION = "warehouse_ui_reader"


class Marts:
    """The published marts through one read-only session; every read sees one publication."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def read(self, query: str, values: Mapping[str, object] | None = None) -> list[Row]:
        """Return the rows of a query; `values` fill its named placeholders."""
        with self._connection.cursor(row_factory=dict_row) as cursor:
            return list(cursor.execute(query.encode(), values))


@contextmanager
def open_marts(dsn: str) -> Iterator[Marts]:
    """Open the marts at a reader's URI.

    Raise `NothingPublished` before the first publication, `Unavailable` when the server does not
    answer. A snapshot would be empty for a mart that is published while we read (see
    `include.warehouse.publish`), so the session stays in READ COMMITTED.
    """
    try:
        connection = connect(dsn, autocommit=True)
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"the warehouse does not answer ({str(error).strip()}); `make ui` starts the embedded "
            f"one, {VARIABLE} names another"
        ) from error
    with connection:
        if not _is_published(connection):
            raise NothingPublished(
                "nothing is published yet: `marts` holds no scorecard; run `make demo`, or unpause "
                "measure_campaigns and wait for its first run"
            )
        yield Marts(connection)


def reader_dsn(settings: Settings) -> str:
    """Return the URI to read marts by.

    WAREHOUSE_DSN's server as bi_reader; inside Airflow's containers their connection
    `warehouse_ui_reader`; else the embedded warehouse, which must have been made before.
    """
    if is_embedded() and has_connection(UI_CONNECTION):
        return dsn_of(read_connection(UI_CONNECTION))
    if is_embedded() and not (settings.data_dir / "postgres").exists():
        raise InvalidSettings(
            f"there is no warehouse in {settings.data_dir}: run `make demo`, set "
            f"GROUNDSWELL_DATA_DIR to where one is, or {VARIABLE} to a server's address"
        )
    return role_dsn(settings, read_secrets(settings.data_dir), "bi_reader")


def _is_published(connection: psycopg.Connection) -> bool:
    row = connection.execute("select to_regclass('marts.mart_creator_scorecard')").fetchone()
    return row is not None and row[0] is not None
