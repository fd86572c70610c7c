"""Freshness: which business date each source should have brought by now, and whether it did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from include.pages.reader import Row, Snapshot

# When a day is read and when it is measured without the late ones, in the reporting time zone:
# the schedules of dags/ingest.py and dags/close_day.py (a test compares them).
INGEST_HOUR = 3
DEADLINE_HOUR = 9
SHOWN_DAYS = 14
# A day read that long after its deadline was asked for later on; nobody waited for it.
BACKFILL_AFTER = dt.timedelta(days=2)

MARK_NAMES = {
    "on_time": "on time",
    "late": "after the deadline",
    "backfilled": "read later, by a backfill",
    "failed": "held back by a failed check",
    "missing": "not arrived",
    "due": "due by the deadline",
    "none": "not read",
}

_DAYS = """
with loads as (
    select source, stream, connection_id, partition_key, min(loaded_at) as first_loaded_at
    from quality.load_windows
    where partition_key = any(%(keys)s)
    group by source, stream, connection_id, partition_key
),

loaded as (
    select source, partition_key, max(first_loaded_at) as complete_at
    from loads
    group by source, partition_key
),

failed as (
    select source, partition_key, count(*) as critical_count
    from quality.newest_expectation_results
    where
        source is not null and partition_key = any(%(keys)s)
        and not success and severity = 'critical'
    group by source, partition_key
)

select
    coalesce(loaded.source, arrivals.source) as source,
    coalesce(loaded.partition_key::date, arrivals.day) as day,
    -- A rerun moves the arrival, not the instant at which the day was first complete.
    least(arrivals.arrived_at, loaded.complete_at) as complete_at,
    arrivals.arrived_at,
    coalesce(arrivals.skipped_streams, '{}') as skipped_streams,
    coalesce(failed.critical_count, 0) as critical_count
from loaded
full join (
    select source, day, arrived_at, skipped_streams
    from quality.source_arrivals
    where day = any(%(days)s)
) as arrivals
    on loaded.source = arrivals.source and loaded.partition_key = arrivals.day::text
left join failed
    on loaded.source = failed.source and loaded.partition_key = failed.partition_key
"""

_NEWEST = """
select distinct on (source) source, day, arrived_at, skipped_streams, run_id
from quality.source_arrivals
order by source, day desc
"""

_OWN_WINDOWS = """
select distinct on (source, stream, connection_id)
    source, stream, connection_id, partition_key, window_start, window_end, status, reason,
    rows_read, loaded_at, run_id
from quality.load_windows
where partition_key like '%%T%%'
order by source, stream, connection_id, window_end desc, load_id desc
"""


@dataclass(frozen=True, slots=True)
class DayMark:
    """How one source's day stands; `state` is a key of `MARK_NAMES`."""

    day: dt.date
    state: str
    complete_at: dt.datetime | None = None
    skipped_streams: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return the mark in words, for the pointer and for screen readers."""
        text = f"{self.day}: {MARK_NAMES[self.state]}"
        if self.skipped_streams:
            text += f"; skipped: {', '.join(self.skipped_streams)}"
        return text


@dataclass(frozen=True, slots=True)
class SourceFreshness:
    """One source: `state` is arrived, due, late, held or never (for the expected day).

    late: how long after the deadline the expected day came, or is overdue now; age: time since the
    end of the newest day that arrived.
    """

    source: str
    state: str
    newest_day: dt.date | None
    arrived_at: dt.datetime | None
    age: dt.timedelta | None
    late: dt.timedelta | None
    skipped_streams: tuple[str, ...]
    days: tuple[DayMark, ...]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Every enabled source against the day that is expected now."""

    expected_day: dt.date
    due_at: dt.datetime
    deadline_at: dt.datetime
    days: tuple[dt.date, ...]
    sources: tuple[SourceFreshness, ...]
    own_windows: list[Row]

    @property
    def open_count(self) -> int:
        """How many sources the expected day still waits for."""
        return sum(source.state != "arrived" for source in self.sources)


def read_freshness(
    snapshot: Snapshot, sources: Sequence[str], zone: ZoneInfo, now: dt.datetime
) -> Freshness:
    """Return how fresh each of `sources` is at `now`; days are business dates of `zone`."""
    expected = expected_day(now, zone)
    days = tuple(expected - dt.timedelta(days=n) for n in reversed(range(SHOWN_DAYS)))
    bound = {"days": list(days), "keys": [day.isoformat() for day in days]}
    by_source: dict[str, dict[dt.date, Row]] = {}
    for row in snapshot.rows(_DAYS, bound):
        by_source.setdefault(row["source"], {})[row["day"]] = row
    newest = {row["source"]: row for row in snapshot.rows(_NEWEST)}
    names = sorted({*sources, *newest})
    return Freshness(
        expected_day=expected,
        due_at=instant(expected, INGEST_HOUR, zone),
        deadline_at=instant(expected, DEADLINE_HOUR, zone),
        days=days,
        sources=tuple(
            _source(name, days, by_source.get(name, {}), newest.get(name), zone, now)
            for name in names
        ),
        own_windows=snapshot.rows(_OWN_WINDOWS),
    )


def expected_day(now: dt.datetime, zone: ZoneInfo) -> dt.date:
    """Return the newest business date whose reading has begun at `now`."""
    local = now.astimezone(zone)
    return local.date() - dt.timedelta(days=1 if local.hour >= INGEST_HOUR else 2)


def instant(day: dt.date, hour: int, zone: ZoneInfo) -> dt.datetime:
    """Return an hour of the morning after a business date."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(hour), tzinfo=zone)


def _source(
    name: str,
    days: Sequence[dt.date],
    found: dict[dt.date, Row],
    newest: Row | None,
    zone: ZoneInfo,
    now: dt.datetime,
) -> SourceFreshness:
    marks = tuple(_mark(day, found.get(day), zone, now) for day in days)
    expected, deadline = found.get(days[-1]), instant(days[-1], DEADLINE_HOUR, zone)
    has_arrived = expected is not None and expected["arrived_at"] is not None
    complete = expected["complete_at"] if expected and has_arrived else None
    overdue = (complete or now) - deadline
    newest_day = newest["day"] if newest else None
    age = now - instant(newest_day, 0, zone) if newest_day else None
    return SourceFreshness(
        source=name,
        state=_state(marks[-1], has_arrived, newest is not None, now > deadline),
        newest_day=newest_day,
        arrived_at=newest["arrived_at"] if newest else None,
        age=age,
        late=overdue if overdue > dt.timedelta() else None,
        skipped_streams=tuple(newest["skipped_streams"]) if newest else (),
        days=marks,
    )


def _state(mark: DayMark, has_arrived: bool, was_ever_here: bool, is_past: bool) -> str:
    if has_arrived:
        return "arrived"
    if mark.state == "failed":
        return "held"
    if not was_ever_here:
        return "never"
    return "late" if is_past else "due"


def _mark(day: dt.date, row: Row | None, zone: ZoneInfo, now: dt.datetime) -> DayMark:
    deadline = instant(day, DEADLINE_HOUR, zone)
    if row is None or row["arrived_at"] is None:
        if row is not None and row["critical_count"]:
            return DayMark(day, "failed")
        if now <= deadline:
            return DayMark(day, "due")
        return DayMark(day, "none" if row is None else "missing")
    overdue = row["complete_at"] - deadline
    late = "backfilled" if overdue > BACKFILL_AFTER else "late"
    state = late if overdue > dt.timedelta() else "on_time"
    return DayMark(day, state, row["complete_at"], tuple(row["skipped_streams"]))
