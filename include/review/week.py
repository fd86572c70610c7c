"""The week a review covers, and which of its days the published marts hold whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from include.errors import WeekIncomplete

# A day whose source never came must not hold back the review for ever; two are not a week.
MISSING_ALLOWED = 1


@dataclass(frozen=True, slots=True)
class Week:
    """Monday to Sunday of the reporting time zone."""

    start: dt.date

    @property
    def end(self) -> dt.date:
        """Return the Sunday."""
        return self.start + dt.timedelta(days=6)

    @property
    def days(self) -> list[dt.date]:
        """Return the seven days in order."""
        return [self.start + dt.timedelta(days=n) for n in range(7)]

    @property
    def before(self) -> Week:
        """Return the week before."""
        return Week(self.start - dt.timedelta(days=7))


def week_of(day: dt.date) -> Week:
    """Return the week a day lies in."""
    return Week(day - dt.timedelta(days=day.weekday()))


def missing_days(
    connection: psycopg.Connection, week: Week, enabled_sources: Sequence[str]
) -> list[dt.date]:
    """Return the days of the week the published marts do not hold with every enabled source.

    A day is whole when all sources arrived for it before the run behind the publication opened.
    """
    rows = connection.execute(
        """
        select arrivals.day
        from quality.source_arrivals as arrivals
        inner join quality.publications as published on published.is_current
        inner join quality.measure_runs as run on published.measure_run_id = run.measure_run_id
        where
            arrivals.day between %(start)s and %(end)s
            and arrivals.day <= greatest(run.day, run.as_of_date)
            and arrivals.source = any(%(sources)s)
        group by arrivals.day
        having count(*) = cardinality(%(sources)s::text[])
        """,
        {"start": week.start, "end": week.end, "sources": sorted(set(enabled_sources))},
    ).fetchall()
    whole = {day for (day,) in rows}
    return [day for day in week.days if day not in whole]


def check_week(
    connection: psycopg.Connection, week: Week, enabled_sources: Sequence[str]
) -> list[dt.date]:
    """Return the missing days when they are few enough for a review, else raise `WeekIncomplete`.

    The error is transient: a late source may still come.
    """
    missing = missing_days(connection, week, enabled_sources)
    if len(missing) > MISSING_ALLOWED:
        raise WeekIncomplete(
            f"week of {week.start}: {7 - len(missing)} of 7 days are published with every source, "
            f"missing: {', '.join(map(str, missing))}; allowed: {MISSING_ALLOWED} missing day. "
            "Backfill the late source for these days (its page says how), then clear check_week"
        )
    return missing
