"""Repeat purchase by Kaplan-Meier: customers who bought yesterday are not counted as lost.

Each customer is watched from the first order until the second one, or until today. The estimate at
14, 30 and 60 days uses everyone for as long as they were watched.

Sources: Kaplan & Meier 1958; variance, Greenwood 1926; the interval is Jeffreys' for a rate seen in
the effective number of customers, Dorey & Korn 1987 (it keeps its width when nobody came back,
where Greenwood's variance is 0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from include.stats.grids import Floats
from include.stats.intervals import jeffreys_rate

HORIZONS = (14, 30, 60)


@dataclass(frozen=True, slots=True)
class RepeatRate:
    """Share of customers who ordered again within `days`, 0-1, with its 90 % interval.

    at_risk: customers watched for at least so long who had not ordered again before. repeated:
    second orders within the days. All of rate, low and high are NaN when nobody was watched long
    enough to tell.
    """

    days: int
    customers: int
    at_risk: int
    repeated: int
    rate: float
    low: float
    high: float


def estimate_repeat_rates(
    watched_days: ArrayLike, has_repeated: ArrayLike, horizons: Sequence[int] = HORIZONS
) -> list[RepeatRate]:
    """Return one row per horizon for one group of customers.

    watched_days: (n,) days from the first order to the second, or to today where none came.
    has_repeated: (n,) whether the second order came. A second order on the day on which another
    customer's watch ends counts first. Raises ValueError on negative days.
    """
    days = np.asarray(watched_days, dtype=np.float64)
    again = np.asarray(has_repeated, dtype=np.bool_)
    if (days < 0).any():
        raise ValueError(f"watched_days must be >= 0, not {days.min()}")
    times, survival, log_variance = _product_limit(days, again)
    return [_row_at(day, days, again, times, survival, log_variance) for day in horizons]


def _product_limit(days: Floats, again: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return event days, the share still without a second order, and Σ d ÷ (n (n - d))."""
    times, events = np.unique(days[again], return_counts=True)
    at_risk = days.size - np.searchsorted(np.sort(days), times, side="left")
    survival = np.cumprod(1.0 - events / np.maximum(at_risk, 1), dtype=np.float64)
    left = at_risk - events
    terms = np.divide(events, at_risk * left, out=np.zeros(times.size), where=left > 0)
    return times, survival, np.cumsum(terms, dtype=np.float64)


def _row_at(
    day: int,
    days: Floats,
    again: NDArray[np.bool_],
    times: Floats,
    survival: Floats,
    log_variance: Floats,
) -> RepeatRate:
    at = int(np.searchsorted(times, day, side="right")) - 1
    kept = float(survival[at]) if at >= 0 else 1.0
    at_risk = int((days >= day).sum())
    repeated = int((again & (days <= day)).sum())
    unknown = RepeatRate(
        day, int(days.size), at_risk, repeated, float("nan"), float("nan"), float("nan")
    )
    if days.size == 0 or (at_risk == 0 and kept > 0):
        return unknown
    variance = kept**2 * float(log_variance[at]) if at >= 0 else 0.0
    # Nobody or everybody came back: those watched to the end are the only witnesses of it.
    effective = kept * (1.0 - kept) / variance if 0 < kept < 1 else float(max(at_risk, 1))
    _, low, high = jeffreys_rate(effective * (1.0 - kept), effective)
    return RepeatRate(
        day, int(days.size), at_risk, repeated, 1.0 - kept, float(low[0]), float(high[0])
    )
