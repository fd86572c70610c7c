"""Columns of YouTube's streams, in the Data API's and the Analytics API's own words.

Counters are lifetime counters as of `captured_at` and come as text (uint64). Ids are text and case
sensitive; a video id may begin with "-". What the API does not give is NULL, never 0.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Json, Reason, Record, at


class Channel(Record, frozen=True, array_like=True):
    """A channel that was asked for: the connection's own, or one of the plan."""

    requested_as: Annotated[str, at("requestedAs", "Channel id, or handle without @ as planned")]
    channel_id: Annotated[str | None, at("id")]
    is_own_channel: Annotated[bool, at("isOwnChannel", "True for the connection's own channel")]
    title: Annotated[str | None, at("snippet.title")]
    custom_url: Annotated[str | None, at("snippet.customUrl", "The channel's handle, with @")]
    country: Annotated[str | None, at("snippet.country")]
    published_at: Annotated[dt.datetime | None, at("snippet.publishedAt")]
    uploads_playlist_id: Annotated[str | None, at("contentDetails.relatedPlaylists.uploads")]
    view_count: Annotated[int | None, at("statistics.viewCount")]
    subscriber_count: Annotated[
        int | None, at("statistics.subscriberCount", "Rounded to three digits; NULL when hidden")
    ]
    hidden_subscriber_count: Annotated[bool | None, at("statistics.hiddenSubscriberCount")]
    video_count: Annotated[int | None, at("statistics.videoCount")]
    privacy_status: Annotated[str | None, at("status.privacyStatus")]
    made_for_kids: Annotated[bool | None, at("status.madeForKids")]
    unavailable_reason: Annotated[
        Reason, at("unavailableReason", "Why nothing is known: not_found")
    ]


class Upload(Record, frozen=True, array_like=True):
    """An entry of a channel's uploads playlist; deleted and private videos keep theirs."""

    video_id: Annotated[str, at("contentDetails.videoId")]
    channel_id: Annotated[str, at("channelId", "Channel whose uploads were listed")]
    playlist_id: Annotated[str | None, at("snippet.playlistId")]
    playlist_item_id: Annotated[str, at("id")]
    position: Annotated[int | None, at("snippet.position", "0 is the newest")]
    added_at: Annotated[dt.datetime | None, at("snippet.publishedAt", "When it was uploaded")]
    video_published_at: Annotated[
        dt.datetime | None, at("contentDetails.videoPublishedAt", "NULL when it is not public")
    ]
    title: Annotated[str | None, at("snippet.title")]
    privacy_status: Annotated[str | None, at("status.privacyStatus")]
    unavailable_reason: Annotated[Reason, at("unavailableReason", "deleted, private or not_public")]


class Video(Record, frozen=True, array_like=True):
    """A video that was asked for; one the API silently left out is a row with the reason."""

    video_id: Annotated[str, at("id")]
    channel_id: Annotated[str, at("channelId", "Channel whose uploads hold the video")]
    title: Annotated[str | None, at("snippet.title")]
    description: Annotated[str | None, at("snippet.description")]
    published_at: Annotated[
        dt.datetime | None, at("snippet.publishedAt", "Of the uploads list where the video is gone")
    ]
    category_id: Annotated[str | None, at("snippet.categoryId")]
    tags: Annotated[Json, at("snippet.tags")] | None
    live_broadcast_content: Annotated[str | None, at("snippet.liveBroadcastContent")]
    duration: Annotated[str | None, at("contentDetails.duration", "ISO 8601; P0D while live")]
    duration_seconds: Annotated[int | None, at("durationSeconds", "The same in seconds")]
    privacy_status: Annotated[str | None, at("status.privacyStatus")]
    made_for_kids: Annotated[bool | None, at("status.madeForKids")]
    contains_synthetic_media: Annotated[bool | None, at("status.containsSyntheticMedia")]
    view_count: Annotated[int | None, at("statistics.viewCount")]
    like_count: Annotated[int | None, at("statistics.likeCount", "NULL when hidden")]
    comment_count: Annotated[
        int | None, at("statistics.commentCount", "With replies; NULL when comments are disabled")
    ]
    has_paid_product_placement: Annotated[
        bool | None,
        at("paidProductPlacementDetails.hasPaidProductPlacement", "The creator's own disclosure"),
    ]
    brand_partner_channel_id: Annotated[
        str | None, at("brandPartner.channelId", "Brand to which the creator gave access")
    ]
    refused_parts: Annotated[Reason, at("refusedParts", "Comma list the API refused")]
    unavailable_reason: Annotated[
        Reason, at("unavailableReason", "not_returned: the API left the asked id out")
    ]


class Comment(Record, frozen=True, array_like=True):
    """A comment or reply; a video whose comments cannot be read has one row with the reason."""

    video_id: Annotated[str, at("videoId")]
    comment_id: Annotated[str, at("id", "(none) where there is no comment to read")]
    parent_id: Annotated[str | None, at("snippet.parentId", "Comment that a reply answers")]
    channel_id: Annotated[str, at("channelId", "Channel of the video")]
    author_display_name: Annotated[str | None, at("snippet.authorDisplayName", "HMAC")]
    author_channel_id: Annotated[
        str | None, at("snippet.authorChannelId.value", "HMAC; NULL when the account is gone")
    ]
    text_display: Annotated[str | None, at("snippet.textDisplay", "Plain text")]
    like_count: Annotated[int | None, at("snippet.likeCount")]
    total_reply_count: Annotated[int | None, at("totalReplyCount", "NULL for a reply")]
    published_at: Annotated[dt.datetime | None, at("snippet.publishedAt")]
    updated_at: Annotated[dt.datetime | None, at("snippet.updatedAt")]
    read_at: Annotated[
        dt.datetime,
        at("readAt", "When the video's comments were read last and this one was among them"),
    ]
    unavailable_reason: Annotated[
        Reason,
        at("unavailableReason", "no_comments, comments_disabled, not_returned and the like"),
    ]


class ChannelDay(Record, rename="camel", frozen=True, array_like=True):
    """A day (Pacific) of the connection's own channel in YouTube Analytics."""

    channel_id: str
    day: dt.date
    views: int | None
    engaged_views: Annotated[
        int | None, at("engagedViews", "Views as they were counted before 2026-08-24")
    ]
    estimated_minutes_watched: Decimal | None
    average_view_duration: Annotated[Decimal | None, at("averageViewDuration", "Seconds")]
    average_view_percentage: Annotated[Decimal | None, at("averageViewPercentage", "0-100")]
    likes: int | None
    comments: int | None
    shares: int | None
    subscribers_gained: int | None
    subscribers_lost: int | None
    refused_metrics: Annotated[Reason, at("refusedMetrics", "Comma list the API refused")]


class VideoDay(Record, rename="camel", frozen=True, array_like=True):
    """A day (Pacific) of one video of the connection's own channel in YouTube Analytics."""

    channel_id: str
    video_id: Annotated[str, at("video")]
    day: dt.date
    views: int | None
    engaged_views: Annotated[
        int | None, at("engagedViews", "Views as they were counted before 2026-08-24")
    ]
    estimated_minutes_watched: Decimal | None
    average_view_duration: Annotated[Decimal | None, at("averageViewDuration", "Seconds")]
    average_view_percentage: Annotated[Decimal | None, at("averageViewPercentage", "0-100")]
    likes: int | None
    comments: int | None
    shares: int | None
    refused_metrics: Annotated[Reason, at("refusedMetrics", "Comma list the API refused")]
