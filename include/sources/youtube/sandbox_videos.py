"""The market's people on YouTube: who has a channel, and which posts are also videos there.

Reels come again as Shorts a few hours later, some feed pieces as a longer video the next day. A
video's counters are those of its post, as old as the video is; everything follows from the
market's own ids, so that the same market has the same channels and videos.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from functools import cached_property

from include.sandbox.market_facts import MarketAccount, MarketPost, PostCounters
from include.sandbox.world import Market

CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
# The channel whose owner authorised the sandbox's connection, whatever the brand is called.
BRAND_CHANNEL_ID = "UCbr4nd-0wn_chann3l00001"
# One creator in two has a channel where the plan names none.
CHANNEL_SHARE = 0.5
SHORT_SHARE, LONG_SHARE = 0.7, 0.5
SHORT_DELAY, LONG_DELAY = dt.timedelta(hours=3), dt.timedelta(hours=26)
# One video in so many: hides its likes, has comments disabled, is made private after some days,
# is listed as public and yet left out of answers (blocked).
HIDDEN_LIKES, NO_COMMENTS, PRIVATE, BLOCKED = 13, 11, 31, 37
HIDDEN_SUBSCRIBERS = 9
PRIVATE_AFTER = dt.timedelta(days=10)


@dataclass(frozen=True, slots=True)
class MarketChannel:
    """A channel; `username` is its owner's account in the market."""

    channel_id: str
    handle: str
    username: str
    name: str

    @property
    def uploads(self) -> str:
        """Id of the playlist that holds its videos."""
        return "UU" + self.channel_id[2:]

    @property
    def hides_subscribers(self) -> bool:
        return draw(self.channel_id, "subscribers") % HIDDEN_SUBSCRIBERS == 0


@dataclass(frozen=True, slots=True)
class MarketVideo:
    """A video made of a post; `gone_at` is when it was deleted, `private_at` made private."""

    video_id: str
    channel_id: str
    post: MarketPost
    published_at: dt.datetime
    is_short: bool
    seconds: int
    gone_at: dt.datetime | None
    private_at: dt.datetime | None

    @property
    def delay(self) -> dt.timedelta:
        """How much younger the video is than its post."""
        return self.published_at - self.post.published_at

    @property
    def hides_likes(self) -> bool:
        return draw(self.video_id, "likes") % HIDDEN_LIKES == 0

    @property
    def has_comments(self) -> bool:
        return draw(self.video_id, "comments") % NO_COMMENTS != 0

    @property
    def is_blocked(self) -> bool:
        return draw(self.video_id, "blocked") % BLOCKED == 0

    def state(self, now: dt.datetime) -> str:
        """Return deleted, private or public."""
        if self.gone_at is not None and self.gone_at <= now:
            return "deleted"
        is_private = self.private_at is not None and self.private_at <= now
        return "private" if is_private else "public"

    def is_returned(self, now: dt.datetime) -> bool:
        """Say whether `videos.list` gives it to anyone who asks."""
        return self.state(now) == "public" and not self.is_blocked


class Studio:
    """Channels and videos of a market; the videos of one instant are kept."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self._at: dt.datetime | None = None
        self._videos: dict[str, MarketVideo] = {}

    @cached_property
    def channels(self) -> dict[str, MarketChannel]:
        """All channels by id, the brand's first."""
        plan, (brand, *names) = self.market.plan, self.market.accounts
        handle = plan.brand.handles.get("youtube", brand)
        channels = [MarketChannel(BRAND_CHANNEL_ID, handle, brand, plan.brand.name)]
        by_name = {a.handle.lower(): c for c in plan.creators for a in c.accounts}
        for username in names:
            creator = by_name[username.lower()]
            account = creator.account("youtube")
            if account is not None:
                channels.append(_channel(username, account.handle, creator.name))
            elif draw(username, "channel") % 1000 < CHANNEL_SHARE * 1000:
                channels.append(_channel(username, username, creator.name))
        return {channel.channel_id: channel for channel in channels}

    @property
    def brand(self) -> MarketChannel:
        """The brand's channel, whose owner authorised the sandbox's connection."""
        return next(iter(self.channels.values()))

    def by_handle(self, handle: str) -> MarketChannel | None:
        """Return the channel of a handle, whatever its case and with or without @."""
        wanted = handle.removeprefix("@").lower()
        return next((c for c in self.channels.values() if c.handle.lower() == wanted), None)

    def account(self, channel: MarketChannel, now: dt.datetime) -> MarketAccount:
        return self.market.account_at(channel.username, now)

    def videos(self, now: dt.datetime) -> dict[str, MarketVideo]:
        """Return every video published so far by id, newest first, deleted ones too."""
        if self._at != now:
            owners = {channel.username: channel for channel in self.channels.values()}
            made = [
                _video(owners[post.username], post)
                for post in self.market.posts_at(now)
                if post.username in owners and _is_video(post)
            ]
            shown = [video for video in made if video.published_at <= now]
            shown.sort(key=lambda video: (video.published_at, video.video_id), reverse=True)
            self._videos, self._at = {video.video_id: video for video in shown}, now
        return self._videos

    def uploads(self, channel_id: str, now: dt.datetime) -> list[MarketVideo]:
        """Return a channel's videos, newest first, deleted ones too."""
        return [video for video in self.videos(now).values() if video.channel_id == channel_id]

    def counters(self, video: MarketVideo, now: dt.datetime) -> PostCounters:
        """Return the lifetime counters: those its post had at the video's age."""
        return self.market.counters_at(video.post.media_id, now - video.delay)


def draw(name: str, subject: str) -> int:
    """Return a number that depends on a name and a subject alone."""
    return int.from_bytes(hashlib.sha256(f"{subject}:{name}".encode()).digest()[:6])


def make_id(name: str, subject: str, length: int) -> str:
    """Return an id in the letters of the platform's."""
    digest = hashlib.sha256(f"{subject}:{name}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode()[:length]


def _channel(username: str, handle: str, name: str) -> MarketChannel:
    is_id = CHANNEL_ID.fullmatch(handle) is not None
    channel_id = handle if is_id else "UC" + make_id(username, "channel", 22)
    return MarketChannel(channel_id, username if is_id else handle, username, name)


def _is_video(post: MarketPost) -> bool:
    share = {"REELS": SHORT_SHARE, "FEED": LONG_SHARE}.get(post.product_type, 0.0)
    return draw(post.media_id, "video") % 1000 < share * 1000


def _video(channel: MarketChannel, post: MarketPost) -> MarketVideo:
    is_short = post.product_type == "REELS"
    published = post.published_at + (SHORT_DELAY if is_short else LONG_DELAY)
    video_id = make_id(post.media_id, "video", 11)
    length = draw(video_id, "length")
    is_private = draw(video_id, "private") % PRIVATE == 0
    delay = published - post.published_at
    return MarketVideo(
        video_id=video_id,
        channel_id=channel.channel_id,
        post=post,
        published_at=published,
        is_short=is_short,
        seconds=15 + length % 44 if is_short else 360 + length % 540,
        gone_at=post.deleted_at + delay if post.deleted_at else None,
        private_at=published + PRIVATE_AFTER if is_private else None,
    )
