"""Repeat rates: the textbook curve, customers watched too briefly, and nobody coming back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import CensoredData, beta, ecdf

from include.stats.retention import estimate_repeat_rates


def test_a_curve_worked_by_hand() -> None:
    # Ten customers: second orders on days 5, 10, 10 and 40, the others watched for these days.
    days = [5, 10, 10, 40, 8, 12, 20, 35, 61, 61]
    again = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    by14, by30, by60 = estimate_repeat_rates(days, again)
    # At day 5 ten are at risk, at day 10 eight (one left at 8), at day 40 three.
    kept14 = 9 / 10 * 6 / 8
    kept60 = kept14 * 2 / 3
    assert by14.rate == pytest.approx(1 - kept14)
    assert by30.rate == pytest.approx(1 - kept14)
    assert by60.rate == pytest.approx(1 - kept60)
    assert [row.at_risk for row in (by14, by30, by60)] == [5, 4, 2]
    assert [row.repeated for row in (by14, by30, by60)] == [3, 3, 4]
    variance = kept60**2 * (1 / (10 * 9) + 2 / (8 * 6) + 1 / (3 * 2))
    n = kept60 * (1 - kept60) / variance
    ends = beta.ppf([0.05, 0.95], n * (1 - kept60) + 0.5, n * kept60 + 0.5)
    np.testing.assert_allclose([by60.low, by60.high], ends)


def test_without_censoring_it_is_the_plain_rate() -> None:
    days = [3] * 20 + [90] * 80
    again = [True] * 20 + [False] * 80
    row = estimate_repeat_rates(days, again)[1]
    assert row.rate == pytest.approx(0.2)
    # The effective number of customers is then their number.
    np.testing.assert_allclose([row.low, row.high], beta.ppf([0.05, 0.95], 20.5, 80.5))


def test_nobody_watched_long_enough_says_nothing() -> None:
    by14, by30, by60 = estimate_repeat_rates([10, 20, 20], [True, False, False])
    assert by14.rate == pytest.approx(1 / 3)
    assert np.isnan([by30.rate, by60.low, by60.high]).all()
    assert (by60.at_risk, by60.customers) == (0, 3)


def test_nobody_came_back_or_everybody_did() -> None:
    row = estimate_repeat_rates(np.full(40, 20.0), np.zeros(40))[0]
    assert (row.rate, row.low) == (0.0, 0.0)
    assert row.high == pytest.approx(beta.ppf(0.95, 0.5, 40.5))
    row = estimate_repeat_rates([1.0, 2.0], [True, True])[2]
    assert (row.rate, row.high) == (1.0, 1.0)


def test_no_customers_at_all() -> None:
    assert [row.customers for row in estimate_repeat_rates([], [])] == [0, 0, 0]
    with pytest.raises(ValueError, match="watched_days must be >= 0"):
        estimate_repeat_rates([-1.0], [True])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 80), st.booleans()), min_size=1, max_size=60))
def test_it_is_scipys_curve_in_any_order(rows: list[tuple[int, bool]]) -> None:
    days = np.array([day for day, _ in rows], dtype=float)
    again = np.array([repeated for _, repeated in rows])
    found = estimate_repeat_rates(days, again)
    backwards = estimate_repeat_rates(days[::-1], again[::-1])
    oracle = ecdf(CensoredData(uncensored=days[again], right=days[~again])).cdf
    last = 0.0
    for row, other in zip(found, backwards, strict=True):
        np.testing.assert_equal(row.rate, other.rate)
        if np.isnan(row.rate):
            continue
        assert row.rate == pytest.approx(float(oracle.evaluate(row.days)), abs=1e-12)
        assert last <= row.rate + 1e-12
        assert 0 <= row.low <= row.rate + 1e-12 <= row.high + 2e-12 <= 1 + 3e-12
        last = row.rate
