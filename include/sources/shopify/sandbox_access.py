"""Who may call the sandbox's Admin API, and what a root field needs: scopes, approval."""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.sources.shopify.sandbox_query import Field, QueryError

_SCOPES: Mapping[str, str | None] = {
    "orders": "read_orders",
    "order": "read_orders",
    "ordersCount": "read_orders",
    "customers": "read_customers",
    "customersCount": "read_customers",
    "productVariants": "read_products",
    "productVariantsCount": "read_products",
    "discountNodes": "read_discounts",
    "discountNodesCount": "read_discounts",
    "discountNode": "read_discounts",
    "shopifyqlQuery": "read_reports",
}
# Protected customer data of level 2; without approval null or, by the app's setting, an error.
_LEVEL_2 = frozenset({"email", "phone", "emailAddress", "phoneNumber", "firstName", "lastName"})

_DAY_SECONDS, _HOUR_SECONDS, _REFRESH_SECONDS = 86_399, 3_600, 7_776_000


class TokenDesk:
    """The permanent token and those given to the app, checked in real time."""

    def __init__(self, credentials: Mapping[str, Any]) -> None:
        self._permanent = str(credentials["access_token"])
        self._client = {name: str(credentials[name]) for name in ("client_id", "client_secret")}
        self._scope = ",".join(credentials["scopes"])
        self._refresh_token = str(credentials.get("refresh_token") or "")
        self._replaced = ""
        self._given: dict[str, float] = {}  # tokens and when they end

    def is_known(self, token: str) -> bool:
        """Say whether a token is good."""
        if hmac.compare_digest(token.encode(), self._permanent.encode()):
            return True
        return self._given.get(token, 0.0) > time.monotonic()

    def give(self, form: Mapping[str, str]) -> tuple[dict[str, Any], int]:
        """Answer the token address, with its status.

        A refresh token that was used stays good until its replacement is used, as Shopify does it
        since August 2026 (there for 30 days at most).
        """
        if any(not _same(form.get(name, ""), value) for name, value in self._client.items()):
            return {"error": "invalid_client"}, 400
        if form.get("grant_type") == "client_credentials":
            return self._issue(_DAY_SECONDS), 200
        given = form.get("refresh_token", "")
        if form.get("grant_type") != "refresh_token" or not given:
            return {"error": "invalid_request"}, 400
        if _same(given, self._refresh_token):
            self._replaced = given
        elif not _same(given, self._replaced):
            return {"error": "invalid_grant"}, 400
        self._refresh_token = f"shprt_{secrets.token_hex(16)}"
        renewed = {
            "refresh_token": self._refresh_token,
            "refresh_token_expires_in": _REFRESH_SECONDS,
        }
        return {**self._issue(_HOUR_SECONDS), **renewed}, 200

    def _issue(self, seconds: int) -> dict[str, Any]:
        token = f"shpat_{secrets.token_hex(16)}"
        self._given[token] = time.monotonic() + seconds
        return {"access_token": token, "scope": self._scope, "expires_in": seconds}


def _same(given: str, known: str) -> bool:
    return hmac.compare_digest(given.encode(), known.encode())


def check_scope(field: Field, scopes: Sequence[str], level_2: str) -> None:
    """Raise `QueryError` when a root field needs a scope or an approval that the app lacks.

    level_2: "granted", "null" (fields are empty) or "denied" (asking for them is an error).
    """
    needed = _SCOPES.get(field.name)
    if needed is not None and needed not in scopes:
        raise _denied(field.name, f"`{needed}` access scope.")
    if level_2 == "denied":
        for name in _names(field):
            if name in _LEVEL_2:
                raise _denied(name, "approval for level 2 protected customer data.")


def _names(field: Field) -> Iterator[str]:
    yield field.name
    for part in field.selection:
        yield from _names(part)


def _denied(name: str, access: str) -> QueryError:
    return QueryError(
        f"Access denied for {name} field. Required access: {access}",
        "ACCESS_DENIED",
        documentation="https://shopify.dev/api/usage/access-scopes",
        requiredAccess=access,
    )
