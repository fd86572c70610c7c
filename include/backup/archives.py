"""Landing and the small files of the data folder, as tar archives."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from include.backup.manifest import BackupFile, hash_file
from include.errors import BackupRefused
from include.landing.store import Store

# Below landing: source, connection, stream, partition, run, file.
LANDING_DEPTH = 6
# What of the data folder a backup keeps; the rest is Postgres' own, is made anew, or is a log.
KEPT = ("campaigns", "privacy", "sandbox.json", "sandbox_files")


def pack_landing(store: Store, target: Path) -> int:
    """Write every landed file to an archive; return how many there were.

    A file that retention or an erasure deletes while we read is left out, as it is meant to be.
    """
    packed = 0
    with _new_archive(target) as archive:
        for path in list_landing(store):
            try:
                content = store.read(path)
            except FileNotFoundError:
                continue
            _add(archive, path, content)
            packed += 1
    return packed


def list_landing(store: Store) -> Iterator[str]:
    """Yield the path of every landed file, in order."""
    yield from _below(store, "", LANDING_DEPTH)


def unpack_landing(source: Path, store: Store) -> int:
    """Write every file of an archive into landing; return how many there were."""
    number = 0
    with tarfile.open(source) as archive:
        for path, content in _files_of(archive):
            store.write(path, content)
            number += 1
    return number


def pack_files(data_dir: Path, target: Path) -> int:
    """Write what is kept of the data folder to an archive; return the number of files."""
    packed = 0
    with _new_archive(target) as archive:
        for name in KEPT:
            root = data_dir / name
            found = sorted(root.rglob("*")) if root.is_dir() else [root]
            for path in found:
                if path.is_file() and not path.is_symlink():
                    _add(archive, path.relative_to(data_dir).as_posix(), path.read_bytes())
                    packed += 1
    return packed


def unpack_files(source: Path, data_dir: Path) -> int:
    """Write the files of an archive into the data folder, readable by their owner alone."""
    number = 0
    with tarfile.open(source) as archive:
        for path, content in _files_of(archive):
            target = data_dir / path
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
                file.write(content)
            number += 1
    return number


def describe(path: Path, entries: int | None = None) -> BackupFile:
    """Return size and hash of a file of the backup."""
    return BackupFile(
        name=path.name, byte_count=path.stat().st_size, sha256=hash_file(path), entries=entries
    )


def _below(store: Store, path: str, depth: int) -> Iterator[str]:
    for name in store.list_names(path):
        below = f"{path}/{name}" if path else name
        if depth == 1:
            yield below
        else:
            yield from _below(store, below, depth - 1)


def _new_archive(target: Path) -> tarfile.TarFile:
    """Open an archive for writing that its owner alone can read; pages are packed already."""
    opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    os.close(opened)
    return tarfile.open(target, "w", format=tarfile.PAX_FORMAT)


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = len(content)
    entry.mode = 0o600
    archive.addfile(entry, io.BytesIO(content))


def _files_of(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of each file; `BackupRefused` for one that leaves the folder."""
    for entry in archive:
        path = PurePosixPath(entry.name)
        if not entry.isfile() or path.is_absolute() or ".." in path.parts:
            raise BackupRefused(f"{archive.name!r} holds {entry.name!r}, which is no plain file")
        file = archive.extractfile(entry)
        assert file is not None
        yield entry.name, file.read()
