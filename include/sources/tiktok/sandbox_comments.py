"""Comments under the market's videos: as many as the counters say, each at its own instant."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

from include.sandbox.market_voices import say
from include.sources.tiktok.sandbox_shapes import number_of, share_of
from include.sources.tiktok.sandbox_videos import DAY, Network, Video

TEXTS = (
    "Does it help dry skin too?",
    "Ordered with your code 🌿",
    "نتيجة رائعة، شكراً",
    "My skin after one week: same, honestly",
    "Where can I get this in Canada?",
    "the glow is real ✨✨",
)
REPLIED_SHARE, MANY_REPLIES_SHARE, HIDDEN_SHARE, PINNED_SHARE = 0.18, 0.04, 0.03, 0.02
MANY_REPLIES, LIVELY_DAYS = 5, 45


class Comments:
    """Makes the comments of a video; those of a video are made once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._times: dict[str, list[dt.datetime]] = {}

    def under(self, video: Video, now: dt.datetime) -> list[dict[str, Any]]:
        """Return a video's comments at an instant, oldest first, replies in `reply_list`."""
        return [
            self._comment(video, number, made_at, now)
            for number, made_at in enumerate(self._made(video))
            if made_at <= now
        ]

    def _made(self, video: Video) -> list[dt.datetime]:
        """Return when each comment was made: when the counter reached its number."""
        if video.video_id not in self._times:
            end = video.published_at + LIVELY_DAYS * DAY
            total = self._network.figures(video, end).organic["comments"]
            self._times[video.video_id] = [
                self._reached(video, number + 1, end) for number in range(total)
            ]
        return self._times[video.video_id]

    def _reached(self, video: Video, count: int, end: dt.datetime) -> dt.datetime:
        low, high = int(video.published_at.timestamp()), int(end.timestamp())
        while low < high:
            middle = (low + high) // 2
            at = dt.datetime.fromtimestamp(middle, dt.UTC)
            if self._network.figures(video, at).organic["comments"] >= count:
                high = middle
            else:
                low = middle + 1
        return dt.datetime.fromtimestamp(low, dt.UTC)

    def _comment(
        self, video: Video, number: int, made_at: dt.datetime, now: dt.datetime
    ) -> dict[str, Any]:
        seed = f"{video.video_id}:{number}"
        replies = [
            _document(video, f"{seed}:{i}", made_at + (i + 1) * dt.timedelta(hours=3), now)
            for i in range(_reply_count(seed))
        ]
        shown = [reply for reply in replies if int(reply["create_time"]) <= now.timestamp()]
        document = _document(video, seed, made_at, now)
        for reply in shown:
            reply["parent_comment_id"] = document["comment_id"]
        return {**document, "replies": len(shown), "reply_list": shown}


def _reply_count(seed: str) -> int:
    drawn = share_of(seed, "replies")
    return MANY_REPLIES if drawn < MANY_REPLIES_SHARE else int(drawn < REPLIED_SHARE)


def _document(video: Video, seed: str, made_at: dt.datetime, now: dt.datetime) -> dict[str, Any]:
    is_reply = seed.count(":") == 2
    writer = video.handle if is_reply else f"viewer{number_of(seed, 'writer') % 100_000}"
    identity = hashlib.sha256(f"{writer}:identity".encode()).hexdigest()
    low = number_of(seed, "id") % 2**32
    return {
        "comment_id": str((int(made_at.timestamp()) << 32) | low),
        "video_id": video.video_id,
        "user_id": identity,
        "unique_identifier": f"+{identity[:20]}/{identity[20:43]}",
        "create_time": str(int(made_at.timestamp())),
        "text": say(seed, TEXTS),
        "likes": int(share_of(seed, "likes") * min((now - made_at) / DAY, 20.0)),
        "replies": 0,
        "owner": is_reply,
        "liked": share_of(seed, "liked") < 0.2,
        "pinned": not is_reply and share_of(seed, "pinned") < PINNED_SHARE,
        "status": "HIDDEN" if share_of(seed, "hidden") < HIDDEN_SHARE else "PUBLIC",
        "username": writer,
        "display_name": writer.title(),
        "profile_image": f"https://cdn.tiktok.example/{identity[:12]}.jpeg?x-expires=1",
    }
