"""Numerical integration on grids: what the hierarchical estimates of this folder share.

Mean and spread of a population of creators are integrated over a grid instead of being plugged in:
a plug-in spread is estimated as zero in small campaigns, and the intervals then lose their width.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# The one level of every interval: 90 %.
INTERVAL_LEVEL = 0.90
# Equal tails of a posterior cover their level on average over its prior. In one market, among
# creators of one size, with posts luckier than the model's family, they fell to 86 %; with tails
# cut to 0.7 of their size the worst of those cases covers 89 % (docs/statistics.md).
TAIL_CALIBRATION = 0.7


def posterior_tails(level: float = INTERVAL_LEVEL) -> tuple[float, float]:
    """Return the posterior probabilities at which an interval of this level ends."""
    tail = (1.0 - level) / 2.0 * TAIL_CALIBRATION
    return tail, 1.0 - tail


@dataclass(frozen=True, slots=True)
class GridPosterior:
    """Posterior of one positive quantity per creator on a common grid.

    points: (g,) increasing values. weights: (c, g), every row sums to 1. scale: (c,) factor from a
    grid value to the reported quantity (orders per post to orders), 0 where there is nothing at
    risk.
    """

    points: Floats
    weights: Floats
    scale: Floats

    def mean(self) -> Floats:
        """Return the posterior mean per creator, shape (c,)."""
        return np.asarray((self.weights @ self.points) * self.scale, dtype=np.float64)

    def quantile(self, probabilities: Floats) -> Floats:
        """Return quantiles of shape (c, p), interpolated in the logarithm between grid points."""
        cumulative = np.cumsum(self.weights, axis=1) - 0.5 * self.weights
        logs = np.log(self.points)
        rows = [np.exp(np.interp(probabilities, row, logs)) for row in cumulative]
        return np.asarray(rows, dtype=np.float64) * self.scale[:, None]

    def interval(self, level: float = INTERVAL_LEVEL) -> tuple[Floats, Floats]:
        """Return the equal-tailed interval's ends, two arrays of shape (c,)."""
        ends = self.quantile(np.array(posterior_tails(level)))
        return ends[:, 0], ends[:, 1]


def sum_by(index: NDArray[np.intp], weights: Floats, size: int) -> Floats:
    """Sum weights per index, shape (size,)."""
    return np.asarray(np.bincount(index, weights, size), dtype=np.float64)


def half_normal_weights(points: Floats, scale: float) -> Floats:
    """Return log weights of a half-normal prior on an uneven grid (trapezoid rule), shape (n,)."""
    widths = np.gradient(points)
    return np.asarray(np.log(widths) - 0.5 * (points / scale) ** 2, dtype=np.float64)


def combine(log_likelihood: Floats, prior: Floats, log_hyper: Floats) -> tuple[Floats, Floats]:
    """Integrate the hyperparameters out for one block of the grid.

    log_likelihood: (c, g) per creator; prior: (g, h), every column a distribution over the grid;
    log_hyper: (h,) log prior of the columns. Returns the log evidence of every column, shape (h,),
    and each creator's evidence under it, shape (c, h), as `posterior_weights` needs it.
    """
    peak = log_likelihood.max(axis=1, keepdims=True)
    evidence = np.exp(log_likelihood - peak) @ prior
    evidence = np.maximum(evidence, 1e-300)
    log_evidence = (np.log(evidence) + peak).sum(axis=0) + log_hyper
    return np.asarray(log_evidence, dtype=np.float64), np.asarray(evidence, dtype=np.float64)


def posterior_weights(
    log_likelihood: Floats, prior: Floats, evidence: Floats, column_weight: Floats
) -> Floats:
    """Return each creator's unnormalised weights on the grid, shape (c, g).

    column_weight: (h,) posterior weight of the prior's columns; evidence: (c, h) from `combine`.
    """
    peak = log_likelihood.max(axis=1, keepdims=True)
    mixed = (column_weight[None, :] / evidence) @ prior.T
    return np.asarray(np.exp(log_likelihood - peak) * mixed, dtype=np.float64)


def normalise_rows(weights: Floats) -> Floats:
    """Scale every row to sum 1."""
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), dtype=np.float64)


def normalise_columns(log_weights: Floats) -> Floats:
    """Turn log densities into distributions over the grid: every column sums to 1."""
    weights = np.exp(log_weights - log_weights.max(axis=0, keepdims=True))
    return np.asarray(weights / weights.sum(axis=0, keepdims=True), dtype=np.float64)
