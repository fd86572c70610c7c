"""The rows of `quality.load_windows`: one per load, written with what the load wrote."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import psycopg

from include.sources._base import Page, Window
from include.warehouse.load_rejects import RejectScope


@dataclass(frozen=True, slots=True)
class LoadCounts:
    """What a merge did. Rows are those of the stream's own table, not of its children."""

    load_id: int
    pages_read: int
    rows_read: int
    rows_merged: int
    rows_unchanged: int
    rows_deleted: int
    rows_rejected: int
    drifted_fields: tuple[str, ...]


@dataclass(slots=True)
class Captures:
    """When the pages of a load were captured; `started_at` stands in while there is none."""

    started_at: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    source: str | None = None

    def add(self, page: Page) -> None:
        """Take a page's time into account."""
        self.first = min(page.captured_at, self.first or page.captured_at)
        self.last = max(page.captured_at, self.last or page.captured_at)
        # One page that had to take local time makes the whole load local.
        if self.source != "local":
            self.source = page.captured_at_source

    @property
    def until(self) -> dt.datetime:
        """When the last page was captured."""
        return self.last or self.started_at


def record_load(
    conn: psycopg.Connection,
    scope: RejectScope,
    window: Window,
    captures: Captures,
    counts: LoadCounts,
) -> int:
    """Record a load inside its transaction; return its id."""
    return _insert(
        conn,
        {
            **_window_values(scope, window, captures.started_at),
            "status": "loaded",
            "reason": None,
            "pages_read": counts.pages_read,
            "rows_read": counts.rows_read,
            "rows_merged": counts.rows_merged,
            "rows_unchanged": counts.rows_unchanged,
            "rows_deleted": counts.rows_deleted,
            "rows_rejected": counts.rows_rejected,
            "drifted_fields": list(counts.drifted_fields),
            "captured_from": captures.first or captures.started_at,
            "captured_to": captures.until,
            "captured_at_source": captures.source or "local",
        },
    )


def record_skip(conn: psycopg.Connection, scope: RejectScope, window: Window, reason: str) -> int:
    """Record that a stream's window was skipped and why; return its load id."""
    names = ("pages_read", "rows_read", "rows_merged", "rows_unchanged", "rows_deleted")
    return _insert(
        conn,
        {
            **_window_values(scope, window, dt.datetime.now(dt.UTC)),
            **dict.fromkeys((*names, "rows_rejected"), 0),
            "landing_path": None,
            "status": "skipped",
            "reason": reason,
            "drifted_fields": [],
            "captured_from": None,
            "captured_to": None,
            "captured_at_source": None,
        },
    )


def _insert(conn: psycopg.Connection, values: dict[str, object]) -> int:
    [(load_id,)] = conn.execute(_INSERT_WINDOW, values).fetchall()
    return int(load_id)


_INSERT_WINDOW = """
    insert into quality.load_windows (
        source, stream, connection_id, partition_key, window_start, window_end, run_id, status,
        reason, pages_read, rows_read, rows_merged, rows_unchanged, rows_deleted, rows_rejected,
        drifted_fields, landing_path, captured_from, captured_to, captured_at_source, started_at
    ) values (
        %(source)s, %(stream)s, %(connection_id)s, %(partition_key)s, %(window_start)s,
        %(window_end)s, %(run_id)s, %(status)s, %(reason)s, %(pages_read)s, %(rows_read)s,
        %(rows_merged)s, %(rows_unchanged)s, %(rows_deleted)s, %(rows_rejected)s,
        %(drifted_fields)s, %(landing_path)s, %(captured_from)s, %(captured_to)s,
        %(captured_at_source)s, %(started_at)s
    ) returning load_id
"""


def _window_values(
    scope: RejectScope, window: Window, started_at: dt.datetime
) -> dict[str, object]:
    return {
        "source": scope.source,
        "stream": scope.stream,
        "connection_id": scope.connection_id,
        "partition_key": window.key,
        "window_start": window.start,
        "window_end": window.end,
        "run_id": scope.run_id,
        "landing_path": scope.landing_path,
        "started_at": started_at,
    }
