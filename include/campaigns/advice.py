"""What is allowed in a campaign file but does not fit together, said as warnings."""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Iterator
from decimal import Decimal

from include.campaigns.benchmarks import read_typical_range
from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan, Goal, Link
from include.campaigns.ownership import Claim, claims_of, utm_key
from include.campaigns.problems import Problem
from include.campaigns.slips import find_slips

# More than a very good piece of a micro-influencer brings: 50,000 views at 2 %.
CLICKS_PER_PIECE = 1_000
UTM_VALUES = ("utm_source", "utm_medium", "utm_campaign", "utm_content")
# Characters people confuse when they type a code they heard or read.
LOOKALIKES = str.maketrans("OILSB", "01158")


def find_warnings(plan: CampaignPlan) -> list[Problem]:
    """Return what looks wrong; none of it stops the file from being used."""
    return [
        *_conversion(plan),
        *_unreachable_goals(plan),
        *_budget(plan),
        *_ends(plan),
        *_lookalike_codes(plan),
        *_shared_utm_values(plan),
        *_clashes(plan),
        *_uncovered_campaign(plan),
        *find_slips(plan),
    ]


def _goals(plan: CampaignPlan) -> dict[str, tuple[int, Goal]]:
    return {goal.metric: (place, goal) for place, goal in enumerate(plan.goals)}


def _conversion(plan: CampaignPlan) -> Iterator[Problem]:
    goals = _goals(plan)
    if "units_sold" not in goals or "link_clicks" not in goals:
        return
    place, sold = goals["units_sold"]
    text = explain_conversion(sold.target_value, goals["link_clicks"][1].target_value)
    if text is not None:
        yield Problem(("goals", place, "target_value"), text)


def explain_conversion(sold: Decimal, clicks: Decimal) -> str | None:
    """Say what a sales goal and a click goal ask of each other; None when they fit."""
    usual = read_typical_range("cvr_session")
    low, high = clicks * usual.low, clicks * usual.high
    if low <= sold <= high:
        return None
    return (
        f"{sold:,} sales from {clicks:,} clicks is a conversion rate of {sold / clicks:.0%}; at "
        f"the claimed {100 * float(usual.low):g}-{100 * float(usual.high):g} % expect "
        f"{low:,.0f}-{high:,.0f} orders ({usual.describe()})"
    )


def _unreachable_goals(plan: CampaignPlan) -> Iterator[Problem]:
    """Goals the planned pieces, links and codes cannot bring or cannot show."""
    pieces = sum(len(creator.deliverables) for creator in plan.creators)
    has_links = any(creator.links for creator in plan.creators)
    has_codes = any(creator.codes or creator.landing_pages for creator in plan.creators)
    for place, goal in enumerate(plan.goals):
        at: Location = ("goals", place, "target_value")
        if goal.metric == "link_clicks" and not has_links:
            yield Problem(at, "clicks are counted by links, and no creator has one")
        if goal.metric == "units_sold" and goal.scope == "credited" and not has_links | has_codes:
            yield Problem(at, "no creator has a code, link or landing page to be credited by")
        if goal.metric == "follower_growth" and goal.baseline_date is None:
            yield Problem(at, "growth is measured from a day, and baseline_date names none")
        most = {
            "link_clicks": Decimal(CLICKS_PER_PIECE),
            "units_sold": CLICKS_PER_PIECE * read_typical_range("cvr_session").high,
        }.get(goal.metric)
        if most is not None and pieces and goal.target_value > most * pieces:
            yield Problem(
                at,
                f"{goal.target_value:,} {goal.unit} from {pieces} planned pieces is "
                f"{goal.target_value / pieces:,.0f} each; more than {most:,.0f} is rare",
            )


def _budget(plan: CampaignPlan) -> Iterator[Problem]:
    budget = plan.campaign.budget_amount
    if budget is None:
        return
    # What is paid in another currency has no amount before its day's rate.
    own = (None, plan.currency)
    contracts = [c.contract for c in plan.creators if c.contract.currency in own]
    fees = sum((c.fee for c in contracts), Decimal(0))
    product = sum(
        (c.product_cost + c.shipping_cost + c.platform_fee for c in contracts), Decimal(0)
    )
    commission = _expected_commission(plan)
    at: Location = ("campaign", "budget_amount")
    if fees > budget:
        yield Problem(at, f"fees of {fees:,} exceed the budget of {budget:,}")
    elif fees + product + commission > budget:
        yield Problem(
            at,
            f"fees of {fees:,}, product, shipping and platform fees of {product:,} and an expected "
            f"commission of {commission:,.2f} exceed the budget of {budget:,}",
        )


