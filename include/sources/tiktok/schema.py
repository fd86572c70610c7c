"""Columns of TikTok's streams, in the Business API's own words (v1.3).

Counters are lifetime counters as of `captured_at` unless the row has a `date`; ids are text (19
digits, beyond 2^53). What the API does not give is NULL, never 0. `is_partial` marks rows of an
answer the API itself calls a partial success (code 20001).
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

import msgspec

from include.sources._base import Json, Reason, Record, at

# A share of views; a value above 1 means the API changed its unit.
Rate = Annotated[Decimal, msgspec.Meta(ge=0, le=1)]


class Account(Record, frozen=True, array_like=True):
    """A connected account: its profile as it is now."""

    business_id: str
    username: str | None
    display_name: str | None
    is_business_account: bool | None
    is_verified: bool | None
    followers_count: int | None
    following_count: int | None
    total_likes: int | None
    videos_count: int | None
    refused_fields: Annotated[Reason, at("refused_fields", "Comma list the API refused")]
    is_partial: bool


class AccountDay(Record, frozen=True, array_like=True):
    """What happened to a connected account on one day (UTC); known 24 to 48 hours later."""

    business_id: str
    date: dt.date
    video_views: int | None
    unique_video_views: int | None
    profile_views: int | None
    likes: Annotated[int | None, at("likes", "Given that day; likes taken back are not subtracted")]
    comments: int | None
    shares: int | None
    followers_count: Annotated[int | None, at("followers_count", "At the end of the day")]
    daily_total_followers: Annotated[int | None, at("daily_total_followers", "Net change")]
    daily_new_followers: int | None
    daily_lost_followers: int | None
    engaged_audience: int | None
    bio_link_clicks: int | None
    phone_number_clicks: int | None
    lead_submissions: int | None
    app_download_clicks: int | None
    email_clicks: int | None
    address_clicks: int | None
    audience_activity: Annotated[Json | None, at("audience_activity", "Followers per hour")]
    refused_fields: Annotated[Reason, at("refused_fields", "Comma list the API refused")]
    is_partial: bool


class Video(Record, frozen=True, array_like=True):
    """A video or photo post of a connected account, also one shown as an ad only."""

    item_id: str
    business_id: str
    media_type: str | None
    is_ad: bool | None
    caption: str | None
    share_url: str | None
    create_time: dt.datetime
    video_duration: Annotated[Decimal | None, at("video_duration", "Seconds")]
    video_views: int | None
    reach: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    favorites: int | None
    total_time_watched: Annotated[Decimal | None, at("total_time_watched", "Seconds")]
    average_time_watched: Annotated[Decimal | None, at("average_time_watched", "Seconds")]
    full_video_watched_rate: Annotated[Rate | None, at("full_video_watched_rate", "0 to 1")]
    new_followers: int | None
    profile_views: int | None
    website_clicks: int | None
    phone_number_clicks: int | None
    lead_submissions: int | None
    app_download_clicks: int | None
    email_clicks: int | None
    address_clicks: int | None
    video_view_retention: Annotated[Json | None, at("video_view_retention", "Per second")]
    impression_sources: Json | None
    audience_genders: Json | None
    audience_countries: Json | None
    audience_types: Json | None
    refused_fields: Annotated[Reason, at("refused_fields", "Comma list the API refused")]
    is_partial: bool


class Comment(Record, frozen=True, array_like=True):
    """A comment or reply under a connected account's video; people are hashes of their names."""

    comment_id: str
    video_id: str
    business_id: str
    parent_comment_id: Annotated[str | None, at("parent_comment_id", "NULL for no reply")]
    create_time: dt.datetime
    text: Annotated[str | None, at("text", "As written; goes no further than staging")]
    likes: int | None
    replies: int | None
    is_owner: Annotated[bool | None, at("owner", "Written by the account itself")]
    is_liked: Annotated[bool | None, at("liked", "Liked by the account itself")]
    is_pinned: Annotated[bool | None, at("pinned")]
    status: Annotated[str | None, at("status", "PUBLIC or HIDDEN")]
    username_hash: Annotated[str | None, at("username", "HMAC of the writer's username")]
    unique_identifier_hash: Annotated[
        str | None, at("unique_identifier", "HMAC of the writer's id, the same in all APIs")
    ]


class Campaign(Record, frozen=True, array_like=True):
    """A campaign of the brand in TikTok One."""

    campaign_id: str
    campaign_name: str | None
    campaign_type: str | None
    brand_name: str | None
    anchor_id: Annotated[str | None, at("anchor_id", "The link shown in the videos")]
    country_codes: Json | None
    handle_names: Annotated[Json | None, at("handle_names", "Creators who joined")]
    video_ids: Annotated[Json | None, at("video_ids", "Videos linked to the campaign")]
    create_time: dt.datetime | None
    update_time: dt.datetime | None


