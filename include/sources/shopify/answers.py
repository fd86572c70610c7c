"""What an answer of the Admin API means: the mapping of its errors onto the error tree.

GraphQL errors come inside HTTP 200, throttling too, sometimes beside partial data: an answer with
errors is never accepted, whatever data it carries.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import HttpAnswer

MAX_QUERY_COST = 1000.0
# HTTP 430 names no time; Shopify's security refuses a burst for about that long.
_SECURITY_WAIT_SECONDS = 30.0


class QueryTooExpensive(BadRequest):
    """The query's requested cost is above what one query may cost; a smaller page may pass."""


@dataclass(frozen=True, slots=True)
class Cost:
    """`extensions.cost`: points requested, and the bucket's points now, at most, per second."""

    requested: float
    available: float
    maximum: float
    restore_rate: float

    def seconds_until(self, points: float) -> float:
        """Return how long the bucket takes to hold `points`, or as many as it can hold."""
        missing = min(points, self.maximum) - self.available
        return max(0.0, missing / self.restore_rate)


def read_cost(document: Any) -> Cost | None:
    """Return the cost of an answer, None where it names none."""
    cost = _mapping(_mapping(_mapping(document).get("extensions")).get("cost"))
    status = _mapping(cost.get("throttleStatus"))
    try:
        return Cost(
            requested=float(cost["requestedQueryCost"] or MAX_QUERY_COST),
            available=float(status["currentlyAvailable"]),
            maximum=float(status["maximumAvailable"]),
            restore_rate=max(1.0, float(status["restoreRate"])),
        )
    except (TypeError, KeyError, ValueError):
        return None


def classify_answer(answer: HttpAnswer) -> Exception | None:
    """Return the error an answer stands for; None leaves it to the usual meaning of its status."""
    if answer.status_code != 200:
        return _classify_status(answer)
    document = answer.document
    if not isinstance(document, dict):
        return Truncated("the Admin API answered HTTP 200 with something that is not its JSON")
    if document.get("errors"):
        return _classify_errors(answer.conn_id, document)
    if not isinstance(document.get("data"), dict):
        return Truncated("the Admin API answered without data and without errors")
    return _classify_search_warnings(document)


def _classify_status(answer: HttpAnswer) -> Exception | None:
    """Give the statuses that mean more at Shopify than elsewhere their meaning."""
    status, conn = answer.status_code, f"connection {answer.conn_id!r}"
    if status == 401:
        return BadCredentials(
            f"{conn}: Shopify refused the access token (HTTP 401); put a valid Admin API token "
            "into its password, or client_id and client_secret into its extra"
        )
    if status == 404:
        return BadRequest(f"{conn}: its host is not the shop of this app (HTTP 404)")
    if status in (402, 423):
        return BadRequest(
            f"{conn}: the shop is frozen or locked (HTTP {status}); its owner must settle that"
        )
    if status == 430:
        return RateLimited(
            f"{conn}: Shopify holds the requests for suspicious (HTTP 430)",
            retry_after=_SECURITY_WAIT_SECONDS,
        )
    return None


def _classify_errors(conn_id: str, document: Mapping[str, Any]) -> Exception:
    errors, conn = document["errors"], f"connection {conn_id!r}"
    if not isinstance(errors, list):  # what stands before GraphQL speaks plain sentences
        return BadRequest(f"{conn}: {errors}")
    found = [_mapping(error) for error in errors]
    codes = {str(_mapping(error.get("extensions")).get("code")) for error in found}
    text = f"{conn}: {'; '.join(_describe(error) for error in found[:3])}"
    if "THROTTLED" in codes:
        cost = read_cost(document)
        wait = cost.seconds_until(cost.requested) if cost else None
        return RateLimited(f"{conn}: the bucket of query points is empty", retry_after=wait)
    if "MAX_COST_EXCEEDED" in codes:
        return QueryTooExpensive(text)
    if "ACCESS_DENIED" in codes:
        return MissingScope(text)
    if codes & {"INTERNAL_SERVER_ERROR", "TIMEOUT"}:
        return Unavailable(text)
    return BadRequest(text)


def _describe(error: Mapping[str, Any]) -> str:
    path = ".".join(str(part) for part in error.get("path") or ())
    access = _mapping(error.get("extensions")).get("requiredAccess")
    parts = [str(error.get("message", "no message"))]
    parts += [f"(at {path})"] if path else []
    parts += [f"(required: {access})"] if access else []
    return " ".join(parts)


def _classify_search_warnings(document: Mapping[str, Any]) -> BadRequest | None:
    """Refuse an answer whose search was not understood: it holds every order, not those asked."""
    search = _mapping(document.get("extensions")).get("search") or []
    warnings = [w for part in search for w in _mapping(part).get("warnings") or ()]
    if not warnings:
        return None
    text = "; ".join(f"{w.get('field')}: {w.get('message')}" for w in map(_mapping, warnings[:3]))
    return BadRequest(f"Shopify ignored a part of the search: {text}")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
