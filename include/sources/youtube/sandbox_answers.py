"""The Data API's answers about channels, uploads and videos."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from include.sources.youtube.sandbox_shapes import METHODS, Refusal, check_params, choose, page_of
from include.sources.youtube.sandbox_videos import MarketChannel, MarketVideo, Studio

MOST_IDS = 50
VIEWS_PER_SUBSCRIBER = 61
PUBLIC = {
    "uploadStatus": "processed",
    "privacyStatus": "public",
    "license": "youtube",
    "embeddable": True,
    "publicStatsViewable": True,
    "madeForKids": False,
}
HIDDEN_TITLES = {"deleted": "Deleted video", "private": "Private video"}


class Catalogue:
    """Answers `channels`, `playlistItems` and `videos`; `refused_parts` are those of owners."""

    def __init__(self, studio: Studio, refused_parts: frozenset[str]) -> None:
        self._studio = studio
        self._refused = refused_parts

    def channels(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `channels.list` by ids or handle; unknown ones leave `items` out altogether."""
        method = METHODS["channels"]
        parts, selected = check_params(method, params)
        if selected == "id":
            ids = read_ids(params["id"])
            found = [self._studio.channels[i] for i in ids if i in self._studio.channels]
        elif selected == "forHandle":
            channel = self._studio.by_handle(params["forHandle"])
            found = [channel] if channel else []
        else:
            raise Refusal(400, "invalidFilters", f"This sandbox answers no {selected}.")
        documents = [choose(self._channel(channel, now), parts) for channel in found]
        page = page_of(method, documents, params, "youtube#channelListResponse")
        if not page["items"]:
            del page["items"]
        return page

    def playlist_items(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `playlistItems.list` for an uploads playlist, newest first."""
        method = METHODS["playlistItems"]
        parts, selected = check_params(method, params)
        if selected != "playlistId":
            raise Refusal(400, "invalidFilters", f"This sandbox answers no {selected}.")
        playlists = {channel.uploads: channel for channel in self._studio.channels.values()}
        channel = playlists.get(params["playlistId"])
        videos = self._studio.uploads(channel.channel_id, now) if channel else []
        if channel is None or not videos:
            raise Refusal(
                404,
                "playlistNotFound",
                "The playlist identified with the request's <code>playlistId</code> parameter "
                "cannot be found.",
                domain="youtube.playlistItem",
                location="playlistId",
            )
        documents = [
            choose(_playlist_item(channel, video, place, now), parts)
            for place, video in enumerate(videos)
        ]
        return page_of(method, documents, params, "youtube#playlistItemListResponse")

    def videos(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `videos.list` by ids: what is not public, or unknown, is silently left out."""
        parts, selected = check_params(METHODS["videos"], params)
        if selected != "id":
            raise Refusal(400, "invalidFilters", f"This sandbox answers no {selected}.")
        if "maxResults" in params:
            message = "Incompatible parameters specified in the request: id, maxResults"
            raise Refusal(400, "incompatibleParameters", message, location="parameters.")
        if refused := self._refused.intersection(parts):
            message = f"The caller may not read the part {', '.join(sorted(refused))}."
            raise Refusal(403, "forbidden", message, domain="youtube.video", location="part")
        known = self._studio.videos(now)
        found = [known[i] for i in read_ids(params["id"]) if i in known]
        items = [choose(self._video(v, now), parts) for v in found if v.is_returned(now)]
        return {
            "kind": "youtube#videoListResponse",
            "etag": "sandbox",
            "items": items,
            "pageInfo": {"totalResults": len(items), "resultsPerPage": len(items)},
        }

    def _channel(self, channel: MarketChannel, now: dt.datetime) -> dict[str, Any]:
        account = self._studio.account(channel, now)
        hidden = channel.hides_subscribers
        return {
            "kind": "youtube#channel",
            "etag": "sandbox",
            "id": channel.channel_id,
            "snippet": {
                "title": channel.name,
                "description": "",
                "customUrl": f"@{channel.handle.lower()}",
                "publishedAt": "2019-03-14T09:26:53.589793Z",
                "thumbnails": {"default": {"url": "https://yt3.example/default.jpg"}},
                "localized": {"title": channel.name, "description": ""},
                "country": "US",
            },
            "contentDetails": {"relatedPlaylists": {"likes": "", "uploads": channel.uploads}},
            "statistics": {
                "viewCount": str(account.followers * VIEWS_PER_SUBSCRIBER),
                "subscriberCount": "0" if hidden else str(rounded(account.followers)),
                "hiddenSubscriberCount": hidden,
                "videoCount": str(len(self._studio.uploads(channel.channel_id, now))),
            },
            "status": {
                "privacyStatus": "public",
                "isLinked": True,
                "longUploadsStatus": "longUploadsUnspecified",
                "madeForKids": False,
            },
        }

    def _video(self, video: MarketVideo, now: dt.datetime) -> dict[str, Any]:
        channel, post = self._studio.channels[video.channel_id], video.post
        caption = post.caption or ""
        document: dict[str, Any] = {
            "kind": "youtube#video",
            "etag": "sandbox",
            "id": video.video_id,
            "snippet": {
                "publishedAt": api_time(video.published_at),
                "channelId": video.channel_id,
                "title": title_of(video),
                "description": caption,
                "thumbnails": {"default": {"url": "https://i.example/default.jpg"}},
                "channelTitle": channel.name,
                "categoryId": "26",
                "liveBroadcastContent": "none",
                "localized": {"title": title_of(video), "description": caption},
            },
            "contentDetails": _content_details(video),
            "status": dict(PUBLIC),
            "statistics": self._statistics(video, now),
            "paidProductPlacementDetails": {"hasPaidProductPlacement": "#ad" in caption},
        }
        tags = [word[1:] for word in caption.split() if word.startswith("#")]
        if tags:
            document["snippet"]["tags"] = tags
        if post.deliverable_id is not None and video.is_short:
            document["brandPartner"] = {"channelId": self._studio.brand.channel_id}
        return document

    def _statistics(self, video: MarketVideo, now: dt.datetime) -> dict[str, str]:
        counters = self._studio.counters(video, now)
        statistics = {"viewCount": str(counters.views)}
        if not video.hides_likes:
            statistics["likeCount"] = str(counters.likes)
        statistics["favoriteCount"] = "0"
        if video.has_comments:
            statistics["commentCount"] = str(counters.comments)
        return statistics


def _playlist_item(
    channel: MarketChannel, video: MarketVideo, place: int, now: dt.datetime
) -> dict[str, Any]:
    """Return an entry of an uploads playlist; one whose video is hidden says little."""
    state = video.state(now)
    details: dict[str, Any] = {"videoId": video.video_id}
    snippet: dict[str, Any] = {
        "publishedAt": api_time(video.published_at),
        "channelId": channel.channel_id,
        "title": HIDDEN_TITLES.get(state) or title_of(video),
        "description": "This video is unavailable." if state != "public" else "",
        "thumbnails": {},
        "channelTitle": channel.name,
        "playlistId": channel.uploads,
        "position": place,
        "resourceId": {"kind": "youtube#video", "videoId": video.video_id},
    }
    if state == "public":
        details["videoPublishedAt"] = api_time(video.published_at)
        snippet["videoOwnerChannelTitle"] = channel.name
        snippet["videoOwnerChannelId"] = channel.channel_id
    return {
        "kind": "youtube#playlistItem",
        "etag": "sandbox",
        "id": "VVU" + video.video_id,
        "snippet": snippet,
        "contentDetails": details,
        "status": {"privacyStatus": "privacyStatusUnspecified" if state == "deleted" else state},
    }


def read_ids(text: str) -> list[str]:
    """Return the asked ids, each once; more than 50 are refused."""
    ids = list(dict.fromkeys(text.split(",")))
    if len(ids) > MOST_IDS:
        message = "The request specifies an invalid filter parameter."
        raise Refusal(400, "invalidFilters", message, location="parameters.")
    return ids


def title_of(video: MarketVideo) -> str:
    """Return a video's title."""
    return (video.post.caption or "Untitled")[:100]


def rounded(subscribers: int) -> int:
    """Return a number of subscribers as the API shows it: three digits, rounded down."""
    step = int(10 ** max(0, len(str(subscribers)) - 3))
    return subscribers // step * step


def api_time(moment: dt.datetime) -> str:
    """Write a time as the API does."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_text(seconds: int) -> str:
    """Write a duration as ISO 8601; parts that are zero are left out."""
    minutes, rest = divmod(seconds, 60)
    return "PT" + (f"{minutes}M" if minutes else "") + (f"{rest}S" if rest else "")


def _content_details(video: MarketVideo) -> dict[str, Any]:
    return {
        "duration": duration_text(video.seconds),
        "dimension": "2d",
        "definition": "hd",
        "caption": "false",
        "licensedContent": False,
        "contentRating": {},
        "projection": "rectangular",
    }
