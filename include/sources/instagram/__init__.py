"""# Instagram

Reads the Graph API (v26.0) of the brand's and the creators' professional accounts: who follows
them, what they posted and how the posts do, once a day.

## Inputs

A connection `instagram` (or `instagram__<name>`), type HTTP:

| field | value |
|---|---|
| host | `graph.facebook.com` |
| password | access token of a system user, a user or a Page |
| extra.account_id | the brand's own Instagram account, a number of 17 digits |
| extra.business_id | the brand's business, for partnership content |
| extra.api_version | version to call, by default `v26.0` |
| extra.account_insights | `brand` (default) or `connected`: whose account insights are read |
| extra.renew_token | true: a user's token (60 days) is renewed a month before its end |
| extra.client_id, extra.client_secret | the app's, to renew a token of a Facebook login |
| extra.login | `instagram` for a token of an Instagram login; by default the host tells |

One token may reach many accounts: the brand's and those of creators who connected theirs. Scopes:
`instagram_basic`, `instagram_manage_insights`, `pages_show_list`, `pages_read_engagement`; for
tags and comments also `instagram_manage_comments`; for partnership content also
`business_management` and `instagram_branded_content_ads_brand`. Which other creators are looked up
comes from the campaign plan (every handle that is not `own_account`).

## Outputs

| table | one row per day and | holds |
|---|---|---|
| `raw.instagram__accounts` | connected account | followers, follows, number of posts |
| `raw.instagram__media` | post of the last 90 days | caption, kind, link, likes, comments |
| `raw.instagram__media_insights` | post that was due | reach, views, saves and the like |
| `raw.instagram__discovered_accounts` | looked-up username | the same as accounts, or why nothing |
| `raw.instagram__discovered_media` | post of a looked-up account | likes, comments, views |
| `raw.instagram__partnership_content` | post a creator shared with the brand | organic insights |
| `raw.instagram__account_insights` | brand's account, metric | that day's total; no row: unknown |
| `raw.instagram__tags` | post that tags the brand | author, caption, likes, comments |
| `raw.instagram__comments` | (once) comment or reply | text, likes, hashed author |
| `raw.instagram__stories` | (six hours) live story | caption, reach, views, taps, clicks |

Most are snapshots of lifetime counters: they exist only now, a fall is legal, what the API does
not give is NULL. Posts made after the window's end belong to the next window. Insights are read
daily until a post is 14 days old, then every 7 days until day 90; which metrics a product type has
since when is in `metrics.py`. Account insights are totals of a day that ends at midnight US
Pacific, asked for when it is over and again for three days. Comments are those made since a day
before the window under posts up to 14 days old, on Mondays since a week before under posts up
to 90 days old. Who commented is replaced by an HMAC before anything is stored; the text stays. Who
tags the brand is kept by name: a creator is recognised by it.

`unavailable_reason` says why the newest answer knows nothing (values beside it are from an earlier
one of the same window): `no_data` (the API answered with an empty list:
up to 48 hours of delay, or a permission that is not granted), `not_enough_viewers`,
`before_business_account` (posted before the account became professional), `not_visible` (deleted
or not permitted), `metrics_refused`, `not_discoverable` (no professional account of this name;
the API does not tell personal from unknown names).

## Schedule and limits

Daily, when the business day is over. A window is current for 24 hours after its end; a later run
skips these streams, because the API knows no past. Stories have a DAG of their own,
`ingest_instagram_stories`, with windows of six hours (UTC; keys such as `2026-11-04T06`), each
current for six hours: a story that no run sees while it is live is lost. No day waits for them.
Comments are looked for under posts of the last 14 days (on Mondays 90), replies under comments that
are at most a week older than what is read. Allowances are per account and rolling 24 hours; from
80 % on requests are spread out. Metrics the API refuses are left out post by post and named in
`refused_metrics`.

## When it fails

- `BadCredentials` … `expired`, `no longer valid`, `password was changed`: make a new token and
  put it into the password of the connection it names
- `MissingScope` … `(#10)` or `(#200)`: grant the scopes above to the token; a stream that no day
  needs (partnership content, discovery, tags, comments, account insights) is only skipped
- `RateLimited`: do nothing, the task waits as long as the API asks and goes on
- `BadRequest` … `is not a username`: correct the handle in the campaign plan
- `BadRequest` … `Unknown path components` or an unknown version: correct extra.api_version
- a warning `was asked for and v… answered`: that version has ended and the oldest one alive answers
  in its place; set extra.api_version to a newer one
- skipped, the window is no longer current: do nothing, the snapshot of that day cannot be read
  any more
- no rows in `tags`, `comments` or `account_insights` although there must be some: a permission that
  is not granted can answer with an empty list
- a warning `accounts that listed posts yesterday still list some`: an account's list came empty,
  without an error; look whether its permission was withdrawn
- many `metrics_refused`: the API removed a metric; compare `refused_metrics` with its changelog
  and `metrics.py`
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Source, Stream, StreamKind
from include.sources.instagram import (
    account_days,
    client,
    graph,
    mentions,
    parse,
    schema,
    stories,
)

SOURCE = Source(
    name="instagram",
    title="Instagram",
    platform="instagram",
    doc=__doc__ or "",
    classify=graph.classify,
    streams=(
        Stream(
            name="accounts",
            kind=StreamKind.SNAPSHOT,
            record=schema.Account,
            key=("account_id",),
            fetch=client.fetch_accounts,
            parse=parse.parse_account,
            description="Connected accounts: followers, follows, number of posts.",
        ),
        Stream(
            name="media",
            kind=StreamKind.SNAPSHOT,
            record=schema.Media,
            key=("media_id",),
            fetch=client.fetch_media,
            parse=parse.parse_media,
            description="Posts and reels of connected accounts, at most 90 days old.",
        ),
        Stream(
            name="media_insights",
            kind=StreamKind.SNAPSHOT,
            record=schema.MediaInsight,
            key=("media_id",),
            fetch=client.fetch_media_insights,
            parse=parse.parse_insights,
            description="Lifetime insights of connected accounts' posts that are due this day.",
        ),
        Stream(
            name="discovered_accounts",
            kind=StreamKind.SNAPSHOT,
            record=schema.DiscoveredAccount,
            key=("username",),
            fetch=client.fetch_discovered_accounts,
            parse=parse.parse_discovered_account,
            is_required=False,
            description="Accounts of the plan's other creators, looked up by username.",
        ),
        Stream(
            name="discovered_media",
            kind=StreamKind.SNAPSHOT,
            record=schema.DiscoveredMedia,
            key=("media_id",),
            fetch=client.fetch_discovered_media,
            parse=parse.parse_discovered_media,
            is_required=False,
            description="Posts of looked-up accounts, at most 90 days old: likes, comments, views.",
        ),
        Stream(
            name="partnership_content",
            kind=StreamKind.SNAPSHOT,
            record=schema.PartnershipContent,
            key=("media_id",),
            fetch=client.fetch_partnership_content,
            parse=parse.parse_partnership_content,
            is_required=False,
            known=("platform", "partnership_info"),
            description="Creators' posts the brand may advertise, with organic insights.",
        ),
        Stream(
            name="account_insights",
            kind=StreamKind.EVENTS,
            record=schema.AccountInsight,
            key=("account_id", "date", "metric", "breakdown"),
            fetch=account_days.fetch_account_insights,
            parse=account_days.parse_account_insights,
            lookback=dt.timedelta(days=3),
            is_required=False,
            description="Daily totals of the brand's account, follows and unfollows.",
        ),
        Stream(
            name="tags",
            kind=StreamKind.SNAPSHOT,
            record=schema.Tag,
            key=("media_id",),
            fetch=mentions.fetch_tags,
            parse=mentions.parse_tags,
            is_required=False,
            subject_columns=("username",),
            description="Posts of others that tag the brand, at most 90 days old.",
        ),
        Stream(
            name="comments",
            kind=StreamKind.EVENTS,
            record=schema.Comment,
            key=("comment_id",),
            fetch=mentions.fetch_comments,
            parse=mentions.parse_comments,
            lookback=dt.timedelta(days=1),
            weekly_lookback=dt.timedelta(days=7),
            is_required=False,
            personal_keys=frozenset({"username"}),
            subject_columns=("username",),
            description="Comments and replies under connected accounts' posts.",
        ),
        Stream(
            name="stories",
            kind=StreamKind.SNAPSHOT,
            record=schema.Story,
            key=("media_id",),
            fetch=stories.fetch_stories,
            parse=stories.parse_stories,
            every=dt.timedelta(hours=6),
            is_required=False,
            known=("media_product_type",),
            description="Live stories of connected accounts with their insights, every six hours.",
        ),
    ),
)
