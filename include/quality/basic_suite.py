"""The basic suite of every raw table, derived from the stream's struct: nothing to write by hand.

Required columns are filled, the key is unique, and limits the struct declares hold: a
`msgspec.Meta` with `ge` or `le` gives a range, a `Literal` or `Enum` a set of values.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from include.quality.rules import Rule, Window, between, in_set, not_null, unique
from include.sources._base import Record, Source, Stream, StreamKind


def build_basic_suite(source: Source, window: Window) -> list[tuple[Rule, str]]:
    """Return the rules of all raw tables that have rows in the window, each with the rows' SQL."""
    suite: list[tuple[Rule, str]] = []
    for stream in source.streams:
        for table, child, record, key in _tables_of(source, stream):
            if window.row_counts.get(table, 0) > 0:
                rows = window.rows(stream.name, child)
                suite += [(rule, rows) for rule in table_rules(f"raw.{table}", record, key)]
    return suite


def table_rules(table: str, record: type[Record], key: tuple[str, ...]) -> Iterator[Rule]:
    """Yield the rules of one table; `key` is its whole primary key, connection_id included."""
    for column, annotation in get_type_hints(record, include_extras=True).items():
        kind, limits, is_required = _read_annotation(annotation)
        if is_required:
            yield not_null(table, column)
        for limit in limits:
            if limit.ge is not None or limit.le is not None:
                yield between(table, column, limit.ge, limit.le)
        allowed = _allowed_values(kind)
        if allowed:
            yield in_set(table, column, allowed)
    yield unique(table, key)


def _tables_of(
    source: Source, stream: Stream
) -> Iterator[tuple[str, str | None, type[Record], tuple[str, ...]]]:
    """Yield table name, child name, record and whole key of a stream's table and its children's."""
    prefix: tuple[str, ...] = ("connection_id",)
    if stream.kind is StreamKind.SNAPSHOT:
        prefix += ("window_start",)
    yield f"{source.name}__{stream.name}", None, stream.record, prefix + stream.key
    for child in stream.children:
        key = prefix + stream.key + child.key
        yield f"{source.name}__{child.name}", child.name, child.record, key


def _read_annotation(annotation: Any) -> tuple[Any, list[msgspec.Meta], bool]:
    """Return the plain type, its limits and whether NULL is not allowed."""
    limits: list[msgspec.Meta] = []
    while get_origin(annotation) is Annotated:
        annotation, *metadata = get_args(annotation)
        limits += [entry for entry in metadata if isinstance(entry, msgspec.Meta)]
    if get_origin(annotation) in (Union, types.UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        is_required = len(kinds) == len(get_args(annotation))
        kind, inner, _ = _read_annotation(kinds[0])
        return kind, limits + inner, is_required
    return annotation, limits, annotation is not Any


def _allowed_values(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Literal:
        return get_args(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return tuple(member.value for member in kind)
    return ()
