"""Which fields are asked of an account, and what is left out when the API refuses some.

One field without its permission makes the whole call fail. The message sometimes quotes the names;
where it does not, the dearest group of fields is given up first. What was left out is named in the
rows, so an unknown metric is never taken for a metric of zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from include.errors import MissingScope
from include.sources._base import Page
from include.sources.tiktok.envelope import ParameterRefused

Groups = Sequence[tuple[str, ...]]

ACCOUNT_FIELDS: Groups = (
    ("username", "display_name"),
    ("followers_count", "following_count", "total_likes", "videos_count", "is_verified"),
    ("is_business_account",),
)
# user.insights; the second group exists for registered business accounts only.
ACCOUNT_DAY_FIELDS: Groups = (
    (
        "video_views",
        "unique_video_views",
        "likes",
        "comments",
        "shares",
        "followers_count",
        "daily_total_followers",
        "daily_new_followers",
        "daily_lost_followers",
        "engaged_audience",
    ),
    (
        "profile_views",
        "bio_link_clicks",
        "phone_number_clicks",
        "lead_submissions",
        "app_download_clicks",
        "email_clicks",
        "address_clicks",
    ),
    ("audience_activity",),
)
# video.list, then video.insights, then what registered business accounts have.
VIDEO_FIELDS: Groups = (
    ("item_id", "create_time", "caption", "share_url", "media_type"),
    ("video_views", "likes", "comments", "shares", "favorites", "reach", "video_duration", "is_ad"),
    (
        "total_time_watched",
        "average_time_watched",
        "full_video_watched_rate",
        "new_followers",
        "video_view_retention",
        "impression_sources",
        "audience_genders",
        "audience_countries",
        "audience_types",
    ),
    (
        "profile_views",
        "website_clicks",
        "phone_number_clicks",
        "lead_submissions",
        "app_download_clicks",
        "email_clicks",
        "address_clicks",
    ),
)


class FieldChoice:
    """The fields of one account that the API accepts; the first group is never given up."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._refused: set[str] = set()

    @property
    def refused(self) -> list[str]:
        """Fields left out, in the order of the groups."""
        return [name for group in self._groups for name in group if name in self._refused]

    def ask(self, ask: Callable[[list[str]], Page]) -> Page:
        """Ask for all fields, and again without the refused ones until the API accepts the rest.

        Raise the API's own refusal when it refuses the first group.
        """
        while True:
            try:
                return ask(self._wanted())
            except ParameterRefused as error:
                if not (self._drop(error.fields) or self._drop_last_group()):
                    raise
            except MissingScope:
                if not self._drop_last_group():
                    raise

    def _wanted(self) -> list[str]:
        return [name for group in self._groups for name in group if name not in self._refused]

    def _drop(self, names: Sequence[str]) -> bool:
        optional = {name for group in self._groups[1:] for name in group}
        dropped = optional.intersection(names) - self._refused
        self._refused |= dropped
        return bool(dropped)

    def _drop_last_group(self) -> bool:
        for group in reversed(self._groups[1:]):
            if dropped := set(group) - self._refused:
                self._refused |= dropped
                return True
        return False
