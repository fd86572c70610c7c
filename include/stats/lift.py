"""Did the campaign add sales at all? A counterfactual from control series, tried on placebos.

Before the campaign the shop's series is explained by control series (regions or products without
the campaign, search interest, other channels) by ridge regression on weekly means, in which the
noise of the controls is small and week-ends do not show.
During the campaign the same weights say what would have been; the rest is the lift. What a lift
must exceed is learnt from time without a campaign: placebo campaigns predicted from other weeks.

The smallest detectable lift comes first. Under it the answer is `not measurable`, whatever the
estimate. Never per creator, and never multiplied into attribution.

Sources: ridge, Hoerl & Kennard 1970, around equal weights as in augmented synthetic controls,
Ben-Michael, Feller & Rothstein 2021; penalty by generalised cross-validation, Golub, Heath & Wahba
1979, with the one-standard-error rule of Breiman et al. 1984; placebos in time, Abadie, Diamond &
Hainmueller 2015; detectable effect at 5 % one-sided and 80 % power, Bloom 1995.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

from include.stats.grids import INTERVAL_LEVEL, Floats

Verdict = Literal["measured", "not measurable"]
# Relative to the largest squared singular value of the controls.
PENALTIES = np.geomspace(1e-4, 100.0, 21)
WEEK = 7
# A fit on fewer weeks follows their chances.
FEWEST_WEEKS = 8
FEWEST_DAYS = 4
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Lift:
    """Relative lift (0.1 is +10 %) with what could have been seen at all.

    smallest_detectable: lift found with 80 % power at 5 % false alarms. verdict: `measured` when
    the estimate's size exceeds it. expected: counterfactual total of the counted days, in the
    series' unit. placebo_p: share of placebo campaigns with a lift at least as large. days, events:
    campaign days counted, and left out because of an event.
    """

    smallest_detectable: float
    verdict: Verdict
    lift: float
    low: float
    high: float
    expected: float
    placebo_p: float
    days: int
    events: int


def estimate_lift(
    series: ArrayLike,
    controls: ArrayLike,
    first_day: int,
    *,
    is_event: ArrayLike | None = None,
) -> Lift | None:
    """Estimate the lift of the days from `first_day` on; None when nothing can be learnt before.

    series: (t,) daily sales; controls: (t, k) untouched by the campaign; first_day: index of the
    campaign's first day. is_event: (t,) promotions and stock-outs, left out of fit and lift. None
    with fewer than eight weeks before, or no countable day. Raises ValueError on unequal lengths.
    """
    values = np.asarray(series, dtype=np.float64)
    table = np.asarray(controls, dtype=np.float64).reshape(values.size, -1)
    event = np.zeros(values.size, dtype=np.bool_)
    if is_event is not None:
        event = np.asarray(is_event, dtype=np.bool_)
    if event.size != values.size:
        raise ValueError(f"{event.size} event days for {values.size} days: one each")
    usable = np.isfinite(values) & np.isfinite(table).all(axis=1) & ~event
    before = _weekly_means(values, table, usable, first_day, is_before=True)
    during = _weekly_means(values, table, usable, first_day, is_before=False)
    if before.days.size < FEWEST_WEEKS or during.days.size == 0 or not before.values.sum() > 0:
        return None
    counted = float(during.days.sum())
    expected = float(before.predict(during.controls) @ during.days)
    if not expected > 0:
        return None
    placebos = _placebo_lifts(before, during.days.size)
    error, freedom = _error(before, counted / WEEK, placebos, expected / counted)
    lift = float(during.values @ during.days) / expected - 1.0
    half = float(student_t.ppf((1.0 + INTERVAL_LEVEL) / 2.0, freedom)) * error
    detectable = half + float(student_t.ppf(POWER, freedom)) * error
    return Lift(
        detectable,
        "measured" if abs(lift) > detectable else "not measurable",
        lift,
        lift - half,
        lift + half,
        expected,
        float((1 + (np.abs(placebos) >= abs(lift)).sum()) / (1 + placebos.size)),
        int(counted),
        int(event[first_day:].sum()),
    )


def detect_before_after(
    series: ArrayLike, first_day: int, *, is_event: ArrayLike | None = None
) -> float | None:
    """Return the smallest lift that days before and after could show without any control.

    For the time in which `estimate_lift` is None: few weeks before the campaign fit no control, but
    week-to-week noise is known from all weeks, the campaign's included. Successive differences of
    weekly log means leave out what drifts (von Neumann et al. 1941). Power and alarms as above.
    None without a day before or after, or with fewer than four weeks to tell the noise.
    """
    values = np.asarray(series, dtype=np.float64)
    usable = np.isfinite(values)
    if is_event is not None:
        usable &= ~np.asarray(is_event, dtype=np.bool_)
    week = (np.arange(values.size) - first_day) // WEEK
    before, during = usable & (week < 0), usable & (week >= 0)
    weeks = [
        float(values[usable & (week == number)].mean())
        for number in np.unique(week[usable])
        if (usable & (week == number)).sum() >= FEWEST_DAYS
    ]
    if not (before.any() and during.any()) or len(weeks) < 4 or min(weeks) <= 0:
        return None
    steps = np.diff(np.log(weeks))
    noise = float(np.sqrt((steps**2).mean() / 2.0))
    error = noise * float(np.sqrt(WEEK / before.sum() + WEEK / during.sum()))
    freedom = float(steps.size)
    tails = student_t.ppf((1.0 + INTERVAL_LEVEL) / 2.0, freedom) + student_t.ppf(POWER, freedom)
    return float(np.expm1(error * float(tails)))


def estimate_geo_lift(
    before: ArrayLike, during: ArrayLike, is_treated: ArrayLike
) -> tuple[float, float, float, float] | None:
    """Return smallest detectable lift, lift, low and high of a geo split; None below 3 per arm.

    before, during: (r,) sales of each region in the two periods, above 0; is_treated: (r,). The
    estimate is the difference of mean log growth between the arms (Welch 1947).
    """
    growth = np.log(np.asarray(during, dtype=np.float64) / np.asarray(before, dtype=np.float64))
    treated = np.asarray(is_treated, dtype=np.bool_)
    arms = growth[treated], growth[~treated]
    if min(arm.size for arm in arms) < 3:
        return None
    parts = [arm.var(ddof=1) / arm.size for arm in arms]
    error = float(np.sqrt(sum(parts)))
    spread = sum(part**2 / (arm.size - 1) for part, arm in zip(parts, arms, strict=True))
    freedom = float(error**4 / spread) if spread > 0 else 1.0
    half = float(student_t.ppf((1.0 + INTERVAL_LEVEL) / 2.0, freedom)) * error
    detectable = half + float(student_t.ppf(POWER, freedom)) * error
    found = float(arms[0].mean() - arms[1].mean())
    low, high = np.expm1([found - half, found + half])
    return float(np.expm1(detectable)), float(np.expm1(found)), float(low), float(high)


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Weekly means of the usable days: values (w,), controls (w, k), usable days of each (w,)."""

    values: Floats
    controls: Floats
    days: Floats

    def part(self, chosen: NDArray[np.bool_]) -> _Weeks:
        return _Weeks(self.values[chosen], self.controls[chosen], self.days[chosen])

    def predict(self, controls: Floats) -> Floats:
        """Fit on these weeks, penalty by generalised cross-validation, and predict others.

        Everything is relative to its mean here. The start is that the series moves as its controls
        do in the mean; ridge learns how it differs from that. Shrunk to weights of zero, noisy
        controls would leave a falling market unexplained and call it the campaign's fault.
        """
        mean, centre = self.values.mean() or 1.0, self.controls.mean(axis=0)
        centre = np.where(centre == 0, 1.0, centre)
        known, asked = self.controls / centre, controls / centre
        rest = self.values / mean - known.mean(axis=1)
        left, sizes, right = np.linalg.svd(known - 1.0, full_matrices=False)
        penalties = PENALTIES * max(float(sizes[0]) ** 2, 1e-12)
        rotated = left.T @ rest
        shrink = sizes**2 / (sizes**2 + penalties[:, None])
        misfit = ((rest - (shrink * rotated) @ left.T) ** 2).sum(axis=1)
        freedom = (rest.size - 1.0 - shrink.sum(axis=1)).clip(min=0.5)
        score = misfit / freedom**2
        # The largest penalty that is not clearly worse: few weeks choose a small one by chance.
        fair = score <= score.min() * (1.0 + np.sqrt(2.0 / rest.size))
        best = int(np.flatnonzero(fair).max())
        weights = right.T @ (sizes / (sizes**2 + penalties[best]) * rotated)
        return np.asarray(mean * (asked.mean(axis=1) + (asked - 1.0) @ weights), dtype=np.float64)


