"""How sure Markov shares are: a Poisson bootstrap over the path summary.

Every replicate draws for each path how many orders and how many fruitless ends it would have had,
Poisson around what was seen, and solves the chain anew. No single journey is needed, and paths that
were seen together stay together. What varies is the sample of journeys under the same model and
rule; how far the model is from the truth is not in the interval.

Sources: Poisson bootstrap, Hanley & MacGibbon 2006; Chamandy et al., Google 2012 (counts drawn
independently, total not fixed). Percentile interval, Efron & Tibshirani 1993, chapter 13.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import gammaln

from include.attribution.chain import inner_steps, solve_dense
from include.attribution.markov import MarkovSolution, solve_markov
from include.attribution.paths import Floats, Indices, PathSummary

INTERVAL_LEVEL = 0.90
REPLICATES = 200
SEED = 20261109
# Small counts are drawn by a table of 65,536 equally likely outcomes, ten times as fast as a
# generator's own method; what the table misses of the tail is below 1 in 100,000.
_TABLE_COUNTS = 16
_OUTCOMES = 1 << 16
# Replicates at once: their counts stay near 100 MB.
_MOST_CELLS = 12_000_000
_EXACT_FLOAT32 = 1 << 22


@dataclass(frozen=True, slots=True, eq=False)
class MarkovIntervals:
    """Shares and money of c channels with the ends of their 90 % interval.

    solution: of the paths as seen. share_low, share_high: (c,). value: (c,) money per channel,
    value_low, value_high its interval, in the unit of the summary. replicate_count: replicates with
    a conversion, from which the intervals are taken; without any, the ends are NaN.
    """

    solution: MarkovSolution
    share_low: Floats
    share_high: Floats
    value: Floats
    value_low: Floats
    value_high: Floats
    replicate_count: int


def bootstrap_markov(
    summary: PathSummary, replicates: int = REPLICATES, seed: int = SEED
) -> MarkovIntervals:
    """Return Markov shares with 90 % intervals, the same for the same paths in any order.

    Money varies with the orders drawn and with their values (value_squares; without them every
    order of a path counts as alike). Raise ValueError below 2 replicates.
    """
    if replicates < 2:
        raise ValueError(f"{replicates} replicates give no interval; allowed: 2 or more")
    paths = summary.distinct()
    solution = solve_markov(paths)
    total = paths.attributed(paths.values)
    shares, totals = _draw_shares(paths, replicates, np.random.default_rng(seed))
    is_usable = shares.sum(axis=1) > 0
    shares, money = shares[is_usable], shares[is_usable] * totals[is_usable, None]
    share_low, share_high = _interval(shares)
    value_low, value_high = _interval(money)
    return MarkovIntervals(
        solution,
        share_low,
        share_high,
        solution.split_value(total),
        value_low,
        value_high,
        len(shares),
    )


def _interval(draws: Floats) -> tuple[Floats, Floats]:
    if len(draws) == 0:
        nothing = np.full(draws.shape[1], np.nan)
        return nothing, nothing.copy()
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    low, high = np.quantile(draws, [tail, 1.0 - tail], axis=0)
    return low, high


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """What is drawn: each path with each way it ended, by ascending count.

    counts: (u,) how often seen. cells: (3c + c*c + 2, u) what one such journey adds: its start, its
    conversion or null, its moves, then the mean and the variance of its order's value.
    """

    counts: Floats
    cells: sparse.csc_array


def _draw_shares(
    paths: PathSummary, replicates: int, generator: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return shares (r, c), all 0 in a replicate without a conversion, and total values (r,)."""
    size, ends = len(paths.channels), _list_ends(paths)
    shares, totals = [np.empty((0, size))], [np.empty(0)]
    for drawn in _draw_cells(ends, replicates, generator):
        starts, conversions, nulls = drawn[:, : 3 * size].reshape(-1, 3, size).swapaxes(0, 1)
        moves = drawn[:, 3 * size : -2].reshape(-1, size, size)
        _, effects = solve_dense(starts, moves, conversions, nulls)
        whole = effects.sum(axis=1, keepdims=True)
        shares.append(np.divide(effects, whole, out=np.zeros_like(effects), where=whole > 0))
        noise = generator.standard_normal(len(drawn))
        totals.append(drawn[:, -2] + noise * np.sqrt(drawn[:, -1]))
    return np.concatenate(shares), np.concatenate(totals)


