"""Accounts and posts as the social network shows them at an instant."""

from __future__ import annotations

import bisect
import datetime as dt
import math
from typing import Literal

from include.campaigns.model import CampaignPlan
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_facts import MarketAccount, MarketOptions, MarketPost, PostCounters
from include.sandbox.market_posts import BRAND_INDEX, Post
from include.sandbox.market_profiles import Profile

BRAND_ACCOUNT_ID, BRAND_FOLLOWERS = "17841400000000001", 18_400
BRAND_GROWTH = 0.00022  # relative per day, without the campaign
SPIKE_SHARE, SPIKE_DAYS = 0.17, 2


class SocialNetwork:
    """Answer for accounts, posts and counters of a market."""

    def __init__(
        self,
        plan: CampaignPlan,
        profiles: tuple[Profile, ...],
        posts: list[Post],
        calendar: Calendar,
        options: MarketOptions,
    ) -> None:
        self._plan, self._calendar, self._first_day = plan, calendar, options.history_days
        self._profiles = profiles
        self._posts = posts
        self._brand = plan.brand.handles.get("instagram", "brand")
        self._by_name = {profile.username.lower(): profile for profile in profiles}
        self._by_id = {post.media_id: post for post in posts}
        self._published = [calendar.instant(post.published) for post in posts]
        self._shown = [self._show(post) for post in posts]
        self._deleted = [
            (i, calendar.instant(post.deleted)) for i, post in enumerate(posts) if post.deleted
        ]
        self._lasting: dict[int, list[int]] = {}
        for post in posts:
            if post.product_type != "STORY":
                self._lasting.setdefault(post.owner, []).append(post.published)

    @property
    def usernames(self) -> tuple[str, ...]:
        return (self._brand, *(profile.username for profile in self._profiles))

    def posts(self, now: dt.datetime) -> list[MarketPost]:
        """Return posts published by `now`, oldest first."""
        posts = self._shown[: bisect.bisect_right(self._published, now)]
        for place, gone in self._deleted:
            if gone <= now and place < len(posts):
                posts[place] = self._show(self._posts[place], gone)
        return posts

    def counters(self, media_id: str, now: dt.datetime) -> PostCounters:
        """Return lifetime counters; KeyError names an unknown post."""
        if media_id not in self._by_id:
            raise KeyError(f"the market has no post {media_id!r}")
        return self._by_id[media_id].counters(self._calendar.position(now))

    def account(self, username: str, now: dt.datetime) -> MarketAccount:
        """Return an account; KeyError names an unknown one."""
        at = self._calendar.position(now)
        name = username.strip().lower()
        if name == self._brand.lower():
            return self._brand_account(at)
        if name not in self._by_name:
            raise KeyError(f"the market has no account {username!r}")
        profile = self._by_name[name]
        kind: Literal["professional", "personal"] = (
            "personal" if profile.access_path == "none" else "professional"
        )
        return MarketAccount(
            account_id=profile.account_id,
            username=profile.username,
            name=profile.creator.name,
            followers=self._followers(profile, at),
            follows=180 + profile.index * 37 % 900,
            media_count=140 + profile.index * 29 % 300 + self._count(profile.index, at),
            kind=kind,
            access_path=profile.access_path,
            creator_id=profile.creator.id,
        )

    def _brand_account(self, at: float) -> MarketAccount:
        days = at / DAY - self._first_day
        won = sum(post.brand_follows * post.grown(at) for post in self._posts if post.brand_follows)
        return MarketAccount(
            account_id=BRAND_ACCOUNT_ID,
            username=self._brand,
            name=self._plan.brand.name,
            followers=math.floor(BRAND_FOLLOWERS * (1 + BRAND_GROWTH * days) + won),
            follows=412,
            media_count=530 + self._count(BRAND_INDEX, at),
            kind="brand",
            access_path="own_account",
            creator_id=None,
        )

    def _followers(self, profile: Profile, at: float) -> int:
        days = at / DAY - self._first_day
        size = profile.followers * (1 + profile.growth * days)
        if profile.spike_day is not None:
            risen = min(max((days - profile.spike_day) / SPIKE_DAYS, 0.0), 1.0)
            size += profile.followers * SPIKE_SHARE * risen
        return math.floor(size)

    def _count(self, owner: int, at: float) -> int:
        return bisect.bisect_right(self._lasting.get(owner, []), at)

    def _show(self, post: Post, deleted_at: dt.datetime | None = None) -> MarketPost:
        is_brand = post.owner == BRAND_INDEX
        profile = None if is_brand else self._profiles[post.owner]
        username = profile.username if profile else self._brand
        code = post.shortcode
        path = {"FEED": f"p/{code}/", "REELS": f"reel/{code}/"}.get(
            post.product_type, f"stories/{username}/{post.media_id}"
        )
        return MarketPost(
            media_id=post.media_id,
            creator_id=profile.creator.id if profile else None,
            account_id=profile.account_id if profile else BRAND_ACCOUNT_ID,
            username=username,
            product_type=post.product_type,
            media_type=post.media_type,
            published_at=self._calendar.instant(post.published),
            caption=post.caption,
            permalink=f"https://www.instagram.com/{path}",
            shortcode=code,
            deleted_at=deleted_at,
            deliverable_id=post.deliverable.id if post.deliverable else None,
        )