class Report(Record, frozen=True, array_like=True):
    """A campaign's video: lifetime figures, in all and split into organic and paid."""

    campaign_id: str
    country_code: Annotated[str, at("country_code", "Empty where the campaign names none")]
    video_id: str
    campaign_type: str | None
    handle_name: Annotated[str | None, at("creator_info.handle_name")]
    display_name: Annotated[str | None, at("creator_info.display_name")]
    create_time: Annotated[dt.datetime | None, at("video_info.create_time")]
    video_views: int | None
    video_views_organic: int | None
    video_views_paid: int | None
    reach: Annotated[int | None, at("reach", "Estimated by the API")]
    reach_organic: int | None
    reach_paid: int | None
    likes: int | None
    likes_organic: int | None
    likes_paid: int | None
    comments: int | None
    comments_organic: int | None
    comments_paid: int | None
    shares: int | None
    shares_organic: int | None
    shares_paid: int | None
    favorites: int | None
    favorites_organic: int | None
    favorites_paid: int | None
    engagement_count: Annotated[int | None, at("engagement_count", "Likes + comments + shares")]
    engagement_rate: Annotated[Decimal | None, at("engagement_rate", "Of views, 0 to 1")]
    engagement_rate_organic: Decimal | None
    engagement_rate_paid: Decimal | None
    engagement_rate_benchmark_p25: Decimal | None
    engagement_rate_benchmark_p50: Decimal | None
    video_completion_rate: Annotated[Rate | None, at("video_completion_rate", "Of views")]
    video_completion_rate_organic: Rate | None
    video_completion_rate_paid: Rate | None
    two_seconds_view_rate: Annotated[
        Rate | None, at("two_seconds_views", "Share of views; the API's name reads like a count")
    ]
    two_seconds_view_rate_organic: Annotated[Rate | None, at("organic_two_seconds_views")]
    two_seconds_view_rate_paid: Annotated[Rate | None, at("paid_two_seconds_views")]
    six_seconds_view_rate: Annotated[
        Rate | None, at("six_seconds_views", "Share of views; the API's name reads like a count")
    ]
    six_seconds_view_rate_organic: Annotated[Rate | None, at("organic_six_seconds_views")]
    six_seconds_view_rate_paid: Annotated[Rate | None, at("paid_six_seconds_views")]
    total_play_time: Annotated[Decimal | None, at("total_play_time", "Seconds")]
    average_view_time: Annotated[Decimal | None, at("average_view_time", "Seconds")]
    average_view_time_organic: Decimal | None
    average_view_time_paid: Decimal | None
    video_views_by_source: Json | None
    video_boosted_at: Annotated[
        dt.datetime | None, at("video_boosted_date", "First paid for; NULL for never")
    ]
    ad_cost: Annotated[Decimal | None, at("ad_cost", "In the advertiser's currency")]
    ad_impressions: int | None
    ad_clicks: int | None
    ad_conversions: int | None
    ad_ctr: Decimal | None
    ad_cvr: Decimal | None
    ad_cpa: Decimal | None
    ad_cpc: Decimal | None
    ad_cpm: Decimal | None
    ad_roas: Decimal | None
    anchor_id: str | None
    anchor_views: Annotated[int | None, at("anchor_metrics.anchor_views")]
    anchor_clicks: Annotated[
        int | None, at("anchor_metrics.anchor_clicks", "Clicks on the link in the video")
    ]
    anchor_unique_views: Annotated[int | None, at("anchor_metrics.anchor_unique_views")]
    anchor_unique_clicks: Annotated[int | None, at("anchor_metrics.anchor_unique_clicks")]
    audience_genders_distribution: Json | None
    audience_age_distribution: Json | None
    audience_countries_distribution: Json | None
    is_partial: bool


class ReportDay(Record, frozen=True, array_like=True):
    """What happened to a campaign's video on one day; figures the API leaves out are unknown."""

    campaign_id: str
    country_code: Annotated[str, at("country_code", "Empty where the campaign names none")]
    video_id: str
    date: dt.date
    views: int | None
    video_views_organic: int | None
    video_views_paid: int | None
    reach: int | None
    likes: int | None
    likes_organic: int | None
    likes_paid: int | None
    comments: int | None
    comments_organic: int | None
    comments_paid: int | None
    shares: int | None
    shares_organic: int | None
    shares_paid: int | None
    favorites: int | None
    favorites_organic: int | None
    favorites_paid: int | None
    engagement_rate: Decimal | None
    engagement_rate_organic: Decimal | None
    engagement_rate_paid: Decimal | None
    video_completion_rate: Rate | None
    is_partial: bool


class Creator(Record, frozen=True, array_like=True):
    """A creator's public profile in TikTok One; those not found there come with the reason."""

    handle_name: str
    display_name: str | None
    country_code: str | None
    followers_count: int | None
    following_count: int | None
    likes_count: int | None
    videos_count: int | None
    median_views: int | None
    engagement_rate: Decimal | None
    creator_price: Annotated[Decimal | None, at("creator_price", "In `currency`")]
    currency: str | None
    unavailable_reason: Annotated[
        Reason, at("unavailable_reason", "Why nothing is known, such as not_on_marketplace")
    ]


class Post(Record, frozen=True, array_like=True):
    """A creator's post as everybody sees it."""

    video_id: str
    handle_name: str
    caption: str | None
    create_time: dt.datetime
    video_views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    favorites: int | None
    caption_hashtags: Json | None
    mentioned_accounts: Json | None
    collaboration_status: Annotated[
        str | None, at("collaboration_status", "The platform's own disclosure signal")
    ]
