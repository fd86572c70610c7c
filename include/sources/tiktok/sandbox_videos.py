"""TikTok as the market's creators fill it: their reels, posted again some hours later.

A video's figures are those of the reel it repeats, so many hours earlier, in a proportion of its
own; some videos are paid for and gain views on top. Everything follows from the market alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from include.sandbox.market_facts import MarketAccount, MarketPost
from include.sandbox.world import Market
from include.sources.tiktok.sandbox_shapes import number_of, share_of

DAY = dt.timedelta(days=1)
BOOSTED_SHARE, PAID_PER_ORGANIC = 0.3, 0.4
# Beyond the market's last day nothing is posted.
MARGIN = dt.timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Video:
    """One video; `scale` is its views per view of the reel it repeats, `lag` how much later."""

    video_id: str
    post: MarketPost
    handle: str
    published_at: dt.datetime
    lag: dt.timedelta
    scale: float
    deleted_at: dt.datetime | None
    boosted_at: dt.datetime | None
    is_photo: bool

    @property
    def millisecond(self) -> int:
        """Time of publication as cursors have it."""
        return int(self.published_at.timestamp()) * 1000


@dataclass(frozen=True, slots=True)
class Figures:
    """Lifetime figures of a video: organic and paid."""

    organic: Mapping[str, int]
    paid: Mapping[str, int]
    watch_seconds: float
    clicks: int
    profile_views: int
    new_followers: int

    def total(self, name: str) -> int:
        """Return organic and paid together."""
        return self.organic[name] + self.paid[name]


class Network:
    """The market's accounts and videos on TikTok."""

    def __init__(self, market: Market) -> None:
        self.market = market

    @cached_property
    def videos(self) -> list[Video]:
        """Every video of the market's span, oldest first."""
        end = dt.datetime.combine(self.market.end_date, dt.time(), tzinfo=dt.UTC) + MARGIN
        reels = [
            post
            for post in self.market.posts_at(end)
            if post.product_type == "REELS" and post.username in self.handles
        ]
        return sorted(map(self._repeat, reels), key=lambda video: video.published_at)

    @cached_property
    def brand(self) -> str | None:
        """Market name of the brand where the plan gives it a TikTok account."""
        has_account = "tiktok" in self.market.plan.brand.handles
        return self.market.accounts[0] if has_account else None

    @cached_property
    def creators(self) -> dict[str, str]:
        """Creators' handles by their name on the market's own network: the plan's, else the same.

        Everybody is on TikTok; the brand knows those whom the plan names.
        """
        found = {}
        for creator in self.market.plan.creators:
            here, there = creator.account("instagram"), creator.account("tiktok")
            if here is not None:
                found[here.handle] = there.handle if there else here.handle
        return found

    @cached_property
    def handles(self) -> dict[str, str]:
        """TikTok handles by market name, the brand's first."""
        brand = {} if self.brand is None else {self.brand: self._brand_handle}
        return brand | self.creators

    @property
    def _brand_handle(self) -> str:
        return self.market.plan.brand.handles["tiktok"]

    @cached_property
    def access_paths(self) -> dict[str, str]:
        """Creators' access paths on TikTok; a plan without any lends those of its own network."""
        creators = self.market.plan.creators
        platform = "tiktok" if any(c.account("tiktok") for c in creators) else "instagram"
        found: dict[str, str] = {}
        for creator in creators:
            here, there = creator.account("instagram"), creator.account(platform)
            if here is not None:
                found[here.handle] = there.access_path if there else "none"
        return found

    @cached_property
    def owners(self) -> list[str]:
        """Market names in the order of the places for connected accounts: the brand, creators."""
        brand = [] if self.brand is None else [self.brand]
        paths = self.access_paths
        return brand + sorted(paths, key=lambda name: paths[name] != "own_account")

    def account(self, name: str, now: dt.datetime) -> MarketAccount:
        """Return a creator's account on the market's own network."""
        return self.market.account_at(name, now)

    def visible(self, handle: str, now: dt.datetime) -> list[Video]:
        """Return an account's videos that are there at an instant, oldest first."""
        return [
            video
            for video in self.videos
            if video.handle == handle
            and video.published_at <= now
            and (video.deleted_at is None or video.deleted_at > now)
        ]

    def figures(self, video: Video, at: dt.datetime) -> Figures:
        """Return a video's lifetime figures as of an instant."""
        counters = self.market.counters_at(video.post.media_id, at - video.lag)
        organic = {
            "video_views": int(counters.views * video.scale),
            "reach": int(counters.reach * video.scale),
            "likes": int(counters.likes * video.scale),
            "comments": int(counters.comments * video.scale),
            "shares": int(counters.shares * video.scale),
            "favorites": int(counters.saves * video.scale),
        }
        views = organic["video_views"] + (paid_views := self._paid_views(video, at))
        half = paid_views / max(organic["video_views"], 1) / 2
        paid = {name: int(value * half) for name, value in organic.items()}
        paid |= {"video_views": paid_views, "reach": int(paid_views * 0.9), "comments": 0}
        return Figures(
            organic=organic,
            paid=paid,
            watch_seconds=round(views * counters.avg_watch_ms / 1000, 3),
            clicks=int(views * 0.012),
            profile_views=int(counters.profile_visits * video.scale),
            new_followers=int(counters.follows * video.scale),
        )

    def followers(self, name: str, at: dt.datetime) -> int:
        """Return an account's followers, in a proportion of its own to the market's network."""
        return int(self.account(name, at).followers * (0.4 + 1.2 * share_of(name, "followers")))

    def _paid_views(self, video: Video, at: dt.datetime) -> int:
        if video.boosted_at is None or at <= video.boosted_at:
            return 0
        now, then = (
            self.market.counters_at(video.post.media_id, moment - video.lag).views
            for moment in (at, video.boosted_at)
        )
        return int((now - then) * video.scale * PAID_PER_ORGANIC)

    def _repeat(self, post: MarketPost) -> Video:
        lag = dt.timedelta(seconds=int(7_200 + 14_400 * share_of(post.media_id, "lag")))
        published = post.published_at + lag
        is_boosted = bool(post.deliverable_id) and share_of(post.media_id, "boost") < BOOSTED_SHARE
        # Ids are times: seconds in the upper half, 19 digits in these years.
        low = number_of(post.media_id, "id") % 2**32
        return Video(
            video_id=str((int(published.timestamp()) << 32) | low),
            post=post,
            handle=self.handles[post.username],
            published_at=published,
            lag=lag,
            scale=0.5 + 1.1 * share_of(post.media_id, "scale"),
            deleted_at=post.deleted_at + lag if post.deleted_at else None,
            boosted_at=published + 2 * DAY if is_boosted else None,
            is_photo=share_of(post.media_id, "photo") < 0.1,
        )


def counted_until(now: dt.datetime) -> dt.datetime:
    """Return up to when figures are known: whole days (UTC), 24 to 48 hours late."""
    return (now - DAY).replace(hour=0, minute=0, second=0, microsecond=0)


def start_of(day: dt.date) -> dt.datetime:
    """Return the first instant of a day of UTC."""
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
