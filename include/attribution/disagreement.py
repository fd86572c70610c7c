"""How far attribution models disagree about a creator: what one model alone would hide."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from include.attribution.paths import Floats

# Credits closer than this, relative to the largest, are one rank: they differ by rounding only.
_TIE = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Disagreement:
    """The least and the most that any model credits, per creator, (c,).

    best_rank, worst_rank: (c,) 1 is the creator with the most credit; equal credits share the
    better rank. rank_change is their difference: 0 where all models agree on the place.
    """

    lowest: Floats
    highest: Floats
    best_rank: NDArray[np.int64]
    worst_rank: NDArray[np.int64]

    @property
    def spread(self) -> Floats:
        """Highest less lowest credit, (c,)."""
        return self.highest - self.lowest

    @property
    def rank_change(self) -> NDArray[np.int64]:
        """Places between the model that ranks the creator best and the one that ranks it worst."""
        return self.worst_rank - self.best_rank


def compare_models(credit: ArrayLike) -> Disagreement:
    """Compare credit of shape (models, c), all in one unit (orders, or money of one currency).

    Creators without credit belong into the table with 0. Raise ValueError when there is no model or
    a credit is missing (NaN).
    """
    table = np.asarray(credit, dtype=np.float64)
    if table.ndim != 2 or len(table) == 0 or not np.isfinite(table).all():
        raise ValueError(
            f"credit has shape {table.shape}; allowed: (models, creators), all finite numbers"
        )
    step = _TIE * np.abs(table).max(initial=1e-300)
    ranks = rankdata(-np.round(table / step), method="min", axis=1).astype(np.int64)
    return Disagreement(table.min(axis=0), table.max(axis=0), ranks.min(axis=0), ranks.max(axis=0))
