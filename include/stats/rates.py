"""Rates made of small counts (orders per click, purchases per session): hierarchical beta-binomial.

successes_i ~ Binomial(trials_i, p_i), p_i ~ Beta with mean m and coefficient of variation c; m and
c are integrated over a grid with a half-normal prior on c. Plug-in moments would give intervals of
nearly no width whenever the spread is estimated as zero.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed., section 5.3 (rat tumour example).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from include.stats.grids import (
    Floats,
    GridPosterior,
    combine,
    half_normal_weights,
    normalise_columns,
    normalise_rows,
    posterior_weights,
)

SPREADS = np.geomspace(0.02, 2.0, 20)
SPREAD_PRIOR = 0.5
# Logits around the pooled rate. Wide: two creators with clicks leave much of the mean's posterior
# beyond +2.5, and none with an order much of it below -3.5.
MEAN_LOGITS = np.concatenate(
    [np.arange(-8.0, -3.5, 0.25), np.linspace(-3.5, 2.5, 61), np.arange(2.75, 8.25, 0.25)]
)
# Below this over the trials lies next to nothing of a Beta that any weight is given to.
LOWEST = 1e-6


def estimate_rates(successes: ArrayLike, trials: ArrayLike) -> GridPosterior:
    """Return the posterior of each creator's rate (0-1).

    successes, trials: (c,) counts, successes <= trials. A creator without trials gets the
    campaign's posterior for a new creator. Raises ValueError when a count is negative or exceeds
    its trials.
    """
    hits = np.asarray(successes, dtype=np.float64)
    tries = np.asarray(trials, dtype=np.float64)
    if (hits < 0).any() or (hits > tries).any():
        raise ValueError("every rate needs 0 <= successes <= trials")
    logits, rates = _rate_grid(hits, tries)
    prior, log_hyper = _creator_prior(logits, rates, hits, tries)
    likelihood = hits[:, None] * np.log(rates) + (tries - hits)[:, None] * np.log1p(-rates)
    log_evidence, evidence = combine(likelihood, prior, log_hyper)
    column_weight = np.exp(log_evidence - log_evidence.max())
    weights = normalise_rows(posterior_weights(likelihood, prior, evidence, column_weight))
    return GridPosterior(rates, weights, np.ones(hits.size))


def _rate_grid(hits: Floats, tries: Floats) -> tuple[Floats, Floats]:
    """Return logits and rates of the grid, shape (g,), fine enough for the largest creator.

    Two points per standard deviation of a logit, which is at least one over the root of the count.
    """
    end = np.log((tries.max() + 2.0) / LOWEST)
    size = int(np.clip(4.0 * end * np.sqrt(hits.max(initial=0.0) + 1.0), 400, 4000))
    logits = np.linspace(-end, end, size)
    return logits, 1.0 / (1.0 + np.exp(-logits))


def _creator_prior(
    logits: Floats, rates: Floats, hits: Floats, tries: Floats
) -> tuple[Floats, Floats]:
    """Return Beta(mean, cv) distributions on the rate grid, (g, m·s), and their log prior.

    The mean's prior is Jeffreys' Beta(½, ½); pairs of mean and spread that no Beta has are left
    out.
    """
    pooled = (hits.sum() + 0.5) / (tries.sum() + 1.0)
    centre = np.log(pooled / (1.0 - pooled))
    means = 1.0 / (1.0 + np.exp(-(centre + MEAN_LOGITS)))
    log_mean = 0.5 * np.log(means) + 0.5 * np.log1p(-means) + np.log(np.gradient(MEAN_LOGITS))
    mean, spread = np.repeat(means, SPREADS.size), np.tile(SPREADS, means.size)
    concentration = (1.0 - mean) / (mean * spread**2) - 1.0
    keep = concentration > 0.05
    alpha = (mean * concentration)[keep]
    beta = ((1.0 - mean) * concentration)[keep]
    log_hyper = np.repeat(log_mean, SPREADS.size) + np.tile(
        half_normal_weights(SPREADS, SPREAD_PRIOR), means.size
    )
    # Density in the logit, as the grid is even in it.
    log_density = alpha * np.log(rates)[:, None] + beta * np.log1p(-rates)[:, None]
    return normalise_columns(log_density), log_hyper[keep]
