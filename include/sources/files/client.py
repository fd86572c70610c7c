"""Read the files of a sub-folder as pages, and pages back as rows.

Files are read twice: first to check all of them, so that nothing is landed when one is wrong, then
to land them page by page. Only what does not change a row is done in between: personal cells are
hashed, other encodings become UTF-8, JSON lists and Parquet become JSON lines.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

import msgspec

from include.errors import InvalidFile, InvalidSettings, Truncated
from include.http.decode import decode_json
from include.http.folder import Folder, FolderFile
from include.http.parquet import read_parquet, read_parquet_names
from include.sources._base import Document, FetchContext, Page
from include.sources.files.layout import FileRefused, Layout
from include.sources.files.rows import (
    Row,
    hash_cells,
    read_csv,
    read_json_lines,
    without_broken,
)
from include.sources.files.text import DELIMITERS, ENCODINGS, choose_delimiter, read_lines

# A page is what is decoded and kept in memory at once.
PAGE_CHARS = 4_000_000
# A JSON list has no lines: it is decoded whole.
MAX_LIST_BYTES = 64 * 1024 * 1024
SHOWN_PROBLEMS = 5
JSON_LINES = (".jsonl", ".ndjson")
FORMATS = (".csv", ".json", *JSON_LINES, ".parquet")

# Of each key its hash, the line that has it and the hash of the row; texts would fill the memory.
Seen = dict[int, tuple[int, int]]

_encode = msgspec.json.Encoder(decimal_format="number").encode
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What the connection declares: the files' encoding, and which delimiters a CSV may have."""

    encoding: str = "utf-8"
    delimiters: tuple[str, ...] = (",", ";", "\t")


@dataclass(slots=True)
class Sheet:
    """An opened file as rows. `head` is landed before the rows of each page."""

    rows: Iterator[Row]
    head: str = ""
    delimiter: str | None = None


@dataclass(slots=True)
class Checked:
    """What the first reading of a file found; `names` are the files of this very content."""

    file: FolderFile
    digest: str = ""
    bad_lines: dict[int, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)


def fetch_files(layout: Layout) -> Callable[[FetchContext], Iterator[Page]]:
    """Return the `fetch` of a sub-folder.

    It raises `InvalidFile` listing every file that is not as declared, before anything is landed.
    """

    def fetch(ctx: FetchContext) -> Iterator[Page]:
        folder, dialect = Folder(ctx.session), read_dialect(ctx)
        for checked in check_files(folder, layout, dialect):
            yield from _pages(folder, layout, dialect, checked)

    return fetch


def parse_rows(layout: Layout) -> Callable[[Any, Page], Iterator[Document]]:
    """Return the `parse` of a sub-folder; a ValueError at the end of a page names its bad lines."""

    def parse(document: bytes, page: Page) -> Iterator[Document]:
        file_name, bad = str(page.context["file_name"]), dict(page.context["bad_lines"])
        for row in _landed_rows(document, page):
            if row.values is not None and row.line not in bad:
                place = {"file_name": file_name, "line_number": row.line}
                yield {**layout.clean(row.values), **place}
        if bad:
            told = [f"line {line} {problem}" for line, problem in list(bad.items())]
            more = f"; and {len(told) - SHOWN_PROBLEMS} more" if len(told) > SHOWN_PROBLEMS else ""
            raise ValueError(f"{file_name}: {'; '.join(told[:SHOWN_PROBLEMS])}{more}")

    return parse


