"""Columns of the campaign plan's streams: the flattened, validated YAML of `include/campaigns/`.

Every table is keyed by `campaign_id` first and holds the newest version of the file; earlier
versions stay whole in `plan_versions`.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from include.sources._base import Json, Record


class PlanVersion(Record, frozen=True, array_like=True):
    """One version of a campaign file; `plan_version` is the hash of its content."""

    campaign_id: str
    plan_version: str
    document: Json


class Campaign(Record, frozen=True, array_like=True):
    campaign_id: str
    plan_version: str
    campaign_name: str
    brand_name: str
    brand_handles: Json  # platform -> handle of the brand's own account
    shop_connection_id: str
    start_date: dt.date
    end_date: dt.date  # last day, included
    reporting_timezone: str
    currency_code: str
    hashtag: str | None
    utm_campaign: str
    lookback_days: int
    default_attribution_model: str  # first_touch, last_touch, linear
    default_rule_version: str
    fulfilment_cost_rate: Decimal | None
    budget_amount: Decimal | None


class Creator(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    creator_name: str
    tier: str | None
    country_code: str | None


class CreatorAccount(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    platform: str
    handle: str
    access_path: str  # own_account, partnership_content, business_discovery, none


class Contract(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    contract_id: str
    fee_amount: Decimal
    product_cost_amount: Decimal  # landed cost of gifted product
    shipping_cost_amount: Decimal
    product_sent_date: dt.date | None
    commission_rate: Decimal  # 0-1 of credited net revenue
    rule_version: str  # rule version commission is owed under
    signed_date: dt.date | None
    currency_code: str


class Deliverable(Record, frozen=True, array_like=True):
    """One promised piece."""

    campaign_id: str
    creator_id: str
    deliverable_id: str
    platform: str
    content_format: str  # feed, reel, story
    planned_date: dt.date
    due_date: dt.date | None


class Code(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    code: str
    discount_rate: Decimal | None
    valid_from: dt.date
    valid_to: dt.date | None


class Link(Record, frozen=True, array_like=True):
    """A tracked link: the utm values that identify its creator."""

    campaign_id: str
    creator_id: str
    link_id: str
    utm_source: str
    utm_medium: str
    utm_campaign: str
    utm_content: str
    valid_from: dt.date
    valid_to: dt.date | None


class LandingPage(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    path: str  # "/maya", without host and query
    valid_from: dt.date
    valid_to: dt.date | None


class Goal(Record, frozen=True, array_like=True):
    campaign_id: str
    goal_id: str
    metric: str  # units_sold, link_clicks, follower_growth
    unit: str  # units, clicks, rate
    scope: str  # credited, all
    target_value: Decimal
    baseline_date: dt.date | None
