"""Figures that articles claim, as `ref_benchmark` holds them: the one place they are written down.

The check of a campaign file runs without a warehouse, so it reads the seed's file; what dbt loads
is the same rows.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

from include.errors import InvalidFile
from include.settings import DBT_PROJECT_DIR

BENCHMARKS = DBT_PROJECT_DIR / "seeds/ref_benchmark.csv"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A claimed band with what it is about and who claims it; rates are 0-1."""

    benchmark_id: str
    low: Decimal
    high: Decimal
    variant: str
    tier: str
    platform: str
    source_name: str
    recorded_date: str

    def describe(self) -> str:
        """Return what the band is about, by whom and from when, for a message."""
        platform = "all platforms" if self.platform == "all" else self.platform
        return f"{self.tier}, {platform}; {self.source_name}, recorded {self.recorded_date}"


@cache
def read_typical_range(metric: str, path: Path = BENCHMARKS) -> Benchmark:
    """Return the newest claim of a typical range of a metric that has both ends.

    Raise `InvalidFile` when the seed holds none.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = [
            row
            for row in csv.DictReader(file)
            if row["metric"] == metric
            and row["claim_kind"] == "typical_range"
            and row["benchmark_high"]
        ]
    if not rows:
        raise InvalidFile(f"{path.name} holds no typical_range with two ends of {metric!r}")
    row = max(rows, key=lambda one: (one["recorded_date"], one["benchmark_id"]))
    return Benchmark(
        row["benchmark_id"],
        Decimal(row["benchmark_low"]),
        Decimal(row["benchmark_high"]),
        row["variant"],
        row["tier"],
        row["platform"],
        row["source_name"],
        row["recorded_date"],
    )
