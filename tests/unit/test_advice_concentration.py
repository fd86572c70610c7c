"""Concentration of expected revenue, from campaigns whose creators are alike or are not."""

from __future__ import annotations

import pytest
from hand_made_campaign import campaign_of

from include.advice.concentration import measure_campaign
from include.advice.facts import CampaignFacts


def test_alike_creators_are_as_concentrated_as_chance_allows() -> None:
    found = measure_campaign(campaign_of([6] * 8))
    assert found is not None
    # Eight equal parts; 144 orders of 40.00 or 60.00 on 24 pieces: 1/8 + 7/8 × (1.04 ÷ 144 +
    # 0.7² ÷ 24).
    assert found.hhi == pytest.approx(1 / 8)
    assert found.equal_hhi == pytest.approx(0.125 + 0.875 * (1.04 / 144 + 0.49 / 24))
    assert found.low is not None
    assert found.high is not None
    # Nobody knows that they are exactly alike, but nobody can have two thirds either.
    assert 0.125 <= found.low < found.high < 0.2


def test_one_who_sells_most_is_told_from_chance() -> None:
    found = measure_campaign(campaign_of([40, 6, 6, 6, 6, 6]))
    assert found is not None
    assert found.hhi == pytest.approx((40**2 + 5 * 6**2) / 70**2)
    assert found.low is not None
    assert found.high is not None
    assert found.equal_hhi < 0.2 < found.low < found.hhi < found.high


def test_without_an_order_there_is_nothing_to_measure() -> None:
    assert measure_campaign(campaign_of([0, 0])) is None
    assert measure_campaign(CampaignFacts(campaign_of([]).campaign)) is None
