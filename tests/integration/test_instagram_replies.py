"""Comments with more replies than come with them: the rest is read page by page."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest
from sandbox_bench import run_time
from social_bench import Bench

from include.sources import instagram
from include.sources.instagram.sandbox_posts import Posts
from include.sources.instagram.sandbox_voices import Comments

pytest_plugins = ("social_fixtures",)

DAY = dt.date(2026, 10, 28)
# The window with its look-back of a day, in New York.
START = dt.datetime(2026, 10, 27, 4, tzinfo=dt.UTC)
END = START + dt.timedelta(days=2)


def test_replies_behind_those_that_come_with_a_comment_are_read_too(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = run_time(DAY)
    bench.set_clock(at)
    made, own = Comments(bench.market), {a.account_id for a in Posts(bench.market).connected(at)}
    expected = {
        (remark.comment_id, remark.parent_id)
        for post in bench.market.posts_at(at)
        # Of younger posts every comment is in the window, and so is every reply.
        if post.account_id in own and post.product_type != "STORY" and post.published_at >= START
        for remark in made.remarks_of(post)
        if remark.at < END
    }
    replies = Counter(parent_id for _, parent_id in expected if parent_id is not None)
    assert max(replies.values()) > instagram.mentions.REPLIES_LIMIT
    bench.run(instagram.SOURCE, "comments", DAY)
    rows = set(bench.rows("select comment_id, parent_id from raw.instagram__comments"))
    assert expected <= rows

    monkeypatch.setattr(instagram.mentions, "REPLIES_LIMIT", 5)
    again = bench.run(instagram.SOURCE, "comments", DAY)
    assert (again.rows_merged, again.rows_unchanged) == (0, len(rows))
