"""Write the pages of one run of one window, and read them back, verified, for a replay.

    <landing>/<source>/<connection>/<stream>/<partition>/<run>/page-000001.gz …  manifest.jsonl.gz

The manifest is written last: a folder without one is unfinished and no replay sees it. It is JSON
lines, so that its size in memory does not grow with the pages: a header (what ran), one line per
page (request without secrets, status, time, hash, context), a footer (number of pages).
"""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from include.errors import Truncated
from include.http.decode import Decode, decode_json
from include.landing.store import Store
from include.sources._base import Page, Window

MANIFEST = "manifest.jsonl.gz"
# Level 1 packs JSON to about a twentieth; higher levels cost twice the time for a few percent.
GZIP_LEVEL = 1
_UNSAFE_IN_PATH = re.compile(r"[^A-Za-z0-9._+=@-]")


class RunHeader(msgspec.Struct, frozen=True, kw_only=True):
    """First line of a manifest: whose window was read and by which run."""

    source: str
    connection_id: str
    stream: str
    partition_key: str
    window_start: dt.datetime
    window_end: dt.datetime
    run_id: str
    landed_at: dt.datetime

    @property
    def window(self) -> Window:
        return Window(start=self.window_start, end=self.window_end, key=self.partition_key)


class PageEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a manifest; `sha256` is of the body as it was before packing."""

    number: int
    file: str
    request: Any
    status: int
    captured_at: dt.datetime
    captured_at_source: str
    sha256: str
    context: Any = None


class RunFooter(msgspec.Struct, frozen=True, kw_only=True):
    """Last line of a manifest."""

    pages: int


@dataclass(frozen=True, slots=True)
class LandedRun:
    """A finished run in landing."""

    header: RunHeader
    entries: tuple[PageEntry, ...]
    path: str

    @property
    def captured_to(self) -> dt.datetime:
        """When the last page was captured; the landing time for a run without pages."""
        return max((e.captured_at for e in self.entries), default=self.header.landed_at)


class LandingRun:
    """Lands the pages of a run: `write` each, then `finish`; an unfinished run does not count."""

    def __init__(self, store: Store, header: RunHeader) -> None:
        self._store = store
        self.header = header
        self.path = _free_path(store, header)
        self.pages = 0
        self._manifest = zlib.compressobj(level=6, wbits=31)
        self._packed = [self._pack(header)]

    def write(self, page: Page) -> int:
        """Land a page; return its number, counted from 1."""
        number = self.pages + 1
        entry = PageEntry(
            number=number,
            file=f"page-{number:06}.gz",
            request=dict(page.request),
            status=page.status,
            captured_at=page.captured_at,
            captured_at_source=page.captured_at_source,
            sha256=hashlib.sha256(page.body).hexdigest(),
            context=dict(page.context) or None,
        )
        self._store.write(f"{self.path}/{entry.file}", pack(page.body))
        self._packed.append(self._pack(entry))
        self.pages = number
        return number

    def finish(self) -> None:
        """Write the manifest, which makes the run count."""
        self._packed.append(self._pack(RunFooter(pages=self.pages)))
        content = b"".join((*self._packed, self._manifest.flush()))
        self._store.write(f"{self.path}/{MANIFEST}", content)

    def _pack(self, line: msgspec.Struct) -> bytes:
        return self._manifest.compress(msgspec.json.encode(line) + b"\n")


def pack(body: bytes) -> bytes:
    """Gzip a body; the same body always gives the same bytes (the time in the header is 0)."""
    packer = zlib.compressobj(level=GZIP_LEVEL, wbits=31)
    return packer.compress(body) + packer.flush()


def find_runs(
    store: Store, source: str, connection_id: str, stream: str, partition_key: str | None = None
) -> list[LandedRun]:
    """Return the finished runs of a stream (of one partition, or of all), oldest capture first."""
    folder = stream_path(source, connection_id, stream)
    keys = [_safe(partition_key)] if partition_key else store.list_names(folder)
    runs = [f"{folder}/{key}/{run}" for key in keys for run in store.list_names(f"{folder}/{key}")]
    found = [landed for run in runs if (landed := read_run(store, run)) is not None]
    return sorted(found, key=lambda landed: (landed.captured_to, landed.header.landed_at))


def read_run(store: Store, path: str) -> LandedRun | None:
    """Read a run's manifest; None when the run is unfinished."""
    try:
        content = store.read(f"{path}/{MANIFEST}")
    except FileNotFoundError:
        return None
    lines = gzip.decompress(content).splitlines()
    header = msgspec.json.decode(lines[0], type=RunHeader)
    entries = tuple(msgspec.json.decode(line, type=PageEntry) for line in lines[1:-1])
    footer = msgspec.json.decode(lines[-1], type=RunFooter)
    if footer.pages != len(entries):
        raise Truncated(f"{path}/{MANIFEST} names {len(entries)} of {footer.pages} pages")
    return LandedRun(header, entries, path)


def read_pages(
    store: Store, run: LandedRun, decode: Decode = decode_json
) -> Iterator[tuple[int, Page]]:
    """Yield the pages of a run with their numbers; `Truncated` when one is not what was landed.

    decode: the stream's; see `Stream.decode`.
    """
    for entry in run.entries:
        yield entry.number, read_page(store, run, entry, decode)


def read_page(store: Store, run: LandedRun, entry: PageEntry, decode: Decode = decode_json) -> Page:
    """Read one page back and verify its hash; `document` is None where it does not decode."""
    place = f"{run.path}/{entry.file}"
    try:
        body = gzip.decompress(store.read(place))
    except (FileNotFoundError, EOFError, OSError, zlib.error) as error:
        raise Truncated(f"landed page {place} cannot be read: {type(error).__name__}") from error
    if hashlib.sha256(body).hexdigest() != entry.sha256:
        raise Truncated(f"landed page {place} is not what was landed: its hash differs")
    return Page(
        body=body,
        status=entry.status,
        captured_at=entry.captured_at,
        captured_at_source=entry.captured_at_source,
        request=entry.request,
        document=_decoded(body, decode),
        context=entry.context or {},
    )


def stream_path(source: str, connection_id: str, stream: str) -> str:
    """Return the folder of a connection's stream below the landing address."""
    return "/".join(map(_safe, (source, connection_id, stream)))


def _free_path(store: Store, header: RunHeader) -> str:
    """Return the run's folder: a finished attempt stays, an unfinished one is cleared.

    What killed runs of the same window left half written goes; their whole pages stay for
    retention, because a run that is at work in parallel looks the same.
    """
    folder = stream_path(header.source, header.connection_id, header.stream)
    window = f"{folder}/{_safe(header.partition_key)}"
    for run in store.list_names(window):
        store.clear_partials(f"{window}/{run}")
    base = path = f"{window}/{_safe(header.run_id)}"
    attempt = 1
    while MANIFEST in (names := store.list_names(path)):
        attempt += 1
        path = f"{base}.{attempt}"
    for name in names:
        store.delete(f"{path}/{name}")
    return path


def _safe(part: str) -> str:
    """Return a text as one path segment: never empty, never a way up."""
    return _UNSAFE_IN_PATH.sub("_", part).lstrip(".") or "_"


def _decoded(body: bytes, decode: Decode) -> Any:
    try:
        return decode(body)
    except Truncated:
        return None
