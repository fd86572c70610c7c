"""Concentration: worked shares, what equal creators show by chance, and totals that say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.stats.concentration import measure_concentration


def test_shares_worked_by_hand() -> None:
    found = measure_concentration([50.0, 30.0, 20.0, -40.0], order_count=10)
    assert found is not None
    # 0.25 + 0.09 + 0.04; the refunded creator counts as 0, and as one of the four.
    assert found.hhi == pytest.approx(0.38)
    assert found.effective_creators == pytest.approx(1 / 0.38)
    assert found.equal_hhi == pytest.approx(0.25 + 0.75 / 10)
    assert found.low is None


def test_one_creator_is_all() -> None:
    found = measure_concentration([7.0], order_count=3)
    assert found is not None
    assert (found.hhi, found.effective_creators, found.equal_hhi) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("revenue", [[], [0.0, 0.0], [-5.0, -1.0]])
def test_without_revenue_there_is_no_share(revenue: list[float]) -> None:
    assert measure_concentration(revenue, order_count=0) is None


def test_the_interval_is_of_the_draws() -> None:
    draws = np.array([[1.0] * 10 + [1.0] * 10, [1.0] * 10 + [3.0] * 10, [-1.0] * 20])
    found = measure_concentration([10.0, 20.0, 0.0], order_count=30, draws=draws)
    assert found is not None
    assert [found.low, found.high] == pytest.approx([0.5, 1 / 16 + 9 / 16])


def test_chance_alone_looks_as_predicted() -> None:
    rng = np.random.default_rng(4)
    orders = rng.multinomial(40, np.full(25, 0.04), 4000)
    seen = ((orders / 40) ** 2).sum(axis=1).mean()
    spend = measure_concentration(np.ones(25), order_count=float("inf"))
    found = measure_concentration(np.ones(25), order_count=40)
    assert found is not None
    assert spend is not None
    assert found.equal_hhi == pytest.approx(seen, rel=0.01)
    assert spend.equal_hhi == pytest.approx(spend.hhi)
    # Bursts of pieces and uneven baskets add to it: 125 pieces that vary by 0.7, values by 0.5.
    luck = rng.gamma(0.7**-2, 0.7**2, (3000, 25, 5)).sum(axis=2) / 5
    counts = rng.poisson(40.0 * luck)
    paid = rng.gamma(4.0 * np.maximum(counts, 1e-9), 0.25)
    shares = paid / paid.sum(axis=1, keepdims=True)
    found = measure_concentration(
        np.ones(25), order_count=1000, value_variation=0.5, piece_count=125, piece_variation=0.7
    )
    assert found is not None
    assert found.equal_hhi == pytest.approx((shares**2).sum(axis=1).mean(), rel=0.01)


@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30))
def test_it_lies_between_equality_and_one_in_any_order(revenue: list[float]) -> None:
    found = measure_concentration(revenue, order_count=5)
    backwards = measure_concentration(revenue[::-1], order_count=5)
    assert found is not None
    assert backwards is not None
    assert 1 / len(revenue) - 1e-9 <= found.hhi <= 1 + 1e-9
    assert found.hhi == pytest.approx(backwards.hhi)
    assert found.effective_creators <= len(revenue) + 1e-6
