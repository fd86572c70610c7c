"""What each creator is like: audience size, how it reacts, and how many of those who click buy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.campaigns.model import CampaignPlan, Creator
from include.sandbox.market_calendar import PROFILES, draw

FOLLOWERS_LOW, FOLLOWERS_HIGH = 5_000, 50_000
# One creator in ten has a bought audience: followers who react little and never buy.
HOLLOW_SHARE = 0.1
PLATFORM = "instagram"


@dataclass(frozen=True, slots=True)
class Profile:
    """One creator of the market.

    followers: at the campaign's first day. growth: relative per day. engagement: (likes + comments
    + shares) ÷ reach. feed_reach, reel_reach, story_reach: share of followers reached. bio_rate,
    story_rate: clicks ÷ reach. conversion: orders ÷ clicks. code_rate, seen_rate: orders by code
    alone, and without any trace, per person reached. spike_day: day of the campaign on which
    bought followers arrive, None for honest audiences.
    """

    index: int
    creator: Creator
    account_id: str
    username: str
    access_path: str
    followers: int
    growth: float
    engagement: float
    feed_reach: float
    reel_reach: float
    story_reach: float
    bio_rate: float
    story_rate: float
    conversion: float
    code_rate: float
    seen_rate: float
    spike_day: int | None

    @property
    def is_hollow(self) -> bool:
        """True for a bought audience."""
        return self.spike_day is not None


def build_profiles(plan: CampaignPlan, seed: int) -> tuple[Profile, ...]:
    """Draw a profile per creator with an account on the platform, in the plan's order."""
    rng = draw(seed, PROFILES)
    count = len(plan.creators)
    hollow = set(rng.permutation(count)[: round(count * HOLLOW_SHARE)].tolist())
    profiles = []
    for index, creator in enumerate(plan.creators):
        values = draw(seed, PROFILES, index + 1).random(16).tolist()
        profiles.append(_build(index, creator, values, index in hollow))
    return tuple(profiles)


def _build(index: int, creator: Creator, u: list[float], hollow: bool) -> Profile:
    account = creator.account(PLATFORM) or creator.accounts[0]
    # How well an audience fits the product moves clicks and purchases together.
    fit = float(np.exp(0.4 * _normal(u[0], u[1])))
    # Who gets the product alone puts less into it.
    effort = 1.0 if creator.contract.fee else 0.35
    return Profile(
        index=index,
        creator=creator,
        account_id=str(17_841_400_000_000_000 + int(u[2] * 5e8) * 1_000 + index + 1),
        username=account.handle,
        access_path=account.access_path,
        followers=_followers(float(creator.contract.fee), u[3]),
        growth=0.0002 + 0.0008 * u[4],
        engagement=0.011 + 0.006 * u[5] if hollow else 0.040 + 0.032 * u[5],
        feed_reach=0.35 + 0.35 * u[6],
        reel_reach=0.60 + 0.70 * u[7],
        story_reach=0.08 + 0.06 * u[8],
        bio_rate=0.0024 if hollow else 0.0077 * fit**0.7 * effort,
        story_rate=0.012 if hollow else 0.046 * fit**0.7 * effort,
        conversion=0.0 if hollow else min(max(0.031 * fit**0.6, 0.021), 0.048),
        code_rate=0.0 if hollow else 0.00027 * fit * effort,
        seen_rate=0.0 if hollow else 0.00004 * fit * effort,
        spike_day=4 + int(u[9] * 20) if hollow else None,
    )


def _followers(fee: float, u: float) -> int:
    """Followers as the market pays for them: about 45 per dollar, few without a fee."""
    size = fee * (38 + 16 * u) if fee else 5_200 + 5_500 * u
    return int(min(max(size, FOLLOWERS_LOW + 500 * u), FOLLOWERS_HIGH - 1_500 * u))


def _normal(u: float, v: float) -> float:
    """Turn two uniform numbers into a standard normal one (Box-Muller), cut at ±2.2."""
    value = float(np.sqrt(-2 * np.log(max(u, 1e-12))) * np.cos(2 * np.pi * v))
    return min(max(value, -2.2), 2.2)
