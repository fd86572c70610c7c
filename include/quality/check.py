"""The gate: check a source's window or the new marts, store each result, stop on critical ones."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg.types.json import Jsonb

from include.errors import PublishRefused
from include.quality.basic_suite import build_basic_suite
from include.quality.engine import Outcome, run_rules
from include.quality.marts_suite import MartsScope, build_marts_suite
from include.quality.rules import Rule, Window
from include.quality.suites import load_suite
from include.sources._base import HOUR_KEY, Source
from include.warehouse.connection import connect
from include.warehouse.load_tables import stream_tables
from include.warehouse.publish import read_current

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What a check found; `failed` holds every rule that does not hold, worst first."""

    suite: str
    partition_key: str
    checked_count: int
    failed: tuple[Outcome, ...]

    @property
    def critical(self) -> tuple[Outcome, ...]:
        """Return the failures that stop the pipeline."""
        return tuple(outcome for outcome in self.failed if outcome.is_critical)


def check_source(dsn: str, source: Source, partition_key: str, run_id: str) -> CheckReport:
    """Check the rows a source's loads of one window wrote, its volume, freshness and rejects.

    `dsn` is the loader's. Every expectation becomes a row of `quality.expectation_results`. Raise
    `PublishRefused` naming rules, counts and the query that shows the rows when a critical one
    fails: the day is then not announced.
    """
    # It goes into queries: a day, or the hour at which a window of a stream's own begins.
    if len(partition_key) == len("2026-11-04T06"):
        dt.datetime.strptime(partition_key, HOUR_KEY).replace(tzinfo=dt.UTC)
    else:
        dt.date.fromisoformat(partition_key)
    with connect(dsn, autocommit=True) as connection:
        window = read_window(connection, source, partition_key)
        rules = build_basic_suite(source, window)
        rules += load_suite(source.name)(source, window)
        outcomes = run_rules(dsn, rules)
        report = _report(source.name, partition_key, outcomes)
        _store(connection, report.suite, source.name, partition_key, run_id, outcomes)
    return _gate(report, f"the day is not announced for {source.name}")


def check_marts(dsn: str, measure_run_id: int, run_id: str) -> CheckReport:
    """Check the tables of `marts_next` before they are published.

    `dsn` is the transformer's. Store and raise as `check_source` does: a critical failure leaves
    yesterday's marts in place.
    """
    with connect(dsn, autocommit=True) as connection:
        scope = _marts_scope(connection, measure_run_id)
        outcomes = run_rules(dsn, build_marts_suite(scope))
        report = _report("marts", scope.day.isoformat(), outcomes)
        _store(connection, report.suite, None, report.partition_key, run_id, outcomes)
    return _gate(report, "the new marts are not published")


def read_window(connection: psycopg.Connection, source: Source, partition_key: str) -> Window:
    """Return the loads of a source's day and how many rows of each raw table carry them."""
    loads = {
        stream: tuple(ids)
        for stream, ids in connection.execute(
            """
            select stream, array_agg(load_id order by load_id) from quality.load_windows
            where source = %s and partition_key = %s and status = 'loaded'
            group by stream
            """,
            [source.name, partition_key],
        ).fetchall()
    }
    window = Window(source.name, partition_key, loads, {})
    return Window(source.name, partition_key, loads, _row_counts(connection, source, window))


def _row_counts(connection: psycopg.Connection, source: Source, window: Window) -> dict[str, int]:
    counts = []
    for stream in source.streams:
        if not window.loads.get(stream.name):
            continue
        for table in stream_tables(source.name, stream):
            rows = window.rows(stream.name, table.name)
            counts.append(f"select '{table.name}', count(*) from ({rows}) as checked")
    if not counts:
        return {}
    found = connection.execute(" union all ".join(counts).encode()).fetchall()
    return {str(table): int(count) for table, count in found}


def _marts_scope(connection: psycopg.Connection, measure_run_id: int) -> MartsScope:
    run = connection.execute(
        """
        select day, as_of_date, sources_missing from quality.measure_runs
        where measure_run_id = %s
        """,
        [measure_run_id],
    ).fetchone()
    if run is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    columns: dict[str, frozenset[str]] = {
        table: frozenset(names)
        for table, names in connection.execute(
            """
            select table_name, array_agg(column_name::text) from information_schema.columns
            where table_schema = 'marts_next' group by table_name
            """
        ).fetchall()
    }
    current = read_current(connection)
    day, as_of_date, missing = run
    return MartsScope(day, as_of_date, tuple(missing), columns, current.marts if current else {})


def _report(suite: str, partition_key: str, outcomes: Sequence[Outcome]) -> CheckReport:
    order = {"critical": 0, "warning": 1, "info": 2}
    failed = sorted(
        (outcome for outcome in outcomes if not outcome.success),
        key=lambda outcome: order[outcome.rule.severity],
    )
    return CheckReport(suite, partition_key, len(outcomes), tuple(failed))


def _gate(report: CheckReport, consequence: str) -> CheckReport:
    for outcome in report.failed:
        log.warning("%s", describe(outcome))
    if report.critical:
        lines = "\n".join(describe(outcome) for outcome in report.critical)
        count, first = len(report.critical), report.critical[0].rule
        fail = "expectation fails" if count == 1 else "expectations fail"
        raise PublishRefused(
            f"{report.suite} {report.partition_key}: {count} critical {fail}, "
            f"{consequence}; "
            f"{'' if count == 1 else 'the first: '}{_name(first)} ({first.table}):\n{lines}"
        )
    return report


def _name(rule: Rule) -> str:
    return rule.name or f"{rule.kind} {', '.join(rule.columns)}"


def describe(outcome: Outcome) -> str:
    """Return one line: severity, what fails, how often, and the query that shows the rows."""
    rule = outcome.rule
    return (
        f"[{rule.severity}] {rule.table}: {_name(rule)} fails for {outcome.unexpected_count} rows; "
        f"see them with: {outcome.failing_rows_sql}"
    )


def _store(
    connection: psycopg.Connection,
    suite: str,
    source: str | None,
    partition_key: str,
    run_id: str,
    outcomes: Sequence[Outcome],
) -> None:
    """Write one row per expectation, in one round trip."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            insert into quality.expectation_results (
                run_id, partition_key, suite, source, table_name, expectation, column_name,
                severity, success, observed, element_count, unexpected_count, failing_rows_sql
            ) values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (
                    run_id,
                    partition_key,
                    suite,
                    source,
                    outcome.rule.table,
                    outcome.rule.name or outcome.rule.kind,
                    ", ".join(outcome.rule.columns) or None,
                    outcome.rule.severity,
                    outcome.success,
                    Jsonb(outcome.observed) if outcome.observed is not None else None,
                    outcome.element_count,
                    outcome.unexpected_count,
                    outcome.failing_rows_sql,
                )
                for outcome in outcomes
            ],
        )
