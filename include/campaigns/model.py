"""The shape of a campaign file: frozen pydantic models that refuse unknown keys.

Amounts are in the plan's currency; rates are 0-1; dates are days of the reporting time zone, and
both ends of a validity are included.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from include.campaigns.agreements import (
    Code,
    CommissionPayout,
    Contract,
    Deliverable,
    Exclusivity,
    LandingPage,
    Link,
    Payment,
    Term,
    UsageRight,
)
from include.campaigns.candidates import Candidate, CandidateCriteria
from include.campaigns.validity import (
    Amount,
    AttributionModel,
    Country,
    Currency,
    Day,
    Handle,
    Identifier,
    PlanModel,
    Platform,
    Positive,
    Rate,
    Region,
    RuleVersion,
    Text,
    Validity,
)

__all__ = [
    "Account",
    "Brand",
    "Campaign",
    "CampaignPlan",
    "Candidate",
    "CandidateCriteria",
    "Code",
    "CommissionPayout",
    "Contract",
    "Creator",
    "Deliverable",
    "Event",
    "Exclusivity",
    "Experiment",
    "ExperimentArm",
    "Goal",
    "LandingPage",
    "Link",
    "Payment",
    "Shop",
    "Term",
    "UsageRight",
    "Validity",
]

AccessPath = Literal["own_account", "partnership_content", "business_discovery", "public", "none"]
Tier = Literal["nano", "micro", "macro"]
CreatorKind = Literal["person", "collective", "ai"]
# The kinds of evidence whose look-back a campaign may set apart.
EvidenceType = Literal[
    "utm_link", "landing_page", "ga4_event", "ga4_session", "discount_code", "survey"
]
EventKind = Literal["promotion", "stock_out", "price_change", "site_outage", "press", "other"]
# A connection id: `<source>` or `<source>__<name>`.
SourceName = Annotated[
    str, Field(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*(__[a-z0-9]+(_[a-z0-9]+)*)?$", max_length=60)
]


class Brand(PlanModel):
    """The brand; `category` is what exclusivity of other campaigns' creators is compared with."""

    name: Text
    handles: dict[Platform, Handle]
    category: Identifier | None = None


class Shop(PlanModel):
    """A shop the campaign sells in, by the connection its orders are read through."""

    connection_id: SourceName


class Campaign(PlanModel):
    """The campaign itself; `end_date` is its last day.

    `expected_order_value` is what an order is expected to bring, net; only checks use it.
    `lookback_days` holds for evidence that `lookback_days_by_evidence` does not name.
    `exploration_rate` is the part of the open money that advice keeps for creators not tried yet.
    """

    id: Identifier
    name: Text
    start_date: Day
    end_date: Day
    hashtag: Annotated[str, Field(pattern=r"^#\w+$")] | None = None
    required_phrases: tuple[Text, ...] = ()
    utm_campaign: Identifier
    lookback_days: Positive = 30
    lookback_days_by_evidence: dict[EvidenceType, Positive] = Field(default_factory=dict)
    default_attribution_model: AttributionModel = "last_touch"
    default_rule_version: RuleVersion = "all"
    fulfilment_cost_rate: Rate | None = None
    exploration_rate: Rate | None = None
    budget_amount: Amount | None = None
    expected_order_value: Amount | None = None

    @property
    def days(self) -> int:
        """Number of days, first and last included."""
        return (self.end_date - self.start_date).days + 1


class Account(PlanModel):
    platform: Platform
    handle: Handle
    access_path: AccessPath


class Creator(PlanModel):
    id: Identifier
    name: Text
    kind: CreatorKind = "person"
    tier: Tier | None = None
    country: Country | None = None
    accounts: Annotated[tuple[Account, ...], Field(min_length=1)]
    contract: Contract
    deliverables: tuple[Deliverable, ...] = ()
    codes: tuple[Code, ...] = ()
    links: tuple[Link, ...] = ()
    landing_pages: tuple[LandingPage, ...] = ()
    exclusivity: tuple[Exclusivity, ...] = ()
    usage_rights: tuple[UsageRight, ...] = ()

    def account(self, platform: str) -> Account | None:
        """Return the creator's account on a platform, None where there is none."""
        return next((a for a in self.accounts if a.platform == platform), None)


GOAL_UNITS = {"units_sold": "units", "link_clicks": "clicks", "follower_growth": "rate"}


class Goal(PlanModel):
    """A target; `rate` is 0-1, `baseline_date` the day a growth is measured from."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {"properties": {"metric": {"const": metric}, "unit": {"const": unit}}}
                for metric, unit in GOAL_UNITS.items()
            ]
        }
    )

    id: Identifier
    metric: Literal["units_sold", "link_clicks", "follower_growth"]
    unit: Literal["units", "clicks", "rate"]
    scope: Literal["credited", "all"] = "all"
    target_value: Annotated[Decimal, Field(gt=0)]
    baseline_date: Day | None = None


class Event(Validity):
    """What moves sales beside the creators, so that a jump is not taken for their work."""

    id: Identifier
    kind: EventKind
    name: Text


class ExperimentArm(PlanModel):
    """One arm: a share of the market, regions, or creators; control arms see no campaign."""

    id: Identifier
    role: Literal["treatment", "control"]
    share: Annotated[Rate, Field(gt=0)] | None = None
    regions: tuple[Region, ...] = ()
    creators: tuple[Identifier, ...] = ()


class Experiment(Validity):
    """A comparison planned beforehand: `geo` splits regions, `creators` who posts when."""

    id: Identifier
    kind: Literal["geo", "creators"]
    arms: Annotated[tuple[ExperimentArm, ...], Field(min_length=2)]


class CampaignPlan(PlanModel):
    """One campaign file; all its shops sell in its currency and take its codes and pages."""

    brand: Brand
    shop: Shop
    further_shops: tuple[Shop, ...] = ()
    reporting_timezone: Text
    currency: Currency
    sources: Annotated[tuple[SourceName, ...], Field(min_length=1)]
    campaign: Campaign
    goals: tuple[Goal, ...] = ()
    events: tuple[Event, ...] = ()
    experiments: tuple[Experiment, ...] = ()
    candidate_criteria: CandidateCriteria = CandidateCriteria()
    candidates: tuple[Candidate, ...] = ()
    creators: Annotated[tuple[Creator, ...], Field(min_length=1)]

    @property
    def shop_ids(self) -> tuple[str, ...]:
        """Connection ids of the shops, the main one first."""
        return tuple(shop.connection_id for shop in (self.shop, *self.further_shops))

    def creator(self, creator_id: str) -> Creator:
        """Return the creator with this id; KeyError when the plan has none."""
        for creator in self.creators:
            if creator.id == creator_id:
                return creator
        raise KeyError(f"campaign {self.campaign.id} has no creator {creator_id!r}")
