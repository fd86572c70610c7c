"""What a piece of a creator who is not in the plan is taken to cost, and who could be asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from include.advice.facts import CampaignFacts, Candidate

# So many candidates are named in a reason; the shortlist has them all.
NAMED = 3


@dataclass(frozen=True, slots=True)
class NewcomerPrice:
    """Price of a new creator's piece, product included; `basis` says in words where it is from."""

    amount: float
    basis: str


def price_newcomer(facts: CampaignFacts) -> NewcomerPrice | None:
    """Price a new creator's piece: the median asked by candidates, else the campaign's own median.

    Candidates name a fee; what creators with a fee get in product comes on top. None when neither
    has a price.
    """
    priced = [offer for offer in facts.offers if not np.isnan(offer.fee)]
    if facts.candidates:
        asked = float(np.median([candidate.price for candidate in facts.candidates]))
        product = float(np.median([offer.product_amount for offer in priced])) if priced else 0.0
        amount = round(asked + product, 2)
        return NewcomerPrice(amount, _spell(amount, product, facts.candidates))
    if not priced:
        return None
    amount = round(float(np.median([offer.fee + offer.product_amount for offer in priced])), 2)
    return NewcomerPrice(amount, f"the campaign's median price of {amount:,.2f}")


def _spell(amount: float, product: float, candidates: list[Candidate]) -> str:
    """Name the candidates, the cheapest first."""
    ranked = sorted(candidates, key=lambda one: (one.price, one.platform, one.handle))
    names = [f"{one.handle} ({one.platform}, {one.price:,.2f})" for one in ranked[:NAMED]]
    if len(ranked) > NAMED:
        names.append(f"{len(ranked) - NAMED} more")
    extra = f" and {product:,.2f} of product" if product else ""
    return (
        f"{amount:,.2f}, the median asked by candidates who meet every criterion{extra}: "
        + ", ".join(names)
    )
