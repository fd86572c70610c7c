"""Rows of a file with their line numbers: the same reading of a file and of its landed pages."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from include.errors import Truncated
from include.http.decode import decode_json
from include.sources.files.layout import FileRefused

# Far above any cell a person writes; csv stops at 128 kB by default.
MAX_CELL_CHARS = 16 * 1024 * 1024
Hash = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Row:
    """One row. `text` is what is landed of it; `values` is None for a blank or a bad line.

    `line` counts from 1 with the header; in a JSON list or a Parquet file it is the row's place.
    """

    line: int
    text: str
    values: Mapping[str, Any] | None = None
    problem: str = ""


def read_csv(lines: Iterable[str], delimiter: str) -> tuple[list[str], str, Iterator[Row]]:
    """Return the header's names, the header's text and the rows after it."""
    records = _read_records(iter(lines), delimiter)
    first = next((record for record in records if record.cells), None)
    if first is None or first.problem:
        raise FileRefused(f"line 1: no header line ({first.problem if first else 'empty'})")
    names = [name.strip() for name in first.cells]
    return names, first.text, (_csv_row(record, names) for record in records)


def read_json_lines(lines: Iterable[str], first_line: int = 1) -> Iterator[Row]:
    """Yield the rows of JSON lines; a line that is no object is a bad one."""
    for number, text in enumerate(lines, start=first_line):
        if not text.strip():
            yield Row(number, text)
            continue
        try:
            values = decode_json(text.encode())
        except Truncated:
            yield Row(number, text, problem="is no JSON")
            continue
        if isinstance(values, dict):
            yield Row(number, text, values)
        else:
            yield Row(number, text, problem=f"is no JSON object but {type(values).__name__}")


def hash_cells(
    rows: Iterable[Row],
    names: list[str],
    personal: frozenset[str],
    delimiter: str,
    hash_value: Hash,
) -> Iterator[Row]:
    """Replace the personal cells of CSV rows; other rows keep their text to the byte."""
    places = [place for place, name in enumerate(names) if name in personal]
    for row in without_broken(rows) if places else rows:
        yield _hashed(row, places, names, delimiter, hash_value) if places else row


def without_broken(rows: Iterable[Row]) -> Iterator[Row]:
    """Pass rows on, the text of a bad one blank.

    Nobody can tell what of a broken line is an address, so none of it is landed.
    """
    for row in rows:
        yield replace(row, text="\n" * max(1, row.text.count("\n"))) if row.problem else row


@dataclass(frozen=True, slots=True)
class _Record:
    line: int
    text: str
    cells: list[str]
    problem: str = ""


def _read_records(lines: Iterator[str], delimiter: str) -> Iterator[_Record]:
    """Yield CSV records with their text; one whose quotes are wrong has a problem instead."""
    csv.field_size_limit(MAX_CELL_CHARS)
    taken: list[str] = []

    def feed() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line

    reader = csv.reader(feed(), delimiter=delimiter, strict=True)
    line = 1
    while True:
        taken.clear()
        cells, problem = [], ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                # All that follows is inside this cell, so nothing of it can be trusted.
                raise FileRefused(f"line {line}: a quote is opened and never closed") from None
            problem = f"is no CSV ({error})"
        yield _Record(line, "".join(taken), cells, problem)
        line += len(taken)


def _csv_row(record: _Record, names: list[str]) -> Row:
    if record.problem:
        return Row(record.line, record.text, problem=record.problem)
    if not any(cell.strip() for cell in record.cells):
        return Row(record.line, record.text)
    if len(record.cells) != len(names):
        problem = f"has {len(record.cells)} cells, the header {len(names)}"
        return Row(record.line, record.text, problem=problem)
    return Row(record.line, record.text, dict(zip(names, record.cells, strict=True)))


def _hashed(row: Row, places: list[int], names: list[str], delimiter: str, hash_value: Hash) -> Row:
    if row.values is None:
        return row
    cells = [str(value) for value in row.values.values()]
    for place in places:
        cells[place] = hash_value(cells[place].strip())
    out = io.StringIO(newline="\n")
    end = "\r\n" if row.text.endswith("\r\n") else "\n"
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerow(cells)
    return Row(row.line, out.getvalue(), dict(zip(names, cells, strict=True)), row.problem)
