"""Checks across the parts of a campaign file that no single field can see."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan, Code, Creator

# Bands of the articles the sample campaign comes from: share of clicks that buy.
CONVERSION_LOW, CONVERSION_HIGH = Decimal("0.02"), Decimal("0.05")
GOAL_UNITS = {"units_sold": "units", "link_clicks": "clicks", "follower_growth": "rate"}


class Problem(NamedTuple):
    """What is wrong at a location of the file."""

    location: Location
    text: str


def find_problems(plan: CampaignPlan) -> list[Problem]:
    """Return every contradiction of the plan; an empty list means it may be used."""
    return [
        *_check_campaign(plan),
        *_check_unique(plan),
        *_check_handles(plan),
        *_check_creators(plan),
        *_check_codes(plan),
    ]


def find_warnings(plan: CampaignPlan) -> list[Problem]:
    """Return what is allowed but does not fit together, such as contradicting goals."""
    goals = {goal.metric: (place, goal) for place, goal in enumerate(plan.goals)}
    found: list[Problem] = []
    if "units_sold" in goals and "link_clicks" in goals:
        place, sold = goals["units_sold"]
        clicks = goals["link_clicks"][1].target_value
        low, high = clicks * CONVERSION_LOW, clicks * CONVERSION_HIGH
        if not low <= sold.target_value <= high:
            rate = sold.target_value / clicks
            found.append(
                Problem(
                    ("goals", place, "target_value"),
                    f"{sold.target_value:,} sales from {clicks:,} clicks is a conversion rate of "
                    f"{rate:.0%}; at the usual 2-5 % expect {low:,.0f}-{high:,.0f} orders",
                )
            )
    fees = sum((c.contract.fee for c in plan.creators), Decimal(0))
    budget = plan.campaign.budget_amount
    if budget is not None and fees > budget:
        found.append(
            Problem(
                ("campaign", "budget_amount"), f"fees of {fees:,} exceed the budget of {budget:,}"
            )
        )
    return found


def _check_campaign(plan: CampaignPlan) -> Iterator[Problem]:
    campaign = plan.campaign
    if campaign.end_date < campaign.start_date:
        yield Problem(
            ("campaign", "end_date"),
            f"value {campaign.end_date} is not allowed; allowed: {campaign.start_date} or later",
        )
    if not _is_timezone(plan.reporting_timezone):
        yield Problem(
            ("reporting_timezone",),
            f"value {plan.reporting_timezone!r} is not allowed; "
            "allowed: an IANA time zone such as America/New_York",
        )
    for place, goal in enumerate(plan.goals):
        if goal.unit != GOAL_UNITS[goal.metric]:
            yield Problem(
                ("goals", place, "unit"),
                f"value {goal.unit!r} is not allowed; allowed: {GOAL_UNITS[goal.metric]}",
            )


def _is_timezone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _check_unique(plan: CampaignPlan) -> Iterator[Problem]:
    yield from _repeated((("goals", i, "id"), goal.id) for i, goal in enumerate(plan.goals))
    yield from _repeated((("creators", i, "id"), c.id) for i, c in enumerate(plan.creators))
    yield from _repeated(
        (("creators", i, "deliverables", k, "id"), piece.id)
        for i, creator in enumerate(plan.creators)
        for k, piece in enumerate(creator.deliverables)
    )
    for key in ("id", "utm_content"):
        yield from _repeated(
            (("creators", i, "links", k, key), getattr(link, key).strip().lower())
            for i, creator in enumerate(plan.creators)
            for k, link in enumerate(creator.links)
        )
    yield from _repeated(
        (("creators", i, "landing_pages", k, "path"), page.path.rstrip("/").lower())
        for i, creator in enumerate(plan.creators)
        for k, page in enumerate(creator.landing_pages)
    )


def _check_handles(plan: CampaignPlan) -> Iterator[Problem]:
    handles: list[tuple[Location, str]] = [
        (("brand", "handles", platform), f"{platform}:{handle.lower()}")
        for platform, handle in plan.brand.handles.items()
    ]
    for i, creator in enumerate(plan.creators):
        for k, account in enumerate(creator.accounts):
            place: Location = ("creators", i, "accounts", k, "handle")
            handles.append((place, f"{account.platform}:{account.handle.lower()}"))
    yield from _repeated(handles)


def _repeated(values: Iterable[tuple[Location, str]]) -> Iterator[Problem]:
    seen: set[str] = set()
    for location, value in values:
        if value in seen:
            shown = value.split(":", 1)[-1]
            yield Problem(location, f"value {shown!r} is not allowed; allowed: one not used above")
        seen.add(value)


def _check_creators(plan: CampaignPlan) -> Iterator[Problem]:
    for i, creator in enumerate(plan.creators):
        platforms = {account.platform for account in creator.accounts}
        for k, piece in enumerate(creator.deliverables):
            place: Location = ("creators", i, "deliverables", k)
            if piece.platform not in platforms:
                yield Problem(
                    (*place, "platform"),
                    f"value {piece.platform!r} is not allowed; "
                    f"allowed: {', '.join(sorted(platforms))} (the creator's accounts)",
                )
            yield from _inside(plan, (*place, "planned_date"), piece.planned_date)
            if piece.due_date is not None and piece.due_date < piece.planned_date:
                yield Problem(
                    (*place, "due_date"),
                    f"value {piece.due_date} is not allowed; "
                    f"allowed: {piece.planned_date} or later",
                )
        yield from _check_validity(creator, i)


def _inside(plan: CampaignPlan, place: Location, day: dt.date) -> Iterator[Problem]:
    start, end = plan.campaign.start_date, plan.campaign.end_date
    if not start <= day <= end:
        yield Problem(
            place, f"value {day} is not allowed; allowed: {start} to {end} (the campaign)"
        )


def _check_validity(creator: Creator, position: int) -> Iterator[Problem]:
    for part in ("codes", "links", "landing_pages"):
        for k, item in enumerate(getattr(creator, part)):
            if item.valid_to is not None and item.valid_to < item.valid_from:
                yield Problem(
                    ("creators", position, part, k, "valid_to"),
                    f"value {item.valid_to} is not allowed; allowed: {item.valid_from} or later",
                )


def _check_codes(plan: CampaignPlan) -> Iterator[Problem]:
    """A code belongs to one creator at a time; spelling differs in case and spaces at the till."""
    owned: dict[str, list[tuple[str, Code]]] = {}
    for i, creator in enumerate(plan.creators):
        for k, code in enumerate(creator.codes):
            others = owned.setdefault(code.code.strip().lower(), [])
            for owner, other in others:
                if code.overlaps(other):
                    yield Problem(
                        ("creators", i, "codes", k, "code"),
                        f"value {code.code!r} is not allowed; allowed: a code that is not "
                        f"{owner}'s at the same time",
                    )
            others.append((creator.id, code))
