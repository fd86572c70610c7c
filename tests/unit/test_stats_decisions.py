"""Ranking of next pieces: against closed forms, and with who may not be ranked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from include.stats.decisions import NextPieces, expected_gain, rank_next_pieces
from include.stats.orders import estimate_orders, fit_orders


def test_the_probability_of_two_normals_is_the_closed_form() -> None:
    rng = np.random.default_rng(1)
    draws = np.stack([rng.normal(100, 30, 200_000), rng.normal(80, 40, 200_000)])
    ranking = rank_next_pieces(NextPieces.of(draws, [50.0, 50.0], [4, 4]), target=2.0)
    # The difference is normal(20, 50); half the price doubles what is asked.
    assert ranking.p_best[0] == pytest.approx(norm.cdf(20 / 50), abs=0.004)
    assert ranking.p_above_target == pytest.approx([0.5, norm.cdf(-20 / 40)], abs=0.004)
    assert ranking.p_top3.tolist() == [1.0, 1.0]
    np.testing.assert_allclose(ranking.returns.mean, [2.0, 1.6], rtol=0.005)
    np.testing.assert_allclose(
        ranking.break_even_fee.low, norm.ppf(0.035, [100, 80], [30, 40]), atol=0.6
    )


def test_the_price_of_the_next_piece_decides() -> None:
    draws = np.array([[90.0, 90.0], [60.0, 60.0]])
    ranking = rank_next_pieces(NextPieces.of(draws, [100.0, 40.0], [3, 3], [20.0, 10.0]))
    assert ranking.p_best.tolist() == [0.0, 1.0]
    assert ranking.returns.mean.tolist() == [0.75, 1.2]
    assert ranking.p_above_target.tolist() == [0.0, 1.0]
    # What the product costs comes off: 90 - 20 and 60 - 10.
    assert ranking.break_even_fee.mean.tolist() == [70.0, 50.0]


def test_product_only_and_a_single_piece_are_tests() -> None:
    draws = np.array([[500.0] * 4, [80.0] * 4, [90.0] * 4])
    ranking = rank_next_pieces(NextPieces.of(draws, [np.nan, 50.0, 50.0], [5, 2, 1]))
    assert ranking.is_test.tolist() == [True, False, True]
    # Without a price there is no return; one piece competes all the same.
    assert np.isnan(ranking.p_best[0])
    assert np.isnan(ranking.returns.low[0])
    assert ranking.break_even_fee.mean[0] == 500.0
    assert ranking.p_best[1:].tolist() == [0.0, 1.0]


def test_nobody_to_rank() -> None:
    ranking = rank_next_pieces(NextPieces.of(np.zeros((0, 5)), [], []))
    assert ranking.p_best.size == ranking.returns.low.size == 0
    ranking = rank_next_pieces(NextPieces.of(np.ones((1, 5)), [np.nan], [3]))
    assert np.isnan(ranking.p_best).all()


@pytest.mark.parametrize(("fee", "live"), [([0.0], [2]), ([10.0, 10.0], [2]), ([10.0], [2, 3])])
def test_prices_and_shapes_are_checked(fee: list[float], live: list[float]) -> None:
    with pytest.raises(ValueError, match=r"above 0|one per creator"):
        NextPieces.of(np.ones((1, 3)), fee, live)


def test_the_gain_of_a_move_is_the_difference_of_returns() -> None:
    returns = np.array([[3.0, 2.0], [0.5, 1.0], [9.0, 9.0]])
    # 100 moved from the second to the first: 100 × (2.5, 1.0).
    mean, low, high = expected_gain(returns, [100.0, -100.0, 0.0])
    assert mean == pytest.approx(175.0)
    # The ends lie 3.5 % of the way between the two draws.
    assert [low, high] == pytest.approx([100 + 0.035 * 150, 250 - 0.035 * 150])
    assert expected_gain(returns, [0.0, 0.0, 0.0]) == (0.0, 0.0, 0.0)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(0.0, 500.0), min_size=4, max_size=9),
    st.integers(0, 2**31),
)
def test_probabilities_are_a_distribution_in_any_order(level: list[float], seed: int) -> None:
    rng = np.random.default_rng(seed)
    draws = np.array(level)[:, None] + rng.gamma(1.0, 20.0, (len(level), 300))
    fee, live = rng.uniform(10, 90, len(level)), np.full(len(level), 3)
    ranking = rank_next_pieces(NextPieces.of(draws, fee, live))
    assert ranking.p_best.sum() == pytest.approx(1.0)
    assert ranking.p_top3.sum() == pytest.approx(3.0)
    assert (ranking.p_top3 >= ranking.p_best).all()
    shuffled = rng.permutation(len(level))
    again = rank_next_pieces(NextPieces.of(draws[shuffled], fee[shuffled], live))
    np.testing.assert_array_equal(again.p_best, ranking.p_best[shuffled])
    # A lower fee never makes a creator less likely to be best.
    cheaper = fee.copy()
    cheaper[0] *= 0.7
    assert rank_next_pieces(NextPieces.of(draws, cheaper, live)).p_best[0] >= ranking.p_best[0]


def test_joint_draws_have_the_margins_of_the_posterior() -> None:
    rng = np.random.default_rng(8)
    owners = np.repeat(np.arange(6), 4)
    counts = rng.poisson(5.0 * rng.gamma(2.0, 0.5, owners.size)).astype(float)
    fit = fit_orders(counts, owners, 7)
    draws, posterior = fit.draw(20_000), fit.posterior()
    np.testing.assert_allclose(draws[:6].mean(axis=1) * 4, posterior.mean()[:6], rtol=0.03)
    ends = np.quantile(draws[:6], [0.035, 0.965], axis=1) * 4
    np.testing.assert_allclose(ends, np.array(posterior.interval())[:, :6], rtol=0.06)
    # The seventh has no posts: a new creator of this campaign, and less certain than the others.
    assert draws[6].mean() == pytest.approx(draws[:6].mean(), rel=0.25)
    assert draws[6].std() > draws[:6].std(axis=1).max()
    np.testing.assert_array_equal(fit.draw(500), fit.draw(500))


def test_what_creators_share_goes_up_and_down_together() -> None:
    # Few orders, alike: the campaign's mean is the main unknown, and it is everybody's.
    draws = fit_orders(np.full(75, 1.0), np.repeat(np.arange(25), 3), 25).draw()
    correlation = np.corrcoef(draws)
    assert correlation[np.triu_indices(25, 1)].mean() > 0.05


def test_young_posts_count_in_part() -> None:
    owners = np.repeat(np.arange(3), 4)
    counts = [4.0, 6.0, 5.0, 5.0] * 3
    grown = estimate_orders(counts, owners, 3)
    # The same orders by half their age: twice as many are to be expected in the end.
    young = fit_orders(counts, owners, 3, maturity=np.full(12, 0.5))
    np.testing.assert_allclose(young.posterior().mean(), grown.mean(), rtol=0.02)
    whole = fit_orders(counts, owners, 3, maturity=np.ones(12))
    np.testing.assert_allclose(young.draw().mean() / whole.draw().mean(), 2.0, rtol=0.03)
    with pytest.raises(ValueError, match="maturity must be in"):
        fit_orders([1.0], [0], 1, maturity=[0.0])
