"""Signs of a bought audience: a score from 0 to 1 with its parts; unknown parts stay unknown.

Four signs: followers who came all at once; little engagement for the reach, compared with the other
creators on the same platform and access path; comments that would fit any post; the same comment
again and again. Each part is 0 as long as small numbers may explain it: the interval's nearer end
counts, not the estimate. The score is evidence to look at, not a verdict.

Sources: parts combined as a noisy-or, Pearl 1988, 1 - Π (1 - weight × part); standard error of a
ratio over posts, Cochran, Sampling Techniques, 3rd ed., section 6.3; rates by Jeffreys. Limits and
weights are choices; their false alerts and recall are in docs/statistics.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student_t

from include.stats.grids import INTERVAL_LEVEL, Floats, sum_by
from include.stats.intervals import jeffreys_rate

# A part rises from 0 to 1 between these two values.
SPIKE_SHARE = (0.03, 0.10)  # followers gained at once ÷ followers before
ENGAGEMENT_RATIO = (0.6, 0.3)  # upper end of the creator's rate ÷ median of the peers
GENERIC_SHARE = (0.40, 0.70)  # lower end of the share of generic comments
DUPLICATE_SHARE = (0.15, 0.40)  # lower end of the share of repeated texts
WEIGHTS = (0.6, 0.6, 0.4, 0.5)
ALERT_SCORE = 0.5
FEWEST_POSTS, FEWEST_PEERS, FEWEST_COMMENTS = 3, 5, 20


@dataclass(frozen=True, slots=True)
class AudienceScore:
    """Score and parts of c creators, each (c,), 0-1; NaN is unknown.

    score is NaN when no part is known. is_alert: score of at least 0.5.
    """

    spike: Floats
    engagement: Floats
    generic: Floats
    duplicate: Floats
    score: Floats
    is_alert: NDArray[np.bool_]


def score_audiences(
    spike_share: ArrayLike,
    engagement_ratio: ArrayLike,
    comments: ArrayLike,
    generic_comments: ArrayLike,
    duplicate_comments: ArrayLike,
    *,
    judged_comments: ArrayLike | None = None,
) -> AudienceScore:
    """Score c creators; all inputs (c,), NaN is unknown.

    spike_share: Σ share of the creator's `spikes.Spike`s. engagement_ratio: from
    `compare_engagement`. comments: scored comments, and those of them that are generic or repeat
    another; under 20 comments their parts are unknown. judged_comments: those in a language whose
    generic ones are known, all unless told.
    """
    total = np.asarray(comments, dtype=np.float64)
    spike = _ramp(np.asarray(spike_share, dtype=np.float64), SPIKE_SHARE)
    engagement = _ramp(np.asarray(engagement_ratio, dtype=np.float64), ENGAGEMENT_RATIO)
    judged = total if judged_comments is None else np.asarray(judged_comments, dtype=np.float64)
    generic = _ramp(_lower_share(generic_comments, judged), GENERIC_SHARE)
    duplicate = _ramp(_lower_share(duplicate_comments, total), DUPLICATE_SHARE)
    parts = np.stack([spike, engagement, generic, duplicate])
    weighted = np.nan_to_num(parts) * np.array(WEIGHTS)[:, None]
    score = 1.0 - np.prod(1.0 - weighted, axis=0)
    score[np.isnan(parts).all(axis=0)] = np.nan
    return AudienceScore(
        spike, engagement, generic, duplicate, score, np.nan_to_num(score) >= ALERT_SCORE
    )


def compare_engagement(
    creator_index: ArrayLike,
    engagements: ArrayLike,
    reach: ArrayLike,
    peer_group: ArrayLike,
) -> Floats:
    """Return the upper end of each creator's engagement rate ÷ the median rate of its peers, (c,).

    creator_index, engagements, reach: (posts,); peer_group: (c,) whole numbers, one per platform
    and access path, as rates of two paths are not comparable. The rate is a ratio of sums, its 95 %
    upper end from the spread between posts. NaN below 3 posts or 5 creators with a rate.
    """
    index = np.asarray(creator_index, dtype=np.intp)
    done, seen = np.asarray(engagements, dtype=np.float64), np.asarray(reach, dtype=np.float64)
    group = np.asarray(peer_group)
    posts = sum_by(index, np.ones(index.size), group.size)
    views = sum_by(index, seen, group.size)
    known = (posts >= FEWEST_POSTS) & (views > 0)
    rate = np.divide(
        sum_by(index, done, group.size), views, out=np.full(group.size, np.nan), where=known
    )
    residual = sum_by(index, (done - rate[index] * seen) ** 2, group.size)
    freedom = np.maximum(posts - 1.0, 1.0)
    error = np.sqrt(residual * posts / freedom) / np.maximum(views, 1.0)
    high = rate + student_t.ppf((1.0 + INTERVAL_LEVEL) / 2.0, freedom) * error
    ratio = np.full(group.size, np.nan)
    for name in np.unique(group):
        peers = known & (group == name)
        if peers.sum() >= FEWEST_PEERS and np.median(rate[peers]) > 0:
            ratio[peers] = high[peers] / np.median(rate[peers])
    return ratio


def _lower_share(part: ArrayLike, total: Floats) -> Floats:
    """Return the lower end of a share of comments, NaN for too few of them."""
    hits = np.asarray(part, dtype=np.float64)
    enough = np.nan_to_num(total) >= FEWEST_COMMENTS
    enough &= np.isfinite(hits)
    low = np.full(total.shape, np.nan)
    low[enough] = jeffreys_rate(hits[enough], total[enough])[1]
    return low


def _ramp(values: Floats, limits: tuple[float, float]) -> Floats:
    """Rise from 0 at the first limit to 1 at the second; NaN stays NaN."""
    start, full = limits
    return np.asarray(np.clip((values - start) / (full - start), 0.0, 1.0), dtype=np.float64)
