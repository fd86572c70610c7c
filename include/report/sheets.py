"""A sheet: rows of a query, shown as a table of a terminal or handed over as JSON."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from rich.markup import escape
from rich.table import Table

NOTHING = "–"
Format = Callable[[Any], str]


def text(value: object) -> str:
    """Show a word."""
    return str(value)


def amount(value: Decimal) -> str:
    """Show money, to the cent."""
    return f"{value:,.2f}"


def shares(value: Decimal) -> str:
    """Show a sum of shares of orders."""
    return f"{value:,.1f}"


def ratio(value: Decimal) -> str:
    """Show a quotient such as ROAS."""
    return f"{value:.2f}"


def count(value: Decimal | int) -> str:
    """Show a whole number."""
    return f"{value:,}"


def percent(value: Decimal) -> str:
    """Show a rate of 0-1 in whole per cent."""
    return f"{value:.0%}"


def yes_no(value: object) -> str:
    """Show a truth value."""
    return "yes" if value else "no"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a sheet: its key in the rows, its heading, how a value is shown.

    is_whole: values stay on one line however narrow the terminal is.
    """

    key: str
    label: str
    show: Format = text
    is_whole: bool = False

    def cell(self, row: Mapping[str, Any]) -> str:
        """Return the value of a row; what is unknown is a dash, never a zero."""
        value = row[self.key]
        # A creator may call themselves anything, also [bold].
        return NOTHING if value is None else escape(self.show(value))


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under a name.

    `heads`: a function that gives each row's heading where rows stand side by side and columns
    below one another; None for the usual way. `ends`: only so many rows of either end are shown.
    """

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    heads: Callable[[Mapping[str, Any]], str] | None = None
    ends: int | None = None

    def to_table(self) -> Table:
        """Return the sheet as a table of a terminal."""
        return self._side_by_side() if self.heads else self._below_one_another()

    def to_rows(self) -> list[dict[str, object]]:
        """Return every row with every column of its query, as JSON knows them."""
        return [{key: to_json(value) for key, value in row.items()} for row in self.rows]

    def _below_one_another(self) -> Table:
        table = Table(title=escape(self.title))
        for column in self.columns:
            table.add_column(
                column.label,
                justify="left" if column.show is text else "right",
                overflow="fold",
                no_wrap=column.is_whole,
            )
        shown = len(self.rows) if self.ends is None else self.ends
        for number, row in enumerate(self.rows):
            if shown <= number < len(self.rows) - shown:
                if number == shown:
                    table.add_section()
                continue
            table.add_row(*(column.cell(row) for column in self.columns))
        return table

    def _side_by_side(self) -> Table:
        assert self.heads is not None
        table = Table(title=escape(self.title))
        table.add_column("")
        for row in self.rows:
            table.add_column(escape(self.heads(row)), justify="right")
        for column in self.columns:
            table.add_row(column.label, *(column.cell(row) for row in self.rows))
        return table


def to_json(value: object) -> object:
    """Return a value as JSON has it: money, shares and rates stay exact, as texts.

    Whole numbers of Postgres' integer types are numbers, numeric ones texts ("871.82"): a cent must
    survive a reader that knows only binary fractions. Dates are ISO texts, NULL is null.
    """
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
