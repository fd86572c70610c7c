"""Columns of the files, one class per sub-folder; a field is a header of the file.

`file_name` and `line_number` are where a row was read, not headers. A field with `| None` may be
left out or left empty, every other must be there. A file's word for a creator is the handle, as
the campaign file writes it, without @.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import msgspec

from include.sources._base import Record

Count = Annotated[int, msgspec.Meta(ge=0)]
Amount = Annotated[Decimal, msgspec.Meta(ge=0)]
Share = Annotated[Decimal, msgspec.Meta(ge=0, le=1)]


class SurveyResponse(Record, frozen=True, array_like=True):
    """An answer to "how did you hear about us?", asked after the purchase."""

    file_name: str
    line_number: int
    response_id: str
    submitted_at: dt.datetime
    order_name: str | None  # as the shop writes it, "#1042"
    customer_email: str | None  # HMAC
    customer_phone: str | None  # HMAC
    question: str | None
    answer: str
    creator_handle: str | None
    platform: str | None
    discount_code: str | None
    comment: str | None


class ContentRating(Record, frozen=True, array_like=True):
    """One rater's score of a post on one criterion of the rubric."""

    file_name: str
    line_number: int
    post_url: str
    criterion: str
    rater: str
    score: Amount
    max_score: Amount
    rated_date: dt.date
    creator_handle: str | None
    platform: str | None
    comment: str | None


class StoryNumbers(Record, frozen=True, array_like=True):
    """Numbers of a story as its creator reads them off the app."""

    file_name: str
    line_number: int
    platform: str
    creator_handle: str
    published_at: dt.datetime
    reported_at: dt.datetime | None
    deliverable_id: str | None
    story_url: str | None
    reach: Count | None
    views: Count | None
    replies: Count | None
    shares: Count | None
    link_clicks: Count | None
    sticker_taps: Count | None
    profile_visits: Count | None
    follows: Count | None
    taps_forward: Count | None
    taps_back: Count | None
    exits: Count | None


class PaidAdsCost(Record, frozen=True, array_like=True):
    """What a paid advertisement cost and brought on a day."""

    file_name: str
    line_number: int
    cost_date: dt.date
    platform: str
    campaign_name: str
    ad_name: str  # empty for the whole campaign
    spend_amount: Amount
    currency_code: str
    impressions: Count | None
    clicks: Count | None
    engagements: Count | None
    orders: Annotated[Decimal, msgspec.Meta(ge=0)] | None  # a platform may claim part of one
    revenue_amount: Decimal | None
    source_post_url: str | None  # the creator's post an advertisement reuses


class UnitCost(Record, frozen=True, array_like=True):
    """Landed cost of one unit of a product, valid from a day on."""

    file_name: str
    line_number: int
    sku: str
    valid_from: dt.date
    unit_cost_amount: Amount
    currency_code: str
    product_name: str | None
    note: str | None


class AudienceShare(Record, frozen=True, array_like=True):
    """Share of a creator's followers in one segment, as the app or a vendor shows it."""

    file_name: str
    line_number: int
    platform: str
    creator_handle: str
    as_of_date: dt.date
    dimension: str  # country, region, city, age, gender, language, overlap
    segment: str  # "US", "25-34"; for overlap the other creator's handle
    share_rate: Share
    follower_count: Count | None