def read_dialect(ctx: FetchContext) -> Dialect:
    """Read what the connection declares; raise `InvalidSettings` for what is not allowed."""
    extra, where = ctx.connection.extra, f"connection {ctx.connection.conn_id!r}"
    encoding = str(extra.get("encoding", "utf-8")).lower()
    if encoding not in ENCODINGS:
        raise InvalidSettings(
            f"{where}: extra.encoding {encoding!r} is not allowed; allowed: {', '.join(ENCODINGS)}"
        )
    delimiters = extra.get("delimiters", Dialect().delimiters)
    is_list = isinstance(delimiters, Sequence) and len(delimiters) > 0
    if not is_list or not all(delimiter in DELIMITERS for delimiter in delimiters):
        raise InvalidSettings(
            f"{where}: extra.delimiters {delimiters!r} is not allowed; allowed: a list of "
            f"{', '.join(map(repr, DELIMITERS))}"
        )
    return Dialect(encoding, tuple(delimiters))


def check_files(folder: Folder, layout: Layout, dialect: Dialect) -> list[Checked]:
    """Read all files once; return those to land, a content that is there twice only once."""
    by_digest: dict[str, Checked] = {}
    refused: list[str] = []
    for file in folder.list_files(layout.name):
        try:
            found = _check_file(folder, layout, dialect, file)
        except FileRefused as error:
            refused.append(f"{file.name}: {error}")
            continue
        first = by_digest.setdefault(found.digest, found)
        first.names.append(file.name)
        if first is not found:
            _log.warning("%s is a copy of %s; left out", file.name, first.file.name)
    if refused:
        raise InvalidFile(
            f"files.{layout.name}: {len(refused)} of the files cannot be read as declared; nothing "
            "was loaded:\n" + "\n".join(refused)
        )
    return list(by_digest.values())


def _check_file(folder: Folder, layout: Layout, dialect: Dialect, file: FolderFile) -> Checked:
    """Check every row of a file; note bad lines, refuse what would make the others doubtful."""
    checked, seen = Checked(file), Seen()
    digest = hashlib.sha256()
    with folder.open_file(file) as raw:
        for block in iter(lambda: raw.read(1 << 20), b""):
            digest.update(block)
    checked.digest = digest.hexdigest()
    with folder.open_file(file) as raw:
        for row in _open_sheet(raw, file.name, layout, dialect, folder).rows:
            if row.problem:
                checked.bad_lines[row.line] = row.problem
            if row.values is None:
                continue
            layout.check_values(row.values, f"line {row.line}")
            if (problem := _repeats(layout, row, seen)) is not None:
                checked.bad_lines[row.line] = problem
    return checked


def _repeats(layout: Layout, row: Row, seen: Seen) -> str | None:
    """Say that a row has the key of an earlier one but other values; the same values do no harm."""
    cleaned = layout.clean(row.values or {})
    key = layout.key_of(cleaned)
    if key is None:
        return None
    content = hash(repr(sorted(cleaned.items())))
    line, earlier = seen.setdefault(hash(key), (row.line, content))
    if earlier == content:
        return None
    return f"has the {', '.join(layout.key)} of line {line} and other values"


def _open_sheet(
    raw: IO[bytes], name: str, layout: Layout, dialect: Dialect, folder: Folder
) -> Sheet:
    """Read a file in its format; raise `FileRefused` for wrong headers or an unknown format."""
    suffix = "." + name.lower().rpartition(".")[2]
    if suffix == ".csv":
        return _open_csv(read_lines(raw, dialect.encoding), layout, dialect, folder)
    if suffix in JSON_LINES:
        return Sheet(_checked_objects(read_json_lines(read_lines(raw, "utf-8")), layout))
    if suffix == ".json":
        return Sheet(_checked_objects(read_json_lines(_list_lines(raw)), layout))
    if suffix == ".parquet":
        try:
            layout.check_names(read_parquet_names(raw, name), "columns")
            return Sheet(_checked_objects(read_json_lines(read_parquet(raw, name)), layout))
        except ValueError as error:
            raise FileRefused(str(error)) from None
    raise FileRefused(f"its format is not known; allowed: {', '.join(FORMATS)}")


