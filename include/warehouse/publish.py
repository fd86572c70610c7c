"""Publish the marts: one transaction points the views of `marts` at tables built beforehand.

dbt builds full tables in `marts_next`. `publish` moves them to `marts_v<n>`, copies the reference
tables they name (`core.ref_*`) beside them and replaces the views in `marts`, so that a reader sees
the old version or the new one and never a gap. Rights exist on the views only. The version before
stays until the next publication: `python -m include.warehouse.publish rollback` points back to it.

A reader that opened a REPEATABLE READ transaction before a publication and touches a mart for the
first time after it sees that mart empty (Postgres resolves names anew, rows by the old snapshot);
BI tools read in READ COMMITTED, the default, which has no such case.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import logging
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.errors import GroundswellError, PublishRefused, Unavailable
from include.warehouse.connection import connect, dsn_of
from include.warehouse.mart_views import (
    LOCK_WAIT_MS,
    STAGED_SCHEMA,
    VIEW_SCHEMA,
    copy_references,
    count_rows,
    kept_versions,
    move_tables,
    point_views,
    staged_tables,
)

log = logging.getLogger(__name__)

# Opening a run and publishing one exclude each other (any constant would do).
MEASURE_LOCK = 7_261_002
RETRY_PAUSE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Publication:
    """One published version; `marts` maps each mart and reference table to its number of rows."""

    version: int
    measure_run_id: int
    marts: dict[str, int]
    as_of_date: dt.date | None
    previous_version: int | None = None


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
    readers kept the views locked for `patience_seconds`. Either way the published marts stay.
    """
    with connect(dsn, autocommit=True) as connection:
        names = sorted(marts) if marts is not None else staged_tables(connection)
        try:
            publication = _patiently(
                lambda: _publish_once(connection, measure_run_id, names), patience_seconds, pause
            )
        except PublishRefused:
            _mark_refused(connection, measure_run_id)
            raise
        _drop_old_versions(connection, {publication.version, publication.previous_version})
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
        return _patiently(lambda: _rollback_once(connection, version), patience_seconds, pause)


def read_current(connection: psycopg.Connection) -> Publication | None:
    """Return the publication readers see, None before the first one."""
    return _read_publication(connection, None)


def take_measure_lock(connection: psycopg.Connection) -> None:
    """Hold, until the transaction ends, the lock under which runs open and publish."""
    connection.execute("select set_config('lock_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"])
    connection.execute("select pg_advisory_xact_lock(%s)", [MEASURE_LOCK])


def _patiently(
    attempt: Callable[[], Publication], patience_seconds: float, pause: Callable[[float], None]
) -> Publication:
    """Try again while readers hold locks; an attempt gives up early so that nobody queues long."""
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            with transient_errors():
                return attempt()
        except Unavailable:
            if time.monotonic() >= deadline:
                raise
            pause(RETRY_PAUSE_SECONDS)


@contextmanager
def transient_errors() -> Iterator[None]:
    """Turn lost locks, time-outs and lost connections into `Unavailable`."""
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
        take_measure_lock(connection)
        as_of_date = _require_publishable(connection, measure_run_id)
        _require_staged(connection, names)
        current = read_current(connection)
        version = _next_version(connection)
        schema = move_tables(connection, version, names)
        shown = [*names, *copy_references(connection, schema)]
        rows = {name: count_rows(connection, schema, name) for name in shown}
        point_views(connection, schema, shown)
        _record_publication(connection, version, measure_run_id, rows, as_of_date)
    log.info("published version %s: %s tables, as of %s", version, len(shown), as_of_date)
    return Publication(
        version, measure_run_id, rows, as_of_date, current.version if current else None
    )


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
    status: str = run[0]
    run_date: dt.date | None = run[1]
    if status != "open":
        raise PublishRefused(
            f"measure run {measure_run_id} is {status}; only an open one publishes: clear open_run"
        )
    current = read_current(connection)
    if current is not None and _is_backwards(run_date, current.as_of_date):
        raise PublishRefused(
            f"measure run {measure_run_id} stands as of {run_date}, "
            f"published version {current.version} as of {current.as_of_date}: never backwards"
        )
    return run_date


