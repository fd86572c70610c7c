"""The Accounts API as the sandbox serves it: `/business/get/`, `/video/list/`, `/comment/list/`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from include.sources.tiktok.sandbox_comments import Comments
from include.sources.tiktok.sandbox_shapes import (
    LONGEST_LOOKBACK_DAYS,
    Refusal,
    by_position,
    by_time,
    mixed,
    percent,
    read_fields,
    read_integer,
    read_json,
    read_span,
    require,
    share_of,
)
from include.sources.tiktok.sandbox_videos import DAY, Network, Video, counted_until, start_of

# Field → permission it needs.
PROFILE = {
    "display_name": "user.info.basic",
    "profile_image": "user.info.basic",
    "username": "user.info.username",
    "bio_description": "user.info.profile",
    "profile_deep_link": "user.info.profile",
    "is_verified": "user.info.stats",
    "following_count": "user.info.stats",
    "followers_count": "user.info.stats",
    "total_likes": "user.info.stats",
    "videos_count": "user.info.stats",
    "is_business_account": "user.account.type",
}
DAILY = (
    *("video_views", "unique_video_views", "likes", "comments", "shares"),
    *("daily_total_followers", "daily_new_followers", "daily_lost_followers"),
    *("engaged_audience", "audience_activity"),
)
BUSINESS_ONLY = (
    *("profile_views", "phone_number_clicks", "lead_submissions"),
    *("app_download_clicks", "email_clicks", "address_clicks"),
)
ACCOUNT_FIELDS = {
    **PROFILE,
    **dict.fromkeys((*DAILY, *BUSINESS_ONLY, "bio_link_clicks"), "user.insights"),
}
VIDEO_FIELDS = {
    **dict.fromkeys(
        (
            *("item_id", "create_time", "caption", "share_url", "embed_url", "thumbnail_url"),
            *("media_type", "is_ad", "video_duration", "video_views", "reach"),
            *("likes", "comments", "shares", "favorites"),
        ),
        "video.list",
    ),
    **dict.fromkeys(
        (
            *("total_time_watched", "average_time_watched", "full_video_watched_rate"),
            *("new_followers", "video_view_retention", "impression_sources", "engagement_likes"),
            *("audience_genders", "audience_countries", "audience_cities", "audience_types"),
            *(*BUSINESS_ONLY, "website_clicks"),
        ),
        "video.insights",
    ),
}
REAL_TIME = frozenset({"item_id", "create_time", "caption", "share_url", "media_type", "is_ad"})
SORTS = ("create_time", "likes", "replies")
# What parameters of comments may say.
CHOICES = {
    "sort_field": SORTS,
    "sort_type": ("asc", "desc"),
    "status": ("ALL", "PUBLIC"),
    "include_replies": ("true", "false"),
}


class AccountsApi:
    """Answers for the accounts that creators connected."""

    def __init__(
        self, network: Network, scopes: Sequence[str], removed_fields: Sequence[str]
    ) -> None:
        self._network = network
        self._scopes = frozenset(scopes)
        self._removed = frozenset(removed_fields)
        self._comments = Comments(network)

    def profile(self, name: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/business/get/`; an account of no creator has no videos and no followers."""
        fields = self._fields(params, ["display_name", "profile_image"], ACCOUNT_FIELDS)
        yesterday = now.date() - DAY
        span = read_span(params, yesterday - 6 * DAY, yesterday)
        assert span is not None
        if (now.date() - span[0]).days > LONGEST_LOOKBACK_DAYS:
            raise Refusal(40002, f"start_date: at most {LONGEST_LOOKBACK_DAYS} days ago")
        values = self._profile_values(name, now)
        document = {field: values[field] for field in fields if field in PROFILE}
        daily = [field for field in fields if field not in PROFILE or field == "followers_count"]
        if set(daily) - {"followers_count"}:
            document["metrics"] = self._days(name, daily, span, now)
        return document

    def videos(self, name: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/business/video/list/`: newest first, before the cursor."""
        fields = self._fields(params, ["item_id"], VIDEO_FIELDS)
        if "item_id" not in fields:
            raise Refusal(40002, "fields: item_id must be included.")
        most = read_integer(params, "max_count", 10, 1, 20)
        cursor = read_integer(params, "cursor", int(now.timestamp()) * 1000, 0)
        wanted = read_json(params, "filters", {}).get("video_ids")
        pairs = [
            (video.millisecond, video)
            for video in self._network.visible(self._handle(name), now)
            if wanted is None or video.video_id in wanted
        ]
        page, has_more, following = by_time(pairs, cursor, most)
        videos = [self._video(name, video, fields, now) for video in page]
        return {"videos": videos, "cursor": following, "has_more": has_more}

    def comments(self, name: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/business/comment/list/`; three replies each at most, only when asked for."""
        found = self._below(name, params, now)
        page = by_position(_sorted(found, params), params, 20, 30)
        with_replies = params.get("include_replies", "false") == "true"
        page["comments"] = [_shown(comment, with_replies) for comment in page["comments"]]
        return page

    def replies(self, name: str, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `/business/comment/reply/list/`."""
        require(params, "comment_id")
        for comment in self._below(name, params, now):
            if comment["comment_id"] == params["comment_id"]:
                return by_position(_sorted(comment["reply_list"], params), params, 20, 30)
        raise Refusal(40002, "comment_id: the comment does not exist.")

    def _fields(
        self, params: Mapping[str, str], default: list[str], known: Mapping[str, str]
    ) -> list[str]:
        fields = read_fields(params, default, known)
        if offline := [name for name in fields if name in self._removed]:
            raise Refusal(41002, f"Fields are offline: {offline}")
        if lacking := {known[name] for name in fields} - self._scopes:
            scopes = ", ".join(sorted(lacking))
            raise Refusal(40001, f"No permission for the requested fields. Required: {scopes}.")
        return fields

    def _handle(self, name: str) -> str:
        return self._network.handles.get(name, name)

    def _below(
        self, name: str, params: Mapping[str, str], now: dt.datetime
    ) -> list[dict[str, Any]]:
        if "comment.list" not in self._scopes:
            raise Refusal(40001, "No permission. Required: comment.list.")
        require(params, "video_id")
        for asked, allowed in CHOICES.items():
            if params.get(asked, allowed[0]) not in allowed:
                raise Refusal(40002, f"{asked}: Must be one of {', '.join(allowed)}.")
        shown = {"ALL", params.get("status", "ALL")}
        for video in self._network.visible(self._handle(name), now):
            if video.video_id == params["video_id"]:
                found = self._comments.under(video, now)
                return [c for c in found if "PUBLIC" not in shown or c["status"] == "PUBLIC"]
        raise Refusal(40002, "video_id: the video does not exist or is not yours.")

    def _profile_values(self, name: str, now: dt.datetime) -> dict[str, Any]:
        handle = self._handle(name)
        videos = self._network.visible(handle, now)
        is_known = name in self._network.handles
        account = self._network.account(name, now) if is_known else None
        return {
            "display_name": account.name if account else handle,
            "profile_image": f"https://cdn.tiktok.example/{handle}.jpeg?x-expires=1",
            "username": handle,
            "bio_description": "",
            "profile_deep_link": f"https://vm.tiktok.example/{handle}/",
            "is_verified": False,
            "following_count": 40 + int(share_of(handle, "following") * 300),
            "followers_count": self._network.followers(name, now) if account else 0,
            "total_likes": sum(self._network.figures(v, now).total("likes") for v in videos),
            "videos_count": len(videos),
            "is_business_account": is_business(handle),
        }

    def _days(
        self, name: str, fields: Sequence[str], span: tuple[dt.date, dt.date], now: dt.datetime
    ) -> list[dict[str, Any]]:
        """Return the days whose figures are known, each without what the account has none of."""
        last = counted_until(now).date()
        days = [span[0] + n * DAY for n in range((span[1] - span[0]).days + 1)]
        if name not in self._network.handles:
            return []
        found = []
        for day in (day for day in days if day < last):
            values = self._day(name, day)
            chosen = {field: values[field] for field in fields if field in values}
            found.append({"date": day.isoformat(), **mixed(chosen, f"{name}:{day}")})
        return found

    def _day(self, name: str, day: dt.date) -> dict[str, Any]:
        start, end = start_of(day), start_of(day + DAY)
        gained: dict[str, int] = dict.fromkeys(("video_views", "reach", "likes", "comments"), 0)
        gained |= {"shares": 0, "profile_views": 0}
        handle = self._handle(name)
        for video in self._network.visible(handle, end):
            before, after = (self._network.figures(video, at) for at in (start, end))
            for key in ("video_views", "reach", "likes", "comments", "shares"):
                gained[key] += max(after.total(key) - before.total(key), 0)
            gained["profile_views"] += after.profile_views - before.profile_views
        followers, previous = (self._network.followers(name, at) for at in (end, start))
        lost = int(followers * 0.0004)
        values = {
            "video_views": gained["video_views"],
            "unique_video_views": gained["reach"],
            "likes": gained["likes"],
            "comments": gained["comments"],
            "shares": gained["shares"],
            "followers_count": followers,
            "daily_total_followers": followers - previous,
            "daily_new_followers": followers - previous + lost,
            "daily_lost_followers": lost,
            "engaged_audience": gained["likes"] + gained["comments"],
            "audience_activity": [{"hour": str(h), "count": followers // 40} for h in range(24)],
        }
        if is_business(handle):
            values |= {**dict.fromkeys(BUSINESS_ONLY, 0), "bio_link_clicks": 0}
            values["profile_views"] = gained["profile_views"]
        return values

    def _video(
        self, name: str, video: Video, fields: Sequence[str], now: dt.datetime
    ) -> dict[str, Any]:
        at = counted_until(now)
        values: dict[str, Any] = {
            "item_id": video.video_id,
            "create_time": str(int(video.published_at.timestamp())),
            "caption": video.post.caption or "",
            "share_url": f"https://www.tiktok.com/@{video.handle}/video/{video.video_id}",
            "embed_url": f"https://www.tiktok.com/player/v1/{video.video_id}",
            "thumbnail_url": f"https://cdn.tiktok.example/{video.video_id}.jpeg?x-expires=1",
            "media_type": "PHOTO" if video.is_photo else "VIDEO",
            "is_ad": video.boosted_at is not None and video.boosted_at <= now,
        }
        if video.published_at < at:
            values |= self._counted(video, at)
        return {field: values[field] for field in fields if field in values}

    def _counted(self, video: Video, at: dt.datetime) -> dict[str, Any]:
        figures = self._network.figures(video, at)
        views = figures.total("video_views")
        counts: dict[str, Any] = {name: figures.total(name) for name in figures.organic}
        counts["new_followers"] = figures.new_followers
        if is_business(video.handle):
            counts |= dict.fromkeys(BUSINESS_ONLY, 0)
            counts |= {"profile_views": figures.profile_views, "website_clicks": figures.clicks}
        seed = f"{video.video_id}:{at.date()}"
        rate = round(0.06 + 0.25 * share_of(video.video_id, "completion"), 4)
        return {
            **mixed(counts, seed),
            "video_duration": round(9 + 40 * share_of(video.video_id, "duration"), 3),
            "total_time_watched": figures.watch_seconds,
            "average_time_watched": round(figures.watch_seconds / views, 3) if views else 0,
            "full_video_watched_rate": percent(rate, seed),
            "video_view_retention": [{"second": "1", "percentage": 0.91}],
            "impression_sources": [{"impression_source": "For You", "percentage": 0.7554}],
            "audience_genders": [{"gender": "Female", "percentage": 0.7554}],
            "audience_countries": [{"country": "US", "percentage": 0.68}],
            "audience_types": [{"type": "NEW_VIEWER", "percentage": 0.98}],
        }


def is_business(handle: str) -> bool:
    """Say whether an account is a registered business account."""
    return share_of(handle, "business") < 0.35


def _sorted(
    comments: Sequence[Mapping[str, Any]], params: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """Sort as asked; without a field the order is random, but the same on every page."""
    field = params.get("sort_field")
    if field is None:
        return sorted(comments, key=lambda comment: share_of(comment["comment_id"]))
    is_descending = params.get("sort_type") == "desc"
    return sorted(
        comments,
        key=lambda comment: (int(comment[field]), comment["comment_id"]),
        reverse=is_descending,
    )


def _shown(comment: Mapping[str, Any], with_replies: bool) -> dict[str, Any]:
    shown = dict(comment)
    replies = shown.pop("reply_list")
    return {**shown, "reply_list": replies[-3:]} if with_replies else shown
