"""Bad days of a WooCommerce shop; see `include.sandbox.faults`."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault

_REPORT = "/reports/revenue/stats"
_LISTS = ("/orders", "/refunds", "/customers", "/coupons")
_NOTICE = (
    b"<br />\n<b>Deprecated</b>:  Creation of dynamic property Glow\\Slider::$0 is deprecated in "
    b"<b>/srv/www/wp-content/plugins/glow-slider/glow.php</b> on line <b>31</b><br />\n"
)
_BUSY = (
    b"<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    b"<body><h1>Too many requests</h1></body></html>"
)
# More than the rows that a page is asked to begin earlier.
_SHIFT = 5


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """The host, not WooCommerce, limits the rate: 429 with a web page, at times a Retry-After."""
    wait = {"retry-after": "2"} if call.pick(2) else {}
    return Answer(429, {"content-type": "text/html; charset=utf-8", **wait}, _BUSY)


async def php_notice(call: Call, ask: Ask) -> Answer | None:
    """A PHP message stands before the JSON, or after it, and may cost the headers."""
    answer = await ask(call)
    if call.pick(3) == 0:
        return replace(answer, body=answer.body + b"\n" + _NOTICE)
    headers = answer.headers
    if call.pick(3) == 1:  # what is sent before the headers leaves none of the shop's own
        headers = {k: v for k, v in headers.items() if not k.startswith("x-wp-")}
        headers = {**headers, "content-type": "text/html; charset=utf-8"}
    return replace(answer, headers=headers, body=_NOTICE + answer.body)


async def page_shift(call: Call, ask: Ask) -> Answer | None:
    """Rows of earlier pages have left the list: a page begins five rows too late."""
    offset = int(call.query.get("offset", 0))
    if not offset:
        return None
    return await ask(call.with_query(offset=str(offset + _SHIFT)))


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page holds a third of the rows asked for: the others could not be built."""
    return await _with_rows(call, ask, lambda rows: rows[: -(-len(rows) // 3)])


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """The report has no `intervals`; other lists have no key that could be absent."""
    if not call.path.endswith(_REPORT):
        return None
    answer = await ask(call)
    document = answer.json()
    if not isinstance(document, dict) or document.pop("intervals", None) is None:
        return None
    return replace(answer, body=json.dumps(document).encode())


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A row entered an earlier page: a page begins one row too early."""
    offset = int(call.query.get("offset", 0))
    if not offset:
        return None
    return await ask(call.with_query(offset=str(offset - 1)))


async def lost_page(call: Call, ask: Ask) -> Answer | None:
    """Every second row is missing; X-WP-Total counts them."""
    return await _with_rows(call, ask, lambda rows: rows[::2])


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Rows hold a field of a new plugin."""
    return await _with_rows(call, ask, lambda rows: [{**row, "gift_wrap": "gold"} for row in rows])


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """Orders have no status, refunds no amount."""

    def without(rows: list[Any]) -> list[Any]:
        gone = ("status", "amount")
        return [{k: v for k, v in row.items() if k not in gone} for row in rows]

    return await _with_rows(call, ask, without)


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """A plugin for several currencies formats the amounts."""

    def formatted(rows: list[Any]) -> list[Any]:
        names = ("total", "amount")
        return [{k: f"$ {v}" if k in names else v for k, v in row.items()} for row in rows]

    return await _with_rows(call, ask, formatted)


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "php_notice": php_notice,
    "page_shift": page_shift,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "lost_page": lost_page,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


async def _with_rows(
    call: Call, ask: Ask, change: Callable[[list[Any]], list[Any]]
) -> Answer | None:
    """Return the answer of a list with changed rows; None where there are none to change."""
    if not call.path.endswith(_LISTS):
        return None
    answer = await ask(call)
    rows = answer.json()
    if not isinstance(rows, list) or (changed := change(rows)) == rows:
        return None
    return replace(answer, body=json.dumps(changed).encode())
