"""What an error answer of YouTube's APIs means, by its `reason`; the text holds HTML and changes.

Facts relied on: youtube.v3 revision 20261104, youtubeAnalytics.v2 revision 20240707. Older bodies
name the reason in `errors[]`, newer ones also in `details[]` (`google.rpc.ErrorInfo`).
"""

from __future__ import annotations

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
from include.http.answer import ACCEPT, Accept
from include.sources.youtube.quota import seconds_to_midnight

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer

# Refusals that concern one object, with the reason its row carries.
OBJECT_REASONS = {
    "commentsDisabled": "comments_disabled",
    "videoNotFound": "video_not_found",
    "playlistNotFound": "playlist_not_found",
    "playlistItemsNotAccessible": "playlist_not_accessible",
    "commentNotFound": "comment_not_found",
    "commentThreadNotFound": "comment_not_found",
}
# A plain `forbidden` concerns one object when it comes from one of these parts of the API.
OBJECT_DOMAINS = {
    "youtube.commentThread": "comments_forbidden",
    "youtube.comment": "comments_forbidden",
}
DAY_SPENT = frozenset({"quotaExceeded", "dailyLimitExceeded"})
TOO_FAST = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
# `processingFailure` is a 400 that goes away by itself as often as not.
FAILED = frozenset({"backendError", "internalError", "processingFailure", "SERVICE_UNAVAILABLE"})
KEY_REFUSED = frozenset({"keyInvalid", "keyExpired", "API_KEY_INVALID", "API_KEY_EXPIRED"})
NOT_ENABLED = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})
# Answers without paging: `totalResults` is the number of items in this very answer.
WHOLE_ANSWERS = frozenset({"youtube#videoListResponse"})


class TokenRefused(BadCredentials):
    """The access token is not valid any more; a new one may be."""


class PageTokenRefused(BadRequest):
    """The list changed while it was paged, so its page token is void."""


class DaySpent(RateLimited):
    """The project has no quota left until midnight Pacific."""


def object_reason(document: Any) -> str | None:
    """Return why one object has no data, when the answer says so of it alone; else None."""
    for entry in _entries(document):
        if entry.get("reason") in OBJECT_REASONS:
            return OBJECT_REASONS[entry["reason"]]
        if entry.get("reason") == "forbidden" and entry.get("domain") in OBJECT_DOMAINS:
            return OBJECT_DOMAINS[entry["domain"]]
    return None


def read_error(document: Any) -> Mapping[str, Any]:
    """Return the error object of an answer; empty for a success or a body of another form."""
    error = document.get("error") if isinstance(document, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def read_reasons(document: Any) -> list[str]:
    """Return the reasons an error answer names, those of `details` first: they say more."""
    return [str(entry["reason"]) for entry in _entries(document) if "reason" in entry]


def classify(answer: HttpAnswer) -> GroundswellError | Accept | None:
    """Say what an answer means; None where its status says all.

    A refusal that concerns one object is accepted: it becomes that object's row. An answer that
    holds fewer items than it announces was cut and is asked for again.
    """
    document = answer.document
    if answer.status_code < 400:
        return _check_whole(answer, document)
    if isinstance(document, Mapping) and isinstance(document.get("error"), str):
        return _token_refusal(answer.conn_id, document)
    error, reasons = read_error(document), set(read_reasons(document))
    if not error:
        return None
    message = (
        f"connection {answer.conn_id!r}: {error.get('message')} ({', '.join(sorted(reasons))})"
    )
    if object_reason(document) is not None:
        return ACCEPT
    if reasons & DAY_SPENT or _is_daily(error):
        return DaySpent(message, retry_after=seconds_to_midnight(answer.captured_at))
    if reasons & TOO_FAST or answer.status_code == 429:
        return RateLimited(message)
    if reasons & FAILED:
        return Unavailable(message)
    return _permanent(answer.status_code, reasons, message)


def _entries(document: Any) -> list[Mapping[str, Any]]:
    error = read_error(document)
    entries = [*(error.get("details") or []), *(error.get("errors") or [])]
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _permanent(status: int, reasons: set[str], message: str) -> GroundswellError | None:
    if reasons & KEY_REFUSED:
        return BadCredentials(f"{message}: the API key is refused")
    if status == 401:
        return TokenRefused(f"{message}: the access token is refused")
    if reasons & NOT_ENABLED:
        return MissingScope(f"{message}: enable the API in the credentials' Google Cloud project")
    if status == 403:
        return MissingScope(message)
    if "invalidPageToken" in reasons:
        return PageTokenRefused(message)
    return BadRequest(message) if status < 500 else None


def _is_daily(error: Mapping[str, Any]) -> bool:
    """Say whether a limit of the newer form (429 with metadata) is one per day."""
    entries = _entries({"error": error})
    limits = [str((entry.get("metadata") or {}).get("quota_limit", "")) for entry in entries]
    return any("perday" in limit.lower() for limit in limits)


def _token_refusal(conn_id: str, document: Mapping[str, Any]) -> GroundswellError:
    """Read OAuth's own form of an error, which the token address sends."""
    word = str(document["error"])
    if word in ("temporarily_unavailable", "internal_failure"):
        return Unavailable(f"connection {conn_id!r}: the token address failed ({word})")
    return BadCredentials(
        f"connection {conn_id!r}: Google refuses the refresh token or the client ({word}); "
        "connect the channel again and put the new refresh token into extra.refresh_token"
    )


def _check_whole(answer: HttpAnswer, document: Any) -> Truncated | None:
    if not isinstance(document, Mapping):
        return None
    kind = str(document.get("kind", ""))
    if kind == "youtubeAnalytics#resultTable" and "columnHeaders" not in document:
        return Truncated(f"connection {answer.conn_id!r}: a report came without columnHeaders")
    total = (document.get("pageInfo") or {}).get("totalResults") or 0
    items = document.get("items") or []
    # The same item twice is one: the other id that was asked for is lost, not gone.
    came = len({str(item.get("id")) for item in items})
    # An unknown id is answered without `items`, but then nothing is announced either.
    is_short = came < total if kind in WHOLE_ANSWERS else "items" not in document and total > 0
    if not is_short:
        return None
    return Truncated(
        f"connection {answer.conn_id!r}: a {kind} announces {total} items and holds {came}"
    )