def _open_csv(lines: Iterator[str], layout: Layout, dialect: Dialect, folder: Folder) -> Sheet:
    first = next(lines, "")
    delimiter = choose_delimiter(first, dialect.delimiters, layout.headers)
    names, head, rows = read_csv(_chain(first, lines), delimiter)
    layout.check_names(names, "line 1")
    if layout.personal & set(names):
        rows = hash_cells(rows, names, layout.personal, delimiter, folder.hash_value)
    return Sheet(rows, head if head.endswith("\n") else head + "\n", delimiter)


def _chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _list_lines(raw: IO[bytes]) -> Iterator[str]:
    """Yield the objects of a JSON list as lines; numbers keep their text."""
    body = raw.read(MAX_LIST_BYTES + 1)
    if len(body) > MAX_LIST_BYTES:
        limit = MAX_LIST_BYTES // 1024 // 1024
        raise FileRefused(f"is a JSON list over {limit} MB; allowed: JSON lines (.jsonl) or CSV")
    try:
        body = "".join(read_lines(io.BytesIO(body), "utf-8")).encode()
        document = decode_json(body)
    except Truncated:
        raise FileRefused("is no JSON; for one object per line name it .jsonl") from None
    if not isinstance(document, list):
        raise FileRefused(f"holds no list of objects but {type(document).__name__}")
    for item in document:
        yield _encode(item).decode() + "\n"


def _checked_objects(rows: Iterator[Row], layout: Layout) -> Iterator[Row]:
    """Pass rows on; raise `FileRefused` at the first object whose keys are not as declared."""
    known = set(layout.headers)
    for row in rows if not layout.personal else without_broken(rows):
        # A key may be left out of an object where its value may be missing; all are checked alike.
        if row.values is not None and not row.values.keys() <= known:
            layout.check_names(list(row.values), f"line {row.line}")
        yield row


def _pages(folder: Folder, layout: Layout, dialect: Dialect, checked: Checked) -> Iterator[Page]:
    """Yield the pages of a file; a file without rows is one page that says so."""
    file = checked.file
    with folder.open_file(file) as raw:
        sheet = _open_sheet(raw, file.name, layout, dialect, folder)
        rows: list[Row] = []
        size = count = 0
        for row in sheet.rows:
            rows.append(row)
            size += len(row.text)
            if size >= PAGE_CHARS:
                yield _page(folder, sheet, checked, rows)
                rows, size, count = [], 0, count + 1
        if rows or not count:
            yield _page(folder, sheet, checked, rows)


def _page(folder: Folder, sheet: Sheet, checked: Checked, rows: Sequence[Row]) -> Page:
    texts = [row.text if row.text.endswith("\n") else row.text + "\n" for row in rows]
    bad = [[r.line, checked.bad_lines[r.line]] for r in rows if r.line in checked.bad_lines]
    is_csv = sheet.delimiter is not None
    body = (
        folder.redact((sheet.head + "".join(texts)).encode())
        if is_csv
        else folder.redact_lines(texts)
    )
    context = {
        "file_name": checked.file.name,
        "file_sha256": checked.digest,
        "delimiter": sheet.delimiter,
        "first_line": rows[0].line if rows else 1,
        "bad_lines": bad,
        "expected_rows": sum(row.values is not None or bool(row.problem) for row in rows),
        # Rows these files had and have no more are gone; rows of files that are gone stay.
        "slices": [[name] for name in checked.names],
    }
    return Page(
        body=body,
        status=200,
        captured_at=dt.datetime.now(dt.UTC),
        captured_at_source="local",
        request={"method": "READ", "file": checked.file.name},
        document=body,
        context=context,
    )


def _landed_rows(body: bytes, page: Page) -> Iterator[Row]:
    lines, first_line = io.StringIO(body.decode()), int(page.context["first_line"])
    delimiter = page.context["delimiter"]
    if delimiter is None:
        yield from read_json_lines(lines, first_line)
        return
    _, head, rows = read_csv(lines, str(delimiter))
    shift = first_line - head.count("\n") - 1
    for row in rows:
        yield Row(row.line + shift, row.text, row.values, row.problem)
