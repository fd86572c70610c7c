"""What others say in the market: comments under posts, and posts that tag the brand."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Mapping
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

    def edge(
        self, post: MarketPost, asked: Field, params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        """Return one page of a post's comments, newest first."""
        remarks = [remark for remark in self._of(post) if remark.at <= now]
        answers = {remark.parent_id: remark for remark in remarks if remark.parent_id}
        newest = [{"remark": remark} for remark in reversed(remarks) if not remark.parent_id]
        page = page_of(newest, params, default=25, most=50)
        page["data"] = [_shown(entry["remark"], answers, asked) for entry in page["data"]]
        return page

    def _of(self, post: MarketPost) -> list[Remark]:
        if post.media_id not in self._made:
            self._made[post.media_id] = sorted(self._make(post), key=lambda remark: remark.at)
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
    """Return a comment and, for some, the owner's answer."""
    mark = hashlib.blake2b(f"{post.media_id}/{number}".encode(), digest_size=12).digest()
    comment_id = str(18_000_000_000_000_000 + int.from_bytes(mark[:6]) % 10**14)
    username = f"{PEOPLE[mark[6] % len(PEOPLE)]}{mark[7]}"
    remark = Remark(comment_id, None, username, say(comment_id, PHRASES), at)
    if number % ANSWERED:
        return [remark]
    answer_id = str(int(comment_id) + 10**14)
    answer = Remark(answer_id, comment_id, post.username, "Thank you 💛", at + ANSWER_AFTER)
    return [remark, answer]


def _shown(remark: Remark, answers: Mapping[str, Remark], asked: Field) -> dict[str, Any]:
    """Return a comment with the fields asked for, and its answer where there is one."""
    fields = {name: field for name, field in asked.fields.items() if name != "replies"}
    document = choose(_document(remark), fields)
    if "replies" in asked.fields and remark.comment_id in answers:
        answer = choose(_document(answers[remark.comment_id]), asked.fields["replies"].fields)
        document["replies"] = {"data": [answer]}
    return document


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
