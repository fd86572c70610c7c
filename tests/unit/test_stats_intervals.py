"""Single rates and counts: published and closed-form values, and what zero may say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import gammaln

from include.stats.intervals import cost_per_order, jeffreys_count, jeffreys_rate


def test_the_published_table_of_jeffreys_rates() -> None:
    # Brown, Cai & DasGupta 2001, the limits at 95 % for n = 10.
    _, low, high = jeffreys_rate([0, 1, 2, 5], np.full(4, 10), level=0.95)
    assert low.round(3).tolist() == [0.0, 0.011, 0.044, 0.224]
    assert high.round(3).tolist() == [0.217, 0.381, 0.503, 0.776]


def test_a_rate_without_trials_says_nothing() -> None:
    rate, low, high = jeffreys_rate([0, 0, 3], [0, 4, 3])
    assert np.isnan([rate[0], low[0], high[0]]).all()
    assert (rate[1], low[1]) == (0.0, 0.0)
    assert (rate[2], high[2]) == (1.0, 1.0)


def test_the_ends_of_a_count_hold_ninety_per_cent() -> None:
    low, high = jeffreys_count([0, 7])
    inside, _ = quad(lambda x: np.exp(6.5 * np.log(x) - x - gammaln(7.5)), low[1], high[1])
    assert inside == pytest.approx(0.9, abs=1e-6)
    assert low[0] == 0.0
    # The 95 % point of Gamma(½) is half that of chi-squared with one degree: 3.841 ÷ 2.
    assert high[0] == pytest.approx(1.9207, abs=1e-4)


def test_cost_per_order_at_nothing_has_a_lower_bound() -> None:
    value, low, high = cost_per_order(
        [300.0, 300.0, 0.0, 50.0], [0, 6, 4, 0], [0.1, 4, 2, 0], [2, 10, 8, 0]
    )
    np.testing.assert_array_equal(value, [np.nan, 50.0, 0.0, np.nan])
    np.testing.assert_array_equal(low, [150.0, 30.0, 0.0, np.nan])
    np.testing.assert_array_equal(high, [np.nan, 75.0, 0.0, np.nan])


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="0 <= successes <= trials"):
        jeffreys_rate([3], [2])
    with pytest.raises(ValueError, match="counts must be >= 0"):
        jeffreys_count([-1.0])
    with pytest.raises(ValueError, match="cost must be >= 0"):
        cost_per_order([-1.0], [1], [1], [1])


def test_nothing_in_nothing_out() -> None:
    assert all(part.size == 0 for part in jeffreys_rate([], []))
    assert all(part.size == 0 for part in cost_per_order([], [], [], []))


@given(st.integers(1, 500), st.data())
def test_the_rate_lies_within_and_moves_with_its_hits(trials: int, data: st.DataObject) -> None:
    hits = data.draw(st.integers(0, trials - 1))
    rate, low, high = jeffreys_rate([hits, hits + 1], [trials, trials])
    assert ((low <= rate) & (rate <= high) & (high <= 1) & (low >= 0)).all()
    assert low[1] > low[0]
    assert high[1] > high[0]
