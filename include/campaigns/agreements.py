"""What is agreed with one creator: contract and its terms, payments, exclusivity, usage rights."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from include.campaigns.validity import (
    UNSEEN,
    Amount,
    AttributionModel,
    Count,
    Country,
    Currency,
    Day,
    Identifier,
    Note,
    PlanModel,
    Platform,
    Positive,
    Rate,
    RuleVersion,
    Text,
    Validity,
    Whole,
    names,
    text_schema,
    written_as,
)

Milestone = Literal["signed", "product_sent", "first_piece_live", "all_pieces_live", "campaign_end"]
Channel = Literal[
    "instagram",
    "tiktok",
    "youtube",
    "website",
    "email",
    "marketplace",
    "paid_social",
    "out_of_home",
]


_PATH = rf"^/[^?#\s{UNSEEN}]*$"
# What a piece does beside showing the product. Numbers of a giveaway are not those of other pieces.
ContentMechanic = Literal["giveaway", "takeover", "live_session"]


class Term(Validity):
    """A span of a contract: an order is judged under the term that holds on the order's day.

    `fee` is this term's part of the contract's fee; name it in every term or in none.
    """

    fee: Amount | None = None
    commission_rate: Rate = Decimal(0)
    rule_version: RuleVersion = "all"
    signed_date: Day | None = None


# What an instalment is due at; exactly one of them.
PAYMENT_DAYS = ("due_date", "milestone", "deliverable")


class Payment(PlanModel):
    """An instalment of the fee, due on a day, at a milestone, or when a piece is live."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [names(key) for key in PAYMENT_DAYS]})

    amount: Annotated[Amount, Field(gt=0)]
    due_date: Day | None = None
    milestone: Milestone | None = None
    deliverable: Identifier | None = None


class CommissionPayout(PlanModel):
    """Commission that was paid out to the creator on a day."""

    paid_date: Day
    amount: Annotated[Amount, Field(gt=0)]


class Contract(PlanModel):
    """What a creator gets: product at landed cost, commission of credited net revenue.

    `fee` is the whole fee, `platform_fee` what a marketplace takes for the contract. `currency` is
    that of every amount here, the plan's where it is not named; costs are converted at the rate of
    their day. A contract that changes in time lists its `terms`, which then hold commission and
    rule version; else the contract's own hold for all time.
    `commission_model` is the model that shares an order for commission, the campaign's where it is
    not named; a sale's commission may be paid `commission_hold_days` later, when returns are in.
    """

    fee: Amount
    currency: Currency | None = None
    product_cost: Amount = Decimal(0)
    shipping_cost: Amount = Decimal(0)
    platform_fee: Amount = Decimal(0)
    product_sent_date: Day | None = None
    commission_rate: Rate = Decimal(0)
    rule_version: RuleVersion = "all"
    signed_date: Day | None = None
    terms: tuple[Term, ...] = ()
    payments: tuple[Payment, ...] = ()
    commission_model: AttributionModel | None = None
    commission_hold_days: Annotated[Whole, Field(ge=0, le=365)] = 30
    commission_payouts: tuple[CommissionPayout, ...] = ()

    def commission_rate_on(self, day: dt.date) -> Decimal:
        """Return the commission of orders of a day; 0 where no term holds."""
        if not self.terms:
            return self.commission_rate
        return next((t.commission_rate for t in self.terms if t.holds_on(day)), Decimal(0))


class Exclusivity(Validity):
    """For how long the creator may not work for a category, or for the competitors named."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [names("category"), names("competitor_brands", minItems=1)]}
    )

    category: Identifier | None = None
    competitor_brands: tuple[Text, ...] = ()


class UsageRight(Validity):
    """Where and until when the brand may use the creator's content; no territory is worldwide."""

    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    is_paid_usage: bool = False
    territory: tuple[Country, ...] = ()


class Deliverable(PlanModel):
    """One promised piece: what it is, what was promised of it, and how far its draft has come.

    `length_seconds` and `promised_views` are the contract's. `revision_rounds` counts how often a
    draft went back; `reshared_date` is the day the brand showed the piece on its own account.
    """

    id: Identifier
    platform: Platform
    format: Literal["feed", "reel", "story"]
    planned_date: Day
    due_date: Day | None = None
    mechanic: ContentMechanic | None = None
    call_to_action: Note | None = None
    length_seconds: Positive | None = None
    promised_views: Positive | None = None
    draft_due_date: Day | None = None
    draft_submitted_date: Day | None = None
    approved_date: Day | None = None
    revision_rounds: Count | None = None
    reshared_date: Day | None = None


class Code(Validity):
    """A discount code of the creator.

    `compromised_from` is the first day on which a redemption no longer speaks for the creator,
    because the code is known to be public (on a coupon site, say). It stays theirs.
    """

    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]
    discount_rate: Rate | None = None
    compromised_from: Day | None = None


class Link(Validity):
    """A tracked link: its utm values identify the creator."""

    id: Identifier
    utm_source: Text
    utm_medium: Text
    utm_campaign: Text
    utm_content: Text


class LandingPage(Validity):
    path: Annotated[
        str,
        Field(max_length=200),
        AfterValidator(written_as(_PATH, "a path that begins with /, without ? and #")),
        text_schema(maxLength=200, pattern=_PATH),
    ]
