"""Publish the marts: one transaction points the views of `marts` at tables built beforehand.

dbt builds full tables in `marts_next`. `publish` moves them to `marts_v<n>` and replaces the views in
`marts`, so that a reader sees the old version or the new one and never a gap. Rights exist on the views
only. The version before stays until the next publication: `python -m include.warehouse.publish rollback`.

A reader that opened a REPEATABLE READ transaction before a publication and touches a mart for the
first time after it sees that mart empty (Postgres resolves names anew, rows by the old snapshot);
BI tools read in READ COMMITTED, the default, which has no such case.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.errors import GroundswellError, PublishRefused, Unavailable
from include.warehouse.connection import connect

log = logging.getLogger(__name__)

STAGED_SCHEMA = "marts_next"
VIEW_SCHEMA = "marts"
READERS = ("bi_reader", "ui_reader")
# Opening a run and publishing one exclude each other (any constant would do).
MEASURE_LOCK = 7_261_002
# Under the server's deadlock_timeout of 1 s: when a dashboard holds one view and wants another, it is
# the publication that gives up, never the dashboard.
LOCK_WAIT_MS = 800
RETRY_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version; `marts` maps each mart to its number of rows."""

    version: int
    measure_run_id: int
    marts: dict[str, int]
    as_of_date: dt.date | None


def publish(
    dsn: str,
    measure_run_id: int,
    marts: Sequence[str] | None = None,
    *,
    patience_seconds: float = 30.0,
    pause: Callable[[float], None] = time.sleep,
) -> Publication:
    """Publish `marts` (default: every table of `marts_next`) as the result of an open measure run.

    `dsn` is the transformer's. Raise `PublishRefused` when the run is not the newest open one, when
    its `as_of_date` is older than the published one, or when a mart is missing; `Unavailable` when
    readers kept the views locked for `patience_seconds`. Either way the published marts stay as they are.
    """
    with connect(dsn, autocommit=True) as connection:
        names = sorted(marts) if marts is not None else _staged_tables(connection)
        deadline = time.monotonic() + patience_seconds
        publication = _patiently(
            lambda: _publish_once(connection, measure_run_id, names), deadline, pause
        )
        _drop_old_versions(connection)
    return publication


def rollback(
    dsn: str,
    version: int | None = None,
    *,
    patience_seconds: float = 30.0,
    pause: Callable[[float], None] = time.sleep,
) -> Publication:
    """Point the views back at the version before the current one, or at a kept `version`.

    Raise `PublishRefused` naming the kept versions when there is none to go to, `Unavailable` as
    `publish` does.
    """
    with connect(dsn, autocommit=True) as connection:
        deadline = time.monotonic() + patience_seconds
        return _patiently(lambda: _rollback_once(connection, version), deadline, pause)


def read_current(connection: psycopg.Connection) -> Publication | None:
    """Return the publication readers see, None before the first one."""
    return _read_publication(connection, "is_current", [])


def _patiently(
    attempt: Callable[[], Publication], deadline: float, pause: Callable[[float], None]
) -> Publication:
    """Try again while readers hold locks: each attempt gives up early so that nobody queues long."""
    while True:
        try:
            with _transient_errors():
                return attempt()
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
            pause(RETRY_PAUSE_SECONDS)


@contextmanager
def _transient_errors() -> Iterator[None]:
    try:
        yield
    except (
        psycopg.errors.LockNotAvailable,
        psycopg.errors.QueryCanceled,
        psycopg.errors.DeadlockDetected,
    ) as error:
        raise Unavailable(
            f"the marts are locked by readers or another publication ({type(error).__name__}); "
            "nothing was changed, try again (pg_locks on schema marts shows who holds them)"
        ) from error
    except psycopg.OperationalError as error:
        raise Unavailable(f"the warehouse went away while publishing: {error}") from error


def _publish_once(
    connection: psycopg.Connection, measure_run_id: int, names: Sequence[str]
) -> Publication:
    with connection.transaction():
        _take_measure_lock(connection)
        as_of_date = _require_publishable(connection, measure_run_id)
        _require_staged(connection, names)
        version = _next_version(connection)
        schema = _move_tables(connection, version, names)
        rows = {name: _count_rows(connection, schema, name) for name in names}
        _point_views(connection, schema, names)
        _record_publication(connection, version, measure_run_id, rows, as_of_date)
    log.info("published version %s: %s marts, as of %s", version, len(names), as_of_date)
    return Publication(version, measure_run_id, rows, as_of_date)


def _take_measure_lock(connection: psycopg.Connection) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"])
    connection.execute("select pg_advisory_xact_lock(%s)", [MEASURE_LOCK])


