"""Talk to the Graph API: token, cursors, pacing, and its error codes as our error tree.

Facts relied on: Graph API v26.0. Throttling answers 400 or 403 with an error code, not 429, and
names no Retry-After; usage comes in percent in two headers that may both be absent.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
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
from include.sources._base import FetchContext, Page
from include.sources.instagram.token import DEFAULT_VERSION, renewal, uses_instagram_login

if TYPE_CHECKING:
    from include.http.answer import HttpAnswer

# Above this share of an allowance requests are spread out; at 100 % the API refuses them.
PACE_FROM_PERCENT = 80
PACE_SECONDS_PER_PERCENT = 3.0
# Blocks (codes 341, 368) name no end; a quarter of an hour is short against how long they last.
BLOCKED_SECONDS = 900.0
SMALLEST_PAGE = 5
# What a path ends in that is answered with a list under `data`, an empty one where there is none.
LISTS = frozenset(
    {
        "accounts",
        "comments",
        "insights",
        "media",
        "partnership-ads-advertisable-content",
        "replies",
        "stories",
        "tags",
    }
)

THROTTLED = frozenset({4, 17, 32, 613, 80001, 80002, 80008})
BLOCKED = frozenset({341, 368})
FAILED = frozenset({1, 2})
PERMISSIONS = range(200, 300)
# 3: the app lacks the capability; 10: permission denied (or too few viewers, see below).
NOT_PERMITTED = frozenset({3, 10})
TOKEN_REFUSED = frozenset({102, 190})
# What the subcodes of 190 mean, for the message.
TOKEN_REASONS = {
    458: "the app was removed",
    459: "the user must pass a checkpoint",
    460: "the password was changed",
    463: "it has expired",
    464: "the user is not confirmed",
    467: "it is no longer valid",
    492: "the user lost the role on the Page",
}
# Refusals that concern one object, with the reason its row carries.
NOT_ENOUGH_VIEWERS = "not_enough_viewers"
BEFORE_BUSINESS_ACCOUNT = "before_business_account"
NOT_VISIBLE = "not_visible"
NOT_DISCOVERABLE = "not_discoverable"
METRIC_REFUSED = "metrics_refused"
NO_DATA = "no_data"
_log = logging.getLogger(__name__)


class TooMuchData(BadRequest):
    """The answer would be too large; a smaller page can succeed."""


def refusal_reason(document: Any) -> str | None:
    """Return why one object has no data when the answer says so of it alone; else None.

    Code 110 with subcode 2207013 is what production users report for a name without a professional
    account; other subcodes of 110 are taken alike. Meta does not tell personal from unknown names.
    Code 24 with subcode 2207006 says that an object is not there.
    """
    error = read_error(document)
    code, subcode = error.get("code"), error.get("error_subcode")
    if code == 10 and "not enough viewers" in str(error.get("message", "")).lower():
        return NOT_ENOUGH_VIEWERS
    if subcode == 2108006:
        return BEFORE_BUSINESS_ACCOUNT
    if code == 110 or subcode == 2207013:
        return NOT_DISCOVERABLE
    if code == 24 or subcode == 2207006:
        return NOT_VISIBLE
    if code == 100:
        return NOT_VISIBLE if subcode == 33 else METRIC_REFUSED
    return None


def read_error(document: Any) -> Mapping[str, Any]:
    """Return the error object of an answer; empty for a success or a body of another form."""
    error = document.get("error") if isinstance(document, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def classify(answer: HttpAnswer) -> GroundswellError | Accept | None:
    """Say what an answer of the Graph API means, by its error code.

    A refusal that concerns one object is accepted: it becomes that object's row.
    """
    error = read_error(answer.document)
    if not error:
        return None
    code = error.get("code")
    message = f"connection {answer.conn_id!r}: {error.get('message')}"
    if refusal_reason(answer.document) is not None:
        return ACCEPT
    if code in THROTTLED or answer.status_code == 429:
        return RateLimited(message, retry_after=read_usage(answer.headers)[1])
    if code in BLOCKED:
        return RateLimited(message, retry_after=BLOCKED_SECONDS)
    if code in TOKEN_REFUSED:
        reason = TOKEN_REASONS.get(error.get("error_subcode", 0), "the token was refused")
        return BadCredentials(f"{message} ({reason})")
    if code in NOT_PERMITTED or code in PERMISSIONS:
        return MissingScope(message)
    if code == 1 and "reduce the amount of data" in message:
        return TooMuchData(message)
    if code in FAILED or answer.status_code >= 500 or error.get("is_transient"):
        return Unavailable(message)
    return BadRequest(message)


def read_usage(headers: Mapping[str, str]) -> tuple[int, float | None]:
    """Return the highest used share of any allowance in percent, and the seconds to wait if named.

    X-Business-Use-Case-Usage names the wait in minutes, one entry per account and kind of call.
    """
    lowered = {name.lower(): value for name, value in headers.items()}
    used, wait_minutes = 0, 0
    app = _read_json(lowered.get("x-app-usage"))
    business = _read_json(lowered.get("x-business-use-case-usage"))
    entries = [app, *(entry for group in business.values() for entry in group)]
    for entry in entries:
        shares = [entry.get(key, 0) for key in ("call_count", "total_time", "total_cputime")]
        used = max(used, *(int(share) for share in shares))
        wait_minutes = max(wait_minutes, int(entry.get("estimated_time_to_regain_access", 0)))
    return used, wait_minutes * 60.0 or None


class Graph:
    """The Graph API as one connection sees it. Tokens travel in a header, never in an address."""

    def __init__(self, ctx: FetchContext) -> None:
        self.conn_id = ctx.connection.conn_id
        self.is_instagram_login = uses_instagram_login(ctx.connection)
        self._session = ctx.session
        self._version = str(ctx.connection.extra.get("api_version") or DEFAULT_VERSION)
        self._served = self._version
        self._usage: tuple[int, float | None] = (0, None)
        self._is_list = False
        self._session.classify = self._classify
        if not ctx.connection.password:
            raise BadCredentials(
                f"connection {self.conn_id!r}: the password is empty; it must hold the access token"
            )
        # Without a keeper, or where nobody asked for renewal, the token is the connection's own.
        self._keeper = ctx.token if ctx.connection.extra.get("renew_token") else None
        self._refresh = renewal(ctx.session, ctx.connection)
        self._token = self._keeper(self._refresh) if self._keeper else ctx.connection.password
        self._session.headers["Authorization"] = f"Bearer {self._token}"

    def ask(self, path: str, params: Mapping[str, Any]) -> Page:
        """Get one object or page; raises the error tree, also for refusals of one object."""
        page = self.ask_object(path, params)
        if page.status >= 400:
            error = read_error(page.document)
            raise BadRequest(f"connection {self.conn_id!r}: {path}: {error.get('message')}")
        return page

    def ask_object(self, path: str, params: Mapping[str, Any]) -> Page:
        """Get one object; a refusal of this object alone is returned, to be read and recorded."""
        self._pace()
        try:
            page = self._get(path, params)
        except BadCredentials:
            if not self._has_newer_token():
                raise
            page = self._get(path, params)
        self._usage = read_usage(page.headers)
        return page

    def _get(self, path: str, params: Mapping[str, Any]) -> Page:
        # Only this request: the one that renews a token has an answer of its own form.
        self._is_list = path.rpartition("/")[2] in LISTS
        try:
            page = self._session.request("GET", f"/{self._version}/{path}", params=dict(params))
        finally:
            self._is_list = False
        self._note_version(page.headers)
        return page

    def _note_version(self, headers: Mapping[str, str]) -> None:
        """Warn once when another version answered: one that has ended does not refuse, it moves."""
        lowered = {name.lower(): value for name, value in headers.items()}
        served = lowered.get("facebook-api-version") or self._served
        if served != self._served:
            self._served = served
            _log.warning(
                "connection %r: %s was asked for and %s answered; correct extra.api_version",
                self.conn_id,
                self._version,
                served,
            )

    def _classify(self, answer: HttpAnswer) -> GroundswellError | Accept | None:
        """Judge an answer; a list without its `data` is cut, not empty, and is asked for again."""
        verdict = classify(answer)
        if verdict is not None or not self._is_list or answer.status_code >= 300:
            return verdict
        document = answer.document
        # What does not decode at all says so itself.
        if document is None or (isinstance(document, Mapping) and "data" in document):
            return None
        return Truncated(f"connection {self.conn_id!r}: a list came without its key 'data'")

    def _has_newer_token(self) -> bool:
        """Take another token than the one refused, where the keeper has or gets one."""
        if self._keeper is None:
            return False
        # The refused one must not travel with the request for another.
        del self._session.headers["Authorization"]
        refused, self._token = self._token, self._keeper(self._refresh, self._token)
        self._session.headers["Authorization"] = f"Bearer {self._token}"
        return self._token != refused

    def pages(
        self,
        path: str,
        params: Mapping[str, Any],
        *,
        limit: int,
        ends_without_cursor: bool = False,
        after: str | None = None,
    ) -> Iterator[Page]:
        """Get every page of an edge by its cursors; links in `paging.next` are never followed.

        An edge ends where `paging.next` is missing, even if a cursor is still given. An edge that
        gives no links at all ends where the cursor is missing (`ends_without_cursor`). `after` is a
        cursor to begin behind.
        """
        while True:
            page, limit = self._ask_smaller(path, {**params, **_cursor(after)}, limit)
            yield page
            paging = page.document.get("paging") or {}
            following = (paging.get("cursors") or {}).get("after")
            if not following or not (ends_without_cursor or paging.get("next")):
                return
            if following == after:
                raise Truncated(f"connection {self.conn_id!r}: {path} repeats its page cursor")
            after = following

    def _ask_smaller(self, path: str, params: dict[str, Any], limit: int) -> tuple[Page, int]:
        """Ask a page, halving it as long as the API finds the answer too large (code 1)."""
        while True:
            try:
                return self.ask(path, {**params, "limit": limit}), limit
            except TooMuchData:
                if limit <= SMALLEST_PAGE:
                    raise
                limit = max(SMALLEST_PAGE, limit // 2)

    def _pace(self) -> None:
        """Wait before the next request when the last answer said that an allowance runs out."""
        used, wait = self._usage
        # Minutes are only named while the API throttles, whichever of its measures is used up.
        if wait:
            raise RateLimited(
                f"connection {self.conn_id!r}: the allowance is used up ({used} %)",
                retry_after=wait,
            )
        if used >= PACE_FROM_PERCENT:
            self._session.sleep((used - PACE_FROM_PERCENT + 1) * PACE_SECONDS_PER_PERCENT)


def _cursor(after: str | None) -> dict[str, str]:
    return {"after": after} if after else {}


def _read_json(text: str | None) -> dict[str, Any]:
    """Read a usage header; one that is no JSON object tells nothing and must not stop a run."""
    try:
        value = json.loads(text or "{}")
    except json.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}
