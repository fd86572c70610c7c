"""Run one stream's window: fetch, land, stage, merge."""

from __future__ import annotations

import datetime as dt
import gc
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from zoneinfo import ZoneInfo

import psycopg

from include.errors import MissingScope
from include.http.session import ApiSession
from include.landing.pages import LandingRun, RunHeader
from include.landing.store import open_store
from include.privacy.erasure_list import open_eraser
from include.sources._base import (
    HOUR_KEY,
    Connection,
    FetchContext,
    Page,
    Source,
    Stream,
    StreamKind,
    Window,
)
from include.warehouse.connection import connect
from include.warehouse.load import LoadCounts, StreamLoad, record_skip
from include.warehouse.load_rejects import RejectScope
from include.warehouse.tokens import current_token

# How long after a day's end its snapshots still stand for it.
SNAPSHOT_GRACE = dt.timedelta(hours=24)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamResult:
    """What became of one stream's window; rows are those of the stream's own table."""

    load_id: int
    status: str
    reason: str | None = None
    pages_read: int = 0
    rows_read: int = 0
    rows_merged: int = 0
    rows_unchanged: int = 0
    rows_deleted: int = 0
    rows_rejected: int = 0
    drifted_fields: tuple[str, ...] = ()


class _NotCurrent(Exception):
    """The API's time has left the day a snapshot would stand for."""


def day_window(day: dt.date | str, tz: str | ZoneInfo) -> Window:
    """Return the window of a business date: local midnight to local midnight, as UTC instants.

    23 or 25 hours long where the clocks change. Its key is the date.
    """
    date = dt.date.fromisoformat(day) if isinstance(day, str) else day
    zone = ZoneInfo(tz) if isinstance(tz, str) else tz
    start, end = (
        dt.datetime.combine(date + dt.timedelta(days=n), dt.time(), tzinfo=zone).astimezone(dt.UTC)
        for n in (0, 1)
    )
    return Window(start=start, end=end, key=date.isoformat())


