"""Work off the inbox: enter each request, apply it, answer it, and remove its file when done."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from include.errors import BadRequest, PermanentError
from include.privacy import inbox
from include.privacy.disclosure import write_answer
from include.privacy.erasure import Person, Places, apply_erasure, listed_persons
from include.privacy.erasure_list import (
    Entry,
    add_everybody,
    add_person,
    enter_request,
    record_pass,
)
from include.privacy.inbox import DATA_REQUEST, SHOP_REDACT, PrivacyRequest
from include.privacy.journal import enter_journal, open_without_file, write_journal
from include.sources._base import Source
from include.warehouse.connection import connect

_log = logging.getLogger(__name__)
# Longer than any task runs: what was under way when a request was entered has ended by then.
SETTLE = dt.timedelta(hours=12)
# Storing a webhook takes no hour.
DRAFT_AFTER = dt.timedelta(hours=1)


@dataclass(slots=True)
class Outcome:
    """What became of the inbox; counts of requests, and why a file was left for a person."""

    done: int = 0
    waiting: int = 0
    repeated: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Task:
    """A request on one connection, and whether this pass is its last."""

    request: PrivacyRequest
    connection_id: str
    entry: Entry
    is_last_pass: bool


def process_requests(
    places: Places,
    folder: Path,
    sources: Mapping[str, Source],
    *,
    settle: dt.timedelta = SETTLE,
    is_dry_run: bool = False,
) -> Outcome:
    """Apply everything in the inbox and return what became of it.

    A file that cannot be read, or names a shop no connection has loaded, stays and is reported when
    everything else is done: then `PermanentError` lists the problems.
    """
    outcome = Outcome()
    if not is_dry_run:
        inbox.clear_drafts(folder, dt.datetime.now(dt.UTC) - DRAFT_AFTER)
    with connect(places.loader_dsn, autocommit=True) as conn:
        has_journal = not is_dry_run and _read_journal(conn, folder, outcome)
        requests = _read_inbox(conn, folder, places.hash_key, sources, outcome)
        tasks = [] if is_dry_run else _enter(conn, requests, settle)
        for task in tasks:
            if task.request.topic == DATA_REQUEST and not task.entry.is_done:
                _answer(conn, places, _source_of(sources, task.connection_id), folder, task)
    outcome.waiting = len(requests) if is_dry_run else 0
    outcome.repeated = sum(task.entry.is_done for task in tasks)
    tasks = [task for task in tasks if not task.entry.is_done]
    erasures = [task for task in tasks if task.request.topic != DATA_REQUEST]
    _apply_tasks(places, sources, erasures)
    if has_journal:
        _apply_listed(places, sources, {request.key for request, _ in requests}, settle)
        with connect(places.loader_dsn, autocommit=True) as conn:
            write_journal(conn, folder)
    waiting = [task for task in erasures if not task.is_last_pass]
    outcome.waiting += len(waiting)
    outcome.done = len(tasks) - len(waiting)
    if not is_dry_run:
        for path in {r.path for r, _ in requests} - {task.request.path for task in waiting}:
            path.unlink(missing_ok=True)
    if outcome.problems:
        raise PermanentError("; ".join(outcome.problems))
    return outcome


def _read_journal(conn: psycopg.Connection, folder: Path, outcome: Outcome) -> bool:
    """Enter what the journal knows and the warehouse does not; False when it cannot be read.

    Then it is left as it is: it may be the only one who knows.
    """
    try:
        entered = enter_journal(conn, folder)
    except BadRequest as error:
        outcome.problems.append(str(error))
        return False
    if entered:
        _log.warning("%s erasures are not in this warehouse and are done again", entered)
    return True


def _read_inbox(
    conn: psycopg.Connection,
    folder: Path,
    hash_key: bytes,
    sources: Mapping[str, Source],
    outcome: Outcome,
) -> list[tuple[PrivacyRequest, list[str]]]:
    """Return the readable requests with the connections they concern; note the others."""
    found = []
    for topic, path in inbox.waiting_files(folder):
        try:
            request = inbox.read_request(topic, path, hash_key)
            found.append((request, _connections_of(conn, request, sources)))
        except BadRequest as error:
            outcome.problems.append(str(error))
    return found


def _enter(
    conn: psycopg.Connection,
    requests: Iterable[tuple[PrivacyRequest, list[str]]],
    settle: dt.timedelta,
) -> list[_Task]:
    tasks = []
    for request, connections in requests:
        for connection_id in connections:
            entry = enter_request(conn, request, connection_id)
            is_last = _is_last_pass(conn, entry.request_id, settle)
            tasks.append(_Task(request, connection_id, entry, is_last))
    return tasks


def _connections_of(
    conn: psycopg.Connection, request: PrivacyRequest, sources: Mapping[str, Source]
) -> list[str]:
    if request.connection_id is None:
        return connections_of_shop(conn, request.shop, request.path)
    if request.connection_id.split("__", 1)[0] not in sources:
        raise BadRequest(
            f"{request.path}: connection {request.connection_id!r} is of no source; there are: "
            f"{', '.join(sources)}"
        )
    return [request.connection_id]


def connections_of_shop(conn: psycopg.Connection, shop: str, path: Path) -> list[str]:
    """Return the connections that have loaded a shop; `BadRequest` when none has."""
    found = conn.execute(
        "select distinct connection_id from raw.shopify__shop"
        " where lower(myshopify_domain) = %s order by 1",
        [shop],
    ).fetchall()
    if not found:
        raise BadRequest(
            f"{path}: no connection has loaded the shop {shop!r}; remove the file if it is none of "
            "ours"
        )
    return [connection_id for (connection_id,) in found]


def _apply_tasks(places: Places, sources: Mapping[str, Source], erasures: list[_Task]) -> None:
    for connection_id in sorted({task.connection_id for task in erasures}):
        own = [task for task in erasures if task.connection_id == connection_id]
        _apply(places, _source_of(sources, connection_id), connection_id, own)


def _apply(places: Places, source: Source, connection_id: str, tasks: list[_Task]) -> None:
    """Make one pass for all requests of a connection and note it on each of them."""
    persons = []
    with connect(places.loader_dsn, autocommit=True) as conn:
        for task in tasks:
            request, request_id = task.request, task.entry.request_id
            if request.topic == SHOP_REDACT:
                add_everybody(conn, connection_id, request_id)
            else:
                # Before anything is erased: what is fetched from now on passes the list.
                add_person(conn, connection_id, request_id, request.values, places.hash_key)
                persons.append(Person(request_id, set(request.values), dict(request.records)))
        # What a load under way brought back of persons whose linked values no payload names.
        newest = tasks[-1].entry.request_id
        persons += listed_persons(conn, source, connection_id, newest, places.hash_key)
    # Pages of unfinished runs go only when that holds for every request.
    is_last_pass = all(task.is_last_pass for task in tasks)
    touched = apply_erasure(places, source, connection_id, persons, is_last_pass=is_last_pass)
    with connect(places.loader_dsn, autocommit=True) as conn:
        for task in tasks:
            record_pass(conn, task.entry.request_id, touched, is_done=task.is_last_pass)


def _apply_listed(
    places: Places, sources: Mapping[str, Source], keys: Collection[str], settle: dt.timedelta
) -> None:
    """Make a pass for open erasures without a file, for the persons whom the list finds in raw.

    Those are requests the journal told a restored warehouse of, and those whose file was removed.
    """
    with connect(places.loader_dsn, autocommit=True) as conn:
        found = open_without_file(conn, keys)
    for connection_id, request_ids in found.items():
        source = sources.get(connection_id.split("__", 1)[0])
        if source is None:
            continue
        with connect(places.loader_dsn, autocommit=True) as conn:
            persons = listed_persons(conn, source, connection_id, request_ids[0], places.hash_key)
            is_last = {number: _is_last_pass(conn, number, settle) for number in request_ids}
        touched = apply_erasure(
            places,
            source,
            connection_id,
            persons,
            is_last_pass=all(is_last.values()),
            is_by_list=True,
        )
        with connect(places.loader_dsn, autocommit=True) as conn:
            for request_id, is_done in is_last.items():
                record_pass(conn, request_id, touched, is_done=is_done)


def _is_last_pass(conn: psycopg.Connection, request_id: int, settle: dt.timedelta) -> bool:
    """Say whether an earlier pass is long ago and no measure run from before it is still open."""
    [(is_settled,)] = conn.execute(
        """
        select coalesce(r.applied_at <= clock_timestamp() - %s, false) and not exists (
            select from quality.measure_runs as m
            where m.status = 'open' and m.opened_at < r.applied_at
        )
        from secrets.privacy_requests as r where r.request_id = %s
        """,
        [settle, request_id],
    ).fetchall()
    return bool(is_settled)


def _answer(
    conn: psycopg.Connection, places: Places, source: Source, folder: Path, task: _Task
) -> None:
    request = task.request
    person = Person(task.entry.request_id, set(request.values), dict(request.records))
    touched = write_answer(conn, source, task.connection_id, person, places.hash_key, folder)
    record_pass(conn, task.entry.request_id, touched, is_done=True)


def _source_of(sources: Mapping[str, Source], connection_id: str) -> Source:
    return sources[connection_id.split("__", 1)[0]]
