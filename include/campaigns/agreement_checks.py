"""Contradictions inside what is agreed: terms, payments, exclusivity, usage rights, experiments."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from decimal import Decimal

from include.campaigns.agreements import PAYMENT_DAYS, Payment
from include.campaigns.lines import Location
from include.campaigns.model import CampaignPlan, Creator, Experiment
from include.campaigns.problems import Problem, before, repeated


def find_agreement_problems(plan: CampaignPlan) -> Iterator[Problem]:
    """Yield every contradiction of contracts, rights and experiments."""
    for i, creator in enumerate(plan.creators):
        yield from _check_currency(plan, creator, ("creators", i, "contract", "currency"))
        yield from _check_terms(creator, ("creators", i, "contract"))
        yield from _check_payments(creator, ("creators", i, "contract"))
        for k, exclusivity in enumerate(creator.exclusivity):
            if exclusivity.category is None and not exclusivity.competitor_brands:
                yield Problem(
                    ("creators", i, "exclusivity", k),
                    "says nothing; allowed: category, competitor_brands or both",
                )
    yield from repeated((("events", i, "id"), event.id) for i, event in enumerate(plan.events))
    yield from repeated((("experiments", i, "id"), e.id) for i, e in enumerate(plan.experiments))
    for i, experiment in enumerate(plan.experiments):
        yield from _check_experiment(plan, experiment, ("experiments", i))


def _check_currency(plan: CampaignPlan, creator: Creator, at: Location) -> Iterator[Problem]:
    paid_in = creator.contract.currency
    sources = {conn_id.split("__", 1)[0] for conn_id in plan.sources}
    if paid_in not in (None, plan.currency) and "exchange_rates" not in sources:
        yield Problem(
            at,
            f"value {paid_in!r} is not allowed; allowed: {plan.currency}, or exchange_rates among "
            "the sources, whose rates convert the costs",
            ("sources",),
        )


def _check_terms(creator: Creator, at: Location) -> Iterator[Problem]:
    contract = creator.contract
    if not contract.terms:
        return
    for key in ("commission_rate", "rule_version"):
        if key in contract.model_fields_set:
            yield Problem(
                (*at, key),
                "is not allowed beside terms; allowed: in each term",
                (*at, "terms"),
            )
    yield from _check_spans(creator, at)
    fees = [term.fee for term in contract.terms]
    if any(fee is not None for fee in fees):
        if any(fee is None for fee in fees):
            yield Problem((*at, "terms"), "fee is in some terms; allowed: in every term or in none")
        elif (total := sum((fee or Decimal(0) for fee in fees), Decimal(0))) != contract.fee:
            yield _not_the_fee((*at, "terms"), "terms", total, contract.fee, (*at, "fee"))
        yield from _check_pieces_in_terms(creator, at)


def _check_spans(creator: Creator, at: Location) -> Iterator[Problem]:
    spans = sorted(enumerate(creator.contract.terms), key=lambda item: item[1].valid_from)
    for (i, earlier), (k, later) in itertools.pairwise(spans):
        place, other = (*at, "terms", k, "valid_from"), (*at, "terms", i, "valid_from")
        if earlier.overlaps(later):
            yield Problem(
                place,
                f"value {later.valid_from} is not allowed; allowed: a day after the term before "
                "has ended",
                other,
            )
        elif earlier.leaves_gap_before(later):
            yield Problem(
                place,
                f"value {later.valid_from} is not allowed; allowed: the day after "
                f"{earlier.valid_to}, or orders between would be judged under no term",
                other,
            )


def _check_pieces_in_terms(creator: Creator, at: Location) -> Iterator[Problem]:
    for k, piece in enumerate(creator.deliverables):
        if not any(term.holds_on(piece.planned_date) for term in creator.contract.terms):
            yield Problem(
                (*at[:-1], "deliverables", k, "planned_date"),
                f"value {piece.planned_date} is not allowed; allowed: a day of a term of the "
                "contract, whose fee pays the piece",
                (*at, "terms"),
            )


def _check_payments(creator: Creator, at: Location) -> Iterator[Problem]:
    payments, fee = creator.contract.payments, creator.contract.fee
    pieces = {piece.id for piece in creator.deliverables}
    for k, payment in enumerate(payments):
        place: Location = (*at, "payments", k)
        named = [name for name in PAYMENT_DAYS if _has(payment, name)]
        if len(named) != 1:
            yield Problem(
                place,
                f"names {' and '.join(named) or 'no day'}; "
                f"allowed: one of {', '.join(PAYMENT_DAYS)}",
            )
        if payment.deliverable is not None and payment.deliverable not in pieces:
            yield Problem(
                (*place, "deliverable"),
                f"value {payment.deliverable!r} is not allowed; "
                f"allowed: {', '.join(sorted(pieces)) or 'none, nothing is promised'}",
            )
        yield from _check_milestone(creator, payment, (*place, "milestone"))
    total = sum((payment.amount for payment in payments), Decimal(0))
    if payments and total != fee:
        yield _not_the_fee((*at, "payments"), "payments", total, fee, (*at, "fee"))


def _check_milestone(creator: Creator, payment: Payment, at: Location) -> Iterator[Problem]:
    contract = creator.contract
    if payment.milestone == "signed" and contract.signed_date is None:
        yield Problem(at, "milestone 'signed' has no day; allowed: with contract.signed_date")
    if payment.milestone == "product_sent" and contract.product_sent_date is None:
        yield Problem(
            at, "milestone 'product_sent' has no day; allowed: with contract.product_sent_date"
        )
    if (payment.milestone or "").endswith("_live") and not creator.deliverables:
        yield Problem(at, f"milestone {payment.milestone!r} needs a promised piece; there is none")


def _has(payment: Payment, name: str) -> bool:
    return getattr(payment, name) is not None


def _not_the_fee(at: Location, what: str, total: Decimal, fee: Decimal, other: Location) -> Problem:
    return Problem(at, f"{what} sum to {total}; allowed: {fee}, the contract's fee", other)


def _check_experiment(
    plan: CampaignPlan, experiment: Experiment, at: Location
) -> Iterator[Problem]:
    if experiment.valid_to is not None:
        yield from before((*at, "valid_to"), experiment.valid_to, experiment.valid_from)
    arms = [((*at, "arms", k), arm) for k, arm in enumerate(experiment.arms)]
    yield from repeated(((*place, "id"), arm.id) for place, arm in arms)
    if {arm.role for _, arm in arms} != {"treatment", "control"}:
        yield Problem((*at, "arms"), "compare nothing; allowed: at least one treatment and control")
    wanted, refused = ("regions", "creators") if experiment.kind == "geo" else ("creators", "")
    for place, arm in arms:
        if refused and getattr(arm, refused):
            yield Problem((*place, refused), f"not allowed in a {experiment.kind} experiment")
        if not getattr(arm, wanted) and arm.share is None:
            yield Problem(place, f"has no members; allowed: {wanted} or share")
    for key in ("regions", "creators"):
        yield from repeated(
            ((*place, key, n), value)
            for place, arm in arms
            for n, value in enumerate(getattr(arm, key))
        )
    yield from _check_nested_regions(experiment, at)
    yield from _check_shares(experiment, at)
    known = {creator.id for creator in plan.creators}
    for place, arm in arms:
        for n, creator_id in enumerate(arm.creators):
            if creator_id not in known:
                yield Problem(
                    (*place, "creators", n),
                    f"value {creator_id!r} is not allowed; allowed: an id of creators",
                )


def _check_nested_regions(experiment: Experiment, at: Location) -> Iterator[Problem]:
    """Who lives in a part of a country lives in the country: two arms would share people."""
    places: dict[str, Location] = {
        region: (*at, "arms", k, "regions", n)
        for k, arm in enumerate(experiment.arms)
        for n, region in enumerate(arm.regions)
    }
    for region, place in places.items():
        country = region.partition("-")[0]
        if country != region and country in places:
            yield Problem(
                place,
                f"value {region!r} is not allowed; allowed: a region outside {country}",
                places[country],
            )


def _check_shares(experiment: Experiment, at: Location) -> Iterator[Problem]:
    shares = [arm.share for arm in experiment.arms if arm.share is not None]
    if shares and len(shares) < len(experiment.arms):
        yield Problem((*at, "arms"), "share is in some arms; allowed: in every arm or in none")
    elif shares and sum(shares) != 1:
        yield Problem((*at, "arms"), f"shares sum to {sum(shares)}; allowed: 1")