def _weekly_means(
    values: Floats, table: Floats, usable: NDArray[np.bool_], first_day: int, *, is_before: bool
) -> _Weeks:
    """Average the usable days of each week counted from the campaign's first day.

    A week before with fewer than four usable days is left out; of the campaign every day counts.
    """
    week = (np.arange(values.size) - first_day) // WEEK
    chosen = usable & ((week < 0) == is_before)
    _, place = np.unique(week[chosen], return_inverse=True)
    days = np.bincount(place).astype(np.float64)
    means = np.stack(
        [np.bincount(place, column) for column in (values[chosen], *table[chosen].T)], axis=1
    )
    rows = means / days[:, None]
    weeks = _Weeks(rows[:, 0], rows[:, 1:], days)
    return weeks.part(days >= (FEWEST_DAYS if is_before else 1))


def _placebo_lifts(before: _Weeks, length: int) -> Floats:
    """Return lifts of placebo campaigns, each predicted from the other weeks.

    A placebo is as long as the campaign, or half of the time before it when that is shorter. Where
    enough weeks lie on one side of it, it is predicted from that side alone as well: the campaign
    has no weeks after it either.
    """
    count = before.days.size
    span, at = min(length, count // 2), np.arange(count)
    found = []
    for start in range(count - span + 1):
        inside = (at >= start) & (at < start + span)
        for side in (~inside, at < start, at >= start + span):
            if side.sum() < min(FEWEST_WEEKS, count - span):
                continue
            expected = float(before.part(side).predict(before.controls[inside]).sum())
            if expected > 0:
                found.append(float(before.values[inside].sum()) / expected - 1.0)
    return np.array(found)


def _error(before: _Weeks, weeks: float, placebos: Floats, daily: float) -> tuple[float, float]:
    """Return the lift's standard error and its degrees of freedom.

    The larger of two: the placebos' root mean square, and what the weeks' own errors (each week
    left out of its fit) say of a mean over `weeks` when one week leans on the last. daily: expected
    sales of a day.
    """
    at = np.arange(before.days.size)
    misses = np.array(
        [
            float(before.values[week] - before.part(at != week).predict(before.controls[[week]])[0])
            for week in at
        ]
    )
    variance = float((misses**2).mean())
    leaning = float((misses[1:] * misses[:-1]).mean()) / max(variance, 1e-12)
    leaning = min(max(leaning, 0.0), 0.8)
    inflation = (1.0 + leaning) / (1.0 - leaning)
    error = float(np.sqrt(variance * inflation * (1.0 / weeks + 1.0 / at.size))) / daily
    noise = float(np.sqrt((placebos**2).mean())) if placebos.size else 0.0
    return max(error, noise, 1e-9), float(max(at.size / inflation - 1.0, 2.0))
