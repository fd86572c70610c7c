"""What others say in the market: comments and replies under posts, posts that tag the brand."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.sandbox.market_facts import MarketPost
from include.sandbox.market_voices import say
from include.sandbox.world import Market
from include.sources.instagram.sandbox_posts import Posts, graph_time
from include.sources.instagram.sandbox_shapes import Field, choose, page_of

# Comments come ever more slowly: those between two of these ages (hours) are spread evenly.
AGES = (0, 1, 2, 4, 8, 16, 24, 48, 96, 192, 384, 768, 1536, 2160)
# Every so many comments the owner of the post answers one, after an hour.
ANSWERED, ANSWER_AFTER = 7, dt.timedelta(hours=1)
# Below an early comment of one post in so many people talk on: what they say next are replies to
# it, more than come with a comment at once.
DISCUSSED, DISCUSSED_PLACE, DISCUSSION = 8, 2, 32
PHRASES = (
    "🔥🔥🔥",
    "Love this!",
    "Where can I get it?",
    "My skin needs this ✨",
    "Does it work for dry skin?",
    "Just ordered with your code 🙌",
    "Wow, great content",
    "so pretty",
    "Nice pic",
    "أحببته كثيرا",
    "Not sure about the smell, honestly",
    "Is this an ad?",
)
PEOPLE = ("anna", "ben.w", "chloe_", "dara", "eli", "fern.k", "gio", "hana")


@dataclass(frozen=True, slots=True)
class Remark:
    """One comment, or an answer to one, as it stands for ever."""

    comment_id: str
    parent_id: str | None
    username: str
    text: str
    at: dt.datetime


class Comments:
    """The comments of every post; made once, shown by time."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._made: dict[str, list[Remark]] = {}
        self._posts: dict[str, MarketPost] = {}  # of each comment

    def edge(
        self, post: MarketPost, asked: Field, params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        """Return one page of a post's comments, newest first."""
        remarks = [remark for remark in self.remarks_of(post) if remark.at <= now]
        answers = _answers(remarks)
        newest = [{"remark": remark} for remark in reversed(remarks) if not remark.parent_id]
        page = page_of(newest, params, default=25, most=50)
        page["data"] = [_shown(entry["remark"], answers, asked) for entry in page["data"]]
        return page

    def replies(
        self,
        comment_id: str,
        posts: Iterable[MarketPost],
        fields: Mapping[str, Field],
        params: Mapping[str, str],
        now: dt.datetime,
    ) -> dict[str, Any] | None:
        """Return one page of the replies to a comment below `posts`; None for no such comment."""
        if comment_id not in self._posts:
            for post in posts:
                self.remarks_of(post)
        if comment_id not in self._posts:
            return None
        remarks = [
            remark for remark in self.remarks_of(self._posts[comment_id]) if remark.at <= now
        ]
        if comment_id not in {remark.comment_id for remark in remarks}:
            return None
        return _replies_page(_answers(remarks).get(comment_id, []), fields, params)

    def remarks_of(self, post: MarketPost) -> list[Remark]:
        """Return all that is ever said below a post, oldest first."""
        if post.media_id not in self._made:
            made = sorted(self._make(post), key=lambda remark: remark.at)
            self._made[post.media_id] = made
            self._posts |= dict.fromkeys((remark.comment_id for remark in made), post)
        return self._made[post.media_id]

    def _make(self, post: MarketPost) -> list[Remark]:
        remarks: list[Remark] = []
        before = 0
        for younger, older in itertools.pairwise(AGES):
            start = post.published_at + dt.timedelta(hours=younger)
            end = post.published_at + dt.timedelta(hours=older)
            until = self._market.counters_at(post.media_id, end).comments
            count = until - before
            for number in range(count):
                at = start + (end - start) * ((number + 0.5) / count)
                remarks += _remarks(post, before + number, at.replace(microsecond=0))
            before = until
        return remarks


class Tags:
    """Answers `/{brand}/tags`: creators' public campaign pieces name the brand."""

    def __init__(self, posts: Posts) -> None:
        self._posts = posts

    def answer(
        self, fields: Mapping[str, Field], params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        """Return one page, newest first; media of personal accounts is absent."""
        names = self._posts.market.accounts
        accounts = {name: self._posts.professional(name, now) for name in names}
        tagging = [
            choose(self._posts.document(post, now), fields)
            for post in self._posts.all(now).values()
            if post.deliverable_id is not None
            and accounts[post.username] is not None
            and self._posts.is_listed(post, now)
        ]
        return page_of(tagging, params, default=25, most=100)


def _remarks(post: MarketPost, number: int, at: dt.datetime) -> list[Remark]:
    """Return a comment or a reply and, for some, the owner's answer; there is one level only."""
    mark = _mark(post, number)
    comment_id = _comment_id(mark)
    parent_id = _discussed(post, number)
    username = f"{PEOPLE[mark[6] % len(PEOPLE)]}{mark[7]}"
    remark = Remark(comment_id, parent_id, username, say(comment_id, PHRASES), at)
    if number % ANSWERED:
        return [remark]
    answer_id = str(int(comment_id) + 10**14)
    above, answered_at = parent_id or comment_id, at + ANSWER_AFTER
    return [remark, Remark(answer_id, above, post.username, "Thank you 💛", answered_at)]


def _discussed(post: MarketPost, number: int) -> str | None:
    """Return the comment that a post's n-th one replies to, None where it replies to none."""
    is_lively = int(post.media_id) % DISCUSSED == 0
    if is_lively and DISCUSSED_PLACE < number <= DISCUSSED_PLACE + DISCUSSION:
        return _comment_id(_mark(post, DISCUSSED_PLACE))
    return None


def _mark(post: MarketPost, number: int) -> bytes:
    return hashlib.blake2b(f"{post.media_id}/{number}".encode(), digest_size=12).digest()


def _comment_id(mark: bytes) -> str:
    return str(18_000_000_000_000_000 + int.from_bytes(mark[:6]) % 10**14)


def _answers(remarks: Iterable[Remark]) -> dict[str, list[Remark]]:
    """Return the replies by the comment above them, newest first as comments are."""
    found: dict[str, list[Remark]] = {}
    for remark in remarks:
        if remark.parent_id is not None:
            found.setdefault(remark.parent_id, []).insert(0, remark)
    return found


def _shown(remark: Remark, answers: Mapping[str, Sequence[Remark]], asked: Field) -> dict[str, Any]:
    """Return a comment with the fields asked for, and the first page of its replies."""
    fields = {name: field for name, field in asked.fields.items() if name != "replies"}
    document = choose(_document(remark), fields)
    replies = asked.fields.get("replies")
    if replies is not None and remark.comment_id in answers:
        page = _replies_page(answers[remark.comment_id], replies.fields, replies.arguments)
        document["replies"] = page
    return document


def _replies_page(
    replies: Sequence[Remark], fields: Mapping[str, Field], params: Mapping[str, str]
) -> dict[str, Any]:
    documents = [choose(_document(reply), fields) for reply in replies]
    return page_of(documents, params, default=25, most=50)


def _document(remark: Remark) -> dict[str, Any]:
    return {
        "id": remark.comment_id,
        "text": remark.text,
        "timestamp": graph_time(remark.at),
        "username": remark.username,
        "like_count": int(remark.comment_id) % 4,
        "hidden": False,
        "parent_id": remark.parent_id,
    }
