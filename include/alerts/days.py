"""What keeps days from readers: late sources and publications, failed checks and measurements."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, LiteralString
from zoneinfo import ZoneInfo

from include.alerts.situation import Alert, Situation
from include.daily import connections_of
from include.ingest import newest_window_key
from include.page_paths import checks_page, freshness_page, loads_page, publications_page
from include.review.reading import read_rows
from include.sources import discover_sources
from include.sources._base import Source, Stream
from include.spoken_names import suite_name

# Wall-clock times of the reporting time zone: `close_day` runs at the first, and a publication
# has an hour from then on.
ARRIVAL_DUE = dt.time(9)
PUBLICATION_DUE = dt.time(10)
# A window of hours is read ten minutes after its end; three attempts take less than this.
WINDOW_GRACE = dt.timedelta(hours=1)
# A measurement of the sample takes two minutes.
MEASURED_WITHIN = dt.timedelta(hours=1)
# As long as the quality pages list days that are held back.
CHECK_REMEMBERED = dt.timedelta(days=60)


def late_sources(at: Situation) -> list[Alert]:
    """Sources without the day that was due at 09:00; none before anything ever arrived."""
    day = at.due_day(ARRIVAL_DUE)
    newest: dict[str, dt.date] = dict(
        at.warehouse.execute(
            "select source, max(day) from quality.source_arrivals group by source"
        ).fetchall()
    )
    arrived = {
        source
        for (source,) in at.warehouse.execute(
            "select source from quality.source_arrivals where day = %s", [day]
        ).fetchall()
    }
    if not newest:
        return []
    return [
        Alert(
            "source_late",
            source,
            f"{suite_name(source)} has not arrived for {day} (due at {ARRIVAL_DUE:%H:%M} "
            f"{at.timezone}); its newest day is {newest.get(source, 'none')}",
            freshness_page(),
        )
        for source in sorted(set(at.sources) - arrived)
    ]


def late_windows(at: Situation) -> list[Alert]:
    """Streams with windows of hours whose newest window is not loaded an hour after its end.

    Of each connection of the plan, once it loaded any. No day waits for them, so that nothing else
    would tell.
    """
    newest: dict[tuple[str, str, str], str] = {
        (source, stream, conn_id): key
        for source, stream, conn_id, key in at.warehouse.execute(
            "select source, stream, connection_id, max(partition_key)"
            " from quality.load_windows where status = 'loaded' group by 1, 2, 3"
        ).fetchall()
    }
    late = []
    for source, stream in _streams_with_windows():
        due = newest_window_key(stream, at.now - WINDOW_GRACE)
        for conn_id in connections_of(source.name, at.connections):
            loaded = newest.get((source.name, stream.name, conn_id), due)
            if loaded < due:
                message = (
                    f"{source.title}: {stream.name} of connection {conn_id} are not loaded for "
                    f"the window that began at {due} UTC; the newest loaded one began at {loaded}"
                )
                subject = f"{stream.name}/{conn_id}"
                page = loads_page(source.name, stream.name)
                late.append(Alert("window_late", subject, message, page))
    return late


def _streams_with_windows() -> list[tuple[Source, Stream]]:
    sources = discover_sources().values()
    return [(source, stream) for source in sources for stream in source.streams if stream.every]


def late_publication(at: Situation) -> list[Alert]:
    """The published marts do not hold the day that was due at 10:00."""
    day = at.due_day(PUBLICATION_DUE)
    row = at.warehouse.execute(
        """
        select greatest(run.day, run.as_of_date), published.version
        from quality.publications as published
        inner join quality.measure_runs as run on published.measure_run_id = run.measure_run_id
        where published.is_current
        """
    ).fetchone()
    if row[0] >= day if row else not _is_first_due(at, day):
        return []
    served = f"version {row[1]} of {row[0]} is served" if row else "nothing ever was"
    message = f"{day} is not published (due at {PUBLICATION_DUE:%H:%M} {at.timezone}); {served}"
    return [Alert("publication_late", "marts", message, publications_page())]


def _is_first_due(at: Situation, day: dt.date) -> bool:
    """Say whether an arrival came in time for the first publication, `day`'s or one before."""
    deadline = dt.datetime.combine(
        day + dt.timedelta(days=1), ARRIVAL_DUE, tzinfo=ZoneInfo(at.timezone)
    )
    row = at.warehouse.execute(
        "select from quality.source_arrivals where day <= %s and arrived_at < %s limit 1",
        [day, deadline],
    ).fetchone()
    return row is not None


