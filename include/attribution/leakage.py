"""Which discount codes have left their creator's audience: each judged beside its sibling codes.

A code leaks when people use it who never met the creator: a coupon site lists it, a forum passes it
on. Two facts are decisive, because an honest audience cannot produce many of them: uses before the
creator's first post, and uses that came from a known coupon site. Three others only say that a code
is unlike its siblings: uses far from the creator's posts, customers who were customers already,
customers in other countries. Missing sessions add to those but never count alone: there are
audiences that hear a code and type it.

Every part is a chance (of a clean code showing at least this much), and all chances are held
against the number of codes of the campaign, so that 25 clean codes raise no more alarms than one.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, logit

from include.attribution.code_history import (
    CodeDay,
    CodeHistory,
    change_day,
    count_by_step,
    uses_before_post,
)
from include.attribution.post_response import AGE_STEPS, fit_curves, split_late
from include.attribution.sibling_rates import (
    Floats,
    surprise_beside_siblings,
    surprise_of_counts,
)

__all__ = ["PARTS", "CodeDay", "CodeHistory", "LeakScore", "PartScore", "score_codes"]

LeakClass = Literal["clean", "watch", "leaked"]
Part = Literal["before_post", "coupon_site", "off_post", "returning", "abroad", "sessionless"]
PARTS: tuple[Part, ...] = (
    "before_post",
    "coupon_site",
    "off_post",
    "returning",
    "abroad",
    "sessionless",
)
DECISIVE: tuple[Part, ...] = ("before_post", "coupon_site")

# Expected false alerts per campaign of clean codes, over all its codes, per family of evidence.
LEAKED_ALARMS = 0.05
WATCH_ALARMS = 0.4
# How surprising a code must be without its missing sessions, before those may add anything.
BEHAVIOUR_LEVEL = 0.02
# A single use may be anybody: a test, a typo, a friend.
FEWEST_DECISIVE_USES = 2
# Of honest users so many look at a coupon site on the way: Beta(2, 98), 2 % in the mean.
COUPON_VISITORS = (2.0, 98.0)
# Share of users who type another creator's code, before the campaign's own are counted: 4 %.
STRAY_USERS = (1.0, 24.0)
# Strays crowd at some codes; beyond this shape counts would be trusted too far.
LARGEST_STRAY_SHAPE = 4.0
HIGHEST_SCORE = 20.0


@dataclass(frozen=True, slots=True)
class PartScore:
    """A part's count beside what it counts among, what clean siblings let expect, and its score.

    score: zeros of the chance that a clean code shows at least this much (2 is one in a hundred);
    None where the part cannot be judged.
    """

    hits: int
    trials: int
    expected: float | None
    score: float | None


@dataclass(frozen=True, slots=True)
class LeakScore:
    """One code's verdict; `score` is the strongest line of evidence, in zeros of its chance."""

    code: str
    leak_class: LeakClass
    score: float
    parts: dict[Part, PartScore]
    reasons: tuple[Part, ...]
    compromised_from: dt.date | None


def score_codes(codes: Sequence[CodeHistory]) -> list[LeakScore]:
    """Judge the codes of one campaign together; rows in the order of `codes`.

    A code that is not clean no longer serves its siblings as comparison, and all are judged again:
    several leaks do not hide behind each other.
    """
    suspects: set[int] = set()
    while codes:
        judged = _Judgement(codes, suspects).scores()
        found = {at for at, score in enumerate(judged) if score.leak_class != "clean"}
        if found <= suspects:
            return judged
        suspects |= found
    return []


