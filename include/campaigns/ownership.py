"""Who owns what a sale is recognised by, on which days: codes, links, landing pages.

    claims = list(claims_of(plan))
    owner_on(claims, "code", code_key("MAYA15"), date(2026, 10, 1))

Keys are compared as the warehouse compares them (macros/text.sql): without regard to case, outer
spaces and a closing slash.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan, Validity
from include.campaigns.problems import Problem

Part = Literal["code", "link", "landing page"]


class Claim(NamedTuple):
    """A creator's hold on a code, a link's utm values or a landing page, from day to day.

    `scope` is what the key must be unique in: codes and pages belong to a shop; a link is seen by
    GA4 before any shop is known, so its utm values belong to the installation.
    """

    part: Part
    scope: str
    key: tuple[str, ...]
    shown: str
    campaign_id: str
    creator_id: str
    span: Validity
    location: Location

    @property
    def owner(self) -> tuple[str, str]:
        return self.campaign_id, self.creator_id


def code_key(code: str) -> str:
    """Return a code as shops compare it."""
    return code.strip().upper()


def utm_key(value: str) -> str:
    """Return a utm value as the warehouse compares it, however its spaces were encoded."""
    return re.sub(r"(\s|\+|%20)+", " ", value.lower()).strip()


def page_key(path: str) -> str:
    """Return a landing page's path as the warehouse compares it."""
    return path.strip().lower().rstrip("/") or "/"


def claims_of(plan: CampaignPlan) -> Iterator[Claim]:
    """Yield everything the plan's creators own, codes and pages once for each shop."""
    shops, campaign = plan.shop_ids, plan.campaign.id
    for i, creator in enumerate(plan.creators):
        at: Location = ("creators", i)
        for k, code in enumerate(creator.codes):
            key: tuple[str, ...] = (code_key(code.code),)
            place: Location = (*at, "codes", k, "code")
            for shop in shops:
                yield Claim("code", shop, key, code.code, campaign, creator.id, code, place)
        for k, link in enumerate(creator.links):
            key = (utm_key(link.utm_campaign), utm_key(link.utm_content))
            place = (*at, "links", k, "utm_content")
            shown = link.utm_content
            yield Claim("link", "", key, shown, campaign, creator.id, link, place)
        for k, page in enumerate(creator.landing_pages):
            key = (page_key(page.path),)
            place = (*at, "landing_pages", k, "path")
            for shop in shops:
                yield Claim("landing page", shop, key, page.path, campaign, creator.id, page, place)


def owner_on(claims: Iterable[Claim], part: Part, key: str, day: dt.date) -> list[Claim]:
    """Return who owns a code or page on a day: one claim per shop that has an owner."""
    return [
        claim
        for claim in claims
        if claim.part == part and claim.key == (key,) and claim.span.holds_on(day)
    ]


def overlapping(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Yield (later, earlier) claims that give one thing to two owners on one day.

    Two links of one creator may share their utm values: the creator is right either way. Claims
    that meet in several shops are told once.
    """
    told: set[tuple[str, Location, str, Location]] = set()
    for group in _by_key(claims):
        for earlier, later in itertools.combinations(group, 2):
            is_same_link = later.part == "link" and later.owner == earlier.owner
            if is_same_link or not later.span.overlaps(earlier.span):
                continue
            pair = (later.campaign_id, later.location, earlier.campaign_id, earlier.location)
            if pair not in told:
                told.add(pair)
                yield later, earlier


def gaps(claims: Iterable[Claim]) -> Iterator[tuple[Claim, Claim]]:
    """Yield (next, last) claims with days in between on which nobody owns the thing."""
    told: set[tuple[str, Location]] = set()
    for group in _by_key(claims):
        spans = sorted(group, key=lambda claim: claim.span.valid_from)
        for last, following in itertools.pairwise(spans):
            place = (following.campaign_id, following.location)
            if last.owner == following.owner or place in told:
                continue
            if last.span.leaves_gap_before(following.span):
                told.add(place)
                yield following, last


def find_ownership_problems(plan: CampaignPlan) -> Iterator[Problem]:
    """Yield overlaps and gaps inside one plan, each with both places."""
    claims = list(claims_of(plan))
    for later, earlier in overlapping(claims):
        yield Problem(later.location, overlap_text(later, earlier), earlier.location)
    for following, last in gaps(claims):
        place = (*following.location[:-1], "valid_from")
        yield Problem(place, gap_text(following, last), last.location)


def overlap_text(later: Claim, earlier: Claim) -> str:
    """Say that a thing has another owner at the same time."""
    return (
        f"value {later.shown!r} is not allowed; allowed: a {later.part} that is not "
        f"{earlier.creator_id}'s at the same time"
    )


def gap_text(following: Claim, last: Claim) -> str:
    """Say that nobody owns a thing between two owners."""
    ended = last.span.valid_to
    if ended is None:
        raise ValueError(f"{last.shown} has no end, so no gap follows it")
    return (
        f"value {following.span.valid_from} is not allowed; allowed: "
        f"{ended + dt.timedelta(days=1)}, the day after {last.part} {last.shown!r} stops being "
        f"{last.creator_id}'s, or let that end later: on the days between nobody would own it"
    )


def _by_key(claims: Iterable[Claim]) -> Iterator[list[Claim]]:
    groups: dict[tuple[str, str, tuple[str, ...]], list[Claim]] = {}
    for claim in claims:
        groups.setdefault((claim.part, claim.scope, claim.key), []).append(claim)
    yield from groups.values()
