"""The rates of a campaign's creators by numerical integration, beside the estimates' own grid.

The same model (Gelman et al., Bayesian Data Analysis, 5.3) on another path: a Beta prior meets a
binomial count, so only mean and spread between creators are integrated, and each creator's rate is
a mixture of Beta distributions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import betainc, betaln

# 5 % on either side, cut to 0.7 of it (docs/statistics.md).
TAIL = 0.05 * 0.7
STEPS = np.linspace(0.0125, 2.0, 160)
Floats = NDArray[np.float64]


def integrate_rates(
    successes: Sequence[float], trials: Sequence[float]
) -> list[tuple[float, float, float]]:
    """Return mean, low and high of each creator's rate, 0-1."""
    hits, tries = np.array(successes, dtype=float), np.array(trials, dtype=float)
    pooled = (hits.sum() + 0.5) / (tries.sum() + 1.0)
    # Logits far to both sides of the pooled rate, and coefficients of variation up to 2.
    logits = np.log(pooled / (1 - pooled)) + np.linspace(-9, 6, 241)
    mean, cv = (axis.ravel() for axis in np.meshgrid(1 / (1 + np.exp(-logits)), STEPS))
    size = (1 - mean) / (mean * cv**2) - 1
    # Hardly any Beta is left where the spread is as large as the mean allows.
    mean, cv, size = mean[size > 0.05], cv[size > 0.05], size[size > 0.05]
    alpha, beta = mean * size, (1 - mean) * size
    # Jeffreys' prior of the mean, in the logit; half-normal with scale 0.5 of the spread.
    log_weight = 0.5 * np.log(mean * (1 - mean)) - 0.5 * (cv / 0.5) ** 2
    for hit, tried in zip(hits, tries, strict=True):
        log_weight += betaln(alpha + hit, beta + tried - hit) - betaln(alpha, beta)
    weight = np.exp(log_weight - log_weight.max())
    seen = weight > 1e-7
    alpha, beta, weight = alpha[seen], beta[seen], weight[seen] / weight[seen].sum()
    return [
        _summarise(alpha + hit, beta + tried - hit, weight)
        for hit, tried in zip(hits, tries, strict=True)
    ]


def _summarise(alpha: Floats, beta: Floats, weight: Floats) -> tuple[float, float, float]:
    def share_below(rate: float) -> float:
        return float(weight @ betainc(alpha, beta, rate))

    def find(share: float) -> float:
        return float(brentq(lambda rate: share_below(rate) - share, 1e-9, 1 - 1e-9, xtol=1e-7))

    return float(weight @ (alpha / (alpha + beta))), find(TAIL), find(1 - TAIL)
