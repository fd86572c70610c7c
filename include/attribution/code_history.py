"""A discount code's redemptions day by day beside its owner's posts, and when they left them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from include.attribution.post_response import AGE_STEPS, age_step
from include.attribution.sibling_rates import Floats


@dataclass(frozen=True, slots=True)
class CodeDay:
    """One code's redemptions of one day, without those of its owner, gifts, staff and tests.

    uses: redemptions without evidence of another creator of the campaign; those are `stray`.
    linked: of uses, with a link, page or session of the owner. seen, sessionless: whose visits are
    known at all, and of these without any of the owner. identified, returning: with a known
    customer, and of these not new. located, abroad: with a known country, and of these neither
    the creator's nor the shop's own. coupon_site: with a visit from a known coupon site.
    """

    day: dt.date
    uses: int
    stray: int = 0
    linked: int = 0
    seen: int = 0
    sessionless: int = 0
    identified: int = 0
    returning: int = 0
    located: int = 0
    abroad: int = 0
    coupon_site: int = 0


@dataclass(frozen=True, slots=True)
class CodeHistory:
    """A code from the day it could first be used to the last day judged, with its owner's pieces.

    live_days: days on which a piece of the owner went live. is_first_live_assumed: nobody saw the
    first one, it counts as live on its planned day.
    """

    code: str
    first_day: dt.date
    last_day: dt.date
    live_days: tuple[dt.date, ...]
    days: tuple[CodeDay, ...]
    is_first_live_assumed: bool = False


def change_day(code: CodeHistory, curve: Floats) -> dt.date | None:
    """Return the day from which uses beyond the response to posts are most likely.

    curve: expected uses per step of age, up to scale. Before the day Poisson(size × curve), from it
    on Poisson(size × curve + a constant); the day of the largest likelihood. None without uses.
    """
    if not code.live_days or not any(day.uses for day in code.days):
        return None
    span = (code.last_day - code.live_days[0]).days + 1
    if span < 2:
        return min(day.day for day in code.days if day.uses)
    counts = np.zeros(span)
    for day in code.days:
        if day.day >= code.live_days[0]:
            counts[(day.day - code.live_days[0]).days] += day.uses
    shape = curve[age_step(_ages(code, span))]
    best, found = -np.inf, 0
    for start in range(span):
        before, after = slice(None, start), slice(start, None)
        # The size of the response is learnt before the day; where little is, it is the mean.
        size = (counts[before].sum() + 1.0) / (shape[before].sum() + 1.0 / max(counts.mean(), 0.01))
        excess = max((counts[after].sum() - size * shape[after].sum()) / (span - start), 0.0)
        means = np.maximum(
            np.concatenate([size * shape[before], size * shape[after] + excess]), 1e-9
        )
        likelihood = float((counts * np.log(means) - means).sum())
        if likelihood > best:
            best, found = likelihood, start
    return code.live_days[0] + dt.timedelta(days=found)


def count_by_step(code: CodeHistory) -> tuple[Floats, Floats]:
    """Return uses and days per step of age, from the first live piece on."""
    uses, days = np.zeros(AGE_STEPS.size), np.zeros(AGE_STEPS.size)
    if not code.live_days or code.live_days[0] > code.last_day:
        return uses, days
    first = max(code.live_days[0], code.first_day)
    span = (code.last_day - code.live_days[0]).days + 1
    steps = age_step(_ages(code, span))
    skipped = (first - code.live_days[0]).days
    np.add.at(days, steps[skipped:], 1.0)
    for day in code.days:
        at = (day.day - code.live_days[0]).days
        if skipped <= at < span:
            uses[steps[at]] += day.uses
    return uses, days


def _ages(code: CodeHistory, span: int) -> NDArray[np.int64]:
    """Return for each day from the first live piece on how many days the last one is old."""
    live = np.array([(day - code.live_days[0]).days for day in code.live_days])
    at = np.arange(span)
    ages: NDArray[np.int64] = at - live[np.searchsorted(live, at, side="right") - 1]
    return ages


def uses_before_post(code: CodeHistory) -> int:
    """Return uses on days before the owner's first live piece; 0 where none is known."""
    if not code.live_days:
        return 0
    return sum(day.uses for day in code.days if day.day < code.live_days[0])
