"""Talk to the Data API and the Analytics API: key or token, pages, quota."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from include.errors import BadCredentials, BadRequest, GroundswellError, MissingScope, Truncated
from include.http.answer import Accept
from include.sources._base import Connection, FetchContext, Page
from include.sources.youtube.quota import METHOD_COSTS, UNITS_PER_DAY, ledger_of
from include.sources.youtube.refusals import DaySpent, PageTokenRefused, TokenRefused, classify
from include.sources.youtube.token import account_of

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer

ANALYTICS_ADDRESS = "https://youtubeanalytics.googleapis.com"


class YouTube:
    """YouTube as one run's connection sees it.

    quota_share: part of the day's units this run may use; it stops with `RateLimited` until
    midnight Pacific before the ledger passes it. Public data is asked with the API key where there
    is one, else with the channel owner's token; reports with the token alone.
    """

    def __init__(self, ctx: FetchContext, *, quota_share: float = 1.0) -> None:
        connection = ctx.connection
        self.conn_id = connection.conn_id
        self._session = ctx.session
        self._session.classify = self._classify
        self._key = connection.password or ""
        self._account = account_of(connection, ctx.session)
        if not self._key and self._account is None:
            raise BadCredentials(
                f"connection {self.conn_id!r}: no credentials; set the password to an API key, or "
                "extra.client_id, extra.client_secret and extra.refresh_token"
            )
        self._analytics = str(connection.extra.get("analytics_url") or ANALYTICS_ADDRESS)
        project = self._key or (self._account.client_id if self._account else "")
        self._ledger = ledger_of(project)
        self._limit = int(read_units(connection) * quota_share)
        self._cost = 0
        self._asked_at: dt.datetime | None = None

    def list(self, resource: str, params: Mapping[str, Any]) -> Page:
        """Get one answer of a `list` method; a refusal of one object is returned as it came.

        The first call of a run always goes out: only the API knows which day it is.
        """
        cost = METHOD_COSTS[f"{resource}.list"]
        if self._asked_at is not None:
            self._ledger.check(cost, self._limit, self._asked_at, self.conn_id)
        self._cost = cost
        page = self._ask(f"/youtube/v3/{resource}", params, is_public=bool(self._key))
        self._asked_at = page.captured_at
        return page

    def pages(self, resource: str, params: Mapping[str, Any]) -> Iterator[Page]:
        """Get every page of a `list` method; an empty page may be followed by another.

        Raises `Truncated` when the list changed under the reader or ended before its announced
        number on a full page; asking from the start helps.
        """
        token, tokens, seen = "", set[str](), set[str]()
        while True:
            asked = {**params, "pageToken": token} if token else params
            try:
                page = self.list(resource, asked)
            except PageTokenRefused as error:
                raise Truncated(f"{error}; the list changed while it was read") from error
            yield page
            items = page.document.get("items") or []
            # An item that comes twice, because the list moved, would hide one that never came.
            seen.update(str(item.get("id")) for item in items)
            token = str(page.document.get("nextPageToken") or "")
            if not token:
                self._check_end(resource, params, page, len(items), len(seen))
                return
            if token in tokens:
                raise Truncated(f"connection {self.conn_id!r}: {resource} repeats its page token")
            tokens.add(token)

    def report(self, params: Mapping[str, Any]) -> Page:
        """Get one answer of the Analytics API; raises `MissingScope` without an authorisation."""
        if self._account is None:
            raise MissingScope(
                f"connection {self.conn_id!r}: YouTube Analytics answers the channel's owner only; "
                "set extra.client_id, extra.client_secret and extra.refresh_token"
            )
        self._session.allow_host(urlsplit(self._analytics).netloc)
        self._cost = METHOD_COSTS["reports.query"]
        return self._ask(f"{self._analytics}/v2/reports", params, is_public=False)

    def _ask(self, address: str, params: Mapping[str, Any], *, is_public: bool) -> Page:
        if is_public or self._account is None:
            return self._session.request("GET", address, params={**params, "key": self._key})
        cost = self._cost
        for is_last in (False, True):
            self._cost = 0
            headers = self._account.headers()
            self._cost = cost
            try:
                return self._session.request("GET", address, params=dict(params), headers=headers)
            except TokenRefused:
                # It may have ended between two pages; a second refusal is a revoked consent.
                if is_last:
                    raise
                self._account.forget()
        raise AssertionError("unreachable")

    def _classify(self, answer: HttpAnswer) -> GroundswellError | Accept | None:
        """Book every answer, also those the session asks for again by itself."""
        if self._cost:
            self._ledger.book(self._cost, answer.captured_at)
        verdict = classify(answer)
        if isinstance(verdict, DaySpent) and self._cost:
            self._ledger.exhaust(answer.captured_at)
        return verdict

    def _check_end(
        self, resource: str, params: Mapping[str, Any], page: Page, items: int, came: int
    ) -> None:
        total = (page.document.get("pageInfo") or {}).get("totalResults") or 0
        # Hidden entries may be counted, so only a full page that should not be the last tells.
        if items and items == params.get("maxResults") and came < total:
            raise Truncated(
                f"connection {self.conn_id!r}: {resource} announces {total} items and ended after "
                f"{came} on a full page"
            )


def read_units(connection: Connection) -> int:
    """Return the units a day the project has; `BadRequest` when the setting is no number."""
    value = connection.extra.get("quota_units", UNITS_PER_DAY)
    if not str(value).isdecimal() or int(str(value)) < 1:
        raise BadRequest(
            f"connection {connection.conn_id!r}: extra.quota_units {value!r} is not allowed; "
            "allowed: a whole number from 1 on"
        )
    return int(str(value))
