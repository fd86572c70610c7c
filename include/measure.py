"""Measure runs: one build of the marts, from pinning its loads to its publication.

A run consumes the loads that exist when it opens; what commits later waits for the next run. Only a
publication consumes them for good: the loads of a failed or superseded run are pinned again.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg

from include import estimates
from include.chained_sums import store_chained_sums
from include.day_gate import arrived_sources
from include.refits import has_waiting_refit
from include.removal_effects import solve_weeks
from include.restatements.compare import compare_run
from include.sentiment import score_comments
from include.warehouse.connection import connect
from include.warehouse.publish import take_measure_lock, transient_errors

__all__ = ["MeasureRun", "close_measure_run", "open_measure_run", "solve"]

log = logging.getLogger(__name__)

CLOSING_STATUSES = ("refused", "failed", "superseded")


@dataclass(frozen=True, slots=True)
class MeasureRun:
    """An open run; `as_of_date` is the newest day for which every enabled source has arrived."""

    measure_run_id: int
    day: dt.date
    as_of_date: dt.date
    sources_present: tuple[str, ...]
    sources_missing: tuple[str, ...]
    load_count: int


def open_measure_run(
    dsn: str,
    day: dt.date,
    enabled_sources: Sequence[str],
    run_id: str,
    *,
    is_forced: bool = False,
) -> MeasureRun | None:
    """Open a run for a day and pin its loads; None when nothing changed since the last publication.

    Nothing changed means: no unconsumed load altered a row, the day is published (on its own or as
    part of a later one), and no other source has arrived for it since. `is_forced` opens
    regardless (a changed model). Older open runs become superseded. `dsn` is the transformer's.
    Raise `Unavailable` when the warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        take_measure_lock(connection)
        arrived = set(arrived_sources(connection, day)) & set(enabled_sources)
        if not is_forced and not _has_changed(connection, day, arrived):
            log.info("nothing changed for %s since the last publication", day)
            return None
        _supersede_open_runs(connection)
        return _insert_run(connection, day, sorted(arrived), enabled_sources, run_id)


def close_measure_run(dsn: str, measure_run_id: int, status: str) -> None:
    """Close a run that does not publish; one that is no longer open stays as it is.

    `status` is refused, failed or superseded (ValueError otherwise: only `publish` publishes).
    """
    if status not in CLOSING_STATUSES:
        raise ValueError(f"status {status!r} is not one of {', '.join(CLOSING_STATUSES)}")
    with transient_errors(), connect(dsn) as connection:
        connection.execute(
            """
            update quality.measure_runs set status = %s, closed_at = clock_timestamp()
            where measure_run_id = %s and status = 'open'
            """,
            [status, measure_run_id],
        )


def solve(dsn: str, measure_run_id: int) -> None:
    """Run everything between the two dbt groups.

    The chains come first. What reads them follows in two lanes at once, each step after the one
    before it: they mostly wait for the server, which has a process for each. Raise `PublishRefused`
    for an unknown run or a chain that contradicts its own paths.
    """
    # numpy and scipy stay out of the other tasks that import this module.
    from include.advice.solve import solve_advice
    from include.rate_estimates import estimate_creator_rates

    solve_weeks(dsn, measure_run_id)
    store_chained_sums(dsn)
    with ThreadPoolExecutor(max_workers=1) as pool:
        aside = pool.submit(_solve_aside, dsn, measure_run_id)
        estimates.solve(dsn, measure_run_id)
        estimate_creator_rates(dsn, measure_run_id)
        solve_advice(dsn, measure_run_id)
        aside.result()


def _solve_aside(dsn: str, measure_run_id: int) -> None:
    """Run what neither the estimates nor the advice read, and what reads neither."""
    from include.audience_scores import score_campaign_audiences
    from include.leak_scores import score_leaks
    from include.lift_estimates import estimate_lifts

    compare_run(dsn, measure_run_id)
    score_leaks(dsn, measure_run_id)
    estimate_lifts(dsn, measure_run_id)
    score_comments(dsn)
    score_campaign_audiences(dsn, measure_run_id)


def _has_changed(connection: psycopg.Connection, day: dt.date, arrived: set[str]) -> bool:
    row = connection.execute(
        """
        select
            exists (
                select from quality.load_windows as loaded
                where loaded.status = 'loaded'
                    and loaded.rows_merged + loaded.rows_deleted > 0
                    and not exists (
                        select from quality.measure_run_loads as pinned
                        inner join quality.measure_runs as run
                            on pinned.measure_run_id = run.measure_run_id
                        where pinned.load_id = loaded.load_id and run.status = 'published'
                    )
            ),
            (
                select sources_present from quality.measure_runs
                where day = %s and status = 'published'
                order by measure_run_id desc
                limit 1
            ),
            (
                select max(as_of_date) from quality.measure_runs
                where status = 'published'
            )
        """,
        [day],
    ).fetchone()
    assert row is not None
    has_loads, present, as_of_date = row
    if has_loads or has_waiting_refit(connection):
        return True
    if present is not None:
        return set(present) != arrived
    # Never published on its own: a publication as of this day or a later one holds it, too.
    return as_of_date is None or as_of_date < day


def _supersede_open_runs(connection: psycopg.Connection) -> None:
    connection.execute(
        """
        update quality.measure_runs set status = 'superseded', closed_at = clock_timestamp()
        where status = 'open'
        """
    )


def _insert_run(
    connection: psycopg.Connection,
    day: dt.date,
    present: list[str],
    enabled_sources: Sequence[str],
    run_id: str,
) -> MeasureRun:
    as_of_date = _as_of_date(connection, day, enabled_sources)
    missing = sorted(set(enabled_sources) - set(present))
    row = connection.execute(
        """
        insert into quality.measure_runs (day, as_of_date, run_id, sources_present, sources_missing)
        values (%s, %s, %s, %s, %s)
        returning measure_run_id
        """,
        [day, as_of_date, run_id, present, missing],
    ).fetchone()
    assert row is not None
    load_count = _pin_loads(connection, int(row[0]))
    return MeasureRun(int(row[0]), day, as_of_date, tuple(present), tuple(missing), load_count)


def _pin_loads(connection: psycopg.Connection, measure_run_id: int) -> int:
    """Pin every load no published run consumed and return how many there are."""
    return connection.execute(
        """
        insert into quality.measure_run_loads (measure_run_id, load_id)
        select %s, loaded.load_id
        from quality.load_windows as loaded
        where loaded.status = 'loaded'
            and not exists (
                select from quality.measure_run_loads as pinned
                inner join quality.measure_runs as run on pinned.measure_run_id = run.measure_run_id
                where pinned.load_id = loaded.load_id and run.status = 'published'
            )
        """,
        [measure_run_id],
    ).rowcount


def _as_of_date(
    connection: psycopg.Connection, day: dt.date, enabled_sources: Sequence[str]
) -> dt.date:
    """Return the newest complete day, never before a published one.

    While no day was ever complete it is the day before the first arrival: nothing is complete yet.
    """
    enabled = sorted(set(enabled_sources))
    row = connection.execute(
        """
        with complete as (
            select day from quality.source_arrivals
            where source = any(%(enabled)s)
            group by day
            having count(*) = cardinality(%(enabled)s::text[])
        )

        select greatest(
            (select max(day) from complete),
            (select max(as_of_date) from quality.measure_runs where status = 'published')
        ), (select min(day) from quality.source_arrivals)
        """,
        {"enabled": enabled},
    ).fetchone()
    assert row is not None
    newest, first = row
    found: dt.date = newest or min(first or day, day) - dt.timedelta(days=1)
    return found
