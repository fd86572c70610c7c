"""Columns of Instagram's streams, in the Graph API's own words (v26.0).

Every counter is a lifetime counter as of `captured_at`; ids are text (beyond 2^53). What the API
does not give is NULL, never 0.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Reason, Record, at


class Account(Record, frozen=True, array_like=True):
    """A connected account (the brand's own and creators who connected theirs)."""

    account_id: Annotated[str, at("id")]
    username: str
    name: str | None
    followers_count: int | None
    follows_count: int | None
    media_count: int | None


class Media(Record, frozen=True, array_like=True):
    """A post or reel of a connected account."""

    media_id: Annotated[str, at("id")]
    account_id: Annotated[str, at("account_id", "Account the page was asked for")]
    username: str | None
    caption: str | None
    media_type: str | None
    media_product_type: str | None
    permalink: str | None
    shortcode: str | None
    timestamp: dt.datetime
    like_count: int | None
    comments_count: int | None


class MediaInsight(Record, frozen=True, array_like=True):
    """Insights of one media of a connected account; absent metrics are NULL."""

    media_id: str
    account_id: str
    media_product_type: str | None
    reach: int | None
    views: int | None
    likes: int | None
    comments: int | None
    shares: int | None
    saved: int | None
    reposts: int | None
    total_interactions: int | None
    profile_visits: int | None
    follows: int | None
    link_clicks: int | None
    replies: int | None
    ig_reels_avg_watch_time: Annotated[
        Decimal | None, at("ig_reels_avg_watch_time", "Milliseconds")
    ]
    ig_reels_video_view_total_time: Annotated[
        Decimal | None, at("ig_reels_video_view_total_time", "Milliseconds")
    ]
    metric_definition: Annotated[
        str | None, at("metric_definition", "What the numbers mean; never join two in a series")
    ]
    refused_metrics: Annotated[Reason, at("refused_metrics", "Comma list the API refused")]
    unavailable_reason: Annotated[
        Reason,
        at(
            "unavailable_reason",
            "Why every metric is unknown, such as no_data or not_enough_viewers",
        ),
    ]


class Story(Record, frozen=True, array_like=True):
    """A story that was live when a window of six hours ended; absent metrics are NULL."""

    media_id: str
    account_id: str
    username: str | None
    caption: str | None
    media_type: str | None
    permalink: str | None
    timestamp: dt.datetime
    reach: int | None
    views: int | None
    shares: int | None
    reposts: int | None
    total_interactions: int | None
    profile_visits: int | None
    follows: int | None
    replies: Annotated[int | None, at("replies", "Without those from the EU and Japan")]
    link_clicks: int | None
    navigation: Annotated[int | None, at("navigation", "All taps and swipes away")]
    tap_forward: int | None
    tap_back: int | None
    tap_exit: int | None
    swipe_forward: int | None
    metric_definition: str | None
    refused_metrics: Annotated[Reason, at("refused_metrics", "Comma list the API refused")]
    unavailable_reason: Annotated[Reason, at("unavailable_reason", "Why every metric is unknown")]


class AccountInsight(Record, frozen=True, array_like=True):
    """One metric of an account over one of Instagram's days; a missing one has no row."""

    account_id: str
    date: Annotated[dt.date, at("date", "Day in US Pacific time")]
    metric: str
    breakdown: Annotated[str, at("breakdown", "FOLLOWER, NON_FOLLOWER; empty for the whole")]
    value: int
    end_time: Annotated[dt.datetime, at("end_time", "End of the day")]


class Tag(Record, frozen=True, array_like=True):
    """Somebody's public post that tags the brand's account."""

    media_id: Annotated[str, at("id")]
    account_id: Annotated[str, at("account_id", "Account that is tagged")]
    username: str | None
    caption: str | None
    media_type: str | None
    media_product_type: str | None
    permalink: str | None
    timestamp: dt.datetime
    like_count: int | None
    comments_count: int | None


class Comment(Record, frozen=True, array_like=True):
    """A comment, or a reply to one, under a post of a connected account."""

    comment_id: Annotated[str, at("id")]
    media_id: str
    account_id: Annotated[str, at("account_id", "Account whose post it is")]
    parent_id: Annotated[str | None, at("parent_id", "Comment it replies to")]
    username: Annotated[str | None, at("username", "HMAC of who wrote it")]
    text: str | None
    timestamp: dt.datetime
    like_count: int | None
    hidden: bool | None


class DiscoveredAccount(Record, frozen=True, array_like=True):
    """Another account seen through business discovery; personal accounts come with their reason."""

    username: str
    account_id: Annotated[str | None, at("id")]
    name: str | None
    followers_count: int | None
    follows_count: int | None
    media_count: int | None
    unavailable_reason: Annotated[
        Reason, at("unavailable_reason", "Why nothing is known, such as not_discoverable")
    ]


class DiscoveredMedia(Record, frozen=True, array_like=True):
    """A post of another account seen through business discovery: likes, comments, views only."""

    media_id: Annotated[str, at("id")]
    username: str
    caption: str | None
    media_type: str | None
    media_product_type: str | None
    permalink: str | None
    timestamp: dt.datetime
    like_count: int | None
    comments_count: int | None
    view_count: int | None


class PartnershipContent(Record, frozen=True, array_like=True):
    """A creator's post the brand may use in ads, with the organic insights consented to."""

    media_id: Annotated[str, at("content_id")]
    account_id: Annotated[str | None, at("author.ig_user_id")]
    display_name: Annotated[str | None, at("author.display_name", "The API gives no username here")]
    media_type: str | None
    post_type: str | None
    caption: str | None
    permalink: str | None
    creation_time: dt.datetime
    permission_status: Annotated[str | None, at("permission_status")]
    likes: Annotated[int | None, at("organic_insights.likes")]
    comments: Annotated[int | None, at("organic_insights.comments")]
    views: Annotated[int | None, at("organic_insights.views")]
    reach: Annotated[int | None, at("organic_insights.reach")]
    shares: Annotated[int | None, at("organic_insights.shares")]
    saves: Annotated[int | None, at("organic_insights.saves")]
    interaction: Annotated[int | None, at("organic_insights.interaction")]
