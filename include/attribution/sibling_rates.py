"""How surprising a code's share is beside its siblings' shares, with small counts taken for small.

hits_i ~ Binomial(trials_i, p_i), logit p_i = offset_i + d_i, d_i ~ Normal(m, s): siblings differ
among themselves (s), and an offset says what a code's own circumstances let expect. m and s are
integrated over a grid, given all other codes; what is left is how often a clean sibling would show
at least this many hits. An audience that only uses codes makes s wide, so that it does not stand
out among siblings of both kinds.

Source: Gelman et al., Bayesian Data Analysis, 3rd ed., chapter 5 (hierarchical binomial) and 6.3
(posterior predictive p-values), here cross-validated: a code never explains itself.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, expit, gammaln, ndtr

Floats = NDArray[np.float64]

LOGITS = np.linspace(-8.0, 8.0, 129)
MEANS = np.linspace(-5.0, 5.0, 41)
SPREADS = np.geomspace(0.05, 3.0, 21)
# Half-normal prior of the spread between clean siblings, in logits.
SPREAD_PRIOR = 1.0


def surprise_beside_siblings(
    hits: ArrayLike, trials: ArrayLike, is_sibling: ArrayLike, offsets: ArrayLike = 0.0
) -> Floats:
    """Return per code the chance that a clean sibling shows at least this many hits; 1 is no news.

    hits, trials: (c,) counts, hits <= trials. is_sibling: (c,) codes that may serve as comparison;
    a code is never compared with itself. offsets: logit of the share expected of each code. Raises
    ValueError when a count is negative or exceeds its trials.
    """
    hit = np.asarray(hits, dtype=np.float64)
    tried = np.asarray(trials, dtype=np.float64)
    if (hit < 0).any() or (hit > tried).any():
        raise ValueError("every share needs 0 <= hits <= trials")
    offset = np.broadcast_to(np.asarray(offsets, dtype=np.float64), hit.shape)
    shares = expit(offset[:, None] + LOGITS[None, :])
    prior, log_hyper = _effects()
    log_evidence = np.log(_likelihood(hit, tried, shares) @ prior.T + 1e-300)
    log_evidence *= np.asarray(is_sibling, dtype=np.float64)[:, None]
    others = log_evidence.sum(axis=0)[None, :] - log_evidence + log_hyper[None, :]
    weights = np.exp(others - others.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    # P(X >= k) of a binomial is an incomplete beta function; no hits are no news.
    k = np.maximum(hit, 1.0)[:, None]
    n = np.maximum(tried, 1.0)[:, None]
    tails = np.where(hit[:, None] < 1, 1.0, betainc(k, n - k + 1.0, shares))
    chance: Floats = np.clip(((weights @ prior) * tails).sum(axis=1), 1e-300, 1.0)
    return chance


def surprise_of_counts(hits: ArrayLike, expected: ArrayLike, shape: float) -> Floats:
    """Return per code P(X >= hits) of gamma-Poisson counts with these means and one shape, (c,).

    The tail of that negative binomial is a regularised incomplete beta function (Johnson, Kemp &
    Kotz, Univariate Discrete Distributions, 3rd ed., 5.6).
    """
    hit = np.asarray(hits, dtype=np.float64)
    mean = np.maximum(np.asarray(expected, dtype=np.float64), 1e-12)
    tail: Floats = np.where(
        hit < 1, 1.0, betainc(np.maximum(hit, 1.0), shape, mean / (shape + mean))
    )
    return tail


@cache
def _effects() -> tuple[Floats, Floats]:
    """Return each hyper value's distribution of effects, (h, g), and its log prior, (h,)."""
    half = (LOGITS[1] - LOGITS[0]) / 2
    mean, spread = np.repeat(MEANS, SPREADS.size), np.tile(SPREADS, MEANS.size)
    cells = ndtr((LOGITS + half - mean[:, None]) / spread[:, None])
    cells = cells - ndtr((LOGITS - half - mean[:, None]) / spread[:, None])
    # SPREADS are even in the logarithm, hence the Jacobian; the mean is Jeffreys' in the share.
    log_prior = -0.5 * (spread / SPREAD_PRIOR) ** 2 + np.log(spread)
    log_prior += 0.5 * np.log(expit(mean)) + 0.5 * np.log(expit(-mean))
    return cells / cells.sum(axis=1, keepdims=True), log_prior


def _likelihood(hit: Floats, tried: Floats, shares: Floats) -> Floats:
    """Return the chance of each code's hits under each share, (c, g)."""
    log_ways = gammaln(tried + 1) - gammaln(hit + 1) - gammaln(tried - hit + 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_chance = hit[:, None] * np.log(shares) + (tried - hit)[:, None] * np.log1p(-shares)
    chance: Floats = np.exp(log_ways[:, None] + np.nan_to_num(log_chance, neginf=-700.0))
    return chance
