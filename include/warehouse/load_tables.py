"""Raw tables as the descriptors want them: create, extend, and refuse what would damage data.

A new column is added (and filled from `_extra` where its value was kept). A changed type or key is
refused. A column that left the record stays in the table, without its NOT NULL.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from include.errors import SchemaChanged
from include.sources._base import Child, Source, Stream, StreamKind
from include.sources._records import Column, columns_of
from include.warehouse.load_backfill import fill_from_extra

SCHEMA = "raw"
_TIME = "timestamp with time zone"
EXTRA = Column("_extra", (), "jsonb", True, "Fields of the document that no column names")


@dataclass(frozen=True, slots=True)
class RawTable:
    """One table of `raw`: `columns` are the record's, `leading` and `trailing` the loader's own."""

    name: str
    leading: tuple[Column, ...]
    columns: tuple[Column, ...]
    trailing: tuple[Column, ...]
    key: tuple[str, ...]
    description: str = ""

    @property
    def all_columns(self) -> tuple[Column, ...]:
        return (*self.leading, *self.columns, *self.trailing)

    @property
    def identifier(self) -> sql.Identifier:
        return sql.Identifier(SCHEMA, self.name)


def tables_of(source: Source) -> list[RawTable]:
    """Return every raw table of a source, parents before their children."""
    return [table for stream in source.streams for table in stream_tables(source.name, stream)]


def stream_tables(source_name: str, stream: Stream) -> list[RawTable]:
    """Return a stream's table and then those of its children, in the stream's order."""
    return [
        _parent_table(source_name, stream),
        *(_child_table(source_name, stream, child) for child in stream.children),
    ]


def create_raw_tables(conn: psycopg.Connection, source: Source) -> None:
    """Create the raw tables of a source, or extend them to its records, in one transaction.

    Raise `SchemaChanged` (naming table, old and new) for a changed type or key. Runs as the role
    that owns `raw`. Costs one catalogue query per stream when nothing is to be done.
    """
    for stream in source.streams:
        ensure_tables(conn, source.name, stream)


def ensure_tables(conn: psycopg.Connection, source_name: str, stream: Stream) -> None:
    """Do what `create_raw_tables` does for one stream."""
    tables = stream_tables(source_name, stream)
    if not any(_changes(conn, tables)):
        return
    with conn.transaction():
        # Two loads of one stream may start together; the second then finds nothing left to do.
        conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 1))", [tables[0].name])
        for statement in _changes(conn, tables):
            statement()


def _parent_table(source_name: str, stream: Stream) -> RawTable:
    is_snapshot = stream.kind is StreamKind.SNAPSHOT
    leading = [Column("connection_id", (), "text", False, "Airflow connection the row came by")]
    if is_snapshot:
        leading += [
            Column("window_start", (), _TIME, False, "Start of the day the values stand for"),
            Column("captured_at", (), _TIME, False, "When the API gave the values"),
            Column("captured_at_source", (), "text", False, "Whose clock: api or local"),
        ]
    trailing = [EXTRA, Column("_content_hash", (), "bytea", False, "Hash of row and child rows")]
    if not is_snapshot:
        trailing.append(Column("_captured_at", (), _TIME, False, "When the API gave the row"))
    return RawTable(
        name=f"{source_name}__{stream.name}",
        leading=tuple(leading),
        columns=columns_of(stream.record),
        trailing=(*trailing, *_load_columns()),
        key=_parent_key(stream),
        description=stream.description or (stream.record.__doc__ or "").partition("\n")[0],
    )


def _child_table(source_name: str, stream: Stream, child: Child) -> RawTable:
    parent = {column.name: column for column in _parent_table(source_name, stream).all_columns}
    return RawTable(
        name=f"{source_name}__{child.name}",
        leading=tuple(parent[name] for name in _parent_key(stream)),
        columns=columns_of(child.record),
        trailing=(EXTRA, *_load_columns()),
        key=(*_parent_key(stream), *child.key),
        description=(child.record.__doc__ or "").partition("\n")[0],
    )


def _parent_key(stream: Stream) -> tuple[str, ...]:
    window = ("window_start",) if stream.kind is StreamKind.SNAPSHOT else ()
    return ("connection_id", *window, *stream.key)


def _load_columns() -> tuple[Column, ...]:
    return (
        Column("_load_id", (), "bigint", False, "Load that last changed the row"),
        Column("_loaded_at", (), _TIME, False, "When that load was"),
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A table as it is in the database."""

    types: dict[str, str]
    required: frozenset[str]
    key: tuple[str, ...]


