"""Find the export's files of a window's days and read them as pages, and pages back as events."""

from __future__ import annotations

import datetime as dt
import io
import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from include.errors import InvalidFile, Truncated
from include.http.decode import decode_json
from include.http.folder import Folder, FolderFile
from include.http.parquet import read_parquet
from include.sources._base import Document, FetchContext, Page
from include.sources.ga4_export.events import read_day, read_event

# GA4 changes the table of a day for up to three days.
LOOKBACK = dt.timedelta(days=3)
PAGE_CHARS = 4_000_000
SHOWN_PROBLEMS = 5
PERSONAL = frozenset({"user_pseudo_id", "user_id"})
# A table's name, with what `bq extract` appends where a wildcard follows it directly.
_TABLE = re.compile(r"(?:^|/)events_(intraday_)?(\d{8})(?:\d{12})?(?!\d)")
_FORMATS = (".json", ".jsonl", ".ndjson", ".parquet")
# Parameters that sites fill with what identifies a person; their value is text.
_PERSONAL_PARAM = re.compile(
    r'("key"\s*:\s*"(?:user_id|client_id|customer_id|email|phone|phone_number)"\s*,\s*"value"\s*:'
    r'\s*\{[^{}]*?"string_value"\s*:\s*")((?:[^"\\]|\\.)+)(?="|\\?\Z)'
)
# What a line of another shape than an event's raises.
_SHAPE_ERRORS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, Truncated)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DayFiles:
    """The files of one day: of the daily table, or while there is none of the intraday one."""

    day: dt.date
    is_intraday: bool
    files: tuple[FolderFile, ...]


def fetch_events(ctx: FetchContext) -> Iterator[Page]:
    """Yield the pages of the window's days and of the three days before, oldest day first."""
    folder = Folder(ctx.session)
    last = dt.date.fromisoformat(ctx.window.key)
    days = choose_files(folder.list_files(), last - LOOKBACK, last)
    replaced = _unbroken(days)
    for found in days:
        for file in found.files:
            for first_line, lines in _pieces(folder, file):
                yield _page(folder, found, file, first_line, lines, replaced)


def parse_events(document: bytes, page: Page) -> Iterator[Document]:
    """Yield a page's events; a ValueError at the end names the lines that are none."""
    context, bad = page.context, list[str]()
    day, is_intraday = str(context["event_date"]), bool(context["is_intraday"])
    for number, line in enumerate(io.StringIO(document.decode()), int(context["first_line"])):
        if not line.strip():
            continue
        try:
            event = decode_json(line.encode())
            if read_day(event).isoformat() != day:
                raise ValueError(f"is of {read_day(event)}, the file of {day}")
            row = read_event(event, is_intraday=is_intraday)
        except _SHAPE_ERRORS as error:
            bad.append(f"line {number} is no event ({_describe(error)})")
            continue
        yield {**row, "file_name": context["file_name"], "line_number": number}
    if bad:
        more = f"; and {len(bad) - SHOWN_PROBLEMS} more" if len(bad) > SHOWN_PROBLEMS else ""
        raise ValueError(f"{context['file_name']}: {'; '.join(bad[:SHOWN_PROBLEMS])}{more}")


def choose_files(files: Sequence[FolderFile], first: dt.date, last: dt.date) -> list[DayFiles]:
    """Return the days of a span that have files: daily ones, intraday ones where there are none.

    Raise `InvalidFile` for a file of these days in a format the export cannot be read in.
    """
    found: dict[dt.date, dict[bool, list[FolderFile]]] = {}
    for file in files:
        table = _table_of(file.name)
        if table is not None and first <= table[0] <= last:
            _check_format(file.name)
            found.setdefault(table[0], {}).setdefault(table[1], []).append(file)
    days = []
    for day, tables in sorted(found.items()):
        chosen = tables.get(False) or tables[True]
        days.append(DayFiles(day, False not in tables, tuple(sorted(chosen, key=_name))))
    return days


def _table_of(name: str) -> tuple[dt.date, bool] | None:
    """Return the day of a file's table and whether it is the intraday one; None for other files."""
    found = list(_TABLE.finditer(name))
    if not found:
        return None
    try:
        return dt.date.fromisoformat(found[-1].group(2)), found[-1].group(1) is not None
    except ValueError:
        return None


def _check_format(name: str) -> None:
    plain = name.lower().removesuffix(".gz")
    if not plain.endswith(_FORMATS) or name.lower().endswith(".parquet.gz"):
        raise InvalidFile(
            f"{name}: not a format the export is read in; allowed: JSON lines (.json, .jsonl, "
            ".ndjson, each also .gz) and .parquet"
        )


def _unbroken(days: Sequence[DayFiles]) -> tuple[dt.date, dt.date] | None:
    """Return the last unbroken run of days: whose rows become exactly the files'.

    A load says which days it replaces as a span, and a day without a file must keep its rows.
    """
    if not days:
        return None
    first = last = days[-1].day
    for found in reversed(days[:-1]):
        if found.day != first - dt.timedelta(days=1):
            _log.warning(
                "no file between %s and %s; earlier days are only added to", found.day, first
            )
            break
        first = found.day
    return first, last


def _pieces(folder: Folder, file: FolderFile) -> Iterator[tuple[int, list[str]]]:
    """Yield a file's lines in pieces, each with the number of its first line."""
    with folder.open_file(file) as raw:
        piece: list[str] = []
        size, first = 0, 1
        for number, line in enumerate(_lines(raw, file.name), start=1):
            piece.append(line if line.endswith("\n") else line + "\n")
            size += len(line)
            if size >= PAGE_CHARS:
                yield first, piece
                piece, size, first = [], 0, number + 1
        if piece or first == 1:
            yield first, piece


def _lines(raw: IO[bytes], name: str) -> Iterator[str]:
    if name.lower().endswith(".parquet"):
        try:
            yield from read_parquet(raw, name)
        except ValueError as error:
            raise Truncated(f"{name}: {error}") from None
    else:
        for line in raw:
            yield line.decode("utf-8", "replace")


def _page(
    folder: Folder,
    found: DayFiles,
    file: FolderFile,
    first_line: int,
    lines: Sequence[str],
    replaced: tuple[dt.date, dt.date] | None,
) -> Page:
    context: dict[str, Any] = {
        "file_name": file.name,
        "first_line": first_line,
        "event_date": found.day.isoformat(),
        "is_intraday": found.is_intraday,
        "expected_rows": sum(1 for line in lines if line.strip()),
    }
    if replaced is not None:
        context |= {"start_date": replaced[0].isoformat(), "end_date": replaced[1].isoformat()}
    body = folder.redact_lines(
        (line.removeprefix("\ufeff") for line in lines),
        lambda text: _PERSONAL_PARAM.sub(
            lambda found: found.group(1) + folder.hash_value(found.group(2)), text
        ),
    )
    return Page(
        body=body,
        status=200,
        captured_at=dt.datetime.now(dt.UTC),
        captured_at_source="local",
        request={"method": "READ", "file": file.name},
        document=body,
        context=context,
    )


def _describe(error: Exception) -> str:
    return str(error) if isinstance(error, ValueError) else f"{type(error).__name__}: {error}"


def _name(file: FolderFile) -> str:
    return file.name
