"""How much a campaign depends on few creators: the Herfindahl-Hirschman index with its interval.

The index is Σ share². Chance alone makes it larger than 1 ÷ creators: with ten orders over 25 equal
creators it is 0.136 in the mean. So the value that equal creators would show stands beside it.

Sources: Hirschman 1945, Herfindahl 1950; effective number, Adelman 1969 (1 ÷ HHI); the value under
equality is the mean of Σ share² of a multinomial, 1/c + (1 - 1/c) ÷ n, widened to compound counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from include.stats.grids import Floats, posterior_tails


@dataclass(frozen=True, slots=True)
class Concentration:
    """The index of what was seen, the interval of what is expected, and what equality would show.

    hhi: 1/c to 1. low, high: 90 % interval of the index of expected revenue, None without draws.
    effective_creators: 1 ÷ hhi. equal_hhi: mean index of equal creators at this many orders.
    """

    hhi: float
    low: float | None
    high: float | None
    effective_creators: float
    equal_hhi: float


def measure_concentration(
    revenue: ArrayLike,
    *,
    order_count: float,
    draws: Floats | None = None,
    value_variation: float = 0.0,
    piece_count: float = 0.0,
    piece_variation: float = 0.0,
) -> Concentration | None:
    """Measure the concentration of net revenue (or spend) over c creators.

    revenue: (c,) money; amounts below 0 count as 0. None when their total is not above 0, or nobody
    is there. draws: (c, d) posterior draws of expected revenue. order_count: orders behind the
    revenue; value_variation: coefficient of variation of an order's value; piece_count,
    piece_variation: live pieces and the coefficient of variation between pieces of one creator.
    For spend, which is no matter of chance, order_count is infinite.
    """
    amounts = np.maximum(np.asarray(revenue, dtype=np.float64), 0.0)
    if not amounts.sum() > 0:
        return None
    hhi = float(_index(amounts[:, None])[0])
    low = high = None
    if draws is not None:
        ends = np.quantile(_index(np.maximum(draws, 0.0)), posterior_tails())
        low, high = float(ends[0]), float(ends[1])
    noise = (1.0 + value_variation**2) / max(order_count, 1e-9)
    if piece_count > 0:
        noise += piece_variation**2 / piece_count
    equal = 1.0 / amounts.size + (1.0 - 1.0 / amounts.size) * noise
    return Concentration(hhi, low, high, 1.0 / hhi, min(equal, 1.0))


def _index(amounts: Floats) -> Floats:
    """Return Σ share² of every column with a positive total, shape (at most d,)."""
    totals = amounts.sum(axis=0)
    known = totals > 0
    shares = amounts[:, known] / totals[known]
    return np.asarray((shares**2).sum(axis=0), dtype=np.float64)
