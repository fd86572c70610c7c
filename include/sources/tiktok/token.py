"""Tokens of connected accounts: which one to use, and how a refused one is renewed.

An access token lives for 24 hours, its refresh token for 365 days; a renewal may give a new refresh
token and void the old one. The run's token keeper (`FetchContext.token`) keeps one secret per
connection and a connection has many accounts, so what it keeps is a bundle of all their pairs.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from include.errors import BadCredentials, Truncated
from include.http.redact import REDACTED
from include.sources._base import Connection, RefreshToken, TokenGrant
from include.sources.tiktok.envelope import read_data

if TYPE_CHECKING:
    from include.sources._base import FetchContext, TokenKeeper

DEFAULT_VERSION = "v1.3"
REFRESH_PATH = "tt_user/oauth2/refresh_token"
# Another task may have renewed another account in between; nobody does so for ever.
MOST_TRIES = 5


@dataclass(frozen=True, slots=True)
class Pair:
    """The tokens of one account; "" for one that is not there.

    refresh_expires_at: the refresh token's end, ISO 8601; "" before the first renewal told it.
    """

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: str = ""


class RunKeeper:
    """Keeps a token while the run lasts; for runs that have no keeper of their own."""

    def __init__(self) -> None:
        self._grant: TokenGrant | None = None

    def __call__(self, refresh: RefreshToken, rejected: str | None = None) -> str:
        """Return the kept token, refreshed when there is none or it is the rejected one."""
        if self._grant is None or self._grant.access_token == rejected:
            self._grant = refresh(self._grant)
        return self._grant.access_token


class AccountTokens:
    """The tokens of a connection's accounts: its own first, kept ones once those are refused."""

    def __init__(self, ctx: FetchContext) -> None:
        self._connection = ctx.connection
        self._session = ctx.session
        self._keeper: TokenKeeper = ctx.token or RunKeeper()
        self._bundle: str | None = None
        self._refused: set[str] = set()
        self._stored: dict[str, Pair] = {}

    def current(self, account: str) -> str:
        """Return the access token to use; "" when it must be renewed first."""
        own = read_pair(self._connection, account)
        held = _unpack(self._bundle).get(account, own)
        return "" if held.access_token in self._refused else held.access_token

    def renewed(self, account: str, refused: str) -> str:
        """Return another access token than the refused one.

        Raise `BadCredentials` when the account must log in again.
        """
        self._refused.add(refused)
        refresh = functools.partial(self._refresh, account)
        for _ in range(MOST_TRIES):
            self._bundle = self._keeper(refresh, self._bundle)
            token = _unpack(self._bundle).get(account, Pair()).access_token
            if token and token not in self._refused:
                return token
        raise BadCredentials(self._about(account, "its renewed tokens are refused as well"))

    def _refresh(self, account: str, grant: TokenGrant | None) -> TokenGrant:
        """Renew one account's pair; the other pairs of the bundle stay as they are."""
        if grant is not None:
            self._stored = _unpack(grant.access_token)
            refresh_token = self._stored.get(account, Pair()).refresh_token
        else:
            refresh_token = ""
        own = read_pair(self._connection, account)
        pair = self._renew(account, Pair("", refresh_token or own.refresh_token))
        pairs = {**self._stored, account: pair}
        return TokenGrant(_pack(pairs), refresh_expires_at=self._first_end(pairs))

    def _first_end(self, pairs: Mapping[str, Pair]) -> dt.datetime | None:
        """Return when the first account must log in again; those that left the connection do not.

        None while no renewal has told any end.
        """
        connected = accounts_of(self._connection)
        ends = [
            dt.datetime.fromisoformat(pair.refresh_expires_at)
            for account, pair in pairs.items()
            if account in connected and pair.refresh_expires_at
        ]
        return min(ends, default=None)

    def _renew(self, account: str, old: Pair) -> Pair:
        given = {
            "client_id": self._connection.extra.get("client_id"),
            "client_secret": self._connection.extra.get("client_secret"),
            "refresh_token": old.refresh_token,
        }
        if missing := [name for name, value in given.items() if not value]:
            text = f"its access token cannot be renewed; missing in extra: {', '.join(missing)}"
            raise BadCredentials(self._about(account, text))
        version = self._connection.extra.get("api_version") or DEFAULT_VERSION
        body, asked_at = {**given, "grant_type": "refresh_token"}, dt.datetime.now(dt.UTC)
        try:
            page = self._session.request("POST", f"/open_api/{version}/{REFRESH_PATH}/", json=body)
        except BadCredentials as error:
            raise BadCredentials(f"{error}; account {account!r}") from None
        return self._read_renewed(account, old, read_data(page.document), asked_at)

    def _read_renewed(
        self, account: str, old: Pair, data: Mapping[str, Any], asked_at: dt.datetime
    ) -> Pair:
        if str(data.get("open_id") or account) != account:
            text = f"its refresh token belongs to {data.get('open_id')!r}; correct extra.accounts"
            raise BadCredentials(self._about(account, text))
        if not data.get("access_token"):
            raise Truncated(self._about(account, "the renewal holds no access token"))
        refresh_token = str(data.get("refresh_token") or "")
        # The session cuts a token it knows out of every answer: then it is still the same one.
        is_same = refresh_token in ("", REDACTED)
        seconds = data.get("refresh_token_expires_in")
        return Pair(
            str(data["access_token"]),
            old.refresh_token if is_same else refresh_token,
            (asked_at + dt.timedelta(seconds=int(seconds))).isoformat() if seconds else "",
        )

    def _about(self, account: str, text: str) -> str:
        return f"connection {self._connection.conn_id!r}, account {account!r}: {text}"


def read_pair(connection: Connection, account: str) -> Pair:
    """Return an account's tokens of `extra.accounts`; `BadCredentials` when there is none."""
    entry = accounts_of(connection).get(account)
    found = entry if isinstance(entry, Mapping) else {}
    pair = Pair(str(found.get("access_token") or ""), str(found.get("refresh_token") or ""))
    if not pair.access_token and not pair.refresh_token:
        raise BadCredentials(
            f"connection {connection.conn_id!r}: extra.accounts has no token for {account!r}; "
            "allowed: an object with access_token and refresh_token"
        )
    return pair


def accounts_of(connection: Connection) -> Mapping[str, Any]:
    """Return `extra.accounts`; `BadCredentials` when it is no object."""
    accounts = connection.extra.get("accounts") or {}
    if not isinstance(accounts, Mapping):
        raise BadCredentials(
            f"connection {connection.conn_id!r}: extra.accounts must be an object from business_id "
            f"to tokens, not {type(accounts).__name__}"
        )
    return accounts


def _pack(pairs: Mapping[str, Pair]) -> str:
    return json.dumps(
        {a: [p.access_token, p.refresh_token, p.refresh_expires_at] for a, p in pairs.items()}
    )


def _unpack(bundle: str | None) -> dict[str, Pair]:
    return {account: Pair(*pair) for account, pair in json.loads(bundle or "{}").items()}
