"""Spikes and changes: scales worked by hand, roundings, gaps, and what small numbers explain."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from include.stats.changes import find_changes
from include.stats.spikes import campaign_threshold, find_spikes, robust_scores, rounding_unit


def test_three_digits_round_in_ever_larger_units() -> None:
    levels = [0, 7, 999, 1000, 1230, 9990, 12_300, 123_000, 1_230_000]
    assert rounding_unit(levels).tolist() == [1, 1, 1, 10, 10, 10, 100, 1000, 10_000]


def test_the_scale_is_the_largest_of_three() -> None:
    # MAD: median 20, distances 0 0 1 1 2 2 30 -> 1; 1.4826 < √20 = 4.472.
    increases = np.array([18.0, 19, 20, 20, 21, 22, 50])
    scores, median = robust_scores(increases, np.ones(7))
    assert median == 20.0
    assert scores[-1] == pytest.approx(30 / np.sqrt(20))
    # Steps of 100 are larger than either, and a spread of ten is larger than √20.
    assert robust_scores(increases, np.full(7, 100.0))[0][-1] == pytest.approx(0.3)
    wide = np.array([0.0, 10, 20, 30, 40, 100])
    assert robust_scores(wide, np.ones(6))[0][-1] == pytest.approx(75 / (1.4826 * 15))


def test_the_threshold_counts_every_look() -> None:
    # One false alert in 1,000 looks at t with 4 degrees: its 99.9 % point, in 1.4826 MAD.
    mad = student_t.ppf(0.75, 4)
    expected = student_t.ppf(0.999, 4) / (1.4826 * mad)
    assert campaign_threshold(10, 100, 1.0) == pytest.approx(expected)
    assert campaign_threshold(25, 61) > campaign_threshold(5, 61)


def test_two_days_of_a_bought_audience_are_one_spike() -> None:
    rises = np.tile([8.0, 12.0, 10.0, 9.0, 11.0], 8)
    rises[20:22] = 900.0
    levels = 10_000 + np.concatenate([[0.0], np.cumsum(rises)])
    (spike,) = find_spikes([levels, levels - levels % 1000 + 500], rounding=[[1.0], [1000.0]])
    assert (spike.series, spike.first_day, spike.last_day) == (0, 21, 22)
    assert spike.excess == pytest.approx(2 * 890)
    assert spike.share == pytest.approx(2 * 890 / levels[20])


def test_a_rise_over_days_nobody_saw_is_spread() -> None:
    levels = 10_000 + 100.0 * np.arange(40)
    levels[10:16] = np.nan
    assert find_spikes(levels) == []
    # The first reading after a start without any is no rise from nothing.
    assert find_spikes(np.concatenate([np.full(5, np.nan), levels[:20]])) == []


def test_a_rounded_counter_steps_without_alarm() -> None:
    levels = np.floor((123_400 + 55.0 * np.arange(61)) / 1000) * 1000
    unit = rounding_unit(levels)[None, :]
    assert find_spikes(levels, rounding=unit, minimum_share=0.0) == []
    assert find_spikes(levels, minimum_share=0.0) != []


def test_small_rises_and_short_series_are_nobodys_business() -> None:
    levels = 10_000 + np.arange(40.0)
    levels[20:] += 150
    assert find_spikes(levels) == []
    assert len(find_spikes(levels, minimum_share=0.01)) == 1
    assert find_spikes(levels[15:25], minimum_share=0.01) == []
    assert find_spikes(np.zeros((0, 0))) == []
    assert find_spikes(np.full((2, 30), np.nan)) == []
    assert find_spikes(np.zeros((2, 30))) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 4))
def test_series_do_not_know_each_other(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    levels = 5000 + np.cumsum(rng.pareto(1.5, (count, 40)) * 50, axis=1)
    limit = campaign_threshold(25, 60)
    together = find_spikes(levels, threshold=limit)
    backwards = find_spikes(levels[::-1], threshold=limit)
    key = [(s.series, s.first_day, s.excess) for s in together]
    assert sorted((count - 1 - s.series, s.first_day, s.excess) for s in backwards) == sorted(key)


def test_a_level_that_falls_for_good() -> None:
    values = np.array([5.0, 6, 5, 7, 6, 5, 6, 7, 5, 6, 2, 1, 2, 3, 1, 2, 2, 1, 3, 2])
    (change,) = find_changes(values)
    assert (change.first_day, change.before, change.after) == (10, 6.0, 2.0)
    # Every one of 10 × 10 pairs is ordered: K = 100, p = 2 exp(-6 K² ÷ (n³ + n²)).
    assert change.p_value == pytest.approx(2 * np.exp(-6 * 100**2 / (20**3 + 20**2)))
    # In a large campaign looked at every week the same fall is no longer surprising enough.
    assert find_changes([values] * 25, reviews=8) == []


def test_one_wild_day_is_no_change_and_few_days_no_series() -> None:
    values = np.tile([5.0, 6.0, 7.0], 10)
    values[12] = 900
    assert find_changes(values) == []
    assert find_changes(np.arange(13.0)) == []
    assert [change.first_day for change in find_changes(np.arange(14.0))] == [7]
    assert find_changes(np.full(30, 4.0)) == []
    assert find_changes([[np.nan] * 30]) == []
