"""Parts of a leak score on another path than the solver's: loops, quadrature, closed forms."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import expit

# Days on which a code could be used and its uses, by days since its owner's last post: 0-1, 2-3,
# 4-6, 7-13, 14-27, 28 and more.
Steps = Sequence[float]


def expect_late_share(days: Sequence[Steps], uses: Sequence[Steps], code: int, late: int) -> float:
    """Return the share of a code's uses from a step on, as its siblings' uses let expect.

    Uses of a day are a code's size times a curve of its step, as likely as can be (Poisson), with
    half a use at size 1 added to each step; the code itself is left out of the curve in the end.
    """
    everybody = range(len(days))
    curve = [1.0] * len(days[0])

    def fit(sizes: Sequence[float], chosen: Sequence[int]) -> list[float]:
        return [
            (0.5 + sum(uses[one][step] for one in chosen))
            / (0.5 + sum(sizes[one] * days[one][step] for one in chosen))
            for step in range(len(curve))
        ]

    for _ in range(200):
        sizes = [
            sum(uses[one]) / sum(map(math.prod, zip(days[one], curve, strict=True)))
            for one in everybody
        ]
        found = fit(sizes, everybody)
        curve = [value / max(found) for value in found]
    others = fit(sizes, [one for one in everybody if one != code])
    expected = [day * value for day, value in zip(days[code], others, strict=True)]
    return sum(expected[late:]) / sum(expected)


def score_one_of_one(clean: int) -> float:
    """Return the zeros of the chance of one hit in one trial beside siblings without a hit in one.

    Logit shares are Normal(m, s): m has Jeffreys' prior in the share, s a half-normal one of 1.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    mean, spread = np.meshgrid(np.linspace(-5, 5, 401), np.linspace(0.01, 4, 400))
    prior = np.sqrt(expit(mean) * expit(-mean)) * np.exp(-0.5 * spread**2)
    share = (expit(mean[..., None] + spread[..., None] * nodes) * weights).sum(axis=-1)
    share /= weights.sum()
    seen = prior * (1 - share) ** clean
    return -math.log10(float((seen * share).sum() / seen.sum()))


def add_up_two(score: float, other: float) -> float:
    """Return the zeros of Fisher's combined chance of two parts: e^-x (1 + x), x = -ln of both."""
    x = math.log(10) * (score + other)
    return -math.log10(math.exp(-x) * (1 + x))
