"""Intervals of single counts and rates that stand for themselves, and costs per small counts.

For rates of many creators `rates.estimate_rates` is better: it lets the campaign inform the small
ones. These are for one rate on its own, and the yardstick that shrinkage must beat.

Sources: Jeffreys' interval of a binomial rate, Brown, Cai & DasGupta 2001, Interval estimation for
a binomial proportion; of a Poisson mean, the same prior (density μ^-½), Gamma(x + ½, 1).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta, gamma

from include.stats.grids import INTERVAL_LEVEL, Floats


def jeffreys_rate(
    successes: ArrayLike, trials: ArrayLike, level: float = INTERVAL_LEVEL
) -> tuple[Floats, Floats, Floats]:
    """Return rate, low and high (0-1) of single rates, three arrays shaped like the inputs.

    Fractions of counts are allowed (credited orders). Without trials all three are NaN. At 0
    successes low is 0, at nothing but successes high is 1. Raises ValueError when a count is
    negative or exceeds its trials.
    """
    hits = np.atleast_1d(np.asarray(successes, dtype=np.float64))
    tries = np.atleast_1d(np.asarray(trials, dtype=np.float64))
    if (hits < 0).any() or (hits > tries).any():
        raise ValueError("every rate needs 0 <= successes <= trials")
    tail = (1.0 - level) / 2.0
    shown = tries > 0
    rate = np.divide(hits, tries, out=np.full(hits.shape, np.nan), where=shown)
    low = np.where(hits == 0, 0.0, beta.ppf(tail, hits + 0.5, tries - hits + 0.5))
    high = np.where(hits == tries, 1.0, beta.ppf(1.0 - tail, hits + 0.5, tries - hits + 0.5))
    return rate, np.where(shown, low, np.nan), np.where(shown, high, np.nan)


def jeffreys_count(counts: ArrayLike, level: float = INTERVAL_LEVEL) -> tuple[Floats, Floats]:
    """Return the ends of the interval of the expected count behind each count.

    At 0 counted, low is 0. Raises ValueError on a negative count.
    """
    seen = np.atleast_1d(np.asarray(counts, dtype=np.float64))
    if (seen < 0).any():
        raise ValueError(f"counts must be >= 0, not {seen.min()}")
    tail = (1.0 - level) / 2.0
    low = np.where(seen == 0, 0.0, gamma.ppf(tail, seen + 0.5))
    return low, np.asarray(gamma.ppf(1.0 - tail, seen + 0.5), dtype=np.float64)


def cost_per_order(
    cost: ArrayLike, orders: ArrayLike, orders_low: ArrayLike, orders_high: ArrayLike
) -> tuple[Floats, Floats, Floats]:
    """Return cost ÷ orders with its bounds, money; NaN where nothing can be said.

    orders_low, orders_high: ends of the interval of expected orders. At 0 orders the cost per order
    is NaN and has a lower bound alone: cost ÷ the upper end of orders. Raises ValueError on a
    negative cost.
    """
    money = np.atleast_1d(np.asarray(cost, dtype=np.float64))
    if (money < 0).any():
        raise ValueError(f"a cost must be >= 0, not {money.min()}")
    seen, few, many = (
        np.atleast_1d(np.asarray(value, dtype=np.float64))
        for value in (orders, orders_low, orders_high)
    )
    nothing = np.full(money.shape, np.nan)
    value = np.divide(money, seen, out=nothing.copy(), where=seen > 0)
    low = np.divide(money, many, out=nothing.copy(), where=many > 0)
    high = np.divide(money, few, out=nothing.copy(), where=(few > 0) & (seen > 0))
    return value, low, high
