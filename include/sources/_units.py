"""Read a stream's documents as units: a parent row with its child rows, all or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import msgspec

from include.sources._base import Child, Document, Stream
from include.sources._records import Row, RowReader, RowRejected, encode_json

# What a connector's `parse` and `rows` raise on a document of another shape than they expect.
SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
_encode = msgspec.msgpack.Encoder().encode


@dataclass(slots=True)
class Unit:
    """One document as rows; `children` holds the rows of each child table of the stream."""

    row: Row
    extra: str | None
    children: list[list[Row]]
    content_hash: bytes


class UnitReader:
    """Reads documents of a stream; `drifted` gathers the paths no record names."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.parent = RowReader(stream.record, stream.known)
        self.children = [_ChildReader(child) for child in stream.children]
        self.drifted: set[str] = set()

    def read(self, document: Document) -> Unit:
        """Return the unit; raise `RowRejected` when any of its rows does not fit."""
        row, unknown = self.parent.read(document)
        children = [child.read(document, self.drifted) for child in self.children]
        if unknown:
            self.drifted.update(unknown)
        extra = encode_json(unknown).decode() if unknown else None
        content = hashlib.blake2b(_encode((row, extra, children)), digest_size=16).digest()
        return Unit(row, extra, children, content)

    def key_of(self, document: Any) -> str | None:
        """Return a rejected document's key as text, None when it cannot be read."""
        return self.parent.read_key(document, self.stream.key)


class _ChildReader:
    def __init__(self, child: Child) -> None:
        self._child = child
        self._reader = RowReader(child.record, child.known)
        names = [column.name for column in self._reader.columns]
        self._key: Callable[[Row], Any] = itemgetter(*(names.index(name) for name in child.key))

    def read(self, document: Document, drifted: set[str]) -> list[Row]:
        """Return the child rows of a document, unknown fields as JSON text in their last place."""
        name = self._child.name
        rows: list[Row] = []
        try:
            for inner in self._child.rows(document):
                row, unknown = self._reader.read(inner)
                row.append(encode_json(unknown).decode() if unknown else None)
                if unknown:
                    drifted.update(f"{name}.{path}" for path in unknown)
                rows.append(row)
        except RowRejected as error:
            raise RowRejected(f"{name}.{error}") from None
        except SHAPE_ERRORS as error:
            raise RowRejected(f"{name}: {describe(error)}") from None
        if len(rows) > 1 and len(set(map(self._key, rows))) < len(rows):
            raise RowRejected(f"{name}: two rows have the same {', '.join(self._child.key)}")
        return rows


def describe(error: Exception) -> str:
    """Say what a connector met: the words of its ValueError, else the kind of error first."""
    if type(error) is ValueError:
        return str(error)
    return f"{type(error).__name__}: {error}"


def unit_rows(units: Sequence[Unit]) -> int:
    """Return how many rows units hold, children included."""
    return sum(1 + sum(map(len, unit.children)) for unit in units)
