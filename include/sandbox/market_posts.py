"""Posts of the market and their lifetime counters."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Literal

from include.campaigns.model import CampaignPlan, Deliverable
from include.sandbox.market_calendar import BRAND_POSTS, DAY, OWN_POSTS, PIECES, Calendar, draw
from include.sandbox.market_facts import PostCounters
from include.sandbox.market_profiles import PLATFORM, Profile

ProductType = Literal["FEED", "REELS", "STORY"]
PRODUCT_TYPES: dict[str, ProductType] = {"feed": "FEED", "reel": "REELS", "story": "STORY"}
HALF_LIFE_HOURS = {"FEED": 20.0, "REELS": 28.0}  # half of the final reach
STORY_HOURS, STORY_PACE = 24.0, 7.0
POSTS_BEFORE_DAYS = 28
OWN_POST_RATE, BRAND_POST_RATE = 1 / 6, 1 / 3  # posts per day outside the campaign
BRAND_INDEX = -1


@dataclass(frozen=True, slots=True)
class Post:
    """One post in market seconds, with the totals its counters grow towards.

    burst: how much this piece moves people to buy, mean 1. likes_lost: share of likes that goes
    again after `lost_at`. brand_follows: people who follow the brand because of it.
    """

    media_id: str
    owner: int  # profile index, BRAND_INDEX for the brand
    deliverable: Deliverable | None
    product_type: ProductType
    media_type: Literal["IMAGE", "CAROUSEL_ALBUM", "VIDEO"]
    published: int
    deleted: int | None
    caption: str | None
    reach: float
    engagement: float
    views_per_reach: float
    clicks: float
    burst: float
    likes_lost: float
    lost_at: int
    brand_follows: float
    watch_ms: int

    @property
    def shortcode(self) -> str:
        """The id as it stands in addresses."""
        raw = int(self.media_id).to_bytes(8, "big")
        return "D" + base64.urlsafe_b64encode(raw).decode().strip("=").replace("-", "x")[1:]

    def grown(self, at: float) -> float:
        """Return the share (0-1) of its final reach that a post has at a market second."""
        hours = min(at, self.deleted or at) - self.published
        return growth(self.product_type, max(hours / 3600, 0.0))

    def clicks_by(self, at: float) -> int:
        """Return the clicks so far on the link this post leads to."""
        return math.floor(self.clicks * self.grown(at))

    def counters(self, at: float) -> PostCounters:
        """Return the lifetime counters as of a market second, whole numbers."""
        reach = self.reach * self.grown(at)
        reactions = reach * self.engagement
        likes = reactions * 0.82 * (1 - self.likes_lost if at >= self.lost_at else 1)
        views = reach * self.views_per_reach
        is_story, is_reel = self.product_type == "STORY", self.product_type == "REELS"
        return PostCounters(
            likes=0 if is_story else math.floor(likes),
            comments=0 if is_story else math.floor(reactions * 0.07),
            shares=math.floor(reactions * (0.02 if is_story else 0.11)),
            saves=0 if is_story else math.floor(reach * 0.009),
            reach=math.floor(reach),
            views=math.floor(views),
            reposts=math.floor(reactions * 0.01),
            profile_visits=math.floor(reach * 0.014),
            follows=math.floor(reach * 0.0012),
            link_clicks=self.clicks_by(at) if is_story else 0,
            replies=math.floor(reach * 0.004) if is_story else 0,
            avg_watch_ms=self.watch_ms if is_reel and views >= 1 else 0,
            total_watch_ms=math.floor(views) * self.watch_ms if is_reel else 0,
        )


def growth(product_type: str, hours: float) -> float:
    """Return the share of the final reach after some hours: half in a day, stories end then."""
    if product_type == "STORY":
        end = 1 - math.exp(-STORY_HOURS / STORY_PACE)
        return (1 - math.exp(-min(hours, STORY_HOURS) / STORY_PACE)) / end
    return hours / (hours + HALF_LIFE_HOURS[product_type])


def build_posts(
    plan: CampaignPlan, profiles: tuple[Profile, ...], calendar: Calendar, seed: int
) -> list[Post]:
    """Publish everything of the market's days, sorted by time of publication."""
    # However long the shop has sold before, four weeks of posts are history enough, and each is
    # asked for again every day.
    first = max(calendar.day(plan.campaign.start_date) - POSTS_BEFORE_DAYS, 0)
    days = range(first, calendar.days)
    posts = [
        *_campaign_posts(plan, profiles, calendar, seed),
        *(post for day in days for post in _other_posts(day, profiles, plan, seed)),
    ]
    posts = [post for post in posts if post.published < calendar.days * DAY]
    return sorted(posts, key=lambda post: (post.published, post.media_id))


def _campaign_posts(
    plan: CampaignPlan, profiles: tuple[Profile, ...], calendar: Calendar, seed: int
) -> list[Post]:
    """Publish the promised pieces: most on their day, some late, one never, one deleted.

    Pieces promised on other platforms repeat these posts there (see those platforms' sandboxes), so
    they take part in no draw: a plan with more platforms has the same market.
    """
    promised = [(p, piece) for p in profiles for piece in p.creator.deliverables]
    pieces = [(p, piece) for p, piece in promised if piece.platform == PLATFORM]
    lasting = [i for i, (_, piece) in enumerate(pieces) if piece.format != "story"]
    order = draw(seed, PIECES).permutation(len(lasting)).tolist()
    missing = lasting[order[0]] if len(lasting) > 4 else None
    deleted = lasting[order[1]] if len(lasting) > 4 else None
    posts = []
    for number, (profile, piece) in enumerate(pieces):
        if number == missing:
            continue
        u = draw(seed, PIECES, number + 1).random(16).tolist()
        late = 0 if u[0] < 0.72 else 1 + int(u[1] * 5)
        published = (calendar.day(piece.planned_date) + late) * DAY + int(3600 * (11 + 10 * u[2]))
        gone = published + int((6 + 3 * u[3]) * DAY) if number == deleted else None
        posts.append(
            _post(
                profile,
                u,
                number,
                published,
                PRODUCT_TYPES[piece.format],
                _caption(plan, profile, u),
                piece,
                gone,
            )
        )
    return posts


