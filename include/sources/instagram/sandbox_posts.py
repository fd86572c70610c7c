"""The market's accounts and posts in the Graph API's shapes, with what the API holds back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from include.sandbox.market_facts import MarketAccount, MarketPost, PostCounters
from include.sandbox.world import Market
from include.sources.instagram.sandbox_shapes import Refusal

# Insights come late (up to 48 hours in the real API); likes and comments are current.
INSIGHTS_DELAY = dt.timedelta(hours=6)
FEWEST_VIEWERS = 5
STORY_LIFE = dt.timedelta(hours=24)
# How viewers go on from a story, per 100 views.
NAVIGATION = (("tap_forward", 62), ("tap_back", 4), ("tap_exit", 17), ("swipe_forward", 9))
# One post in so many hides its likes.
HIDDEN_LIKES = 13

_SHARED = {"reach", "views", "shares", "reposts", "total_interactions", "total_views"}
_PUBLIC = {"likes", "comments", "saved", "total_likes", "total_comments", "facebook_views"}
_WATCHED = {"ig_reels_avg_watch_time", "ig_reels_video_view_total_time", "crossposted_views"}
_ACTIONS = {"follows", "profile_visits", "profile_activity"}
METRICS: Mapping[str, set[str]] = {
    "FEED": _SHARED | _PUBLIC | _ACTIONS,
    "REELS": _SHARED | _PUBLIC | _WATCHED,
    "STORY": _SHARED | _ACTIONS | {"replies", "navigation", "link_clicks"},
}
KNOWN_METRICS = frozenset().union(*METRICS.values())


class Posts:
    """Who is who and which posts are visible at an instant; answers of one instant are kept."""

    def __init__(self, market: Market, reached: Collection[str] | None = None) -> None:
        """reached: usernames of the accounts the token reaches; None for all that connected."""
        self.market = market
        self._reached = reached
        self._at: dt.datetime | None = None
        self._posts: dict[str, MarketPost] = {}

    def all(self, now: dt.datetime) -> dict[str, MarketPost]:
        """Return every post so far by its id, newest first."""
        if self._at != now:
            posts = sorted(self.market.posts_at(now), key=lambda p: p.published_at, reverse=True)
            self._posts = {post.media_id: post for post in posts}
            self._at = now
        return self._posts

    def visible(self, account_id: str, now: dt.datetime) -> list[MarketPost]:
        """Return an account's posts and reels, newest first; stories have their own edge."""
        own = (post for post in self.all(now).values() if post.account_id == account_id)
        return [post for post in own if self.is_listed(post, now)]

    def is_listed(self, post: MarketPost, now: dt.datetime) -> bool:
        """Say whether a post is shown in lists of posts: no story, not deleted."""
        return post.product_type != "STORY" and not is_deleted(post, now)

    def stories(self, account_id: str, now: dt.datetime) -> list[MarketPost]:
        """Return an account's live stories, newest first."""
        return [
            post
            for post in self.all(now).values()
            if post.account_id == account_id
            and post.product_type == "STORY"
            and is_live(post, now)
            and not is_deleted(post, now)
        ]

    def connected(self, now: dt.datetime) -> list[MarketAccount]:
        """Return the accounts the token reaches: the brand's and the creators' who connected."""
        names = [n for n in self.market.accounts if self._reached is None or n in self._reached]
        accounts = [self.market.account_at(name, now) for name in names]
        return [a for a in accounts if a.access_path == "own_account"]

    def professional(self, username: str, now: dt.datetime) -> MarketAccount | None:
        """Return an account business discovery can see; personal ones look like unknown names."""
        wanted = username.lower()
        for name in self.market.accounts:
            if name.lower() == wanted:
                account = self.market.account_at(name, now)
                return None if account.kind == "personal" else account
        return None

    def profile(self, account: MarketAccount) -> dict[str, Any]:
        """Return an account as its node."""
        return {
            "id": account.account_id,
            "ig_id": int(account.account_id) % 10**11,
            "username": account.username,
            "name": account.name,
            "followers_count": account.followers,
            "follows_count": account.follows,
            "media_count": account.media_count,
        }

    def document(self, post: MarketPost, now: dt.datetime) -> dict[str, Any]:
        """Return a post as its owner sees it; hidden likes and missing captions are left out."""
        counters = self.market.counters_at(post.media_id, now)
        return {
            "id": post.media_id,
            "caption": post.caption,
            "media_type": post.media_type,
            "media_product_type": post.product_type,
            "permalink": post.permalink,
            "shortcode": post.shortcode,
            "timestamp": graph_time(post.published_at),
            "username": post.username,
            "owner": {"id": post.account_id},
            "like_count": None if hides_likes(post.media_id) else counters.likes,
            "comments_count": counters.comments,
        }

    def discovered_document(self, post: MarketPost, now: dt.datetime) -> dict[str, Any]:
        """Return a post as business discovery shows it: with views, without reach or saves."""
        counters = self.market.counters_at(post.media_id, now)
        return {**self.document(post, now), "view_count": counters.views}


