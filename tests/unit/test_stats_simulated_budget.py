"""Budget advice over whole campaigns: luck moves no money, and a better creator is found.

A campaign with all its weekly reviews is one trial. The tables are in docs/statistics.md.
"""

from __future__ import annotations

import numpy as np
import pytest
from stats_markets import CREATORS, PIECES, Campaign, draw_campaign

from include.stats.budget import Advice, BudgetState, advise_budget
from include.stats.decisions import NextPieces, Ranking
from include.stats.orders import fit_orders
from include.stats.values import OrderValues, draw_order_values

MARGIN = 0.5
SEEDS = 200
REVIEW_DAYS = range(21, 57, 7)  # before day 15 nothing may move


def review(campaign: Campaign, day: int, fee: float) -> tuple[Ranking, list[Advice]]:
    """Run one weekly review: fit, draw the next pieces, ask for advice."""
    counts, owner, maturity = campaign.seen(day)
    rates = fit_orders(counts, owner, CREATORS, maturity=maturity).draw()
    buyers, paid = campaign.values(day)
    table = OrderValues.of(buyers, np.arange(buyers.size), np.ones(buyers.size), paid)
    value = draw_order_values(table, CREATORS)
    if value is None:
        value = np.full(rates.shape, 60.0)
    live = np.bincount(owner, minlength=CREATORS)
    pieces = NextPieces.of(rates * value * MARGIN, np.full(CREATORS, fee), live)
    state = BudgetState(day, 5 * fee, (PIECES - live) * fee)
    return advise_budget(pieces, state)


def moves(lines: list[Advice]) -> bool:
    """Tell whether a review moves money between creators or towards one, or pauses one."""
    return any(line.action in ("shift", "extend", "pause") for line in lines)


def count_moving(orders: float, spread: float, seeds: range) -> int:
    """Count campaigns of identical creators in which any review moves money.

    A piece returns 1.25 times its fee, so that only the comparison could be a reason to move.
    """
    fee = orders / PIECES * 60.0 * MARGIN / 1.25
    moving = 0
    for seed in seeds:
        campaign = draw_campaign(np.random.default_rng(seed), np.full(CREATORS, orders), spread)
        moving += any(moves(review(campaign, day, fee)[1]) for day in REVIEW_DAYS)
    return moving


def one_better(orders: float, spread: float, seed: int) -> Campaign:
    """Draw a campaign in which creator 7 brings three times what the others bring."""
    expected = np.full(CREATORS, orders)
    expected[7] *= 3.0
    return draw_campaign(np.random.default_rng(seed), expected, spread)


def test_a_few_identical_campaigns_stay_as_they_are() -> None:
    assert count_moving(18.0, 0.7, range(900, 904)) == 0


def test_an_obvious_best_gets_the_money() -> None:
    ranking, lines = review(one_better(60.0, 0.3, 901), 42, 300.0)
    assert ranking.p_best[7] > 0.95
    assert lines[7].action == "shift"
    assert lines[7].gain is not None
    assert lines[7].gain[1] > 0


@pytest.mark.long
@pytest.mark.parametrize("orders", [2.0, 18.0, 60.0])
def test_identical_creators_are_left_alone(orders: float) -> None:
    moving = count_moving(orders, 0.7, range(SEEDS))
    print(f"identical, {orders} orders, spread 0.7: {moving} of {SEEDS} campaigns moved money")
    assert moving <= 10


@pytest.mark.long
def test_three_times_better_is_in_the_top_three_by_week_six() -> None:
    found = 0
    for seed in range(SEEDS):
        counts, owner, maturity = one_better(18.0, 0.7, seed).seen(42)
        mean = fit_orders(counts, owner, CREATORS, maturity=maturity).posterior()
        per_piece = mean.weights @ mean.points
        found += 7 in np.argsort(-per_piece)[:3]
    print(f"three times better, 18 orders, spread 0.7: top 3 at week 6 in {found} of {SEEDS}")
    assert found >= 0.8 * SEEDS


@pytest.mark.long
def test_three_times_better_is_surely_best_by_week_eight() -> None:
    chances = [review(one_better(60.0, 0.3, seed), 56, 300.0)[0].p_best[7] for seed in range(SEEDS)]
    sure = int(np.sum(np.array(chances) >= 0.8))
    print(f"three times better, 60 orders, spread 0.3: P(best) >= 0.8 at week 8 in {sure}")
    assert sure >= 0.75 * SEEDS
