"""Projections follow the planned pieces; worked cases, final days, and where totals end."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import gamma
from stats_markets import MEAN_DELAY, draw_campaign

from include.stats.pacing import project_end, sum_final_days


def test_only_days_before_the_first_open_one_count() -> None:
    values = [3.0, float("nan"), 4.0, 9.0, 5.0]
    assert sum_final_days(values, [True, True, True, False, True]) == (7.0, 3)
    assert sum_final_days(values, [True] * 5) == (21.0, 5)
    assert sum_final_days(values, [False] * 5) == (0.0, 0)
    assert sum_final_days([], []) == (0.0, 0)


def test_half_of_the_days_may_be_a_fifth_of_the_pieces() -> None:
    # Two pieces have run their course, eight are still to come: 10 orders a piece.
    found = project_end(20.0, [1.0, 1.0, *[0.0] * 8], [1.0] * 10, target=150.0)
    assert found.mid == pytest.approx(100.0)
    assert found.target_to_date == pytest.approx(30.0)
    # 20.5 orders in two pieces; counting 1/20.5 + 1/82; luck 0.49 × (2 × ¼ + 8 × 1/64).
    variation = 1 / 20.5 + 1 / 82 + 0.49 * (2 / 4 + 8 / 64)
    ends = gamma.ppf([0.05, 0.95], 1 / variation, scale=82 * variation)
    assert [found.low, found.high] == pytest.approx(20 + ends)


def test_a_campaign_that_is_over_ends_where_it_is() -> None:
    found = project_end(37.0, [1.0, 0.9], [1.0, 0.9], target=40.0)
    assert (found.low, found.mid, found.high, found.target_to_date) == (37.0, 37.0, 37.0, 40.0)


def test_before_the_first_piece_nothing_is_projected() -> None:
    found = project_end(0.0, [0.0, 0.0], [1.0, 1.0], target=40.0)
    assert (found.low, found.mid, found.high) == (None, None, None)
    assert found.target_to_date == 0.0
    assert project_end(5.0, [], [], target=9.0).target_to_date is None


def test_nothing_yet_is_not_nothing_ever() -> None:
    found = project_end(0.0, [1.0, 0.0], [1.0, 1.0])
    assert found.mid == 0.0
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.1
    assert 1.0 < found.high < 5.0


def test_what_comes_anyway_is_not_extrapolated() -> None:
    # 50 of 80 came without the campaign, which will add 100 such days' worth of its own.
    found = project_end(80.0, [1.0, 0.0], [1.0, 1.0], target=200.0, baseline=(50.0, 100.0))
    assert found.mid == pytest.approx(80 + 50 + 30)
    assert found.target_to_date == pytest.approx(50 + 100 / 2)


def test_shares_are_checked() -> None:
    with pytest.raises(ValueError, match="0 <= matured <= matured_at_end <= 1"):
        project_end(1.0, [0.5], [0.4])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20),
    st.floats(0, 1e4),
)
def test_ends_surround_and_order_is_irrelevant(
    shares: list[tuple[float, float]], actual: float
) -> None:
    done = np.array([min(pair) for pair in shares])
    end = np.array([max(pair) for pair in shares])
    found = project_end(actual, done, end)
    again = project_end(actual, done[::-1], end[::-1])
    if found.mid is None:
        assert done.sum() < 1e-6  # no piece has had time
        return
    assert again.mid == pytest.approx(found.mid)
    assert found.low is not None
    assert found.high is not None
    assert actual - 1e-9 <= found.low <= found.high
    assert project_end(actual + 1, done, end).mid > found.mid  # type: ignore[operator]


def covered(day: int, seeds: range, orders: float) -> float:
    """Return how often the interval of day `day` holds the campaign's orders at day 61."""
    hits = []
    for seed in seeds:
        campaign = draw_campaign(np.random.default_rng([17, seed]), np.full(25, orders), 0.7)
        total = int((campaign.order_day < 61).sum())
        age = day - campaign.live_day
        found = project_end(
            float((campaign.order_day < day).sum()),
            np.where(age > 0, 1 - np.exp(-np.maximum(age, 0) / MEAN_DELAY), 0.0),
            1 - np.exp(-(61 - campaign.live_day) / MEAN_DELAY),
        )
        if found.low is not None and found.high is not None:
            hits.append(found.low <= total <= found.high)
    return float(np.mean(hits))


@pytest.mark.parametrize("orders", [0.5, 18.0])
@pytest.mark.parametrize("day", [10, 21, 42])
def test_projections_hold_the_end(day: int, orders: float) -> None:
    assert 0.84 <= covered(day, range(300), orders) <= 0.97