def _is_backwards(new: dt.date | None, published: dt.date | None) -> bool:
    return published is not None and (new is None or new < published)


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
        update quality.measure_runs
        set status = 'published', closed_at = clock_timestamp(), version = %s
        where measure_run_id = %s
        """,
        [version, measure_run_id],
    )


def _require_staged(connection: psycopg.Connection, names: Sequence[str]) -> None:
    staged = staged_tables(connection)
    missing = [name for name in names if name not in staged]
    if missing or not names:
        raise PublishRefused(
            f"{STAGED_SCHEMA} lacks {', '.join(missing) or 'any mart'} as a table; "
            f"it holds: {', '.join(staged) or 'nothing'}"
        )


def _next_version(connection: psycopg.Connection) -> int:
    """Return a number above every published one and every schema that exists."""
    row = connection.execute(
        "select coalesce(max(version), 0) from quality.publications"
    ).fetchone()
    assert row is not None
    return max([int(row[0]), *kept_versions(connection)]) + 1


def _mark_refused(connection: psycopg.Connection, measure_run_id: int) -> None:
    connection.execute(
        """
        update quality.measure_runs set status = 'refused', closed_at = clock_timestamp()
        where measure_run_id = %s and status = 'open'
        """,
        [measure_run_id],
    )


def _drop_old_versions(connection: psycopg.Connection, keep: set[int | None]) -> None:
    """Drop all but the current version and the one before; a busy one waits for the next time."""
    for version in kept_versions(connection):
        if version in keep:
            continue
        schema = sql.Identifier(f"{VIEW_SCHEMA}_v{version}")
        try:
            with connection.transaction():
                connection.execute(
                    "select set_config('lock_timeout', %s, true)", [f"{LOCK_WAIT_MS}ms"]
                )
                connection.execute(sql.SQL("drop schema {} cascade").format(schema))
        except psycopg.errors.LockNotAvailable:
            log.info("marts_v%s is still being read; the next publication drops it", version)


def _rollback_once(connection: psycopg.Connection, version: int | None) -> Publication:
    with connection.transaction():
        take_measure_lock(connection)
        current = read_current(connection)
        shown = current.version if current else 0
        kept = [v for v in kept_versions(connection) if v != shown]
        target = version or max((v for v in kept if v < shown), default=0)
        found = _read_publication(connection, target) if target in kept else None
        if found is None:
            raise PublishRefused(
                f"no version {version or 'before the current one'} to go back to; "
                f"current: {shown or 'none'}, also kept: {kept or 'none'}"
            )
        point_views(connection, f"{VIEW_SCHEMA}_v{found.version}", sorted(found.marts))
        connection.execute("update quality.publications set is_current = false where is_current")
        connection.execute(
            "update quality.publications set is_current = true where version = %s", [found.version]
        )
    log.info("marts show version %s again, as of %s", found.version, found.as_of_date)
    return found


def _read_publication(connection: psycopg.Connection, version: int | None) -> Publication | None:
    """Return a publication by its version, the current one for None."""
    row = connection.execute(
        """
        select version, measure_run_id, marts, as_of_date from quality.publications
        where case when %(version)s::int is null then is_current else version = %(version)s end
        """,
        {"version": version},
    ).fetchone()
    return Publication(*row) if row else None


def _describe(connection: psycopg.Connection) -> str:
    current = read_current(connection)
    if current is None:
        return "nothing is published yet"
    others = [v for v in kept_versions(connection) if v != current.version]
    lines = [
        f"version {current.version}, as of {current.as_of_date}; also kept: {others or 'none'}"
    ]
    lines += [
        f"  {VIEW_SCHEMA}.{name}: {rows} rows" for name, rows in sorted(current.marts.items())
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `rollback` or `status` as the transformer; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m include.warehouse.publish", description="Show or take back a publication."
    )
    parser.add_argument("command", choices=["status", "rollback"])
    parser.add_argument("--version", type=int, help="a kept version (default: the one before)")
    options = parser.parse_args(arguments)
    from include.services.shell import read_shell_connection

    try:
        dsn = dsn_of(read_shell_connection("warehouse_transformer"))
        if options.command == "rollback":
            rollback(dsn, options.version)
        with connect(dsn) as connection:
            print(_describe(connection))
    except (GroundswellError, psycopg.Error) as error:
        print(f"{options.command} failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
