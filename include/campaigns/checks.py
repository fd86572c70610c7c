"""Checks across the parts of a campaign file that no single field can see."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator

from include.campaigns.agreement_checks import find_agreement_problems
from include.campaigns.candidates import find_candidate_problems
from include.campaigns.lines import Location
from include.campaigns.model import GOAL_UNITS, CampaignPlan, Creator
from include.campaigns.ownership import find_ownership_problems
from include.campaigns.problems import Problem, before, repeated

# Shopify's customer journey reaches 30 days back; a longer look-back at visits would look answered
# and not be. Evidence without an instant of its own is dated by the creator's posts.
SHOP_JOURNEY_DAYS = 30
LONGEST_LOOKBACK_DAYS = 365
UNDATED_EVIDENCE = ("ga4_session", "discount_code", "survey")
# What a machine's folder of zones holds beside zones: they mean another hour on another machine.
NO_ZONES = ("localtime", "posixrules", "posix/", "right/", "Factory")


def find_problems(plan: CampaignPlan) -> list[Problem]:
    """Return every contradiction of the plan; an empty list means it may be used."""
    return [
        *_check_campaign(plan),
        *_check_lookbacks(plan),
        *_check_unique(plan),
        *_check_handles(plan),
        *_check_creators(plan),
        *_check_events(plan),
        *find_candidate_problems(plan),
        *find_agreement_problems(plan),
        *find_ownership_problems(plan),
    ]


def _check_campaign(plan: CampaignPlan) -> Iterator[Problem]:
    campaign = plan.campaign
    yield from before(("campaign", "end_date"), campaign.end_date, campaign.start_date)
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
        if goal.baseline_date is not None and goal.baseline_date > campaign.end_date:
            yield Problem(
                ("goals", place, "baseline_date"),
                f"value {goal.baseline_date} is not allowed; allowed: {campaign.end_date} (the "
                "campaign's last day) or earlier",
            )


def _check_lookbacks(plan: CampaignPlan) -> Iterator[Problem]:
    campaign = plan.campaign
    days_of: dict[Location, int] = {("lookback_days",): campaign.lookback_days}
    for evidence, days in campaign.lookback_days_by_evidence.items():
        days_of["lookback_days_by_evidence", evidence] = days
    for key, days in days_of.items():
        is_undated = key[-1] in UNDATED_EVIDENCE
        longest = LONGEST_LOOKBACK_DAYS if is_undated else SHOP_JOURNEY_DAYS
        if days > longest:
            why = "" if is_undated else ": the shop's customer journey reaches no further back"
            yield Problem(
                ("campaign", *key),
                f"value {days} is not allowed; allowed: 1 to {longest} days{why}",
            )


def _is_timezone(name: str) -> bool:
    if name.startswith(NO_ZONES):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _check_unique(plan: CampaignPlan) -> Iterator[Problem]:
    shops: list[tuple[Location, str]] = [(("shop", "connection_id"), plan.shop.connection_id)]
    shops += [
        (("further_shops", i, "connection_id"), shop.connection_id)
        for i, shop in enumerate(plan.further_shops)
    ]
    yield from repeated(shops)
    yield from repeated((("goals", i, "id"), goal.id) for i, goal in enumerate(plan.goals))
    yield from repeated((("creators", i, "id"), c.id) for i, c in enumerate(plan.creators))
    yield from repeated(
        (("creators", i, "deliverables", k, "id"), piece.id)
        for i, creator in enumerate(plan.creators)
        for k, piece in enumerate(creator.deliverables)
    )
    yield from repeated(
        (("creators", i, "links", k, "id"), link.id)
        for i, creator in enumerate(plan.creators)
        for k, link in enumerate(creator.links)
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
    yield from repeated(handles)


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
            if piece.due_date is not None:
                yield from before((*place, "due_date"), piece.due_date, piece.planned_date)
            if piece.approved_date is not None and piece.draft_submitted_date is not None:
                approved, handed_in = piece.approved_date, piece.draft_submitted_date
                yield from before((*place, "approved_date"), approved, handed_in)
        yield from _check_validity(creator, i)


def _inside(plan: CampaignPlan, place: Location, day: dt.date) -> Iterator[Problem]:
    start, end = plan.campaign.start_date, plan.campaign.end_date
    if not start <= day <= end:
        yield Problem(
            place, f"value {day} is not allowed; allowed: {start} to {end} (the campaign)"
        )


SPANS = ("codes", "links", "landing_pages", "exclusivity", "usage_rights")


def _check_validity(creator: Creator, position: int) -> Iterator[Problem]:
    at: Location = ("creators", position)
    parts = [
        ((*at, part, k), item) for part in SPANS for k, item in enumerate(getattr(creator, part))
    ]
    terms = enumerate(creator.contract.terms)
    for place, item in [*parts, *(((*at, "contract", "terms", k), term) for k, term in terms)]:
        if item.valid_to is not None:
            yield from before((*place, "valid_to"), item.valid_to, item.valid_from)
    for k, code in enumerate(creator.codes):
        if code.compromised_from is not None and not code.holds_on(code.compromised_from):
            yield Problem(
                (*at, "codes", k, "compromised_from"),
                f"value {code.compromised_from} is not allowed; allowed: a day from valid_from "
                f"{code.valid_from} to valid_to {code.valid_to or '(no end)'}",
            )


def _check_events(plan: CampaignPlan) -> Iterator[Problem]:
    for i, event in enumerate(plan.events):
        if event.valid_to is not None:
            yield from before(("events", i, "valid_to"), event.valid_to, event.valid_from)
