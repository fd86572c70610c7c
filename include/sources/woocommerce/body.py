"""Read the JSON of an answer that the shop's server has written something around.

WooCommerce runs inside other people's PHP. With errors displayed, a notice stands before the JSON,
or after it when it comes from the shutdown; a plugin file saved with a byte order mark puts that
mark in front. The landed page keeps all of it. `decode_answer` is the streams' `decode`, so that
session and replay find the same document in it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from include.errors import Truncated
from include.http.decode import decode_json

# Messages of a broken theme fill a screen, not a page; behind that the answer is something else.
LONGEST_PREFIX = 64 * 1024
# PHP ends a message with a line break, plugins with a tag; then the JSON begins. What begins like
# an array of print_r ("[0] => …") is none: an answer of the API opens with an object or is empty.
_START = re.compile(r"(?:\A|[\n>\ufeff])\s*(?=\[\s*[\]{]|\{\s*[\"}])")
_MESSAGE = re.compile(
    r"<(?!/)|(?:PHP )?(?:Notice|Warning|Deprecated|Strict Standards|Fatal error|Parse error)\b"
)
_WEB_PAGE = re.compile(r"<(?:!doctype|html|head|body|script)\b", re.IGNORECASE)
_TITLE = re.compile(rb"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_scan = json.JSONDecoder(strict=False).raw_decode


def decode_answer(body: bytes) -> Any:
    """Decode a body, PHP messages around its JSON left out; raise `Truncated` when it holds none.

    A web page is never searched for JSON: themes embed some that is not the answer.
    """
    try:
        return decode_json(body)
    except Truncated:
        found = _find_document(body.decode("utf-8", errors="replace"))
        if found is None:
            raise
        return decode_json(found.encode("utf-8", errors="replace"))


def is_web_page(body: bytes) -> bool:
    """Say whether a body is a page for people: a host's error, maintenance, a bot check."""
    return _WEB_PAGE.search(body[:LONGEST_PREFIX].decode("utf-8", errors="replace")) is not None


def read_title(body: bytes) -> str:
    """Return the title of a web page, "" where it has none."""
    found = _TITLE.search(body[:LONGEST_PREFIX])
    return " ".join(found.group(1).decode("utf-8", "replace").split())[:80] if found else ""


def _find_document(text: str) -> str | None:
    """Return the JSON text, None where there is none or it is cut short."""
    for found in _START.finditer(text, 0, LONGEST_PREFIX):
        start = found.end()
        try:
            _, end = _scan(text, start)
        except (json.JSONDecodeError, RecursionError):
            # The answer itself, cut short: nothing behind it can be the answer.
            return None
        rest = text[end:].lstrip("\ufeff \t\r\n")
        if rest and not _MESSAGE.match(rest):
            continue
        return None if _WEB_PAGE.search(text[:start] + rest) else text[start:end]
    return None
