"""When a day is built: which sources have arrived for a business date, and may it be measured.

Sources announce their day one by one; the last one opens the gate. Conjunctions of partitioned
assets lose days when two sources finish within milliseconds, so the warehouse decides, under an
advisory lock per day, and one asset is marked. A day that was let through once is let through again
by every source that announces it later; `open_measure_run` then skips it if nothing changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import psycopg

from include.warehouse.connection import connect
from include.warehouse.publish import transient_errors

# First half of the advisory lock's key; the second is the day (any constant would do).
_DAY_LOCK = 72_610


def announce_day(
    dsn: str,
    source: str,
    day: dt.date,
    enabled_sources: Sequence[str],
    run_id: str,
    skipped_streams: Sequence[str] | None = None,
) -> bool:
    """Record that a source's day is loaded and checked; True when the day is to be built.

    That is when every enabled source has now arrived, or a run has measured the day already: what
    arrives while that run works is not in it, and nobody else would ask for another. `dsn` is the
    loader's. `skipped_streams` default to the streams whose last window of the day was skipped.
    Raise `Unavailable` when the warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        _take_day_lock(connection, day)
        if skipped_streams is None:
            skipped_streams = _skipped_streams(connection, source, day)
        connection.execute(
            """
            insert into quality.source_arrivals (source, day, run_id, skipped_streams)
            values (%s, %s, %s, %s)
            on conflict (source, day) do update set
                arrived_at = clock_timestamp(),
                run_id = excluded.run_id,
                skipped_streams = excluded.skipped_streams
            """,
            [source, day, run_id, list(skipped_streams)],
        )
        missing = set(enabled_sources) - set(arrived_sources(connection, day))
        return not missing or has_been_measured(connection, day)


def close_day(dsn: str, day: dt.date, enabled_sources: Sequence[str]) -> bool:
    """Say at the deadline whether a day still waits for a source and is to be built without it.

    False when every source arrived (the last one let the day through) or the day is published.
    """
    with transient_errors(), connect(dsn) as connection:
        _take_day_lock(connection, day)
        missing = set(enabled_sources) - set(arrived_sources(connection, day))
        return bool(missing) and not is_published(connection, day)


def days_waiting(dsn: str, enabled_sources: Sequence[str]) -> dict[dt.date, list[str]]:
    """Return the days some source has announced that are neither complete nor published.

    Maps each day, oldest first, to the sources it waits for, sorted.
    """
    with transient_errors(), connect(dsn) as connection:
        rows = connection.execute(
            "select day, array_agg(source) from quality.source_arrivals group by day order by day"
        ).fetchall()
        waiting = {day: sorted(set(enabled_sources) - set(arrived)) for day, arrived in rows}
        return {
            day: missing
            for day, missing in waiting.items()
            if missing and not is_published(connection, day)
        }


def arrived_sources(connection: psycopg.Connection, day: dt.date) -> list[str]:
    """Return the sources that announced a day, sorted."""
    rows = connection.execute(
        "select source from quality.source_arrivals where day = %s order by source", [day]
    ).fetchall()
    return [source for (source,) in rows]


def is_published(connection: psycopg.Connection, day: dt.date) -> bool:
    """Say whether a publication was made for this very day, complete or not."""
    row = connection.execute(
        """
        select exists (
            select from quality.measure_runs where status = 'published' and day = %s
        )
        """,
        [day],
    ).fetchone()
    assert row is not None
    return bool(row[0])


def has_been_measured(connection: psycopg.Connection, day: dt.date) -> bool:
    """Say whether a run was opened for this very day, whatever became of it."""
    row = connection.execute(
        "select exists (select from quality.measure_runs where day = %s)", [day]
    ).fetchone()
    assert row is not None
    return bool(row[0])


def _skipped_streams(connection: psycopg.Connection, source: str, day: dt.date) -> list[str]:
    rows = connection.execute(
        """
        select stream from (
            select distinct on (stream, connection_id) stream, status
            from quality.load_windows
            where source = %s and partition_key = %s
            order by stream, connection_id, load_id desc
        ) as newest
        where status = 'skipped'
        group by stream
        order by stream
        """,
        [source, day.isoformat()],
    ).fetchall()
    return [stream for (stream,) in rows]


def _take_day_lock(connection: psycopg.Connection, day: dt.date) -> None:
    """Let the sources of a day decide one after the other; held until the transaction ends."""
    connection.execute("select pg_advisory_xact_lock(%s, %s)", [_DAY_LOCK, day.toordinal()])
