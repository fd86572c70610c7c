"""Rewrite landed pages without erased persons, so that a replay cannot bring them back.

A run is rewritten atomically: changed pages get new files, then the manifest (which holds their
hashes) is replaced in one step, then the old files go. Killed anywhere in between, the run can be
replayed, and the next pass clears what was left.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from typing import Any

import msgspec

from include.errors import Truncated
from include.http.decode import decode_json
from include.landing.pages import (
    MANIFEST,
    LandedRun,
    PageEntry,
    RunFooter,
    pack,
    read_page,
    read_run,
)
from include.landing.store import Store
from include.privacy.erasers import PageEraser, TextEraser
from include.privacy.subjects import ErasedSubjects
from include.sources._base import Source


def erase_landing(
    store: Store,
    source: Source,
    connection_id: str,
    erased: ErasedSubjects,
    known: TextEraser,
    *,
    is_last_pass: bool = False,
) -> dict[str, int]:
    """Take erased persons out of every landed page of a connection; return pages changed by place.

    In the last pass pages of runs that never finished are deleted when they name a person: nobody
    writes or replays them any more.
    """
    touched: dict[str, int] = {}
    streams = {stream.name: stream for stream in source.streams}
    base = f"{source.name}/{connection_id}"
    for name in store.list_names(base):
        eraser = PageEraser(erased, streams.get(name), known)
        for key in store.list_names(f"{base}/{name}"):
            for run in store.list_names(f"{base}/{name}/{key}"):
                path = f"{base}/{name}/{key}/{run}"
                if changed := _erase_run(store, path, eraser, is_last_pass=is_last_pass):
                    place = f"landing.{source.name}__{name}"
                    touched[place] = touched.get(place, 0) + changed
    return touched


def _erase_run(store: Store, path: str, eraser: PageEraser, *, is_last_pass: bool) -> int:
    # Half a page cannot be searched; it is of no use to anybody.
    store.clear_partials(path)
    run = read_run(store, path)
    if run is None:
        return _erase_unfinished(store, path, eraser) if is_last_pass else 0
    try:
        entries = [_erase_entry(store, run, entry, eraser) for entry in run.entries]
    except Truncated:
        if MANIFEST in store.list_names(path):
            raise
        return 0  # Its retention ended meanwhile.
    changed = sum(new != old for new, old in zip(entries, run.entries, strict=True))
    if changed:
        _write_manifest(store, run, entries)
    named = {MANIFEST, *(entry.file for entry in entries)}
    for left in set(store.list_names(path)) - named:
        store.delete(f"{path}/{left}")
    return changed


def _erase_entry(store: Store, run: LandedRun, entry: PageEntry, eraser: PageEraser) -> PageEntry:
    """Write a page anew where it names an erased person; return its line of the manifest."""
    body = read_page(store, run, entry, lambda _: None).body
    edited = eraser.body(body)
    if edited is not body:
        digest = hashlib.sha256(edited).hexdigest()
        file = f"page-{entry.number:06}.{digest[:8]}.gz"
        store.write(f"{run.path}/{file}", pack(edited))
        entry = msgspec.structs.replace(entry, file=file, sha256=digest)
    return msgspec.structs.replace(
        entry, request=_edited(entry.request, eraser), context=_edited(entry.context, eraser)
    )


def _edited(value: Any, eraser: PageEraser) -> Any:
    if not value:
        return value
    text = msgspec.json.encode(value).decode()
    edited = eraser.text(text)
    return value if edited == text else decode_json(edited.encode())


def _write_manifest(store: Store, run: LandedRun, entries: list[PageEntry]) -> None:
    lines = [run.header, *entries, RunFooter(pages=len(entries))]
    text = b"".join(msgspec.json.encode(line) + b"\n" for line in lines)
    store.write(f"{run.path}/{MANIFEST}", gzip.compress(text, mtime=0))


def _erase_unfinished(store: Store, path: str, eraser: PageEraser) -> int:
    deleted = 0
    for name in store.list_names(path):
        try:
            body = gzip.decompress(store.read(f"{path}/{name}"))
        except (EOFError, OSError, zlib.error):
            body = None  # Damaged: whatever it holds, nobody can use it.
        if body is None or eraser.body(body) is not body:
            store.delete(f"{path}/{name}")
            deleted += 1
    return deleted
