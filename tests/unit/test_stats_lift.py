"""Incrementality: planted lifts, nothing where nothing is, and silence below what can be seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student_t
from scipy.stats import ttest_ind
from stats_markets import Floats, Rng

from include.stats.lift import detect_before_after, estimate_geo_lift, estimate_lift

BEFORE, DURING = 120, 61


def shop(rng: Rng, lift: float, noise: float = 0.08, leaning: float = 0.3) -> tuple[Floats, Floats]:
    """Draw daily sales and four controls that share seasons; noise leans on the day before."""
    days = np.arange(BEFORE + DURING)
    season = 0.2 * np.sin(days * 2 * np.pi / 7) + 0.15 * np.sin(days / 40)
    walk = np.cumsum(rng.normal(0, 0.01, days.size))
    shocks = rng.normal(0, noise, (days.size, 5))
    for day in days[1:]:
        shocks[day] += leaning * shocks[day - 1]
    level = 1.0 + season + walk
    controls = np.stack([level * (80 + 30 * k) for k in range(4)], axis=1)
    controls *= 1 + shocks[:, 1:]
    sales = 400 * level * (1 + shocks[:, 0])
    sales[BEFORE:] *= 1 + lift
    return sales, controls


def test_a_large_lift_is_measured() -> None:
    found = estimate_lift(*shop(np.random.default_rng(1), 0.30), BEFORE)
    assert found is not None
    assert found.verdict == "measured"
    assert found.low < 0.30 < found.high
    assert found.smallest_detectable < 0.25
    assert found.days == DURING
    assert found.placebo_p < 0.2


def test_under_the_smallest_detectable_nothing_is_claimed() -> None:
    found = estimate_lift(*shop(np.random.default_rng(2), 0.01), BEFORE)
    assert found is not None
    assert found.verdict == "not measurable"
    assert found.smallest_detectable > abs(found.lift)
    # (t95 + t80) errors, where the interval is t95 errors either way: 1 + t80 ÷ t95 of its half,
    # 1.36 with two degrees of freedom, 1.51 with many.
    assert 1.36 < found.smallest_detectable / ((found.high - found.low) / 2) < 1.52


def test_a_series_that_its_control_explains_has_exactly_its_lift() -> None:
    days = np.arange(BEFORE + DURING)
    control = 100 + 20 * np.sin(days / 5)
    sales = 3 * control + 50
    sales[BEFORE:] *= 1.1
    found = estimate_lift(sales, control, BEFORE)
    assert found is not None
    assert found.lift == pytest.approx(0.1, abs=1e-3)
    assert found.expected == pytest.approx((3 * control[BEFORE:] + 50).sum(), rel=1e-3)
    assert found.smallest_detectable < 0.01


def test_promotions_and_stock_outs_are_left_out() -> None:
    sales, controls = shop(np.random.default_rng(3), 0.0)
    event = np.zeros(sales.size, dtype=bool)
    event[BEFORE + 10 : BEFORE + 16] = True
    event[40:44] = True
    clean = estimate_lift(sales, controls, BEFORE, is_event=event)
    sales[event] *= 4
    found = estimate_lift(sales, controls, BEFORE, is_event=event)
    assert found == clean
    assert found is not None
    assert (found.days, found.events) == (DURING - 6, 6)


def test_too_little_before_says_nothing() -> None:
    sales, controls = shop(np.random.default_rng(4), 0.0)
    assert estimate_lift(sales[-110:], controls[-110:], 49) is None
    assert estimate_lift(sales[:BEFORE], controls[:BEFORE], BEFORE) is None
    assert estimate_lift(np.zeros(181), controls, BEFORE) is None
    with pytest.raises(ValueError, match="3 event days for 181 days"):
        estimate_lift(sales, controls, BEFORE, is_event=[True] * 3)


def test_a_geo_split_is_welchs_comparison_of_growth() -> None:
    before = np.array([100.0, 200, 150, 120, 90, 300, 210])
    growth = np.array([1.32, 1.20, 1.25, 1.02, 1.10, 0.98, 1.05])
    treated = np.array([1, 1, 1, 0, 0, 0, 0], dtype=bool)
    found = estimate_geo_lift(before, before * growth, treated)
    assert found is not None
    detectable, lift, low, high = found
    logs = np.log(growth)
    welch = ttest_ind(logs[treated], logs[~treated], equal_var=False)
    ends = welch.confidence_interval(0.90)
    assert [low, high] == pytest.approx(np.expm1([ends.low, ends.high]))
    assert lift == pytest.approx(np.expm1(logs[treated].mean() - logs[~treated].mean()))
    half = (ends.high - ends.low) / 2
    share = student_t.ppf(0.8, welch.df) / student_t.ppf(0.95, welch.df)
    assert detectable == pytest.approx(np.expm1(half * (1 + share)))
    assert estimate_geo_lift(before[:4], before[:4], treated[:4]) is None


@pytest.mark.long
def test_lifts_are_claimed_rarely_when_there_is_none_and_usually_when_there_is() -> None:
    print()
    for noise in (0.05, 0.10):
        claimed, found, covered, sizes = 0, 0, 0, []
        for seed in range(100):
            rng = np.random.default_rng([23, seed])
            none = estimate_lift(*shop(rng, 0.0, noise), BEFORE)
            assert none is not None
            claimed += none.verdict == "measured"
            covered += none.low <= 0.0 <= none.high
            sizes.append(none.smallest_detectable)
            some = estimate_lift(*shop(rng, 1.5 * none.smallest_detectable, noise), BEFORE)
            found += some is not None and some.verdict == "measured"
        print(
            f"noise {noise:.0%}: smallest detectable {np.median(sizes):.1%}, claimed without a"
            f" lift {claimed}, found at 1.5 × detectable {found}, 0 covered {covered} of 100"
        )
        assert claimed <= 5
        assert found >= 70
        assert covered >= 86


def test_few_weeks_before_show_large_lifts_alone() -> None:
    """Weeks of 100, 110, 100, 110: steps of ln 1.1 are noise of ln 1.1 / sqrt 2 = 0.067394.

    Two weeks either side; t of 3 degrees: (2.353363 + 0.978472) * 0.067394 = 0.224546. With four
    days before, t of 4 degrees and sqrt(7/4 + 7/28): (2.131847 + 0.940965) * 0.095310 = 0.292869.
    """
    series = np.repeat([100.0, 110.0, 100.0, 110.0], 7)
    assert detect_before_after(series, 14) == pytest.approx(np.expm1(0.224546), abs=2e-6)
    short = np.repeat([100.0, 110.0, 100.0, 110.0, 100.0], 7)[3:]
    assert detect_before_after(short, 4) == pytest.approx(np.expm1(0.292869), abs=2e-6)


def test_without_a_day_before_or_without_noise_nothing_is_detectable() -> None:
    series = np.repeat([100.0, 110.0, 100.0, 110.0], 7)
    assert detect_before_after(series, 0) is None
    assert detect_before_after(series, series.size) is None
    events = np.arange(28) < 14
    assert detect_before_after(series, 14, is_event=events) is None
    assert detect_before_after(np.zeros(28), 14) is None
