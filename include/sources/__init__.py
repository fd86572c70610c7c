"""The connectors, one folder each: `SOURCE` in the folder's `__init__.py` declares it."""

from __future__ import annotations

import functools
import importlib
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from include.sources._base import Source

FOLDER = Path(__file__).resolve().parent


def discover_sources(folder: Path = FOLDER, package: str = __name__) -> dict[str, Source]:
    """Return every source by name, sorted; a folder whose name begins with `_` is none.

    Imports the connectors and nothing heavy. Raise TypeError naming the folder that declares no
    usable `SOURCE`.
    """
    return dict(_discover(folder, package))


@functools.cache
def _discover(folder: Path, package: str) -> Mapping[str, Source]:
    from include.sources._base import Source
    from include.sources._check import check_source

    found: dict[str, Source] = {}
    for path in sorted(folder.iterdir()):
        # What an interpreter leaves behind of a deleted folder holds no modules.
        if path.name.startswith(("_", ".")) or not any(path.glob("*.py")):
            continue
        source = getattr(importlib.import_module(f"{package}.{path.name}"), "SOURCE", None)
        if not isinstance(source, Source):
            raise TypeError(
                f"{path / '__init__.py'} has no SOURCE; declare SOURCE = Source(...), or let the "
                "folder's name begin with an underscore"
            )
        if source.name != path.name:
            raise TypeError(
                f"{path / '__init__.py'}: SOURCE.name is {source.name!r}; it must be the folder's "
                f"name, {path.name!r}"
            )
        check_source(source)
        found[source.name] = source
    return MappingProxyType(found)
