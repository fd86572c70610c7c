"""Where a goal will end: the projection follows the pieces that are planned, not the calendar.

Each piece brings λ per piece, spread over the days after it goes live by a maturity curve. What was
reached so far, divided by the pieces' matured part, estimates λ; what is to come is λ times the
part still to mature by the end. Half of the days is a tenth of the pieces in a campaign that posts
late, and a projection linear in time would be wrong by a factor of five.

The interval is predictive: where the total will end, not where it is expected to. Its relative
variance adds up the noise of counting and the luck of pieces, of what was seen and of what is to
come; its shape is a gamma distribution's.

Sources: ratio estimate, Cochran, Sampling Techniques, 3rd ed., chapter 6; compound Poisson moments
and the gamma approximation, Bühlmann & Gisler, A Course in Credibility Theory, chapter 2; the
pieces' luck as in `orders`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import gamma

from include.stats.grids import INTERVAL_LEVEL, Floats

# Coefficient of variation between pieces of one creator, as measured for orders.
PIECE_VARIATION = 0.7


@dataclass(frozen=True, slots=True)
class Projection:
    """Where a goal stands and will end, all in the goal's unit.

    actual: reached on final days, baseline included. target_to_date: part of the target that the
    pieces' plan asks for by then (None without a target). low, mid, high: projected end, the ends
    of its 90 % interval; None when no piece has had time to bring anything.
    """

    actual: float
    target_to_date: float | None
    low: float | None
    mid: float | None
    high: float | None


def sum_final_days(values: ArrayLike, is_final: ArrayLike) -> tuple[float, int]:
    """Sum the days before the first day that is not final; return the sum and how many they are.

    values: (d,) of consecutive days from the campaign's first on; is_final: (d,). A final day after
    one that is not waits for it. NaN (no data) counts as nothing.
    """
    final = np.asarray(is_final, dtype=np.bool_)
    days = int(final.size if final.all() else np.argmin(final))
    return float(np.nansum(np.asarray(values, dtype=np.float64)[:days])), days


def project_end(
    actual: float,
    matured: ArrayLike,
    matured_at_end: ArrayLike,
    *,
    target: float | None = None,
    unit_size: float = 1.0,
    piece_variation: float = PIECE_VARIATION,
    baseline: tuple[float, float] = (0.0, 0.0),
) -> Projection:
    """Project one goal to the campaign's end.

    actual: reached on final days. matured, matured_at_end: (pieces,) share of what a piece brings
    (0-1) that has come by the last final day and will have by the campaign's end, planned pieces
    included (0 and their share). unit_size: Σx² ÷ Σx of the counted things, 1 for counts, about
    the mean order value × (1 + its squared variation) for money. baseline: what comes without the
    campaign, until now and until the end (goals with scope `all`). Raises ValueError when a share
    falls or leaves 0-1.
    """
    done = np.asarray(matured, dtype=np.float64)
    end = np.asarray(matured_at_end, dtype=np.float64)
    if ((done < 0) | (end > 1) | (end < done)).any():
        raise ValueError("shares must be 0 <= matured <= matured_at_end <= 1")
    before, whole = baseline
    target_to_date = None
    if target is not None and end.sum() > 0:
        target_to_date = before + (target - whole) * float(done.sum() / end.sum())
    if not done.sum() > 0:
        return Projection(actual, target_to_date, None, None, None)
    brought = max(actual - before, 0.0)
    left = end - done
    per_piece = (brought + 0.5 * unit_size) / done.sum()
    mean = per_piece * float(left.sum())
    fixed = actual + whole - before
    if mean == 0:
        return Projection(actual, target_to_date, fixed, fixed, fixed)
    ends = _gamma_ends(mean, _variation(per_piece, done, left, unit_size, piece_variation))
    # The half unit keeps the interval open at nothing; the middle needs no such help.
    mid = brought / float(done.sum()) * float(left.sum())
    return Projection(actual, target_to_date, fixed + ends[0], fixed + mid, fixed + ends[1])


def _variation(
    per_piece: float, done: Floats, left: Floats, unit_size: float, piece_variation: float
) -> float:
    """Return the squared coefficient of variation of what is to come, given what was seen."""
    counting = unit_size / (per_piece * done.sum()) + unit_size / (per_piece * left.sum())
    # A piece's luck shows in both parts when it is half-way: what they share cancels.
    shares = left / left.sum() - done / done.sum()
    return float(counting + piece_variation**2 * (shares**2).sum())


def _gamma_ends(mean: float, variation: float) -> tuple[float, float]:
    tail = (1.0 - INTERVAL_LEVEL) / 2.0
    shape = 1.0 / variation
    low, high = gamma.ppf([tail, 1.0 - tail], shape, scale=mean / shape)
    return float(low), float(high)
