"""Rates of small counts: shrunk towards the campaign, honest without exposure, covering."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import betaln
from scipy.stats import beta

from include.stats.rates import estimate_rates


def test_one_creator_with_much_exposure_is_its_own_rate() -> None:
    posterior = estimate_rates([300], [10_000])
    low, high = posterior.interval()
    assert posterior.mean()[0] == pytest.approx(0.03, rel=0.02)
    # A flat prior's beta posterior, within a few per cent.
    np.testing.assert_allclose([low[0], high[0]], beta.ppf([0.05, 0.95], 301, 9701), rtol=0.03)


def test_a_large_creators_interval_is_not_that_of_the_grids_steps() -> None:
    low, high = estimate_rates([1000], [40_000]).interval()
    tail = 0.05 * 0.7  # as docs/statistics.md says
    expected = beta.ppf([tail, 1 - tail], 1000.5, 39_000.5)
    np.testing.assert_allclose([low[0], high[0]], expected, rtol=0.004)


def test_without_exposure_the_campaign_speaks() -> None:
    posterior = estimate_rates([30, 25, 0], [1000, 1000, 0])
    low, high = posterior.interval()
    assert low[2] < posterior.mean()[0] < high[2]
    assert high[2] - low[2] > high[0] - low[0]


@pytest.mark.parametrize(
    ("successes", "trials"),
    [([3, 3], [100, 90]), ([1, 2], [10, 15]), ([0, 0], [10, 15]), ([30, 25, 5], [1000, 900, 200])],
)
def test_a_new_creators_rate_is_the_integral_over_mean_and_spread(
    successes: list[int], trials: list[int]
) -> None:
    """By the beta-binomial's closed form, summed over means and spreads of their own grid."""
    hits, tries = np.array(successes)[:, None, None], np.array(trials)[:, None, None]
    logit, spread = np.meshgrid(np.linspace(-18, 12, 1501), np.linspace(0.02, 2, 991))
    mean = 1 / (1 + np.exp(-logit))
    size = (1 - mean) / (mean * spread**2) - 1
    is_beta = size > 0.05
    a, b = mean * np.where(is_beta, size, 1), (1 - mean) * np.where(is_beta, size, 1)
    evidence = (betaln(a + hits, b + tries - hits) - betaln(a, b)).sum(axis=0)
    prior = 0.5 * np.log(mean) + 0.5 * np.log1p(-mean) - 0.5 * (spread / 0.5) ** 2
    weight = np.where(is_beta, np.exp(evidence + prior - (evidence + prior).max()), 0)
    expected = (mean * weight).sum() / weight.sum()
    found = estimate_rates([*successes, 0], [*trials, 0]).mean()[-1]
    assert found == pytest.approx(expected, rel=0.02)


def test_no_success_at_all() -> None:
    posterior = estimate_rates(np.zeros(10), np.full(10, 100))
    low, high = posterior.interval()
    assert (low < 1e-3).all()
    assert (high > 0.0005).all()
    assert (high < 0.03).all()


def test_few_trials_are_drawn_to_the_others() -> None:
    posterior = estimate_rates([1, *[20] * 9], [2, *[1000] * 9])
    assert posterior.mean()[0] < 0.06


def test_more_successes_never_mean_less() -> None:
    rates = [estimate_rates([n, 10, 12, 9], [200, 200, 200, 200]) for n in range(0, 60, 6)]
    assert all(np.diff([rate.mean()[0] for rate in rates]) > 0)
    assert all(np.diff([rate.interval()[0][0] for rate in rates]) > 0)
    assert all(np.diff([rate.interval()[1][0] for rate in rates]) > 0)


@pytest.mark.parametrize(("successes", "trials"), [([2], [1]), ([-1], [5])])
def test_impossible_counts_are_refused(successes: list[int], trials: list[int]) -> None:
    with pytest.raises(ValueError, match="0 <= successes <= trials"):
        estimate_rates(successes, trials)


def coverage(seed: int, campaigns: int, trials: int, mean: float, spread: float) -> float:
    rng = np.random.default_rng(seed)
    size = (1 - mean) / (mean * spread**2) - 1
    hits = []
    for _ in range(campaigns):
        truth = rng.beta(mean * size, (1 - mean) * size, 25)
        exposure = rng.poisson(trials, 25)
        low, high = estimate_rates(rng.binomial(exposure, truth), exposure).interval()
        hits += list((low <= truth) & (truth <= high))
    return float(np.mean(hits))


def test_intervals_cover_the_true_rate() -> None:
    assert 0.86 <= coverage(5, 20, 60, 0.02, 0.5) <= 0.98
    assert 0.86 <= coverage(6, 20, 800, 0.03, 0.5) <= 0.98


@pytest.mark.long
@pytest.mark.parametrize("trials", [20, 100, 1000, 5000])
@pytest.mark.parametrize(("mean", "spread"), [(0.02, 0.4), (0.04, 0.5), (0.2, 0.4)])
def test_coverage_of_rates_over_many_campaigns(trials: int, mean: float, spread: float) -> None:
    """Spreads up to the prior's scale: beyond it, tiny exposures are drawn in too far."""
    assert 0.86 <= coverage(17, 150, trials, mean, spread) <= 0.98
