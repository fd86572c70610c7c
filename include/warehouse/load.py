"""Load one stream's window: pages in, one transaction out.

`StreamLoad` parses pages into units (a row with its child rows), stages them by COPY and merges
them. The merge, the window's row in `quality.load_windows` and the rejects commit together or not
at all, so a load that dies at any moment leaves what was there before, and running it again is
always right.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

import psycopg

from include.errors import CountMismatch, TooManyRejects, Truncated
from include.sources._base import Document, Page, Stream, Window
from include.sources._records import RowRejected, encode_json, key_text
from include.sources._units import SHAPE_ERRORS, Unit, UnitReader, describe
from include.warehouse import load_merge, load_rejects, load_slices
from include.warehouse.load_rejects import Reject, RejectScope
from include.warehouse.load_stage import Capture, Stage
from include.warehouse.load_tables import create_raw_tables, ensure_tables, stream_tables
from include.warehouse.load_windows import Captures, LoadCounts, record_load, record_skip

__all__ = ["LoadCounts", "StreamLoad", "create_raw_tables", "record_skip"]

_log = logging.getLogger(__name__)
# Rejects kept in memory; a window with more of them is lost anyway.
MAX_REJECTS = 10_000
# Documents read together: fewer cost more calls, more leave the cache of a core.
CHUNK_DOCUMENTS = 50


class StreamLoad:
    """One load of one stream.

    conn: in autocommit mode; it serves no other load at the same time. is_partial: only some pages
    of the window are read (rejects after a fix); then counts are not checked and nothing is
    deleted. only_keys: of these pages load just the documents of these keys.
    """

    def __init__(
        self,
        conn: psycopg.Connection,
        source_name: str,
        stream: Stream,
        window: Window,
        scope: RejectScope,
        *,
        is_partial: bool = False,
        only_keys: Collection[str] | None = None,
    ) -> None:
        ensure_tables(conn, source_name, stream)
        tables = stream_tables(source_name, stream)
        self._conn = conn
        self._stream = stream
        self._window = window
        self._scope = scope
        self._is_partial = is_partial
        self._only_keys = only_keys
        self._reader = UnitReader(stream)
        self._stage = Stage(conn, stream, tables)
        self._target = load_merge.Target(stream, tables, scope.connection_id, window.start)
        self._coverage = load_slices.Coverage()
        self._rejects: list[Reject] = []
        self._captures = Captures()
        self._pages = self._rows = self._rejected = self._largest_page = 0
        self._expected_total: int | None = None

    def add_page(self, number: int, page: Page) -> None:
        """Parse and stage a page; what does not fit is kept for quarantine.

        Raise `CountMismatch` when the page announces another number of documents than it holds.
        """
        self._note(page)
        before, lost = self._rows, False
        try:
            document = page.document
            if document is None:
                document = self._stream.decode(page.body)
            capture = self._stage.capture_of(page)
            for documents in self._chunks(self._stream.parse(document, page)):
                self._add_documents(documents, number, capture)
        except (*SHAPE_ERRORS, Truncated) as error:
            lost = True
            self._reject_page(number, page, describe(error), self._rows - before)
        got = self._rows - before
        self._largest_page = max(self._largest_page, got)
        expected = page.context.get("expected_rows")
        if not lost and not self._is_partial and expected is not None and expected != got:
            raise CountMismatch(
                f"{self._name}: page {number} announces {expected} rows and holds {got}; "
                "nothing of the window was loaded"
            )

    def check_counts(self) -> None:
        """Raise `CountMismatch` when the API announced another number of documents than came."""
        if not self._is_partial and self._expected_total not in (None, self._rows):
            raise CountMismatch(
                f"{self._name}: the API announces {self._expected_total} rows and sent "
                f"{self._rows}; nothing of the window was loaded"
            )

    def check_rejects(self) -> None:
        """Raise `TooManyRejects` when more is quarantined than the stream allows.

        The rejects are written to quarantine all the same, so that a person sees the reasons.
        """
        self._stage.flush()
        columns = self._reader.parent.columns
        names = [column.name for column in columns]
        for refused in self._stage.refused:
            row = refused.unit.row
            places = [names.index(name) for name in self._stream.key]
            key = key_text((row[place], columns[place]) for place in places)
            payload = encode_json([row, refused.unit.children]).decode()
            self._reject(Reject(key, refused.reason, payload, refused.page_number), 1)
        self._stage.refused.clear()
        allowed = self._allowed_rejects()
        if not self._is_partial and self._rejected > allowed:
            with self._conn.transaction():
                load_rejects.write_rejects(self._conn, self._scope, self._rejects, None)
            raise TooManyRejects(
                f"{self._name}: {self._rejected} of {self._rows} rows do not fit (allowed: "
                f"{allowed}); nothing was loaded; first: {self._rejects[0].reason}; see "
                "quarantine.rejects"
            )

    def merge(self) -> LoadCounts:
        """Write everything in one transaction and return what it did."""
        conn, target = self._conn, self._target
        load_merge.analyze_stage(conn, target)
        with conn.transaction():
            load_merge.lock_tables(conn, target)
            load_merge.prefer_lookups(conn)
            load_merge.keep_newest_staged(conn, target)
            resolves = load_rejects.has_unresolved(conn, self._scope)
            if resolves:
                load_rejects.remember_staged_keys(conn, self._stream)
            unchanged, deleted = self._settle_slices(self._captures.until)
            knows_any = load_merge.has_known(conn, target)
            if knows_any:
                unchanged += load_merge.drop_unchanged(conn, target)
            merged = load_merge.count_staged(conn)
            counts = LoadCounts(
                load_id=0,
                pages_read=self._pages,
                rows_read=self._rows,
                rows_merged=merged,
                rows_unchanged=unchanged,
                rows_deleted=deleted,
                rows_rejected=self._rejected,
                drifted_fields=tuple(sorted(self._reader.drifted)),
            )
            load_id = record_load(conn, self._scope, self._window, self._captures, counts)
            if merged:
                load_merge.write_changes(conn, target, load_id, knows_any=knows_any)
            load_rejects.write_rejects(conn, self._scope, self._rejects, load_id)
            if resolves:
                has_lost_pages = any(reject.record_key is None for reject in self._rejects)
                is_whole = not self._is_partial and not has_lost_pages
                load_rejects.resolve_rejects(conn, self._scope, load_id, is_whole_window=is_whole)
        return replace(counts, load_id=load_id)

    @property
    def _name(self) -> str:
        scope = self._scope
        return f"{scope.source}.{scope.stream} of {scope.connection_id!r}, {scope.partition_key}"

    def _note(self, page: Page) -> None:
        self._pages += 1
        self._captures.add(page)
        self._coverage.add(page.context)
        self._expected_total = page.context.get("expected_total", self._expected_total)

    def _chunks(self, documents: Iterable[Document]) -> Iterator[list[Document]]:
        """Gather documents; those a parser gave before it broke off are not lost."""
        chunk: list[Document] = []
        try:
            for document in documents:
                if self._only_keys is None or self._reader.key_of(document) in self._only_keys:
                    chunk.append(document)
                if len(chunk) == CHUNK_DOCUMENTS:
                    yield chunk
                    chunk = []
        except SHAPE_ERRORS:
            yield chunk
            raise
        yield chunk

    def _add_documents(self, documents: Sequence[Document], number: int, capture: Capture) -> None:
        self._rows += len(documents)
        found = self._reader.read_many(documents)
        units = [unit for unit in found if isinstance(unit, Unit)]
        self._stage.add(units, capture, number)
        if len(units) == len(found):
            return
        for document, error in zip(documents, found, strict=True):
            if isinstance(error, RowRejected):
                payload = encode_json(document).decode()
                key = self._reader.key_of(document)
                self._reject(Reject(key, str(error), payload, number), 1)

    def _reject_page(self, number: int, page: Page, reason: str, got: int) -> None:
        """Quarantine a page; it counts as the rows it announces, else as the largest page's."""
        payload = page.body[: load_rejects.PAYLOAD_CHARS].decode("utf-8", "replace")
        likely = int(page.context.get("expected_rows") or self._largest_page) - got
        rows = max(1, likely)
        self._rows += rows
        self._reject(Reject(None, f"page {number} does not parse: {reason}", payload, number), rows)

    def _reject(self, reject: Reject, rows: int) -> None:
        self._rejected += rows
        if len(self._rejects) < MAX_REJECTS:
            self._rejects.append(reject)

    def _allowed_rejects(self) -> int:
        share = self._stream.rejects_allowed
        # A single bad row of a small day is quarantined too; the checks judge its share.
        return 0 if share == 0 else max(1, math.floor(share * self._rows))

    def _settle_slices(self, captured_to: dt.datetime) -> tuple[int, int]:
        """Drop staged rows that newer loads cover, delete vanished ones; return both counts."""
        stream = self._stream
        # A window without any answer says nothing about what vanished.
        if not stream.replaces or self._is_partial or not self._pages:
            return 0, 0
        newer = load_slices.newer_windows(self._conn, self._scope.key, captured_to)
        outdated = load_slices.outdated_slices(stream, self._coverage, newer)
        replaced = load_slices.replaced_slices(stream, self._window, self._coverage, newer)
        dropped = deleted = 0
        if outdated is not None:
            dropped = load_merge.drop_slices(self._conn, self._target, outdated)
        if replaced is not None and self._rejects:
            _log.warning("%s: rows were rejected, so no vanished rows are deleted", self._name)
        elif replaced is not None:
            deleted = load_merge.delete_vanished(self._conn, self._target, replaced)
        return dropped, deleted
