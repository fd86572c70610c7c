"""The access token of a shop: permanent, of a day, or of an hour.

An app's client credentials give a token of 24 hours whenever they are asked. An expiring offline
token lives an hour and comes with a refresh token of 90 days; every renewal replaces both, so the
run's token keeper (`FetchContext.token`) keeps the newest pair. What is in the connection is the
first one. A permanent token that is refused was revoked: only a person can put another one in.

A run that is killed between Shopify's answer and the keeper's commit loses the new pair. Shopify
lets the old refresh token be used again until its replacement is used, for up to 30 days (developer
changelog of 2026-08-28). The keeper commits before it hands a token out, so a lost pair was never
used, and the next run renews with the stored one as if nothing had happened.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from include.errors import BadCredentials
from include.http.redact import REDACTED
from include.sources._base import FetchContext, TokenGrant
from include.sources.shopify.queries import TOKEN_PATH

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer

TOKEN_HEADER = "X-Shopify-Access-Token"


class ShopToken:
    """Gives the token of a run's connection, and another one once it is refused."""

    def __init__(self, ctx: FetchContext) -> None:
        extra = ctx.connection.extra
        self._ctx = ctx
        self._conn_id = ctx.connection.conn_id
        self._client = {name: extra.get(name) for name in ("client_id", "client_secret")}
        self._has_client = all(self._client.values())
        self._first_refresh_token = str(extra.get("refresh_token") or "")

    @property
    def is_renewable(self) -> bool:
        """Say whether Shopify gives another token without a person."""
        return self._has_client

    def get(self, rejected: str | None = None) -> str:
        """Return the token to ask with; `rejected` is one that the shop refused.

        Raise `BadCredentials` when the connection holds nothing to ask with, or Shopify refuses it.
        """
        if self._has_client and self._first_refresh_token:
            if self._ctx.token is None:
                raise BadCredentials(f"connection {self._conn_id!r}: nothing keeps renewed tokens")
            return self._ctx.token(self._refresh, rejected)
        if self._has_client:
            return self._ask({"grant_type": "client_credentials"}).access_token
        if self._ctx.connection.password:
            return self._ctx.connection.password
        raise BadCredentials(
            f"connection {self._conn_id!r} has neither a password (an Admin API access token) "
            "nor client_id and client_secret in its extra"
        )

    def _refresh(self, last: TokenGrant | None) -> TokenGrant:
        given = (last.refresh_token if last else None) or self._first_refresh_token
        grant = self._ask({"grant_type": "refresh_token", "refresh_token": given})
        # The session cuts a token it knows out of every answer: then it is still the same one.
        is_same = grant.refresh_token in (None, REDACTED)
        kept = given if is_same else grant.refresh_token
        return TokenGrant(grant.access_token, grant.expires_at, kept, grant.refresh_expires_at)

    def _ask(self, form: dict[str, str]) -> TokenGrant:
        session, asked_at = self._ctx.session, dt.datetime.now(dt.UTC)
        # A refused token must not travel with the request for another.
        session.headers.pop(TOKEN_HEADER, None)
        classify, session.classify = session.classify, self._classify
        try:
            page = session.request("POST", TOKEN_PATH, data={**form, **self._client})
        finally:
            session.classify = classify
        document: dict[str, Any] = page.document if isinstance(page.document, dict) else {}
        token = document.get("access_token")
        if not token:
            raise self._refused("")
        until, last = (
            asked_at + dt.timedelta(seconds=int(seconds)) if seconds else None
            for seconds in map(document.get, ("expires_in", "refresh_token_expires_in"))
        )
        return TokenGrant(str(token), until, document.get("refresh_token"), last)

    def _classify(self, answer: HttpAnswer) -> Exception | None:
        if answer.status_code in (400, 401, 403):
            return self._refused(f" (HTTP {answer.status_code})")
        return None

    def _refused(self, status: str) -> BadCredentials:
        what = "client_id and client_secret"
        advice = ""
        if self._first_refresh_token:
            what = "refresh_token, client_id and client_secret"
            # The token keeper has tried the stored refresh token and the connection's own.
            advice = (
                "; neither the kept refresh token nor the connection's own is good any more: "
                "authorise the app for the shop again and put the new refresh_token into extra"
            )
        return BadCredentials(
            f"connection {self._conn_id!r}: Shopify gave no access token for the {what} in its "
            f"extra{status}{advice}"
        )