_NEWEST_ENDED: LiteralString = """
select
    ended.day, ended.measure_run_id, ended.status, ended.closed_at,
    exists (
        select from quality.measure_runs as newer
        where newer.measure_run_id > ended.measure_run_id and newer.opened_at <= ended.closed_at
    ) as is_overtaken,
    exists (
        select from quality.expectation_results as results
        where
            results.suite = 'marts' and results.run_id = ended.run_id
            and not results.success and results.severity = 'critical'
            and results.checked_at between ended.opened_at and ended.closed_at
    ) as has_failed_checks
from quality.measure_runs as ended
where ended.status not in ('open', 'superseded')
order by ended.measure_run_id desc
limit 1
"""


def failed_measurement(at: Situation) -> list[Alert]:
    """The newest measure run that ended published nothing, and neither a check nor a run says why.

    A failed check has an alert of its own; one that a newer run overtook is that run's to publish.
    """
    [run] = read_rows(at.warehouse, _NEWEST_ENDED, {}) or [{"status": "published"}]
    if run["status"] == "published" or run["is_overtaken"] or run["has_failed_checks"]:
        return []
    closed_at = run["closed_at"].astimezone(ZoneInfo(at.timezone))
    message = (
        f"the measurement of {run['day']} (run {run['measure_run_id']}) {_ENDS[run['status']]} at "
        f"{closed_at:%Y-%m-%d %H:%M} {at.timezone}; what was published before stays served"
    )
    return [Alert("measurement_failed", "marts", message, publications_page())]


_ENDS = {"failed": "failed", "refused": "was refused publication"}


def slow_measurement(at: Situation) -> list[Alert]:
    """A measure run that has been open for longer than it may take."""
    row = at.warehouse.execute(
        """
        select day, measure_run_id, opened_at from quality.measure_runs
        where status = 'open' and opened_at < %s
        order by measure_run_id desc
        limit 1
        """,
        [at.now - MEASURED_WITHIN],
    ).fetchone()
    if row is None:
        return []
    opened_at = row[2].astimezone(ZoneInfo(at.timezone))
    message = (
        f"the measurement of {row[0]} (run {row[1]}) has been open since "
        f"{opened_at:%Y-%m-%d %H:%M} {at.timezone}; what was published before stays served"
    )
    return [Alert("measurement_slow", "marts", message, publications_page())]


_FAILED_CHECKS: LiteralString = """
with failed_keys as (
    select distinct suite, partition_key
    from quality.expectation_results
    where
        not success and severity = 'critical' and checked_at >= %(since)s
        and (suite = 'marts' or suite = any(%(sources)s))
),

failing as (
    select results.*
    from failed_keys
    cross join lateral (
        select suite, partition_key, table_name, expectation, checked_at
        from quality.newest_expectation_results
        where
            suite = failed_keys.suite and partition_key = failed_keys.partition_key
            and not success and severity = 'critical'
    ) as results
)

select
    suite,
    partition_key,
    count(*) as failed_count,
    min(table_name || ': ' || expectation) as first_failure
from failing
where
    -- What passed since passed without them: an update took such an expectation out of its suite,
    -- or the marts of a later day were published.
    not exists (
        select from quality.source_arrivals as arrivals
        where
            arrivals.source = failing.suite and arrivals.day::text = failing.partition_key
            and arrivals.arrived_at > failing.checked_at
    )
    and not exists (
        select from quality.measure_runs as published
        where
            failing.suite = 'marts' and published.status = 'published'
            and greatest(published.day, published.as_of_date)::text >= failing.partition_key
            and published.closed_at > failing.checked_at
    )
group by suite, partition_key
order by suite, partition_key
"""


def failed_checks(at: Situation) -> list[Alert]:
    """Days and windows of hours with critical failures: they, or a publication, are held back."""
    bound = {"sources": at.sources, "since": at.now - CHECK_REMEMBERED}
    return [_failed_check(row) for row in read_rows(at.warehouse, _FAILED_CHECKS, bound)]


def _failed_check(row: Mapping[str, Any]) -> Alert:
    suite, key, count = row["suite"], row["partition_key"], row["failed_count"]
    what = "a critical check fails" if count == 1 else f"{count} critical checks fail"
    example = f"{'' if count == 1 else 'such as '}{row['first_failure']}"
    message = (
        f"{suite_name(suite)}, {key}: {what}, {example}; what was published before stays served"
    )
    return Alert("check_failed", f"{suite}/{key}", message, checks_page(suite, key))
