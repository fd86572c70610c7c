"""Expected orders of a creator: gamma-Poisson counts with a post level.

Orders come in bursts per post, so two identical creators with three posts each can differ by a
factor of three from luck alone. The model: a post of creator i brings NB(mean λ_i, size 1/κ²)
orders (a Poisson count whose rate varies between posts with coefficient of variation κ), λ_i ~
Gamma with mean μ and coefficient of variation τ. μ, τ and κ are integrated over a grid.

The estimand is the expected number of credited orders of the posts so far, λ_i × posts: what the
same posts would bring on average under the same attribution model and rule. It is not the causal
number. A post that is still young counts with the share of its orders that comes by its age.

Creators of one campaign share μ, τ and κ, so their uncertainties go up and down together. Each
creator's own posterior forgets that; comparisons between creators need `OrderFit.draw`.

Sources: gamma-Poisson mixture, Greenwood & Yule 1920; hierarchical integration on a grid, Gelman et
al., Bayesian Data Analysis, 3rd ed., section 5.3; half-normal priors for spreads, Gelman 2006.
"""

from __future__ import annotations

from dataclasses import dataclass

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


# Draws per combination of μ, τ and κ: 80 of them give 4,000, as many as an order's value has.
DRAWS_PER_COLUMN = 50
SEED = 20261107


