"""Load windows again from landing, without the API: `python -m include.replay SOURCE STREAM …`.

    --day D       the newest finished run of that day
    --all         every finished run of the stream, oldest capture first
    --rejects     only the documents that wait in quarantine, after a fix of record or parser
    --connection  one connection; by default every one that has landed something
    --jobs N      processes that read the runs of --all side by side (2)

A replay merges like any load: what the warehouse has from a newer answer stays as it is.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import BaseContext
from typing import Any

import psycopg

from include.errors import GroundswellError, InvalidSettings, Unavailable
from include.ingest import StreamResult, relaxed_gc, result_of, scope_of
from include.landing.pages import LandedRun, find_runs, read_page, read_pages, read_run
from include.landing.store import Store, open_store
from include.privacy.erasure_list import open_eraser
from include.sources import discover_sources
from include.sources._base import Source, Stream
from include.warehouse.connection import connect
from include.warehouse.load import StreamLoad


@dataclass(frozen=True, slots=True)
class _Waiting:
    """Unresolved rejects of one landed run: their pages, and their keys where they have one."""

    landing_path: str
    pages: frozenset[int]
    keys: frozenset[str] | None


def replay_window(
    source: Source,
    stream: Stream,
    connection_id: str,
    partition_key: str,
    *,
    dsn: str,
    landing_url: str,
    hash_key: bytes = b"",
) -> StreamResult:
    """Load the newest finished run of a window again; FileNotFoundError when none was landed.

    hash_key: key of connection `privacy`, needed once anybody is on the erasure list.
    """
    store = open_store(landing_url)
    runs = find_runs(store, source.name, connection_id, stream.name, partition_key)
    if not runs:
        raise FileNotFoundError(
            f"{landing_url} holds no finished run of {source.name}.{stream.name}, connection "
            f"{connection_id!r}, day {partition_key}"
        )
    return _replay_run(store, source, stream, runs[-1], dsn, hash_key)


def replay_all(
    source: Source,
    stream: Stream,
    connection_id: str,
    *,
    dsn: str,
    landing_url: str,
    hash_key: bytes = b"",
    jobs: int = 1,
) -> list[StreamResult]:
    """Load every finished run of a connection's stream again, oldest capture first.

    jobs: processes that read runs side by side; they merge one after the other, in that order, so
    the tables come out the same. With more than one the source must be a discovered one. However it
    ends, each run is merged whole or not at all, and a replay begun anew ends with the same tables.
    """
    store = open_store(landing_url)
    runs = find_runs(store, source.name, connection_id, stream.name)
    if jobs == 1 or len(runs) < 2:
        return [_replay_run(store, source, stream, run, dsn, hash_key) for run in runs]
    context = multiprocessing.get_context("spawn")
    work = partial(_replay_in_turn, source.name, stream.name, dsn, landing_url, hash_key)
    try:
        with ProcessPoolExecutor(
            min(jobs, len(runs)), context, initializer=_take_turns, initargs=(Turns(context),)
        ) as pool:
            return list(pool.map(work, range(len(runs)), [run.path for run in runs]))
    except BrokenProcessPool as error:
        raise Unavailable(
            f"a process that replayed {source.name}.{stream.name} was ended from outside (was "
            "memory short?); runs merged before stay merged: replay again"
        ) from error


def replay_rejects(
    source: Source,
    stream: Stream,
    connection_id: str,
    *,
    dsn: str,
    landing_url: str,
    hash_key: bytes = b"",
) -> list[StreamResult]:
    """Parse the documents that wait in quarantine again; load and resolve those that fit now.

    Those that still do not fit stay in quarantine. One result per landed run.
    """
    store = open_store(landing_url)
    results = []
    with connect(dsn, autocommit=True) as conn:
        waiting = _find_waiting(conn, source.name, stream.name, connection_id)
    for wait in waiting:
        run = read_run(store, wait.landing_path)
        if run is None:
            raise FileNotFoundError(f"{landing_url}/{wait.landing_path} is no finished run")
        results.append(
            _replay_run(store, source, stream, run, dsn, hash_key, pages=wait.pages, keys=wait.keys)
        )
    return results


class Turns:
    """Lets processes do a part of their work one after the other, by the numbers they hold."""

    def __init__(self, context: BaseContext) -> None:
        self._changed = context.Condition()
        self._next = context.Value("q", 0)

    @contextmanager
    def hold(self, number: int) -> Iterator[Callable[[], None]]:
        """Give a function that waits for this number's turn; after an error nobody's comes."""
        try:
            yield partial(self._wait, number)
        except BaseException:
            self._go_to(-1)
            raise
        self._go_to(number + 1)

    def _wait(self, number: int) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._next.value in (number, -1))
            if self._next.value == -1:
                raise Unavailable("another run of this replay failed; see its error")

    def _go_to(self, number: int) -> None:
        with self._changed:
            if self._next.value != -1:
                self._next.value = number
            self._changed.notify_all()


_turns: Turns


def _take_turns(turns: Turns) -> None:
    global _turns
    _turns = turns
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process once the one that started it was killed: nobody would give it work again."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    # At any moment: a merge that was under way is rolled back.
    os._exit(1)


def _replay_in_turn(
    source_name: str,
    stream_name: str,
    dsn: str,
    landing_url: str,
    hash_key: bytes,
    number: int,
    path: str,
) -> StreamResult:
    """Load a run in a worker process."""
    source, store = discover_sources()[source_name], open_store(landing_url)
    with _turns.hold(number) as wait:
        run = read_run(store, path)
        if run is None:
            raise FileNotFoundError(f"{landing_url}/{path} is no finished run any more")
        stream = source.stream(stream_name)
        return _replay_run(store, source, stream, run, dsn, hash_key, before_merge=wait)


def _replay_run(
    store: Store,
    source: Source,
    stream: Stream,
    run: LandedRun,
    dsn: str,
    hash_key: bytes,
    *,
    pages: Collection[int] | None = None,
    keys: frozenset[str] | None = None,
    before_merge: Callable[[], None] | None = None,
) -> StreamResult:
    """Load a run, or only some pages of it, or only the documents of some keys.

    Every page passes the erasure list: what was erased does not come back.
    """
    scope = scope_of(run.header, run.path)
    is_partial = pages is not None
    with connect(dsn, autocommit=True) as conn, relaxed_gc():
        load = StreamLoad(
            conn,
            source.name,
            stream,
            run.header.window,
            scope,
            is_partial=is_partial,
            only_keys=keys,
        )
        eraser = open_eraser(conn, stream, run.header.connection_id, hash_key)
        if pages is None:
            for number, page in read_pages(store, run, stream.decode):
                load.add_page(number, eraser.page(page))
        else:
            for entry in run.entries:
                if entry.number in pages:
                    page = read_page(store, run, entry, stream.decode)
                    load.add_page(entry.number, eraser.page(page))
        load.check_counts()
        load.check_rejects()
        if before_merge is not None:
            before_merge()
        return result_of(load.merge())


def _find_waiting(
    conn: psycopg.Connection, source: str, stream: str, connection_id: str
) -> list[_Waiting]:
    found = conn.execute(
        "select landing_path, array_agg(distinct page_number), array_agg(distinct record_key)"
        " from quarantine.rejects where source = %s and stream = %s and connection_id = %s"
        " and resolved_at is null and landing_path is not null"
        " group by landing_path order by min(reject_id)",
        [source, stream, connection_id],
    ).fetchall()
    return [
        # A reject without a key may be any document of its page: then the whole page is read.
        _Waiting(path, frozenset(pages), None if None in keys else frozenset(keys))
        for path, pages, keys in found
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return 0, or 1 with the error on stderr."""
    parser = argparse.ArgumentParser(prog="python -m include.replay", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("source")
    parser.add_argument("stream")
    parser.add_argument("--connection")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--day", metavar="YYYY-MM-DD")
    which.add_argument("--all", action="store_true")
    which.add_argument("--rejects", action="store_true")
    parser.add_argument("--jobs", type=int, default=2, metavar="N")
    options = parser.parse_args(arguments)
    try:
        _run(options)
    except (GroundswellError, FileNotFoundError, KeyError, psycopg.Error) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace) -> None:
    from include.services.shell import read_shell_connection
    from include.settings import read_settings
    from include.warehouse.connection import dsn_of

    sources = discover_sources()
    if options.source not in sources:
        raise KeyError(f"no source {options.source!r}; there are: {', '.join(sources)}")
    source = sources[options.source]
    stream = source.stream(options.stream)
    landing_url = read_settings().landing_url
    places: dict[str, Any] = {
        "dsn": dsn_of(read_shell_connection("warehouse_loader")),
        "landing_url": landing_url,
        "hash_key": _hash_key(),
    }
    store = open_store(landing_url)
    for conn_id in [options.connection] if options.connection else store.list_names(source.name):
        if options.day:
            results = [replay_window(source, stream, conn_id, options.day, **places)]
        elif options.all:
            results = replay_all(source, stream, conn_id, jobs=max(1, options.jobs), **places)
        else:
            results = replay_rejects(source, stream, conn_id, **places)
        for result in results:
            print(
                f"{source.name}.{stream.name} {conn_id}: load {result.load_id}, "
                f"{result.rows_read} read, {result.rows_merged} merged, "
                f"{result.rows_unchanged} unchanged, {result.rows_deleted} deleted, "
                f"{result.rows_rejected} rejected"
            )


def _hash_key() -> bytes:
    """Return the key of connection `privacy`; empty, which an erasure list refuses, without one."""
    from include.services.shell import read_shell_connection

    try:
        return (read_shell_connection("privacy").password or "").encode()
    except InvalidSettings:
        return b""


if __name__ == "__main__":
    raise SystemExit(main())
