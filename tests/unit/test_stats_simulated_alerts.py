"""False alerts per clean campaign of 25 creators, and how many planted cases are found.

The table is in docs/statistics.md.
"""

from __future__ import annotations

import numpy as np
import pytest
from stats_markets import CREATORS, DAYS, Floats, Rng, lognormal

from include.stats.audience import compare_engagement, score_audiences
from include.stats.changes import find_changes
from include.stats.spikes import Spike, find_spikes, rounding_unit

SEEDS = 200
POSTS = 10
EVERY_THIRD = np.arange(CREATORS) % 3 == 0  # YouTube: three digits shown
HONEST_COMMENTS, HOLLOW_COMMENTS = 0.25, 0.75


def draw_followers(rng: Rng, bought: float, days: int) -> Floats:
    """Draw followers (25, 61): growth, week-ends, lucky posts, gaps; creator 0 and 1 buy some.

    A post brings 0.2 % of the followers in the mean, with a coefficient of variation of 2.
    """
    start = np.exp(rng.uniform(np.log(5000), np.log(50_000), CREATORS))
    daily = rng.uniform(0.0002, 0.001, CREATORS)[:, None] * np.ones(DAYS)
    daily = daily * (1 + 0.2 * np.sin(np.arange(DAYS) * 2 * np.pi / 7))
    for creator in range(CREATORS):
        for day in rng.integers(0, DAYS, POSTS):
            won = 0.002 * lognormal(rng, 2.0, 1)[0] * 0.5 ** np.arange(1, 6)
            daily[creator, day : day + 5] += won[: DAYS - day]
    gained = rng.poisson(daily * start[:, None]) - rng.poisson(0.0003 * start, (DAYS, CREATORS)).T
    for creator in (0, 1):
        day = int(rng.integers(12, DAYS - days - 2))
        gained[creator, day : day + days] += int(bought * start[creator] / days)
    levels = np.floor(start)[:, None] + np.cumsum(gained, axis=1)
    unit = rounding_unit(levels)
    levels[EVERY_THIRD] = np.floor(levels / unit)[EVERY_THIRD] * unit[EVERY_THIRD]
    levels[rng.random(levels.shape) < 0.03] = np.nan
    return levels


def find(levels: Floats) -> list[Spike]:
    filled = np.where(np.isnan(levels), np.nanmedian(levels, axis=1, keepdims=True), levels)
    unit = np.where(EVERY_THIRD[:, None], rounding_unit(filled), 1.0)
    return find_spikes(levels, rounding=unit)


def score(rng: Rng, levels: Floats, hollow: int) -> list[int]:
    """Return the creators with an audience alert; the first `hollow` react and comment as bots."""
    spikes = np.zeros(CREATORS)
    for spike in find(levels):
        spikes[spike.series] += spike.share
    rate = np.clip(0.05 * lognormal(rng, 0.35, CREATORS), 0.015, None)
    rate[:hollow] = 0.014
    owner = np.repeat(np.arange(CREATORS), 5)
    reach = np.exp(rng.uniform(np.log(1500), np.log(20_000), owner.size)).round()
    done = rng.poisson(reach * rate[owner] * lognormal(rng, 0.35, owner.size))
    path = np.repeat([0, 1, 2], [10, 9, 6])
    comments = rng.poisson(120, CREATORS)
    bots = np.arange(CREATORS) < hollow
    generic = rng.binomial(comments, np.where(bots, HOLLOW_COMMENTS, HONEST_COMMENTS))
    repeated = rng.binomial(comments, np.where(bots, 0.4, 0.05))
    ratio = compare_engagement(owner, done, reach, path)
    found = score_audiences(spikes, ratio, comments, generic, repeated)
    return [int(at) for at in np.flatnonzero(found.is_alert)]


@pytest.mark.parametrize("seeds", [12, pytest.param(SEEDS, marks=pytest.mark.long)])
def test_clean_campaigns_are_left_in_peace(seeds: int) -> None:
    spikes, audiences, changes = 0, 0, 0
    for seed in range(seeds):
        rng = np.random.default_rng([3, seed])
        levels = draw_followers(rng, 0.0, 1)
        spikes += len(find(levels))
        audiences += len(score(rng, levels, 0))
        rates = rng.poisson(rng.uniform(1, 30, (CREATORS, 1)), (CREATORS, DAYS))
        looks = [find_changes(rates[:, :day], reviews=7) for day in range(19, DAYS + 1, 7)]
        changes += len({change.series for look in looks for change in look})
    print(f"{seeds} clean campaigns: {spikes} spikes, {audiences} audiences, {changes} changes")
    assert spikes <= seeds
    assert audiences <= seeds
    assert changes <= 0.2 * seeds + 2


@pytest.mark.long
def test_planted_cases_are_found() -> None:
    print()
    for bought in (0.03, 0.05, 0.10, 0.17, 0.30):
        for days in (1, 2, 4):
            hits, scored = 0, 0
            for seed in range(40):
                rng = np.random.default_rng([5, seed])
                levels = draw_followers(rng, bought, days)
                hits += len({spike.series for spike in find(levels)} & {0, 1})
                scored += len({0, 1} & set(score(rng, levels, 2)))
            print(
                f"{bought:.0%} over {days} days: spike {hits / 80:.0%}, audience {scored / 80:.0%}"
            )
            if bought >= 0.17 and days <= 2:
                assert hits >= 0.9 * 80
            assert scored >= 0.8 * 80


@pytest.mark.long
def test_lasting_changes_are_found() -> None:
    print()
    found = {}
    for mean in (3, 10, 30):
        for factor in (0.3, 0.5, 0.7):
            hits = 0
            for seed in range(100):
                rng = np.random.default_rng([7, seed])
                level = np.where(np.arange(DAYS) < 35, mean, mean * factor)
                hits += bool(find_changes([rng.poisson(level), *[[4.0] * DAYS] * 24], reviews=8))
            found[mean, factor] = hits
            print(f"{mean} a day, from day 36 on × {factor}: {hits} of 100")
    assert found[30, 0.5] >= 95
    assert found[3, 0.7] <= found[3, 0.3]
