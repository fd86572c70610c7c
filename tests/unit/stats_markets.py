"""Campaigns drawn for the simulations of `include/stats`, without the library and its families.

What posts bring is lognormal here and gamma there; orders come days after their post, and the share
that has come by an age is known to the estimate only roughly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rng = np.random.Generator
Floats = NDArray[np.float64]

CREATORS, PIECES, DAYS = 25, 5, 61
# Orders come three days after their piece in the mean; the estimate believes four.
MEAN_DELAY, BELIEVED_DELAY = 3.0, 4.0


def lognormal(rng: Rng, variation: float, size: int) -> Floats:
    """Draw positive factors of mean 1 and the given coefficient of variation."""
    if variation == 0:
        return np.ones(size)
    sigma = np.sqrt(np.log1p(variation**2))
    return rng.lognormal(-(sigma**2) / 2, sigma, size)


@dataclass(frozen=True)
class Campaign:
    """Orders of one drawn campaign: day and piece of each; pieces with their creator and day."""

    live_day: Floats
    owner: NDArray[np.intp]
    order_piece: NDArray[np.intp]
    order_day: Floats
    order_value: Floats

    def seen(self, day: int) -> tuple[Floats, NDArray[np.intp], Floats]:
        """Return counts, creators and believed maturity of the pieces live before `day`'s end."""
        live = np.flatnonzero(self.live_day < day)
        counts = np.bincount(self.order_piece[self.order_day < day], minlength=self.owner.size)
        maturity = 1.0 - np.exp(-(day - self.live_day[live]) / BELIEVED_DELAY)
        return counts[live].astype(float), self.owner[live], np.ceil(maturity * 50) / 50

    def values(self, day: int) -> tuple[NDArray[np.intp], Floats]:
        """Return creator and value of the orders before `day`'s end."""
        known = self.order_day < day
        return self.owner[self.order_piece[known]], self.order_value[known]


def draw_campaign(rng: Rng, expected: Floats, spread: float, *, value: float = 60.0) -> Campaign:
    """Draw a campaign of 25 creators with five pieces each, staggered over 61 days.

    expected: (25,) expected orders of each creator's five pieces. spread: coefficient of variation
    between the pieces of one creator.
    """
    owner = np.repeat(np.arange(CREATORS), PIECES)
    stagger = rng.permutation(np.arange(CREATORS) % 10)[owner]
    live = 2.0 + stagger + 11.0 * np.tile(np.arange(PIECES), CREATORS)
    counts = rng.poisson(expected[owner] / PIECES * lognormal(rng, spread, owner.size))
    piece = np.repeat(np.arange(owner.size), counts)
    day = live[piece] + rng.exponential(MEAN_DELAY, piece.size)
    return Campaign(live, owner, piece, day, value * lognormal(rng, 0.5, piece.size))
