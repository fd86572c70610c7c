"""# YouTube

Reads the Data API (v3) for the channels of the plan and the connection's own: channels, uploads,
videos, comments; and YouTube Analytics (v2) for the own channel, where its owner consented.

## Inputs

A connection `youtube` (or `youtube__<name>`), type HTTP:

| field | value |
|---|---|
| host | `youtube.googleapis.com` |
| password | API key of a Google Cloud project; enough for everything but Analytics |
| extra.channel_id | the connection's own channel, such as `UCa1b2c3d4e5f6g7h8i9j0kl` |
| extra.client_id, extra.client_secret, extra.refresh_token | the channel owner's authorisation |
| extra.quota_units | units a day the project has, by default 10,000 |
| extra.comment_pages | newest threads per video in hundreds, by default 20 (2,000 threads) |
| extra.token_uri, extra.analytics_url | other addresses than Google's, for a proxy |

A creator who connected the channel has a connection of its own (`youtube__maya`). All other
channels come from the campaign plan: every YouTube account that is not `own_account`, a handle or
a channel id. In the project enable the YouTube Data API v3 and the YouTube Analytics API. Scopes:
`youtube.readonly` and `yt-analytics.readonly`; without an API key comments also need
`youtube.force-ssl`. Service accounts do not work. While the consent screen is in testing a
refresh token dies after 7 days.

## Outputs

| table | one row per | holds |
|---|---|---|
| `raw.youtube__channels` | day and asked channel | subscribers, views, or why nothing |
| `raw.youtube__uploads` | day and entry of the last 90 days | what the channel lists, hidden too |
| `raw.youtube__videos` | day and listed video | counters, text, disclosure, brand partner |
| `raw.youtube__comments` | comment or reply | text, likes; authors only as HMAC |
| `raw.youtube__channel_days` | Pacific day | views, engaged views, minutes, subscribers |
| `raw.youtube__video_days` | video and Pacific day | the same for each own video |

Channels, uploads and videos are snapshots of lifetime counters: they exist only now, a fall is
legal, NULL is unknown. Videos made after the window's end belong to the next window. Every id
that was asked has a row: one the API silently leaves out (deleted, private, blocked) says
`not_returned`, a handle or id without a channel `not_found`. Subscribers are rounded to three
digits. The API does not say whether a video is a Short.

Comments are read daily until a video is 14 days old, then every 7 days until day 90. `read_at` is
the last time a comment was there; one whose `read_at` is older than its video's newest is gone.
A video without readable comments has one row `(none)` with `unavailable_reason`. Names, channel
ids, addresses and pictures of authors are replaced before anything is stored; the text stays.

**Views changed their meaning** on 2025-03-31 for Shorts and on 2026-08-24 for all formats (the
revision history is dated 27 August, tools date it 24 August): a view now counts when playback
starts. The public number has no other form; `engaged_views` keeps the old meaning, for own
channels only. `stg_youtube__view_definitions` holds the dates and every view carries its
`metric_definition_version`.

## Schedule and limits

Daily, when the business day is over. Snapshots are current for 24 hours after the window's end.
Analytics is 48 to 72 hours late and restated, so its last 7 days are read again.

Every call costs one unit of the project's day, refusals too; Analytics has an allowance of its
own. The day ends at midnight Pacific. Each process counts its calls and stops before the day's
units are spent, comments at 80 %, so that counters are never starved; a 403 `quotaExceeded` ends
the day at once. Either way the task waits until midnight Pacific and starts again. About
`channels + videos / 50` units per stream, and one per 100 comments.

Not confirmed by Google's pages, so handled both ways: whether `paidProductPlacementDetails` (its
schema says owners only) and `brandPartner` are given for other people's videos. A refused part is
left out and named in `refused_parts`; metrics likewise in `refused_metrics`. YouTube's developer
policies want stored data refreshed or deleted after 30 days: retention is set for the warehouse.

## When it fails

- `RateLimited` … `quota units of the day are spent` or `quotaExceeded`: do nothing, the task goes
  on after midnight Pacific; if it happens daily, ask Google for more quota or use fewer pages of
  comments
- `BadCredentials` … `the API key is refused`: put a valid key into the password
- `BadCredentials` … `refuses the refresh token`: connect the channel again
- `MissingScope` … `enable the API`: enable it in the credentials' Google Cloud project
- `MissingScope` in channel_days or video_days: the stream is skipped; consent lacks
  `yt-analytics.readonly`, or the connection has no authorisation or own channel
- `BadRequest` … `neither a channel id`: correct the account in the campaign plan
- `Truncated` … `the list changed`: clear the task, the uploads changed while they were read
- many `not_returned`: the videos were deleted or made private; the uploads table says which
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Source, Stream, StreamKind
from include.sources.youtube import client, comments, parse, refusals, reports, schema

# Days arrive after 48 to 72 hours and are corrected for some more.
LOOKBACK = dt.timedelta(days=7)
RESOURCE = ("kind", "etag")
# `value` stands inside authorChannelId and nowhere else in an answer with comments.
AUTHOR_KEYS = frozenset({"authorDisplayName", "value", "authorChannelUrl", "authorProfileImageUrl"})

SOURCE = Source(
    name="youtube",
    title="YouTube",
    platform="youtube",
    doc=__doc__ or "",
    classify=refusals.classify,
    streams=(
        Stream(
            name="channels",
            kind=StreamKind.SNAPSHOT,
            record=schema.Channel,
            key=("requested_as",),
            fetch=client.fetch_channels,
            parse=parse.parse_channels,
            known=(
                *RESOURCE,
                "snippet.description",
                "snippet.defaultLanguage",
                "snippet.localized",
                "snippet.thumbnails",
                "statistics.commentCount",
                "contentDetails.relatedPlaylists.likes",
                "contentDetails.relatedPlaylists.favorites",
                "contentDetails.relatedPlaylists.watchHistory",
                "contentDetails.relatedPlaylists.watchLater",
                "status.isLinked",
                "status.longUploadsStatus",
                "status.selfDeclaredMadeForKids",
                "status.isChannelMonetizationEnabled",
            ),
            description="The own channel and those of the plan: subscribers, views, videos.",
        ),
        Stream(
            name="uploads",
            kind=StreamKind.SNAPSHOT,
            record=schema.Upload,
            key=("video_id",),
            fetch=client.fetch_uploads,
            parse=parse.parse_uploads,
            known=(
                *RESOURCE,
                "snippet.channelId",
                "snippet.channelTitle",
                "snippet.description",
                "snippet.resourceId",
                "snippet.thumbnails",
                "snippet.videoOwnerChannelId",
                "snippet.videoOwnerChannelTitle",
                "contentDetails.note",
                "contentDetails.startAt",
                "contentDetails.endAt",
            ),
            description="Entries of the uploads playlists, at most 90 days old.",
        ),
        Stream(
            name="videos",
            kind=StreamKind.SNAPSHOT,
            record=schema.Video,
            key=("video_id",),
            fetch=client.fetch_videos,
            parse=parse.parse_videos,
            known=(
                *RESOURCE,
                "snippet.channelId",
                "snippet.channelTitle",
                "snippet.defaultAudioLanguage",
                "snippet.defaultLanguage",
                "snippet.localized",
                "snippet.thumbnails",
                "contentDetails.caption",
                "contentDetails.contentRating",
                "contentDetails.countryRestriction",
                "contentDetails.definition",
                "contentDetails.dimension",
                "contentDetails.hasCustomThumbnail",
                "contentDetails.licensedContent",
                "contentDetails.projection",
                "contentDetails.regionRestriction",
                "statistics.dislikeCount",
                "statistics.favoriteCount",
                "status.embeddable",
                "status.failureReason",
                "status.license",
                "status.publicStatsViewable",
                "status.publishAt",
                "status.rejectionReason",
                "status.selfDeclaredMadeForKids",
                "status.uploadStatus",
                "brandPartner.channelHandle",
            ),
            description="Videos at most 90 days old: counters, text, disclosure, brand partner.",
        ),
        Stream(
            name="comments",
            kind=StreamKind.EVENTS,
            record=schema.Comment,
            key=("video_id", "comment_id"),
            fetch=comments.fetch_comments,
            parse=comments.parse_comments,
            is_required=False,
            personal_keys=AUTHOR_KEYS,
            subject_columns=("author_channel_id", "author_display_name"),
            known=(
                *RESOURCE,
                "snippet.authorChannelUrl",
                "snippet.authorProfileImageUrl",
                "snippet.canRate",
                "snippet.channelId",
                "snippet.imageUrl",
                "snippet.moderationStatus",
                "snippet.textOriginal",
                "snippet.videoId",
                "snippet.viewerRating",
            ),
            description="Comments and replies of videos that are due this day.",
        ),
        Stream(
            name="channel_days",
            kind=StreamKind.EVENTS,
            record=schema.ChannelDay,
            key=("channel_id", "day"),
            fetch=reports.fetch_channel_days,
            parse=reports.parse_days,
            lookback=LOOKBACK,
            is_required=False,
            description="Days of the own channel in YouTube Analytics.",
        ),
        Stream(
            name="video_days",
            kind=StreamKind.EVENTS,
            record=schema.VideoDay,
            key=("channel_id", "video_id", "day"),
            fetch=reports.fetch_video_days,
            parse=reports.parse_days,
            lookback=LOOKBACK,
            is_required=False,
            description="Days of the own channel's videos in YouTube Analytics.",
        ),
    ),
)
