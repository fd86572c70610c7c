"""The schemas behind `marts`: tables move from `marts_next` to `marts_v<n>`, views show them."""

from __future__ import annotations

import re
from collections.abc import Sequence

import psycopg
from psycopg import sql

from include.errors import PublishRefused

STAGED_SCHEMA = "marts_next"
VIEW_SCHEMA = "marts"
SEED_SCHEMA = "core"
READERS = ("bi_reader", "ui_reader")
# Under the server's deadlock_timeout of 1 s: when a dashboard holds one view and wants another, it
# is the publication that gives up, never the dashboard.
LOCK_WAIT_MS = 800


def staged_tables(connection: psycopg.Connection) -> list[str]:
    """Return the tables of `marts_next` without what an interrupted dbt run left behind."""
    rows = connection.execute(
        """
        select tablename from pg_tables
        where schemaname = %s and tablename !~ '__dbt_(tmp|backup|new)'
        order by tablename
        """,
        [STAGED_SCHEMA],
    ).fetchall()
    return [name for (name,) in rows]


def kept_versions(connection: psycopg.Connection) -> list[int]:
    """Return the versions whose tables still exist, oldest first."""
    rows = connection.execute(
        r"select nspname from pg_namespace where nspname ~ '^marts_v[0-9]+$'"
    ).fetchall()
    return sorted(int(re.sub(r"\D", "", name)) for (name,) in rows)


def move_tables(connection: psycopg.Connection, version: int, names: Sequence[str]) -> str:
    """Move tables of `marts_next` to the new schema of a version and return its name."""
    schema = f"{VIEW_SCHEMA}_v{version}"
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    for name in names:
        connection.execute(
            sql.SQL("alter table {} set schema {}").format(
                sql.Identifier(STAGED_SCHEMA, name), sql.Identifier(schema)
            )
        )
    return schema


def copy_references(connection: psycopg.Connection, schema: str) -> list[str]:
    """Copy the reference tables (dbt's seeds, `core.ref_*`) to a version; return their names.

    Marts name them (tiers, benchmarks, claims), and a version must go on saying what it was built
    with, also after a rollback; they hold a few hundred rows.
    """
    names = [n for n in _columns_by_relation(connection, SEED_SCHEMA) if n.startswith("ref_")]
    for name in names:
        source, copy = sql.Identifier(SEED_SCHEMA, name), sql.Identifier(schema, name)
        connection.execute(sql.SQL("create table {} as table {}").format(copy, source))
    _copy_comments(connection, SEED_SCHEMA, schema, "table", names)
    return names


def count_rows(connection: psycopg.Connection, schema: str, name: str) -> int:
    """Return the number of rows of a table."""
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    assert row is not None
    return int(row[0])


def point_views(connection: psycopg.Connection, schema: str, names: Sequence[str]) -> None:
    """Make `marts` show exactly the tables `names` of `schema`, with read rights for the readers.

    Raise `PublishRefused` when an object outside `marts` reads a view that must be made anew.
    """
    shown = _columns_by_relation(connection, VIEW_SCHEMA)
    wanted = _columns_by_relation(connection, schema)
    _lock_views(connection, sorted(shown))
    for name in shown:
        # A view can grow columns at its end; any other change needs a new one.
        if name not in names or wanted[name][: len(shown[name])] != shown[name]:
            _drop_view(connection, name)
    for name in names:
        view = sql.Identifier(VIEW_SCHEMA, name)
        table = sql.Identifier(schema, name)
        connection.execute(
            sql.SQL("create or replace view {} as select * from {}").format(view, table)
        )
        readers = sql.SQL(", ").join(sql.Identifier(role) for role in READERS)
        connection.execute(sql.SQL("grant select on {} to {}").format(view, readers))
    _copy_comments(connection, schema, VIEW_SCHEMA, "view", names)


def _columns_by_relation(
    connection: psycopg.Connection, schema: str
) -> dict[str, list[tuple[str, str]]]:
    """Return (name, type) of the columns of every table or view of a schema, in their order."""
    rows = connection.execute(
        """
        select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid
        where c.relnamespace = to_regnamespace(%s) and c.relkind in ('r', 'v')
            and a.attnum > 0 and not a.attisdropped
        order by c.relname, a.attnum
        """,
        [schema],
    ).fetchall()
    columns: dict[str, list[tuple[str, str]]] = {}
    for relation, name, kind in rows:
        columns.setdefault(relation, []).append((name, kind))
    return columns


def _lock_views(connection: psycopg.Connection, names: Sequence[str]) -> None:
    """Take every view at once, waiting `LOCK_WAIT_MS` in all, before any of them changes."""
    if not names:
        return
    views = sql.SQL(", ").join(sql.Identifier(VIEW_SCHEMA, name) for name in names)
    connection.execute("select set_config('statement_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"])
    connection.execute(sql.SQL("lock table {} in access exclusive mode").format(views))
    connection.execute("select set_config('statement_timeout', '0', true)")


def _drop_view(connection: psycopg.Connection, name: str) -> None:
    try:
        connection.execute(sql.SQL("drop view {}").format(sql.Identifier(VIEW_SCHEMA, name)))
    except psycopg.errors.DependentObjectsStillExist as error:
        raise PublishRefused(
            f"{VIEW_SCHEMA}.{name} changed its columns or goes away, but other objects read it: "
            f"{error.diag.message_detail}; drop or rebuild them first"
        ) from error


def _copy_comments(
    connection: psycopg.Connection, source: str, target: str, kind: str, names: Sequence[str]
) -> None:
    """Give relations what dbt wrote on the tables of `source`: BI tools show it beside columns.

    kind: what the relations of `target` are, `table` or `view`.
    """
    comments = connection.execute(
        """
        select c.relname, a.attname, d.description
        from pg_description as d
        inner join pg_class as c on d.objoid = c.oid and d.classoid = 'pg_class'::regclass
        left join pg_attribute as a on d.objoid = a.attrelid and d.objsubid = a.attnum
            and d.objsubid > 0
        where
            c.relnamespace = to_regnamespace(%s) and c.relkind = 'r' and c.relname = any(%s)
        """,
        [source, list(names)],
    ).fetchall()
    statements = [
        sql.SQL("comment on {} {} is {}").format(
            sql.SQL("column" if column else kind),
            sql.Identifier(target, relation, *([column] if column else [])),
            sql.Literal(text),
        )
        for relation, column, text in comments
    ]
    if statements:
        connection.execute(sql.SQL("; ").join(statements))
