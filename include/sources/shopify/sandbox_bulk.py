"""Bulk operations of the sandbox: they run a moment, then leave a file of ungrouped lines.

They are completed; those that fail or lose something are among `sandbox_faults.py`.
"""

from __future__ import annotations

import datetime as dt
import random
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from include.sources.shopify.sandbox_orders import gid, instant
from include.sources.shopify.sandbox_query import Field, QueryError, parse_query, resolve
from include.sources.shopify.sandbox_schema import TYPES, check_query
from include.sources.shopify.sandbox_values import Connection, applies

FILES_PATH = "/shopify-bulk-operation-outputs"
MAX_CONNECTIONS, MAX_DEPTH, MAX_RUNNING = 5, 2, 5
OPERATION_ID = 5_200_000_000_000
_RUN_SECONDS = 0.2
Roots = Callable[[tuple[Field, ...]], tuple[Field, Sequence[Any]]]


@dataclass(slots=True)
class _Operation:
    number: int
    query: str
    created_at: dt.datetime
    started: float
    data: bytes
    object_count: int
    root_count: int
    signature: str

    @property
    def is_running(self) -> bool:
        return time.monotonic() - self.started < _RUN_SECONDS


class BulkDesk:
    """The bulk operations of one shop."""

    def __init__(self) -> None:
        self._operations: list[_Operation] = []

    def run(self, text: str, roots: Roots, now: dt.datetime) -> dict[str, Any]:
        """Start an operation and return the mutation's payload; `roots` reads the list it asks."""
        if (reason := _refusal(text)) is not None:
            return _payload(None, reason, "INVALID")
        if sum(operation.is_running for operation in self._operations) >= MAX_RUNNING:
            return _payload(None, "Too many bulk operations are running", "LIMIT_REACHED")
        number = len(self._operations) + 1
        field, items = roots(parse_query(text))
        lines = [_encode(line) for item in items for line in flatten(item, node_of(field), None)]
        random.Random(number).shuffle(lines)  # the order is promised to nobody
        operation = _Operation(
            number=number,
            query=text,
            created_at=now,
            started=time.monotonic(),
            data=b"".join(lines),
            object_count=len(lines),
            root_count=len(items),
            signature=secrets.token_hex(16),
        )
        self._operations.append(operation)
        return _payload(self.describe(operation, ""), None, "")

    def state(self, operation_id: str, origin: str) -> dict[str, Any] | None:
        """Return an operation as it stands; its files lie at `origin`."""
        for operation in self._operations:
            if gid("BulkOperation", OPERATION_ID + operation.number) == operation_id:
                return self.describe(operation, origin)
        return None

    def describe(self, operation: _Operation, origin: str) -> dict[str, Any]:
        """Return the tree of an operation."""
        is_over = not operation.is_running
        file = f"{origin}{FILES_PATH}/{operation.number}.jsonl"
        signed = f"GoogleAccessId=sandbox&Expires=1&Signature={operation.signature}"
        return {
            "__typename": "BulkOperation",
            "id": gid("BulkOperation", OPERATION_ID + operation.number),
            "type": "QUERY",
            "query": operation.query,
            "status": "COMPLETED" if is_over else "RUNNING",
            "errorCode": None,
            "createdAt": instant(operation.created_at),
            "completedAt": instant(operation.created_at) if is_over else None,
            "objectCount": str(operation.object_count if is_over else 0),
            "rootObjectCount": str(operation.root_count if is_over else 0),
            "fileSize": str(len(operation.data)) if is_over and operation.data else None,
            "url": f"{file}?{signed}" if is_over and operation.data else None,
            "partialDataUrl": None,
        }

    def read_file(self, name: str, signature: str) -> bytes | None:
        """Return a file of the storage host, None for a wrong name or signature."""
        for operation in self._operations:
            is_it = name == f"{operation.number}.jsonl"
            if is_it and secrets.compare_digest(signature, operation.signature):
                return operation.data or None
        return None


