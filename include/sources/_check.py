"""Check a descriptor against itself, once, when it is discovered."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Iterable, Mapping

from include.sources._base import Child, Source, Stream, StreamKind
from include.sources._records import Column, columns_of

_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Postgres cuts longer names; `<source>__<table>` must fit.
_LONGEST_NAME = 63
# Columns the loader adds; a record must not declare them.
RESERVED = frozenset({"connection_id", "window_start", "captured_at", "captured_at_source"})
# Windows of a stream's own are whole hours and begin anew each midnight.
_WINDOW_HOURS = (1, 2, 3, 4, 6, 8, 12)


def check_source(source: Source) -> None:
    """Raise TypeError naming stream, wrong value and allowed values when a descriptor is wrong."""
    tables = [s.name for s in source.streams]
    tables += [child.name for s in source.streams for child in s.children]
    for name in tables:
        full = f"{source.name}__{name}"
        if not _NAME.fullmatch(name) or len(full) > _LONGEST_NAME:
            raise TypeError(
                f"{source.name}.{name}: not a table name; allowed: lower case letters, digits, _, "
                f"and at most {_LONGEST_NAME} characters in {full!r}"
            )
        if tables.count(name) > 1:
            raise TypeError(f"{source.name}.{name}: two streams or child tables have this name")
    if not any(stream.every is None for stream in source.streams):
        raise TypeError(f"{source.name}: a source needs at least one stream of its day")
    for stream in source.streams:
        _check_stream(f"{source.name}.{stream.name}", stream)


def _check_stream(where: str, stream: Stream) -> None:
    columns = {column.name: column for column in columns_of(stream.record)}
    _check_own_names(where, columns)
    _check_among(f"{where}: key", stream.key, columns)
    _check_among(f"{where}: replaces", stream.replaces, columns)
    _check_subjects(where, stream.subject_columns, columns)
    if not stream.key:
        raise TypeError(f"{where}: key is empty; name the columns that identify a row")
    if stream.cursor is not None:
        _check_among(f"{where}: cursor", [stream.cursor], columns)
    required = [*stream.key, *stream.replaces, *([stream.cursor] if stream.cursor else [])]
    for name in required:
        if columns[name].is_nullable:
            raise TypeError(f"{where}: {name} may be None, but is part of key, cursor or replaces")
    if stream.kind is StreamKind.SNAPSHOT and (stream.cursor or stream.replaces):
        raise TypeError(f"{where}: a snapshot has neither cursor nor replaces")
    if stream.every not in (None, *(dt.timedelta(hours=n) for n in _WINDOW_HOURS)):
        hours = ", ".join(map(str, _WINDOW_HOURS))
        raise TypeError(f"{where}: every={stream.every}; allowed: None or {hours} hours")
    if not 0 <= stream.rejects_allowed <= 1:
        raise TypeError(f"{where}: rejects_allowed={stream.rejects_allowed}; allowed: 0 to 1")
    for child in stream.children:
        _check_child(f"{where}.{child.name}", stream, child)


def _check_child(where: str, stream: Stream, child: Child) -> None:
    columns = {column.name: column for column in columns_of(child.record)}
    _check_own_names(where, columns)
    _check_among(f"{where}: key", child.key, columns)
    _check_subjects(where, child.subject_columns, columns)
    if not child.key:
        raise TypeError(f"{where}: key is empty; name what tells the rows of one parent apart")
    if twice := sorted(columns.keys() & set(stream.key)):
        raise TypeError(f"{where}: {', '.join(twice)} comes from the parent; remove it here")
    for name in child.key:
        if columns[name].is_nullable:
            raise TypeError(f"{where}: {name} may be None, but is part of the key")


def _check_subjects(where: str, names: Iterable[str], columns: Mapping[str, Column]) -> None:
    _check_among(f"{where}: subject_columns", names, columns)
    for name in names:
        if (sql_type := columns[name].sql_type) not in ("text", "bigint"):
            raise TypeError(
                f"{where}: subject_columns: {name} is {sql_type}; allowed: text, bigint"
            )


def _check_own_names(where: str, names: Iterable[str]) -> None:
    for name in names:
        if name in RESERVED or name.startswith("_"):
            raise TypeError(f"{where}: column {name} is the loader's own; rename the field")


def _check_among(what: str, names: Iterable[str], columns: Collection[str]) -> None:
    for name in names:
        if name not in columns:
            raise TypeError(f"{what}: no column {name!r}; allowed: {', '.join(columns)}")
