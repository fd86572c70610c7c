"""OAuth tokens that rotate: sealed in `secrets.oauth_token`, refreshed by one task at a time.

Some APIs answer a refresh with a new refresh token and void the old one, so two tasks that refresh
together would lock each other out, and the newest token must outlive the task. The row of the
connection is locked while its token is refreshed; whoever waits finds the new one. A token is
committed before it is handed out: a process killed in between has not used what it lost, which is
what vendors ask who accept the old refresh token until the new one is used (Shopify).

The key is `GROUNDSWELL_TOKEN_KEY`, else Airflow's own Fernet key; the database never has it.
Several keys, separated by commas, rotate as Airflow's do: the first seals, all of them open.
"""

from __future__ import annotations

import datetime as dt
import os

import msgspec
import psycopg
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from include.errors import BadCredentials, InvalidSettings
from include.sources._base import RefreshToken, TokenGrant
from include.warehouse.connection import connect

KEY_VARIABLES = ("GROUNDSWELL_TOKEN_KEY", "AIRFLOW__CORE__FERNET_KEY")
# A token must outlive the page it is fetched for; long answers take minutes.
LEEWAY = dt.timedelta(minutes=5)


class _Sealed(msgspec.Struct, frozen=True):
    """What is sealed: bound to its connection, so that a row moved to another one does not open."""

    connection_id: str
    access_token: str
    expires_at: dt.datetime | None
    refresh_token: str | None


def current_token(
    dsn: str, connection_id: str, refresh: RefreshToken, rejected: str | None = None
) -> str:
    """Return a connection's access token, refreshing it under a row lock when it is due.

    dsn: the loader's. rejected: a token the API refused; it is replaced unless another task has
    done so. A grant that the endpoint refuses (`BadCredentials`) is tried once more from the
    connection's own fields, which a person may have renewed. Raise `InvalidSettings` without a key,
    and whatever `refresh` raises; then the stored token stays.
    """
    vault = _open_vault()
    with connect(dsn) as conn:
        stored = _lock_row(conn, vault, connection_id)
        if stored is not None and _is_good(stored, rejected):
            return stored.access_token
        grant = _ask(refresh, stored)
        _store(conn, vault, connection_id, grant, stored)
    return grant.access_token


def forget_token(dsn: str, connection_id: str) -> None:
    """Forget a connection's token; the next refresh starts from the connection's own fields."""
    with connect(dsn) as conn:
        conn.execute("delete from secrets.oauth_token where connection_id = %s", [connection_id])


def _is_good(grant: TokenGrant, rejected: str | None) -> bool:
    if grant.access_token == rejected:
        return False
    return grant.expires_at is None or grant.expires_at - LEEWAY > dt.datetime.now(dt.UTC)


def _ask(refresh: RefreshToken, stored: TokenGrant | None) -> TokenGrant:
    if stored is None:
        return refresh(None)
    try:
        return refresh(stored)
    except BadCredentials:
        return refresh(None)


def _lock_row(
    conn: psycopg.Connection, vault: MultiFernet, connection_id: str
) -> TokenGrant | None:
    conn.execute(
        "insert into secrets.oauth_token (connection_id) values (%s) on conflict do nothing",
        [connection_id],
    )
    [(sealed,)] = conn.execute(
        "select sealed from secrets.oauth_token where connection_id = %s for update",
        [connection_id],
    ).fetchall()
    return None if sealed is None else _opened(vault, connection_id, bytes(sealed))


def _opened(vault: MultiFernet, connection_id: str, sealed: bytes) -> TokenGrant:
    try:
        found = msgspec.json.decode(vault.decrypt(sealed), type=_Sealed)
    except (InvalidToken, msgspec.DecodeError):
        raise InvalidSettings(
            f"the token of connection {connection_id!r} was sealed with another key; put that key "
            f"behind a comma into {KEY_VARIABLES[0]}, or delete the row of secrets.oauth_token"
        ) from None
    if found.connection_id != connection_id:
        raise InvalidSettings(
            f"the token stored for connection {connection_id!r} is another connection's; delete "
            "its row of secrets.oauth_token"
        )
    return TokenGrant(found.access_token, found.expires_at, found.refresh_token)


def _store(
    conn: psycopg.Connection,
    vault: MultiFernet,
    connection_id: str,
    grant: TokenGrant,
    stored: TokenGrant | None,
) -> None:
    # An endpoint that does not rotate gives no new refresh token: the old one stays good.
    kept = grant.refresh_token or (stored.refresh_token if stored else None)
    content = _Sealed(connection_id, grant.access_token, grant.expires_at, kept)
    # An endpoint that says nothing of the end leaves it as it is, unless the token is a new one.
    conn.execute(
        """
        update secrets.oauth_token
        set sealed = %s, expires_at = %s, refreshed_at = clock_timestamp(),
            refresh_expires_at = case when %s then coalesce(%s, refresh_expires_at) else %s end
        where connection_id = %s
        """,
        [
            vault.encrypt(msgspec.json.encode(content)),
            grant.expires_at,
            stored is not None and grant.refresh_token in (None, stored.refresh_token),
            grant.refresh_expires_at,
            grant.refresh_expires_at,
            connection_id,
        ],
    )


def _open_vault() -> MultiFernet:
    keys = next((value for name in KEY_VARIABLES if (value := os.environ.get(name))), "")
    try:
        return MultiFernet([Fernet(key.strip()) for key in keys.split(",") if key.strip()])
    except ValueError:
        raise InvalidSettings(
            f"{' or '.join(KEY_VARIABLES)} must hold a Fernet key (or several, separated by "
            "commas), with which the tokens of connections are sealed"
        ) from None
