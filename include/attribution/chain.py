"""The order-1 chain over paths, and what it loses without one channel.

States are a start, every channel, conversion and null. The chance of a step is its count divided by
all steps out of the same state. With N = (I - Q)^-1 over the channels (expected visits), s the
first steps' chances and h = N r the chance to convert from each channel:

    P(conversion) = s h        RE(c) = N[s,c] h(c) / (N[c,c] P)

RE(c) is the share of conversions that are lost when every step into c leads to null instead: the
chance to ever reach c is N[s,c] / N[c,c], and from there h(c) conversions are lost. So one inverse
gives all removal effects, where the definition asks for one solve per channel.

Sources: fundamental matrix and hitting probabilities, Kemeny & Snell, Finite Markov Chains, 1960,
theorems 3.2.4 and 3.5.4; removal effect: Anderl et al., Mapping the customer journey, IJRM 33
(2016) 457-474.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from include.attribution.paths import Floats, Indices, PathSummary

START, CONVERSION, NULL = "(start)", "(conversion)", "(null)"
# A dense inverse of so many channels takes about 2 s and 100 MB; beyond, chains are sparse.
DENSE_CHANNELS = 2_500
# How far P(conversion) may be from the observed rate, relative: both are the same number.
RATE_TOLERANCE = 1e-9
_BLOCK = 256
_ENDS = (CONVERSION, NULL)


class ChainInconsistent(ArithmeticError):
    """The chain does not convert as often as its own paths did: its numbers must not be used."""


@dataclass(frozen=True, slots=True, eq=False)
class TransitionCounts:
    """Steps of a chain of c channels.

    starts: (c,) paths that begin with the channel. moves: (c, c) steps from row to column, dense or
    a scipy sparse array; steps from a channel to itself are left out, for they change no chance of
    ever getting anywhere. conversions, nulls: (c,) paths that ended there, by how they ended.
    """

    channels: tuple[str, ...]
    starts: Floats
    moves: Floats | sparse.csr_array
    conversions: Floats
    nulls: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ChainSolution:
    """p_conversion of the chain and the removal effect per channel, (c,), each in 0-1."""

    p_conversion: float
    removal_effects: Floats


def count_transitions(summary: PathSummary) -> TransitionCounts:
    """Count the steps of all non-empty paths, by weight."""
    size, weights = len(summary.channels), summary.weights
    is_walked = summary.lengths > 0
    first = summary.steps[summary.offsets[:-1][is_walked]]
    last = summary.steps[summary.offsets[1:][is_walked] - 1]
    origin, target, row = inner_steps(summary)
    return TransitionCounts(
        summary.channels,
        sum_at(first, weights[is_walked], size),
        _sum_moves(origin, target, weights[row], size),
        sum_at(last, summary.conversions[is_walked], size),
        sum_at(last, summary.nulls[is_walked], size),
    )


def inner_steps(summary: PathSummary) -> tuple[Indices, Indices, Indices]:
    """Return origin, target and row of every step between two different channels of a path."""
    steps, rows = summary.steps, summary.rows
    is_inner = (rows[:-1] == rows[1:]) & (steps[:-1] != steps[1:])
    return steps[:-1][is_inner], steps[1:][is_inner], rows[:-1][is_inner]


def transitions_of_rows(
    origins: Sequence[str], targets: Sequence[str], counts: ArrayLike
) -> TransitionCounts:
    """Build counts from a table of steps, as the warehouse counts them.

    Row i says that `counts[i]` steps led from `origins[i]` to `targets[i]`; origins are channels or
    "(start)", targets channels, "(conversion)" or "(null)". Rows of one step add up. Raise
    ValueError when a row leads into the start, out of an end, or past all channels.
    """
    numbers = np.asarray(counts, dtype=np.float64)
    _check_rows(origins, targets, numbers)
    channels = tuple(sorted((set(origins) | set(targets)) - {START, CONVERSION, NULL}))
    size = len(channels)
    index = {name: at for at, name in enumerate((*channels, START, CONVERSION, NULL))}
    origin = np.fromiter(map(index.__getitem__, origins), np.intp, len(origins))
    target = np.fromiter(map(index.__getitem__, targets), np.intp, len(targets))
    is_move = (origin < size) & (target < size) & (origin != target)

    def at_end(at: Indices, is_chosen: NDArray[np.bool_]) -> Floats:
        return sum_at(at[is_chosen], numbers[is_chosen], size)

    return TransitionCounts(
        channels,
        at_end(target, origin == size),
        _sum_moves(origin[is_move], target[is_move], numbers[is_move], size),
        at_end(origin, target == size + 1),
        at_end(origin, target == size + 2),
    )


def solve_chain(counts: TransitionCounts) -> ChainSolution:
    """Return P(conversion) and all removal effects; 0 everywhere when nothing converted.

    Raise `ChainInconsistent` when P(conversion) is not the observed rate, which happens for counts
    that are no paths' counts (more steps into a channel than out of it).
    """
    total = float(counts.starts.sum())
    converted = float(counts.conversions.sum())
    if converted == 0:
        return ChainSolution(0.0, np.zeros(len(counts.channels)))
    if isinstance(counts.moves, np.ndarray):
        p, effects = solve_dense(counts.starts, counts.moves, counts.conversions, counts.nulls)
        solution = ChainSolution(float(p), effects)
    else:
        solution = _solve_sparse(counts, counts.moves)
    _check_rate(solution.p_conversion, converted, total)
    return solution


def solve_dense(
    starts: Floats, moves: Floats, conversions: Floats, nulls: Floats
) -> tuple[Floats, Floats]:
    """Solve chains given as dense counts, many at once: shapes (..., c) and (..., c, c).

    Returns P(conversion), (...), and removal effects, (..., c); 0 for a channel no path has, and
    for chains without a conversion. Nothing is checked here.
    """
    out = moves.sum(axis=-1) + conversions + nulls
    scale = np.divide(1.0, out, out=np.zeros_like(out), where=out > 0)
    visits = np.linalg.inv(np.eye(out.shape[-1]) - moves * scale[..., None])
    total = starts.sum(axis=-1)
    begin = np.divide(starts, total[..., None], out=np.zeros_like(out), where=total[..., None] > 0)
    hope = np.matvec(visits, conversions * scale)
    seen = np.vecmat(begin, visits)
    p_conversion = np.asarray((begin * hope).sum(axis=-1))
    diagonal = np.diagonal(visits, axis1=-2, axis2=-1)
    return p_conversion, _effects(seen, hope, diagonal, p_conversion)


def _effects(seen: Floats, hope: Floats, diagonal: Floats, p_conversion: Floats) -> Floats:
    lost = seen * hope / diagonal
    whole = p_conversion[..., None]
    effects = np.divide(lost, whole, out=np.zeros_like(lost), where=whole > 0)
    # Rounding may leave a hair outside the range of a probability.
    return np.asarray(np.clip(effects, 0.0, 1.0), dtype=np.float64)


def _solve_sparse(counts: TransitionCounts, moves: sparse.csr_array) -> ChainSolution:
    """Solve one large chain by a sparse factorisation; the diagonal of N comes block by block."""
    size = len(counts.channels)
    out = np.asarray(moves.sum(axis=1)).ravel() + counts.conversions + counts.nulls
    scale = np.divide(1.0, out, out=np.zeros(size), where=out > 0)
    factors = splu((sparse.eye_array(size) - sparse.diags_array(scale) @ moves).tocsc())
    begin = counts.starts / counts.starts.sum()
    hope = factors.solve(counts.conversions * scale)
    seen = factors.solve(begin, trans="T")
    diagonal = np.empty(size)
    for left in range(0, size, _BLOCK):
        block = np.arange(left, min(left + _BLOCK, size))
        units = np.zeros((size, block.size))
        units[block, block - left] = 1.0
        diagonal[block] = factors.solve(units)[block, block - left]
    p_conversion = np.asarray(begin @ hope)
    return ChainSolution(float(p_conversion), _effects(seen, hope, diagonal, p_conversion))


def sum_at(index: Indices, weights: Floats, size: int) -> Floats:
    """Sum weights per index, (size,)."""
    return np.asarray(np.bincount(index, weights, size), dtype=np.float64)


def _sum_moves(
    origin: Indices, target: Indices, weights: Floats, size: int
) -> Floats | sparse.csr_array:
    if size > DENSE_CHANNELS:
        return sparse.coo_array((weights, (origin, target)), shape=(size, size)).tocsr()
    return sum_at(origin * size + target, weights, size * size).reshape(size, size)


def _check_rows(origins: Sequence[str], targets: Sequence[str], counts: Floats) -> None:
    if not len(origins) == len(targets) == counts.size:
        raise ValueError(
            f"{len(origins)} origins, {len(targets)} targets and {counts.size} counts; "
            "allowed: one of each per row"
        )
    for row, (origin, target) in enumerate(zip(origins, targets, strict=True)):
        if origin in (CONVERSION, NULL) or target == START or (origin == START and target in _ENDS):
            raise ValueError(
                f"row {row} leads from {origin!r} to {target!r}; allowed: {START} to a channel, "
                f"channel to channel, a channel to {CONVERSION} or {NULL}"
            )
        if not counts[row] >= 0:
            raise ValueError(f"row {row} counts {counts[row]} steps; allowed: a number >= 0")


def _check_rate(p_conversion: float, converted: float, total: float) -> None:
    observed = converted / total if total else float("nan")
    if not abs(p_conversion - observed) <= RATE_TOLERANCE * observed:
        raise ChainInconsistent(
            f"the chain converts with {p_conversion:.15g}, its paths with {observed:.15g} "
            f"({converted:g} of {total:g}); the counts are not those of whole paths"
        )
