"""Where a goal will end: the projection follows the pieces that are planned, not the calendar.

Each piece brings λ per piece, spread over the days after it goes live by a maturity curve. What was
reached so far, divided by the pieces' matured part, estimates λ; what is to come is λ times the
part still to mature by the end. Half of the days is a tenth of the pieces in a campaign that posts
late, and a projection linear in time would be wrong by a factor of five.

Pieces of different kinds (a reel, a story) do not bring the same, and plans put reels first; clicks
come sooner than orders. Both are told by the days on which pieces were fresh; with few days they
stay near what is believed.

The interval is predictive: where the total will end, not where it is expected to. Its relative
variance adds up the noise of counting and the luck of pieces, of what was seen and of what is to
come; its shape is a gamma distribution's.

Sources: ratio estimate, Cochran, Sampling Techniques, 3rd ed., chapter 6; compound Poisson moments
and the gamma approximation, Bühlmann & Gisler, A Course in Credibility Theory, chapter 2; the
pieces' luck as in `orders`. Kinds: expectation maximisation for a sum of Poisson counts, Shepp &
Vardi 1982, with a gamma prior (Green 1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import gamma

from include.stats.grids import INTERVAL_LEVEL, Floats

# Coefficient of variation between pieces of one creator, as measured for orders.
PIECE_VARIATION = 0.7
# Kinds differ by about seven tenths of what a piece brings, before anything is known: 1 ÷ 0.7².
KIND_SHAPE = 2.0
# Later pieces bring more or less than early ones of their kind: an audience tires, a product gets
# known. Over the whole campaign by so much, as a standard deviation of the logarithm.
TREND = 0.3
ROUNDS = 60
# Pieces of which less has had time to show, in pieces, say nothing.
LEAST_MATURED = 1e-6
# Mean delays looked at, days; clicks come at once, orders within days. Believed before is three,
# give or take a factor of two.
DAILY_DELAYS = np.geomspace(0.5, 8.0, 13)
BELIEVED_DELAY, DELAY_SPREAD = 3.0, 0.7


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
    weights: ArrayLike | None = None,
    doubt: float = 0.0,
) -> Projection:
    """Project one goal to the campaign's end.

    actual: reached on final days. matured, matured_at_end: (pieces,) share of what a piece brings
    (0-1) that has come by the last final day and will have by the campaign's end, planned pieces
    included (0 and their share). unit_size: Σx² ÷ Σx of the counted things, 1 for counts, about
    the mean order value × (1 + its squared variation) for money. baseline: what comes without the
    campaign, until now and until the end (goals with scope `all`). weights: (pieces,) what a piece
    brings relative to the others, 1 by default. doubt: squared coefficient of variation of what is
    to come because weights, delays and later pieces are not known (`DailyFit`). Raises ValueError
    when a share falls or leaves 0-1.
    """
    done = np.asarray(matured, dtype=np.float64)
    end = np.asarray(matured_at_end, dtype=np.float64)
    if ((done < 0) | (end > 1) | (end < done)).any():
        raise ValueError("shares must be 0 <= matured <= matured_at_end <= 1")
    if weights is not None:
        done, end = done * np.asarray(weights), end * np.asarray(weights)
    before, whole = baseline
    target_to_date = None
    if target is not None and end.sum() > 0:
        target_to_date = before + (target - whole) * float(done.sum() / end.sum())
    if done.sum() < LEAST_MATURED:
        return Projection(actual, target_to_date, None, None, None)
    brought = max(actual - before, 0.0)
    left = end - done
    per_piece = (brought + 0.5 * unit_size) / done.sum()
    mean = per_piece * float(left.sum())
    fixed = actual + whole - before
    if mean == 0:
        return Projection(actual, target_to_date, fixed, fixed, fixed)
    variation = _variation(per_piece, done, left, unit_size, piece_variation)
    ends = _gamma_ends(mean, variation + doubt)
    # The half unit keeps the interval open at nothing; the middle needs no such help.
    mid = brought / float(done.sum()) * float(left.sum())
    low, high = min(ends[0], mid), max(ends[1], mid)
    return Projection(actual, target_to_date, fixed + low, fixed + mid, fixed + high)


@dataclass(frozen=True, slots=True)
class DailyFit:
    """What days tell of pieces.

    delay: mean days from a piece to what it brings. weights: (k,) what a piece of each kind brings
    relative to the mean piece seen, 1 for a kind not seen. doubt: how little of that is known,
    as a squared coefficient of variation of what is still to come.
    """

    delay: float
    weights: Floats
    doubt: float


def fit_daily(
    counts: ArrayLike, live: ArrayLike, kinds: ArrayLike, end: float | None = None
) -> DailyFit:
    """Fit to daily counts the mean delay in days and what a piece of each kind brings.

    counts: (d,) what each day brought, in counts; NaN is a day nobody read, which tells nothing.
    live: (pieces,) day each went live, 0 the first, before and after the days as well; a piece is
    half a day old at the end of its day. kinds: (pieces,) whole numbers. end: the campaign's last
    day, by default that of the counts. Delay and weights stay near what is believed while days are
    few.
    """
    brought = np.maximum(np.asarray(counts, dtype=np.float64), 0.0)
    days = np.asarray(live, dtype=np.float64)
    kind = np.asarray(kinds, dtype=np.intp)
    size = int(kind.max(initial=0)) + 1
    if not np.nansum(brought) > 0 or not (days < brought.size).any():
        return DailyFit(BELIEVED_DELAY, np.ones(size), 0.0)
    last = float(brought.size - 1 if end is None else end)
    fits = [_fit_at(brought, days, kind, size, delay, last) for delay in DAILY_DELAYS]
    # Days share their pieces' luck: deviations count by how much the best fit leaves over.
    spread = min(fit.left_over for fit in fits)
    believed = np.log(DAILY_DELAYS / BELIEVED_DELAY) ** 2 / (2 * DELAY_SPREAD**2)
    scores = np.array([fit.likelihood for fit in fits]) / max(spread, 1.0) - believed
    best = int(np.argmax(scores))
    chance = np.exp(scores - scores.max())
    chance /= chance.sum()
    ratios = np.array([fit.log_ratio for fit in fits])
    between = float(chance @ (ratios - ratios[best]) ** 2)
    within = float(chance @ np.array([fit.doubt for fit in fits]))
    return DailyFit(float(DAILY_DELAYS[best]), fits[best].weights, between + within)


@dataclass(frozen=True, slots=True)
class _DelayFit:
    """One delay: log-likelihood, dispersion, weights of kinds, ln(to come ÷ seen) and its doubt."""

    likelihood: float
    left_over: float
    weights: Floats
    log_ratio: float
    doubt: float


def _fit_at(
    brought: Floats, live: Floats, kind: NDArray[np.intp], size: int, delay: float, last: float
) -> _DelayFit:
    ends = np.arange(-1, brought.size)
    ages = np.maximum(ends[None, :] - live[:, None] + 0.5, 0.0)
    shares = -np.expm1(-ages / delay)
    is_read = ~np.isnan(brought)
    grown = np.diff(shares, axis=1)
    done = shares[:, -1] - grown[:, ~is_read].sum(axis=1)
    brought, grown = brought[is_read], grown[:, is_read]
    fresh = np.stack([grown[kind == one].sum(axis=0) for one in range(size)])
    weights = weigh_kinds(brought, fresh)
    expected = weights @ fresh
    expected = np.maximum(expected * (brought.sum() / max(expected.sum(), 1e-12)), 1e-6)
    fit = float((brought * np.log(expected) - expected).sum())
    left = ((brought - expected) ** 2 / expected).sum() / max(brought.size - size - 1, 1)
    at_end = -np.expm1(-np.maximum(last - live + 0.5, 0.0) / delay)
    coming = np.maximum(at_end - done, 0.0)
    log_ratio, doubt = _doubt(weights, fresh, kind, live, done, coming, brought.sum())
    return _DelayFit(fit, float(left), weights, log_ratio, doubt)


def _doubt(
    weights: Floats,
    fresh: Floats,
    kind: NDArray[np.intp],
    live: Floats,
    done: Floats,
    coming: Floats,
    count: float,
) -> tuple[float, float]:
    """Return ln(to come ÷ seen) and the variance that unknown weights and a trend give it.

    To first order: the derivative by ln(weight) is a kind's part of what is to come less its part
    of what was seen; the weights' covariance is the inverse of the days' information, a day telling
    no more than its pieces' luck allows, and of what is believed.
    """
    seen, ahead = weights[kind] * done, weights[kind] * coming
    if seen.sum() <= LEAST_MATURED or ahead.sum() <= LEAST_MATURED:
        return 0.0, 0.0
    log_ratio = float(np.log(ahead.sum() / seen.sum()))
    parts = np.bincount(kind, ahead, weights.size) / ahead.sum()
    parts -= np.bincount(kind, seen, weights.size) / seen.sum()
    told = 1.0 / (1.0 / count + PIECE_VARIATION**2 / done.sum())
    rates = weights[:, None] * fresh
    total = np.maximum(rates.sum(axis=0), 1e-12)
    information = (rates / total) @ rates.T * (told / max(rates.sum(), 1e-12))
    covariance = np.linalg.inv(information + KIND_SHAPE * np.eye(weights.size))
    span = max(float(np.ptp(live)), 1.0)
    later = (live @ ahead / ahead.sum() - live @ seen / seen.sum()) / span
    return log_ratio, float(parts @ covariance @ parts + (TREND * later) ** 2)


def weigh_kinds(counts: ArrayLike, fresh: ArrayLike) -> Floats:
    """Return what a piece of each kind brings relative to the mean of those seen, (k,).

    counts: (d,) what each day brought; fresh: (k, d) how much of each kind's pieces matured on the
    day. Days of one piece share its luck, so no more is believed than that many pieces can tell.
    """
    exposure = np.asarray(fresh, dtype=np.float64)
    told = np.asarray(counts, dtype=np.float64)
    matured = exposure.sum(axis=1)
    if told.sum() <= 0 or matured.sum() <= 0:
        return np.ones(matured.size)
    told = told * (matured.sum() / PIECE_VARIATION**2 / told.sum())
    mean = told.sum() / matured.sum()
    brings = np.full(matured.size, mean)
    for _ in range(ROUNDS):
        expected = np.maximum(brings @ exposure, 1e-12)
        brings = brings * (exposure @ (told / expected))
        brings = (KIND_SHAPE + brings) / (KIND_SHAPE / mean + matured)
    return np.asarray(brings / mean, dtype=np.float64)


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
