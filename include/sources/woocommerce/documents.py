"""From a landed answer to documents: one dict per row, and the rows inside an order or refund.

What PHP makes of things is undone here and nowhere else: an empty object is `[]`, a list with gaps
an object, no amount `""`, a GMT time has no offset, a meta value is of any type.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator
from typing import Any

from include.sources._base import Document, Page
from include.sources.woocommerce.fields import ATTRIBUTION, ATTRIBUTION_PREFIX

_GMT_TIMES = (
    "date_created_gmt",
    "date_modified_gmt",
    "date_paid_gmt",
    "date_completed_gmt",
    "date_expires_gmt",
)
_OBJECTS = ("billing",)
_REFUNDED_LINES = (
    ("line_items", "product"),
    ("shipping_lines", "shipping"),
    ("fee_lines", "fee"),
)


def parse_orders(document: Any, page: Page) -> Iterator[Document]:
    """Yield the orders of a page that no page before it held, with `attribution` of their meta."""
    for order in _new_items(document, page):
        yield {**_repaired(order), "attribution": _attribution(order)}


def parse_refunds(document: Any, page: Page) -> Iterator[Document]:
    """Yield the refunds of a page; one asked for by its order does not name it."""
    known = {k: page.context[k] for k in ("parent_id",) if k in page.context}
    for refund in _new_items(document, page):
        yield {**_repaired(refund), **known}


def parse_items(document: Any, page: Page) -> Iterator[Document]:
    """Yield the customers or coupons of a page."""
    for item in _new_items(document, page):
        yield _repaired(item)


def parse_daily_sales(document: Any, page: Page) -> Iterator[Document]:
    """Yield one document per day of the revenue report."""
    for interval in document["intervals"]:
        yield {**interval, "day": interval["date_start"][:10]}


def parse_site(document: Any, page: Page) -> Iterator[Document]:
    """Yield the site; its currency came in another answer."""
    yield {**_blanks_out(document), **page.context}


def order_lines(order: Document) -> Iterator[Document]:
    """Yield the product lines."""
    return _lines(order, "line_items")


def order_coupon_lines(order: Document) -> Iterator[Document]:
    """Yield the coupons used."""
    return _lines(order, "coupon_lines")


def order_fee_lines(order: Document) -> Iterator[Document]:
    """Yield the fees."""
    return _lines(order, "fee_lines")


def order_shipping_lines(order: Document) -> Iterator[Document]:
    """Yield the shipments."""
    return _lines(order, "shipping_lines")


def order_refunds(order: Document) -> Iterator[Document]:
    """Yield the refunds the order names."""
    return _lines(order, "refunds")


def refund_lines(refund: Document) -> Iterator[Document]:
    """Yield the refunded lines of all kinds; `refunded_line_id` is the line of the order."""
    for key, line_type in _REFUNDED_LINES:
        for line in _lines(refund, key):
            meta = {entry["key"]: entry["value"] for entry in items_of(line.get("meta_data"))}
            refunded = meta.get("_refunded_item_id")
            yield {**line, "line_type": line_type, "refunded_line_id": refunded or None}


def items_of(value: Any) -> list[Any]:
    """Return a PHP list: one that was filtered comes as an object of its indices."""
    if isinstance(value, dict):
        return list(value.values())
    if value is None or isinstance(value, list):
        return value or []
    raise ValueError(f"neither a list nor an object of lines: {str(value)[:80]!r}")


def _lines(document: Document, key: str) -> Iterator[Document]:
    for line in items_of(document.get(key)):
        yield _blanks_out(line)


def _new_items(document: Any, page: Page) -> Iterable[Document]:
    """Return the items behind the place up to which the pages before had come."""
    after = page.context.get("after_id")
    found: list[Document] = items_of(document)
    return found if after is None else [item for item in found if item["id"] > after]


def _repaired(item: Document) -> dict[str, Any]:
    fixed = _blanks_out(item)
    for key in _GMT_TIMES:
        if isinstance(value := fixed.get(key), str):
            fixed[key] = _as_utc(value)
    if "date_created" in fixed:
        fixed["date_created"] = _as_local(fixed["date_created"])
    for key in _OBJECTS:
        if fixed.get(key) == []:
            fixed[key] = None
    return fixed


def _blanks_out(item: Document) -> dict[str, Any]:
    """Return the item with None for every empty text."""
    return {key: None if value == "" else value for key, value in item.items()}


def _as_utc(text: str) -> str:
    """Put the missing offset behind a GMT time; another text stays, for its row to be refused."""
    try:
        has_offset = dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return text
    return text if has_offset else f"{text}Z"


def _as_local(value: Any) -> str | None:
    """Return a time of the shop's own clock; None, which refuses the row, for anything else."""
    try:
        return str(value) if dt.datetime.fromisoformat(value).tzinfo is None else None
    except (TypeError, ValueError):
        return None


def _attribution(order: Document) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(ATTRIBUTION)
    for entry in items_of(order.get("meta_data")):
        key = str(entry.get("key"))
        if key.startswith(ATTRIBUTION_PREFIX):
            found[key.removeprefix(ATTRIBUTION_PREFIX)] = _text(entry.get("value"))
    return found


def _text(value: Any) -> str | None:
    """Return a meta value as text: a plugin may store numbers and lists where WooCommerce texts."""
    if value is None or value == "":
        return None
    return value if isinstance(value, str) else json.dumps(value, default=str)
