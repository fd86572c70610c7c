"""What must hold for a day of YouTube beyond its columns: counters, ids, nothing silently lost."""

from __future__ import annotations

from include.quality.day_rules import day_rules
from include.quality.rules import Rule, Window, no_rows
from include.sources._base import Source

# Numbers that cannot be below 0; a fall of a lifetime counter is legal.
COUNTERS = {
    "channels": ("view_count", "subscriber_count", "video_count"),
    "videos": ("view_count", "like_count", "comment_count", "duration_seconds"),
    "comments": ("like_count", "total_reply_count"),
    "channel_days": ("views", "engaged_views", "estimated_minutes_watched"),
    "video_days": ("views", "engaged_views", "estimated_minutes_watched"),
}
# Over this share of videos left out, something other than creators' own deletions is going on.
MISSING_SHARE = 0.2


def build_suite(source: Source, window: Window) -> list[Rule]:
    """Return the rules of one day."""
    counters = [
        no_rows(
            "counters are not negative",
            f"raw.youtube__{stream}",
            f"select * from ({window.rows(stream)}) as rows where least({', '.join(columns)}) < 0",
        )
        for stream, columns in COUNTERS.items()
    ]
    return [
        *day_rules(source, window),
        *counters,
        _well_formed_ids(window),
        _every_upload_has_a_video(window),
        _few_videos_missing(window),
        _every_channel_found(window),
        _engaged_views_are_views(window),
    ]


def _well_formed_ids(window: Window) -> Rule:
    """Ids cut or changed in case would join with nothing."""
    return no_rows(
        "video ids have 11 characters, channel ids begin with UC",
        "raw.youtube__videos",
        f"""
        select * from ({window.rows("videos")}) as videos
        where video_id !~ '^[A-Za-z0-9_-]{{11}}$' or channel_id !~ '^UC[A-Za-z0-9_-]{{22}}$'
        """,
    )


def _every_upload_has_a_video(window: Window) -> Rule:
    """Listed videos without a row: an asked id was lost, which must not happen silently.

    The two streams list one after the other, so an upload hidden in between may miss.
    """
    return no_rows(
        "every listed upload has a video row",
        "raw.youtube__videos",
        f"""
        select uploads.* from ({window.rows("uploads")}) as uploads
        where exists (select from ({window.rows("videos")}) as read)
            and uploads.video_published_at is not null
            and not exists (
                select from raw.youtube__videos as videos
                where videos.connection_id = uploads.connection_id
                    and videos.video_id = uploads.video_id
                    and videos.window_start = uploads.window_start
            )
        """,
        "warning",
    )


def _few_videos_missing(window: Window) -> Rule:
    return no_rows(
        "at most 20 % of the asked videos were left out by the API",
        "raw.youtube__videos",
        f"""
        select * from (
            select videos.*,
                avg(case when title is null then 1.0 else 0.0 end)
                    over (partition by connection_id) as missing_share
            from ({window.rows("videos")}) as videos
        ) as counted
        where title is null and missing_share > {MISSING_SHARE}
        """,
        "warning",
    )


def _every_channel_found(window: Window) -> Rule:
    return no_rows(
        "every channel of connection and plan exists",
        "raw.youtube__channels",
        f"select * from ({window.rows('channels')}) as channels where channel_id is null",
        "warning",
    )


def _engaged_views_are_views(window: Window) -> Rule:
    """Both meanings of a view: the old one asks for more, so it can never count more."""
    return no_rows(
        "engaged views are at most the views",
        "raw.youtube__video_days",
        f"select * from ({window.rows('video_days')}) as days where engaged_views > views",
        "warning",
    )
