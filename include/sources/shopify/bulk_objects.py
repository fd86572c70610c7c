"""The result of a bulk operation: lines in any order, put together to whole objects.

With `groupObjects: false` a line stands anywhere, a child before its parent too, and only its
`__parentId` says where it belongs. The lines are spooled to a file of SQLite's own, which is gone
with the connection, so memory stays flat whatever the size of the result.
"""

from __future__ import annotations

import itertools
import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from include.errors import CountMismatch, Truncated
from include.sources._base import Document

# An order, its children, and the children of its agreements.
_IN_GROUPS = """
select
    coalesce(agreement.parent, line.parent, line.id) as root,
    line.parent is null,
    line.body,
    line.parent,
    line.id
from lines as line
left join lines as agreement on agreement.id = line.parent and agreement.parent is not null
order by 1, 2 desc, line.rowid
"""
_BEHIND = {"LineItem": "lineItems", "CustomerVisit": "moments"}


class _Head(msgspec.Struct, frozen=True):
    id: str | None = None
    parent: str | None = msgspec.field(name="__parentId", default=None)


_read_head = msgspec.json.Decoder(_Head).decode


class BulkObjects:
    """Takes the bytes of a result as they come and gives its lines back by root object."""

    def __init__(self) -> None:
        self._spool = sqlite3.connect("", isolation_level=None)
        self._spool.execute("pragma journal_mode = off")
        self._spool.execute("create table lines (id text, parent text, body blob)")
        self._rest = b""
        self.object_count = self.root_count = 0

    def add(self, chunk: bytes) -> None:
        """Take the next bytes; `Truncated` when a line is no object."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._keep(lines)

    def finish(self) -> None:
        """Take the last line, which needs no end of line; the counts are whole then."""
        self._keep([self._rest])
        self._rest = b""

    def groups(self) -> Iterator[list[bytes]]:
        """Yield the lines of each root object, its own first.

        `CountMismatch` where that lacks, or where an object stands twice: in the count of all
        objects it would hide one that is lost.
        """
        self._spool.execute("create index agreements on lines (id) where parent is not null")
        rows = self._spool.execute(_IN_GROUPS)
        for root, group in itertools.groupby(rows, key=lambda row: row[0]):
            lines = list(group)
            if not lines[0][1]:
                raise CountMismatch(
                    f"the bulk result holds {len(lines)} objects of {root}, but not {root} itself; "
                    "nothing of the window was loaded"
                )
            named = [line[3:] for line in lines if line[4] is not None]
            if len(set(named)) != len(named):
                raise CountMismatch(
                    f"the bulk result holds an object of {root} twice; nothing of the window was "
                    "loaded"
                )
            yield [line[2] for line in lines]

    def close(self) -> None:
        """Forget the lines."""
        self._spool.close()

    def _keep(self, lines: Sequence[bytes]) -> None:
        try:
            heads = [(_read_head(line), line) for line in lines if line.strip()]
        except msgspec.DecodeError as error:
            raise Truncated(f"the bulk result holds a line that is no object: {error}") from None
        self._spool.execute("begin")
        self._spool.executemany(
            "insert into lines values (?, ?, ?)",
            ((head.id, head.parent, line) for head, line in heads),
        )
        self._spool.execute("commit")
        self.object_count += len(heads)
        self.root_count += sum(head.parent is None for head, _ in heads)


def assemble(objects: Sequence[Document]) -> Document:
    """Return an order as a page gives it, from its own object and those that belong to it.

    Without `refundLineItems`: a bulk operation cannot ask for them.
    """
    order, *children = (dict(found) for found in objects)
    lists: dict[str, list[Any]] = {"lineItems": [], "moments": [], "agreements": []}
    sales: dict[str, list[Any]] = {}
    for child in children:
        kind, parent = child.pop("__typename"), child.pop("__parentId")
        if parent != order["id"]:
            sales.setdefault(parent, []).append(child)
        else:
            lists[_BEHIND.get(kind, "agreements")].append(child)
    for agreement in lists["agreements"]:
        agreement["sales"] = _whole(sales.get(agreement["id"], []))
    order.pop("__typename")
    if order["customerJourneySummary"] is not None:
        moments = _whole(lists["moments"])
        order["customerJourneySummary"] = {**order["customerJourneySummary"], "moments": moments}
    return {
        **order,
        "lineItems": _whole(lists["lineItems"]),
        "agreements": _whole(lists["agreements"]),
    }


def _whole(nodes: list[Any]) -> dict[str, Any]:
    """Return a connection; in the order of ids, as the file's own order means nothing."""
    return {"nodes": sorted(nodes, key=_number), "pageInfo": {"hasNextPage": False}}


def _number(node: Document) -> tuple[int, str]:
    tail = str(node.get("id", "")).rsplit("/", 1)[-1]
    return int(tail) if tail.isdigit() else 0, tail
