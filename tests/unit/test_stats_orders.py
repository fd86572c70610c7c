"""Expected orders: works at nothing, shares between creators, and covers what it says it covers."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from include.stats.orders import estimate_orders
from include.stats.values import OrderValues, draw_order_values, estimate_revenue

Rng = np.random.Generator


def simulate(
    rng: Rng, creators: int, posts: int, mean_orders: float, between: float, bursts: float
) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.float64]]:
    """Draw a campaign from the model: counts per post, their creators, true expected orders."""
    rates = rng.gamma(between**-2, mean_orders / posts * between**2, creators)
    owners = np.repeat(np.arange(creators), posts)
    luck = rng.gamma(bursts**-2, bursts**2, owners.size)
    counts = rng.poisson(rates[owners] * luck).astype(np.float64)
    return counts, owners, rates * posts


def coverage(
    rng: Rng, campaigns: int, creators: int, posts: int, *shape: float
) -> tuple[float, float]:
    """Return how often intervals of orders and of revenue hold the true expected value."""
    orders_hit, revenue_hit = [], []
    for _ in range(campaigns):
        counts, owners, truth = simulate(rng, creators, posts, *shape)
        posterior = estimate_orders(counts, owners, creators)
        low, high = posterior.interval()
        orders_hit += list((low <= truth) & (truth <= high))
        value = 60.0 * rng.gamma(0.15**-2, 0.15**2, creators)
        buyers = np.repeat(owners, counts.astype(int))
        paid = value[buyers] * rng.gamma(4.0, 0.25, buyers.size)
        table = OrderValues.of(buyers, np.arange(buyers.size), np.ones(buyers.size), paid)
        revenue = estimate_revenue(posterior, draw_order_values(table, creators))
        if revenue is not None:
            expected = truth * value
            revenue_hit += list((revenue.low <= expected) & (expected <= revenue.high))
    return float(np.mean(orders_hit)), float(np.mean(revenue_hit))


def test_no_orders_at_all_still_give_an_upper_end() -> None:
    posterior = estimate_orders(np.zeros(75), np.repeat(np.arange(25), 3), 25)
    low, high = posterior.interval()
    assert (low < 0.05).all()
    assert (high > 0).all()
    assert (high < 1.0).all()


def test_a_creator_without_posts_has_no_expected_orders() -> None:
    posterior = estimate_orders([4.0, 6.0], [0, 0], 2)
    assert posterior.mean()[1] == 0
    assert [end[1] for end in posterior.interval()] == [0, 0]


def test_one_well_known_creator_is_near_its_count() -> None:
    # 40 posts of exactly 25 orders: no burst, so the mean is 1,000 with a Poisson error near 32.
    posterior = estimate_orders(np.full(40, 25.0), np.zeros(40, dtype=int), 1)
    low, high = posterior.interval()
    assert posterior.mean()[0] == pytest.approx(1000, rel=0.02)
    assert 1.4 * 31.6 < high[0] - low[0] < 6 * 31.6


def test_more_orders_never_mean_less() -> None:
    owners = np.repeat(np.arange(6), 4)
    before = None
    for extra in range(8):
        counts = np.tile([1.0, 0.0, 3.0, 2.0], 6)
        counts[0] += extra
        posterior = estimate_orders(counts, owners, 6)
        ends = (posterior.mean()[0], *(float(end[0]) for end in posterior.interval()))
        if before is not None:
            assert all(new > old for new, old in zip(ends, before, strict=True))
        before = ends


def test_creators_in_order_of_their_counts() -> None:
    counts = [0.0, 0.0, 2.0, 1.0, 9.0, 4.0, 30.0, 25.0]
    posterior = estimate_orders(counts, np.repeat(np.arange(4), 2), 4)
    for column in (posterior.mean(), *posterior.interval()):
        assert (np.diff(column) > 0).all()


def test_row_order_is_irrelevant_and_the_result_repeats() -> None:
    rng = np.random.default_rng(3)
    counts, owners, _ = simulate(rng, 10, 4, 5.0, 0.6, 1.0)
    shuffled = rng.permutation(counts.size)
    first = estimate_orders(counts, owners, 10)
    second = estimate_orders(counts[shuffled], owners[shuffled], 10)
    np.testing.assert_allclose(first.weights, second.weights, atol=1e-12)


def test_split_orders_are_smaller_pieces() -> None:
    # Every order split into halves: the same total from twice as many pieces, so less noise.
    owners = np.repeat(np.arange(5), 20)
    whole = estimate_orders(np.full(100, 2.0), owners, 5)
    split = estimate_orders(np.full(100, 2.0), owners, 5, credit_size=0.5)
    np.testing.assert_allclose(split.mean(), whole.mean(), rtol=0.02)
    assert np.ptp(split.interval(), axis=0)[0] < np.ptp(whole.interval(), axis=0)[0]


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="counts must be >= 0"):
        estimate_orders([-1.0], [0], 1)


def test_identical_creators_do_not_look_different() -> None:
    rng = np.random.default_rng(11)
    separated = 0
    for _ in range(15):
        owners = np.repeat(np.arange(25), 3)
        counts = rng.poisson(4.0 * rng.gamma(1.0, 1.0, owners.size)).astype(float)
        low, high = estimate_orders(counts, owners, 25).interval()
        separated += bool(low.max() > high.min())
    assert separated == 0


def test_intervals_cover_small_and_usual_counts() -> None:
    rng = np.random.default_rng(5)
    for mean_orders in (0.5, 10.0):
        orders, revenue = coverage(rng, 20, 25, 4, mean_orders, 0.6, 1.0)
        # The tails are cut for the worst market, so in the model's own they err on the wide side.
        assert 0.86 <= orders <= 0.98
        assert 0.86 <= revenue <= 0.99


def test_a_campaign_with_three_models_takes_under_two_seconds() -> None:
    rng = np.random.default_rng(7)
    counts, owners, _ = simulate(rng, 25, 5, 120.0, 0.7, 0.8)
    buyers = np.repeat(owners, counts.astype(int))
    table = OrderValues.of(
        buyers, np.arange(buyers.size), np.ones(buyers.size), np.ones(buyers.size)
    )
    start = time.process_time()
    for _ in range(3):
        estimate_revenue(estimate_orders(counts, owners, 25), draw_order_values(table, 25))
    assert time.process_time() - start < 2.0


@pytest.mark.long
@pytest.mark.parametrize("mean_orders", [0.3, 1.0, 5.0, 20.0, 100.0])
@pytest.mark.parametrize(("between", "bursts"), [(0.5, 0.7), (0.8, 1.0), (1.0, 1.5)])
def test_coverage_over_many_campaigns(mean_orders: float, between: float, bursts: float) -> None:
    rng = np.random.default_rng(17)
    orders, revenue = coverage(rng, 150, 25, 5, mean_orders, between, bursts)
    assert 0.86 <= orders <= 0.98
    # Seven orders in all say little about an order's value: then it errs on the wide side.
    assert 0.86 <= revenue <= (0.99 if mean_orders < 1 else 0.98)
