"""Tables of the pages: which columns, in which order, which page of them.

Sorting and paging are links that the server answers, so they work without a script and for any
number of rows. A table's choices stand in the address under its own name (`creators.sort`,
`creators.page`), so several tables share a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from fastapi import HTTPException, Request
from markupsafe import Markup
from psycopg import sql

from include.pages import formats
from include.pages.reader import Row, Snapshot

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `name` in the rows, `kind` a filter of `formats` (text: as it is).

    Money is written in the row's `currency_code`. `hint` explains the header. `shown` names
    another value of the row that stands in the cell (a chart) while `name` still sorts. `axis` is
    drawn below the title for all of its charts.
    """

    name: str
    title: str
    kind: str = "text"
    digits: int | None = None
    hint: str = ""
    shown: str = ""
    is_sortable: bool = True
    axis: Markup | str = ""

    @property
    def is_numeric(self) -> bool:
        """Say whether the cells stand at the right, digit below digit."""
        return self.kind in ("number", "money", "times", "percent", "compact")

    @property
    def css(self) -> str:
        """Return the class of the column's cells."""
        if self.is_numeric:
            return "num"
        return "date" if self.kind in ("day", "instant") else ""

    def cell(self, row: Row) -> Any:
        """Return what stands in the cell of a row."""
        if self.shown:
            return row[self.shown]
        value = row[self.name]
        if self.kind == "text":
            return formats.UNKNOWN if value is None else value
        more = {} if self.digits is None else {"digits": self.digits}
        if self.kind == "money":
            return formats.money(value, row.get("currency_code"), **more)
        return formats.FILTERS[self.kind](value, **more)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a page: `sort` is the column it starts with, `key` what makes the order total."""

    name: str
    columns: Sequence[Column]
    sort: str
    key: Sequence[str]
    is_descending: bool = True
    page_size: int = PAGE_SIZE
    hidden_sorts: Sequence[str] = ()  # columns of the rows that sort and have no header


@dataclass(frozen=True, slots=True)
class TableView:
    """What one request sees of a table: `rows` are those of this page, `total` counts all."""

    table: Table
    rows: Sequence[Row]
    total: int
    sort: str
    is_descending: bool
    page: int
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def page_count(self) -> int:
        """Return the number of pages, at least one."""
        return max(1, math.ceil(self.total / self.table.page_size))

    @property
    def first(self) -> int:
        """Return the place of the first row shown, 1 is the first of all."""
        return (self.page - 1) * self.table.page_size + 1

    def direction_of(self, column: Column) -> str | None:
        """Return the ARIA word for the column's order, None when another one is sorted by."""
        if column.name != self.sort:
            return None
        return "descending" if self.is_descending else "ascending"

    def sort_link(self, column: Column) -> str:
        """Return the address that sorts by a column; a second click turns the order."""
        turned = not self.is_descending if column.name == self.sort else column.is_numeric
        return self._link(column.name, turned, 1)

    def page_link(self, page: int) -> str:
        """Return the address of another page in the same order."""
        return self._link(self.sort, self.is_descending, page)

    def _link(self, sort: str, is_descending: bool, page: int) -> str:
        name = self.table.name
        chosen = {f"{name}.sort": sort, f"{name}.dir": "desc" if is_descending else "asc"}
        if page > 1:
            chosen[f"{name}.page"] = str(page)
        return f"?{urlencode({**self.others, **chosen})}#{name}"


@dataclass(frozen=True, slots=True)
class Choice:
    """What the address asks of a table, checked."""

    table: Table
    sort: str
    is_descending: bool
    page: int
    others: Mapping[str, str]


def read_choice(request: Request, table: Table) -> Choice:
    """Read sort, direction and page of a table; 422 naming what is allowed for anything else."""
    query = request.query_params
    name = table.name
    allowed = [column.name for column in table.columns if column.is_sortable]
    allowed += table.hidden_sorts
    own = "desc" if table.is_descending else "asc"
    sort, direction = query.get(f"{name}.sort", table.sort), query.get(f"{name}.dir", own)
    page = query.get(f"{name}.page", "1")
    if sort not in allowed:
        raise HTTPException(422, f"{name}.sort is not a column; allowed: {', '.join(allowed)}")
    if direction not in ("asc", "desc"):
        raise HTTPException(422, f"{name}.dir is not a direction; allowed: asc, desc")
    if not page.isdecimal() or not 1 <= len(page) <= 6:
        raise HTTPException(422, f"{name}.page is not a page; allowed: 1 and above")
    others = {key: value for key, value in query.items() if not key.startswith(f"{name}.")}
    return Choice(table, sort, direction == "desc", max(1, int(page)), others)


def read_page(
    snapshot: Snapshot,
    choice: Choice,
    statement: sql.Composable,
    parameters: Mapping[str, object] = {},
) -> TableView:
    """Run `statement` for the rows of the page the choice asks for.

    The statement is a query without order; a page behind the last one shows the last.
    """
    total_row = snapshot.row(
        sql.Composed(
            [sql.SQL("select count(*) as n from ("), statement, sql.SQL(") as everything")]
        ),
        parameters,
    )
    total = total_row["n"] if total_row else 0
    page = min(choice.page, max(1, math.ceil(total / choice.table.page_size)))
    limits = {"page_limit": choice.table.page_size}
    limits["page_offset"] = (page - 1) * choice.table.page_size
    chosen = sql.SQL(
        "select * from ({}) as everything {} limit %(page_limit)s offset %(page_offset)s"
    ).format(statement, order_by(choice))
    rows = snapshot.rows(chosen, {**parameters, **limits})
    return view_of(choice, rows, total, page)


def view_of(choice: Choice, rows: Sequence[Row], total: int, page: int) -> TableView:
    """Return the view of rows that were read already."""
    return TableView(
        choice.table, rows, total, choice.sort, choice.is_descending, page, choice.others
    )


def own_order(table: Table) -> sql.Composed:
    """Return the ORDER BY that a table starts with."""
    return order_by(Choice(table, table.sort, table.is_descending, 1, {}))


def order_by(choice: Choice) -> sql.Composed:
    """Return the ORDER BY of a choice: unknown values last, ties by the table's key."""
    direction = sql.SQL(" desc" if choice.is_descending else " asc")
    parts = [sql.Identifier(choice.sort) + direction + sql.SQL(" nulls last")]
    parts += [sql.Composed([sql.Identifier(name)]) for name in choice.table.key]
    return sql.Composed([sql.SQL("order by "), sql.SQL(", ").join(parts)])