@dataclass(frozen=True, slots=True)
class OrderFit:
    """The fitted model of one campaign: a block per spread between posts.

    rates: (g,) orders per post. prior: (g, h) distributions of a creator's rate. blocks: per κ the
    log-likelihood (c, g), the log evidence of the prior's columns (h,) and each creator's evidence
    under them (c, h). at_risk: (c,) posts, young ones in part. credit_size: as estimated with.
    """

    rates: Floats
    prior: Floats
    blocks: list[tuple[Floats, Floats, Floats]]
    at_risk: Floats
    credit_size: float

    def posterior(self) -> GridPosterior:
        """Return each creator's expected orders of the posts so far, all spreads integrated."""
        best = max(float(block[1].max()) for block in self.blocks)
        weights = np.zeros((self.at_risk.size, self.rates.size))
        for likelihood, log_evidence, evidence in self.blocks:
            column_weight = np.exp(log_evidence - best)
            weights += posterior_weights(likelihood, self.prior, evidence, column_weight)
        return GridPosterior(self.rates, normalise_rows(weights), self.at_risk * self.credit_size)

    def draw(self, draws: int = 4000, seed: int = SEED) -> Floats:
        """Return joint draws of credited orders per post, shape (c, draws), the same for a seed.

        One column of the prior (a μ, τ and κ) serves all creators of a draw. A creator without
        posts is drawn as a new creator of this campaign. The draws' order carries no meaning.
        """
        generator = np.random.default_rng(seed)
        table = np.stack([log_evidence for _, log_evidence, _ in self.blocks])
        weight = np.exp(table - table.max()).ravel()
        count = -(-draws // DRAWS_PER_COLUMN)
        steps = (np.arange(count) + generator.random()) / count
        columns = np.searchsorted(np.cumsum(weight / weight.sum()), steps).clip(max=weight.size - 1)
        drawn = [self._draw_column(column, generator) for column in columns]
        mixed = np.concatenate(drawn, axis=1)[:, generator.permutation(count * DRAWS_PER_COLUMN)]
        return np.asarray(mixed[:, :draws] * self.credit_size, dtype=np.float64)

    def _draw_column(self, column: int, generator: np.random.Generator) -> Floats:
        """Draw rates given one μ, τ and κ by inverting each creator's distribution on the grid."""
        block, at = divmod(int(column), self.prior.shape[1])
        likelihood = self.blocks[block][0]
        weights = np.exp(likelihood - likelihood.max(axis=1, keepdims=True)) * self.prior[:, at]
        cumulative = np.cumsum(weights, axis=1)
        cumulative /= cumulative[:, -1:]
        creators = np.arange(cumulative.shape[0])[:, None]
        # One sorted array for all creators: creator i's distribution lies between i and i + 1.
        wanted = creators + generator.random((creators.size, DRAWS_PER_COLUMN))
        found = np.searchsorted((cumulative + creators).ravel(), wanted.ravel())
        point = found.reshape(wanted.shape) - creators * self.rates.size
        # Within a cell of the grid anything is as likely, and no two creators tie.
        step = np.log(self.rates[1] / self.rates[0])
        spread = np.exp(step * (generator.random(wanted.shape) - 0.5))
        return np.asarray(self.rates[point.clip(0, self.rates.size - 1)] * spread, np.float64)


def estimate_orders(
    post_counts: ArrayLike,
    creator_index: ArrayLike,
    creator_count: int,
    *,
    credit_size: float = 1.0,
    maturity: ArrayLike | None = None,
) -> GridPosterior:
    """Return the posterior of expected orders per creator over the posts so far.

    Arguments and errors are those of `fit_orders`. A creator without posts gets 0.
    """
    return fit_orders(
        post_counts, creator_index, creator_count, credit_size=credit_size, maturity=maturity
    ).posterior()


def fit_orders(
    post_counts: ArrayLike,
    creator_index: ArrayLike,
    creator_count: int,
    *,
    credit_size: float = 1.0,
    maturity: ArrayLike | None = None,
) -> OrderFit:
    """Fit the model to one campaign.

    post_counts: (posts,) credited orders per post, fractions allowed. creator_index: (posts,) whole
    numbers below creator_count. credit_size: mean credit of a credited order, Σw² ÷ Σw; a model
    that splits orders brings more, smaller pieces than a count has (1 for models that give whole
    orders). maturity: (posts,) share of a post's orders that comes by its age, 0-1, 1 by default.
    Raises ValueError on negative counts, or a size or maturity outside (0, 1].
    """
    counts = np.asarray(post_counts, dtype=np.float64) / credit_size
    index = np.asarray(creator_index, dtype=np.intp)
    if (counts < 0).any() or not 0 < credit_size <= 1:
        raise ValueError(f"counts must be >= 0 and credit_size in (0, 1], not {credit_size}")
    ages = np.ones(index.size) if maturity is None else np.asarray(maturity, dtype=np.float64)
    if not ((ages > 0) & (ages <= 1)).all():
        raise ValueError(f"maturity must be in (0, 1], not {ages.min()} to {ages.max()}")
    at_risk = sum_by(index, ages, creator_count)
    posts = _Posts(counts, index, ages, creator_count)
    totals = sum_by(index, counts, creator_count)
    rates = _rate_grid(totals, at_risk)
    means, log_mean_prior = _mean_grid(totals, at_risk)
    prior, log_hyper = _creator_prior(rates, means, log_mean_prior)
    spreads = half_normal_weights(BETWEEN_POSTS, SPREAD_PRIOR)
    blocks = []
    for cv, log_weight in zip(BETWEEN_POSTS, spreads, strict=True):
        likelihood = posts.log_likelihood(rates, 1.0 / cv**2)
        blocks.append((likelihood, *combine(likelihood, prior, log_hyper + log_weight)))
    return OrderFit(rates, prior, blocks, at_risk, credit_size)


def _rate_grid(totals: Floats, posts: Floats) -> Floats:
    """Return orders per post from practically none to far above the best creator, shape (g,).

    The step stays under half a standard error of the largest count, so that it is resolved.
    """
    at_risk = np.where(posts > 0, posts, 1.0)
    low = 0.005 / max(at_risk.max(), 1.0)
    high = 8.0 * ((totals + 1.5) / at_risk).max()
    span = np.log(high / low)
    size = int(np.clip(span * 2.5 * np.sqrt(totals.max() + 1.0), 300, 2000))
    return np.geomspace(low, high, size)


def _mean_grid(totals: Floats, posts: Floats) -> tuple[Floats, Floats]:
    """Return the campaign's mean orders per post and log prior weights, two arrays of shape (m,).

    The prior is Jeffreys' for a Poisson mean (density μ^-½), which stays proper with no orders at
    all.
    """
    centre = (totals.sum() + 0.5) / (posts.sum() or 1.0)
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


@dataclass(frozen=True, slots=True)
class _Posts:
    """Counts, creators and maturities of posts, each (posts,)."""

    counts: Floats
    index: NDArray[np.intp]
    maturity: Floats
    creator_count: int

    def log_likelihood(self, rates: Floats, size: float) -> Floats:
        """Return log NB(counts | mean = rate × maturity, size) summed per creator, shape (c, g).

        Posts of one age differ in nothing but their count, so each age is computed once.
        """
        constant = gammaln(self.counts + size) - gammaln(size) - gammaln(self.counts + 1.0)
        total = np.repeat(
            sum_by(self.index, constant, self.creator_count)[:, None], rates.size, axis=1
        )
        for age in np.unique(self.maturity):
            of_age = self.maturity == age
            posts = sum_by(self.index[of_age], np.ones(of_age.sum()), self.creator_count)
            orders = sum_by(self.index[of_age], self.counts[of_age], self.creator_count)
            mean = age * rates
            total += posts[:, None] * (size * np.log(size / (size + mean)))
            total += orders[:, None] * np.log(mean / (size + mean))
        return total
