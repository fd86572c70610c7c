"""Rules every source's day is held to: did it run, how much came, what was bad."""

from __future__ import annotations

from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

LOADS = "quality.load_windows"
# Over this share of rows in quarantine a window says too little about its day.
REJECTS_ALLOWED = 0.01
# An empty window is suspicious when the seven before it held at least this many rows on average.
USUAL_ROWS = {"warning": 5, "critical": 20}


def day_rules(source: Source, window: Window) -> list[Rule]:
    """Return the rules about the day's loads: freshness, volume, rejects, drift."""
    day = window.loads_of_day()
    required = [stream.name for stream in source.streams if stream.is_required]
    rules = [
        _empty_window(source, window, "warning"),
        _empty_window(source, window, "critical"),
        _rejects(window),
        no_rows("no row is in quarantine", "quarantine.rejects", _unresolved(window), "warning"),
        no_rows(
            "the API sends no field we do not know",
            LOADS,
            f"select * from ({day}) as loads where cardinality(drifted_fields) > 0",
            "info",
        ),
        no_rows(
            "data was read after the window had ended",
            LOADS,
            f"select * from ({day}) as loads where captured_from < window_end",
            "warning",
        ),
    ]
    return ([_every_stream_ran(day, required)] if required else []) + rules


def _every_stream_ran(day: str, required: list[str]) -> Rule:
    names = ", ".join(f"('{name}')" for name in required)
    return no_rows(
        "every required stream ran",
        LOADS,
        f"select required.stream from (values {names}) as required (stream) "
        f"where required.stream not in (select stream from ({day}) as loads)",
    )


def _empty_window(source: Source, window: Window, severity: str) -> Rule:
    """An empty window is critical for a required stream that is usually busy, else a warning."""
    required = [stream.name for stream in source.streams if stream.is_required]
    names = ", ".join(f"'{name}'" for name in required) or "null"
    only_required = f"and loads.stream in ({names})" if severity == "critical" else ""
    query = f"""
        select loads.* from ({window.loads_of_day()}) as loads
        where loads.status = 'loaded' and loads.rows_read = 0 {only_required}
            and (
                select avg(earlier.rows_read) from (
                    select rows_read from quality.load_windows as past
                    where past.source = loads.source and past.stream = loads.stream
                        and past.connection_id = loads.connection_id and past.status = 'loaded'
                        and past.partition_key < loads.partition_key
                    order by past.partition_key desc, past.load_id desc limit 7
                ) as earlier
            ) >= {USUAL_ROWS[severity]}
    """
    name = "the window has rows as the days before it had"
    return no_rows(name, LOADS, query, "critical" if severity == "critical" else "warning")


def _unresolved(window: Window) -> str:
    """Return SQL selecting the day's rows in quarantine, also those of a load that gave up."""
    return f"""
        select rejects.*, loads.rows_read,
            count(*) over (partition by rejects.stream, rejects.connection_id) as unresolved_count
        from quarantine.rejects as rejects
        left join ({window.loads_of_day()}) as loads
            on rejects.stream = loads.stream and rejects.connection_id = loads.connection_id
        where rejects.source = '{window.source}'
            and rejects.partition_key = '{window.partition_key}'
            and rejects.resolved_at is null
    """


def _rejects(window: Window) -> Rule:
    """Select the rows in quarantine of every window that rejected more than its share."""
    return no_rows(
        "at most 1 % of the window is in quarantine",
        "quarantine.rejects",
        f"""
        select counted.* from ({_unresolved(window)}) as counted
        where counted.unresolved_count
            > {REJECTS_ALLOWED} * greatest(coalesce(counted.rows_read, 0), 1)
        """,
    )