def _expected_commission(plan: CampaignPlan) -> Decimal:
    """The sales goal at the expected order value, every creator selling the same share."""
    value = plan.campaign.expected_order_value
    if value is None or "units_sold" not in _goals(plan):
        return Decimal(0)
    sold = _goals(plan)["units_sold"][1].target_value
    rates = [
        max((term.commission_rate for term in contract.terms), default=contract.commission_rate)
        for contract in (creator.contract for creator in plan.creators)
    ]
    return sold * value * sum(rates, Decimal(0)) / len(rates)


def _ends(plan: CampaignPlan) -> Iterator[Problem]:
    """What stops being recognised, or comes, when it is too early or too late for the campaign."""
    end = plan.campaign.end_date
    last: dict[tuple[str, str, tuple[str, ...]], Claim] = {}
    for claim in sorted(claims_of(plan), key=lambda claim: claim.span.valid_from):
        last[claim.part, claim.scope, claim.key] = claim
    for claim in last.values():
        if claim.span.valid_to is not None and claim.span.valid_to < end:
            yield Problem(
                (*claim.location[:-1], "valid_to"),
                f"{claim.part} {claim.shown!r} ends on {claim.span.valid_to}, before the campaign "
                f"does on {end}: later sales name nobody",
            )
    for i, creator in enumerate(plan.creators):
        for k, piece in enumerate(creator.deliverables):
            if piece.due_date is not None and piece.due_date > end:
                yield Problem(
                    ("creators", i, "deliverables", k, "due_date"),
                    f"{piece.id} may come until {piece.due_date}, after the campaign's end on "
                    f"{end}: posts of later days do not count for it",
                )


def _lookalike_codes(plan: CampaignPlan) -> Iterator[Problem]:
    seen: dict[str, Claim] = {}
    for claim in claims_of(plan):
        if claim.part != "code":
            continue
        looks = re.sub(r"[-_]", "", claim.key[0]).translate(LOOKALIKES)
        first = seen.setdefault(looks, claim)
        if first.key != claim.key:  # another spelling of one code is one code
            yield Problem(
                claim.location,
                f"{claim.shown!r} is easily taken for {first.shown!r} of {first.creator_id} (case, "
                "O and 0, I, L and 1, S and 5)",
                first.location,
            )


def _shared_utm_values(plan: CampaignPlan) -> Iterator[Problem]:
    links: dict[str, list[tuple[Location, str, Link]]] = {}
    for i, creator in enumerate(plan.creators):
        for k, link in enumerate(creator.links):
            at: Location = ("creators", i, "links", k, "utm_content")
            links.setdefault(_utm(link, "utm_content"), []).append((at, creator.id, link))
    pairs = (itertools.combinations(group, 2) for group in links.values())
    for (other, first_owner, first), (place, owner, link) in itertools.chain(*pairs):
        shared = {name for name in UTM_VALUES if _utm(link, name) == _utm(first, name)}
        if not link.overlaps(first):
            continue
        if owner == first_owner and len(shared) == len(UTM_VALUES):
            yield Problem(
                place, f"{link.id} and {first.id} share all utm values: clicks are one", other
            )
        elif owner != first_owner:
            yield Problem(
                place,
                f"utm_content {link.utm_content!r} is also {first_owner}'s; only utm_campaign "
                "tells the two apart, and a link that loses it names nobody",
                other,
            )


def _utm(link: Link, name: str) -> str:
    return utm_key(getattr(link, name))


def _clashes(plan: CampaignPlan) -> Iterator[Problem]:
    for i, creator in enumerate(plan.creators):
        seen: dict[tuple[str, dt.date], Location] = {}
        for k, piece in enumerate(creator.deliverables):
            at: Location = ("creators", i, "deliverables", k, "planned_date")
            first = seen.setdefault((piece.platform, piece.planned_date), at)
            if first != at:
                yield Problem(
                    at, f"{piece.id} clashes with another piece on {piece.platform} that day", first
                )


def _uncovered_campaign(plan: CampaignPlan) -> Iterator[Problem]:
    """Terms that start after the campaign or end before it leave orders without a commission."""
    for i, creator in enumerate(plan.creators):
        terms = sorted(creator.contract.terms, key=lambda term: term.valid_from)
        if not terms:
            continue
        ends = terms[-1].valid_to
        if terms[0].valid_from > plan.campaign.start_date or (
            ends is not None and ends < plan.campaign.end_date
        ):
            yield Problem(
                ("creators", i, "contract", "terms"),
                f"hold from {terms[0].valid_from} to {ends or 'ever'}, the campaign from "
                f"{plan.campaign.start_date} to {plan.campaign.end_date}: orders outside the terms "
                "owe no commission",
            )
