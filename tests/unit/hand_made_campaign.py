"""Campaigns written by hand for the tests of `include/advice`: regular pieces, regular orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from include.advice.facts import Campaign, CampaignFacts, Offer
from include.estimates import CreditedOrder

START = dt.date(2026, 3, 1)
MORNING = dt.datetime(2026, 3, 1, 9, tzinfo=dt.UTC)
SPRING = Campaign(
    campaign_id="spring",
    start_date=START,
    end_date=START + dt.timedelta(days=60),
    reporting_timezone="UTC",
    attribution_model="linear",
    rule_version="all",
    budget_amount=None,
    margin_rate=0.5,
    cost_coverage_rate=1.0,
    promised_amount=0.0,
    piece_lead_days=7,
    new_creator_lead_days=14,
)


def day(number: int) -> dt.date:
    """Return a day of the campaign, 1 is the first."""
    return START + dt.timedelta(days=number - 1)


def offer(creator: str, fee: float | None = 100.0, *, open_pieces: int = 3) -> Offer:
    """An offer of one piece without product; without a fee it is paid in product of 10.00."""
    if fee is None:
        return Offer(creator, None, 10.0, 0.0, 0.0, "paid in product only")
    return Offer(creator, fee, 0.0, open_pieces * fee, 0.0, None)


def campaign_of(
    orders_per_piece: Sequence[int],
    *,
    piece_days: Sequence[int] = (1, 7, 13),
    value: float = 50.0,
    shifted_days: int = 0,
) -> CampaignFacts:
    """A campaign of creators c0, c1 …: every piece brings so many orders in its first two days."""
    shift = dt.timedelta(days=shifted_days)
    facts = CampaignFacts(
        replace(SPRING, start_date=START + shift, end_date=SPRING.end_date + shift)
    )
    for at, count in enumerate(orders_per_piece):
        creator = f"c{at}"
        facts.offers.append(offer(creator))
        facts.posts[creator] = [
            MORNING + shift + dt.timedelta(days=number - 1) for number in piece_days
        ]
        facts.orders += [
            CreditedOrder(
                creator,
                f"{creator} {number} {n}",
                live + dt.timedelta(hours=1 + 46 * n / count),
                1.0,
                value * (0.8 + 0.4 * (n % 2)),
            )
            for number, live in enumerate(facts.posts[creator])
            for n in range(count)
        ]
    return facts
