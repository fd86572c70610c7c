"""Expected orders of a creator: gamma-Poisson counts with a post level.

Orders come in bursts per post, so two identical creators with three posts each can differ by a
factor of three from luck alone. The model: a post of creator i brings NB(mean λ_i, size 1/κ²)
orders (a Poisson count whose rate varies between posts with coefficient of variation κ), λ_i ~
Gamma with mean μ and coefficient of variation τ. μ, τ and κ are integrated over a grid.

The estimand is the expected number of credited orders of the posts so far, λ_i × posts: what the
same posts would bring on average under the same attribution model and rule. It is not the causal
number.

Sources: gamma-Poisson mixture, Greenwood & Yule 1920; hierarchical integration on a grid, Gelman et
al., Bayesian Data Analysis, 3rd ed., section 5.3; half-normal priors for spreads, Gelman 2006.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from include.stats.grids import (
    Floats,
    GridPosterior,
    combine,
    half_normal_weights,
    normalise_columns,
    normalise_rows,
    posterior_weights,
    sum_by,
)

# Coefficients of variation looked at. Creators of 5,000 to 50,000 followers differ widely, and so
# do posts of one creator; a wide prior lets the data say so.
BETWEEN_CREATORS = np.geomspace(0.05, 3.0, 14)
BETWEEN_POSTS = np.geomspace(0.05, 3.0, 14)
SPREAD_PRIOR = 1.0


def estimate_orders(
    post_counts: ArrayLike,
    creator_index: ArrayLike,
    creator_count: int,
    *,
    credit_size: float = 1.0,
) -> GridPosterior:
    """Return the posterior of expected orders per creator over the posts so far.

    post_counts: (posts,) credited orders per post, fractions allowed. creator_index: (posts,) whole
    numbers below creator_count. credit_size: mean credit of a credited order, Σw² ÷ Σw; a model
    that splits orders brings more, smaller pieces than a count has (1 for models that give whole
    orders). A creator without posts gets 0. Raises ValueError on negative counts or a size outside
    (0, 1].
    """
    counts = np.asarray(post_counts, dtype=np.float64) / credit_size
    index = np.asarray(creator_index, dtype=np.intp)
    if (counts < 0).any() or not 0 < credit_size <= 1:
        raise ValueError(f"counts must be >= 0 and credit_size in (0, 1], not {credit_size}")
    posts = sum_by(index, np.ones(index.size), creator_count)
    totals = sum_by(index, counts, creator_count)
    rates = _rate_grid(totals, posts)
    means, log_mean_prior = _mean_grid(totals, posts)
    prior, log_hyper = _creator_prior(rates, means, log_mean_prior)
    weights = _integrate(counts, index, totals, posts, rates, prior, log_hyper)
    return GridPosterior(rates, weights, posts * credit_size)


def _rate_grid(totals: Floats, posts: Floats) -> Floats:
    """Return orders per post from practically none to far above the best creator, shape (g,).

    The step stays under half a standard error of the largest count, so that it is resolved.
    """
    at_risk = np.maximum(posts, 1.0)
    low = 0.005 / at_risk.max()
    high = 8.0 * ((totals + 1.5) / at_risk).max()
    span = np.log(high / low)
    size = int(np.clip(span * 2.5 * np.sqrt(totals.max() + 1.0), 300, 2000))
    return np.geomspace(low, high, size)


def _mean_grid(totals: Floats, posts: Floats) -> tuple[Floats, Floats]:
    """Return the campaign's mean orders per post and log prior weights, two arrays of shape (m,).

    The prior is Jeffreys' for a Poisson mean (density μ^-½), which stays proper with no orders at
    all.
    """
    centre = (totals.sum() + 0.5) / max(posts.sum(), 1.0)
    means = centre * np.exp(np.linspace(-3.5, 1.75, 32))
    return means, 0.5 * np.log(means)


def _creator_prior(rates: Floats, means: Floats, log_mean_prior: Floats) -> tuple[Floats, Floats]:
    """Return Gamma(mean, cv) distributions on the rate grid, (g, m·t), and their log prior."""
    shape = (1.0 / BETWEEN_CREATORS**2)[None, None, :]
    scaled = rates[:, None, None] / means[None, :, None]
    # Density in log λ, as the grid is even in the logarithm.
    log_density = shape * (np.log(scaled) - scaled)
    log_hyper = (
        log_mean_prior[:, None] + half_normal_weights(BETWEEN_CREATORS, SPREAD_PRIOR)[None, :]
    )
    return normalise_columns(log_density.reshape(rates.size, -1)), log_hyper.ravel()


def _integrate(
    counts: Floats,
    index: NDArray[np.intp],
    totals: Floats,
    posts: Floats,
    rates: Floats,
    prior: Floats,
    log_hyper: Floats,
) -> Floats:
    """Return the creators' posterior weights on the rate grid, (c, g), over all three spreads."""
    blocks = []
    for cv, log_weight in zip(
        BETWEEN_POSTS, half_normal_weights(BETWEEN_POSTS, SPREAD_PRIOR), strict=True
    ):
        likelihood = _log_likelihood(counts, index, totals, posts, rates, 1.0 / cv**2)
        log_evidence, evidence = combine(likelihood, prior, log_hyper + log_weight)
        blocks.append((likelihood, log_evidence, evidence))
    best = max(float(block[1].max()) for block in blocks)
    weights = np.zeros((totals.size, rates.size))
    for likelihood, log_evidence, evidence in blocks:
        column_weight = np.exp(log_evidence - best)
        weights += posterior_weights(likelihood, prior, evidence, column_weight)
    return normalise_rows(weights)


def _log_likelihood(
    counts: Floats,
    index: NDArray[np.intp],
    totals: Floats,
    posts: Floats,
    rates: Floats,
    size: float,
) -> Floats:
    """Return log NB(counts | mean = rate, size) summed over each creator's posts, shape (c, g)."""
    constant = gammaln(counts + size) - gammaln(size) - gammaln(counts + 1.0)
    per_creator = sum_by(index, constant, totals.size)
    miss = size * np.log(size / (size + rates))
    hit = np.log(rates / (size + rates))
    return np.asarray(
        per_creator[:, None] + posts[:, None] * miss + totals[:, None] * hit, dtype=np.float64
    )
