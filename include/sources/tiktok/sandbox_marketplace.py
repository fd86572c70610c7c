"""TikTok One as the sandbox serves it: campaigns, their reports, creators and their posts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from include.sources.tiktok.sandbox_shapes import (
    Refusal,
    by_number,
    by_time,
    mixed,
    number_of,
    percent,
    read_integer,
    read_json,
    read_span,
    require,
    share_of,
)
from include.sources.tiktok.sandbox_videos import (
    DAY,
    Figures,
    Network,
    Video,
    counted_until,
    start_of,
)

CAMPAIGN_PAGE, REPORT_PAGE = 5, 20
# Campaigns of earlier seasons, without videos, so that there is more than one page.
EARLIER_CAMPAIGNS = 5
COUNTRY = "US"
JOINED_BY = frozenset({"own_account", "partnership_content"})
SPLIT = ("video_views", "reach", "likes", "comments", "shares", "favorites")
DAILY_NAMES = {"video_views": "views"}


class Marketplace:
    """Answers for the brand: who joined its campaigns and how their videos do."""

    def __init__(self, network: Network) -> None:
        self._network = network

    @property
    def campaign_id(self) -> str:
        """The id of the market's own campaign."""
        return str(7 * 10**18 + number_of(self._network.market.plan.campaign.id) % 10**17)

    def campaigns(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/tto/tcm/campaign/`, newest first, five on a page at most."""
        wanted = read_json(params, "campaign_ids", [])
        found = [c for c in self._campaigns(now) if not wanted or c["campaign_id"] in wanted]
        page, info = by_number(found, params, CAMPAIGN_PAGE, CAMPAIGN_PAGE)
        return {"campaigns": page, "page_info": info}

    def report(
        self, params: Mapping[str, str], country: str | None, now: dt.datetime
    ) -> dict[str, Any]:
        """Answer `/tto/tcm/report/`; days are given only with both dates."""
        require(params, "campaign_id")
        campaign_id = params["campaign_id"]
        if campaign_id not in {c["campaign_id"] for c in self._campaigns(now)}:
            raise Refusal(40002, "campaign_id: the campaign does not exist.")
        span = read_span(params, None, None)
        is_own = campaign_id == self.campaign_id and country in (None, COUNTRY)
        videos = self.linked_videos(now) if is_own else []
        page, info = by_number(videos, params, 10, REPORT_PAGE)
        return {
            "tto_tcm_account_id": params["tto_tcm_account_id"],
            "campaign_id": campaign_id,
            "country_code": country or COUNTRY,
            "campaign_type": "CAMPAIGN",
            "page_info": info,
            "videos": [self._reported(video, span, now) for video in page],
        }

    def creator(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/tto/tcm/creator/public/`."""
        name = self._creator(params, now)
        handle = self._network.handles[name]
        videos = self._network.visible(handle, now)
        figures = [self._network.figures(video, now) for video in videos]
        views = sorted(f.total("video_views") for f in figures)
        liked = sum(f.total("likes") + f.total("comments") + f.total("shares") for f in figures)
        counts = {
            "followers_count": self._network.followers(name, now),
            "likes_count": sum(f.total("likes") for f in figures),
            "videos_count": len(videos),
            "median_views": views[len(views) // 2] if views else 0,
        }
        return {
            "handle_name": handle,
            "display_name": self._network.account(name, now).name,
            **mixed(counts, f"{handle}:{now.date()}"),
            "engagement_rate": percent(round(liked / max(sum(views), 1), 4), handle),
            "country_code": COUNTRY,
        }

    def posts(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/tto/tcm/creator/public/video/list/`: public counters, current ones."""
        handle = self._network.handles[self._creator(params, now)]
        limit = read_integer(params, "limit", 10, 1, 10)
        cursor = read_integer(params, "cursor", 0, 0) or int(now.timestamp() * 1000)
        wanted = read_json(params, "video_ids", [])
        pairs = [
            (video.millisecond, video)
            for video in self._network.visible(handle, now)
            if not wanted or video.video_id in wanted
        ]
        page, has_more, following = by_time(pairs, cursor, limit)
        # This one writes its cursor as text.
        info = {"has_more": has_more, "cursor": str(following)}
        return {"posts": [self._post(video, now) for video in page], "page_info": info}

    def linked_videos(self, now: dt.datetime) -> list[Video]:
        """Return the videos of the campaign: promised pieces of creators who joined it."""
        joined = set(self._joined())
        return [
            video
            for video in self._network.videos
            if video.post.deliverable_id
            and video.handle in joined
            and video.published_at <= now
            and (video.deleted_at is None or video.deleted_at > now)
        ]

    def _joined(self) -> list[str]:
        network = self._network
        return [
            handle
            for name, handle in network.creators.items()
            if network.access_paths[name] in JOINED_BY
        ]

    def _campaigns(self, now: dt.datetime) -> list[dict[str, Any]]:
        plan = self._network.market.plan
        own = {
            "campaign_id": self.campaign_id,
            "campaign_type": "CAMPAIGN",
            "brand_name": plan.brand.name,
            "campaign_name": plan.campaign.name,
            "handle_names": self._joined(),
            "video_ids": [video.video_id for video in self.linked_videos(now)],
            "anchor_id": "7400000000000000001",
            "invite_link": "https://www.tiktok.com/tto/invite/sandbox",
            "country_codes": [COUNTRY],
            "create_time": f"{plan.campaign.start_date - 14 * DAY} 09:00:00",
        }
        earlier = [
            {
                "campaign_id": str(7 * 10**18 + number),
                "campaign_type": "CAMPAIGN",
                "brand_name": plan.brand.name,
                "campaign_name": f"Season {number}",
                "country_codes": [COUNTRY],
                "create_time": f"{plan.campaign.start_date - (100 + 90 * number) * DAY} 09:00:00",
            }
            for number in range(EARLIER_CAMPAIGNS)
        ]
        return [own, *earlier]

    def _creator(self, params: Mapping[str, str], now: dt.datetime) -> str:
        """Return the market name of a handle; personal accounts are not on the marketplace."""
        require(params, "handle_name")
        wanted = params["handle_name"].lower()
        for name, handle in self._network.creators.items():
            if handle.lower() == wanted:
                if self._network.account(name, now).kind == "personal":
                    break
                return name
        raise Refusal(40121, "The user is not a TikTok Creator Marketplace creator.")

    def _reported(
        self, video: Video, span: tuple[dt.date, dt.date] | None, now: dt.datetime
    ) -> dict[str, Any]:
        at = counted_until(now)
        document: dict[str, Any] = {
            "video_id": video.video_id,
            "creator_info": {"handle_name": video.handle},
            "video_info": {
                "create_time": f"{video.published_at:%Y-%m-%d %H:%M:%S}",
                "embed_url": f"https://www.tiktok.com/player/v1/{video.video_id}",
            },
            "video_boosted_date": "1970-01-01",
            "anchor_id": "7400000000000000001",
        }
        if video.boosted_at is not None and video.boosted_at <= at:
            document["video_boosted_date"] = f"{video.boosted_at:%Y-%m-%d %H:%M:%S}"
        if video.published_at < at:
            document |= self._lifetime(video, at)
        if span is not None:
            document["daily_stats"] = self._days(video, span, at)
        return document

    def _lifetime(self, video: Video, at: dt.datetime) -> dict[str, Any]:
        figures, seed = self._network.figures(video, at), f"{video.video_id}:report:{at.date()}"
        views = figures.total("video_views")
        engaged = sum(figures.total(name) for name in ("likes", "comments", "shares"))
        counts = {name: figures.total(name) for name in SPLIT}
        counts |= {f"{name}_organic": figures.organic[name] for name in SPLIT}
        counts |= {f"{name}_paid": figures.paid[name] for name in SPLIT}
        counts |= {"engagement_count": engaged, "total_play_time": int(figures.watch_seconds)}
        rate = round(0.06 + 0.25 * share_of(video.video_id, "completion"), 4)
        by_source = {"for_you": int(views * 0.8), "following": int(views * 0.1)}
        return {
            **mixed(counts, seed),
            "engagement_rate": percent(round(engaged / views, 4) if views else 0.0, seed),
            "video_completion_rate": percent(rate, f"{seed}:completion"),
            "average_view_time": round(figures.watch_seconds / views, 2) if views else 0,
            "two_seconds_views": percent(0.61, f"{seed}:two"),
            "six_seconds_views": 0.34,
            "video_views_by_source": _by_source(by_source, seed),
            "anchor_metrics": mixed(_anchor(figures), f"{seed}:anchor"),
        }

    def _days(
        self, video: Video, span: tuple[dt.date, dt.date], at: dt.datetime
    ) -> list[dict[str, Any]]:
        """Return the known days of a span; what a day has none of is left out, not zero."""
        found = []
        day = max(span[0], video.published_at.date())
        while day <= span[1] and start_of(day) < at:
            before = self._network.figures(video, start_of(day))
            after = self._network.figures(video, start_of(day + DAY))
            values: dict[str, int] = {}
            for name in SPLIT:
                shown = DAILY_NAMES.get(name, name)
                values[shown] = after.total(name) - before.total(name)
                if name != "reach":
                    values[f"{name}_organic"] = after.organic[name] - before.organic[name]
                    values[f"{name}_paid"] = after.paid[name] - before.paid[name]
            known = {name: value for name, value in values.items() if value > 0}
            if known:
                written = mixed(known, f"{video.video_id}:{day}")
                found.append({"date": day.isoformat(), **written})
            day += DAY
        return found

    def _post(self, video: Video, now: dt.datetime) -> dict[str, Any]:
        figures = self._network.figures(video, now)
        names = ("video_views", "likes", "comments", "shares", "favorites")
        caption = video.post.caption or ""
        words = caption.replace(",", " ").split()
        counts = {name: figures.total(name) for name in names}
        return {
            "video_id": video.video_id,
            "caption": caption,
            "create_time": f"{video.published_at:%Y-%m-%d %H:%M:%S}",
            **mixed(counts, f"{video.video_id}:post:{now.date()}"),
            "caption_hashtags": [word[1:] for word in words if word.startswith("#")],
            "mentioned_accounts": [word[1:] for word in words if word.startswith("@")],
            "collaboration_status": "PAID_PARTNERSHIP" if "#ad" in words else "NONE",
        }


def _anchor(figures: Figures) -> dict[str, int]:
    views = figures.total("video_views")
    return {
        "anchor_views": int(views * 0.74),
        "anchor_clicks": figures.clicks,
        "anchor_unique_views": int(views * 0.6),
        "anchor_unique_clicks": int(figures.clicks * 0.9),
    }


def _by_source(values: Mapping[str, int], seed: str) -> Any:
    """Give views by source as the object of the reference or the list of its example."""
    if share_of(seed, "source") < 0.7:
        return dict(values)
    return [{"source": name, "video_views": views} for name, views in values.items()]
