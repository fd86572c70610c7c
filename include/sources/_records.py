"""Turn a `Record` class into columns and into a reader: document in, row for COPY out.

A reader is compiled once per load, because it runs once per row: generated code takes the values
out of the document by their paths, msgspec converts and checks them in one call, and what comes out
are texts, numbers and booleans that COPY takes as they are. A row that does not fit is rejected
with the column and the value in the reason.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from include.sources._base import Record
from include.sources._extract import (
    Column,
    Row,
    build_tree,
    collect_unknown,
    compile_extract,
    compile_finite,
)

__all__ = [
    "SQL_TYPES",
    "Column",
    "Row",
    "RowReader",
    "RowRejected",
    "columns_of",
    "encode_json",
    "key_text",
]

SQL_TYPES: dict[Any, str] = {
    str: "text",
    int: "bigint",
    Decimal: "numeric",
    bool: "boolean",
    dt.datetime: "timestamp with time zone",
    dt.date: "date",
}
# A bigint's range; a larger number must reject its row, not break the COPY of all.
_BIGINT = msgspec.Meta(ge=-(2**63), le=2**63 - 1)
_WITH_OFFSET = msgspec.Meta(tz=True)
_PLACE = re.compile(r" - at `\$\[(\d+)\].*`$")
_SHOWN_CHARS = 80

encode_json = msgspec.json.Encoder(decimal_format="number").encode


class RowRejected(Exception):
    """A document does not fit; the text names the column and the value."""


@functools.cache
def columns_of(record: type[Record]) -> tuple[Column, ...]:
    """Return a record's columns in order; TypeError names a field whose type has no column type."""
    return tuple(_column(record, found)[0] for found in msgspec.structs.fields(record))


