"""What a backup says about itself, and whether its files are still what it says."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import msgspec

from include.errors import BackupRefused
from include.services.credentials import write_private

FILE_NAME = "backup.json"
FORMAT = 1
_CHUNK = 1 << 20


class BackupFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the backup; `entries` is how many files an archive holds, None for a dump."""

    name: str
    byte_count: int
    sha256: str
    entries: int | None = None


class TableState(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of a table and a checksum of them that does not depend on their order."""

    row_count: int
    checksum: str


class Backup(msgspec.Struct, frozen=True, kw_only=True):
    """A backup's description. `key_mark` tells whether secrets are those of the backup."""

    format: int
    made_at: str
    server_version: int
    as_of_date: str | None
    published_version: int | None
    key_mark: str
    files: tuple[BackupFile, ...]
    tables: dict[str, dict[str, TableState]]


def write_backup(folder: Path, backup: Backup) -> None:
    """Write the description, which makes the folder a backup."""
    text = msgspec.json.format(msgspec.json.encode(backup), indent=2).decode()
    write_private(folder / FILE_NAME, text + "\n")


def read_backup(folder: Path) -> Backup:
    """Return a backup's description; raise `BackupRefused` when there is none we can read."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise BackupRefused(
            f"{folder} holds no {FILE_NAME}: it is no backup, or one that was not finished"
        )
    try:
        backup = msgspec.json.decode(path.read_bytes(), type=Backup)
    except msgspec.MsgspecError as error:
        raise BackupRefused(f"{path} is damaged: {error}") from None
    if backup.format != FORMAT:
        raise BackupRefused(f"{path} has format {backup.format}; this version reads {FORMAT}")
    return backup


def check_files(folder: Path, backup: Backup) -> None:
    """Raise `BackupRefused` naming the first file that is missing or not what was written."""
    for file in backup.files:
        path = folder / file.name
        if not path.is_file():
            raise BackupRefused(f"{path} is missing")
        if path.stat().st_size != file.byte_count:
            raise BackupRefused(
                f"{path} has {path.stat().st_size} bytes, {file.byte_count} were written"
            )
        if hash_file(path) != file.sha256:
            raise BackupRefused(f"{path} was changed since it was written")


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def mark_of(hash_key: str) -> str:
    """Return what tells two keys of personal values apart without revealing either."""
    return hmac.new(hash_key.encode(), b"groundswell backup", "sha256").hexdigest()
