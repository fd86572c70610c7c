"""Merge a stage into its raw tables; every function runs inside the load's one transaction.

Order matters: first the newest of several staged rows of one key is kept, then rows that vanished
from a replaced slice are deleted (that needs the whole stage), then staged rows that bring nothing
new are dropped, and only what is left is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from include.sources._base import Stream, StreamKind
from include.warehouse.load_stage import stage_table
from include.warehouse.load_tables import RawTable

SQL = sql.SQL


@dataclass(frozen=True, slots=True)
class Target:
    """Whose rows a load writes: the tables of a stream, a connection, for snapshots a day."""

    stream: Stream
    tables: Sequence[RawTable]
    connection_id: str
    window_start: dt.datetime

    @property
    def parent(self) -> RawTable:
        return self.tables[0]

    @property
    def is_snapshot(self) -> bool:
        return self.stream.kind is StreamKind.SNAPSHOT

    @property
    def captured(self) -> sql.Identifier:
        return sql.Identifier("captured_at" if self.is_snapshot else "_captured_at")

    @property
    def scope(self) -> dict[str, Any]:
        """Values of the key columns that are the same for all rows of the load."""
        scope: dict[str, Any] = {"connection_id": self.connection_id}
        if self.is_snapshot:
            scope["window_start"] = self.window_start
        return scope

    def key_match(self, left: str, right: str) -> sql.Composed:
        """SQL: the stream's own key columns are equal in two aliases."""
        return SQL(" and ").join(
            SQL("{0}.{2} = {1}.{2}").format(SQL(left), SQL(right), sql.Identifier(name))
            for name in self.stream.key
        )

    def in_scope(self, alias: str) -> sql.Composed:
        """SQL: the row in the alias belongs to this load's connection (and day)."""
        return SQL(" and ").join(
            SQL("{}.{} = {}").format(SQL(alias), sql.Identifier(name), sql.Literal(value))
            for name, value in self.scope.items()
        )


def lock_tables(conn: psycopg.Connection, target: Target) -> None:
    """Let loads of one stream merge one after the other; the lock ends with the transaction."""
    conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [target.parent.name])


def prefer_lookups(conn: psycopg.Connection) -> None:
    """Let the planner look keys up where the target is much larger than the stage.

    With Postgres' cost for disks that turn, a thousand changed rows read whole child tables of a
    million. Cached or on flash a random page costs about what the next page does. A stage as large
    as its target is still joined by a hash. Ends with the transaction.
    """
    conn.execute("set local random_page_cost = 1.1")


def analyze_stage(conn: psycopg.Connection, target: Target) -> None:
    """Tell the planner how large the stage is; nothing else does for temporary tables.

    Only what is joined by: statistics of every column cost a tenth of a small merge. Their keys
    are next to unique, which 3,000 rows show as well as 30,000 do, in a tenth of the time.
    """
    with conn.transaction():
        conn.execute("set local default_statistics_target = 10")
        for index in range(len(target.tables)):
            columns = ("_seq",) if index else ("_seq", *target.stream.key)
            conn.execute(SQL("analyze {} ({})").format(stage_table(index), _names(columns)))


def keep_newest_staged(conn: psycopg.Connection, target: Target) -> int:
    """Keep one staged row per key: newest cursor, then latest captured, then last seen."""
    key = SQL(", ").join(map(sql.Identifier, target.stream.key))
    newest = [SQL("{} desc").format(target.captured), SQL("_seq desc")]
    if target.stream.cursor:
        newest.insert(0, SQL("{} desc").format(sql.Identifier(target.stream.cursor)))
    statement = SQL(
        "delete from {stage} as s using ("
        " select _seq, row_number() over (partition by {key} order by {newest}) as place"
        " from {stage} where ({key}) in"
        " (select {key} from {stage} group by {key} having count(*) > 1)"
        ") as ranked where s._seq = ranked._seq and ranked.place > 1"
    ).format(stage=stage_table(0), key=key, newest=SQL(", ").join(newest))
    return conn.execute(statement).rowcount


def has_known(conn: psycopg.Connection, target: Target) -> bool:
    """Say whether the target has any staged row at all.

    In a first load or a replay it has none. Then this is one lookup per row in the key's index,
    and what reads the rows of the target, or looks for children of theirs, can be left out.
    """
    statement = SQL("select exists (select from {} as s join {} as t on {} and {})").format(
        stage_table(0), target.parent.identifier, target.in_scope("t"), target.key_match("s", "t")
    )
    row = conn.execute(statement).fetchone()
    return row is not None and bool(row[0])


def drop_unchanged(conn: psycopg.Connection, target: Target) -> int:
    """Drop staged rows whose target row is the same or newer; return how many."""
    is_newer: sql.Composable = SQL("s.{0} >= t.{0}").format(target.captured)
    is_newer = SQL("({} and s._content_hash is distinct from t._content_hash)").format(is_newer)
    if target.stream.cursor:
        # Shopify completes an order's journey without touching updatedAt: an equal cursor may still
        # bring news, but only from an answer that is not older.
        is_newer = SQL("(s.{0} > t.{0} or (s.{0} = t.{0} and {1}))").format(
            sql.Identifier(target.stream.cursor), is_newer
        )
    statement = SQL("delete from {} as s using {} as t where {} and {} and not {}").format(
        stage_table(0),
        target.parent.identifier,
        target.in_scope("t"),
        target.key_match("s", "t"),
        is_newer,
    )
    return conn.execute(statement).rowcount


