"""What an API answered, and which error of the tree that is.

A connector's `classify` looks at every answer first, because some APIs put errors into HTTP 200 or
give statuses a meaning of their own. It returns the error to raise, `ACCEPT` to use the answer
whatever its status (a refusal that concerns one object and becomes a row), or None for the usual
meaning.
"""

from __future__ import annotations

import datetime as dt
import email.utils
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.decode import Decode, decode_json

_UNREAD = object()


class Accept:
    """Type of `ACCEPT`: the answer is to be used although its status says error."""


ACCEPT = Accept()


@dataclass(slots=True)
class HttpAnswer:
    """One answer, already redacted. `headers` ignores case; `captured_at` is the API's own time.

    `decode` reads the body: JSON, or what the stream says (`Stream.decode`).
    """

    conn_id: str
    status_code: int
    content: bytes
    headers: Mapping[str, str]
    captured_at: dt.datetime
    captured_at_source: str
    decode: Decode = decode_json
    _document: Any = field(default=_UNREAD, repr=False)

    @property
    def document(self) -> Any:
        """The decoded body, None where it does not decode."""
        try:
            return self.json()
        except Truncated:
            return None

    def json(self) -> Any:
        """Return the decoded body; raise `Truncated` where it does not decode."""
        if self._document is _UNREAD:
            self._document = self.decode(self.content)
        return self._document


Classify = Callable[[HttpAnswer], "Exception | Accept | None"]


def classify_status(answer: HttpAnswer) -> Exception | None:
    """Give an answer the usual meaning of its status; None for success."""
    status = answer.status_code
    if status < 300:
        return None
    beginning = answer.content[:300].decode("utf-8", errors="replace")
    message = f"connection {answer.conn_id!r}: the API answered HTTP {status}: {beginning}"
    if status == 401:
        return BadCredentials(
            f"connection {answer.conn_id!r}: the API refuses the login (HTTP 401): {beginning}"
        )
    if status == 403:
        return MissingScope(message)
    if status == 429:
        return RateLimited(message, retry_after=read_retry_after(answer))
    if status in (408, 425) or status >= 500:
        return Unavailable(message)
    return BadRequest(message)


def read_retry_after(answer: HttpAnswer) -> float | None:
    """Return the seconds of `Retry-After` (a number or an HTTP date), None when it names none."""
    text = answer.headers.get("Retry-After", "").strip()
    try:
        return max(0.0, float(text))
    except ValueError:
        until = read_date(text)
    return None if until is None else max(0.0, (until - answer.captured_at).total_seconds())


def read_date(text: str | None) -> dt.datetime | None:
    """Read an HTTP date as UTC, None when it is none."""
    if not text:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