def _other_posts(
    day: int, profiles: tuple[Profile, ...], plan: CampaignPlan, seed: int
) -> list[Post]:
    """Publish what creators and the brand post beside the campaign on one day."""
    table = draw(seed, OWN_POSTS, day).random((len(profiles), 16)).tolist()
    posts = []
    for profile, u in zip(profiles, table, strict=True):
        if u[0] < OWN_POST_RATE:
            kind: ProductType = "REELS" if u[1] < 0.4 else "FEED"
            published = day * DAY + int(3600 * (8 + 14 * u[2]))
            key = 1_000_000 + day * 1_000 + profile.index
            words = ("Slow Sunday", "Shelf notes", "Current favourites", "A quiet morning")
            caption = None if u[3] < 0.05 else f"{words[int(u[3] * 4)]} #skincareroutine"
            posts.append(_post(profile, u, key, published, kind, caption, None, None))
    u = draw(seed, BRAND_POSTS, day).random(16).tolist()
    if u[0] < BRAND_POST_RATE:
        caption = f"From our studio {plan.campaign.hashtag or ''}".strip()
        posts.append(
            _brand_post(u, 900_000_000 + day, day * DAY + int(3600 * (9 + 8 * u[2])), caption)
        )
    return posts


def _post(
    profile: Profile,
    u: list[float],
    key: int,
    published: int,
    kind: ProductType,
    caption: str | None,
    piece: Deliverable | None,
    deleted: int | None,
) -> Post:
    share = {"FEED": profile.feed_reach, "REELS": profile.reel_reach, "STORY": profile.story_reach}
    spread = 0.65 + 0.7 * u[4]
    reach = profile.followers * share[kind] * spread * (1 if piece else 0.85)
    rate = profile.story_rate if kind == "STORY" else profile.bio_rate
    has_link = piece is not None and bool(profile.creator.links)
    image: Literal["IMAGE", "CAROUSEL_ALBUM"] = "IMAGE" if u[5] < 0.5 else "CAROUSEL_ALBUM"
    return Post(
        media_id=_media_id(key),
        owner=profile.index,
        deliverable=piece,
        product_type=kind,
        media_type="VIDEO" if kind == "REELS" or (kind == "STORY" and u[5] < 0.7) else image,
        published=published,
        deleted=deleted,
        caption=None if kind == "STORY" else caption,
        reach=reach,
        engagement=profile.engagement * (0.9 + 0.2 * u[6]),
        views_per_reach=1.05 + 0.15 * u[7] if kind == "STORY" else 1.25 + 0.6 * u[7],
        clicks=reach * rate * (0.7 + 0.6 * u[8]) if has_link else 0.0,
        burst=-math.log(max(1 - u[9], 1e-9)) * 0.5 - math.log(max(1 - u[10], 1e-9)) * 0.5,
        likes_lost=0.006 + 0.014 * u[11] if u[12] < 0.12 else 0.0,
        lost_at=published + int((2 + 7 * u[13]) * DAY),
        brand_follows=0.0 if piece is None or profile.is_hollow else reach * 0.0016,
        watch_ms=int(3_500 + 6_000 * u[14]) if kind == "REELS" else 0,
    )


def _brand_post(u: list[float], key: int, published: int, caption: str) -> Post:
    kind: ProductType = "REELS" if u[1] < 0.35 else "FEED"
    return Post(
        media_id=_media_id(key),
        owner=BRAND_INDEX,
        deliverable=None,
        product_type=kind,
        media_type="VIDEO" if kind == "REELS" else "IMAGE",
        published=published,
        deleted=None,
        caption=caption,
        reach=18_400 * (0.2 + 0.3 * u[4]),
        engagement=0.022 + 0.015 * u[6],
        views_per_reach=1.3 + 0.5 * u[7],
        clicks=0.0,
        burst=0.0,
        likes_lost=0.0,
        lost_at=published,
        brand_follows=0.0,
        watch_ms=int(3_000 + 5_000 * u[14]) if kind == "REELS" else 0,
    )


def _media_id(key: int) -> str:
    """Spread keys over 17 digits (beyond 2^53, like the platform's ids); they stay distinct."""
    return str(17_900_000_000_000_000 + (key * 2_654_435_761) % 100_000_000_000_000)


def _caption(plan: CampaignPlan, profile: Profile, u: list[float]) -> str:
    """Write the caption of a campaign piece; now and then hashtag or disclosure is forgotten."""
    code = profile.creator.codes[0].code if profile.creator.codes else None
    parts = [
        f"My skin after two weeks with @{plan.brand.handles.get('instagram', 'us')}",
        ", ".join(plan.campaign.required_phrases) if u[11] < 0.92 else "",
        f"Use code {code}" if code else "Link in bio" if profile.creator.links else "",
        (plan.campaign.hashtag or "") if u[14] < 0.95 else "",
        "#ad" if u[15] < 0.9 else "",
    ]
    return " ".join(part for part in parts if part)