def delete_vanished(conn: psycopg.Connection, target: Target, slices: sql.Composable) -> int:
    """Delete target rows of the replaced slices that the stage does not hold; return how many."""
    gone = SQL(
        "select ctid from {raw} as t where {scope} and {slices}"
        " and not exists (select from {stage} as s where {match})"
    ).format(
        raw=target.parent.identifier,
        scope=target.in_scope("t"),
        slices=slices,
        stage=stage_table(0),
        match=target.key_match("s", "t"),
    )
    for table in target.tables[1:]:
        conn.execute(
            SQL(
                "delete from {child} as c using {raw} as t where t.ctid in ({gone}) and {match}"
            ).format(
                child=table.identifier,
                raw=target.parent.identifier,
                gone=gone,
                match=_same_key(target, "c", "t"),
            )
        )
    statement = SQL("delete from {} where ctid in ({})").format(target.parent.identifier, gone)
    return conn.execute(statement).rowcount


def drop_slices(conn: psycopg.Connection, target: Target, slices: sql.Composable) -> int:
    """Drop staged rows of slices that a newer load already covers; return how many."""
    return conn.execute(SQL("delete from {} as t where {}").format(stage_table(0), slices)).rowcount


def count_staged(conn: psycopg.Connection) -> int:
    """Return how many rows of the parent table are staged."""
    row = conn.execute(SQL("select count(*) from {}").format(stage_table(0))).fetchone()
    return int(row[0]) if row else 0


def write_changes(
    conn: psycopg.Connection, target: Target, load_id: int, *, knows_any: bool
) -> None:
    """Write what is left in the stage: children by delete and insert, parents by upsert.

    Children are deleted for the staged rows that the target has: looking for those of new rows too
    costs a lookup per row and child table. knows_any: what `has_known` found.
    """
    stale = None
    try:
        with conn.transaction():
            if knows_any and target.tables[1:] and _remember_known(conn, target):
                stale = SQL("pg_temp.stage_known")
            _replace_children(conn, target, load_id, stale)
    except psycopg.errors.UniqueViolation:
        # Somebody took rows out of the parent table alone; what they left is in the way.
        _replace_children(conn, target, load_id, stage_table(0))
    _upsert_parents(conn, target, load_id)


def _remember_known(conn: psycopg.Connection, target: Target) -> int:
    """Keep the keys of staged rows that the target has; return how many."""
    return conn.execute(
        SQL(
            "create temp table stage_known on commit drop as select {} from {} as s"
            " where exists (select from {} as t where {} and {})"
        ).format(
            _names(target.stream.key),
            stage_table(0),
            target.parent.identifier,
            target.in_scope("t"),
            target.key_match("s", "t"),
        )
    ).rowcount


def _replace_children(
    conn: psycopg.Connection, target: Target, load_id: int, stale: sql.Composable | None
) -> None:
    """Insert the staged children; `stale` names the table of keys whose old ones go first."""
    for index, table in enumerate(target.tables[1:], start=1):
        if stale is not None:
            conn.execute(
                SQL("delete from {} as c using {} as s where {} and {}").format(
                    table.identifier, stale, target.in_scope("c"), target.key_match("s", "c")
                )
            )
        _insert_children(conn, target, table, index, load_id)


def _insert_children(
    conn: psycopg.Connection, target: Target, table: RawTable, index: int, load_id: int
) -> None:
    own = [*(column.name for column in table.columns), "_extra"]
    values = [
        *map(sql.Literal, target.scope.values()),
        *(SQL("s.{}").format(sql.Identifier(name)) for name in target.stream.key),
        *(SQL("c.{}").format(sql.Identifier(name)) for name in own),
        sql.Literal(load_id),
        SQL("now()"),
    ]
    conn.execute(
        SQL("insert into {} ({}) select {} from {} as c join {} as s on c._seq = s._seq").format(
            table.identifier,
            _names([*target.scope, *target.stream.key, *own, "_load_id", "_loaded_at"]),
            SQL(", ").join(values),
            stage_table(index),
            stage_table(0),
        )
    )


def _upsert_parents(conn: psycopg.Connection, target: Target, load_id: int) -> None:
    table = target.parent
    staged = [column.name for column in table.columns] + ["_extra", "_content_hash"]
    staged += ["captured_at", "captured_at_source"] if target.is_snapshot else ["_captured_at"]
    values = [
        *map(sql.Literal, target.scope.values()),
        *(SQL("s.{}").format(sql.Identifier(name)) for name in staged),
        sql.Literal(load_id),
        SQL("now()"),
    ]
    names = [*target.scope, *staged, "_load_id", "_loaded_at"]
    conn.execute(
        SQL(
            "insert into {} as t ({}) select {} from {} as s on conflict ({}) do update set {}"
        ).format(
            table.identifier,
            _names(names),
            SQL(", ").join(values),
            stage_table(0),
            _names(table.key),
            SQL(", ").join(_update(target, name) for name in names if name not in table.key),
        )
    )


def _update(target: Target, name: str) -> sql.Composed:
    column = sql.Identifier(name)
    # What an API leaves out of a later answer of the same day is unknown, not gone; but a reason
    # why values are missing goes when they have come.
    kept = {c.name for c in target.parent.columns if not c.explains_absence}
    if target.is_snapshot and name in kept:
        return SQL("{0} = coalesce(excluded.{0}, t.{0})").format(column)
    return SQL("{0} = excluded.{0}").format(column)


def _same_key(target: Target, left: str, right: str) -> sql.Composed:
    return SQL(" and ").join(
        SQL("{0}.{2} = {1}.{2}").format(SQL(left), SQL(right), sql.Identifier(name))
        for name in target.parent.key
    )


def _names(names: Iterable[str]) -> sql.Composed:
    return SQL(", ").join(map(sql.Identifier, names))
