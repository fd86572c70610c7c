"""Where landed files are: a local folder, or any address fsspec knows (`s3://bucket/landing`)."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

_TRIES = 5


class Store(Protocol):
    """Files by path relative to the landing address; a file appears whole or not at all."""

    url: str

    def write(self, path: str, content: bytes) -> None:
        """Write a file, replacing it."""
        ...

    def read(self, path: str) -> bytes:
        """Read a file; FileNotFoundError when there is none."""
        ...

    def list_names(self, path: str) -> list[str]:
        """Return the names directly below a folder, sorted; none when there is no such folder."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file that may be missing."""
        ...

    def clear_partials(self, path: str) -> int:
        """Delete what killed writes left in a folder, which no list of names shows.

        Return how many there were. Safe at any time: a living write notices and begins again.
        """
        ...


class LocalStore:
    """A folder of this machine; files are renamed into place.

    Until then a file is partial: its name begins with a dot, and a killed process leaves it behind.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.url = str(root)
        self._made: Path | None = None

    def write(self, path: str, content: bytes) -> None:
        target = self._root / path
        for _ in range(_TRIES - 1):
            try:
                self._write(target, content)
            except FileNotFoundError:
                # Somebody who clears up took the partial file or its folder for a dead one's.
                self._made = None
            else:
                return
        self._write(target, content)

    def _write(self, target: Path, content: bytes) -> None:
        if target.parent != self._made:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._made = target.parent
        partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
        # Pages are what personal data is left in; others of the machine need not read them.
        opened = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
        with os.fdopen(opened, "wb") as file:
            file.write(content)
        partial.replace(target)

    def read(self, path: str) -> bytes:
        return (self._root / path).read_bytes()

    def list_names(self, path: str) -> list[str]:
        folder = self._root / path
        if not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))

    def delete(self, path: str) -> None:
        (self._root / path).unlink(missing_ok=True)

    def clear_partials(self, path: str) -> int:
        folder = self._root / path
        partials = list(folder.glob(".*")) if folder.is_dir() else []
        for partial in partials:
            partial.unlink(missing_ok=True)
        return len(partials)


class RemoteStore:
    """Any file system of fsspec; object stores make a file visible when it is complete."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._fs: Any
        self._fs, root = fsspec.core.url_to_fs(url)
        self._root = root.rstrip("/")
        self.url = url.rstrip("/")

    def write(self, path: str, content: bytes) -> None:
        target = f"{self._root}/{path}"
        self._fs.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._fs.pipe_file(target, content)

    def read(self, path: str) -> bytes:
        content: bytes = self._fs.cat_file(f"{self._root}/{path}")
        return content

    def list_names(self, path: str) -> list[str]:
        folder = f"{self._root}/{path}"
        try:
            found = self._fs.ls(folder, detail=False, refresh=True)
        except FileNotFoundError:
            return []
        return sorted(name.rstrip("/").rpartition("/")[2] for name in found)

    def delete(self, path: str) -> None:
        target = f"{self._root}/{path}"
        if self._fs.exists(target):
            self._fs.rm_file(target)

    def clear_partials(self, path: str) -> int:
        return 0  # What was not complete has never been visible.


def open_store(landing_url: str) -> Store:
    """Open the landing address; one without a scheme (or with `file:`) is a local folder."""
    parts = urlsplit(landing_url)
    # One letter before the colon is a drive of Windows.
    if len(parts.scheme) <= 1:
        return LocalStore(Path(landing_url))
    if parts.scheme == "file":
        return LocalStore(Path(parts.path))
    return RemoteStore(landing_url)
