"""Whole campaigns through the review as the solve runs it: delays fitted, a new creator in the fit.

The tables of docs/statistics.md come from the same markets without this wiring.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hand_made_campaign import MORNING, SPRING, day
from stats_markets import CREATORS, PIECES, Campaign, draw_campaign

from include.advice.facts import CampaignFacts, Offer
from include.advice.review import Recommendation, review_campaign
from include.estimates import CreditedOrder

REVIEW_DAYS = range(21, 57, 7)
MIDNIGHT = MORNING.replace(hour=0)


def facts_of(campaign: Campaign, number: int, fee: float) -> CampaignFacts:
    """What the warehouse would know of a drawn campaign at the end of a day."""
    facts = CampaignFacts(
        replace(SPRING, budget_amount=CREATORS * PIECES * fee + 5 * fee,
                promised_amount=CREATORS * PIECES * fee)
    )  # fmt: skip
    for owner in range(CREATORS):
        lives = campaign.live_day[campaign.owner == owner]
        seen = lives[lives < number]
        facts.posts[f"c{owner}"] = [MIDNIGHT + dt.timedelta(days=at) for at in seen]
        left = fee * (lives.size - seen.size)
        facts.offers.append(Offer(f"c{owner}", fee, 0.0, left, 0.0, None))
    for n in np.flatnonzero(campaign.order_day < number):
        creator = f"c{campaign.owner[campaign.order_piece[n]]}"
        at = MIDNIGHT + dt.timedelta(days=float(campaign.order_day[n]))
        facts.orders.append(CreditedOrder(creator, str(n), at, 1.0, campaign.order_value[n]))
    return facts


def review(campaign: Campaign, number: int, fee: float) -> list[Recommendation]:
    return review_campaign(facts_of(campaign, number, fee), day(number))


def moves(rows: list[Recommendation]) -> bool:
    return any(row.action in ("shift", "extend", "pause") for row in rows)


def one_better(orders: float, spread: float, seed: int) -> Campaign:
    """Draw a campaign in which creator 7 brings three times what the others bring."""
    expected = np.full(CREATORS, orders)
    expected[7] *= 3.0
    return draw_campaign(np.random.default_rng(seed), expected, spread)


def test_one_campaign_of_each_kind() -> None:
    alike = draw_campaign(np.random.default_rng(900), np.full(CREATORS, 18.0), 0.7)
    assert not moves(review(alike, 42, 86.4))
    rows = review(one_better(60.0, 0.3, 901), 42, 300.0)
    assert (rows[7].action, rows[7].p_best is not None) == ("shift", True)
    assert rows[7].gain is not None
    assert rows[7].gain[1] > 0


@pytest.mark.long
def test_identical_creators_are_left_alone_by_the_wired_review() -> None:
    fee = 18.0 / PIECES * 60.0 * 0.5 / 1.25
    moving = 0
    for seed in range(100):
        drawn = draw_campaign(np.random.default_rng(seed), np.full(CREATORS, 18.0), 0.7)
        moving += any(moves(review(drawn, number, fee)) for number in REVIEW_DAYS)
    print(f"identical creators, 18 orders, spread 0.7: money moved in {moving} of 100 campaigns")
    assert moving <= 5


@pytest.mark.long
def test_a_better_creator_is_found_by_the_wired_review() -> None:
    top = sum(
        7 in np.argsort([-(row.orders_per_piece or (0.0,))[0] for row in rows[:CREATORS]])[:3]
        for rows in (review(one_better(18.0, 0.7, seed), 42, 86.4) for seed in range(50))
    )
    sure = sum(
        (review(one_better(60.0, 0.3, seed), 56, 300.0)[7].p_best or 0.0) >= 0.8
        for seed in range(50)
    )
    print(f"three times better: top 3 at week 6 in {top}, surely best at week 8 in {sure} of 50")
    assert top >= 40
    assert sure >= 38
