"""Daily insights of the market's accounts, made of what its posts gained on the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from include.sandbox.market_facts import MarketAccount, MarketPost
from include.sources.instagram.sandbox_posts import INSIGHTS_DELAY, Posts, insight_values
from include.sources.instagram.sandbox_shapes import Refusal, read_moment

# Days of follows and unfollows come a day after the others.
FOLLOWS_DELAY = dt.timedelta(hours=24)
FOLLOWS = "follows_and_unfollows"
# Posts older than this gain hardly anything.
GAINING = dt.timedelta(days=30)
# Metric of an account to the metric of its posts that it sums up.
SUMMED = {
    "reach": "reach",
    "views": "views",
    "accounts_engaged": "likes",
    "total_interactions": "total_interactions",
    "likes": "likes",
    "comments": "comments",
    "shares": "shares",
    "saves": "saved",
    "replies": "replies",
    "reposts": "reposts",
    "profile_links_taps": "link_clicks",
}


class AccountInsights:
    """Answers `/{account}/insights` with `metric_type=total_value`."""

    def __init__(self, posts: Posts, removed: frozenset[str]) -> None:
        self._posts = posts
        self._removed = removed

    def answer(
        self, account: MarketAccount, params: Mapping[str, str], now: dt.datetime
    ) -> dict[str, Any]:
        """Return the totals of the span; what is not counted yet is left out."""
        metrics = params.get("metric", "").split(",")
        self._check(metrics, params)
        start, end = (read_moment(params, name) for name in ("since", "until"))
        if start is None or end is None:
            raise Refusal(400, 100, "(#100) since and until must both be given")
        if end > now - INSIGHTS_DELAY:
            return {"data": []}
        if FOLLOWS in metrics:
            return {"data": self._follows(account, start, end, now)}
        posts = self._posts.all(now).values()
        gained = self._gained([p for p in posts if p.account_id == account.account_id], start, end)
        totals = [_total(account.account_id, name, gained[SUMMED[name]]) for name in metrics]
        return {"data": totals}

    def _check(self, metrics: list[str], params: Mapping[str, str]) -> None:
        for name in metrics:
            if name not in {*SUMMED, FOLLOWS} or f"account:{name}" in self._removed:
                allowed = ", ".join([*SUMMED, FOLLOWS])
                message = f"(#100) metric[0] must be one of the following values: {allowed}"
                raise Refusal(400, 100, message)
        if params.get("metric_type") != "total_value" or params.get("period") != "day":
            message = f"(#100) The following metrics ({metrics[0]}) should be specified with "
            raise Refusal(400, 100, message + "parameter metric_type=total_value")
        is_follows = FOLLOWS in metrics
        if is_follows != (params.get("breakdown") == "follow_type") or (
            is_follows and len(metrics) > 1
        ):
            raise Refusal(500, 1, "An unknown error has occurred.")

    def _gained(
        self, posts: Sequence[MarketPost], start: dt.datetime, end: dt.datetime
    ) -> dict[str, int]:
        sums: dict[str, int] = {}
        for post in posts:
            if not start - GAINING <= post.published_at < end:
                continue
            before = insight_values(self._posts.market.counters_at(post.media_id, start))
            after = insight_values(self._posts.market.counters_at(post.media_id, end))
            for name, value in after.items():
                sums[name] = sums.get(name, 0) + max(0, value - before[name])
        return {name: sums.get(name, 0) for name in SUMMED.values()}

    def _follows(
        self, account: MarketAccount, start: dt.datetime, end: dt.datetime, now: dt.datetime
    ) -> list[dict[str, Any]]:
        if end > now - FOLLOWS_DELAY:
            return []
        market = self._posts.market
        sizes = [market.account_at(account.username, at).followers for at in (start, end)]
        lost = sizes[0] // 2_000
        won = max(0, sizes[1] - sizes[0]) + lost
        results = [
            {"dimension_values": [kind], "value": value}
            for kind, value in (("FOLLOWER", won), ("NON_FOLLOWER", lost))
        ]
        entry = _total(account.account_id, FOLLOWS, won + lost)
        entry["total_value"]["breakdowns"] = [
            {"dimension_keys": ["follow_type"], "results": results}
        ]
        return [entry]


def _total(account_id: str, name: str, value: int) -> dict[str, Any]:
    return {
        "name": name,
        "period": "day",
        "title": name.replace("_", " ").capitalize(),
        "total_value": {"value": value},
        "id": f"{account_id}/insights/{name}/day",
    }
