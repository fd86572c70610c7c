"""What the files of a sub-folder must look like: declared headers, checked before anything lands.

A file that is not as declared is refused whole, in words that say what to change; only single bad
lines of a good file go to quarantine.
"""

from __future__ import annotations

import datetime as dt
import difflib
import functools
import re
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from include.http.decode import REPLACEMENT
from include.sources._base import Document, Record

# Columns that say where a row was read.
PLACE = ("file_name", "line_number")
# What may be quoted of a file in a message: a word a person gives a column, never a value.
_HEADER_WORD = re.compile(r"[A-Za-z][A-Za-z _./()-]{0,40}")
_COMMA_NUMBER = re.compile(r"[+-]?[\d.\s]*\d,\d[\d.,]*")
_SCALARS = (str, int, bool, Decimal, type(None))


class FileRefused(Exception):
    """A file is not as declared; the text says where and what is allowed."""


@dataclass(frozen=True)
class Layout:
    """The files of one sub-folder. `defaults` stand for cells left empty, `personal` are hashed."""

    name: str
    record: type[Record]
    key: tuple[str, ...]
    personal: frozenset[str] = frozenset()
    defaults: Mapping[str, str] = field(default_factory=dict)

    @functools.cached_property
    def headers(self) -> tuple[str, ...]:
        """All headers a file may have, in the order of the columns."""
        names = [found.name for found in msgspec.structs.fields(self.record)]
        return tuple(name for name in names if name not in PLACE)

    @functools.cached_property
    def required(self) -> tuple[str, ...]:
        """Headers a file must have."""
        optional = {name for name, kinds in self._kinds.items() if type(None) in kinds}
        return tuple(n for n in self.headers if n not in optional and n not in self.defaults)

    @functools.cached_property
    def numbers(self) -> frozenset[str]:
        """Headers whose cells are numbers."""
        return frozenset(n for n, kinds in self._kinds.items() if {int, Decimal} & set(kinds))

    @functools.cached_property
    def allowed(self) -> str:
        """The headers as a message names them."""
        return ", ".join(
            name if name in self.required else f"{name} (optional)" for name in self.headers
        )

    @functools.cached_property
    def _kinds(self) -> dict[str, tuple[Any, ...]]:
        hints = typing.get_type_hints(self.record)
        return {name: _members(hints[name]) for name in self.headers}

    def check_names(self, names: Sequence[str], where: str) -> None:
        """Raise `FileRefused` when headers are unknown, missing or doubled."""
        known = [name for name in names if name in self.headers]
        if not known:
            raise FileRefused(
                f"{where}: none of the {len(names)} columns has a known name (is the header "
                f"missing?); allowed: {self.allowed}"
            )
        problems = [
            self._unknown(name, place)
            for place, name in enumerate(names, start=1)
            if name not in self.headers
        ]
        problems += [f"header {n!r} is missing" for n in self.required if n not in names]
        twice = [name for name in dict.fromkeys(known) if known.count(name) > 1]
        problems += [f"header {name!r} is there twice" for name in twice]
        if problems:
            raise FileRefused(f"{where}: {'; '.join(problems)}; allowed: {self.allowed}")

    def check_values(self, values: Mapping[str, Any], where: str) -> None:
        """Raise `FileRefused` for numbers written with a comma: guessing would be off by 1,000."""
        for name in self.numbers:
            value = values.get(name)
            if isinstance(value, str) and _COMMA_NUMBER.fullmatch(value.strip()):
                raise FileRefused(
                    f"{where}: {name} {value.strip()!r} holds a comma; allowed: a decimal point "
                    "and no thousands separator, such as 1234.50"
                )

    def clean(self, values: Mapping[str, Any]) -> Document:
        """Return a row's values: outer spaces gone, empty cells None or their default."""
        cleaned = {name: _clean(value) for name, value in values.items()}
        for name, default in self.defaults.items():
            if cleaned.get(name) is None:
                cleaned[name] = default
        return cleaned

    def key_of(self, cleaned: Mapping[str, Any]) -> tuple[str, ...] | None:
        """Return the key of a row's cleaned values as texts, None when a part is missing."""
        found = [cleaned.get(name) for name in self.key]
        return None if None in found else tuple(map(str, found))

    def _unknown(self, name: str, place: int) -> str:
        shown = repr(name) if _HEADER_WORD.fullmatch(name) else f"of column {place}"
        near = difflib.get_close_matches(name.strip().lower().replace(" ", "_"), self.headers, 1)
        hint = f" (meant {near[0]!r}?)" if near else ""
        return f"header {shown} is not known{hint}"


def _members(annotation: Any) -> tuple[Any, ...]:
    """Return the plain types of an annotation: `Decimal | None` gives both."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return tuple(m for part in typing.get_args(annotation) for m in _members(part))
    return (annotation,)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip().replace("\x00", REPLACEMENT) or None
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
