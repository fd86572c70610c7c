"""The erasure list in the warehouse: requests and, as HMACs, whom they name. Loader only."""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from include.privacy.erasers import PageEraser
from include.privacy.inbox import DUE_AFTER, SHOP_REDACT, PrivacyRequest
from include.privacy.subjects import (
    EVERYBODY,
    ErasedSubjects,
    identity_of,
    new_token,
)
from include.sources._base import Stream


@dataclass(frozen=True, slots=True)
class Entry:
    """A request as the list has it for one connection."""

    request_id: int
    entered_at: dt.datetime
    is_done: bool


def enter_request(conn: psycopg.Connection, request: PrivacyRequest, connection_id: str) -> Entry:
    """Enter a request once; the same again (a webhook comes repeatedly) finds the first entry."""
    conn.execute(
        """
        insert into secrets.privacy_requests
            (request_key, connection_id, topic, origin, requested_at, due_at)
        values (%s, %s, %s, %s, %s, %s)
        on conflict (request_key, connection_id) do nothing
        """,
        [
            request.key,
            connection_id,
            request.topic,
            request.origin,
            request.requested_at,
            request.requested_at + DUE_AFTER,
        ],
    )
    [row] = conn.execute(
        "select request_id, entered_at, done_at is not null from secrets.privacy_requests"
        " where request_key = %s and connection_id = %s",
        [request.key, connection_id],
    ).fetchall()
    return Entry(*row)


def add_person(
    conn: psycopg.Connection,
    connection_id: str,
    request_id: int,
    values: Collection[str],
    hash_key: bytes,
) -> str:
    """Put a person's values on the list and return the token that takes their place.

    A person who is on it already keeps the token, so that one person never has two.
    """
    identities = sorted({identity_of(value, hash_key) for value in values})
    found = conn.execute(
        "select token from secrets.erased_subjects"
        " where connection_id = %s and identity = any(%s) order by request_id limit 1",
        [connection_id, identities],
    ).fetchone()
    token = str(found[0]) if found else new_token()
    _add(conn, connection_id, request_id, identities, token)
    return token


def add_everybody(conn: psycopg.Connection, connection_id: str, request_id: int) -> str:
    """Put a whole connection on the list; return the salt from which the tokens are made."""
    _add(conn, connection_id, request_id, [EVERYBODY], secrets.token_hex(16))
    [(salt,)] = conn.execute(
        "select token from secrets.erased_subjects where connection_id = %s and identity = %s",
        [connection_id, EVERYBODY],
    ).fetchall()
    return str(salt)


def read_erased(conn: psycopg.Connection, connection_id: str, hash_key: bytes) -> ErasedSubjects:
    """Return the erasure list of a connection."""
    tokens: dict[str, str] = dict(
        conn.execute(
            "select identity, token from secrets.erased_subjects where connection_id = %s",
            [connection_id],
        ).fetchall()
    )
    return ErasedSubjects(tokens, salt=tokens.pop(EVERYBODY, None), hash_key=hash_key)


def open_eraser(
    conn: psycopg.Connection, stream: Stream, connection_id: str, hash_key: bytes
) -> PageEraser:
    """Return what every page of a stream passes before it is landed or loaded."""
    return PageEraser(read_erased(conn, connection_id, hash_key), stream)


def record_pass(
    conn: psycopg.Connection, request_id: int, touched: Mapping[str, int], *, is_done: bool
) -> None:
    """Note what a pass changed, added to what earlier ones did, and whether it was the last."""
    [(before, topic, connection_id)] = conn.execute(
        "select touched, topic, connection_id from secrets.privacy_requests where request_id = %s",
        [request_id],
    ).fetchall()
    total: dict[str, Any] = dict(before)
    for place, count in touched.items():
        total[place] = total.get(place, 0) + count
    conn.execute(
        """
        update secrets.privacy_requests
        set touched = %s,
            applied_at = coalesce(applied_at, clock_timestamp()),
            done_at = case when %s then clock_timestamp() end
        where request_id = %s
        """,
        [Jsonb(total), is_done, request_id],
    )
    if is_done and topic == SHOP_REDACT:
        # Without the salt nobody can try ids and see which token they give.
        conn.execute(
            "update secrets.erased_subjects set token = %s"
            " where connection_id = %s and identity = %s",
            [secrets.token_hex(16), connection_id, EVERYBODY],
        )


def _add(
    conn: psycopg.Connection,
    connection_id: str,
    request_id: int,
    identities: Collection[str],
    token: str,
) -> None:
    conn.cursor().executemany(
        "insert into secrets.erased_subjects (connection_id, identity, token, request_id)"
        " values (%s, %s, %s, %s) on conflict do nothing",
        [(connection_id, identity, token, request_id) for identity in identities],
    )
