"""Ask the Business API (v1.3): tokens, paths, cursors, numbered pages.

A connected account has tokens of its own (see `token`); the brand's token for the marketplace does
not expire. Tokens travel in the header `Access-Token`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from include.errors import BadCredentials, BadRequest, CountMismatch, MissingScope, Truncated
from include.sources._base import Connection, FetchContext, Page
from include.sources.tiktok.envelope import TokenRefused, read_code, read_data, refusal_reason
from include.sources.tiktok.token import DEFAULT_VERSION, AccountTokens, accounts_of, read_pair


def connected_accounts(connection: Connection) -> list[str]:
    """Return the ids (`business_id`) of the accounts the connection names, in its order.

    Raise `BadCredentials` when it names neither accounts nor a marketplace account.
    """
    accounts = [str(account) for account in accounts_of(connection)]
    if not accounts and not connection.extra.get("tto_tcm_account_id"):
        raise BadCredentials(
            f"connection {connection.conn_id!r} names nothing to read; set extra.accounts "
            "(connected accounts), or extra.tto_tcm_account_id (TikTok One), or both"
        )
    return accounts


class Api:
    """The Business API as one connection sees it."""

    def __init__(self, ctx: FetchContext) -> None:
        self.conn_id = ctx.connection.conn_id
        self._connection = ctx.connection
        self._session = ctx.session
        self._tokens = AccountTokens(ctx)
        version = ctx.connection.extra.get("api_version") or DEFAULT_VERSION
        self._root = f"/open_api/{version}"

    def ask_account(self, account: str, path: str, params: Mapping[str, Any]) -> Page:
        """Get something of a connected account; a refused token is renewed once."""
        params = {"business_id": account, **params}
        token = self._tokens.current(account)
        # The connection's own token, one that was kept and has ended since, one just renewed.
        for _ in range(3):
            try:
                token = token or self._tokens.renewed(account, token)
                return self._whole(self._ask(path, params, token), path)
            except TokenRefused as error:
                refusal = BadCredentials(f"{error}; account {account!r}")
                if not read_pair(self._connection, account).refresh_token:
                    raise refusal from None
                token = self._tokens.renewed(account, token)
        raise refusal

    def ask_brand(
        self,
        path: str,
        params: Mapping[str, Any],
        *,
        country: str | None = None,
        may_refuse: bool = False,
    ) -> Page:
        """Get something of the marketplace; `MissingScope` where the connection has no access."""
        account = self._connection.extra.get("tto_tcm_account_id")
        if not account or not self._connection.password:
            raise MissingScope(
                f"connection {self.conn_id!r}: TikTok One needs extra.tto_tcm_account_id and the "
                "brand's access token as password; they are not set"
            )
        headers = {"Country-Code": country} if country else {}
        params = {"tto_tcm_account_id": str(account), **params}
        page = self._ask(path, params, self._connection.password, headers)
        return page if may_refuse else self._whole(page, path)

    def ask_creator(self, path: str, handle: str, params: Mapping[str, Any]) -> Page:
        """Get public data of a creator; a refusal of this one alone is returned, to be read."""
        return self.ask_brand(path, {"handle_name": handle, **params}, may_refuse=True)

    def _ask(
        self,
        path: str,
        params: Mapping[str, Any],
        token: str,
        headers: Mapping[str, str] | None = None,
    ) -> Page:
        return self._session.request(
            "GET",
            f"{self._root}/{path}/",
            params={name: _as_parameter(value) for name, value in params.items()},
            headers={"Access-Token": token, **(headers or {})},
        )

    def _whole(self, page: Page, path: str) -> Page:
        """Return a page that holds data; what is a row for one creator is an error elsewhere."""
        if refusal_reason(page.document):
            raise BadRequest(
                f"connection {self.conn_id!r}: {path}: {page.document.get('message')} "
                f"(code {read_code(page.document)})"
            )
        return page


def follow_cursor(
    ask: Callable[[int], Page], start: int, *, what: str, place: str | None = None
) -> Iterator[Page]:
    """Yield pages until `has_more` is false.

    A page may hold fewer items than asked, even none, and yet more follow: only `has_more` ends the
    list. what: its name for messages. place: object of `data` that holds `has_more` and `cursor`,
    None for `data` itself.
    """
    cursor = start
    while True:
        page = ask(cursor)
        yield page
        data = read_data(page.document)
        position = (data.get(place) or {}) if place else data
        if str(position.get("has_more")).lower() not in ("true", "1"):
            return
        following = _read_cursor(position.get("cursor"))
        if following is None or following == cursor:
            raise Truncated(
                f"{what}: page cursor {cursor} is followed by {position.get('cursor')!r}"
            )
        cursor = following


def follow_numbers(ask: Callable[[int], Page], items: str, key: str) -> Iterator[Page]:
    """Yield numbered pages until `page_info.total_page`; raise `CountMismatch` when items are lost.

    items, key: where the list is in `data`, and what tells its items apart.
    """
    number, total = 1, 0
    seen: set[str] = set()
    while True:
        page = ask(number)
        yield page
        data = read_data(page.document)
        info = data.get("page_info") or {}
        found = data.get(items) or []
        seen.update(str(item.get(key)) for item in found)
        total = int(info.get("total_number") or total)
        if number >= int(info.get("total_page") or 0) or not found:
            break
        number += 1
    if len(seen) < total:
        raise CountMismatch(
            f"{items}: the API announces {total} and sent {len(seen)}; nothing of the window was "
            "loaded"
        )


def _as_parameter(value: Any) -> Any:
    """Lists and objects travel as JSON text inside the query."""
    is_nested = isinstance(value, Mapping | Sequence) and not isinstance(value, str)
    return json.dumps(value, separators=(",", ":")) if is_nested else value


def _read_cursor(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
