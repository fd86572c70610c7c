"""Quarantine: documents that did not fit, with the reason, until a good load brings them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.sources._base import Stream
from include.sources._records import columns_of
from include.warehouse.load_stage import stage_table

PAYLOAD_CHARS = 20_000


@dataclass(frozen=True, slots=True)
class Reject:
    """One document (or a whole page: no key) that could not be loaded."""

    record_key: str | None
    reason: str
    payload: str
    page_number: int


@dataclass(frozen=True, slots=True)
class RejectScope:
    """Where rejects come from."""

    source: str
    stream: str
    connection_id: str
    partition_key: str
    run_id: str
    landing_path: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.source, self.stream, self.connection_id


def write_rejects(
    conn: psycopg.Connection, scope: RejectScope, rejects: Sequence[Reject], load_id: int | None
) -> None:
    """Record rejects; one that stands unresolved (a window loaded again) is not repeated."""
    statement = """
        insert into quarantine.rejects (
            source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
            payload, landing_path, page_number
        )
        select %(source)s, %(stream)s, %(connection)s, %(partition)s, %(load)s, %(run)s, %(key)s,
            %(reason)s, %(payload)s, %(path)s, %(page)s
        where not exists (
            select from quarantine.rejects
            where source = %(source)s and stream = %(stream)s and connection_id = %(connection)s
                and record_key is not distinct from %(key)s and resolved_at is null
                and reason = %(reason)s and payload = %(payload)s
        )
    """
    rows = [
        {
            "source": scope.source,
            "stream": scope.stream,
            "connection": scope.connection_id,
            "partition": scope.partition_key,
            "load": load_id,
            "run": scope.run_id,
            "key": _storable(reject.record_key),
            "reason": _storable(reject.reason),
            "payload": _storable(reject.payload[:PAYLOAD_CHARS]),
            "path": scope.landing_path,
            "page": reject.page_number,
        }
        for reject in rejects
    ]
    if rows:
        conn.cursor().executemany(statement, rows)


def has_unresolved(conn: psycopg.Connection, scope: RejectScope) -> bool:
    """Say whether anything of this stream and connection waits in quarantine."""
    row = conn.execute(
        "select exists (select from quarantine.rejects where source = %s and stream = %s"
        " and connection_id = %s and resolved_at is null)",
        scope.key,
    ).fetchone()
    return row is not None and bool(row[0])


def remember_staged_keys(conn: psycopg.Connection, stream: Stream) -> None:
    """Keep the keys of all staged rows, also of those the merge will find unchanged."""
    conn.execute("drop table if exists pg_temp.staged_keys")
    types = {column.name: column.sql_type for column in columns_of(stream.record)}
    key = sql.SQL(" || '|' || ").join(_key_part(name, types[name]) for name in stream.key)
    conn.execute(
        sql.SQL(
            "create temp table staged_keys on commit drop as select {} as record_key from {}"
        ).format(key, stage_table(0))
    )


def _key_part(name: str, sql_type: str) -> sql.Composed:
    """Return a key's column as `key_text` writes it, whatever time zone the session has."""
    is_time = sql_type == "timestamp with time zone"
    text = "({} at time zone 'UTC')::text || '+00'" if is_time else "{}::text"
    return sql.SQL(text).format(sql.Identifier(name))


def resolve_rejects(
    conn: psycopg.Connection, scope: RejectScope, load_id: int, *, is_whole_window: bool
) -> int:
    """Mark rejects whose record has now been loaded; return how many.

    Rejects without a key (pages) are resolved by a load of their whole window without such a
    reject.
    """
    statement = """
        update quarantine.rejects as r
        set resolved_at = clock_timestamp(), resolved_by_load_id = %(load)s
        where r.source = %(source)s and r.stream = %(stream)s
            and r.connection_id = %(connection)s and r.resolved_at is null
            and r.load_id is distinct from %(load)s
            and (
                r.record_key in (select k.record_key from pg_temp.staged_keys as k)
                or (r.record_key is null and %(whole)s and r.partition_key = %(partition)s)
            )
    """
    return conn.execute(
        statement,
        {
            "load": load_id,
            "source": scope.source,
            "stream": scope.stream,
            "connection": scope.connection_id,
            "partition": scope.partition_key,
            "whole": is_whole_window,
        },
    ).rowcount


def _storable(text: str | None) -> str | None:
    """Postgres stores no NUL; a lone surrogate cannot even be sent."""
    if text is None:
        return None
    return text.replace("\x00", "�").encode("utf-8", "replace").decode()
