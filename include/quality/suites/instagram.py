"""What must hold for a day of Instagram beyond its columns: counters, and connected accounts."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.listings import every_account_lists
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

# Lifetime counters of each table; a fall is legal, a negative one is not.
COUNTERS = {
    "accounts": ("followers_count", "follows_count", "media_count"),
    "media": ("like_count", "comments_count"),
    "media_insights": ("reach", "views", "likes", "comments", "shares", "saved", "link_clicks"),
    "discovered_accounts": ("followers_count", "follows_count", "media_count"),
    "discovered_media": ("like_count", "comments_count", "view_count"),
    "partnership_content": ("likes", "comments", "views", "reach", "shares", "saves"),
    "account_insights": ("value",),
    "tags": ("like_count", "comments_count"),
    "comments": ("like_count",),
    "stories": ("reach", "views", "replies", "link_clicks", "navigation"),
}


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of the streams that share a window: those of a day, or the stories."""
    names = {stream.name for stream in source.streams}
    counters = [
        no_rows(
            "counters are not negative",
            f"raw.instagram__{stream}",
            f"select * from ({window.rows(stream)}) as rows where least({', '.join(columns)}) < 0",
        )
        for stream, columns in COUNTERS.items()
        if stream in names
    ]
    rules = [*day_rules(source, window), *counters]
    if "stories" in names:
        rules.append(_every_story_counts(window))
    if "accounts" in names:
        rules += [
            _every_known_account(window),
            _every_connected_creator(window),
            _every_young_post(window),
            every_account_lists(window, "media", "account_id", "timestamp"),
            _insights_of_late(window),
        ]
    return rules


def _every_story_counts(window: Window) -> Rule:
    """Stories the API lists but says nothing of; too few viewers are a reason of their own."""
    return no_rows(
        "live stories have insights",
        "raw.instagram__stories",
        f"""
        select * from ({window.rows("stories")}) as stories
        where reach is null and unavailable_reason is distinct from 'not_enough_viewers'
        """,
        "warning",
    )


def _insights_of_late(window: Window) -> Rule:
    """An empty list is unknown, not zero: days of an account that should be there by now."""
    return no_rows(
        "account insights are not missing for more than three days",
        "raw.instagram__account_insights",
        f"""
        select loads.* from ({window.loads_of_day()}) as loads
        where loads.stream = 'account_insights' and loads.status = 'loaded'
            and loads.rows_read = 0
        """,
        "warning",
    )


def _every_young_post(window: Window) -> Rule:
    """Posts young enough to be read daily (older ones weekly) that were not read."""
    return no_rows(
        "young posts of connected accounts have insights",
        "raw.instagram__media_insights",
        f"""
        select media.* from ({window.rows("media")}) as media
        where date '{window.partition_key}' - (media.timestamp at time zone 'UTC')::date <= 14
            and not exists (
                select from raw.instagram__media_insights as insights
                where insights.connection_id = media.connection_id
                    and insights.media_id = media.media_id
                    and insights.window_start = media.window_start
            )
        """,
        "warning",
    )


def _every_known_account(window: Window) -> Rule:
    """Accounts of the day before that today's snapshot lacks: access was withdrawn, or lost."""
    accounts = window.rows("accounts")
    return no_rows(
        "accounts connected yesterday are still connected",
        "raw.instagram__accounts",
        f"""
        select before.* from raw.instagram__accounts as before
        inner join (select distinct connection_id, window_start from ({accounts}) as read) as today
            on before.connection_id = today.connection_id
            and before.window_start = today.window_start - interval '1 day'
        where not exists (
            select from ({accounts}) as read
            where read.connection_id = before.connection_id and read.account_id = before.account_id
        )
        """,
        "warning",
    )


def _every_connected_creator(window: Window) -> Rule:
    """Accounts the plan calls connected, whose counters did not come."""
    accounts = window.rows("accounts")
    return no_rows(
        "every account the plan calls connected has a snapshot",
        "raw.instagram__accounts",
        f"""
        select planned.* from raw.campaign_plan__creator_accounts as planned
        where planned.platform = 'instagram' and planned.access_path = 'own_account'
            and exists (select from ({accounts}) as read)
            and not exists (
                select from ({accounts}) as read
                where lower(read.username) = lower(ltrim(planned.handle, '@'))
            )
        """,
        "warning",
    )
