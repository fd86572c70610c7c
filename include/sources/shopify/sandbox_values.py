"""Answers of the sandbox: the selected part of trees of plain values.

Every object of a tree names its `__typename`; a list of a connection is a `Connection`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from include.sources.shopify.sandbox_query import Field, QueryError, resolve
from include.sources.shopify.sandbox_schema import SALES


def _id_cursor(item: Any) -> str:
    return str(item["id"]).rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True)
class Connection:
    """The items of a connection, in its order, and the cursor of an item."""

    items: tuple[Any, ...]
    cursor_of: Callable[[Any], str] = _id_cursor


def answer(value: Any, selection: tuple[Field, ...], variables: Mapping[str, Any]) -> Any:
    """Return the selected part of a tree of values, as the API would send it."""
    if value is None or not selection:
        return value
    if isinstance(value, list):
        return [answer(item, selection, variables) for item in value]
    kind = value["__typename"]
    chosen: dict[str, Any] = {}
    for field in selection:
        if not applies(field.condition, kind):
            continue
        found = value[field.name]
        if isinstance(found, Connection):
            chosen[field.alias] = _answer_connection(found, field, variables)
        elif callable(found):
            arguments = {k: resolve(v, variables) for k, v in field.arguments.items()}
            chosen[field.alias] = answer(found(**arguments), field.selection, variables)
        else:
            chosen[field.alias] = answer(found, field.selection, variables)
    return chosen


def applies(condition: str | None, kind: str) -> bool:
    """Tell whether a fragment on `condition` applies to an object of type `kind`."""
    if condition is None or condition == kind:
        return True
    interface = {"Sale": SALES, "CustomerMoment": ("CustomerVisit",)}.get(condition, ())
    return kind in interface or (condition == "SalesAgreement" and kind.endswith("Agreement"))


def _answer_connection(
    connection: Connection, field: Field, variables: Mapping[str, Any]
) -> dict[str, Any]:
    first, after = (resolve(field.arguments.get(k), variables) for k in ("first", "after"))
    items = list(connection.items)
    if after is not None:
        cursors = [connection.cursor_of(item) for item in items]
        items = items[cursors.index(after) + 1 :] if after in cursors else []
    if first is None:
        raise QueryError(f"you must provide one of first or last on '{field.name}'")
    page = items[:first]
    info = {
        "__typename": "PageInfo",
        "hasNextPage": len(items) > len(page),
        "hasPreviousPage": after is not None,
        "startCursor": connection.cursor_of(page[0]) if page else None,
        "endCursor": connection.cursor_of(page[-1]) if page else None,
    }
    chosen: dict[str, Any] = {}
    for part in field.selection:
        if part.name == "nodes":
            chosen[part.alias] = [answer(item, part.selection, variables) for item in page]
        elif part.name == "edges":
            chosen[part.alias] = [
                _answer_edge(item, connection, part.selection, variables) for item in page
            ]
        else:
            chosen[part.alias] = answer(info, part.selection, variables)
    return chosen


def _answer_edge(
    item: Any, connection: Connection, selection: tuple[Field, ...], variables: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        part.alias: connection.cursor_of(item)
        if part.name == "cursor"
        else answer(item, part.selection, variables)
        for part in selection
    }
