"""The shape of a campaign file: frozen pydantic models that refuse unknown keys.

Amounts are in the plan's currency; rates are 0-1; dates are days of the reporting time zone, and
both ends of a validity are included.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Platform = Literal["instagram", "tiktok", "youtube"]
AccessPath = Literal["own_account", "partnership_content", "business_discovery", "public", "none"]
ContentFormat = Literal["feed", "reel", "story"]
Tier = Literal["nano", "micro", "macro"]
AttributionModel = Literal[
    "first_touch",
    "last_touch",
    "last_non_direct",
    "linear",
    "position_based",
    "time_decay",
    "shapley",
    "rule_winner",
]
RuleVersion = Literal["all", "code_first", "link_first"]
SourceName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Identifier = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]*$", max_length=60)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
# YouTube allows a hyphen in a handle, the other platforms do not.
Handle = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+$", max_length=60)]
Amount = Annotated[Decimal, Field(ge=0, max_digits=12, decimal_places=2)]
Rate = Annotated[Decimal, Field(ge=0, le=1, max_digits=7, decimal_places=6)]


class PlanModel(BaseModel):
    """Base of every part of the file: frozen, closed."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Validity(PlanModel):
    """Part that holds from one day to another; `valid_to` None means no end."""

    valid_from: dt.date
    valid_to: dt.date | None = None

    def holds_on(self, day: dt.date) -> bool:
        """Return True when `day` lies in the validity, both ends included."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def overlaps(self, other: Validity) -> bool:
        """Return True when both validities share a day."""
        return (other.valid_to is None or self.valid_from <= other.valid_to) and (
            self.valid_to is None or other.valid_from <= self.valid_to
        )


class Brand(PlanModel):
    name: Text
    handles: dict[Platform, Handle]


class Shop(PlanModel):
    connection_id: SourceName


class Campaign(PlanModel):
    """The campaign itself; `end_date` is its last day."""

    id: Identifier
    name: Text
    start_date: dt.date
    end_date: dt.date
    hashtag: Annotated[str, Field(pattern=r"^#\w+$")] | None = None
    required_phrases: tuple[Text, ...] = ()
    utm_campaign: Identifier
    lookback_days: Annotated[int, Field(ge=1, le=30)] = 30
    default_attribution_model: AttributionModel = "last_touch"
    default_rule_version: RuleVersion = "all"
    fulfilment_cost_rate: Rate | None = None
    budget_amount: Amount | None = None

    @property
    def days(self) -> int:
        """Number of days, first and last included."""
        return (self.end_date - self.start_date).days + 1


class Account(PlanModel):
    platform: Platform
    handle: Handle
    access_path: AccessPath


class Contract(PlanModel):
    """What a creator gets: product at landed cost, commission of credited net revenue."""

    fee: Amount
    product_cost: Amount = Decimal(0)
    shipping_cost: Amount = Decimal(0)
    product_sent_date: dt.date | None = None
    commission_rate: Rate = Decimal(0)
    rule_version: RuleVersion = "all"
    signed_date: dt.date | None = None


class Deliverable(PlanModel):
    """One promised piece."""

    id: Identifier
    platform: Platform
    format: ContentFormat
    planned_date: dt.date
    due_date: dt.date | None = None


class Code(Validity):
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$", max_length=40)]
    discount_rate: Rate | None = None


class Link(Validity):
    """A tracked link: its utm values identify the creator."""

    id: Identifier
    utm_source: Text
    utm_medium: Text
    utm_campaign: Text
    utm_content: Text


class LandingPage(Validity):
    path: Annotated[str, Field(pattern=r"^/[^?#\s]*$")]


class Creator(PlanModel):
    id: Identifier
    name: Text
    tier: Tier | None = None
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    accounts: Annotated[tuple[Account, ...], Field(min_length=1)]
    contract: Contract
    deliverables: tuple[Deliverable, ...] = ()
    codes: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    landing_pages: tuple[LandingPage, ...] = ()

    def account(self, platform: str) -> Account | None:
        """Return the creator's account on a platform, None where there is none."""
        return next((a for a in self.accounts if a.platform == platform), None)


class Goal(PlanModel):
    """A target; `rate` is 0-1, `baseline_date` the day a growth is measured from."""

    id: Identifier
    metric: Literal["units_sold", "link_clicks", "follower_growth"]
    unit: Literal["units", "clicks", "rate"]
    scope: Literal["credited", "all"] = "all"
    target_value: Annotated[Decimal, Field(gt=0)]
    baseline_date: dt.date | None = None


class CampaignPlan(PlanModel):
    """One campaign file."""

    brand: Brand
    shop: Shop
    reporting_timezone: Text
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)]
    campaign: Campaign
    goals: tuple[Goal, ...] = ()
    creators: Annotated[tuple[Creator, ...], Field(min_length=1)]

    def creator(self, creator_id: str) -> Creator:
        """Return the creator with this id; KeyError when the plan has none."""
        for creator in self.creators:
            if creator.id == creator_id:
                return creator
        raise KeyError(f"campaign {self.campaign.id} has no creator {creator_id!r}")
