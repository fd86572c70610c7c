"""Comments under the market's videos: as many as the post's counter says, one by one in time."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from include.sandbox.market_voices import say
from include.sources.youtube.sandbox_answers import api_time
from include.sources.youtube.sandbox_shapes import METHODS, Refusal, check_params, choose, page_of
from include.sources.youtube.sandbox_videos import MarketVideo, Studio, draw, make_id

INLINE_REPLIES = 5
# One comment in three is a reply to one of the video's first two.
REPLIES, FIRST_THREADS = 3, 2
PEOPLE, CLOSED_ACCOUNTS = 4_000, 29
TEXTS = (
    "Bought it with your code!",
    "Which skin type is this for?",
    "Love this \U0001f60d",
    "רציתי לנסות הרבה זמן",
    "Is it vegan?",
    "Not for me, but nice video",
)


@dataclass(frozen=True, slots=True)
class MarketComment:
    """A comment; `parent_id` None for the first of a thread."""

    comment_id: str
    parent_id: str | None
    video: MarketVideo
    published_at: dt.datetime


class Comments:
    """Answers `commentThreads` and `comments`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._made: dict[str, list[MarketComment]] = {}

    def threads(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `commentThreads.list` of a video, newest thread first."""
        method = METHODS["commentThreads"]
        parts, selected = check_params(method, params)
        if selected != "videoId":
            raise Refusal(400, "invalidFilters", f"This sandbox answers no {selected}.")
        video = self._readable(params["videoId"], now)
        comments = self.of_video(video, now)
        threads = [comment for comment in comments if comment.parent_id is None]
        documents = [choose(self._thread(first, comments), parts) for first in reversed(threads)]
        page = page_of(method, documents, params, "youtube#commentThreadListResponse")
        # Here the API counts the page alone.
        page["pageInfo"] = {**page["pageInfo"], "totalResults": len(page["items"])}
        return page

    def replies(self, params: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
        """Answer `comments.list` of a thread, newest reply first."""
        method = METHODS["comments"]
        parts, selected = check_params(method, params)
        if selected != "parentId":
            raise Refusal(400, "invalidFilters", f"This sandbox answers no {selected}.")
        parent = params["parentId"]
        for made in self._made.values():
            if any(comment.comment_id == parent for comment in made):
                comments = self.of_video(made[0].video, now)
                found = [c for c in comments if c.parent_id == parent]
                documents = [choose(_comment(c), parts) for c in reversed(found)]
                page = page_of(method, documents, params, "youtube#commentListResponse")
                page["pageInfo"] = {**page["pageInfo"], "totalResults": len(page["items"])}
                return page
        raise Refusal(404, "commentNotFound", "The comment cannot be found.")

    def of_video(self, video: MarketVideo, now: dt.datetime) -> list[MarketComment]:
        """Return a video's comments so far, oldest first; as many as its counter says."""
        made = self._made.setdefault(video.video_id, [])
        count = self._studio.counters(video, now).comments
        while len(made) < count:
            made.append(self._make(video, len(made), now))
        return [comment for comment in made[:count] if comment.published_at <= now]

    def _make(self, video: MarketVideo, place: int, now: dt.datetime) -> MarketComment:
        comment_id = "Ug" + make_id(f"{video.video_id}:{place}", "comment", 24)
        parent = None
        if place >= FIRST_THREADS and draw(comment_id, "reply") % REPLIES == 0:
            parent = self._made[video.video_id][place % FIRST_THREADS].comment_id
            comment_id = f"{parent}.{comment_id[2:]}"
        return MarketComment(comment_id, parent, video, self._moment(video, place + 1, now))

    def _moment(self, video: MarketVideo, count: int, now: dt.datetime) -> dt.datetime:
        """Return the second at which the video's counter first says `count`."""
        low, high = 0, int((now - video.published_at).total_seconds())
        while low < high:
            middle = (low + high) // 2
            at = video.published_at + dt.timedelta(seconds=middle)
            if self._studio.counters(video, at).comments >= count:
                high = middle
            else:
                low = middle + 1
        return video.published_at + dt.timedelta(seconds=low)

    def _readable(self, video_id: str, now: dt.datetime) -> MarketVideo:
        video = self._studio.videos(now).get(video_id)
        if video is None or not video.is_returned(now):
            raise Refusal(
                404,
                "videoNotFound",
                'The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list'
                '#videoId">videoId</a></code> parameter could not be found.',
                domain="youtube.commentThread",
                location="videoId",
            )
        if not video.has_comments:
            raise Refusal(
                403,
                "commentsDisabled",
                'The video identified by the <code><a href="/youtube/v3/docs/commentThreads/list'
                '#videoId">videoId</a></code> parameter has disabled comments.',
                domain="youtube.commentThread",
                location="videoId",
            )
        return video

    def _thread(self, first: MarketComment, comments: list[MarketComment]) -> dict[str, Any]:
        replies = [c for c in comments if c.parent_id == first.comment_id]
        document: dict[str, Any] = {
            "kind": "youtube#commentThread",
            "etag": "sandbox",
            "id": first.comment_id,
            "snippet": {
                "channelId": first.video.channel_id,
                "videoId": first.video.video_id,
                "topLevelComment": _comment(first),
                "canReply": True,
                "totalReplyCount": len(replies),
                "isPublic": True,
            },
        }
        if replies:
            shown = [_comment(reply) for reply in replies[-INLINE_REPLIES:]]
            document["replies"] = {"comments": shown}
        return document


def _comment(comment: MarketComment) -> dict[str, Any]:
    number = draw(comment.comment_id, "author") % PEOPLE
    text = say(comment.comment_id, TEXTS)
    at = api_time(comment.published_at)
    snippet: dict[str, Any] = {
        "channelId": comment.video.channel_id,
        "videoId": comment.video.video_id,
        "textDisplay": text,
        "textOriginal": text,
        "authorDisplayName": f"@viewer-{number}",
        "authorProfileImageUrl": f"https://yt3.example/viewer-{number}.jpg",
        "authorChannelUrl": f"http://www.youtube.com/@viewer-{number}",
        "authorChannelId": {"value": "UC" + make_id(str(number), "viewer", 22)},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": draw(comment.comment_id, "likes") % 7,
        "publishedAt": at,
        "updatedAt": at,
    }
    if number % CLOSED_ACCOUNTS == 0:
        snippet |= {"authorDisplayName": "", "authorChannelUrl": "", "authorProfileImageUrl": ""}
        del snippet["authorChannelId"]
    if comment.parent_id is not None:
        snippet["parentId"] = comment.parent_id
    return {
        "kind": "youtube#comment",
        "etag": "sandbox",
        "id": comment.comment_id,
        "snippet": snippet,
    }
