"""Read the Business API's envelope: HTTP 200 for almost everything, the outcome in `code`.

    {"code": 0, "message": "OK", "request_id": "…", "data": {…}}

Codes come as number and as text, so they are compared as text. The meanings are those of the
vendor's own SDK; a throttled call names no time to wait.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from include.errors import (
    BadCredentials,
    BadRequest,
    GroundswellError,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import ACCEPT, Accept, read_retry_after

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer

OK, PARTIAL = "0", "20001"
# 61000 is the same refusal from the layer above.
THROTTLED = frozenset({"40100", "40132", "40133", "61000"})
# A new access token may help: the old one lived for 24 hours.
TOKEN_REFUSED = {
    "40102": "the access token has expired",
    "40105": "the access token is wrong or was revoked",
}
LOGIN_REFUSED = {
    "40101": "the partner is not accepted",
    "40103": "the refresh token has expired; the account must log in again",
    "40104": "the access token is empty",
    "40106": "the user behind the token does not exist",
    "40107": "the refresh token is wrong; the account must log in again",
    "40108": "the grant type is wrong",
    "40110": "the authorization code is wrong",
    "40113": "the app is blocked",
    "40114": "the user has logged out",
    "40119": "the token belongs to somebody else",
    "40309": "the user must log in",
}
NOT_PERMITTED = frozenset({"40001", "40003", "40117", "40118", "40124", "40125", "40130", "40131"})
PARAMETER_REFUSED = frozenset({"40000", "40002", "41002"})
# Refusals that concern one creator, with the reason its row carries.
CREATOR_REFUSED = {
    "40007": "not_found",
    "40121": "not_on_marketplace",
    "40122": "country_not_supported",
}
# 50000 to 53xxx are the vendor's own failures, 60001 is maintenance.
FAILED = range(50_000, 61_000)
# What pages of lists hold: the list (may be empty or null) and where in it they stand.
LISTS = ("videos", "comments", "campaigns", "posts")
POSITIONS = ("has_more", "cursor", "page_info")
_QUOTED = re.compile(r"['\"`]([a-z][a-z0-9_]*)['\"`]")


class TokenRefused(BadCredentials):
    """The access token is refused; a renewed one may be accepted."""


class ParameterRefused(BadRequest):
    """The API refuses a parameter; `fields` are the names its message quotes."""

    def __init__(self, message: str, fields: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.fields = fields


def read_code(document: Any) -> str:
    """Return the envelope's code as text; "" where the answer has no envelope."""
    return str(document.get("code", "")) if isinstance(document, Mapping) else ""


def read_data(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what the envelope holds; empty where it holds nothing."""
    return document.get("data") or {}


def is_partial(document: Mapping[str, Any]) -> bool:
    """Say whether the API calls its answer a partial success."""
    return read_code(document) == PARTIAL


def refusal_reason(document: Any) -> str | None:
    """Return why one creator has no data when the answer says so of it alone, else None."""
    return CREATOR_REFUSED.get(read_code(document))


def classify(answer: HttpAnswer) -> GroundswellError | Accept | None:
    """Say what an answer means, by its code; refusals of one creator are accepted, as rows."""
    document = answer.document
    code = read_code(document)
    if code == "":
        # A success without an envelope comes from something in between, not from the API.
        is_foreign = answer.status_code < 300 and document is not None
        return Truncated(_say(answer, "the answer has no envelope")) if is_foreign else None
    if code in (OK, PARTIAL):
        if "data" not in document:
            return Truncated(_say(answer, f"the answer holds no data (code {code})"))
        if _lacks_list(document):
            return Truncated(_say(answer, f"the page holds no list (code {code})"))
        return ACCEPT if answer.status_code < 300 else None
    if code in CREATOR_REFUSED:
        return ACCEPT
    return _error_of(code, answer)


def _lacks_list(document: Mapping[str, Any]) -> bool:
    """Say whether a page tells its place in a list and has none: read as empty it loses rows."""
    data = read_data(document)
    return any(name in data for name in POSITIONS) and not any(name in data for name in LISTS)


def _error_of(code: str, answer: HttpAnswer) -> GroundswellError:
    document = answer.document
    vendor = str(document.get("message") or "no message")
    said = _say(answer, f"{vendor} (code {code}, request {document.get('request_id')})")
    if code in THROTTLED:
        return RateLimited(said, retry_after=read_retry_after(answer))
    if code in TOKEN_REFUSED:
        return TokenRefused(f"{said}: {TOKEN_REFUSED[code]}")
    if code in LOGIN_REFUSED:
        return BadCredentials(f"{said}: {LOGIN_REFUSED[code]}")
    if code in NOT_PERMITTED:
        return MissingScope(said)
    if code in PARAMETER_REFUSED:
        return ParameterRefused(said, tuple(_QUOTED.findall(vendor)))
    if code.isdecimal() and int(code) in FAILED:
        return Unavailable(said)
    return BadRequest(said)


def _say(answer: HttpAnswer, text: str) -> str:
    return f"connection {answer.conn_id!r}: {text}"