class RowReader:
    """Reads documents of one record; `known` are paths that are neither column nor unknown."""

    def __init__(self, record: type[Record], known: Iterable[str] = ()) -> None:
        self.columns = columns_of(record)
        self._tree = build_tree(self.columns, known)
        self._extract = compile_extract(self._tree, len(self.columns))
        self._typed = _strict_struct(record)
        self._typed_list = list[self._typed]  # type: ignore[name-defined]  # made at run time
        self._are_finite = compile_finite(self.columns)
        self._json = [i for i, column in enumerate(self.columns) if column.sql_type == "jsonb"]

    def read(self, document: Mapping[str, Any]) -> tuple[Row, dict[str, Any] | None]:
        """Return the row and the unknown fields by dotted path, None when there are none.

        Raise `RowRejected` when a value is missing or of another type than its column.
        """
        try:
            [values], has_unknown = self._extract([document])
        except AttributeError:
            raise RowRejected(self._explain_shape(document)) from None
        try:
            record = msgspec.convert(values, self._typed, strict=False)
        except msgspec.ValidationError:
            record = self._convert_odd(values)
        if self._are_finite is not None and not self._are_finite([record]):
            raise RowRejected(self._explain_infinite(values))
        row: Row = msgspec.to_builtins(record)
        for i in self._json:
            row[i] = None if values[i] is None else encode_json(values[i]).decode()
        return row, self._unknown(document) if has_unknown else None

    def read_many(
        self, documents: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Row], dict[int, dict[str, Any]]]:
        """Do what `read` does for many documents, with two calls of msgspec for all of them.

        Return the rows, and by their number the unknown fields of those that have any.
        """
        try:
            values, has_unknown = self._extract(documents)
            records = msgspec.convert(values, self._typed_list, strict=False)
        except (AttributeError, msgspec.ValidationError):
            return self._read_each(documents)
        if self._are_finite is not None and not self._are_finite(records):
            return self._read_each(documents)
        rows: list[Row] = msgspec.to_builtins(records)
        for i in self._json:
            for row, taken in zip(rows, values, strict=True):
                row[i] = None if taken[i] is None else encode_json(taken[i]).decode()
        return rows, {number: self._unknown(documents[number]) for number in has_unknown}

    def _read_each(
        self, documents: Iterable[Mapping[str, Any]]
    ) -> tuple[list[Row], dict[int, dict[str, Any]]]:
        """Read one by one: the slow way knows how to explain what is unusual."""
        pairs = [self.read(document) for document in documents]
        unknown = {number: fields for number, (_, fields) in enumerate(pairs) if fields}
        return [row for row, _ in pairs], unknown

    def read_key(self, document: Any, key: Iterable[str]) -> str | None:
        """Return a rejected document's key as text, None when it cannot be read."""
        columns = {column.name: column for column in self.columns}
        found = [(_value_at(document, columns[name].path), columns[name]) for name in key]
        return None if any(value is None for value, _ in found) else key_text(found)

    def _convert_odd(self, values: Row) -> Any:
        """Convert values of another JSON type than usual: ids as numbers, counts as 3.0."""
        fixed = [
            _as_expected(value, column.sql_type)
            for value, column in zip(values, self.columns, strict=True)
        ]
        try:
            return msgspec.convert(fixed, self._typed, strict=False)
        except msgspec.ValidationError as error:
            raise RowRejected(self._explain(str(error), values)) from None

    def _explain(self, message: str, values: Row) -> str:
        found = _PLACE.search(message)
        if found is None:
            return message
        index = int(found.group(1))
        column = self.columns[index]
        if values[index] is None:
            return f"{column.name}: required, but {'.'.join(column.path)} is missing or null"
        return f"{column.name}: {message[: found.start()]}: {_shown(values[index])}"

    def _explain_infinite(self, values: Row) -> str:
        for column, value in zip(self.columns, values, strict=True):
            if column.sql_type == "numeric" and not _is_finite(value):
                return f"{column.name}: not a finite number: {_shown(value)}"
        return "a number is not finite"

    def _explain_shape(self, document: Any) -> str:
        for column in self.columns:
            value = document
            for depth, part in enumerate(column.path):
                if value is None:
                    break
                if not isinstance(value, Mapping):
                    place = ".".join(column.path[:depth]) or "the row"
                    return f"{column.name}: {place} is no object: {_shown(value)}"
                value = value.get(part)
        return f"not the expected shape: {_shown(document)}"

    def _unknown(self, document: Mapping[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        collect_unknown(document, self._tree, "", found)
        return found


def key_text(values: Iterable[tuple[Any, Column]]) -> str:
    """Return the values of a key as one text, as `quarantine.rejects.record_key` holds it.

    A time is written as Postgres writes it in UTC, however the API did: a row that is loaded later
    is found by this text.
    """
    return "|".join(_key_part(value, column.sql_type) for value, column in values)


def _key_part(value: Any, sql_type: str) -> str:
    if sql_type != "timestamp with time zone":
        return str(value)
    try:
        moment = msgspec.convert(value, dt.datetime, strict=False)
    except msgspec.ValidationError:
        return str(value)
    text = moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat(" ")
    return f"{text.rstrip('0') if '.' in text else text}+00"


def _column(record: type[Record], found: msgspec.structs.FieldInfo) -> tuple[Column, Any]:
    """Return a field's column and the type its values are checked against."""
    base, metas, is_nullable = _unwrap(found.type)
    extra: dict[str, Any] = {}
    for meta in metas:
        extra |= meta.extra or {}
    sql_type = extra.get("sql") or SQL_TYPES.get(base)
    if sql_type is None:
        allowed = ", ".join(t.__name__ for t in SQL_TYPES)
        raise TypeError(
            f"{record.__name__}.{found.name}: type {found.type!r} has no column type; "
            f"allowed: {allowed}, Json, each with `| None`"
        )
    column = Column(
        name=found.name,
        path=tuple(extra.get("at", found.encode_name).split(".")),
        sql_type=sql_type,
        is_nullable=is_nullable,
        description=next((m.description for m in reversed(metas) if m.description), ""),
        explains_absence=bool(extra.get("explains_absence")),
    )
    checked: Any = base
    if sql_type == "bigint":
        checked = Annotated[base, _BIGINT]
    elif sql_type == "timestamp with time zone":
        checked = Annotated[base, _WITH_OFFSET]
    return column, checked | None if is_nullable else checked


def _strict_struct(record: type[Record]) -> type[msgspec.Struct]:
    """Build the record's twin with what Postgres asks: bigint range, times with an offset."""
    fields = [(f.name, _column(record, f)[1]) for f in msgspec.structs.fields(record)]
    return msgspec.defstruct(f"{record.__name__}Row", fields, array_like=True, gc=False)


def _unwrap(annotation: Any) -> tuple[Any, list[msgspec.Meta], bool]:
    """Return a field's plain type, its metas from the outside in, and whether it may be None."""
    metas: list[msgspec.Meta] = []
    is_nullable = False
    while True:
        if typing.get_origin(annotation) is Annotated:
            metas.extend(m for m in annotation.__metadata__ if isinstance(m, msgspec.Meta))
            annotation = annotation.__origin__
        elif typing.get_origin(annotation) in (typing.Union, types.UnionType):
            inner = [part for part in typing.get_args(annotation) if part is not type(None)]
            if len(inner) != 1:
                return annotation, metas, is_nullable
            annotation, is_nullable = inner[0], True
        else:
            return annotation, metas, is_nullable


def _as_expected(value: Any, sql_type: str) -> Any:
    if sql_type == "text" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    if sql_type == "bigint" and isinstance(value, Decimal) and _is_finite(value):
        # 3.0 is a count; 3.5 stays and is refused. Beyond 30 digits it is no bigint anyway.
        is_whole = abs(value.adjusted()) < 30 and value == value.to_integral_value()
        return int(value) if is_whole else value
    return value


def _value_at(document: Any, path: Iterable[str]) -> Any:
    for part in path:
        document = document.get(part) if isinstance(document, Mapping) else None
    return document


def _is_finite(value: Any) -> bool:
    try:
        return value is None or Decimal(str(value)).is_finite()
    except ArithmeticError:
        return False


def _shown(value: Any) -> str:
    text = str(value) if isinstance(value, Decimal) else repr(value)
    return text if len(text) <= _SHOWN_CHARS else text[: _SHOWN_CHARS - 1] + "…"
