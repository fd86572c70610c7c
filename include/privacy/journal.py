"""The erasure list as a file beside the inbox, so that an older warehouse can be told of it.

A restored backup knows nothing of the requests that were done after it was made, and their files
are gone. `<GROUNDSWELL_PRIVACY_DIR>/erasure_list.json` holds what the list in the warehouse holds,
keyed hashes and random tokens: with the same key of connection `privacy` the persons are found by
the values that a restored warehouse still has.
"""

from __future__ import annotations

import datetime as dt
import os
import secrets
from collections.abc import Collection
from pathlib import Path

import msgspec
import psycopg

from include.errors import BadRequest
from include.privacy.inbox import DATA_REQUEST
from include.privacy.subjects import EVERYBODY

FILE_NAME = "erasure_list.json"


class ListedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for erasure on one connection: `identities` are HMACs with their tokens.

    The salt of a whole shop is not told: with it ids could be tried.
    """

    request_key: str
    connection_id: str
    topic: str
    origin: str
    requested_at: dt.datetime
    due_at: dt.datetime
    identities: dict[str, str]


def write_journal(conn: psycopg.Connection, folder: Path) -> None:
    """Write the warehouse's list to the file, whole or not at all; no file for an empty one."""
    rows = conn.execute(
        """
        select r.request_key, r.connection_id, r.topic, r.origin, r.requested_at, r.due_at,
            jsonb_object_agg(s.identity, case when s.identity = %s then '' else s.token end)
        from secrets.privacy_requests as r
        inner join secrets.erased_subjects as s on r.request_id = s.request_id
        group by r.request_id order by r.request_id
        """,
        [EVERYBODY],
    ).fetchall()
    names = ListedRequest.__struct_fields__
    listed = [ListedRequest(**dict(zip(names, row, strict=True))) for row in rows]
    path, content = folder / FILE_NAME, msgspec.json.format(msgspec.json.encode(listed))
    if not listed or (path.exists() and path.read_bytes() == content):
        return
    draft = path.with_name(f".{FILE_NAME}.{os.getpid()}")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def enter_journal(conn: psycopg.Connection, folder: Path) -> int:
    """Enter what the file lists and the warehouse does not; return how many requests that were.

    They are open again: their persons are erased with the values that are found. Raise `BadRequest`
    when the file cannot be read.
    """
    path = folder / FILE_NAME
    try:
        listed = msgspec.json.decode(path.read_bytes(), type=list[ListedRequest])
    except FileNotFoundError:
        return 0
    except (OSError, msgspec.MsgspecError) as error:
        raise BadRequest(f"{path} is no erasure list: {type(error).__name__}; restore it") from None
    with conn.transaction():
        return sum(_enter(conn, request) for request in listed)


def _enter(conn: psycopg.Connection, request: ListedRequest) -> bool:
    entered = conn.execute(
        """
        insert into secrets.privacy_requests
            (request_key, connection_id, topic, origin, requested_at, due_at)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (request_key, connection_id) do nothing returning request_id
        """,
        [
            request.request_key,
            request.connection_id,
            request.topic,
            request.origin,
            request.requested_at,
            request.due_at,
        ],
    ).fetchone()
    if entered is None:
        return False
    conn.cursor().executemany(
        "insert into secrets.erased_subjects (connection_id, identity, token, request_id)"
        " values (%s, %s, %s, %s) on conflict do nothing",
        [
            (request.connection_id, identity, token or secrets.token_hex(16), entered[0])
            for identity, token in request.identities.items()
        ],
    )
    return True


def open_without_file(conn: psycopg.Connection, keys: Collection[str]) -> dict[str, list[int]]:
    """Return the open erasures, by connection, whose payload is not among the inbox's keys.

    Those that never made a pass are left out: the list does not know yet whom they name.
    """
    found: dict[str, list[int]] = {}
    rows = conn.execute(
        """
        select r.connection_id, r.request_id from secrets.privacy_requests as r
        where r.done_at is null and r.topic <> %s and not r.request_key = any(%s)
            and exists (
                select from secrets.erased_subjects as s
                where s.request_id = r.request_id
            )
        order by 1, 2
        """,
        [DATA_REQUEST, sorted(keys)],
    )
    for connection_id, request_id in rows.fetchall():
        found.setdefault(connection_id, []).append(request_id)
    return found
