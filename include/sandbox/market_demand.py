"""Who comes to buy, when, and why: the hidden causes of the market's orders.

Every day draws from its own generator, so a longer market keeps its earlier days.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from include.campaigns.model import Code
from include.sandbox.market_calendar import BASELINE, DAY, RESPONSES, Calendar, draw
from include.sandbox.market_channels import (
    BASE_CHANNELS,
    DIRECT,
    EMAIL,
    PAID_SEARCH,
    SEARCH,
    SOCIAL,
    Channel,
    creator_channel,
)
from include.sandbox.market_facts import MarketOptions
from include.sandbox.market_posts import BRAND_INDEX, Post
from include.sandbox.market_profiles import Profile

BASE_ORDERS = 57.0  # a day at scale 1
WEEKDAY = (0.94, 0.97, 1.0, 1.03, 0.96, 1.04, 1.06)
FOREIGN_CODE_RATE = 0.04  # orders with a code that use another creator's
SAME_SESSION_RATE = 0.55
LONGEST_DELAY = 21 * DAY
Touch = tuple[int, Channel]


@dataclass(slots=True)
class Customer:
    """A known buyer; `prior_orders` were placed before the market's first day."""

    customer_id: int
    created: int
    prior_orders: int = 0
    orders: list[int] = field(default_factory=list)  # market seconds


@dataclass(slots=True)
class Intent:
    """Somebody who will place an order at market second `at`.

    kind: link, code, link_and_code, foreign_code, seen (caused, leaves no trace), preexisting
    (would have come anyway though a link or code is present), baseline, gift and self_referral (a
    creator's own product and purchase). cause: profile index or None. evidence: what the order
    shows of a creator, "none" for baseline and seen. code_of: profile whose code is used.
    customer: set where the buyer is already known. met: profile whose piece the buyer has seen.
    """

    at: int
    kind: str
    evidence: str
    cause: int | None
    code_of: int | None = None
    touches: list[Touch] = field(default_factory=list)
    customer: Customer | None = None
    met: int | None = None


