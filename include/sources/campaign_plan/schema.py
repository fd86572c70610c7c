"""Columns of the campaign plan's streams: the flattened, validated YAML of `include/campaigns/`.

Every table is keyed by `campaign_id` first and holds the newest version of the file; earlier
versions stay whole in `plan_versions`. A creator whom the newest version no longer names keeps the
rows of the last one that did; `plan_days` says until when that was.
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


class PlanDay(Record, frozen=True, array_like=True):
    """What the folder held when last read on a day: `{campaign: {plan_version, creators}}`."""

    read_date: dt.date  # of the reporting time zone, by the clock of the reader
    campaigns: Json


class Campaign(Record, frozen=True, array_like=True):
    campaign_id: str
    plan_version: str
    campaign_name: str
    brand_name: str
    brand_handles: Json  # platform -> handle of the brand's own account
    brand_category: str | None
    shop_connection_id: str
    further_shop_connection_ids: Json | None  # list of connection ids
    start_date: dt.date
    end_date: dt.date  # last day, included
    reporting_timezone: str
    currency_code: str
    hashtag: str | None
    utm_campaign: str
    lookback_days: int
    lookback_days_by_evidence: Json  # kind of evidence -> days, where they differ
    default_attribution_model: str  # first_touch, last_touch, linear
    default_rule_version: str
    fulfilment_cost_rate: Decimal | None
    exploration_rate: Decimal | None
    budget_amount: Decimal | None
    expected_order_value_amount: Decimal | None


class Creator(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    creator_name: str
    tier: str | None
    country_code: str | None
    creator_kind: str | None  # person, collective, ai


class CreatorAccount(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    platform: str
    handle: str
    access_path: str  # own_account, partnership_content, business_discovery, none


class Contract(Record, frozen=True, array_like=True):
    """The whole contract; one with terms shows the commission and rule version of the last one."""

    campaign_id: str
    creator_id: str
    contract_id: str
    fee_amount: Decimal
    product_cost_amount: Decimal  # landed cost of gifted product
    shipping_cost_amount: Decimal
    platform_fee_amount: Decimal | None  # what a marketplace takes for the contract
    product_sent_date: dt.date | None
    commission_rate: Decimal  # 0-1 of credited net revenue
    rule_version: str  # rule version commission is owed under
    signed_date: dt.date | None
    currency_code: str
    commission_model: str | None  # model that shares an order for commission; NULL: the campaign's
    commission_hold_days: int | None  # days after a sale until its commission may be paid
    commission_payouts: Json | None  # [{paid_date, amount}]


class ContractTerm(Record, frozen=True, array_like=True):
    """A span of a contract that changes in time; contracts without terms have no row."""

    campaign_id: str
    creator_id: str
    contract_id: str
    term_number: int  # from 1, by valid_from
    fee_amount: Decimal | None  # this term's part of the fee; NULL when the fee is not split
    commission_rate: Decimal
    rule_version: str
    signed_date: dt.date | None
    valid_from: dt.date
    valid_to: dt.date | None


class Payment(Record, frozen=True, array_like=True):
    """An instalment of the fee: due on a date, at a milestone, or when a piece is live."""

    campaign_id: str
    creator_id: str
    payment_number: int  # from 1, in the order of the file
    payment_amount: Decimal
    due_date: dt.date | None
    milestone: str | None  # signed, product_sent, first_piece_live, all_pieces_live, campaign_end
    deliverable_id: str | None
    currency_code: str


class Exclusivity(Record, frozen=True, array_like=True):
    """For whom else the creator may not work, from when to when."""

    campaign_id: str
    creator_id: str
    exclusivity_number: int
    category: str | None
    competitor_brands: Json
    valid_from: dt.date
    valid_to: dt.date | None


class UsageRight(Record, frozen=True, array_like=True):
    """Where the brand may use the creator's content, from when to when."""

    campaign_id: str
    creator_id: str
    usage_right_number: int
    channels: Json
    is_paid_usage: bool
    territory: Json  # country codes; an empty list is worldwide
    valid_from: dt.date
    valid_to: dt.date | None


class Deliverable(Record, frozen=True, array_like=True):
    """One promised piece."""

    campaign_id: str
    creator_id: str
    deliverable_id: str
    platform: str
    content_format: str  # feed, reel, story
    planned_date: dt.date
    due_date: dt.date | None
    content_mechanic: str | None  # giveaway, takeover, live_session
    call_to_action: str | None
    promised_length_seconds: int | None
    promised_views_count: int | None
    draft_due_date: dt.date | None
    draft_submitted_date: dt.date | None
    approved_date: dt.date | None
    revision_count: int | None
    reshared_date: dt.date | None  # the brand showed it on its own account


class Code(Record, frozen=True, array_like=True):
    campaign_id: str
    creator_id: str
    code: str
    discount_rate: Decimal | None
    compromised_from: dt.date | None  # first day a redemption no longer speaks for the creator
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


class Event(Record, frozen=True, array_like=True):
    """What moves sales beside the creators: a promotion, a stock-out, a price change."""

    campaign_id: str
    event_id: str
    event_kind: str  # promotion, stock_out, price_change, site_outage, press, other
    event_name: str
    valid_from: dt.date
    valid_to: dt.date | None


class ExperimentArm(Record, frozen=True, array_like=True):
    """One arm of a planned comparison."""

    campaign_id: str
    experiment_id: str
    experiment_kind: str  # geo, creators
    arm_id: str
    arm_role: str  # treatment, control
    share: Decimal | None  # 0-1 of the market or of the creators
    regions: Json  # ISO 3166: US, US-CA
    creator_ids: Json
    valid_from: dt.date
    valid_to: dt.date | None


class Candidate(Record, frozen=True, array_like=True):
    """An account that was considered, what its evaluator typed, and the campaign's criteria."""

    campaign_id: str
    platform: str
    handle: str
    niche: str | None
    region: str | None  # ISO 3166: US, US-CA
    quoted_price_amount: Decimal | None
    quoted_piece_count: int | None  # pieces the price is asked for
    currency_code: str
    candidate_status: str  # listed, contacted, picked, declined, dropped
    contacted_date: dt.date | None
    creator_id: str | None  # the creator the candidate became
    evaluator: str
    evaluated_date: dt.date
    followers_count: int | None
    sampled_post_count: int | None
    sampled_engagement_count: int | None  # likes + comments of the sampled posts together
    niche_post_count: int | None  # of the sampled posts
    collaboration_count: int | None
    collaboration_note: str | None
    audience_overlap_rate: Decimal | None  # 0-1 of the followers
    note: str | None
    followers_low: int | None  # criteria of the campaign from here on; NULL is not asked
    followers_high: int | None
    er_by_followers_low: Decimal | None
    niches: Json
    regions: Json
    niche_posts_low: int | None
    collaborations_low: int | None
    overlap_high: Decimal | None
