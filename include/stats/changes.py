"""Has a level changed for good: one change point per series, alarms counted per campaign.

A link breaks, an audience tires, a shop changes its checkout: the level moves and stays. The test
compares the ranks before and after every possible day, so single wild days carry no weight.

Source: Pettitt 1979, A non-parametric approach to the change-point problem; the alarm rate is
shared out over series and reviews (Bonferroni).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from include.stats.grids import Floats

FEWEST_DAYS = 14


@dataclass(frozen=True, slots=True)
class Change:
    """The likeliest change of one series. first_day: first column of the new level.

    before, after: medians of the two sides. p_value: of this series alone.
    """

    series: int
    first_day: int
    before: float
    after: float
    p_value: float


def find_changes(values: ArrayLike, *, reviews: int = 1, false_alarms: float = 0.2) -> list[Change]:
    """Return the series whose level changed, at most one change each.

    values: (c, t), one value per day or per piece in time order, NaN where none is. reviews: how
    often the campaign is looked at; false_alarms: expected false ones over all series and reviews.
    Fewer than 14 values are not judged. Values that lean on their neighbours (daily orders while a
    post fades) alarm too often: give rates, or one value per piece.
    """
    table = np.atleast_2d(np.asarray(values, dtype=np.float64))
    limit = false_alarms / max(table.shape[0] * reviews, 1)
    found = [_change_of(series, row) for series, row in enumerate(table)]
    return [change for change in found if change is not None and change.p_value <= limit]


def _change_of(series: int, row: Floats) -> Change | None:
    known = np.flatnonzero(np.isfinite(row))
    size = known.size
    if size < FEWEST_DAYS:
        return None
    values = row[known]
    # U_t = 2 Σ ranks - t (n + 1); its largest size is Pettitt's K.
    steps = np.arange(1, size)
    sums = 2.0 * np.cumsum(rankdata(values))[:-1] - steps * (size + 1)
    at = int(np.argmax(np.abs(sums)))
    p_value = min(2.0 * float(np.exp(-6.0 * sums[at] ** 2 / (size**3 + size**2))), 1.0)
    return Change(
        series,
        int(known[at + 1]),
        float(np.median(values[: at + 1])),
        float(np.median(values[at + 1 :])),
        p_value,
    )