_CATALOGUE = """
select
    c.relname,
    array_agg(a.attname::text order by a.attnum),
    array_agg(format_type(a.atttypid, a.atttypmod) order by a.attnum),
    array_agg(a.attnotnull order by a.attnum),
    coalesce(
        (
            select array_agg(k.attname::text order by p.place)
            from pg_constraint as pk,
                unnest(pk.conkey) with ordinality as p (attnum, place),
                pg_attribute as k
            where
                pk.conrelid = c.oid
                and pk.contype = 'p'
                and k.attrelid = c.oid
                and k.attnum = p.attnum
        ),
        '{}'
    )
from pg_class as c
inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = to_regnamespace('raw') and c.relkind = 'r' and c.relname = any(%s)
group by c.oid, c.relname
"""


def _changes(conn: psycopg.Connection, tables: list[RawTable]) -> Iterator[Any]:
    """Yield what is to be done, each a call; `SchemaChanged` comes before the first."""
    found = {
        name: _Found(
            dict(zip(columns, types, strict=True)),
            frozenset(c for c, required in zip(columns, is_required, strict=True) if required),
            tuple(key),
        )
        for name, columns, types, is_required, key in conn.execute(
            _CATALOGUE, [[table.name for table in tables]]
        ).fetchall()
    }
    for table in tables:
        if table.name in found:
            _refuse_damage(table, found[table.name])
    for table in tables:
        if table.name not in found:
            yield lambda table=table: _create(conn, table)
        else:
            yield from _extensions(conn, table, found[table.name])


def _refuse_damage(table: RawTable, found: _Found) -> None:
    if found.key != table.key:
        raise SchemaChanged(
            f"{SCHEMA}.{table.name}: the key is ({', '.join(found.key)}) and would become "
            f"({', '.join(table.key)}); rename the table away and replay the stream from landing"
        )
    for column in table.all_columns:
        old = found.types.get(column.name)
        if old is not None and old != column.sql_type:
            raise SchemaChanged(
                f"{SCHEMA}.{table.name}.{column.name} is {old} and would become {column.sql_type}; "
                "give the new type a column of its own, or rename the table away and replay the "
                "stream from landing"
            )


def _extensions(conn: psycopg.Connection, table: RawTable, found: _Found) -> Iterator[Any]:
    wanted = {column.name: column for column in table.all_columns}
    for column in table.all_columns:
        if column.name not in found.types:
            yield lambda column=column: _add_column(conn, table, column)
        elif column.is_nullable and column.name in found.required:
            yield lambda name=column.name: _alter(conn, table, name, "drop not null")
        elif (
            # It was added to a filled table, or became required: holds once no NULL is left.
            not column.is_nullable
            and column.name not in found.required
            and not _has_null(conn, table, column.name)
        ):
            yield lambda name=column.name: _alter(conn, table, name, "set not null")
    for name in found.required - wanted.keys():
        yield lambda name=name: _alter(conn, table, name, "drop not null")


def _create(conn: psycopg.Connection, table: RawTable) -> None:
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}{}").format(
            sql.Identifier(column.name),
            sql.SQL(column.sql_type),
            sql.SQL("" if column.is_nullable else " not null"),
        )
        for column in table.all_columns
    )
    key = sql.SQL(", ").join(map(sql.Identifier, table.key))
    conn.execute(
        sql.SQL("create table {} ({}, primary key ({}))").format(table.identifier, columns, key)
    )
    # Rows of a load lie together, so this index is a few pages and finds a load's rows all the
    # same.
    conn.execute(sql.SQL("create index on {} using brin (_load_id)").format(table.identifier))
    if table.description:
        conn.execute(
            sql.SQL("comment on table {} is {}").format(
                table.identifier, sql.Literal(table.description)
            )
        )
    for column in table.all_columns:
        _comment(conn, table, column)


def _add_column(conn: psycopg.Connection, table: RawTable, column: Column) -> None:
    """Add a column and fill it from `_extra`; NOT NULL comes when no row lacks a value."""
    conn.execute(
        sql.SQL("alter table {} add column {} {}").format(
            table.identifier, sql.Identifier(column.name), sql.SQL(column.sql_type)
        )
    )
    _comment(conn, table, column)
    if column.path:
        fill_from_extra(conn, table.identifier, column)
    if not column.is_nullable and not _has_null(conn, table, column.name):
        _alter(conn, table, column.name, "set not null")


def _comment(conn: psycopg.Connection, table: RawTable, column: Column) -> None:
    if column.description:
        conn.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier(SCHEMA, table.name, column.name), sql.Literal(column.description)
            )
        )


def _alter(conn: psycopg.Connection, table: RawTable, column: str, change: str) -> None:
    conn.execute(
        sql.SQL("alter table {} alter column {} {}").format(
            table.identifier, sql.Identifier(column), sql.SQL(change)
        )
    )


def _has_null(conn: psycopg.Connection, table: RawTable, column: str) -> bool:
    query = sql.SQL("select exists (select from {} where {} is null)").format(
        table.identifier, sql.Identifier(column)
    )
    row = conn.execute(query).fetchone()
    return row is not None and bool(row[0])
