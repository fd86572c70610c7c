"""Budget advice: worked moves, every refusal with its reason, and nothing that cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from include.stats.budget import Advice, BudgetPolicy, BudgetState, advise_budget, phase_of
from include.stats.decisions import NextPieces

# Contribution per piece for sure: returns of 3, 1.5, 1.2 and 0.8 at a price of 100.
CLEAR = np.array([[300.0] * 20, [150.0] * 20, [120.0] * 20, [80.0] * 20])


def advise(
    day: int,
    draws: np.ndarray = CLEAR,
    *,
    free: float = 0.0,
    fee: list[float] | None = None,
    live: list[int] | None = None,
    open_amount: float = 1000.0,
    newcomer_price: float | None = None,
    policy: BudgetPolicy | None = None,
) -> list[Advice]:
    count = len(draws)
    pieces = NextPieces.of(draws, fee or [100.0] * count, live or [3] * count)
    state = BudgetState(day, free, np.full(count, open_amount), np.full(20, 130.0), newcomer_price)
    return advise_budget(pieces, state, policy)[1]


@pytest.mark.parametrize(
    ("day", "phase"),
    [(-3, "watch"), (1, "watch"), (14, "watch"), (15, "shift"), (28, "shift"), (29, "scale")],
)
def test_phases_are_weeks(day: int, phase: str) -> None:
    assert phase_of(day) == phase


def test_watching_moves_nothing() -> None:
    lines = advise(14, newcomer_price=50.0, free=500.0)
    assert {line.action for line in lines} == {"keep"}
    assert lines[0].reason == "no change: the first 14 days are for watching"


def test_a_shift_is_capped_and_comes_from_the_worst() -> None:
    # Open money 4,000; 15 % are 600, six pieces; half of a giver's 1,000 may go.
    lines = advise(15)
    assert [line.action for line in lines[:4]] == ["shift", "keep", "shift", "shift"]
    assert [line.amount for line in lines[:4]] == [600.0, 0.0, -100.0, -500.0]
    assert lines[0].pieces == 6
    # 600 × 3 - 100 × 1.2 - 500 × 0.8.
    assert lines[0].gain == pytest.approx((1280.0, 1280.0, 1280.0))
    assert lines[0].reason == "best of the campaign with P = 1.00"
    assert sum(line.amount for line in lines) == pytest.approx(0.0)


def test_free_money_waits_for_month_two() -> None:
    lines = advise(28, free=4000.0)
    # 15 % of 8,000 for the best, all of it planned for others before.
    assert lines[0].amount == 1200.0
    assert sum(line.amount for line in lines[:4]) == pytest.approx(0.0)


def test_scaling_spends_free_money_first_and_keeps_a_part_for_new_creators() -> None:
    # 4,000 + 1,500 open: 1,100 kept for new creators, 400 free for the best, 1,650 the cap.
    lines = advise(40, free=1500.0, newcomer_price=260.0)
    assert lines[0].action == "shift"
    assert lines[0].amount == 1600.0
    assert sum(line.amount for line in lines[:4]) == pytest.approx(400.0)
    newcomer = lines[4]
    assert (newcomer.action, newcomer.pieces, newcomer.amount) == ("add_creator", 4, 1040.0)
    # Each piece brings 130 for 260.
    assert newcomer.gain == pytest.approx((-520.0, -520.0, -520.0))


def test_free_money_alone_extends() -> None:
    lines = advise(40, free=2000.0, open_amount=0.0)
    # 400 of 2,000 are kept; the cap of 600 buys six pieces.
    assert (lines[0].action, lines[0].amount, lines[0].pieces) == ("extend", 600.0, 6)
    assert lines[0].gain == pytest.approx((1200.0, 1200.0, 1200.0))


def test_who_does_not_pay_is_renegotiated_or_paused_from_month_two() -> None:
    draws = np.array([[300.0] * 20, [80.0] * 20, [40.0] * 20])
    assert [line.action for line in advise(28, draws)[:3]] == ["shift", "keep", "shift"]
    lines = advise(29, draws)
    assert [line.action for line in lines[:3]] == ["shift", "renegotiate", "pause"]
    assert "breaks even at a fee of 80.00" in lines[1].reason


def test_an_unclear_best_is_no_best() -> None:
    draws = np.array([[300.0, 100.0] * 10, [200.0] * 20])
    lines = advise(20, draws)
    assert {line.action for line in lines} == {"keep"}
    assert lines[0].reason == "no change: the best has P(best) = 0.50, below 0.80"


def test_one_piece_and_product_are_tests() -> None:
    lines = advise(20, live=[1, 3, 3, 3])
    assert {line.action for line in lines} == {"keep"}
    assert lines[0].reason == "a test: fewer than 2 live pieces"
    assert lines[1].reason == "no change: the best has fewer than 2 live pieces: a test"
    lines = advise(20, fee=[float("nan"), 100.0, 100.0, 100.0])
    assert lines[0].reason == "a test: product only"
    assert (lines[0].amount, lines[1].action) == (0.0, "shift")


def test_the_best_of_a_bad_lot_gets_nothing() -> None:
    lines = advise(20, np.array([[90.0] * 20, [30.0] * 20]))
    assert lines[0].action == "keep"
    assert "even the best is expected to return 0.90" in lines[0].reason


def test_a_piece_above_the_cap_is_not_bought_in_part() -> None:
    lines = advise(20, CLEAR * 10, fee=[1000.0] * 4)
    assert lines[0].action == "keep"
    assert "one piece costs 1,000.00, a review may move 600.00" in lines[0].reason


def test_adding_a_creator_names_what_is_missing() -> None:
    assert advise(20)[-1].reason == "no change: no candidate has a quoted price"
    kept = advise(20, newcomer_price=50.0)[-1]
    assert kept.reason == "no change: 0.00 are kept for new creators, one piece costs 50.00"


def test_wrong_amounts_are_refused() -> None:
    pieces = NextPieces.of(CLEAR, [100.0] * 4, [3] * 4)
    with pytest.raises(ValueError, match="3 open amounts for 4 creators"):
        advise_budget(pieces, BudgetState(20, 0.0, np.zeros(3)))
    with pytest.raises(ValueError, match=">= 0"):
        advise_budget(pieces, BudgetState(20, -1.0, np.zeros(4)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0.0, 400.0), min_size=1, max_size=8),
    st.integers(1, 70),
    st.floats(0.0, 3000.0),
    st.integers(0, 2**31),
)
def test_money_is_neither_made_nor_lost(
    level: list[float], day: int, free: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    count = len(level)
    draws = np.array(level)[:, None] + rng.gamma(2.0, 5.0, (count, 50))
    fee = rng.uniform(20, 200, count)
    fee[rng.random(count) < 0.2] = np.nan
    open_amount = rng.uniform(0, 900, count)
    pieces = NextPieces.of(draws, fee, rng.integers(0, 5, count))
    lines = advise_budget(pieces, BudgetState(day, free, open_amount, draws[0], 80.0))[1]
    assert len(lines) == count + 1
    amounts = np.array([line.amount for line in lines[:count]])
    assert (amounts + open_amount >= 0.5 * open_amount - 1e-6).all()
    open_total = free + open_amount.sum()
    cap = {"watch": 0.0, "shift": 0.15, "scale": 0.30}[phase_of(day)]
    assert amounts[amounts > 0].sum() <= cap * open_total + 1e-6
    # Only free money comes on top, and never what is kept for new creators.
    assert -1e-6 <= amounts.sum() <= max(free - 0.2 * open_total, 0.0) + 1e-6
    assert all(line.reason for line in lines)
    assert lines[count].amount <= min(free, 0.2 * open_total) + 1e-6
