"""Great Expectations over time: what was checked, what failed, which query shows the rows."""

from __future__ import annotations

import datetime as dt
from inspect import cleandoc

from include.pages.quality_slices import Slice, read_slice
from include.pages.reader import Row, Snapshot

SEVERITIES = ("critical", "warning", "info")
OUTCOMES = ("failed", "passed", "all")
SHOWN_DAYS = 14
HISTORY_ROWS = 60

_STRIPS = """
select
    suite, left(partition_key, 10) as day, count(*) as expectation_count,
    max(checked_at) as checked_at,
    count(*) filter (where not success and severity = 'critical') as critical_count,
    count(*) filter (where not success and severity = 'warning') as warning_count,
    count(*) filter (where not success and severity = 'info') as info_count
from quality.newest_expectation_results
where left(partition_key, 10) between %(since)s and %(until)s
group by suite, left(partition_key, 10)
order by suite, left(partition_key, 10)
"""

_RESULTS = """
select
    result_id, run_id, partition_key, suite, source, table_name, expectation, column_name,
    severity, success, observed, element_count, unexpected_count, failing_rows_sql, checked_at
from quality.expectation_results
where
    (%(suite)s::text is null or suite = %(suite)s)
    and (%(severity)s::text is null or severity = %(severity)s)
    and (
        %(day)s::text is null or partition_key = %(day)s or partition_key like %(day)s || 'T%%'
    )
    and case %(outcome)s::text
        when 'failed' then not success
        when 'passed' then success
        else true
    end
"""

_RECURRING = """
with failures as (
    select
        suite, table_name, expectation, column_name, severity,
        count(distinct partition_key) as failed_day_count,
        min(partition_key) as first_key, max(partition_key) as last_key,
        max(result_id) as last_result_id
    from quality.expectation_results
    where not success
    group by suite, table_name, expectation, column_name, severity
),

-- Days and windows of hours are checked apart, each has a newest one.
newest_keys as (
    select
        failing.suite, failing.kind,
        (
            select max(results.partition_key) from quality.expectation_results as results
            where results.suite = failing.suite and length(results.partition_key) = failing.kind
        ) as partition_key
    from (select distinct suite, length(last_key) as kind from failures) as failing
),

newest as (
    select newest_keys.kind, results.*
    from newest_keys
    cross join lateral (
        select suite, table_name, expectation, column_name, success
        from quality.newest_expectation_results
        where suite = newest_keys.suite and partition_key = newest_keys.partition_key
    ) as results
)

select
    failures.*, results.unexpected_count, coalesce(not newest.success, false) as is_current
from failures
inner join quality.expectation_results as results on failures.last_result_id = results.result_id
left join newest
    on failures.suite = newest.suite
    and failures.table_name = newest.table_name
    and failures.expectation = newest.expectation
    and failures.column_name is not distinct from newest.column_name
    and length(failures.last_key) = newest.kind
order by
    coalesce(not newest.success, false) desc,
    array_position(array['critical', 'warning', 'info'], failures.severity),
    failures.failed_day_count desc, failures.suite, failures.expectation
limit 100
"""

_SUITES = "select distinct suite from quality.expectation_results order by suite"

_ONE = """
select
    result_id, run_id, partition_key, suite, source, table_name, expectation, column_name,
    severity, success, observed, element_count, unexpected_count, failing_rows_sql, checked_at
from quality.expectation_results
where result_id = %(result_id)s
"""

_HISTORY = """
select result_id, partition_key, run_id, success, unexpected_count, element_count, checked_at
from quality.expectation_results
where
    suite = %(suite)s
    and table_name = %(table_name)s
    and expectation = %(expectation)s
    and column_name is not distinct from %(column_name)s
order by partition_key desc, result_id desc
limit %(limit)s
"""


def read_strips(snapshot: Snapshot, newest: dt.date) -> tuple[list[str], dict[str, dict[str, Row]]]:
    """Return the days shown and, per suite, the counts of each checked day."""
    dates = [newest - dt.timedelta(days=n) for n in reversed(range(SHOWN_DAYS))]
    bound = {"since": dates[0].isoformat(), "until": dates[-1].isoformat()}
    found: dict[str, dict[str, Row]] = {}
    for row in snapshot.rows(_STRIPS, bound):
        found.setdefault(row["suite"], {})[row["day"]] = row
    return [date.isoformat() for date in dates], found


def read_results(
    snapshot: Snapshot,
    *,
    suite: str | None = None,
    severity: str | None = None,
    day: str | None = None,
    outcome: str = "failed",
    number: int = 1,
) -> Slice:
    """Return one page of results, newest first; outcome: one of `OUTCOMES`."""
    bound = {"suite": suite, "severity": severity, "day": day, "outcome": outcome}
    return read_slice(snapshot, _RESULTS, "result_id desc", bound, number)


def read_recurring(snapshot: Snapshot) -> list[Row]:
    """Return every expectation that ever failed; those failing in the newest check come first."""
    return snapshot.rows(_RECURRING)


def read_suites(snapshot: Snapshot) -> list[str]:
    """Return the names of the suites that ran, for the filter."""
    return [row["suite"] for row in snapshot.rows(_SUITES)]


def read_result(snapshot: Snapshot, result_id: int) -> tuple[Row, list[Row]] | None:
    """Return one result and the newest results of its expectation, oldest first; None if unknown.

    The query that shows the bad rows is text to copy: nothing runs it from the browser.
    """
    found = snapshot.rows(_ONE, {"result_id": result_id})
    if not found:
        return None
    history = snapshot.rows(_HISTORY, {**found[0], "limit": HISTORY_ROWS})
    query = cleandoc(found[0]["failing_rows_sql"] or "")
    return {**found[0], "failing_rows_sql": query}, history[::-1]


def query_role(suite: str) -> str:
    """Return the role that may run a suite's queries: sources are the loader's."""
    return "transformer" if suite == "marts" else "loader"
