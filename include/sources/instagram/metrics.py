"""Which insights a post or an account has, as data: per product type and date of definition.

Meta takes metrics away and adds some for all API versions at once, so the date decides, not the
version that is called. A new definition is a new row with its date; a metric without a column is
kept in `_extra` until it gets one. Left out on purpose: `total_*` (with boosted engagement; refused
with code 200 on some accounts), `facebook_views` (an error for posts that were not shared there),
`reels_skip_rate` (still in development).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from include.sources._base import Page


@dataclass(frozen=True, slots=True)
class MetricList:
    """The metrics a product type has from a day on.

    definition: name of what the numbers mean; two definitions must not be joined to one series.
    """

    product_type: str
    valid_from: dt.date
    definition: str
    metrics: tuple[str, ...]


# On this day views replaced impressions and plays everywhere.
VIEWS = dt.date(2025, 4, 21)
# Clicks on a story's link.
LINK_CLICKS = dt.date(2026, 6, 22)
DEFINITION = "instagram_views_2025"

_EVERY_POST = ("reach", "views", "shares", "reposts", "total_interactions")
_LASTING = ("likes", "comments", "saved")
_STORY = (*_EVERY_POST, "profile_visits", "follows", "replies")
# One metric a media does not have makes the whole call fail, so each product type has its own list.
METRIC_LISTS = (
    MetricList("FEED", VIEWS, DEFINITION, (*_EVERY_POST, *_LASTING, "profile_visits", "follows")),
    MetricList(
        "REELS",
        VIEWS,
        DEFINITION,
        (
            *_EVERY_POST,
            *_LASTING,
            "ig_reels_avg_watch_time",
            "ig_reels_video_view_total_time",
        ),
    ),
    MetricList("STORY", VIEWS, DEFINITION, _STORY),
    MetricList("STORY", LINK_CLICKS, DEFINITION, (*_STORY, "link_clicks")),
)
# Daily totals of an account.
ACCOUNT_METRICS = (
    "reach",
    "views",
    "accounts_engaged",
    "total_interactions",
    "likes",
    "comments",
    "shares",
    "saves",
    "replies",
    "reposts",
    "profile_links_taps",
)


def metrics_of(product_type: str, day: dt.date) -> MetricList:
    """Return what a post of a product type has on a day; unknown types are asked as FEED."""
    known = {found.product_type for found in METRIC_LISTS}
    wanted = product_type if product_type in known else "FEED"
    lists = [found for found in METRIC_LISTS if found.product_type == wanted]
    valid = [found for found in lists if found.valid_from <= day]
    return max(valid or lists[:1], key=lambda found: found.valid_from)


def ask_accepted(
    wanted: tuple[str, ...],
    likely: tuple[str, ...] | None,
    ask: Callable[[tuple[str, ...]], Page],
    is_refused: Callable[[Page], bool],
) -> tuple[Page, tuple[str, ...]]:
    """Ask for all metrics, and where one is refused find out which by asking each alone.

    likely: metrics that the last such object was seen to have; tried before the single ones. Return
    the last answer and the metrics it was asked for, none when every one is refused.
    """
    page, asked = ask(wanted), wanted
    if is_refused(page) and likely is not None:
        page, asked = ask(likely), likely
    if is_refused(page):
        asked = tuple(name for name in wanted if not is_refused(ask((name,))))
        page = ask(asked) if asked else page
    return page, asked
