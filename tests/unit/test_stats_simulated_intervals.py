"""Do 90 % intervals hold the expected value in nine of ten cases, also for small counts?

50 seeds × 25 creators in four markets: the coefficient of variation between creators is 0, 0.15,
0.3 or 0.6. Strata by expected orders. The table is in docs/statistics.md.
"""

from __future__ import annotations

import numpy as np
import pytest
from stats_markets import CREATORS, Floats, Rng, lognormal

from include.stats.intervals import jeffreys_rate
from include.stats.orders import estimate_orders
from include.stats.rates import estimate_rates
from include.stats.values import OrderValues, draw_order_values, estimate_revenue

MARKETS = (0.0, 0.15, 0.3, 0.6)
STRATA = {"< 3": (0.0, 3.0), "3-10": (3.0, 10.0), "> 10": (10.0, np.inf)}
SEEDS = 50
# Rows of what was seen: expected orders, covered, width, Jeffreys' width.
Rows = list[Floats]


def draw_orders(rng: Rng, between: float, level: float, rows: dict[str, Rows]) -> None:
    """Draw posts (2 to 8 per creator, spread 0.7) and keep how orders and revenue were covered."""
    posts = rng.integers(2, 9, CREATORS)
    rate = level * lognormal(rng, between, CREATORS)
    owner = np.repeat(np.arange(CREATORS), posts)
    counts = rng.poisson(rate[owner] * lognormal(rng, 0.7, owner.size))
    expected = rate * posts
    posterior = estimate_orders(counts, owner, CREATORS)
    low, high = posterior.interval()
    rows["orders"].append(np.stack([expected, (low <= expected) & (expected <= high)]))
    value = 60.0 * lognormal(rng, between / 3, CREATORS)
    buyers = np.repeat(owner, counts)
    paid = value[buyers] * lognormal(rng, 0.5, buyers.size)
    table = OrderValues.of(buyers, np.arange(buyers.size), np.ones(buyers.size), paid)
    revenue = estimate_revenue(posterior, draw_order_values(table, CREATORS))
    if revenue is not None:
        truth = expected * value
        covered = (revenue.low <= truth) & (truth <= revenue.high)
        rows["revenue"].append(np.stack([expected, covered]))


def draw_rates(rng: Rng, between: float, level: float, rows: dict[str, Rows]) -> None:
    """Draw clicks and orders per click around 3 % and keep how the rates were covered."""
    rate = np.minimum(0.03 * lognormal(rng, between, CREATORS), 1.0)
    clicks = rng.poisson(level / 0.03 * 5 * lognormal(rng, 0.5, CREATORS))
    orders = rng.binomial(clicks, rate)
    low, high = estimate_rates(orders, clicks).interval()
    plain = jeffreys_rate(orders, np.maximum(clicks, 1))
    rows["rates"].append(
        np.stack([clicks * rate, (low <= rate) & (rate <= high), high - low, plain[2] - plain[1]])
    )


def simulate(between: float, seeds: int) -> dict[str, Floats]:
    """Return per estimate the rows of all seeds side by side."""
    rows: dict[str, Rows] = {"orders": [], "revenue": [], "rates": []}
    levels = np.geomspace(0.15, 8.0, 10)
    for seed in range(seeds):
        rng = np.random.default_rng([11, seed])
        draw_orders(rng, between, levels[seed % 10], rows)
        draw_rates(rng, between, levels[seed % 10], rows)
    return {name: np.concatenate(parts, axis=1) for name, parts in rows.items()}


def test_some_intervals_cover() -> None:
    for found in simulate(0.3, 10).values():
        assert 0.80 <= found[1].mean() <= 0.99


@pytest.mark.long
@pytest.mark.parametrize("between", MARKETS)
def test_intervals_cover_in_every_stratum(between: float) -> None:
    print()
    total = 0
    for name, found in simulate(between, SEEDS).items():
        for stratum, (above, below) in STRATA.items():
            inside = (found[0] >= above) & (found[0] < below)
            total += int(inside.sum())
            covered = found[1, inside].mean()
            print(f"cv {between}, {name}, {stratum}: {covered:.1%} of {inside.sum()}")
            assert inside.sum() >= 100
            assert covered >= 0.86
        if name == "rates":
            width, plain = found[2].mean(), found[3].mean()
            print(f"cv {between}, rates: mean width {width:.4f}, Jeffreys {plain:.4f}")
            assert width <= plain
    assert total >= 2000
