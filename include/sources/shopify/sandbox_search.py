"""The search of the sandbox's orders: filters that are ignored when unknown, sort keys, cursors."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from include.sandbox.market_facts import MarketOrder
from include.sources.shopify.sandbox_orders import instant
from include.sources.shopify.sandbox_query import QueryError

_TERM = re.compile(r"""(?P<field>[\w.]+):(?P<compare><=|>=|<|>)?(?P<value>'[^']*'|"[^"]*"|\S+)""")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "": lambda a, b: a == b,
}
_SEARCHABLE: dict[str, Callable[[MarketOrder], dt.datetime]] = {
    "created_at": lambda order: order.created_at,
    "updated_at": lambda order: order.updated_at,
    "processed_at": lambda order: order.processed_at,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One filter of a search."""

    value_of: Callable[[MarketOrder], Any]
    compare: Callable[[Any, Any], bool]
    value: dt.datetime

    def holds(self, order: MarketOrder) -> bool:
        """Tell whether an order passes."""
        return self.compare(self.value_of(order), self.value)


def read_search(query: str) -> tuple[list[Term], list[dict[str, Any]]]:
    """Return the terms of a search; those not understood are ignored, with a warning each."""
    terms: list[Term] = []
    warnings: list[dict[str, Any]] = []
    for part in re.split(r"\s+AND\s+|\s+(?=[\w.]+:)", query.strip()) if query.strip() else []:
        match = _TERM.fullmatch(part)
        value_of = _SEARCHABLE.get(match["field"]) if match else None
        if match is None or value_of is None:
            name = match["field"] if match else part
            warnings.append({"field": name, "message": "Invalid search field for this query."})
            continue
        try:
            value = dt.datetime.fromisoformat(match["value"].strip("'\""))
        except ValueError:
            message = f"Input `{match['value']}` is not an accepted value."
            warnings.append({"field": match["field"], "message": message})
            continue
        value = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        terms.append(Term(value_of, _COMPARE[match["compare"] or ""], value))
    return terms, [{"warnings": warnings}] if warnings else []


def sort_value(sort_key: str) -> Callable[[MarketOrder], dt.datetime]:
    """Return what a sort key sorts by."""
    if sort_key.lower() not in _SEARCHABLE:
        raise QueryError(f"Argument 'sortKey' has an invalid value ({sort_key})")
    return _SEARCHABLE[sort_key.lower()]


def cursor_of(order: MarketOrder, sort_key: str) -> str:
    """Return the cursor of an order: its id and sort value, packed."""
    place = {"last_id": order.order_id, "last_value": instant(sort_value(sort_key)(order))}
    return base64.b64encode(msgspec.json.encode(place)).decode()


def position_after(found: list[MarketOrder], sort_key: str, cursor: str) -> int:
    """Return where the list goes on after a cursor, also if its order has moved meanwhile."""
    try:
        place = msgspec.json.decode(base64.b64decode(cursor, validate=True))
        last = (dt.datetime.fromisoformat(place["last_value"]), int(place["last_id"]))
    except (ValueError, KeyError, TypeError, msgspec.DecodeError) as error:
        raise QueryError(f"Invalid cursor for current pagination sort: {error}") from error
    value_of = sort_value(sort_key)
    low, high = 0, len(found)
    while low < high:
        middle = (low + high) // 2
        if (value_of(found[middle]), found[middle].order_id) > last:
            high = middle
        else:
            low = middle + 1
    return low
