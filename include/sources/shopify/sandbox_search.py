"""The search of the sandbox's orders: filters that are ignored when unknown, sort keys, cursors."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable, Mapping
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
_SEARCHABLE: dict[str, Callable[[MarketOrder], Any]] = {
    "created_at": lambda order: order.created_at,
    "updated_at": lambda order: order.updated_at,
    "processed_at": lambda order: order.processed_at,
}
ORDER_FIELDS: dict[str, Callable[[Any], Any]] = {
    **_SEARCHABLE,
    "id": lambda order: order.order_id,
}


@dataclass(frozen=True, slots=True)
class Term:
    """One filter of a search."""

    value_of: Callable[[Any], Any]
    compare: Callable[[Any, Any], bool]
    value: Any


@dataclass(slots=True)
class Search:
    """Alternatives, each of terms that all must hold; what was ignored stands in `warnings`."""

    alternatives: list[list[Term]]
    warnings: list[dict[str, Any]]

    def finds(self, item: Any) -> bool:
        """Tell whether an item passes."""
        # Asked for every order there ever was: generators would take most of the answer's time.
        for terms in self.alternatives:
            for term in terms:
                if not term.compare(term.value_of(item), term.value):
                    break
            else:
                return True
        return False


def read_search(query: str, fields: Mapping[str, Callable[[Any], Any]] = ORDER_FIELDS) -> Search:
    """Return a search; terms that are not understood are ignored, with a warning each."""
    warnings: list[dict[str, Any]] = []
    alternatives = [
        [term for part in _parts(text) if (term := _term(part, fields, warnings)) is not None]
        for text in re.split(r"\s+OR\s+", query.strip())
    ]
    return Search(alternatives, [{"warnings": warnings}] if warnings else [])


def _parts(text: str) -> list[str]:
    return re.split(r"\s+AND\s+|\s+(?=[\w.]+:)", text) if text else []


def _term(
    part: str, fields: Mapping[str, Callable[[Any], Any]], warnings: list[dict[str, Any]]
) -> Term | None:
    match = _TERM.fullmatch(part)
    value_of = fields.get(match["field"]) if match else None
    if match is None or value_of is None:
        name = match["field"] if match else part
        warnings.append({"field": name, "message": "Invalid search field for this query."})
        return None
    try:
        value = _value(match["field"], match["value"].strip("'\""))
    except ValueError:
        message = f"Input `{match['value']}` is not an accepted value."
        warnings.append({"field": match["field"], "message": message})
        return None
    return Term(value_of, _COMPARE[match["compare"] or ""], value)


def _value(name: str, text: str) -> Any:
    if name == "id":
        return int(text)
    if not name.endswith("_at"):
        return text
    value = dt.datetime.fromisoformat(text)
    return value if value.tzinfo else value.replace(tzinfo=dt.UTC)


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