class Insights:
    """Answers `/{media}/insights` of connected accounts."""

    def __init__(self, posts: Posts, removed: frozenset[str]) -> None:
        self._posts = posts
        self._removed = removed

    def answer(self, node: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Return lifetime metrics; one metric the product type lacks fails the call."""
        post = self._posts.all(now).get(node)
        own = {account.account_id for account in self._posts.connected(now)}
        if (
            post is None
            or post.account_id not in own
            or is_deleted(post, now)
            or (post.product_type == "STORY" and not is_live(post, now))
        ):
            message = f"Unsupported get request. Object with ID '{node}' does not exist"
            raise Refusal(400, 100, message, subcode=33)
        metrics = params.get("metric", "").split(",")
        self._check(metrics, post.product_type)
        if ("navigation" in metrics) != ("breakdown" in params) or (
            "navigation" in metrics and len(metrics) > 1
        ):
            raise Refusal(500, 1, "An unknown error has occurred.")
        counted_at = now - (dt.timedelta(0) if post.product_type == "STORY" else INSIGHTS_DELAY)
        if post.published_at > counted_at:
            return {"data": []}
        values = insight_values(self._posts.market.counters_at(node, counted_at))
        if post.product_type == "STORY" and values["reach"] < FEWEST_VIEWERS:
            message = "(#10) Not enough viewers for the media to show insights"
            raise Refusal(400, 10, message)
        if "navigation" in metrics:
            return {"data": [_navigation(node, values["views"])]}
        return {"data": [_metric(node, name, values[name]) for name in metrics if name in values]}

    def _check(self, metrics: list[str], product_type: str) -> None:
        for name in metrics:
            if name not in KNOWN_METRICS:
                allowed = ", ".join(sorted(KNOWN_METRICS))
                raise Refusal(
                    400, 100, f"(#100) metric[0] must be one of the following values: {allowed}"
                )
            if name not in METRICS[product_type] or name in self._removed:
                raise Refusal(
                    400,
                    100,
                    f"(#100) The Media Insights API does not support the {name} metric for this "
                    "media product type.",
                )


def insight_values(counters: PostCounters) -> dict[str, int]:
    """Return the market's counters under the API's metric names."""
    interactions = counters.likes + counters.comments + counters.saves + counters.shares
    return {
        "reach": counters.reach,
        "views": counters.views,
        "likes": counters.likes,
        "comments": counters.comments,
        "shares": counters.shares,
        "saved": counters.saves,
        "reposts": counters.reposts,
        "total_interactions": interactions,
        "profile_visits": counters.profile_visits,
        "follows": counters.follows,
        "link_clicks": counters.link_clicks,
        "replies": counters.replies,
        "ig_reels_avg_watch_time": counters.avg_watch_ms,
        "ig_reels_video_view_total_time": counters.total_watch_ms,
    }


def hides_likes(media_id: str) -> bool:
    """Say whether the owner of a post hides its likes."""
    return int(media_id) % HIDDEN_LIKES == 0


def is_deleted(post: MarketPost, now: dt.datetime) -> bool:
    """Say whether a post is gone."""
    return post.deleted_at is not None and post.deleted_at <= now


def is_live(story: MarketPost, now: dt.datetime) -> bool:
    """Say whether a story is still shown: for 24 hours."""
    return now < story.published_at + STORY_LIFE


def graph_time(moment: dt.datetime) -> str:
    """Write a time as the API does: UTC, no colon in the offset."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")


def _metric(node: str, name: str, value: int) -> dict[str, Any]:
    return {
        "name": name,
        "period": "lifetime",
        "values": [{"value": value}],
        "title": name.replace("_", " ").capitalize(),
        "id": f"{node}/insights/{name}/lifetime",
    }


def _navigation(node: str, views: int) -> dict[str, Any]:
    """Return the actions of a story as the API breaks them down; those nobody took are absent."""
    taken = {action: views * share // 100 for action, share in NAVIGATION}
    results = [{"dimension_values": [name], "value": n} for name, n in taken.items() if n]
    total = sum(taken.values())
    return {
        "name": "navigation",
        "period": "lifetime",
        "values": [{"value": total}],
        "title": "Navigation",
        "total_value": {
            "value": total,
            "breakdowns": [
                {"dimension_keys": ["story_navigation_action_type"], "results": results}
            ],
        },
        "id": f"{node}/insights/navigation/lifetime",
    }
