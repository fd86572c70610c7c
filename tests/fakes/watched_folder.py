"""A watched folder of a test: read as the loader does, and as a replay does, without a database."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.http.redact import Redactor
from include.http.session import ApiSession
from include.sources._base import Connection, FetchContext, Page, Source, Window
from include.sources._records import RowReader, RowRejected

HASH_KEY = b"key of this test"
DAY = Window(
    start=dt.datetime(2026, 11, 4, 5, tzinfo=dt.UTC),
    end=dt.datetime(2026, 11, 5, 5, tzinfo=dt.UTC),
    key="2026-11-04",
)


@dataclass
class Reading:
    """What one reading of a stream gave."""

    pages: list[Page]
    rows: list[dict[str, Any]] = field(default_factory=list)
    rejected: list[str] = field(default_factory=list)
    bad_lines: list[str] = field(default_factory=list)

    @property
    def landed(self) -> bytes:
        return b"".join(page.body for page in self.pages)


@dataclass
class WatchedFolder:
    """A folder and the connection that names it."""

    root: Path
    source: Source
    extra: dict[str, Any] = field(default_factory=dict)
    sleep: Callable[[float], None] = lambda seconds: None
    window: Window = DAY

    def put(self, name: str, content: str | bytes, *, age_minutes: int = 60) -> Path:
        """Write a file that was changed some minutes ago."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        at = dt.datetime.now(dt.UTC).timestamp() - 60 * age_minutes
        os.utime(path, (at, at))
        return path

    def connection(self) -> Connection:
        extra = {"url": str(self.root), **self.extra}
        return Connection(self.source.name, extra=extra)

    def context(self, stream_name: str) -> FetchContext:
        stream = self.source.stream(stream_name)
        session = ApiSession(
            self.connection(),
            hash_key=HASH_KEY,
            personal_keys=stream.personal_keys,
            decode=stream.decode,
            sleep=self.sleep,
        )
        return FetchContext(session.connection, session, self.window)

    def read(self, stream_name: str) -> Reading:
        """Read a stream; its rows come from the pages' bytes alone, as in a replay."""
        stream = self.source.stream(stream_name)
        reader = RowReader(stream.record, stream.known)
        names = [column.name for column in reader.columns]
        found = Reading(list(stream.fetch(self.context(stream_name))))
        for page in found.pages:
            document = stream.decode(page.body)
            assert page.document in (None, document)
            before = len(found.rows) + len(found.rejected)
            try:
                for row in stream.parse(document, page):
                    try:
                        values, unknown = reader.read(row)
                    except RowRejected as error:
                        found.rejected.append(str(error))
                        continue
                    assert unknown is None
                    found.rows.append(dict(zip(names, values, strict=True)))
            except ValueError as error:
                found.bad_lines.append(str(error))
            else:
                read = len(found.rows) + len(found.rejected) - before
                assert page.context["expected_rows"] == read
        return found


def hashed(text: str) -> str:
    """The HMAC that stands for a personal value in the tests."""
    return Redactor(HASH_KEY, frozenset()).hash_value(text)
