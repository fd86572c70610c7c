"""Markov attribution: what each channel takes of a window's orders and money.

Two readings of the same removal effects. `markov` shares the window's attributed total by RE(c) /
sum RE; it conserves the window, not the single order. `markov_path` shares every order among the
distinct channels of its own path in proportion to their RE; it conserves each order. Without
non-converting paths a removal effect is the chance to meet the channel on the way to an order, not
what is lost without it, and the model carries another name.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.attribution.cents import split_cents
from include.attribution.chain import (
    ChainSolution,
    TransitionCounts,
    count_transitions,
    solve_chain,
    sum_at,
)
from include.attribution.paths import Floats, PathSummary

MARKOV, MARKOV_PATH = "markov", "markov_path"
CONVERTING_ONLY = "markov_converting_only"


@dataclass(frozen=True, slots=True, eq=False)
class MarkovSolution:
    """Removal effects and shares of c channels, in the order of `channels` (by name).

    attribution_model: `markov`, or `markov_converting_only` when no path ended in nothing.
    p_conversion: of the chain, equal to the observed rate. removal_effects: (c,) in 0-1. shares:
    (c,) sum 1, all 0 when nothing converted. conversions: attributed orders of the window.
    """

    attribution_model: str
    channels: tuple[str, ...]
    p_conversion: float
    removal_effects: Floats
    shares: Floats
    conversions: float

    @property
    def credited_conversions(self) -> Floats:
        """Orders per channel, (c,); they sum to the attributed orders."""
        return self.shares * self.conversions

    def split_value(self, value: float) -> Floats:
        """Share a window's attributed money, (c,), unrounded."""
        return self.shares * value

    def split_cents(self, cents: int) -> NDArray[np.int64]:
        """Share a window's attributed money to the cent, (c,); ties to the earlier name."""
        return split_cents(cents, self.shares)


def solve_markov(summary: PathSummary) -> MarkovSolution:
    """Solve the chain of a path summary; errors as in `solve_chain`."""
    return solve_transitions(count_transitions(summary))


def solve_transitions(counts: TransitionCounts) -> MarkovSolution:
    """Solve a chain given by its counts, as a warehouse keeps them; errors as in `solve_chain`."""
    solution = solve_chain(counts)
    has_nulls = bool(counts.nulls.sum() > 0)
    return MarkovSolution(
        MARKOV if has_nulls else CONVERTING_ONLY,
        counts.channels,
        solution.p_conversion,
        solution.removal_effects,
        shares_of(solution),
        float(counts.conversions.sum()),
    )


def shares_of(solution: ChainSolution) -> Floats:
    """Return RE / sum RE, (c,); all 0 when nothing converted."""
    total = solution.removal_effects.sum()
    return (
        solution.removal_effects / total if total > 0 else np.zeros_like(solution.removal_effects)
    )


def weigh_touches(summary: PathSummary, removal_effects: Floats) -> Floats:
    """Return `markov_path` weights per step, (n,); they sum to 1 per non-empty path.

    removal_effects: (c,) in the order of `summary.channels`. A channel's part of a path is shared
    equally by its touches there. A path none of whose channels has a removal effect (its creator is
    newer than the solve) is shared equally by its distinct channels, as Shapley does.
    """
    size = len(summary.channels)
    effects = np.asarray(removal_effects, dtype=np.float64)
    if effects.shape != (size,) or not (effects >= 0).all():
        raise ValueError(
            f"removal effects have shape {effects.shape}; allowed: ({size},), each >= 0"
        )
    pairs, pair_of_step, repeats = np.unique(
        summary.rows * size + summary.steps, return_inverse=True, return_counts=True
    )
    row_of_pair, channel_of_pair = pairs // max(size, 1), pairs % max(size, 1)
    count = summary.lengths.size
    known = sum_at(row_of_pair, effects[channel_of_pair], count)
    weight = np.where(known[row_of_pair] > 0, effects[channel_of_pair], 1.0)
    total = sum_at(row_of_pair, weight, count)
    part = weight / (total[row_of_pair] * repeats)
    return np.asarray(part[pair_of_step], dtype=np.float64)


def credit_by_path(summary: PathSummary, weights: Floats, column: Floats) -> Floats:
    """Sum a column of the summary over its steps' weights, per channel, (c,)."""
    return sum_at(summary.steps, weights * column[summary.rows], len(summary.channels))
