"""What must hold for a day of TikTok beyond its columns: counters, splits, connected accounts."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.listings import every_account_lists
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

# Counts of each table; a lifetime counter may fall, none may be negative.
COUNTERS = {
    "accounts": ("followers_count", "following_count", "total_likes", "videos_count"),
    "account_days": ("video_views", "unique_video_views", "likes", "daily_new_followers"),
    "videos": ("video_views", "reach", "likes", "comments", "shares", "favorites"),
    "comments": ("likes", "replies"),
    "reports": ("video_views", "reach", "likes", "comments", "shares", "anchor_clicks", "ad_cost"),
    "report_days": ("views", "reach", "likes", "comments", "shares", "favorites"),
    "creators": ("followers_count", "likes_count", "videos_count", "median_views"),
    "posts": ("video_views", "likes", "comments", "shares", "favorites"),
}
# Tables whose rows say when the API called its answer partial.
MARKED = ("accounts", "account_days", "videos", "reports", "report_days")


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    return [
        *day_rules(source, window),
        *(_not_negative(window, name) for name in COUNTERS),
        *(_not_partial(window, name) for name in MARKED),
        _split(window),
        _clicks(window),
        _every_known_account(window),
        _every_connected_creator(window),
        _every_settled_video(window),
        every_account_lists(window, "videos", "business_id", "create_time"),
    ]


def _not_negative(window: Window, stream: str) -> Rule:
    return no_rows(
        "counters are not negative",
        f"raw.tiktok__{stream}",
        f"select * from ({window.rows(stream)}) as rows "
        f"where least({', '.join(COUNTERS[stream])}) < 0",
    )


def _not_partial(window: Window, stream: str) -> Rule:
    return no_rows(
        "the API answered in full",
        f"raw.tiktok__{stream}",
        f"select * from ({window.rows(stream)}) as rows where is_partial",
        "warning",
    )


def _split(window: Window) -> Rule:
    """Views are counted once, as organic or as paid; one percent is left for rounding."""
    return no_rows(
        "organic and paid views are the views",
        "raw.tiktok__reports",
        f"""
        select * from ({window.rows("reports")}) as reports
        where abs(video_views_organic + video_views_paid - video_views)
            > greatest(1, 0.01 * video_views)
        """,
        "warning",
    )


def _clicks(window: Window) -> Rule:
    return no_rows(
        "links are not clicked more often than shown",
        "raw.tiktok__reports",
        f"select * from ({window.rows('reports')}) as reports where anchor_clicks > anchor_views",
        "warning",
    )


def _every_known_account(window: Window) -> Rule:
    """Accounts of the day before that today's snapshot lacks: somebody took them off the list."""
    accounts = window.rows("accounts")
    return no_rows(
        "accounts connected yesterday are still connected",
        "raw.tiktok__accounts",
        f"""
        select before.* from raw.tiktok__accounts as before
        inner join (select distinct connection_id, window_start from ({accounts}) as read) as today
            on before.connection_id = today.connection_id
            and before.window_start = today.window_start - interval '1 day'
        where not exists (
            select from ({accounts}) as read
            where read.connection_id = before.connection_id
                and read.business_id = before.business_id
        )
        """,
        "warning",
    )


def _every_connected_creator(window: Window) -> Rule:
    """Accounts the plan calls connected, whose counters did not come."""
    accounts = window.rows("accounts")
    return no_rows(
        "every account the plan calls connected has a snapshot",
        "raw.tiktok__accounts",
        f"""
        select planned.* from raw.campaign_plan__creator_accounts as planned
        where planned.platform = 'tiktok' and planned.access_path = 'own_account'
            and exists (select from ({accounts}) as read)
            and not exists (
                select from ({accounts}) as read
                where lower(read.username) = lower(ltrim(planned.handle, '@'))
            )
        """,
        "warning",
    )


def _every_settled_video(window: Window) -> Rule:
    """Figures come 24 to 48 hours late, and may be left out of videos nobody watches any more."""
    return no_rows(
        "videos of three to seven days have figures",
        "raw.tiktok__videos",
        f"""
        select * from ({window.rows("videos")}) as videos
        where video_views is null and refused_fields is null
            and create_time < captured_at - interval '3 days'
            and create_time > captured_at - interval '7 days'
        """,
        "warning",
    )
