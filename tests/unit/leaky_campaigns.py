"""Campaigns of 25 creators with discount codes, clean or leaking, drawn without the scoring code.

Every user of a code is one row of chance: a creator's piece draws users in a burst of its own size,
each types the code some days later; strays type somebody else's; some honest users see a coupon
site on their way. A leak adds users who follow no piece. Audiences differ: three creators'
followers only ever hear the code, so no visit of theirs names the creator.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from include.attribution.leakage import CodeDay, CodeHistory

START = dt.date(2026, 3, 1)
DAYS = 61
CREATORS = 25
CODE_ONLY = 3  # creators whose audience only uses codes
VISITS_KNOWN, IDENTITY_KNOWN, COUNTRY_KNOWN = 0.7, 0.7, 0.85


@dataclass(frozen=True, slots=True)
class Leak:
    """A leak; kind: coupon (it shows in visits), hidden (it doesn't), early (before posts)."""

    creator: int
    kind: str
    day: int
    uses: int


@dataclass(slots=True)
class Campaign:
    """The codes of one campaign as the warehouse would count them, and which leak, from when."""

    codes: list[CodeHistory]
    leaks: dict[str, Leak] = field(default_factory=dict)


@dataclass(slots=True)
class _Creator:
    live: np.ndarray
    link_share: float
    returning: float
    abroad: float
    users: float


def draw_campaign(
    seed: int, *, leaking: int = 0, mean_uses: float = 40.0, code_only: int = CODE_ONLY
) -> Campaign:
    """Draw one campaign; `leaking` codes leak, with 0.3 to 3 times their honest uses."""
    rng = np.random.default_rng([seed, leaking, code_only])
    creators = [_draw_creator(rng, at < code_only, mean_uses) for at in range(CREATORS)]
    rows: dict[int, dict[int, dict[str, int]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(int))
    )
    for at, creator in enumerate(creators):
        _use_honestly(rng, rows, at, creator)
    leaks = {}
    for at in rng.choice(CREATORS, leaking, replace=False).tolist():
        leak = _draw_leak(rng, at, creators[at])
        _use_leaked(rng, rows, leak)
        leaks[f"C{at}"] = leak
    codes = [
        CodeHistory(
            f"C{at}",
            START,
            START + dt.timedelta(days=DAYS - 1),
            tuple(START + dt.timedelta(days=int(day)) for day in np.unique(creator.live)),
            tuple(
                CodeDay(START + dt.timedelta(days=day), **{"uses": 0, **counts})
                for day, counts in sorted(rows[at].items())
            ),
        )
        for at, creator in enumerate(creators)
    ]
    return Campaign(codes, leaks)


def _draw_creator(rng: np.random.Generator, is_code_only: bool, mean_uses: float) -> _Creator:
    pieces = int(rng.integers(1, 8))
    first = int(rng.integers(0, 21))
    live = np.sort(first + rng.choice(DAYS - 8 - first, pieces, replace=False))
    return _Creator(
        live=live,
        link_share=0.0 if is_code_only else float(rng.beta(6, 6)),
        returning=float(rng.beta(4, 12)),
        abroad=float(rng.beta(2, 18)),
        users=float(rng.gamma(1.5, mean_uses / 1.5)),
    )


def _use_honestly(rng: np.random.Generator, rows: dict, at: int, creator: _Creator) -> None:
    """Users of each piece: a burst of its own, then an exponential delay with a long tail."""
    bursts = rng.gamma(1.5, 1.0, creator.live.size)
    for live, burst in zip(creator.live, bursts, strict=True):
        count = rng.poisson(creator.users * burst / (1.5 * creator.live.size))
        delays = rng.exponential(np.where(rng.random(count) < 0.75, 2.0, 12.0))
        for day in (live + delays.astype(int)).tolist():
            if day >= DAYS:
                continue
            is_linked = rng.random() < creator.link_share
            if rng.random() < 0.04:
                other = int(rng.integers(CREATORS - 1))
                _count(rng, rows[other + (other >= at)][day], creator, False, stray=is_linked)
            else:
                _count(rng, rows[at][day], creator, is_linked, coupon=rng.random() < 0.01)


def _draw_leak(rng: np.random.Generator, at: int, creator: _Creator) -> Leak:
    kind = ("coupon", "hidden", "early")[int(rng.integers(3))]
    first = int(creator.live[0])
    if kind == "early" and first < 4:
        kind = "coupon"
    day = max(first - int(rng.integers(3, 10)), 0) if kind == "early" else int(rng.integers(10, 45))
    uses = max(int(creator.users * rng.uniform(0.3, 3.0)), 5)
    return Leak(at, kind, day, uses)


def _use_leaked(rng: np.random.Generator, rows: dict, leak: Leak) -> None:
    """Users spread evenly from the leak to the end, mostly customers already, from anywhere."""
    finder = _Creator(np.zeros(0), 0.0, 0.6, 0.25, 0.0)
    for day in rng.integers(leak.day, DAYS, leak.uses).tolist():
        has_visit = leak.kind == "coupon" and rng.random() < 0.5
        _count(rng, rows[leak.creator][day], finder, False, coupon=has_visit)


def _count(
    rng: np.random.Generator,
    day: dict[str, int],
    user: _Creator,
    is_linked: bool,
    *,
    stray: bool = False,
    coupon: bool = False,
) -> None:
    if stray:
        day["stray"] += 1
        return
    day["uses"] += 1
    day["linked"] += is_linked
    if is_linked or rng.random() < VISITS_KNOWN:
        day["seen"] += 1
        day["sessionless"] += not is_linked
        day["coupon_site"] += coupon
    if rng.random() < IDENTITY_KNOWN:
        day["identified"] += 1
        day["returning"] += rng.random() < user.returning
    if rng.random() < COUNTRY_KNOWN:
        day["located"] += 1
        day["abroad"] += rng.random() < user.abroad
