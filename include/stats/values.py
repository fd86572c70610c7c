"""Net revenue of a creator: expected orders × expected value of an order, both with uncertainty.

A creator's mean order value is pooled towards the campaign's: with few orders the campaign decides,
with many the creator's own. Orders of one customer move together, so the customer is the unit that
varies (the closed form of resampling customers). The spread between creators is integrated over a
grid, like the others.

Sources: ratio of sums with clusters, Cochran, Sampling Techniques, 3rd ed., section 9A; normal
hierarchy with the spread on a grid, Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

from include.stats.grids import (
    Floats,
    GridPosterior,
    half_normal_weights,
    posterior_tails,
    sum_by,
)

# Mean order values of creators of one shop differ by some ten per cent, seldom by half.
VALUE_SPREADS = np.geomspace(0.01, 1.0, 16)
VALUE_SPREAD_PRIOR = 0.2
# Below this many degrees of freedom a variance within creators is too uncertain to be of use.
FEW_WITNESSES = 20
DRAWS = 4000
SEED = 20261109


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantity per creator with its interval: three arrays of shape (c,)."""

    mean: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True, slots=True)
class OrderValues:
    """Credited orders summed per creator and customer: the rows whose sums are compared.

    creator_index: (n,) whole numbers; credit: (n,) credited orders; net_revenue: (n,) money.
    """

    creator_index: NDArray[np.intp]
    credit: Floats
    net_revenue: Floats

    @classmethod
    def of(
        cls, creator_index: ArrayLike, customers: ArrayLike, credit: ArrayLike, revenue: ArrayLike
    ) -> OrderValues:
        """Sum credit and revenue of every pair of creator and customer; inputs are (orders,)."""
        creators = np.asarray(creator_index, dtype=np.intp)
        _, customer = np.unique(np.asarray(customers), return_inverse=True)
        width = int(customer.max(initial=0)) + 1
        pairs, position = np.unique(creators * width + customer, return_inverse=True)
        return cls(
            np.asarray(pairs // width, dtype=np.intp),
            sum_by(position, np.asarray(credit, dtype=np.float64), pairs.size),
            sum_by(position, np.asarray(revenue, dtype=np.float64), pairs.size),
        )


def draw_order_values(values: OrderValues, creator_count: int, seed: int = SEED) -> Floats | None:
    """Return draws of each creator's expected order value, (c, DRAWS), the same for a seed.

    None when fewer than two customers bought: nothing says how much order values vary.
    """
    if np.count_nonzero(values.credit > 0) < 2:
        return None
    credit = sum_by(values.creator_index, values.credit, creator_count)
    revenue = sum_by(values.creator_index, values.net_revenue, creator_count)
    squares = sum_by(values.creator_index, values.credit**2, creator_count)
    has_orders = credit > 0
    means = np.divide(revenue, credit, out=np.zeros(creator_count), where=has_orders)
    variance, freedom = _value_variance(values, means, creator_count)
    errors = np.full(creator_count, np.inf)
    errors[has_orders] = variance * squares[has_orders] / credit[has_orders] ** 2
    pooled = float(revenue.sum() / credit.sum())
    return _draw_pooled(means, np.maximum(errors, 1e-12), pooled, freedom, seed)


def estimate_revenue(orders: GridPosterior, order_values: Floats | None) -> Estimate | None:
    """Return expected net revenue per creator: expected orders × expected order value.

    orders: posterior of c creators; order_values: (c, DRAWS). None when order values are unknown.
    """
    if order_values is None:
        return None
    generator = np.random.default_rng(SEED)
    steps = (np.arange(DRAWS) + 0.5) / DRAWS
    order_draws = orders.quantile(generator.permutation(steps))
    revenue = order_draws * order_values
    low, high = np.quantile(revenue, posterior_tails(), axis=1)
    return Estimate(orders.mean() * order_values.mean(axis=1), low, high)


def _value_variance(values: OrderValues, means: Floats, creator_count: int) -> tuple[float, int]:
    """Return the pooled variance of an order's value and its degrees of freedom."""
    active = len(np.unique(values.creator_index[values.credit > 0]))
    freedom = values.credit.size - active
    centre = means[values.creator_index]
    if freedom < FEW_WITNESSES:  # then the spread between creators may stand in for it
        centre = np.full(values.credit.size, values.net_revenue.sum() / values.credit.sum())
        freedom = values.credit.size - 1
    residuals = values.net_revenue - centre * values.credit
    scale = values.credit.size / freedom
    return float((residuals**2).sum() / (values.credit**2).sum() * scale), freedom


def _draw_pooled(means: Floats, errors: Floats, pooled: float, freedom: int, seed: int) -> Floats:
    """Draw creators' expected values given their own means and error variances, shape (c, DRAWS).

    For every spread τ: campaign mean m | τ and creator mean v | m, τ are normal (BDA 5.20, 5.17).
    """
    taus = VALUE_SPREADS * max(abs(pooled), 1e-9)
    precision = 1.0 / (errors[None, :] + taus[:, None] ** 2)
    centre = (precision * means).sum(axis=1) / precision.sum(axis=1)
    fit = 0.5 * (np.log(np.maximum(precision, 1e-300)) * np.isfinite(errors)).sum(axis=1)
    fit -= 0.5 * (precision * (means - centre[:, None]) ** 2).sum(axis=1)
    log_weight = fit - 0.5 * np.log(precision.sum(axis=1))
    log_weight += half_normal_weights(VALUE_SPREADS, VALUE_SPREAD_PRIOR)
    weight = np.exp(log_weight - log_weight.max())
    generator = np.random.default_rng(seed + 1)
    steps = (np.arange(DRAWS) + 0.5) / DRAWS
    chosen = np.searchsorted(np.cumsum(weight / weight.sum()), steps).clip(max=taus.size - 1)
    noise = student_t.ppf(steps, freedom)
    campaign = (
        centre[chosen] + generator.permutation(noise) / np.sqrt(precision.sum(axis=1))[chosen]
    )
    tau = taus[chosen]
    shrink = tau**2 / (tau**2 + errors[:, None])
    residual = tau * np.sqrt(1.0 - shrink)
    own = np.stack([generator.permutation(noise) for _ in range(means.size)])
    return np.asarray(
        campaign + shrink * (means[:, None] - campaign) + residual * own, dtype=np.float64
    )