class _Judgement:
    """One round: the counts of all codes as columns, and what siblings make of them."""

    def __init__(self, codes: Sequence[CodeHistory], suspects: set[int]) -> None:
        self.codes = codes
        self.is_sibling = np.array([at not in suspects for at in range(len(codes))], np.bool_)
        tables = [count_by_step(code) for code in codes]
        self.uses = np.array([uses for uses, _ in tables]).reshape(len(codes), AGE_STEPS.size)
        self.days = np.array([days for _, days in tables]).reshape(len(codes), AGE_STEPS.size)
        self.curves = fit_curves(self.uses, self.days, self.is_sibling)
        self.daily_uses: Counter[dt.date] = Counter()
        for code in codes:
            self.daily_uses.update({day.day: day.uses + day.stray for day in code.days})
        self.valid_counts = {
            day: sum(code.first_day <= day <= code.last_day for code in codes)
            for day in self.daily_uses
        }

    def scores(self) -> list[LeakScore]:
        """Return every code's verdict of this round."""
        columns: dict[Part, list[PartScore]] = {
            "before_post": self._before_post(),
            "coupon_site": self._coupon_site(),
            "off_post": self._off_post(),
            "returning": self._beside_siblings("returning", "identified"),
            "abroad": self._beside_siblings("abroad", "located"),
            "sessionless": self._beside_siblings("sessionless", "seen"),
        }
        return [
            self._verdict(code, at, {part: column[at] for part, column in columns.items()})
            for at, code in enumerate(self.codes)
        ]

    def _sum(self, name: str) -> NDArray[np.int64]:
        return np.array(
            [sum(getattr(day, name) for day in code.days) for code in self.codes], dtype=np.int64
        )

    def _beside_siblings(self, hits_name: str, trials_name: str) -> list[PartScore]:
        hits, trials = self._sum(hits_name), self._sum(trials_name)
        chance = surprise_beside_siblings(hits, trials, self.is_sibling)
        return _part_scores(hits, trials, chance, _sibling_shares(hits, trials, self.is_sibling))

    def _off_post(self) -> list[PartScore]:
        late, counted, share = split_late(self.uses, self.days, self.curves)
        chance = surprise_beside_siblings(late, counted, self.is_sibling, logit(share))
        return _part_scores(late, counted, chance, share * counted)

    def _coupon_site(self) -> list[PartScore]:
        hits, trials = self._sum("coupon_site"), self._sum("uses")
        shape, rest = COUPON_VISITORS
        # Gamma-Poisson is the beta-binomial's limit for small shares, and its tail is the fatter.
        expected = trials.astype(np.float64) * (shape / (shape + rest))
        return _part_scores(hits, trials, surprise_of_counts(hits, expected, shape), expected)

    def _before_post(self) -> list[PartScore]:
        """Uses before the first piece against the strays that other creators' users leave."""
        strays = int(self._sum("stray").sum())
        honest = int((self._sum("linked") * self.is_sibling).sum())
        shape = STRAY_USERS[0] + strays
        rate = shape / (shape + STRAY_USERS[1] + honest)
        hits = np.array([uses_before_post(code) for code in self.codes], dtype=np.int64)
        expected = rate * np.array([self._stray_chances(code) for code in self.codes])
        chance = surprise_of_counts(hits, expected, min(shape, LARGEST_STRAY_SHAPE))
        scores = _part_scores(hits, self._sum("uses"), chance, expected)
        unjudged = PartScore(0, 0, None, None)
        return [
            score if code.live_days else unjudged
            for code, score in zip(self.codes, scores, strict=True)
        ]

    def _stray_chances(self, code: CodeHistory) -> float:
        """Return how many users of other codes might have typed this one before its first piece."""
        if not code.live_days:
            return 0.0
        own = {day.day: day.uses + day.stray for day in code.days}
        return sum(
            (count - own.get(day, 0)) / max(self.valid_counts[day] - 1, 1)
            for day, count in self.daily_uses.items()
            if code.first_day <= day < code.live_days[0]
        )

    def _verdict(self, code: CodeHistory, at: int, parts: dict[Part, PartScore]) -> LeakScore:
        behaviour = _combined(parts["off_post"], parts["returning"], parts["abroad"])
        unlike = behaviour
        if behaviour >= -np.log10(BEHAVIOUR_LEVEL):
            unlike = max(
                behaviour,
                _combined(
                    parts["off_post"], parts["returning"], parts["abroad"], parts["sessionless"]
                ),
            )
        decisive = {
            part: parts[part].score or 0.0
            for part in DECISIVE
            if parts[part].hits >= FEWEST_DECISIVE_USES
        }
        score = max([unlike, *decisive.values()])
        leak_class = _classify(score, len(self.codes))
        if leak_class == "leaked" and code.is_first_live_assumed:
            # The piece may have gone live before its planned day, where nobody looked.
            certain = max([unlike, decisive.get("coupon_site", 0.0)])
            leak_class = "watch" if _classify(certain, len(self.codes)) != "leaked" else "leaked"
        reasons = () if leak_class == "clean" else _reasons(parts, score)
        since = None if leak_class == "clean" else self._since(code, at, reasons)
        return LeakScore(code.code, leak_class, score, parts, reasons, since)

    def _since(self, code: CodeHistory, at: int, reasons: tuple[Part, ...]) -> dt.date | None:
        """Suggest when the leak began: the first decisive use, else where uses left the posts."""
        firsts = []
        if "before_post" in reasons:
            firsts += [day.day for day in code.days if day.uses and day.day < code.live_days[0]]
        if "coupon_site" in reasons:
            firsts += [day.day for day in code.days if day.coupon_site]
        if firsts:
            return min(firsts)
        return change_day(code, self.curves[at])


def _sibling_shares(
    hits: NDArray[np.int64], trials: NDArray[np.int64], is_sibling: NDArray[np.bool_]
) -> Floats:
    """Return the hits each code would have at the share of its siblings taken together."""
    other_hits = (hits * is_sibling).sum() - hits * is_sibling
    other_trials = (trials * is_sibling).sum() - trials * is_sibling
    shares: Floats = np.divide(
        other_hits, other_trials, out=np.zeros(hits.size), where=other_trials > 0
    )
    return shares * trials


def _part_scores(
    hits: NDArray[np.int64], trials: NDArray[np.int64], chance: Floats, expected: Floats
) -> list[PartScore]:
    zeros = np.clip(-np.log10(np.clip(chance, 1e-300, 1.0)), 0.0, HIGHEST_SCORE)
    return [
        PartScore(int(hit), int(tried), float(mean), float(score) if tried else None)
        for hit, tried, mean, score in zip(hits, trials, expected, zeros, strict=True)
    ]


def _combined(*parts: PartScore) -> float:
    """Return the zeros of Fisher's combined chance of the parts that could be judged."""
    scores = [part.score for part in parts if part.score is not None]
    if not scores:
        return 0.0
    statistic = 2.0 * np.log(10.0) * sum(scores)
    chance = max(float(chdtrc(2 * len(scores), statistic)), 1e-300)
    return float(np.clip(-np.log10(chance), 0.0, HIGHEST_SCORE))


def _classify(score: float, code_count: int) -> LeakClass:
    if score >= -np.log10(LEAKED_ALARMS / code_count):
        return "leaked"
    return "watch" if score >= -np.log10(WATCH_ALARMS / code_count) else "clean"


def _reasons(parts: dict[Part, PartScore], score: float) -> tuple[Part, ...]:
    """Return the parts that speak against the code, strongest first."""
    named = [
        (found.score, part)
        for part, found in parts.items()
        if found.score is not None and found.score >= min(1.0, score)
    ]
    return tuple(part for _, part in sorted(named, key=lambda pair: -pair[0]))
