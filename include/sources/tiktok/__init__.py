"""# TikTok

Reads TikTok's Business API (v1.3) once a day: what TikTok One knows about the brand's campaigns and
their creators' posts, and what creators who connected their accounts let us see.

## Inputs

A connection `tiktok` (or `tiktok__<name>`), type HTTP; give one of the two ways in, or both:

| field | value |
|---|---|
| host | `business-api.tiktok.com` |
| password | TikTok One: the brand's access token (no expiry until it is revoked) |
| extra.tto_tcm_account_id | TikTok One: the brand's account |
| extra.campaign_ids | TikTok One: list of campaigns to read, by default all |
| extra.accounts | connected accounts: their tokens by `business_id`, see below |
| extra.client_id, extra.client_secret | the developer app, to renew tokens of connected accounts |
| extra.api_version | version to call, by default `v1.3` |

`extra.accounts` is `{"<business_id>": {"access_token": "…", "refresh_token": "…"}, …}`; the
`business_id` is the `open_id` that TikTok gives together with the tokens.

Permissions: TikTok One *Read TCM Account*; of connected accounts `user.info.basic`,
`user.info.username`, `user.info.stats`, `user.insights`, `user.account.type`, `video.list`,
`video.insights`, `comment.list`. Further creators to look up come from the campaign plan (TikTok
handles that are not `own_account`).

## Outputs

| table | one row per | holds |
|---|---|---|
| `raw.tiktok__accounts` | day, connected account | followers, likes, number of videos |
| `raw.tiktok__account_days` | connected account, date | views, reach, followers won and lost |
| `raw.tiktok__videos` | day, video of the last 90 days | views, reach, watch time, clicks |
| `raw.tiktok__comments` | comment or reply | text, likes; the writer as a hash |
| `raw.tiktok__campaigns` | day, TikTok One campaign | creators who joined, linked videos |
| `raw.tiktok__reports` | day, campaign, country, video | organic and paid figures, link clicks |
| `raw.tiktok__report_days` | campaign, country, video, date | the same of one day |
| `raw.tiktok__creators` | day, looked-up creator | public profile, or why there is none |
| `raw.tiktok__posts` | day, looked-up creator's post | public counters, hashtags, disclosure |

Rows with a day are snapshots of lifetime counters: they exist only now, a fall is legal. The tables
by date are read again for 4 days, on Mondays for 28. **Figures come 24 to 48 hours late and are
NULL until then, never 0**; captions and ids are current. `two_seconds_view_rate` is what the API
calls `two_seconds_views`: a share of views. Likes of a day are gross, likes of a video net, so the
days do not add up to the video.

`refused_fields` names what the API refused for an account and the row therefore lacks; `is_partial`
marks rows of an answer the API calls partial.

## Schedule and limits

Daily, when the business day is over. Dates are days of UTC, whatever the reporting time zone. A
snapshot's window is current for 24 hours after its end; a later run skips these streams. Dates can
be backfilled: 60 days of an account, any of a report. The vendor publishes no table of limits; its
refusals name 10 requests a second for a new app. Requests follow one another, and a refused one
waits and is asked again. The largest page of a report is not published either; 10, the default, is
asked for. Access tokens live for 24 hours and are renewed when the API refuses them; what a renewal
gives is kept, sealed, and used until the connection holds a token the API accepts again.

## When it fails

- `BadCredentials` … `expired`, `wrong or was revoked`, `must log in again`: let the account log in
  again and put its new tokens into extra.accounts of the connection it names
- `BadCredentials` … `cannot be renewed`: fill in what the message names
- `MissingScope` … `TikTok One needs`: nothing, where the brand does not use it; else set the fields
- `MissingScope` … code 40001 or 40130: let the account log in again and grant what is listed above;
  for comments the account is only left out
- `RateLimited`: do nothing, the task waits and goes on
- `BadRequest` … code 40002: compare the dates and ids in the message with the connection
- `BadRequest` … code 40006, 40051 or 41001: correct extra.api_version, or the API gave up a path
- `CountMismatch`: a page was lost; clear the task
- `Truncated` … `holds no data`, `holds no list`: the answer said OK and came without them, time and
  again; nothing was loaded, because read as empty it would lose rows. Clear the task later
- skipped, the window is no longer current: do nothing, that day's snapshot cannot be read any more
- a warning `accounts that listed posts yesterday still list some`: an account's list came empty,
  without an error; look whether its permission was withdrawn
- many `refused_fields`: a permission was withdrawn or a metric removed
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Source, Stream, StreamKind
from include.sources.tiktok import accounts, envelope, marketplace, parse, schema

# Figures settle 24 to 48 hours after a day (UTC) is over, which ends some hours after ours may.
SETTLED_AFTER = dt.timedelta(days=4)
RESTATED_UNTIL = dt.timedelta(days=28)
# People who comment agreed to nothing: names, ids and pictures are hashed before landing.
COMMENTER_KEYS = frozenset(
    {"username", "display_name", "user_id", "unique_identifier", "profile_image", "image_url"}
)
# What a report gives beyond the columns, kept in landing only.
REPORT_KNOWN = (
    "creator_info",
    "video_info",
    "daily_stats",
    "audience_device_distribution",
    "audience_locale_distribution",
    "audience_language_distribution",
    "audience_interest_distribution",
    "lifetime_gender_distribution",
    "lifetime_top_age_distribution",
    "lifetime_top_country_distribution",
    "lifetime_device_distribution",
    "most_popular_country_state_distribution",
    "video_completion_rate_benchmark_p25",
    "video_completion_rate_benchmark_p50",
    "video_view_retention",
)

SOURCE = Source(
    name="tiktok",
    title="TikTok",
    platform="tiktok",
    doc=__doc__ or "",
    classify=envelope.classify,
    streams=(
        Stream(
            name="accounts",
            kind=StreamKind.SNAPSHOT,
            record=schema.Account,
            key=("business_id",),
            fetch=accounts.fetch_accounts,
            parse=parse.parse_accounts,
            known=("metrics", "profile_image", "bio_description", "profile_deep_link"),
            description="Connected accounts: followers, likes, number of videos.",
        ),
        Stream(
            name="account_days",
            kind=StreamKind.EVENTS,
            record=schema.AccountDay,
            key=("business_id", "date"),
            fetch=accounts.fetch_account_days,
            parse=parse.parse_account_days,
            lookback=SETTLED_AFTER,
            weekly_lookback=RESTATED_UNTIL,
            description="Connected accounts by day (UTC): views, reach, followers won and lost.",
        ),
        Stream(
            name="videos",
            kind=StreamKind.SNAPSHOT,
            record=schema.Video,
            key=("item_id",),
            fetch=accounts.fetch_videos,
            parse=parse.parse_videos,
            known=("favorities", "thumbnail_url", "embed_url"),
            description="Videos of connected accounts, at most 90 days old.",
        ),
        Stream(
            name="comments",
            kind=StreamKind.EVENTS,
            record=schema.Comment,
            key=("comment_id",),
            fetch=accounts.fetch_comments,
            parse=parse.parse_comments,
            lookback=dt.timedelta(days=3),
            is_required=False,
            personal_keys=COMMENTER_KEYS,
            subject_columns=("username_hash", "unique_identifier_hash"),
            known=("reply_list", "user_id", "display_name", "profile_image", "image_url"),
            description="Comments and replies under connected accounts' videos.",
        ),
        Stream(
            name="campaigns",
            kind=StreamKind.SNAPSHOT,
            record=schema.Campaign,
            key=("campaign_id",),
            fetch=marketplace.fetch_campaigns,
            parse=parse.parse_campaigns,
            is_required=False,
            known=(
                "brand_profile_id",
                "campaign_description",
                "advertiser_ids",
                "spark_ads_requested_authorization_days",
                "invite_link",
                "failed_handle_names",
                "dm_info",
            ),
            description="The brand's campaigns in TikTok One.",
        ),
        Stream(
            name="reports",
            kind=StreamKind.SNAPSHOT,
            record=schema.Report,
            key=("campaign_id", "country_code", "video_id"),
            fetch=marketplace.fetch_reports,
            parse=parse.parse_reports,
            is_required=False,
            known=REPORT_KNOWN,
            description="Campaigns' videos: lifetime figures, organic and paid, link clicks.",
        ),
        Stream(
            name="report_days",
            kind=StreamKind.EVENTS,
            record=schema.ReportDay,
            key=("campaign_id", "country_code", "video_id", "date"),
            fetch=marketplace.fetch_report_days,
            parse=parse.parse_report_days,
            lookback=SETTLED_AFTER,
            weekly_lookback=RESTATED_UNTIL,
            is_required=False,
            description="Campaigns' videos by day.",
        ),
        Stream(
            name="creators",
            kind=StreamKind.SNAPSHOT,
            record=schema.Creator,
            key=("handle_name",),
            fetch=marketplace.fetch_creators,
            parse=parse.parse_creators,
            is_required=False,
            known=(
                "creator_id",
                "handle",
                "profile_image",
                "bio",
                "creator_rate",
                "industry_labels",
                "content_labels",
                "audience_countries",
                "audience_genders",
                "audience_ages",
                "audience_devices",
                "audience_usages",
            ),
            description="Public profiles of the campaigns' and the plan's creators.",
        ),
        Stream(
            name="posts",
            kind=StreamKind.SNAPSHOT,
            record=schema.Post,
            key=("video_id",),
            fetch=marketplace.fetch_posts,
            parse=parse.parse_posts,
            is_required=False,
            known=("display_name", "thumbnail_url", "embed_url"),
            description="Public posts of those creators, at most 90 days old.",
        ),
    ),
)
