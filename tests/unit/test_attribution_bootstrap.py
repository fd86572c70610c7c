"""Intervals of Markov shares cover what they say; models' disagreement is counted right."""

from __future__ import annotations

import numpy as np
import pytest

from include.attribution.bootstrap import _draw_counts, bootstrap_markov
from include.attribution.disagreement import compare_models
from include.attribution.markov import solve_markov
from include.attribution.paths import PathSummary

PATHS = [["ana"], ["bo"], ["ana", "bo"], ["bo", "cy"], ["cy", "ana", "bo"], ["cy"]]
BUYS = np.array([6.0, 3.0, 9.0, 4.0, 8.0, 1.0])
LEAVES = np.array([60.0, 50.0, 40.0, 35.0, 20.0, 70.0])


def test_the_same_for_the_same_paths_in_any_order() -> None:
    whole = bootstrap_markov(PathSummary.of(PATHS, BUYS, LEAVES, 50 * BUYS, 2600 * BUYS))
    split = PathSummary.of(
        [*PATHS[::-1], *PATHS],
        [*BUYS[::-1] - 1, *np.ones(6)],
        [*LEAVES[::-1], *np.zeros(6)],
        [*50 * (BUYS[::-1] - 1), *np.full(6, 50.0)],
        [*2600 * (BUYS[::-1] - 1), *np.full(6, 2600.0)],
    )
    again = bootstrap_markov(split)
    for name in ("share_low", "share_high", "value_low", "value_high"):
        assert np.array_equal(getattr(whole, name), getattr(again, name)), name


def test_intervals_hold_the_true_share_as_often_as_they_say() -> None:
    """The expected counts are the truth; 250 samples of it, 3 shares each: 90 % within 4 points."""
    truth = solve_markov(PathSummary.of(PATHS, 5 * BUYS, 5 * LEAVES)).shares
    generator = np.random.default_rng(5)
    hits = []
    for _ in range(250):
        sample = PathSummary.of(PATHS, generator.poisson(5 * BUYS), generator.poisson(5 * LEAVES))
        found = bootstrap_markov(sample)
        hits += list((found.share_low <= truth) & (truth <= found.share_high))
    assert 0.86 < np.mean(hits) < 0.94


def test_money_varies_with_orders_and_with_their_values() -> None:
    """One creator, 400 orders of mean 50: the error of the sum is the root of the squares' sum.

    Equal values: 50 * sqrt(400) = 1000. Deviation 50 within: sqrt(400 * 5000) = 1414. A 90 %
    interval is 3.29 errors wide.
    """
    for squares, error in ((400 * 2500.0, 1000.0), (400 * 5000.0, 1414.2)):
        summary = PathSummary.of([["ana"]], [400], [0], [20_000], [squares])
        found = bootstrap_markov(summary, replicates=4000)
        width = float(found.value_high[0] - found.value_low[0])
        assert width == pytest.approx(3.29 * error, rel=0.06)
        assert list(found.share_low) == list(found.share_high) == [1.0]
        assert list(found.value) == [20_000.0]


def test_no_conversion_gives_no_interval() -> None:
    found = bootstrap_markov(PathSummary.of([["ana"], ["bo"]], [0, 0], [5, 9]))
    assert found.replicate_count == 0
    assert np.isnan(found.share_low).all()
    assert list(found.solution.shares) == [0.0, 0.0]


def test_replicates_without_an_order_are_left_out() -> None:
    """One order: a Poisson count of mean 1 is 0 with probability 0.368."""
    found = bootstrap_markov(PathSummary.of([["ana"], ["bo"]], [1, 0], [5, 9]), replicates=4000)
    assert found.replicate_count / 4000 == pytest.approx(1 - np.exp(-1), abs=0.03)
    assert list(found.share_low) == [1.0, 0.0]


@pytest.mark.parametrize("mean", [1.0, 2.5, 16.0, 16.5, 400.0])
def test_counts_are_poisson(mean: float) -> None:
    """Mean, variance and the chance of 0, by table (whole numbers to 16) and by generator."""
    drawn = _draw_counts(np.full(40_000, mean), 5, np.random.default_rng(3), np.float64)
    error = np.sqrt(mean / drawn.size)
    assert drawn.mean() == pytest.approx(mean, abs=5 * error)
    assert drawn.var() == pytest.approx(mean, rel=0.03)
    assert (drawn == 0).mean() == pytest.approx(np.exp(-mean), abs=0.006)


def test_fewer_than_two_replicates_are_refused() -> None:
    with pytest.raises(ValueError, match="1 replicates give no interval"):
        bootstrap_markov(PathSummary.of([["ana"]], [1]), replicates=1)


def test_disagreement_by_hand() -> None:
    """Three models, four creators; bo is second or third, dee never gets anything."""
    found = compare_models([[5, 3, 2, 0], [4, 2, 4, 0], [6, 4, 1, 0]])
    assert list(found.lowest) == [4, 2, 1, 0]
    assert list(found.highest) == [6, 4, 4, 0]
    assert list(found.spread) == [2, 2, 3, 0]
    assert list(found.best_rank) == [1, 2, 1, 4]
    assert list(found.worst_rank) == [1, 3, 3, 4]
    assert list(found.rank_change) == [0, 1, 2, 0]


def test_equal_creators_have_no_rank_to_change() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-13, (5, 25))
    assert compare_models(4 + noise).rank_change.max() == 0


def test_a_table_with_a_hole_is_refused() -> None:
    with pytest.raises(ValueError, match=r"allowed: \(models, creators\)"):
        compare_models([[1.0, float("nan")]])
