"""Which slices of a table a window replaces whole, so that rows which vanished can be deleted.

A stream sliced by a date covers the days its answers name, else the days of its window with the
look-back, even when no row came. Other streams (the plan) cover the values they name or deliver.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql

from include.sources._base import Stream, Window
from include.sources._records import columns_of
from include.warehouse.load_stage import stage_table

SQL = sql.SQL


@dataclass(slots=True)
class Coverage:
    """What the pages of a load say they cover; see `Page.context`."""

    first_day: dt.date | None = None
    last_day: dt.date | None = None
    named: set[tuple[Any, ...]] = field(default_factory=set)

    def add(self, context: Mapping[str, Any]) -> None:
        """Take over what one page's context says."""
        if "start_date" in context and "end_date" in context:
            first = dt.date.fromisoformat(str(context["start_date"]))
            last = dt.date.fromisoformat(str(context["end_date"]))
            self.first_day = min(first, self.first_day or first)
            self.last_day = max(last, self.last_day or last)
        self.named.update(tuple(values) for values in context.get("slices", ()))


def date_column(stream: Stream) -> str | None:
    """Return the column of `replaces` that is a date, None when there is none."""
    types = {column.name: column.sql_type for column in columns_of(stream.record)}
    return next((name for name in stream.replaces if types[name] == "date"), None)


def window_days(window: Window, lookback: dt.timedelta) -> list[dt.date]:
    """Return the days of a window and its look-back; `window` is the plain window of the run."""
    try:
        last = dt.date.fromisoformat(window.key)
    except ValueError:
        # A window that is no business date: its days in UTC.
        first = (window.start - lookback).date()
        last = (window.end - dt.timedelta(microseconds=1)).date()
        return _days(first, last)
    return _days(last - dt.timedelta(days=lookback.days), last)


def replaced_slices(
    stream: Stream, window: Window, coverage: Coverage, newer: Iterable[Window]
) -> sql.Composable | None:
    """SQL over alias `t`: the row lies in a slice this load replaces; None when it replaces none.

    newer: windows of this stream that were loaded from later answers; what they cover stays theirs.
    """
    if not stream.replaces:
        return None
    if (column := date_column(stream)) is not None:
        days = _covered_days(stream, window, coverage)
        taken = _taken_days(stream, newer)
        return _in_days(stream, column, [day for day in days if day not in taken])
    return None if any(True for _ in newer) else _in_values(stream, coverage.named)


def outdated_slices(
    stream: Stream, coverage: Coverage, newer: Sequence[Window]
) -> sql.Composable | None:
    """SQL over alias `t` of the stage: a newer load covers this row's slice; None if none does."""
    if not stream.replaces or not newer:
        return None
    if (column := date_column(stream)) is None:
        return SQL("true")
    taken = sorted(_taken_days(stream, newer))
    return SQL("t.{} = any({}::date[])").format(sql.Identifier(column), sql.Literal(taken))


def newer_windows(
    conn: psycopg.Connection,
    key: tuple[str, str, str],
    captured_to: dt.datetime,
) -> list[Window]:
    """Return the loaded windows of (source, stream, connection) captured after an instant."""
    found = conn.execute(
        "select distinct window_start, window_end, partition_key from quality.load_windows"
        " where source = %s and stream = %s and connection_id = %s and status = 'loaded'"
        " and captured_from > %s",
        [*key, captured_to],
    ).fetchall()
    return [Window(start=start, end=end, key=partition) for start, end, partition in found]


def _taken_days(stream: Stream, newer: Iterable[Window]) -> set[dt.date]:
    return {day for other in newer for day in window_days(other, stream.lookback_of(other.key))}


def _covered_days(stream: Stream, window: Window, coverage: Coverage) -> list[dt.date]:
    if coverage.first_day is not None and coverage.last_day is not None:
        return _days(coverage.first_day, coverage.last_day)
    return window_days(window, stream.lookback_of(window.key))


def _in_days(stream: Stream, column: str, days: Sequence[dt.date]) -> sql.Composable:
    """Rows of the days; of the other slice columns' staged values only, when any row is staged."""
    condition = SQL("t.{} = any({}::date[])").format(
        sql.Identifier(column), sql.Literal(list(days))
    )
    others = [name for name in stream.replaces if name != column]
    for name in others:
        condition += SQL(
            " and (t.{0} in (select {0} from {1}) or not exists (select from {1}))"
        ).format(sql.Identifier(name), stage_table(0))
    return condition


def _in_values(stream: Stream, named: Iterable[tuple[Any, ...]]) -> sql.Composable:
    columns = SQL(", ").join(SQL("t.{}").format(sql.Identifier(name)) for name in stream.replaces)
    staged = SQL(", ").join(map(sql.Identifier, stream.replaces))
    condition = SQL("(({}) in (select {} from {})").format(columns, staged, stage_table(0))
    for values in sorted(named, key=repr):
        condition += SQL(" or ({}) = ({})").format(
            columns, SQL(", ").join(map(sql.Literal, values))
        )
    return condition + SQL(")")


def _days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
