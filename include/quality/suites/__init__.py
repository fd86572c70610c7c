"""The hand-written suite of each source: one module per source, found by its name.

A module holds `build_suite(source, window)`, returning rules beyond the basic suite. Most begin
with `day_rules`, which every source shares: streams ran, volume, rejects, drift.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import cast

from include.errors import InvalidSettings
from include.quality.rules import Rule, Window
from include.sources._base import Source

Suite = Callable[[Source, Window], Sequence[Rule]]


def load_suite(source_name: str) -> Suite:
    """Return the `build_suite` of a source; `InvalidSettings` says which module to write."""
    name = f"{__name__}.{source_name}"
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise InvalidSettings(
            f"source {source_name!r} has no suite; add include/quality/suites/{source_name}.py "
            "with build_suite(source, window) (docs/adding-a-source.md)"
        ) from error
    return cast(Suite, module.build_suite)
