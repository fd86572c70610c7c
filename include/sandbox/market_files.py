"""What the sandbox's writers of files share: chance that repeats, files that appear whole."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

from include.settings import read_settings

FILES_FOLDER = "sandbox_files"


# Every write asks again for the same orders and visits.
@lru_cache(maxsize=200_000, typed=True)
def chance(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts alone."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pick(choices: tuple[str, ...], *parts: object) -> str:
    """Return one of the choices, the same one for the same parts."""
    return choices[int(chance(*parts) * len(choices))]


def write_whole(path: Path, content: bytes) -> Path:
    """Write a file under a name of unfinished files and rename it; the same content is left."""
    if path.exists() and path.read_bytes() == content:
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content)
    draft.replace(path)
    return path


def folder_connection(source_name: str) -> dict[str, Any]:
    """Return the connection of a source whose files the sandbox writes; they appear whole."""
    folder = read_settings().data_dir / FILES_FOLDER / source_name
    return {"conn_type": "generic", "extra": {"url": str(folder), "settle_seconds": 0}}
