"""Days on which a counter rose more than its usual ups and downs explain.

A day's increase is compared with the series' own median, in units of a scale that cannot be too
small: 1.4826 × MAD (the usual ups and downs), the unit to which the platform rounds (YouTube shows
three digits, so 123,000 rises in steps of 1,000), and √median (the noise of counting).

Sources: median and MAD, Hampel 1974, Iglewicz & Hoaglin 1993; the threshold is the tail of
Student's t with 4 degrees of freedom (daily increases have heavy tails), set so that a whole
campaign with all its series and days has the stated number of false alerts in the mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import t as student_t

from include.stats.grids import Floats

# Fewer increases than this have no usual ups and downs yet.
FEWEST_DAYS = 10
TAIL_FREEDOM = 4
# 1.4826 × MAD of a Student's t with 4 degrees of freedom, in its own unit.
TAIL_SCALE = 1.4826 * float(student_t.ppf(0.75, TAIL_FREEDOM))


@dataclass(frozen=True, slots=True)
class Spike:
    """Neighbouring days of one series on which it rose too fast.

    series: row; first_day, last_day: columns of the increases (day d rises from d - 1 to d).
    excess: rise above the median of those days, in units counted. share: excess ÷ level before.
    score: largest increase in units of the scale.
    """

    series: int
    first_day: int
    last_day: int
    excess: float
    share: float
    score: float


def rounding_unit(levels: ArrayLike, digits: int = 3) -> Floats:
    """Return the unit to which a counter shown with `digits` significant digits is rounded.

    999 is shown as it is (unit 1), 1,230 in tens, 123,000 in thousands; at 0 the unit is 1. Shape
    as given.
    """
    size = np.maximum(np.abs(np.asarray(levels, dtype=np.float64)), 1.0)
    power = np.floor(np.log10(size) + 1e-12) - (digits - 1)
    return np.asarray(10.0 ** np.maximum(power, 0.0), dtype=np.float64)


def campaign_threshold(series_count: int, day_count: int, false_alerts: float = 0.5) -> float:
    """Return the score from which a day is a spike, for a whole campaign.

    false_alerts: expected number over all series and days when nothing happened.
    """
    looks = max(series_count * day_count, 1)
    return float(student_t.isf(min(false_alerts / looks, 0.5), TAIL_FREEDOM)) / TAIL_SCALE


def find_spikes(
    levels: ArrayLike,
    *,
    rounding: ArrayLike | None = None,
    minimum_share: float = 0.02,
    threshold: float | None = None,
) -> list[Spike]:
    """Find spikes in c counters of t consecutive days.

    levels: (c, t) lifetime counters at each day's end, NaN where none was read; a rise over missing
    days is spread evenly over them. rounding: (c, t) or (c, 1) unit of rounding, 1 by default.
    minimum_share: smallest rise of one day, relative to the level before, worth a person's time.
    threshold: as from `campaign_threshold`, for these series and days by default.
    """
    table = np.atleast_2d(np.asarray(levels, dtype=np.float64))
    if table.size == 0:
        return []
    unit = np.ones(table.shape) if rounding is None else np.broadcast_to(rounding, table.shape)
    limit = threshold if threshold is not None else campaign_threshold(*table.shape)
    found: list[Spike] = []
    for series, row in enumerate(table):
        found += _spikes_of(series, row, np.asarray(unit[series]), minimum_share, limit)
    return found


def robust_scores(increases: Floats, unit: Floats) -> tuple[Floats, float]:
    """Return each increase's distance from the median in units of the scale, and the median.

    increases: (d,), NaN is unknown. unit: (d,) rounding unit. The scale is the largest of
    1.4826 × MAD, the rounding unit and √|median|.
    """
    median = float(np.nanmedian(increases))
    deviation = 1.4826 * float(np.nanmedian(np.abs(increases - median)))
    scale = np.maximum(max(deviation, np.sqrt(abs(median)), 1e-12), unit)
    return np.asarray((increases - median) / scale, dtype=np.float64), median


def _spikes_of(
    series: int, row: Floats, unit: Floats, minimum_share: float, limit: float
) -> list[Spike]:
    known = np.flatnonzero(np.isfinite(row))
    if known.size <= FEWEST_DAYS:
        return []
    filled = np.interp(np.arange(row.size), known, row[known])
    increases = np.diff(filled)
    increases[: known[0]] = np.nan
    increases[known[-1] :] = np.nan
    coarse = np.maximum(unit[1:], unit[:-1])
    scores, median = robust_scores(increases, coarse)
    before = np.maximum(filled[:-1], 1.0)
    flagged = (scores > limit) & (increases - median > minimum_share * before)
    return [
        _merge(series, run, scores, increases - median, before)
        for run in np.split(np.flatnonzero(flagged), _gaps(flagged))
        if run.size
    ]


def _gaps(flagged: np.ndarray) -> Floats:
    """Return where runs of flagged days end, for np.split."""
    days = np.flatnonzero(flagged)
    return np.asarray(np.flatnonzero(np.diff(days) > 1) + 1)


def _merge(series: int, run: np.ndarray, scores: Floats, above: Floats, before: Floats) -> Spike:
    excess = float(above[run].sum())
    return Spike(
        series,
        int(run[0]) + 1,
        int(run[-1]) + 1,
        excess,
        excess / float(before[run[0]]),
        float(scores[run].max()),
    )
