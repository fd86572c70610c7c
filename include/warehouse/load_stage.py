"""The stage of one load: temporary tables that COPY fills batch by batch while pages arrive.

Batches are committed as they come (temporary tables write no WAL and vanish with the session), so
no transaction stays open while an API is waited for; the merge is the load's one real transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from include.sources._base import Page, Stream, StreamKind
from include.sources._records import Column
from include.sources._units import Unit
from include.warehouse.load_batch import Batch, csv_pieces
from include.warehouse.load_tables import EXTRA, RawTable

# Bytes that wait before they are copied: 1,500 orders with what they hold, a COPY for each table.
BATCH_BYTES = 4 * 1024 * 1024
_TIME = "timestamp with time zone"
_SEQ = Column("_seq", (), "bigint", False)
# Reads what `csv_of` writes: quoted texts are never NULL, a bare null is.
_COPY = "copy {} ({}) from stdin (format csv, quote '\"', escape '\\', null 'null')"

# When a page was captured, and for snapshots by whose clock: the last columns of the stage.
Capture = tuple[str, ...]


@dataclass(slots=True)
class Refused:
    """A unit that Postgres itself refused, with its reason."""

    unit: Unit
    page_number: int
    reason: str


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
        self._copies: list[sql.Composed] = []
        self.tables = tables
        self._batch = self._empty_batch()
        self.units = 0
        self.refused: list[Refused] = []
        for index, table in enumerate(tables):
            columns = self._parent_columns(table) if index == 0 else (*table.columns, EXTRA, _SEQ)
            self._create(index, columns)

    def add(self, units: Sequence[Unit], capture: Capture, page_number: int) -> None:
        """Take units, whose rows become the stage's; copy what has gathered when it is enough."""
        first = self.units
        for seq, unit in enumerate(units, start=first):
            unit.row += (unit.extra, "\\x" + unit.content_hash.hex(), seq, *capture)
            for rows in unit.children:
                for row in rows:
                    row.append(seq)
        self.units = first + len(units)
        try:
            self._batch.add(units, page_number)
        except UnicodeEncodeError:
            self._add_each(units, page_number)
        if self._batch.size >= BATCH_BYTES:
            self.flush()

    def _add_each(self, units: Sequence[Unit], page_number: int) -> None:
        """Add units one by one; one whose text has no bytes is refused."""
        for unit in units:
            try:
                self._batch.add([unit], page_number)
            except UnicodeEncodeError as error:
                self.refused.append(Refused(unit, page_number, str(error)))

    def capture_of(self, page: Page) -> Capture:
        """Return what the stage keeps of when a page was captured."""
        at = page.captured_at.isoformat()
        return (at, page.captured_at_source) if self._is_snapshot else (at,)

    def flush(self) -> None:
        """Copy what has gathered; units Postgres refuses end in `refused`, others are staged."""
        batch, self._batch = self._batch, self._empty_batch()
        if batch.pages:
            self._copy_or_split(batch)

    def _copy_or_split(self, batch: Batch) -> None:
        """Copy a batch; one that holds a refused value is halved until its unit is alone."""
        try:
            with self._conn.transaction():
                self._copy(batch)
        except psycopg.DataError as error:
            if len(batch.pages) == 1:
                [(unit, page_number)] = batch.units()
                reason = str(error).partition("\n")[0]
                self.refused.append(Refused(unit, page_number, reason))
                return
            for half in batch.halves():
                self._copy_or_split(half)

    def _copy(self, batch: Batch) -> None:
        for statement, texts in zip(self._copies, batch.texts, strict=True):
            if texts:
                with self._conn.cursor() as cursor, cursor.copy(statement) as copy:
                    for piece in csv_pieces(texts):
                        copy.write(piece)

    def _empty_batch(self) -> Batch:
        # After the record's columns: `_extra`, the content hash, then the unit's number.
        return Batch.of(len(self.tables), len(self.tables[0].columns) + 2)

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


def stage_table(index: int) -> sql.Composable:
    """Return the stage of a stream's table: 0 for the parent, 1… for its children."""
    return sql.SQL("pg_temp.") + sql.Identifier(f"stage_{index}")
