"""Read a long list one page at a time, and keep personal values out of what is shown."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql

from include.pages.reader import Row, Snapshot

PAGE_ROWS = 50
# No list of ours is that long; a larger number in an address is a mistake or an attack.
LAST_PAGE = 1_000_000

_ADDRESS = re.compile(r"[^\s\"'<>@,;:()]+@[^\s\"'<>@,;:()]+")
# Postgres ends a refusal with the value it could not take: `… for type date: "tomorrow"`.
_QUOTED_VALUE = re.compile(r': "(?:[^"]|"(?!$))*"?$', re.DOTALL)
_PHONE = re.compile(r"\+\d[\d ().-]{6,}\d")


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of a list: rows `first` to `last` of `total`, page `number` of `pages`."""

    rows: Sequence[Row]
    number: int
    pages: int
    total: int

    @property
    def first(self) -> int:
        """Number of the first row shown, 0 for an empty list."""
        return (self.number - 1) * PAGE_ROWS + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """Number of the last row shown."""
        return (self.number - 1) * PAGE_ROWS + len(self.rows)


def read_slice(
    snapshot: Snapshot,
    query: LiteralString,
    order: LiteralString,
    parameters: Mapping[str, object],
    number: int,
) -> Slice:
    """Return page `number` of a query (the last one when there are fewer), sorted by `order`."""
    listed = sql.SQL("({}) as listed").format(sql.SQL(query))
    counted = snapshot.row(sql.SQL("select count(*) as n from {}").format(listed), parameters)
    total = int(counted["n"]) if counted else 0
    pages = max(1, math.ceil(total / PAGE_ROWS))
    shown = min(max(1, number), pages)
    page = sql.SQL("select * from {} order by {} limit {} offset {}").format(
        listed, sql.SQL(order), sql.Literal(PAGE_ROWS), sql.Literal((shown - 1) * PAGE_ROWS)
    )
    return Slice(snapshot.rows(page, parameters), shown, pages, total)


def mask_personal(text: str | None) -> str:
    """Return a message without what may be a person's: addresses, phones, the value refused.

    Pages are redacted before they are landed, so this is a second net: a reason quotes what an API
    put into a field that should hold something else.
    """
    if not text:
        return ""
    masked = _QUOTED_VALUE.sub(': "…"', text)
    return _PHONE.sub("[phone]", _ADDRESS.sub("[address]", masked))
