"""Rejects: what did not fit and why, with the command that loads it after a fix.

The payload stays behind: the role of the pages may not read it. `quarantine.payload_shape` tells
the names and types of its fields, never a value.
"""

from __future__ import annotations

import shlex

from include.pages.quality_slices import Slice, mask_personal, read_slice
from include.pages.reader import Row, Snapshot

STATES = ("waiting", "resolved", "all")

_CHOSEN = """
    (%(source)s::text is null or source = %(source)s)
    and (%(stream)s::text is null or stream = %(stream)s)
    and case %(state)s::text
        when 'waiting' then resolved_at is null
        when 'resolved' then resolved_at is not null
        else true
    end
"""

_REJECTS = (
    """
select
    reject_id, source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
    landing_path, page_number, rejected_at, resolved_at, resolved_by_load_id
from quarantine.rejects
where"""
    + _CHOSEN
)

_REASONS = (
    """
select
    source, stream, connection_id, reason, count(*) as reject_count,
    count(*) filter (where load_id is null) as refused_count,
    array_agg(distinct partition_key) filter (where load_id is null) as refused_keys,
    min(partition_key) as first_key, max(partition_key) as last_key,
    bool_and(landing_path is not null) as is_landed
from quarantine.rejects
where"""
    + _CHOSEN
    + """
group by source, stream, connection_id, reason
order by count(*) desc, source, stream, connection_id, reason
limit 21
"""
)

_COUNTS = """
select
    count(*) as total_count,
    count(*) filter (where resolved_at is null) as waiting_count,
    count(*) filter (where resolved_at is not null) as resolved_count,
    min(rejected_at) filter (where resolved_at is null) as oldest_waiting_at
from quarantine.rejects
"""

_ONE = """
select
    reject_id, source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
    landing_path, page_number, rejected_at, resolved_at, resolved_by_load_id
from quarantine.rejects
where reject_id = %(reject_id)s
"""

_SHAPE = """
select path, kind, size
from quarantine.payload_shape(%(reject_id)s)
order by place
"""


def read_rejects(
    snapshot: Snapshot,
    *,
    source: str | None = None,
    stream: str | None = None,
    state: str = "waiting",
    number: int = 1,
) -> Slice:
    """Return one page of rejects, newest first; messages and keys are masked."""
    bound = {"source": source, "stream": stream, "state": state}
    found = read_slice(snapshot, _REJECTS, "reject_id desc", bound, number)
    return Slice([_masked(row) for row in found.rows], found.number, found.pages, found.total)


def read_reasons(
    snapshot: Snapshot,
    *,
    source: str | None = None,
    stream: str | None = None,
    state: str = "waiting",
) -> list[Row]:
    """Return the reasons with most rejects, each with its replay command; 21 means more exist."""
    bound = {"source": source, "stream": stream, "state": state}
    return [_reason(row) for row in snapshot.rows(_REASONS, bound)]


def read_counts(snapshot: Snapshot) -> Row:
    """Return how many rejects wait, how many were resolved, and how long the oldest waits."""
    return snapshot.rows(_COUNTS)[0]


def read_reject(snapshot: Snapshot, reject_id: int) -> Row | None:
    """Return one reject with the shape of its payload and the command; None for an unknown id."""
    found = snapshot.rows(_ONE, {"reject_id": reject_id})
    if not found:
        return None
    shape = snapshot.rows(_SHAPE, {"reject_id": reject_id})
    return {**_masked(found[0]), "shape": shape}


def replay_command(source: str, stream: str, connection_id: str, *, day: str = "") -> str:
    """Return the command that loads from landing, after the fix, what waits in quarantine.

    day: the whole window of that key, for one that was refused: its good rows are missing too.
    """
    what = ["--day", day] if day else ["--rejects"]
    place = [source, stream, "--connection", connection_id]
    return shlex.join(["python", "-m", "include.replay", *place, *what])


def _reason(row: Row) -> Row:
    place = (row["source"], row["stream"], row["connection_id"])
    commands = [replay_command(*place, day=day) for day in row["refused_keys"] or []]
    if row["reject_count"] > row["refused_count"]:
        commands.append(replay_command(*place))
    return {
        **row,
        "reason": mask_personal(row["reason"]),
        "commands": commands if row["is_landed"] else [],
    }


def _masked(row: Row) -> Row:
    day = "" if row["load_id"] is not None else row["partition_key"]
    command = replay_command(row["source"], row["stream"], row["connection_id"], day=day)
    return {
        **row,
        "reason": mask_personal(row["reason"]),
        "record_key": mask_personal(row["record_key"]),
        "command": command if row["landing_path"] else "",
    }