def stream_window(stream: Stream, key: dt.date | str, tz: str | ZoneInfo) -> Window:
    """Return the window of a stream that a partition key names.

    A key is a business date, or for a stream with windows of its own the hour (UTC) at which one
    begins: 2026-11-04T06. ValueError for a key of the other form.
    """
    if stream.every is None:
        return day_window(key, tz)
    start = dt.datetime.strptime(str(key), HOUR_KEY).replace(tzinfo=dt.UTC)
    if start.hour % (stream.every // dt.timedelta(hours=1)):
        raise ValueError(f"{key}: windows of {stream.name} last {stream.every} from midnight on")
    return Window(start=start, end=start + stream.every, key=str(key))


def newest_window_key(stream: Stream, instant: dt.datetime) -> str:
    """Return the key of the last window of a stream with windows of its own that has ended."""
    assert stream.every is not None
    midnight = instant.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    ended = (instant - midnight) // stream.every - 1
    return (midnight + ended * stream.every).strftime(HOUR_KEY)


def run_stream(
    source: Source,
    stream: Stream,
    connection: Connection,
    window: Window,
    *,
    dsn: str,
    landing_url: str,
    hash_key: bytes,
    run_id: str,
    warehouse: psycopg.Connection | None = None,
    targets: Mapping[str, tuple[str, ...]] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> StreamResult:
    """Fetch, land and load a stream's window; safe to run again at any time.

    dsn: the loader's. warehouse: a session of the loader's in autocommit mode that is used by one
    load after the other; without it the load opens its own. hash_key: key of the HMAC that replaces
    personal values before landing.
    sleep: how the session waits between repetitions. A snapshot whose day is over and an optional
    stream without its permission are skipped, with the reason. Raises the error tree; then nothing
    of the window was loaded.
    """
    header = _header(source, stream, connection.conn_id, window, run_id)
    landing = LandingRun(open_store(landing_url), header)
    scope = scope_of(header, landing.path)
    with _session(dsn, warehouse) as conn, relaxed_gc():
        session = ApiSession(
            connection,
            hash_key=hash_key,
            personal_keys=stream.personal_keys,
            classify=source.classify,
            decode=stream.decode,
            sleep=sleep,
        )
        with session:
            load = StreamLoad(conn, source.name, stream, window, scope)
            read = _widened(window, _lookback(conn, source, stream, scope.connection_id, window))
            keeper = partial(current_token, dsn, connection.conn_id)
            context = FetchContext(connection, session, read, dict(targets or {}), keeper)
            eraser = open_eraser(conn, stream, connection.conn_id, hash_key)
            try:
                for fetched in stream.fetch(context):
                    # Persons who asked to be forgotten do not come back with the next answer.
                    page = eraser.page(fetched)
                    _check_current(stream, window, page)
                    load.add_page(landing.write(page), page)
            except _NotCurrent as error:
                return _skip(conn, scope, window, str(error))
            except MissingScope as error:
                if stream.is_required:
                    raise
                return _skip(conn, scope, window, f"permission is missing: {error}")
        return finish_load(load, landing)


@contextmanager
def _session(dsn: str, warehouse: psycopg.Connection | None) -> Iterator[psycopg.Connection]:
    """Yield the session a load works in; one that others use after it loses the load's tables."""
    if warehouse is None:
        with connect(dsn, autocommit=True) as own:
            yield own
    else:
        yield warehouse
        warehouse.execute("discard temp")


def finish_load(load: StreamLoad, landing: LandingRun | None) -> StreamResult:
    """Check and merge what was read; a run read whole can be replayed, also if refused."""
    load.check_counts()
    if landing is not None:
        landing.finish()
    load.check_rejects()
    return result_of(load.merge())


def result_of(counts: LoadCounts) -> StreamResult:
    """Return the result of a load that was merged."""
    return StreamResult(
        load_id=counts.load_id,
        status="loaded",
        pages_read=counts.pages_read,
        rows_read=counts.rows_read,
        rows_merged=counts.rows_merged,
        rows_unchanged=counts.rows_unchanged,
        rows_deleted=counts.rows_deleted,
        rows_rejected=counts.rows_rejected,
        drifted_fields=counts.drifted_fields,
    )


def scope_of(header: RunHeader, landing_path: str) -> RejectScope:
    """Return where the rows and rejects of a run come from."""
    return RejectScope(
        source=header.source,
        stream=header.stream,
        connection_id=header.connection_id,
        partition_key=header.partition_key,
        run_id=header.run_id,
        landing_path=landing_path,
    )


@contextmanager
def relaxed_gc() -> Iterator[None]:
    """Let the cycle collector run rarely: decoded pages set it off, but hold no cycles.

    Decoding takes a third of the time this way; memory stays flat because references free the
    pages.
    """
    before = gc.get_threshold()
    gc.set_threshold(500_000, 20, 100)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _header(
    source: Source, stream: Stream, connection_id: str, window: Window, run_id: str
) -> RunHeader:
    return RunHeader(
        source=source.name,
        connection_id=connection_id,
        stream=stream.name,
        partition_key=window.key,
        window_start=window.start,
        window_end=window.end,
        run_id=run_id,
        landed_at=dt.datetime.now(dt.UTC),
    )


def _widened(window: Window, lookback: dt.timedelta) -> Window:
    return Window(start=window.start - lookback, end=window.end, key=window.key)


def _lookback(
    conn: psycopg.Connection, source: Source, stream: Stream, connection_id: str, window: Window
) -> dt.timedelta:
    """Return how much before a window is read; nothing loaded of earlier ones, it is the first."""
    usual = stream.lookback_of(window.key)
    if stream.first_lookback is None:
        return usual
    earlier = conn.execute(
        "select from quality.load_windows where (source, stream, connection_id) = (%s, %s, %s)"
        " and status = 'loaded' and window_start < %s limit 1",
        [source.name, stream.name, connection_id, window.start],
    ).fetchone()
    return usual if earlier is not None else max(usual, stream.first_lookback)


def _check_current(stream: Stream, window: Window, page: Page) -> None:
    if stream.kind is not StreamKind.SNAPSHOT:
        return
    # A window shorter than a day gives way to the next one.
    until = window.end + (stream.every or SNAPSHOT_GRACE)
    if not window.end <= page.captured_at < until:
        raise _NotCurrent(
            f"{stream.name} exists only now: at {page.captured_at:%Y-%m-%d %H:%M} UTC the window "
            f"{window.key} cannot be captured any more or not yet "
            f"(allowed: {window.end:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} UTC)"
        )


def _skip(
    conn: psycopg.Connection, scope: RejectScope, window: Window, reason: str
) -> StreamResult:
    _log.warning("%s.%s of %s skipped: %s", scope.source, scope.stream, scope.connection_id, reason)
    load_id = record_skip(conn, scope, window, reason)
    return StreamResult(load_id=load_id, status="skipped", reason=reason)