def _draw_cells(ends: _Ends, replicates: int, generator: np.random.Generator) -> Iterator[Floats]:
    """Yield what replicates count, in blocks of shape (block, cells)."""
    block = int(np.clip(_MOST_CELLS // max(ends.cells.shape), 1, replicates))
    kind = np.float32 if ends.counts.sum() < _EXACT_FLOAT32 else np.float64
    cells = ends.cells.astype(kind)
    for first in range(0, replicates, block):
        counts = _draw_counts(ends.counts, min(block, replicates - first), generator, kind)
        yield np.ascontiguousarray((cells @ counts).T, dtype=np.float64)


def _draw_counts(
    means: Floats, width: int, generator: np.random.Generator, kind: type[np.floating]
) -> NDArray[np.floating]:
    """Draw Poisson counts around ascending means, (u, width)."""
    drawn = np.empty((means.size, width), dtype=kind)
    values, first = np.unique(means, return_index=True)
    for mean, left, right in zip(values, first, [*first[1:], means.size], strict=True):
        if mean <= _TABLE_COUNTS and mean == np.floor(mean):
            picks = generator.integers(0, _OUTCOMES, (right - left, width), dtype=np.uint16)
            np.take(_poisson_table(int(mean)).astype(kind), picks, out=drawn[left:right])
        elif mean <= _TABLE_COUNTS:
            drawn[left:right] = generator.poisson(mean, (right - left, width))
    rest = means > _TABLE_COUNTS
    drawn[rest] = generator.poisson(means[rest, None], (int(rest.sum()), width))
    return drawn


@cache
def _poisson_table(mean: int) -> Floats:
    """Return the Poisson quantiles of 65,536 equally likely outcomes."""
    outcomes = np.arange(8 * mean + 24)
    chances = np.exp(outcomes * np.log(mean) - mean - gammaln(outcomes + 1.0))
    steps = (np.arange(_OUTCOMES) + 0.5) / _OUTCOMES
    return np.asarray(np.searchsorted(np.cumsum(chances), steps), dtype=np.float64)


def _list_ends(paths: PathSummary) -> _Ends:
    """List what is drawn and what each draw adds to the counts."""
    is_walked = paths.lengths > 0
    bought = np.flatnonzero(is_walked & (paths.conversions > 0))
    left = np.flatnonzero(is_walked & (paths.nulls > 0))
    row = np.concatenate([bought, left])
    counts = np.concatenate([paths.conversions[bought], paths.nulls[left]])
    has_bought = np.arange(row.size) < bought.size
    order = np.argsort(counts, kind="stable")
    row, counts, has_bought = row[order], counts[order], has_bought[order]
    return _Ends(counts, _cells_of(paths, row, has_bought))


def _cells_of(paths: PathSummary, row: Indices, has_bought: NDArray[np.bool_]) -> sparse.csc_array:
    size, unit = len(paths.channels), np.arange(row.size)
    first, last = paths.steps[paths.offsets[row]], paths.steps[paths.offsets[row + 1] - 1]
    mean, variance = _order_values(paths)
    move_unit, move_cell = _moves_of(paths, row)
    width = 3 * size + size * size
    where = [first, size + last + size * ~has_bought, 3 * size + move_cell]
    where += [np.full(row.size, width), np.full(row.size, width + 1)]
    what = [np.ones(2 * row.size + move_cell.size), mean[row] * has_bought]
    what.append(variance[row] * has_bought)
    units = np.concatenate([unit, unit, move_unit, unit, unit])
    table = sparse.coo_array(
        (np.concatenate(what), (np.concatenate(where), units)), shape=(width + 2, row.size)
    )
    return table.tocsc()


def _moves_of(paths: PathSummary, row: Indices) -> tuple[Indices, Indices]:
    """Return per move of every unit's path: the unit, and the cell origin * c + target."""
    origin, target, row_of_move = inner_steps(paths)
    counts = np.bincount(row_of_move, minlength=paths.lengths.size)
    begins = np.concatenate([[0], np.cumsum(counts)])
    repeats = counts[row]
    unit = np.repeat(np.arange(row.size), repeats)
    within = np.arange(unit.size) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    move = begins[row][unit] + within
    return unit, origin[move] * len(paths.channels) + target[move]


def _order_values(paths: PathSummary) -> tuple[Floats, Floats]:
    """Return mean and variance of the value of an order of each path, (p,)."""
    orders = paths.conversions
    has_orders = orders > 0
    mean = np.divide(paths.values, orders, out=np.zeros(orders.size), where=has_orders)
    square = np.divide(paths.value_squares, orders, out=np.zeros(orders.size), where=has_orders)
    return mean, np.maximum(square - mean**2, 0.0)
