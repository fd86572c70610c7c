"""A watched folder of unit costs: a file's head and a row, what came of it, and why it did not."""

from __future__ import annotations

from typing import Any

import pytest

from include.errors import InvalidFile
from tests.fakes.watched_folder import WatchedFolder

COSTS = "sku,valid_from,unit_cost_amount,currency_code\n"
SERUM = "SERUM-30,2026-09-01,7.40,USD\n"


def costs_of(folder: WatchedFolder) -> list[tuple[Any, ...]]:
    rows = folder.read("unit_costs").rows
    return [(r["sku"], r["valid_from"], r["unit_cost_amount"], r["line_number"]) for r in rows]


def refusal(folder: WatchedFolder, stream: str = "unit_costs") -> str:
    with pytest.raises(InvalidFile) as caught:
        folder.read(stream)
    return str(caught.value)
