"""Access tokens of a connected channel, by OAuth's refresh token (service accounts have none)."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from include.errors import BadCredentials, Truncated
from include.http.session import ApiSession
from include.sources._base import Connection

TOKEN_ADDRESS = "https://oauth2.googleapis.com/token"
NEEDED = ("client_id", "client_secret", "refresh_token")
# A token is renewed this long before it ends, so that no request arrives with a dead one.
MARGIN_SECONDS = 60.0


class Account:
    """The channel owner's authorisation of one connection.

    Google's refresh tokens do not rotate: the answer holds an access token alone, which lives for
    an hour and is kept in memory.
    """

    def __init__(self, connection: Connection, session: ApiSession) -> None:
        extra = connection.extra
        missing = [name for name in NEEDED if not extra.get(name)]
        if missing:
            raise BadCredentials(
                f"connection {connection.conn_id!r}: extra.{', extra.'.join(missing)} is missing; "
                f"a connected channel needs {', '.join(f'extra.{name}' for name in NEEDED)}"
            )
        self.client_id = str(extra["client_id"])
        self._form = {"grant_type": "refresh_token", **{name: str(extra[name]) for name in NEEDED}}
        self._conn_id = connection.conn_id
        self._address = str(extra.get("token_uri") or TOKEN_ADDRESS)
        self._session = session
        session.allow_host(urlsplit(self._address).netloc)
        self._token, self._valid_until = "", 0.0

    def headers(self) -> dict[str, str]:
        """Return the header with a valid token; asks for one when needed.

        Raises `BadCredentials` for a revoked or expired refresh token.
        """
        if time.monotonic() >= self._valid_until:
            self._refresh()
        return {"Authorization": f"Bearer {self._token}"}

    def forget(self) -> None:
        """Drop a token the API refused, so that the next request brings a new one."""
        self._valid_until = 0.0

    def _refresh(self) -> None:
        asked_at = time.monotonic()
        document = self._session.request("POST", self._address, data=self._form).document
        token, seconds = document.get("access_token"), document.get("expires_in")
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise Truncated(f"connection {self._conn_id!r}: the token answer holds no token")
        self._token, self._valid_until = token, asked_at + seconds - MARGIN_SECONDS


def account_of(connection: Connection, session: ApiSession) -> Account | None:
    """Return the connection's authorisation, None where it has an API key alone."""
    if not any(connection.extra.get(name) for name in NEEDED):
        return None
    return Account(connection, session)