class Demand:
    """Draw the intents of each day; what creators cause follows their posts' clicks and reach."""

    def __init__(
        self,
        profiles: tuple[Profile, ...],
        posts: list[Post],
        calendar: Calendar,
        seed: int,
        options: MarketOptions,
    ) -> None:
        self.profiles, self.calendar, self.seed, self.options = profiles, calendar, seed, options
        shape = (calendar.days, len(profiles))
        self.clicks = np.zeros(shape, dtype=np.int64)  # as counted by the platform, at scale 1
        self.pull = np.zeros(shape)  # people reached, weighted by how much the piece moves them
        for post in posts:
            if post.owner != BRAND_INDEX and post.deliverable is not None:
                self._add(post)
        self.clicks = np.rint(self.clicks * options.scale).astype(np.int64)
        self.conversion = np.array([p.conversion for p in profiles])
        self.code_rate = np.array([p.code_rate * options.scale for p in profiles])
        self.seen_rate = np.array([p.seen_rate * options.scale for p in profiles])
        self._channels: dict[tuple[int, int, bool], Channel] = {}
        # Clicks that became an order on their own day: one session, counted with the order.
        self.same_day_orders = np.zeros(shape, dtype=np.int64)

    def _add(self, post: Post) -> None:
        first = max(post.published // DAY, 0)
        ends = [(day + 1) * DAY for day in range(first, self.calendar.days)]
        clicks = np.array([0] + [post.clicks_by(at) for at in ends])
        reach = np.array([0.0] + [post.reach * post.grown(at) for at in ends])
        self.clicks[first:, post.owner] += np.diff(clicks)
        self.pull[first:, post.owner] += np.diff(reach) * post.burst

    def of_day(self, day: int) -> list[Intent]:
        """Return everybody whose wish to buy arises on this day; they may order on a later one."""
        return [*self._baseline(day), *self._responses(day)]

    def _baseline(self, day: int) -> list[Intent]:
        rng = draw(self.seed, BASELINE, day)
        count = int(rng.poisson(BASE_ORDERS * WEEKDAY[day % 7] * self.options.scale))
        seconds = (rng.beta(3.2, 2.2, count) * (DAY - 1)).astype(int).tolist()
        intents = []
        for second, u in zip(seconds, rng.random((count, 14)).tolist(), strict=True):
            at = day * DAY + second
            touches = [(at - 120 - int(u[0] * 1_500), _base_channel(u[1]))]
            for k in range(int(u[2] * 3.2)):
                back = int(u[3 + k] ** 2 * 12 * DAY) + 3_600
                touches.append((at - back, _base_channel(u[7 + k])))
            intent = Intent(at, "baseline", "none", None, touches=sorted(touches, key=_when))
            if u[13] < self.options.leaked_share and self._leaker(at) is not None:
                intent.kind, intent.evidence = "preexisting", "code"
                intent.code_of = self._leaker(at)
            intents.append(intent)
        return intents

    def _leaker(self, at: int) -> int | None:
        """Return whose code a coupon site shows, if it is valid by then: the first that sells."""
        for profile in self.profiles:
            if profile.creator.codes and not profile.is_hollow:
                date = self.calendar.date(at // DAY)
                return profile.index if code_on(profile, date) else None
        return None

    def _responses(self, day: int) -> list[Intent]:
        rng = draw(self.seed, RESPONSES, day)
        by_click = rng.binomial(self.clicks[day], self.conversion)
        by_code = rng.poisson(self.pull[day] * self.code_rate)
        by_sight = rng.poisson(self.pull[day] * self.seen_rate)
        intents: list[Intent] = []
        kinds: tuple[tuple[np.ndarray, Callable[..., Intent]], ...] = (
            (by_click, self._clicked),
            (by_code, self._by_code),
            (by_sight, self._by_sight),
        )
        for counts, build in kinds:
            owners = np.repeat(np.arange(len(self.profiles)), counts).tolist()
            table = rng.random((len(owners), 20)).tolist()
            for owner, u in zip(owners, table, strict=True):
                intents.append(build(day, self.profiles[owner], u))
        return intents

    def _clicked(self, day: int, profile: Profile, u: list[float]) -> Intent:
        clicked = day * DAY + _evening(u[0], u[1])
        at = clicked + _delay(u[2], u[3])
        if u[15] < self.options.code_audience_share:
            return self._by_code(day, profile, u)
        self.same_day_orders[day, profile.index] += at // DAY == day
        touches: list[Touch] = [(clicked, self._link(profile, u[4]))]
        if u[5] < 0.15:
            touches += self._earlier_click(day, profile, u[6], u[7])
        touches += _other_visits(clicked, at, u[8:12])
        code_of = self._code(profile, at, u[13]) if u[12] < 0.45 else None
        evidence = "link"
        if code_of is not None:
            evidence = "link_and_code" if code_of == profile.index else "foreign_code"
        return self._settle(at, evidence, profile, u[14], code_of, touches)

    def _by_code(self, day: int, profile: Profile, u: list[float]) -> Intent:
        at = day * DAY + _evening(u[0], u[1]) + _delay(u[2], u[3])
        channel = (DIRECT, DIRECT, SEARCH, SOCIAL)[int(u[4] * 4)]
        touches = [(at - 90 - int(u[5] * 1_200), channel)]
        code_of = self._code(profile, at, u[13])
        if code_of is None:
            return Intent(at, "seen", "none", profile.index, touches=touches, met=profile.index)
        evidence = "code" if code_of == profile.index else "foreign_code"
        return self._settle(at, evidence, profile, u[14], code_of, touches)

    def _by_sight(self, day: int, profile: Profile, u: list[float]) -> Intent:
        at = day * DAY + _evening(u[0], u[1]) + _delay(u[2], u[3])
        channel = (DIRECT, SEARCH, SEARCH, PAID_SEARCH)[int(u[4] * 4)]
        touches = [(at - 90 - int(u[5] * 1_200), channel)]
        return Intent(at, "seen", "none", profile.index, touches=touches, met=profile.index)

    def _settle(
        self,
        at: int,
        evidence: str,
        profile: Profile,
        u: float,
        code_of: int | None,
        touches: list[Touch],
    ) -> Intent:
        """Decide whether the creator caused the order or it would have come anyway."""
        anyway = u < self.options.preexisting_share
        kind, cause = ("preexisting", None) if anyway else (evidence, profile.index)
        touches = sorted(touches, key=_when)
        return Intent(at, kind, evidence, cause, code_of, touches, met=profile.index)

    def _link(self, profile: Profile, u: float) -> Channel:
        if u > 0.92 and profile.creator.landing_pages:
            return self.channel(profile.index, is_stripped=True)
        return self.channel(profile.index, spelling=1 if u < 0.02 else 2 if u < 0.03 else 0)

    def channel(self, owner: int, *, spelling: int = 0, is_stripped: bool = False) -> Channel:
        """Return the channel of a creator's link; see `creator_channel`."""
        key = (owner, spelling, is_stripped)
        if key not in self._channels:
            self._channels[key] = creator_channel(self.profiles[owner], spelling, is_stripped)
        return self._channels[key]

    def channel_of_regulars(self, u: float) -> Channel:
        """Return how a customer comes back: by mail, directly or by search."""
        return (EMAIL, EMAIL, DIRECT, DIRECT, SEARCH)[int(u * 5)]

    def _earlier_click(self, day: int, profile: Profile, u: float, v: float) -> list[Touch]:
        """Another creator's link was clicked some days before, if one had clicks then."""
        before = day - 1 - int(v * 7)
        if before < 0:
            return []
        others = [i for i in np.flatnonzero(self.clicks[before]).tolist() if i != profile.index]
        if not others:
            return []
        other = others[int(u * len(others))]
        return [(before * DAY + int(v * 7 % 1 * (DAY - 1)), self.channel(other))]

    def _code(self, profile: Profile, at: int, u: float) -> int | None:
        """Choose whose valid code is typed: the creator's own, at times another's."""
        date = self.calendar.date(at // DAY)
        if u < FOREIGN_CODE_RATE:
            valid = [p.index for p in self.profiles if p is not profile and code_on(p, date)]
            if valid:
                return valid[int(u / FOREIGN_CODE_RATE * len(valid))]
        return profile.index if code_on(profile, date) else None


def code_on(profile: Profile, date: dt.date) -> Code | None:
    """Return the creator's code that is valid on a date, None without one."""
    return next((c for c in profile.creator.codes if c.holds_on(date)), None)


def _other_visits(clicked: int, at: int, u: list[float]) -> list[Touch]:
    """Visits between the click and the order: some mail or search, and often a last direct one."""
    touches: list[Touch] = []
    if at - clicked < 3_600:
        return touches
    if u[0] < 0.45:
        channel = (EMAIL, SEARCH, SEARCH, PAID_SEARCH, DIRECT)[int(u[0] / 0.45 * 5)]
        touches.append((clicked + int((at - clicked) * (0.1 + 0.8 * u[1])), channel))
    if u[2] < 0.85:
        channel = DIRECT if u[2] < 0.5 else EMAIL if u[2] < 0.65 else SEARCH
        touches.append((at - 90 - int(u[3] * 1_000), channel))
    return touches


def _base_channel(u: float) -> Channel:
    """Pick a channel in proportion to its sessions."""
    rest = u * sum(weight for _, weight in BASE_CHANNELS)
    for channel, weight in BASE_CHANNELS:
        rest -= weight
        if rest < 0:
            return channel
    return DIRECT


def _delay(u: float, v: float) -> int:
    """Seconds from wish to order: minutes in the same session, else days with a mean of four."""
    if u < SAME_SESSION_RATE:
        return 180 + int(v * 2_400)
    return min(int(-math.log(max(1 - v, 1e-9)) * 4 * DAY) + 4 * 3_600, LONGEST_DELAY)


def _evening(u: float, v: float) -> int:
    """A second of the day, most likely in the evening."""
    return int((0.35 + 0.65 * max(u, v)) * (DAY - 1)) if u < 0.9 else int(v * (DAY - 1))


def _when(touch: Touch) -> int:
    return touch[0]
