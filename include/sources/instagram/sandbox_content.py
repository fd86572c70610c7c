"""The market's campaign posts whose creators let the brand use them in ads."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from include.sandbox.market_facts import MarketPost
from include.sources.instagram.sandbox_nodes import CONTENT, read_fields
from include.sources.instagram.sandbox_posts import (
    INSIGHTS_DELAY,
    Posts,
    graph_time,
    insight_values,
    is_deleted,
)
from include.sources.instagram.sandbox_shapes import Refusal, choose, page_of

MEDIA_TYPES = {"IMAGE": "image", "VIDEO": "video", "CAROUSEL_ALBUM": "carousel"}
POST_TYPES = {"FEED": "feed", "REELS": "reels", "STORY": "story"}
# Unless it is asked to sort by date, newest first, the API gives what it recommends first.
RECOMMENDED = "RECOMMENDED"
SORTS = (RECOMMENDED, "DATE")
FILTERS = ("platform_types", "media_types", "post_types")


class BrandContent:
    """Answers `/{business}/partnership-ads-advertisable-content`: campaign posts with consent."""

    def __init__(self, posts: Posts) -> None:
        self._posts = posts

    def answer(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Return one page; only `content_id` unless fields are listed, the last page unpaged."""
        brand = [a for a in self._posts.connected(now) if a.kind == "brand"]
        if params.get("ig_user_id") not in {account.account_id for account in brand}:
            raise Refusal(400, 100, "(#100) ig_user_id must be an account of this business")
        for name in FILTERS:
            if params.get(name, "") != params.get(name, "").lower():
                raise Refusal(400, 100, f"(#100) Param {name} holds an unknown value")
        if params.get("sort_by", RECOMMENDED) not in SORTS:
            raise Refusal(400, 100, f"(#100) Param sort_by must be one of {', '.join(SORTS)}")
        posts = [post for post in self._posts.all(now).values() if self._is_shared(post, now)]
        if params.get("sort_by", RECOMMENDED) == RECOMMENDED:
            posts.sort(key=lambda post: self._posts.market.counters_at(post.media_id, now).likes)
        fields = read_fields(params, CONTENT, "content_id")
        documents = [choose(self._document(post, now), fields) for post in posts]
        page = page_of(documents, params, default=25, most=50)
        if not page.get("paging", {}).pop("has_next", False):
            page.pop("paging", None)
        return page

    def _is_shared(self, post: MarketPost, now: dt.datetime) -> bool:
        account = self._posts.market.account_at(post.username, now)
        return (
            account.access_path == "partnership_content"
            and post.deliverable_id is not None
            and post.product_type != "STORY"
            and not is_deleted(post, now)
        )

    def _document(self, post: MarketPost, now: dt.datetime) -> dict[str, Any]:
        account = self._posts.market.account_at(post.username, now)
        return {
            "content_id": post.media_id,
            "platform": "instagram",
            "media_type": MEDIA_TYPES[post.media_type],
            "post_type": POST_TYPES[post.product_type],
            "caption": post.caption,
            "permalink": post.permalink,
            "creation_time": graph_time(post.published_at),
            "author": {"ig_user_id": account.account_id, "display_name": account.name},
            "partnership_info": [
                {
                    "ad_eligibility": "AD_READY",
                    "permission_status": "APPROVED",
                    "content_types": ["BRANDED_CONTENT"],
                }
            ],
            "organic_insights": self._organic(post, now),
        }

    def _organic(self, post: MarketPost, now: dt.datetime) -> dict[str, int | None]:
        names = ("likes", "comments", "views", "reach", "shares", "interaction", "saves")
        counted_at = now - INSIGHTS_DELAY
        if post.published_at > counted_at:
            return dict.fromkeys(names)
        values = insight_values(self._posts.market.counters_at(post.media_id, counted_at))
        values |= {"interaction": values["total_interactions"], "saves": values["saved"]}
        return {name: values[name] for name in names}
