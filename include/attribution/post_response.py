"""When a code's uses should come: how redemptions follow its owner's posts, learnt from siblings.

Uses of a code on a day of age a (days since the owner's last live piece) ~ size_c × curve(a). The
curve is fitted to all sibling codes, without the code in question. A code whose uses come far from
its posts has a share of late uses above the one its own posting days let expect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

# Days since the last live piece at which a new step of the curve begins.
AGE_STEPS = np.array([0, 2, 4, 7, 14, 28])
# Late is what comes after the step at which about this share is still expected.
WANTED_LATE_SHARE = 0.25
# Beyond these a share says nothing: hardly any day, or all days, would be late.
LEAST_SHARE, LARGEST_SHARE = 0.001, 0.9
# Pseudo-uses and rounds of the fit.
SMOOTHING, ROUNDS = 0.5, 30


def age_step(age: ArrayLike) -> NDArray[np.int64]:
    """Return the step of the curve to which an age in days (0 or more) belongs."""
    steps: NDArray[np.int64] = np.searchsorted(AGE_STEPS, np.asarray(age), side="right") - 1
    return steps


def fit_curves(uses: Floats, days: Floats, is_sibling: NDArray[np.bool_]) -> Floats:
    """Return for each code the response curve its siblings show, (c, steps), without the code.

    uses, days: (c, steps) uses of a code, and days on which it could be used, per step.
    is_sibling: (c,) codes that may serve as comparison.
    """
    pooled = is_sibling & (uses.sum(axis=1) > 0)
    kept_uses, kept_days = uses * pooled[:, None], days * pooled[:, None]
    curve = np.ones(AGE_STEPS.size)
    size = np.zeros(uses.shape[0])
    for _ in range(ROUNDS):
        expected = days @ curve
        size = np.divide(uses.sum(axis=1), expected, out=np.zeros_like(size), where=expected > 0)
        curve = _step(kept_uses.sum(axis=0), (size[:, None] * kept_days).sum(axis=0))
        curve = curve / curve.max()
    exposure = size[:, None] * kept_days
    return _step(kept_uses.sum(axis=0) - kept_uses, exposure.sum(axis=0) - exposure)


def split_late(
    uses: Floats, days: Floats, curves: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Return late uses, all uses and the expected late share per code; no uses where unjudgeable.

    Late begins at the step whose expected share is nearest to `WANTED_LATE_SHARE`; it depends on
    the days of the posts and on the siblings, never on the code's own uses.
    """
    expected = days * curves
    total = expected.sum(axis=1, keepdims=True)
    # Share expected from each step on; the first step would make everything late.
    shares = np.divide(
        expected[:, ::-1].cumsum(axis=1)[:, ::-1],
        total,
        out=np.zeros_like(expected),
        where=total > 0,
    )[:, 1:]
    first_late = np.abs(shares - WANTED_LATE_SHARE).argmin(axis=1)
    share = np.take_along_axis(shares, first_late[:, None], axis=1)[:, 0]
    is_late = np.arange(AGE_STEPS.size)[None, :] > first_late[:, None]
    can_judge = (share >= LEAST_SHARE) & (share <= LARGEST_SHARE)
    late = np.where(can_judge, (uses * is_late).sum(axis=1), 0).astype(np.int64)
    counted = np.where(can_judge, uses.sum(axis=1), 0).astype(np.int64)
    return late, counted, np.where(can_judge, share, 0.5)


def _step(uses: Floats, exposure: Floats) -> Floats:
    return (uses + SMOOTHING) / (exposure + SMOOTHING)
