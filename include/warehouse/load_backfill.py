"""Fill a column that is new in a record from the values `_extra` has kept of it."""

from __future__ import annotations

from typing import Annotated, Any, cast

import msgspec
import psycopg
from psycopg import sql

from include.http.decode import decode_json
from include.sources._base import Record
from include.sources._records import SQL_TYPES, Column, RowReader, RowRejected

_READ_ROWS = 10_000


def fill_from_extra(conn: psycopg.Connection, table: sql.Identifier, column: Column) -> int:
    """Move a new column's values out of `_extra`; return how many rows got one.

    A value that does not fit the column's type stays in `_extra`. Must run in the transaction that
    added the column: its lock on the table keeps the rows where they are meanwhile.
    """
    place, kept_key, inner = _kept_place(conn, table, column)
    if place is None:
        return 0
    reader = RowReader(_one_column(column))
    conn.execute("drop table if exists pg_temp.kept_values")
    conn.execute(
        sql.SQL("create temp table kept_values (place tid primary key, value {})").format(
            sql.SQL(column.sql_type)
        )
    )
    query = sql.SQL("select ctid::text, {}::text from {} where _extra ? {}").format(
        place, table, sql.Literal(kept_key)
    )
    with conn.cursor(name="kept") as rows, conn.cursor() as writer:
        rows.execute(query)
        while batch := rows.fetchmany(_READ_ROWS):
            found = [(ctid, _converted(reader, text)) for ctid, text in batch]
            with writer.copy("copy pg_temp.kept_values from stdin") as copy:
                for ctid, value in found:
                    if value is not None:
                        copy.write_row((ctid, value))
    update = sql.SQL(
        "update {table} as t set {column} = k.value, _extra = {rest} "
        "from pg_temp.kept_values as k where t.ctid = k.place"
    ).format(table=table, column=sql.Identifier(column.name), rest=_rest(kept_key, inner))
    filled = conn.execute(update).rowcount
    conn.execute("drop table pg_temp.kept_values")
    return filled


def _kept_place(
    conn: psycopg.Connection, table: sql.Identifier, column: Column
) -> tuple[sql.Composable | None, str, tuple[str, ...]]:
    """Find under which key `_extra` keeps the column: its own path, or an object around it.

    Return the SQL of the value, the key, and the path inside the key's value.
    """
    for depth in range(len(column.path), 0, -1):
        key, inner = ".".join(column.path[:depth]), column.path[depth:]
        exists = sql.SQL("select exists (select from {} where _extra ? {})").format(
            table, sql.Literal(key)
        )
        row = conn.execute(exists).fetchone()
        if row is not None and row[0]:
            place = sql.SQL("(_extra -> {} #> {})").format(
                sql.Literal(key), sql.Literal(list(inner))
            )
            return place, key, inner
    return None, "", ()


def _rest(key: str, inner: tuple[str, ...]) -> sql.Composable:
    """SQL of `_extra` without the moved value; NULL when nothing else is left."""
    if inner:
        path = sql.Literal([key, *inner])
        return sql.SQL("nullif(t._extra #- {}, '{{}}')").format(path)
    return sql.SQL("nullif(t._extra - {}, '{{}}')").format(sql.Literal(key))


def _one_column(column: Column) -> type[Record]:
    """Build a record of this column alone, nullable, to convert single values with."""
    kinds: dict[str, Any] = {name: kind for kind, name in SQL_TYPES.items()}
    meta = msgspec.Meta(extra={"at": "value", "sql": column.sql_type})
    kind: Any = kinds.get(column.sql_type, Any)
    fields: list[tuple[str, Any]] = [("value", Annotated[kind | None, meta])]
    record = msgspec.defstruct("KeptValue", fields, bases=(Record,), array_like=True)
    return cast(type[Record], record)


def _converted(reader: RowReader, text: str | None) -> Any:
    if text is None:
        return None
    try:
        return reader.read({"value": decode_json(text.encode())})[0][0]
    except RowRejected:
        return None
