"""Accounts in, audience scores out: what is known, what is not, and honest campaigns."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from include.sandbox.market_voices import REMARKS, say
from include.stats.accounts import AudienceAccount, score_accounts

START = dt.date(2026, 3, 1)


def account(name: str, followers: list[int], engagements: list[int], **more) -> AudienceAccount:
    platform = more.pop("platform", "instagram")
    days = {START + dt.timedelta(days=at): count for at, count in enumerate(followers)}
    return AudienceAccount(("spring", name, platform, name), days, False, engagements, **more)


def honest(name: str, size: int = 10_000, rate: float = 0.05) -> AudienceAccount:
    """30 days of ten new followers a day and six posts that all have the same rate."""
    followers = [size + 10 * day for day in range(30)]
    return account(name, followers, [round(rate * (size + 145))] * 6)


def test_a_bought_crowd_is_found_with_its_day_and_its_size() -> None:
    """3,000 on 15 March over the usual 10: 29 % of the followers before, ten times the limit."""
    bought = honest("ana")
    for day in list(bought.followers):
        if day >= dt.date(2026, 3, 15):
            bought.followers[day] += 3_000
    rows = score_accounts([bought, *(honest(f"c{n}", 8_000 + 900 * n) for n in range(5))])
    assert rows[0]["first_spike_date"] == dt.date(2026, 3, 15)
    assert (rows[0]["spike_count"], rows[0]["spike_follower_count"]) == (1, 3_000)
    assert rows[0]["spike_share"] == pytest.approx(3_000 / 10_130, abs=1e-6)
    assert (rows[0]["spike_score"], rows[0]["audience_score"]) == (1.0, 0.6)
    assert [row["is_alert"] for row in rows] == [True] + [False] * 5


def test_followers_who_never_react_are_found_without_a_jump() -> None:
    """A fifth of the others' rate: below 0.3 of the median, so the part is full."""
    rows = score_accounts([honest("ana", rate=0.01), *(honest(f"c{n}") for n in range(5))])
    # 101 of 10,145 against 507 of 10,145, without spread between posts.
    assert rows[0]["engagement_ratio_high"] == pytest.approx(101 / 507, abs=1e-4)
    assert (rows[0]["engagement_score"], rows[0]["spike_score"]) == (1.0, 0.0)
    assert rows[0]["is_alert"]
    assert rows[1]["engagement_ratio_high"] == pytest.approx(1.0)


def test_accounts_of_another_platform_are_no_peers() -> None:
    tiktok = account("ana", [5_000] * 20, [10] * 6, platform="tiktok")
    rows = score_accounts([tiktok, *(honest(f"c{n}") for n in range(5))])
    assert (rows[0]["peer_count"], rows[0]["engagement_score"]) == (1, None)
    assert rows[1]["peer_count"] == 5


def test_what_nobody_can_read_is_unknown() -> None:
    unread = AudienceAccount(("spring", "ana", "instagram", "ana"))
    short = account("bo", [9_000] * 10, [400] * 2, comments=(19, 19, 19, 0))
    rows = score_accounts([unread, short])
    parts = ("spike_score", "engagement_score", "generic_score", "duplicate_score")
    assert [[row[part] for part in parts] for row in rows] == [[None] * 4] * 2
    assert [row["audience_score"] for row in rows] == [None, None]
    assert [row["is_alert"] for row in rows] == [False, False]
    assert [row["snapshot_count"] for row in rows] == [0, 10]


def test_rounded_counters_do_not_jump_when_a_digit_turns() -> None:
    """A channel of 101,000 that wins 200 a day shows a step of 1,000 every fifth day."""
    levels = [1_000 * ((101_000 + 200 * day) // 1_000) for day in range(60)]
    shown = account("ana", levels, [])
    shown.is_rounded = True
    assert score_accounts([shown])[0]["spike_count"] == 0


def clean_campaign(rng: np.random.Generator) -> list[AudienceAccount]:
    """25 honest creators on one platform whose reach per follower differs from post to post."""
    accounts = []
    for number in range(25):
        size = float(np.exp(rng.uniform(np.log(5_000), np.log(50_000))))
        growth = rng.poisson(rng.uniform(0.0002, 0.001) * size, 60)
        rate = float(rng.uniform(0.04, 0.07))
        reach = rng.uniform(0.35, 0.7) * size * np.exp(rng.normal(0, 0.35, 8))
        comments = (120, 120, int(rng.binomial(120, 0.25)), int(rng.binomial(120, 0.08)))
        followers = [int(size + grown) for grown in np.cumsum(growth)]
        done = [int(n) for n in rng.poisson(rate * reach)]
        accounts.append(account(f"c{number}", followers, done, comments=comments))
    return accounts


def test_honest_campaigns_have_less_than_one_alert_in_the_mean() -> None:
    """The rate is taken per follower, so how far posts reach is part of the noise."""
    alerts = [
        sum(bool(row["is_alert"]) for row in score_accounts(clean_campaign(rng)))
        for rng in (np.random.default_rng([11, seed]) for seed in range(40))
    ]
    assert float(np.mean(alerts)) <= 0.5


def test_the_sample_audiences_talk_like_people() -> None:
    """A fifth of the remarks would fit any post; sentences of their own hardly repeat."""
    said = [say(f"comment {number}", ("Is it vegan?",)) for number in range(1_200)]
    remarks = [text for text in said if text in REMARKS]
    own = [text for text in said if text not in REMARKS and text != "Is it vegan?"]
    assert 0.15 < len(remarks) / len(said) < 0.26
    assert 1 - len(set(own)) / len(own) < 0.15
    assert say("comment 7", ("Is it vegan?",)) == said[7]