def _require_publishable(connection: psycopg.Connection, measure_run_id: int) -> dt.date | None:
    """Return the run's as_of_date; raise `PublishRefused` unless it is the newest open run."""
    run = connection.execute(
        "select status, as_of_date from quality.measure_runs where measure_run_id = %s",
        [measure_run_id],
    ).fetchone()
    if run is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    newer = connection.execute(
        """
        select max(measure_run_id) from quality.measure_runs
        where measure_run_id > %s and status in ('open', 'published')
        """,
        [measure_run_id],
    ).fetchone()
    if newer is not None and newer[0] is not None:
        raise PublishRefused(
            f"measure run {measure_run_id} is out of date: run {newer[0]} has opened since"
        )
    status, as_of_date = run
    if status != "open":
        raise PublishRefused(f"measure run {measure_run_id} is {status}; only an open one publishes")
    current = read_current(connection)
    if current is not None and _is_backwards(as_of_date, current.as_of_date):
        raise PublishRefused(
            f"measure run {measure_run_id} stands as of {as_of_date}, "
            f"published version {current.version} as of {current.as_of_date}: never backwards"
        )
    return as_of_date if as_of_date is None else dt.date.fromisoformat(str(as_of_date))


def _is_backwards(new: dt.date | None, published: dt.date | None) -> bool:
    return published is not None and (new is None or new < published)


def _staged_tables(connection: psycopg.Connection) -> list[str]:
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


def _require_staged(connection: psycopg.Connection, names: Sequence[str]) -> None:
    staged = _staged_tables(connection)
    missing = [name for name in names if name not in staged]
    if missing or not names:
        raise PublishRefused(
            f"{STAGED_SCHEMA} lacks {', '.join(missing) or 'any mart'} as a table; "
            f"it holds: {', '.join(staged) or 'nothing'}"
        )


def _next_version(connection: psycopg.Connection) -> int:
    """Return a number above every published one and every schema that exists."""
    row = connection.execute("select coalesce(max(version), 0) from quality.publications").fetchone()
    assert row is not None
    return max([int(row[0]), *_kept_versions(connection)]) + 1


def _kept_versions(connection: psycopg.Connection) -> list[int]:
    rows = connection.execute(
        r"select nspname from pg_namespace where nspname ~ '^marts_v[0-9]+$'"
    ).fetchall()
    return sorted(int(re.sub(r"\D", "", name)) for (name,) in rows)


def _move_tables(connection: psycopg.Connection, version: int, names: Sequence[str]) -> str:
    schema = f"{VIEW_SCHEMA}_v{version}"
    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
    for name in names:
        connection.execute(
            sql.SQL("alter table {} set schema {}").format(
                sql.Identifier(STAGED_SCHEMA, name), sql.Identifier(schema)
            )
        )
    return schema


def _count_rows(connection: psycopg.Connection, schema: str, name: str) -> int:
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    assert row is not None
    return int(row[0])


def _point_views(connection: psycopg.Connection, schema: str, names: Sequence[str]) -> None:
    """Make `marts` show exactly the tables `names` of `schema`, with read rights for the readers."""
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


def _record_publication(
    connection: psycopg.Connection,
    version: int,
    measure_run_id: int,
    rows: dict[str, int],
    as_of_date: dt.date | None,
) -> None:
    connection.execute("update quality.publications set is_current = false where is_current")
    connection.execute(
        """
        insert into quality.publications (version, measure_run_id, marts, as_of_date, is_current)
        values (%s, %s, %s, %s, true)
        """,
        [version, measure_run_id, json.dumps(rows), as_of_date],
    )
    # From here on the run's pinned loads count as consumed.
    connection.execute(
        """
        update quality.measure_runs set status = 'published', closed_at = clock_timestamp(), version = %s
        where measure_run_id = %s
        """,
        [version, measure_run_id],
    )


def _drop_old_versions(connection: psycopg.Connection) -> None:
    """Drop all but the current version and the one before; a busy one waits for the next time."""
    current = read_current(connection)
    older = [v for v in _kept_versions(connection) if current and v < current.version]
    # After a rollback the version left behind lies between the two and was found wanting.
    shown_before = _shown_before(connection)
    for version in older:
        if version == shown_before:
            continue
        try:
            with connection.transaction():
                connection.execute(
                    "select set_config('lock_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"]
                )
                schema = sql.Identifier(f"{VIEW_SCHEMA}_v{version}")
                connection.execute(sql.SQL("drop schema {} cascade").format(schema))
        except psycopg.errors.LockNotAvailable:
            log.info("marts_v%s is still being read; the next publication drops it", version)


def _rollback_once(connection: psycopg.Connection, version: int | None) -> Publication:
    with connection.transaction():
        _take_measure_lock(connection)
        current = read_current(connection)
        kept = [v for v in _kept_versions(connection) if current and v != current.version]
        older = [v for v in kept if current and v < current.version]
        target = version if version is not None else max(older, default=None)
        found = _read_publication(connection, "version = %s", [target]) if target in kept else None
        if found is None:
            raise PublishRefused(
                f"no version {target or 'before the current one'} to go back to; "
                f"current: {current.version if current else 'none'}, kept: {kept or 'none'}"
            )
        _point_views(connection, f"{VIEW_SCHEMA}_v{found.version}", sorted(found.marts))
        connection.execute("update quality.publications set is_current = false where is_current")
        connection.execute(
            "update quality.publications set is_current = true where version = %s", [found.version]
        )
    return found


def _read_publication(
    connection: psycopg.Connection, condition: str, values: Sequence[object]
) -> Publication | None:
    row = connection.execute(
        f"select version, measure_run_id, marts, as_of_date from quality.publications where {condition}",
        values,
    ).fetchone()
    return Publication(*row) if row else None
