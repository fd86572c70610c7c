"""Load windows and drift: what was read, what became of it, which fields nobody knows yet."""

from __future__ import annotations

from include.pages.quality_rejects import replay_command
from include.pages.quality_slices import Slice, read_slice
from include.pages.reader import Row, Snapshot

STATUSES = ("loaded", "skipped", "rejects", "drift", "changes")

_WINDOWS = """
select
    load_id, source, stream, connection_id, partition_key, window_start, window_end, run_id,
    status, reason, pages_read, rows_read, rows_merged, rows_unchanged, rows_deleted,
    rows_rejected, drifted_fields, landing_path, captured_from, captured_to, captured_at_source,
    started_at, loaded_at
from quality.load_windows
where
    (%(source)s::text is null or source = %(source)s)
    and (%(stream)s::text is null or stream = %(stream)s)
    and (%(day)s::text is null or partition_key = %(day)s or partition_key like %(day)s || 'T%%')
    and case %(status)s::text
        when 'loaded' then status = 'loaded'
        when 'skipped' then status = 'skipped'
        when 'rejects' then rows_rejected > 0
        when 'drift' then cardinality(drifted_fields) > 0
        when 'changes' then rows_merged + rows_deleted > 0
        else true
    end
"""

_ONE = """
select
    loads.*,
    array(
        select runs.measure_run_id
        from quality.measure_run_loads as pinned
        inner join quality.measure_runs as runs on pinned.measure_run_id = runs.measure_run_id
        where pinned.load_id = loads.load_id and runs.status = 'published'
        order by runs.measure_run_id
    ) as measure_runs
from quality.load_windows as loads
where loads.load_id = %(load_id)s
"""

_TOTALS = """
select
    count(*) as window_count,
    count(*) filter (where status = 'skipped') as skipped_count,
    coalesce(sum(rows_read), 0) as rows_read,
    coalesce(sum(rows_merged), 0) as rows_merged,
    coalesce(sum(rows_unchanged), 0) as rows_unchanged,
    -- The same key twice in one answer: the newer of the two was merged.
    coalesce(sum(rows_read - rows_merged - rows_unchanged - rows_rejected), 0) as rows_repeated,
    coalesce(sum(rows_deleted), 0) as rows_deleted,
    coalesce(sum(rows_rejected), 0) as rows_rejected
from quality.load_windows
where
    (%(source)s::text is null or source = %(source)s)
    and (%(stream)s::text is null or stream = %(stream)s)
    and (%(day)s::text is null or partition_key = %(day)s or partition_key like %(day)s || 'T%%')
"""

_STREAMS = """
select source, array_agg(distinct stream order by stream) as streams
from quality.load_windows
group by source
order by source
"""

# A field is gone when the newest load of its stream and connection no longer brings it.
_DRIFT = """
with seen as (
    select
        source, stream, connection_id, field, min(partition_key) as first_key,
        max(partition_key) as last_key, min(loaded_at) as first_seen_at,
        max(loaded_at) as last_seen_at, count(*) as window_count
    from quality.load_windows
    cross join lateral unnest(drifted_fields) as field
    group by source, stream, connection_id, field
),

newest as (
    select distinct on (source, stream, connection_id)
        source, stream, connection_id, drifted_fields
    from quality.load_windows
    where status = 'loaded' and rows_read > 0
    order by source, stream, connection_id, load_id desc
)

select
    seen.*,
    coalesce(seen.field = any(newest.drifted_fields), false) as is_present
from seen
left join newest
    on seen.source = newest.source
    and seen.stream = newest.stream
    and seen.connection_id = newest.connection_id
where %(source)s::text is null or seen.source = %(source)s
"""


def read_windows(
    snapshot: Snapshot,
    *,
    source: str | None = None,
    stream: str | None = None,
    day: str | None = None,
    status: str | None = None,
    number: int = 1,
) -> Slice:
    """Return one page of the load windows, newest first.

    day: a partition key, which also finds that day's windows of a few hours. status: one of
    `STATUSES`.
    """
    bound = {"source": source, "stream": stream, "day": day, "status": status}
    return read_slice(snapshot, _WINDOWS, "load_id desc", bound, number)


def read_load(snapshot: Snapshot, load_id: int) -> Row | None:
    """Return one load, the runs that published it and the replay command; None if unknown."""
    found = snapshot.row(_ONE, {"load_id": load_id})
    if found is None:
        return None
    place = (found["source"], found["stream"], found["connection_id"])
    command = replay_command(*place, day=found["partition_key"]) if found["landing_path"] else ""
    return {**found, "command": command}


def read_totals(
    snapshot: Snapshot,
    *,
    source: str | None = None,
    stream: str | None = None,
    day: str | None = None,
) -> Row:
    """Return the sums of the chosen windows, whatever their status."""
    return snapshot.rows(_TOTALS, {"source": source, "stream": stream, "day": day})[0]


def read_streams(snapshot: Snapshot) -> dict[str, list[str]]:
    """Return the streams of every source that was ever loaded, for the filters."""
    return {row["source"]: row["streams"] for row in snapshot.rows(_STREAMS)}


def read_drift(snapshot: Snapshot, *, source: str | None = None, number: int = 1) -> Slice:
    """Return fields the APIs sent and no struct names; those still sent come first."""
    order = "is_present desc, first_seen_at desc, source, stream, connection_id, field"
    return read_slice(snapshot, _DRIFT, order, {"source": source}, number)
