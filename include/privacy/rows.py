"""Erase persons in what the loader owns: raw, quarantine and its part of quality.

Orders that changed are given to a load of their own (`quality.load_windows`, run id `erasure-…`):
no publication has consumed it, so the next measure run rebuilds exactly these orders.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import psycopg
from psycopg import sql

from include.privacy.erasers import PageEraser, TextEraser
from include.privacy.subjects import ErasedSubjects, number_token
from include.privacy.tables import (
    Scope,
    Table,
    changeable_tables,
    erase_everybody,
    erase_rows,
)
from include.sources._base import Source, Stream, Window
from include.sources._records import columns_of
from include.warehouse.load_rejects import RejectScope
from include.warehouse.load_tables import RawTable, stream_tables
from include.warehouse.load_windows import Captures, LoadCounts, record_load

SQL = sql.SQL


def erase_loaded_rows(
    conn: psycopg.Connection,
    source: Source,
    scope: Scope,
    erased: ErasedSubjects,
    eraser: TextEraser,
) -> dict[str, int]:
    """Erase the list's persons and known values in one transaction; return rows by table."""
    touched: dict[str, int] = {}
    with conn.transaction():
        tables = {table.full_name: table for table in changeable_tables(conn)}
        for stream in source.streams:
            raw = stream_tables(source.name, stream)
            # Loads of the stream wait, as they wait for each other.
            conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [raw[0].name])
            touched |= _erase_stream(conn, source, stream, raw, tables, scope, erased, eraser)
        # Tables of no stream: renamed away, of another source, quality's own.
        for table in tables.values():
            if changed := erase_rows(conn, table, scope, eraser):
                touched[table.full_name] = len(changed)
        if rejects := _erase_rejects(conn, source, scope, erased, eraser):
            touched["quarantine.rejects"] = rejects
    return touched


def _erase_stream(
    conn: psycopg.Connection,
    source: Source,
    stream: Stream,
    raw: Collection[RawTable],
    tables: dict[str, Table],
    scope: Scope,
    erased: ErasedSubjects,
    eraser: TextEraser,
) -> dict[str, int]:
    touched: dict[str, int] = {}
    keys: set[tuple[Any, ...]] = set()
    parent, *_ = raw
    is_whole = False
    for item in raw:
        table = tables.pop(f"raw.{item.name}", None)
        if table is None:
            continue
        count = 0
        if erased.salt is not None:
            count = erase_everybody(conn, table, scope, erased.salt)
            is_whole = is_whole or count > 0
        rows = erase_rows(conn, table, scope, eraser)
        keys.update(tuple(row[name] for name in stream.key) for row in rows)
        if count := max(count, len(rows)):
            touched[table.full_name] = count
    if keys or is_whole:
        _mark_pending(conn, source, stream, parent, scope, None if is_whole else sorted(keys))
    return touched


def _mark_pending(
    conn: psycopg.Connection,
    source: Source,
    stream: Stream,
    parent: RawTable,
    scope: Scope,
    keys: list[tuple[Any, ...]] | None,
) -> None:
    """Give the changed records (None: all of the connection) to a load that is not consumed yet.

    Their content hashes go: they were made of the erased values too.
    """
    load_id = _record_load(conn, source, stream, scope.connection_id, len(keys or ()))
    where = SQL("connection_id = {}").format(sql.Literal(scope.connection_id))
    if keys is not None:
        names = SQL(", ").join(SQL("{}::text").format(sql.Identifier(name)) for name in stream.key)
        found = SQL(", ").join(
            SQL("({})").format(SQL(", ").join(map(sql.Literal, key))) for key in keys
        )
        where += SQL(" and ({}) in ({})").format(names, found)
    count = conn.execute(
        SQL("update {} set _load_id = {}, _loaded_at = now(), _content_hash = '' where {}").format(
            parent.identifier, sql.Literal(load_id), where
        )
    ).rowcount
    conn.execute(
        "update quality.load_windows set rows_merged = %s where load_id = %s", [count, load_id]
    )


def _record_load(
    conn: psycopg.Connection, source: Source, stream: Stream, connection_id: str, rows: int
) -> int:
    now = dt.datetime.now(dt.UTC)
    key = f"erasure-{now:%Y-%m-%d}"
    scope = RejectScope(source.name, stream.name, connection_id, key, f"{key}T{now:%H%M%S}", "")
    counts = LoadCounts(0, 0, rows, rows, 0, 0, 0, ())
    load_id = record_load(conn, scope, Window(now, now, key), Captures(), counts)
    # It read no answer, so it is neither newer nor older than any.
    conn.execute(
        "update quality.load_windows set captured_from = null, captured_to = null,"
        " captured_at_source = null, landing_path = null where load_id = %s",
        [load_id],
    )
    return load_id


def _erase_rejects(
    conn: psycopg.Connection,
    source: Source,
    scope: Scope,
    erased: ErasedSubjects,
    known: TextEraser,
) -> int:
    """Edit the payloads in quarantine as the pages they come from; return rows changed."""
    streams = {stream.name: stream for stream in source.streams}
    erasers = {name: PageEraser(erased, stream, known) for name, stream in streams.items()}
    unknown = PageEraser(erased, None, known)
    found = conn.execute(
        "select reject_id, stream, record_key, reason, payload from quarantine.rejects"
        " where source = %s and connection_id = %s for update",
        [source.name, scope.connection_id],
    ).fetchall()
    changed = 0
    for reject_id, name, record_key, reason, payload in found:
        eraser = erasers.get(name, unknown)
        before = (record_key, reason, payload)
        key = _erased_key(streams.get(name), record_key, erased, eraser)
        after = (key, eraser.text(reason), payload and eraser.text(payload))
        if erased.salt is not None:
            # A reason may quote a value; the whole shop goes, so the column's name is enough.
            after = (key, reason.partition(":")[0], None)
        if after != before:
            changed += 1
            conn.execute(
                "update quarantine.rejects set record_key = %s, reason = %s, payload = %s"
                " where reject_id = %s",
                [*after, reject_id],
            )
    return changed


def _erased_key(
    stream: Stream | None, record_key: str | None, erased: ErasedSubjects, eraser: PageEraser
) -> str | None:
    if record_key is None or stream is None:
        return record_key and eraser.text(record_key)
    parts = record_key.split("|")
    if len(parts) != len(stream.key):
        return eraser.text(record_key)
    pairs = zip(stream.key, parts, strict=True)
    numbers = {c.name for c in columns_of(stream.record) if c.sql_type == "bigint"}
    return "|".join(
        _erased_part(part, name in numbers, erased) if name in stream.subject_columns else part
        for name, part in pairs
    )


def _erased_part(part: str, is_number: bool, erased: ErasedSubjects) -> str:
    token = erased.token_of(part)
    if token is None:
        return part
    return number_token(token) if is_number else token
