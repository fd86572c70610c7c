"""How much of what a piece brings has come by its age.

Orders come some days after their piece. The share that has come by an age is 1 − exp(−age ÷ mean
delay). The mean delay is that of the campaign's own orders; a young piece has had no time for late
ones, so each delay counts as one that could not be longer than its piece was watched (the piece
before hands over to the next, and the newest was watched until today). A prior worth 20 orders of
four days keeps it steady while there are few.

Sources: truncated exponential delays, Lagakos, Barraj & De Gruttola 1988; the prior is the delay
that the simulations in docs/statistics.md believe in.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from include.stats.grids import Floats

# Days; a campaign lasts weeks, and a mean beyond two of them could not be told from a constant.
DELAYS = np.geomspace(0.25, 14.0, 80)
PRIOR_DELAY, PRIOR_ORDERS = 4.0, 20.0
# Pieces of nearly one age are one age: each age costs a pass over the grid of rates.
STEPS = 50


def fit_mean_delay(
    delays: ArrayLike, watched: ArrayLike, weights: ArrayLike | None = None
) -> float:
    """Return the mean delay in days from a piece to its orders.

    delays: (n,) days from piece to order. watched: (n,) days the piece was watched, at least the
    delay. weights: (n,) credited orders, 1 by default. Without any it is the prior's.
    Raises ValueError when a delay is negative or longer than its piece was watched.
    """
    waited = np.asarray(delays, dtype=np.float64)
    limit = np.asarray(watched, dtype=np.float64)
    weight = np.ones(waited.size) if weights is None else np.asarray(weights, dtype=np.float64)
    if ((waited < 0) | (waited > limit)).any():
        raise ValueError("delays must be >= 0 and at most as long as their piece was watched")
    # Delays enter by their sum, watched days to an eighth: few values, however many orders.
    spans, place = np.unique(np.ceil(limit * 8 + 1e-9) / 8, return_inverse=True)
    counts = np.bincount(place, weights=weight, minlength=spans.size)
    fit = -(PRIOR_ORDERS + weight.sum()) * np.log(DELAYS)
    fit -= (PRIOR_ORDERS * PRIOR_DELAY + (weight * waited).sum()) / DELAYS
    fit -= (counts[:, None] * np.log(-np.expm1(-spans[:, None] / DELAYS))).sum(axis=0)
    return float(DELAYS[int(np.argmax(fit))])


def matured_shares(ages: ArrayLike, mean_delay: float) -> Floats:
    """Return the share that has come by each age in days, 0 below age 0, in steps of 1/50.

    Shares are rounded up, so that a piece that is live counts for something.
    """
    age = np.maximum(np.asarray(ages, dtype=np.float64), 0.0)
    share = -np.expm1(-age / mean_delay)
    return np.asarray(np.minimum(np.ceil(share * STEPS - 1e-9) / STEPS, 1.0), dtype=np.float64)
