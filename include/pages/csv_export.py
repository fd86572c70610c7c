"""Rows as a CSV file that a spreadsheet opens as text and numbers, never as formulas."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from decimal import Decimal

from fastapi import Response

from include.pages.reader import Row

# A cell that begins so is run as a formula by spreadsheets, whoever wrote the caption it came from.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_response(file_name: str, columns: Sequence[str], rows: Sequence[Row]) -> Response:
    """Return the rows as a download; `file_name` is ours, without quotes."""
    return Response(
        write_csv(columns, rows),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{file_name}"'},
    )


def write_csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Return a header and one line per row in UTF-8, marked as such for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([escape(name) for name in columns])
    for row in rows:
        writer.writerow([escape(row[name]) for name in columns])
    return text.getvalue().encode("utf-8-sig")


def escape(value: object) -> str:
    """Return the text of a cell: numbers as they are, a text that starts a formula behind a '.

    A negative amount keeps its sign: it is no formula, and as text it would be missing in sums.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, dt.date | dt.datetime):
        return value.isoformat()
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text
