"""Accounts of a campaign to the signs of a bought audience, one row each.

Spikes (`spikes.py`) and the parts of the score (`audience.py`) are worked out for all accounts of a
campaign at once, because thresholds and peers are the campaign's.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np

from include.stats.audience import FEWEST_POSTS, AudienceScore, compare_engagement, score_audiences
from include.stats.grids import Floats
from include.stats.spikes import FEWEST_DAYS, Spike, find_spikes, rounding_unit

Key = tuple[str, str, str, str]  # campaign_id, creator_id, platform, handle


@dataclass(slots=True)
class AudienceAccount:
    """What was read of one account.

    followers: by day. is_rounded: the platform shows three digits of them. engagements: likes +
    comments of each post. comments: those of others, of them in a language whose generic ones are
    known, generic ones, repeats among the rest; None where none can be read.
    """

    key: Key
    followers: dict[dt.date, int] = field(default_factory=dict)
    is_rounded: bool = False
    engagements: list[int] = field(default_factory=list)
    comments: tuple[int, int, int, int] | None = None


Row = dict[str, object]


def score_accounts(accounts: Sequence[AudienceAccount]) -> list[Row]:
    """Return one row per account of one campaign, in their order; what is unknown is None.

    Likes and comments are divided by the account's own followers, so a bought crowd that never
    reacts shows; accounts of one platform are each other's peers.
    """
    spikes = _find_spikes(accounts)
    ratio, peers = _compare(accounts)
    comments = np.array([account.comments or (0, 0, np.nan, np.nan) for account in accounts])
    shares = np.array([np.nan if s is None else sum(x.share for x in s[1]) for s in spikes])
    total, judged, generic, repeated = comments.T
    found = score_audiences(shares, ratio, total, generic, repeated, judged_comments=judged)
    return [
        {
            **_account_columns(account),
            **_spike_columns(account, spikes[at]),
            **_score_columns(found, at),
            "peer_count": peers[at],
            "engagement_ratio_high": _known(ratio[at]),
        }
        for at, account in enumerate(accounts)
    ]


def _account_columns(account: AudienceAccount) -> Row:
    names = ("campaign_id", "creator_id", "platform", "handle")
    total, judged, generic, repeated = account.comments or (0, 0, 0, 0)
    return {
        **dict(zip(names, account.key, strict=True)),
        "measured_post_count": len(account.engagements),
        "comment_count": total,
        "judged_comment_count": judged,
        "generic_comment_count": generic,
        "duplicate_comment_count": repeated,
    }


def _score_columns(found: AudienceScore, at: int) -> Row:
    return {
        "spike_score": _known(found.spike[at]),
        "engagement_score": _known(found.engagement[at]),
        "generic_score": _known(found.generic[at]),
        "duplicate_score": _known(found.duplicate[at]),
        "audience_score": _known(found.score[at]),
        "is_alert": bool(found.is_alert[at]),
    }


def _find_spikes(
    accounts: Sequence[AudienceAccount],
) -> list[tuple[dt.date, list[Spike]] | None]:
    """Return per account the first day of the table and its spikes; None for too few days.

    All accounts of a campaign are one table, so the alarm rate holds for the whole campaign.
    """
    known = [at for at, account in enumerate(accounts) if len(account.followers) > FEWEST_DAYS]
    found: list[tuple[dt.date, list[Spike]] | None] = [None] * len(accounts)
    if not known:
        return found
    first = min(min(accounts[at].followers) for at in known)
    last = max(max(accounts[at].followers) for at in known)
    levels = np.full((len(known), (last - first).days + 1), np.nan)
    for row, at in enumerate(known):
        for day, count in accounts[at].followers.items():
            levels[row, (day - first).days] = count
    typical = np.nanmedian(levels, axis=1, keepdims=True)
    is_rounded = np.array([[accounts[at].is_rounded] for at in known])
    unit = np.where(is_rounded, rounding_unit(typical), 1.0)
    for at in known:
        found[at] = (first, [])
    for spike in find_spikes(levels, rounding=unit):
        of_account = found[known[spike.series]]
        assert of_account is not None
        of_account[1].append(spike)
    return found


def _compare(accounts: Sequence[AudienceAccount]) -> tuple[Floats, list[int]]:
    """Return each account's engagement beside its peers, (accounts,), and how many those are."""
    sizes = [median(a.followers.values()) if a.followers else math.nan for a in accounts]
    owner: list[int] = []
    done: list[int] = []
    size: list[float] = []
    for at, account in enumerate(accounts):
        if np.isfinite(sizes[at]):
            owner += [at] * len(account.engagements)
            done += account.engagements
            size += [sizes[at]] * len(account.engagements)
    platforms = sorted({account.key[2] for account in accounts})
    group = [platforms.index(account.key[2]) for account in accounts]
    posts = np.bincount(owner, minlength=len(accounts)) if owner else np.zeros(len(accounts))
    peers = [int(np.sum((posts >= FEWEST_POSTS) & (np.array(group) == g))) for g in group]
    return compare_engagement(owner, done, size, group), peers


def _spike_columns(account: AudienceAccount, found: tuple[dt.date, list[Spike]] | None) -> Row:
    first = None if found is None else found[0]
    spikes = [] if found is None else found[1]
    days = [first + dt.timedelta(days=spike.first_day) for spike in spikes if first is not None]
    return {
        "snapshot_count": len(account.followers),
        "first_snapshot_date": min(account.followers, default=None),
        "last_snapshot_date": max(account.followers, default=None),
        "spike_count": None if found is None else len(spikes),
        "first_spike_date": min(days, default=None),
        "spike_follower_count": None if found is None else round(sum(s.excess for s in spikes)),
        "spike_share": None if found is None else round(sum(s.share for s in spikes), 6),
    }


def _known(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None
