"""Read a stream's documents as units: a parent row with its child rows, all or nothing."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
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
    children: tuple[list[Row], ...]
    content_hash: bytes


class UnitReader:
    """Reads documents of a stream; `drifted` gathers the paths no record names."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.parent = RowReader(stream.record, stream.known)
        self.children = [_ChildReader(child) for child in stream.children]
        self.drifted: set[str] = set()

    def read(self, document: Document) -> Unit:
        """Return a document's unit; raise `RowRejected` when any of its rows does not fit."""
        [unit] = self._read_together([document])
        return unit

    def read_many(self, documents: Sequence[Document]) -> list[Unit | RowRejected]:
        """Return, for each document, its unit or why it does not fit; faster than one by one."""
        try:
            return list(self._read_together(documents))
        except RowRejected:
            return [self._read_alone(document) for document in documents]

    def key_of(self, document: Any) -> str | None:
        """Return a rejected document's key as text, None when it cannot be read."""
        return self.parent.read_key(document, self.stream.key)

    def _read_alone(self, document: Document) -> Unit | RowRejected:
        try:
            return self.read(document)
        except RowRejected as error:
            return error

    def _read_together(self, documents: Sequence[Document]) -> Iterator[Unit]:
        """Yield the units of documents; raise `RowRejected` when any row of any does not fit."""
        rows, unknown = self.parent.read_many(documents)
        groups = [child.read(documents, self.drifted) for child in self.children]
        children: Iterable[tuple[list[Row], ...]] = zip(*groups, strict=True)
        if not groups:
            children = itertools.repeat((), len(rows))
        for fields in unknown.values():
            self.drifted.update(fields)
        extras = {number: encode_json(fields).decode() for number, fields in unknown.items()}
        for number, (row, own) in enumerate(zip(rows, children, strict=True)):
            extra = extras.get(number)
            content = hashlib.blake2b(_encode((row, extra, own)), digest_size=16).digest()
            yield Unit(row, extra, own, content)


class _ChildReader:
    def __init__(self, child: Child) -> None:
        self._child = child
        self._reader = RowReader(child.record, child.known)
        names = [column.name for column in self._reader.columns]
        self._key: Callable[[Row], Any] = itemgetter(*(names.index(name) for name in child.key))

    def read(self, documents: Sequence[Document], drifted: set[str]) -> list[list[Row]]:
        """Return the child rows of each document, unknown fields as JSON text in the last place."""
        name = self._child.name
        try:
            groups = [list(self._child.rows(document)) for document in documents]
            rows, unknown = self._reader.read_many(list(itertools.chain.from_iterable(groups)))
        except RowRejected as error:
            raise RowRejected(f"{name}.{error}") from None
        except SHAPE_ERRORS as error:
            raise RowRejected(f"{name}: {describe(error)}") from None
        for row in rows:
            row.append(None)
        for number, fields in unknown.items():
            rows[number][-1] = encode_json(fields).decode()
            drifted.update(f"{name}.{path}" for path in fields)
        return self._grouped(rows, map(len, groups))

    def _grouped(self, rows: list[Row], sizes: Iterable[int]) -> list[list[Row]]:
        """Return the rows by document; two of one key would break the load of all."""
        found, start, key = [], 0, self._key
        # Most children have ids of their own: then one look at all of them is enough.
        may_repeat = len(set(map(key, rows))) < len(rows)
        for size in sizes:
            own = rows[start : start + size]
            if may_repeat and size > 1 and len(set(map(key, own))) < size:
                keys = ", ".join(self._child.key)
                raise RowRejected(f"{self._child.name}: two rows have the same {keys}")
            found.append(own)
            start += size
        return found


def describe(error: Exception) -> str:
    """Say what a connector met: the words of its ValueError, else the kind of error first."""
    if type(error) is ValueError:
        return str(error)
    return f"{type(error).__name__}: {error}"
