"""The stage of one load: temporary tables that COPY fills batch by batch while pages arrive.

Batches are committed as they come (temporary tables write no WAL and vanish with the session), so
no transaction stays open while an API is waited for; the merge is the load's one real transaction.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec
import psycopg
from psycopg import sql

from include.sources._base import Page, Stream, StreamKind
from include.sources._records import Column, Row
from include.sources._units import Unit
from include.warehouse.load_tables import EXTRA, RawTable

# Rows in memory before they are copied; about ten megabytes of orders.
BATCH_ROWS = 8_000
# Rows written at once: what is made of them fits into a core's cache.
PIECE_ROWS = 400
_TIME = "timestamp with time zone"
_SEQ = Column("_seq", (), "bigint", False)
_encode_lines = msgspec.json.Encoder().encode_lines

# Reads what `csv_of` writes: quoted texts are never NULL, a bare null is.
_COPY = "copy {} ({}) from stdin (format csv, quote '\"', escape '\\', null 'null')"
_ESCAPED = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|([^u]))")
_CONTROLS = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

# When a page was captured, and for snapshots by whose clock: the last columns of the stage.
Capture = tuple[str, ...]


@dataclass(slots=True)
class Refused:
    """A unit that Postgres itself refused, with its reason."""

    unit: Unit
    page_number: int
    reason: str


@dataclass(slots=True)
class _Batch:
    units: list[Unit] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    rows: int = 0


class Stage:
    """Stages the units of one stream. `tables` are the raw tables: the parent, then its children.

    Stage tables are `pg_temp.stage_<n>` with the record's columns, `_seq` (the unit's number, which
    ties children to parents) and for the parent when the row was captured, `_extra` and the content
    hash.
    """

    def __init__(
        self, conn: psycopg.Connection, stream: Stream, tables: Sequence[RawTable]
    ) -> None:
        self._conn = conn
        self._is_snapshot = stream.kind is StreamKind.SNAPSHOT
        self._batch = _Batch()
        self._copies: list[sql.Composed] = []
        self.tables = tables
        self.units = 0
        self.refused: list[Refused] = []
        for index, table in enumerate(tables):
            columns = self._parent_columns(table) if index == 0 else (*table.columns, EXTRA, _SEQ)
            self._create(index, columns)

    def add(self, units: Sequence[Unit], capture: Capture, page_number: int) -> None:
        """Take units, whose rows become the stage's; copy what has gathered when it is enough."""
        batch, first = self._batch, self.units
        for seq, unit in enumerate(units, start=first):
            unit.row += (unit.extra, "\\x" + unit.content_hash.hex(), seq, *capture)
            for rows in unit.children:
                batch.rows += len(rows)
                for row in rows:
                    row.append(seq)
        self.units = first + len(units)
        batch.units += units
        batch.pages += [page_number] * len(units)
        batch.rows += len(units)
        if batch.rows >= BATCH_ROWS:
            self.flush()

    def capture_of(self, page: Page) -> Capture:
        """Return what the stage keeps of when a page was captured."""
        at = page.captured_at.isoformat()
        return (at, page.captured_at_source) if self._is_snapshot else (at,)

    def flush(self) -> None:
        """Copy what has gathered; units Postgres refuses end in `refused`, others are staged."""
        batch, self._batch = self._batch, _Batch()
        if batch.units:
            self._copy_or_split(batch)

    def _copy_or_split(self, batch: _Batch) -> None:
        """Copy a batch; one that holds a refused value is halved until its unit is alone."""
        try:
            with self._conn.transaction():
                self._copy(batch)
        except (psycopg.DataError, UnicodeEncodeError) as error:
            if len(batch.units) == 1:
                reason = str(error).partition("\n")[0]
                self.refused.append(Refused(batch.units[0], batch.pages[0], reason))
                return
            middle = len(batch.units) // 2
            for part in (slice(None, middle), slice(middle, None)):
                self._copy_or_split(_Batch(batch.units[part], batch.pages[part]))

    def _copy(self, batch: _Batch) -> None:
        self._copy_rows(0, [unit.row for unit in batch.units])
        for index in range(len(self.tables) - 1):
            rows = [row for unit in batch.units for row in unit.children[index]]
            self._copy_rows(index + 1, rows)

    def _copy_rows(self, index: int, rows: list[Row]) -> None:
        if rows:
            with self._conn.cursor() as cursor, cursor.copy(self._copies[index]) as copy:
                for start in range(0, len(rows), PIECE_ROWS):
                    copy.write(csv_of(rows[start : start + PIECE_ROWS]))

    def _parent_columns(self, table: RawTable) -> tuple[Column, ...]:
        capture: tuple[Column, ...] = (Column("_captured_at", (), _TIME, False),)
        if self._is_snapshot:
            capture = (
                Column("captured_at", (), _TIME, False),
                Column("captured_at_source", (), "text", False),
            )
        content_hash = Column("_content_hash", (), "bytea", False)
        return (*table.columns, EXTRA, content_hash, _SEQ, *capture)

    def _create(self, index: int, columns: Iterable[Column]) -> None:
        name = stage_table(index)
        self._conn.execute(sql.SQL("drop table if exists {}").format(name))
        definitions = sql.SQL(", ").join(
            sql.SQL("{} {}").format(sql.Identifier(c.name), sql.SQL(c.sql_type)) for c in columns
        )
        self._conn.execute(sql.SQL("create temp table {} ({})").format(name, definitions))
        names = sql.SQL(", ").join(sql.Identifier(c.name) for c in columns)
        self._copies.append(sql.SQL(_COPY).format(name, names))


def csv_of(rows: Sequence[Row]) -> bytes:
    """Return rows of texts, numbers, booleans and None as CSV for `_COPY`.

    A JSON array is a line of CSV but for its brackets and for the escapes of control characters.
    msgspec writes it in a tenth of the time that formatting row by row takes.
    """
    # A newline inside a text is still escaped here, so every line is one row in its brackets.
    # Cutting them off line by line takes half as long as replacing what stands between rows.
    lines = _encode_lines(rows).split(b"\n")
    # After the last row's newline comes one empty line more; it ends the text.
    text = b"\n".join([line[1:-1] for line in lines])
    return _ESCAPED.sub(_character, text) if b"\\" in text else text


def _character(escape: re.Match[bytes]) -> bytes:
    """Return what an escape stands for; quotes and backslashes stay escaped, CSV wants it so."""
    if (code := escape.group(1)) is not None:
        return chr(int(code, 16)).encode()
    return _CONTROLS.get(escape.group(2), escape.group())


def stage_table(index: int) -> sql.Composable:
    """Return the stage of a stream's table: 0 for the parent, 1… for its children."""
    return sql.SQL("pg_temp.") + sql.Identifier(f"stage_{index}")
