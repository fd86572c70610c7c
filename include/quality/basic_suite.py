"""The basic suite of every raw table, derived from the stream's struct: nothing to write by hand.

Required columns are filled, the key is unique, and the limits a struct declares hold: a
`msgspec.Meta` with `ge` or `le` gives a range.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec

from include.quality.rules import Rule, Window, between, filled, unique
from include.sources._base import Record, Source
from include.warehouse.load_tables import RawTable, stream_tables


def build_basic_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of all raw tables that have rows in the window."""
    suite: list[Rule] = []
    for stream in source.streams:
        records = [stream.record, *(child.record for child in stream.children)]
        for table, record in zip(stream_tables(source.name, stream), records, strict=True):
            if window.row_counts.get(table.name, 0) > 0:
                rows = window.rows(stream.name, table.name)
                suite += table_rules(table, record, rows)
    return suite


def table_rules(table: RawTable, record: type[Record], rows: str) -> Iterator[Rule]:
    """Yield the rules of one raw table whose columns are those of `record`, about some rows."""
    name = f"raw.{table.name}"
    required = [column.name for column in table.columns if not column.is_nullable]
    if required:
        yield filled(name, rows, required)
    for column_name, limit in _limits_of(record):
        yield between(name, rows, column_name, limit.ge, limit.le)
    yield unique(name, rows, table.key)


@cache  # resolving a struct's annotations costs more than the rules made of them
def _limits_of(record: type[Record]) -> tuple[tuple[str, msgspec.Meta], ...]:
    hints = get_type_hints(record, include_extras=True)
    return tuple((name, limit) for name, hint in hints.items() for limit in _limits(hint))


def _limits(annotation: Any) -> Iterator[msgspec.Meta]:
    """Yield what an annotation says about the smallest and largest value."""
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        for entry in metadata:
            if isinstance(entry, msgspec.Meta) and (entry.ge, entry.le) != (None, None):
                yield entry
        yield from _limits(inner)
    elif get_origin(annotation) in (Union, types.UnionType):
        for inner in get_args(annotation):
            yield from _limits(inner)
