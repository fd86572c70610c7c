"""Money to the cent: published examples, an exact second implementation, and conservation."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import attribution_oracle as oracle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from include.attribution.cents import split_amount, split_cents

weights = st.lists(st.integers(0, 30), min_size=1, max_size=9).filter(any)


@pytest.mark.parametrize(
    ("total", "shares", "cents"),
    [
        (10_000, [1 / 3, 1 / 3, 1 / 3], [3334, 3333, 3333]),
        (-10_000, [1 / 3, 1 / 3, 1 / 3], [-3334, -3333, -3333]),
        (1, [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]),
        # Remainders .6, .9, .9, .6 and three cents missing: the later of the two .6 gets none.
        (1_999, [0.4, 0.1, 0.1, 0.4], [800, 200, 200, 799]),
        (70, [0.1, 0.2, 0.7], [7, 14, 49]),  # 0.1 + 0.2 + 0.7 of floats would lose a cent
        (0, [0.5, 0.5], [0, 0]),
        (500, [0.0, 0.0], [0, 0]),
    ],
)
def test_by_hand(total: int, shares: list[float], cents: list[int]) -> None:
    assert list(split_cents(total, shares)) == cents


@given(st.integers(-(10**9), 10**9), weights)
def test_equal_to_exact_fractions(total: int, parts: list[int]) -> None:
    exact = [Fraction(part, sum(parts)) for part in parts]
    found = split_cents(total, [float(share) for share in exact])
    assert list(found) == oracle.split_cents(total, exact)
    assert sum(found) == total


@given(st.integers(-(10**14), 10**14), st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_the_parts_sum_to_the_whole(total: int, parts: list[float]) -> None:
    whole = sum(parts)
    if whole > 1e-6:
        assert sum(split_cents(total, [part / whole for part in parts])) == total


def test_an_amount_stays_an_amount() -> None:
    parts = split_amount(Decimal("19.99"), [0.25] * 4)
    assert parts == [Decimal("5.00"), Decimal("5.00"), Decimal("5.00"), Decimal("4.99")]
    with pytest.raises(ValueError, match=r"amount 1.005 has parts of a cent"):
        split_amount(Decimal("1.005"), [1.0])


def test_shares_that_are_no_shares_are_refused() -> None:
    with pytest.raises(ValueError, match=r"sum to 0.9; allowed: 1"):
        split_cents(100, [0.4, 0.5])
    with pytest.raises(ValueError, match=r"must be >= 0, not -0.1"):
        split_cents(100, [1.1, -0.1])
