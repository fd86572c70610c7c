"""The campaign's posts with their captions and counters, newest reading of each."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from psycopg import sql

from include.pages.campaign.selection import Selection
from include.pages.reader import Snapshot
from include.pages.tables import Column, Table, read_choice, read_page

CONTENT = Table(
    "posts",
    (
        Column("views_count", "Views", "compact"),
        Column("er_basic_by_views", "Engagement rate", "percent"),
        Column("estimated_post_net_revenue_amount", "Estimated revenue", "money"),
        Column("published_at", "Date", "instant"),
        Column("creator_name", "Creator"),
    ),
    sort="views_count",
    key=("platform", "post_id"),
    page_size=12,
)
MARTS = ("marts.mart_content_performance",)
EVERYTHING = sql.SQL(
    "select * from marts.mart_content_performance where campaign_id = %(campaign_id)s"
)
CSV_COLUMNS = (
    "campaign_id", "creator_id", "creator_name", "handle", "platform", "post_id",
    "content_format", "published_at", "published_date", "permalink", "caption", "has_hashtag",
    "has_mention", "has_code", "access_path", "metric_scope", "metric_definition_version",
    "measured_date", "views_count", "reach_count", "likes_count", "comments_count",
    "shares_count", "saves_count", "link_click_count", "er_basic_by_views", "er_by_reach",
    "attribution_model", "rule_version", "estimated_post_order_count",
    "estimated_post_net_revenue_amount", "currency_code", "fall_count", "unavailable_reason",
    "is_final", "as_of_date",
)  # fmt: skip


def read_content(
    request: Request, snapshot: Snapshot, selection: Selection
) -> Mapping[str, object]:
    """Return one page of posts; None before the first publication."""
    choice = read_choice(request, CONTENT)
    columns = snapshot.columns("marts.mart_content_performance")
    if not columns:
        return {"content": None}
    # Marts published before captions were part of them are shown without.
    caption = sql.SQL("caption" if "caption" in columns else "null::text as caption")
    statement = sql.SQL(
        """
        select
            platform, post_id, permalink, creator_name, handle, content_format, published_at,
            published_date, {caption}, has_code, has_hashtag, access_path, metric_scope,
            views_count, reach_count, likes_count, comments_count, shares_count, saves_count,
            er_basic_by_views, er_by_reach, estimated_post_order_count,
            estimated_post_net_revenue_amount,
            currency_code, measured_date, fall_count, unavailable_reason
        from marts.mart_content_performance
        where campaign_id = %(campaign_id)s
        """
    ).format(caption=caption)
    return {"content": read_page(snapshot, choice, statement, selection.parameters)}
