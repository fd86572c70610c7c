"""The access token of a connection, renewed in time where the connection asks for it.

A user's token lives 60 days and can only be renewed while it is valid; tokens of a system user, and
those of a Page made from a long-lived user token, do not end. With `extra.renew_token` the run's
token keeper (`FetchContext.token`) keeps the newest token; the one in the connection is the first.
An answer that holds a token is never landed.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from include.errors import BadCredentials, BadRequest
from include.http.redact import REDACTED
from include.sources._base import Connection, RefreshToken, TokenGrant

if TYPE_CHECKING:
    from include.http.session import ApiSession
    from include.sources._base import Page

DEFAULT_VERSION = "v26.0"
# Serves tokens of an Instagram login; those of a Facebook login go to graph.facebook.com.
INSTAGRAM_HOST = "graph.instagram.com"
# A token is renewed so long before its end: a month of failures passes before anything breaks.
RENEWED_BEFORE_END = dt.timedelta(days=30)
# Tokens younger than a day are not renewed yet.
TRIED_AGAIN = dt.timedelta(days=1)


def uses_instagram_login(connection: Connection) -> bool:
    """Say whether the token comes from an Instagram login (else from a Facebook login)."""
    login = connection.extra.get("login") or connection.host
    return login in ("instagram", INSTAGRAM_HOST)


def renewal(session: ApiSession, connection: Connection) -> RefreshToken:
    """Return what the token keeper asks for a new token.

    The grant's `expires_at` is when it is to be renewed, not when it ends: the API renews no token
    that has ended.
    """

    def refresh(last: TokenGrant | None) -> TokenGrant:
        return renew_token(session, connection, last.access_token if last else connection.password)

    return refresh


def renew_token(session: ApiSession, connection: Connection, token: str | None) -> TokenGrant:
    """Exchange a token for one that lives longer; a token that is too young is given back.

    Raise `BadCredentials` for a token that has ended or is none, `BadRequest` when the app's own id
    and secret are missing.
    """
    if not token:
        raise BadCredentials(
            f"connection {connection.conn_id!r}: the password is empty; there is no token to renew"
        )
    path, params = _exchange(connection, token)
    page = session.request("GET", path, params=params)
    document = page.document if isinstance(page.document, dict) else {}
    given = document.get("access_token")
    if not given:
        # A refusal of the token itself has been raised; this one says "not now".
        return TokenGrant(token, page.captured_at + TRIED_AGAIN)
    return TokenGrant(
        # The session cuts the present token out of every answer: then it is still the same one.
        access_token=token if given == REDACTED else str(given),
        expires_at=_renewed_at(page, document.get("expires_in")),
    )


def _renewed_at(page: Page, seconds: Any) -> dt.datetime | None:
    if not seconds:
        return None
    end = page.captured_at + dt.timedelta(seconds=int(seconds))
    return max(end - RENEWED_BEFORE_END, page.captured_at + TRIED_AGAIN)


def _exchange(connection: Connection, token: str) -> tuple[str, dict[str, Any]]:
    """Return path and parameters: each kind of login has its own exchange."""
    if uses_instagram_login(connection):
        params = {"grant_type": "ig_refresh_token", "access_token": token}
        return "/refresh_access_token", params
    client = {name: connection.extra.get(name) for name in ("client_id", "client_secret")}
    if missing := [f"extra.{name}" for name, value in client.items() if not value]:
        raise BadRequest(
            f"connection {connection.conn_id!r}: {' and '.join(missing)} not set; a token of a "
            "Facebook login is renewed with the app's id and secret"
        )
    version = connection.extra.get("api_version") or DEFAULT_VERSION
    exchange = {"grant_type": "fb_exchange_token", **client, "fb_exchange_token": token}
    return f"/{version}/oauth/access_token", exchange
