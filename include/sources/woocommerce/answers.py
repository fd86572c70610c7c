"""What an answer of a WooCommerce shop means: its errors on the error tree.

Between us and the shop stand a host, a cache, a firewall and plugins; each answers in its place
with a web page, also with HTTP 200. Only JSON counts as the shop's own word.
"""

from __future__ import annotations

from include.errors import (
    BadCredentials,
    BadRequest,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
)
from include.http.answer import HttpAnswer, read_retry_after
from include.sources.woocommerce.body import is_web_page, read_title

# The server gave up while the shop was still collecting the page; 524 is Cloudflare's.
TOO_SLOW = frozenset({502, 504, 524})


class RouteMissing(BadRequest):
    """The shop knows no such route: its WooCommerce is older, or the feature is switched off."""


class PageTooLarge(BadRequest):
    """The shop needs longer for so many rows than its server allows; fewer may pass."""


def classify_answer(answer: HttpAnswer) -> Exception | None:
    """Return the error an answer stands for; None leaves it to the usual meaning of its status."""
    document = answer.document
    if 200 <= answer.status_code < 300:
        if document is None and is_web_page(answer.content):
            return Unavailable(f"{_conn(answer)}: {_page(answer)} came in place of JSON")
        if isinstance(document, dict) and "totals" in document and "intervals" not in document:
            return Truncated(f"{_conn(answer)}: the report came without its days (intervals)")
        return None
    if isinstance(document, dict) and isinstance(document.get("code"), str):
        return _classify_code(answer, document["code"], str(document.get("message", "")))
    return _classify_page(answer)


def _classify_code(answer: HttpAnswer, code: str, message: str) -> Exception | None:
    text = f"{_conn(answer)}: {message} ({code}, HTTP {answer.status_code})"
    if answer.status_code == 401 and code == "woocommerce_rest_cannot_view":
        return BadCredentials(
            f"{text}. The key did not reach WooCommerce: its login and password must be a consumer "
            "key and secret, and the web server must pass the Authorization header on to PHP"
        )
    if answer.status_code == 401:
        return BadCredentials(
            f"{text}. Put a consumer key with read permission and its secret into the connection's "
            "login and password"
        )
    if answer.status_code == 403:
        return MissingScope(text)
    if answer.status_code == 404 and code == "rest_no_route":
        return RouteMissing(text)
    if answer.status_code == 429:
        return RateLimited(text, retry_after=read_retry_after(answer))
    return Unavailable(text) if answer.status_code >= 500 else BadRequest(text)


def _classify_page(answer: HttpAnswer) -> Exception | None:
    """Judge an error that is not WooCommerce's own."""
    status = answer.status_code
    text = f"{_conn(answer)}: {_page(answer)} came (HTTP {status})"
    if status == 401:
        return BadCredentials(f"{text}: the web server wants a login of its own before the shop's")
    if status == 403:
        # Firewalls lift most blocks by themselves; a lasting one fails the task all the same.
        return Unavailable(f"{text}: a firewall blocks us; allow this machine's address there")
    if status == 404:
        return BadRequest(
            f"{text}: there is no REST API at this address; correct the connection's host or the "
            "rest_path in its extra, and switch on pretty permalinks"
        )
    if status == 429:
        return RateLimited(text, retry_after=read_retry_after(answer))
    if status in (408, 425) or status >= 500:
        return Unavailable(text)
    return None


def _conn(answer: HttpAnswer) -> str:
    return f"connection {answer.conn_id!r}"


def _page(answer: HttpAnswer) -> str:
    title = read_title(answer.content)
    return f"a web page ({title!r})" if title else "a web page without a title"
