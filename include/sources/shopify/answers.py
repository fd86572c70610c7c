"""What an answer of the Admin API means: the mapping of its errors onto the error tree.

GraphQL errors come inside HTTP 200, throttling too, sometimes beside partial data: an answer with
errors is never accepted, whatever data it carries.
"""

from __future__ import annotations

from typing import Any, Protocol

import msgspec

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)

MAX_QUERY_COST = 1000


class QueryTooExpensive(BadRequest):
    """The query's requested cost is above what one query may cost; a smaller page may pass."""


class _ThrottleStatus(msgspec.Struct, rename="camel"):
    maximum_available: float = 2000.0
    currently_available: float = 2000.0
    restore_rate: float = 100.0


class Cost(msgspec.Struct, rename="camel"):
    """`extensions.cost`: points asked and the state of the bucket (points, points per second)."""

    requested_query_cost: float | None = None
    throttle_status: _ThrottleStatus = msgspec.field(default_factory=_ThrottleStatus)

    def seconds_until_affordable(self, needed: float) -> float:
        """Return how long the bucket takes to hold `needed` points (at most all it can hold)."""
        status = self.throttle_status
        missing = min(needed, status.maximum_available) - status.currently_available
        return max(0.0, missing / status.restore_rate) if status.restore_rate > 0 else 0.0


class _Extensions(msgspec.Struct):
    cost: Cost | None = None
    search: list[dict[str, Any]] = []


class Envelope(msgspec.Struct):
    """An answer without its data, which is skipped and not decoded."""

    errors: Any = None
    extensions: _Extensions = msgspec.field(default_factory=_Extensions)


_ENVELOPE = msgspec.json.Decoder(Envelope)


class HttpAnswer(Protocol):
    """The part of `requests.Response` that is looked at."""

    status_code: int

    @property
    def content(self) -> bytes: ...


def read_envelope(body: bytes) -> Envelope:
    """Decode errors and extensions of an answer; `Truncated` when it is no JSON object."""
    try:
        return _ENVELOPE.decode(body)
    except msgspec.DecodeError as error:
        raise Truncated(f"the Admin API sent something that is not its JSON: {error}") from error


def classify_answer(response: HttpAnswer, conn_id: str) -> Exception | None:
    """Return the error that an answer stands for, None when its data may be used."""
    if response.status_code != 200:
        return _classify_status(response.status_code, conn_id)
    try:
        envelope = read_envelope(response.content)
    except Truncated as error:
        return error
    if envelope.errors:
        return _classify_errors(envelope, conn_id)
    return _classify_search_warnings(envelope.extensions.search)


def _classify_status(status: int, conn_id: str) -> Exception | None:
    if status == 401:
        return BadCredentials(
            f"connection {conn_id!r}: the Admin API refused the access token (HTTP 401); put a "
            "valid one into its password, or a client_id and client_secret into its extra"
        )
    if status == 403:
        return MissingScope(f"connection {conn_id!r}: the app may not use the Admin API (HTTP 403)")
    if status == 404:
        return BadRequest(f"connection {conn_id!r}: its host is no shop of Shopify (HTTP 404)")
    if status in (402, 423):
        return BadRequest(
            f"connection {conn_id!r}: the shop is frozen or locked (HTTP {status}); its owner must "
            "settle that with Shopify"
        )
    if status == 430:
        return RateLimited("Shopify holds the requests for suspicious (HTTP 430)", retry_after=30.0)
    return None


def _classify_errors(envelope: Envelope, conn_id: str) -> Exception:
    errors = envelope.errors
    if isinstance(errors, str):  # what comes from before GraphQL is a plain sentence
        return BadRequest(f"connection {conn_id!r}: {errors}")
    found = [error for error in errors if isinstance(error, dict)]
    codes = {str((error.get("extensions") or {}).get("code", "")) for error in found}
    text = "; ".join(_describe(error) for error in found[:3])
    if "THROTTLED" in codes:
        cost = envelope.extensions.cost or Cost()
        wait = cost.seconds_until_affordable(cost.requested_query_cost or MAX_QUERY_COST)
        return RateLimited("Shopify's bucket of query points is empty", retry_after=wait)
    if "MAX_COST_EXCEEDED" in codes:
        return QueryTooExpensive(f"connection {conn_id!r}: {text}")
    if "ACCESS_DENIED" in codes:
        return MissingScope(f"connection {conn_id!r}: {text}")
    if "SHOP_INACTIVE" in codes:
        return BadRequest(f"connection {conn_id!r}: the shop is inactive: {text}")
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Unavailable(f"the Admin API failed inside: {text}")
    return BadRequest(f"connection {conn_id!r}: {text}")


def _describe(error: dict[str, Any]) -> str:
    path = ".".join(str(part) for part in error.get("path") or ())
    access = (error.get("extensions") or {}).get("requiredAccess")
    parts = [str(error.get("message", "no message")), f"at {path}" if path else ""]
    parts.append(f"required: {access}" if access else "")
    return " ".join(part for part in parts if part)


def _classify_search_warnings(search: list[dict[str, Any]]) -> BadRequest | None:
    """A filter that Shopify does not understand is ignored: it would answer with every order."""
    warnings = [warning for part in search for warning in part.get("warnings") or ()]
    if not warnings:
        return None
    text = "; ".join(f"{w.get('field')}: {w.get('message')}" for w in warnings[:3])
    return BadRequest(f"Shopify ignored a part of the search: {text}")