def flatten(item: Any, selection: tuple[Field, ...], parent: str | None) -> Iterator[Any]:
    """Yield an object's line and those of its connections, each with the nearest id above it."""
    children: list[tuple[Sequence[Any], tuple[Field, ...]]] = []
    line = _plain(item, selection, children)
    yield line if parent is None else {**line, "__parentId": parent}
    for nodes, inner in children:
        for node in nodes:
            yield from flatten(node, inner, line.get("id", parent))


def _plain(
    value: Any,
    selection: tuple[Field, ...],
    children: list[tuple[Sequence[Any], tuple[Field, ...]]],
) -> Any:
    """Return the selected part of a tree without its connections, which are put aside."""
    if value is None or not selection:
        return value
    if isinstance(value, list):
        return [_plain(item, selection, children) for item in value]
    chosen: dict[str, Any] = {}
    for field in selection:
        if not applies(field.condition, value["__typename"]):
            continue
        found = value[field.name]
        if isinstance(found, Connection):
            children.append((found.items, node_of(field)))
            continue
        if callable(found):
            found = found(**{k: resolve(v, {}) for k, v in field.arguments.items()})
        chosen[field.alias] = _plain(found, field.selection, children)
    return chosen


def node_of(connection: Field) -> tuple[Field, ...]:
    """Return what a connection selects of its nodes, through `edges` or `nodes`."""
    for part in connection.selection:
        if part.name == "nodes":
            return part.selection
        if part.name == "edges":
            return next((p.selection for p in part.selection if p.name == "node"), ())
    return ()


def _refusal(text: str) -> str | None:
    """Return why a query cannot run in bulk, None when it can."""
    try:
        selection = parse_query(text)
        check_query(selection)
        count, depth = _count_connections(selection, "Query", is_in_list=False)
    except QueryError as error:
        return f"Invalid bulk query: {error}"
    if len(selection) != 1 or count == 0:
        return "Bulk queries must contain one top-level field and at least one connection."
    if count > MAX_CONNECTIONS:
        return f"Bulk queries cannot contain more than {MAX_CONNECTIONS} connections."
    if depth > MAX_DEPTH + 1:
        return f"Bulk queries cannot contain connections with a nesting depth over {MAX_DEPTH}."
    if "$" in text:
        return "Bulk queries cannot contain variables."
    return None


_LISTS = {("Order", "refunds"), ("Order", "transactions")}


def _count_connections(
    selection: tuple[Field, ...], owner: str, *, is_in_list: bool
) -> tuple[int, int]:
    """Return how many connections a selection holds and how deep they nest."""
    count, deepest = 0, 0
    for field in selection:
        found = TYPES.get(field.condition or owner, TYPES[owner]).get(field.name)
        if found is None:
            continue
        if found.endswith("Connection"):
            if is_in_list:
                raise QueryError(f"connection field '{field.name}' within a list")
            inner = _count_connections(
                node_of(field), found.removesuffix("Connection"), is_in_list=False
            )
            count, deepest = count + 1 + inner[0], max(deepest, 1 + inner[1])
        else:
            in_list = is_in_list or (owner, field.name) in _LISTS
            inner = _count_connections(field.selection, found, is_in_list=in_list)
            count, deepest = count + inner[0], max(deepest, inner[1])
    return count, deepest


def _payload(operation: dict[str, Any] | None, reason: str | None, code: str) -> dict[str, Any]:
    error = {
        "__typename": "BulkOperationUserError",
        "field": ["query"],
        "message": reason,
        "code": code,
    }
    return {
        "__typename": "BulkOperationRunQueryPayload",
        "bulkOperation": operation,
        "userErrors": [error] if reason is not None else [],
    }


def _encode(line: Any) -> bytes:
    return msgspec.json.encode(line).replace(b"/", b"\\/") + b"\n"
