"""The files that people and vendors of the sample market would send, as of an instant.

Nothing is served: `write_files` puts them into a folder. Called again later it writes what has
grown and leaves the rest.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from include.sandbox.clock import Clock
from include.sandbox.market_facts import MarketOrder, MarketPost
from include.sandbox.market_files import chance, folder_connection, pick, write_whole
from include.sandbox.world import Market

Row = dict[str, Any]
RESPONSE_RATE = 0.22
# Of those who have seen a creator: the others say something else.
REMEMBERED_RATE = 0.6
RATERS = ("anna", "ben")
CRITERIA = ("brand_fit", "message", "production", "authenticity")
# What each product costs when it has landed; after the new supplier the serum costs less.
UNIT_COSTS = {
    "SERUM-15": "4.10", "SERUM-30": "7.40", "GLOW-SET": "15.20", "CREAM-50": "6.80",
    "MIST-100": "3.60", "CLEANSER-100": "4.70",
}  # fmt: skip
PAID_ADS = {"meta": ("retargeting", 95), "google": ("brand_terms", 60)}
CLICK_PRICE, VIEW_PRICE = 0.85, 0.011
CLAIMED_ORDER_VALUE = 46
# A few posts of creators are shown to more people, for some days from the second on.
BOOST_RATE, BOOST_BUDGET, BOOST_DAYS = 0.05, 18, range(2, 7)
AUDIENCE = {
    "country": ("US", "CA", "GB", "other"),
    "gender": ("female", "male", "other"),
    "age": ("18-24", "25-34", "35-44", "45+"),
}
HOME_WEIGHT = 3.0


def make_credentials(random_bytes: Callable[[int], bytes]) -> dict[str, Any]:
    """Return nothing: a folder asks for no credentials."""
    return {}


def connection_fields(host: str, port: int, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Return the Airflow connection of the folder `write_files` is to write."""
    return folder_connection("files")


def build_router(market: Market, clock: Clock, credentials: Mapping[str, Any]) -> APIRouter:
    """Return no routes: files are read from a folder."""
    return APIRouter()


def write_files(market: Market, now: dt.datetime, folder: Path) -> list[Path]:
    """Write what has been sent by `now`, each file whole; return the paths, sorted."""
    files = {
        **_by_month("post_purchase_survey", survey_rows(market, now), "submitted_at"),
        **_rating_files(market, now),
        **_story_files(market, now),
        **_by_month("paid_ads_costs", paid_ads_rows(market, now), "cost_date"),
        "unit_costs/costs.csv": _csv(unit_cost_rows(market)).encode(),
        "audience_breakdown/audience.json": json.dumps(audience_rows(market), indent=1).encode(),
    }
    return sorted(write_whole(folder / name, content) for name, content in files.items())


def survey_rows(market: Market, now: dt.datetime) -> Iterator[Row]:
    """Yield the answers of those who answer, a minute after their order."""
    owners = _code_owners(market)
    for order in market.orders_at(now):
        if chance(market.seed, order.number, "answers") >= RESPONSE_RATE:
            continue
        at = order.created_at + dt.timedelta(minutes=1)
        if order.source_name == "web" and order.customer and not order.test and at <= now:
            yield _survey_row(order, at, _named(market, order, owners))


def rating_rows(market: Market, now: dt.datetime) -> Iterator[Row]:
    """Yield the ratings of all campaign posts, two days after they went live."""
    for post in _campaign_posts(market, now - dt.timedelta(days=2)):
        base = chance(market.seed, post.creator_id, "quality")
        for rater in RATERS:
            for criterion in CRITERIA:
                drawn = 1.5 + 2.5 * base + 1.5 * chance(post.media_id, rater, criterion)
                yield {
                    "post_url": post.permalink,
                    "criterion": criterion,
                    "rater": rater,
                    "score": min(5, round(drawn)),
                    "max_score": 5,
                    "rated_date": (post.published_at + dt.timedelta(days=2)).date().isoformat(),
                    "creator_handle": post.username,
                    "platform": "instagram",
                    "comment": "",
                }


def story_rows(market: Market, now: dt.datetime) -> Iterator[Row]:
    """Yield the numbers of stories at their end, sent by creators who are no account of ours."""
    for post in _campaign_posts(market, now - dt.timedelta(days=1)):
        account = market.account_at(post.username, now)
        if post.product_type != "STORY" or account.access_path == "own_account":
            continue
        end = post.published_at + dt.timedelta(days=1)
        counters = market.counters_at(post.media_id, end)
        yield {
            "platform": "instagram",
            "creator_handle": post.username,
            "published_at": post.published_at.isoformat(),
            "reported_at": end.isoformat(),
            "deliverable_id": post.deliverable_id,
            "story_url": post.permalink,
            "reach": counters.reach,
            "views": counters.views,
            "replies": counters.replies,
            "shares": counters.shares,
            "link_clicks": counters.link_clicks,
            "profile_visits": counters.profile_visits,
            "follows": counters.follows,
        }


def paid_ads_rows(market: Market, now: dt.datetime) -> Iterator[Row]:
    """Yield what each paid campaign cost on every day that is over."""
    day, today = market.start_date, now.astimezone(market.timezone).date()
    boosted = boosted_days(market, now)
    while day < min(today, market.end_date + dt.timedelta(days=1)):
        for platform, (campaign, budget) in PAID_ADS.items():
            spend = round(budget * (0.85 + 0.3 * chance(market.seed, platform, day)), 2)
            yield _ad_row(market, day, platform, campaign, spend)
        for url in boosted.get(day, ()):
            spend = round(BOOST_BUDGET * (0.9 + 0.2 * chance(market.seed, url, day)), 2)
            yield _ad_row(market, day, "meta", "boosted_posts", spend, url)
        day += dt.timedelta(days=1)


def boosted_days(market: Market, now: dt.datetime) -> dict[dt.date, list[str]]:
    """Return the addresses of the creators' posts that are boosted, by day."""
    days: dict[dt.date, list[str]] = {}
    for post in _campaign_posts(market, now):
        is_chosen = chance(market.seed, post.deliverable_id, "boost") < BOOST_RATE
        if post.product_type != "STORY" and is_chosen:
            live = post.published_at.astimezone(market.timezone).date()
            for age in BOOST_DAYS:
                days.setdefault(live + dt.timedelta(days=age), []).append(post.permalink)
    return days


def unit_cost_rows(market: Market) -> Iterator[Row]:
    """Yield what each product costs from the market's first day, one cost anew from day 50."""
    costs = [(sku, market.start_date, cost) for sku, cost in UNIT_COSTS.items()]
    costs.append(("SERUM-30", market.start_date + dt.timedelta(days=50), "6.95"))
    for sku, day, cost in costs:
        yield {
            "sku": sku,
            "valid_from": day.isoformat(),
            "unit_cost_amount": cost,
            "currency_code": market.shop.currency,
        }


def audience_rows(market: Market) -> list[Row]:
    """Return each creator's followers by segment; the shares of a dimension sum to 1."""
    rows = []
    for creator in market.plan.creators:
        handle = creator.accounts[0].handle
        for dimension, segments in AUDIENCE.items():
            weights = [0.2 + chance(market.seed, handle, segment) for segment in segments]
            if creator.country in segments:  # most followers live where their creator does
                weights[segments.index(creator.country)] += HOME_WEIGHT
            shares = [round(weight / sum(weights), 4) for weight in weights]
            shares[-1] = round(1 - sum(shares[:-1]), 4)
            rows += [
                {
                    "platform": "instagram",
                    "creator_handle": handle,
                    "as_of_date": market.plan.campaign.start_date.isoformat(),
                    "dimension": dimension,
                    "segment": segment,
                    "share_rate": share,
                }
                for segment, share in zip(segments, shares, strict=True)
            ]
    return rows


def _ad_row(
    market: Market, day: dt.date, platform: str, campaign: str, spend: float, url: str = ""
) -> Row:
    clicks = int(spend / CLICK_PRICE)
    orders = clicks // 30
    return {
        "cost_date": day.isoformat(),
        "platform": platform,
        "campaign_name": campaign,
        "spend_amount": f"{spend:.2f}",
        "currency_code": market.shop.currency,
        "impressions": int(spend / VIEW_PRICE),
        "clicks": clicks,
        "engagements": clicks + clicks // 3,
        "orders": orders,
        "revenue_amount": f"{orders * CLAIMED_ORDER_VALUE:.2f}",
        "source_post_url": url,
    }


def _named(market: Market, order: MarketOrder, owners: Mapping[str, str]) -> str:
    """Return the creator a buyer names: a code's owner, else whom they remember, if anybody."""
    for code in order.codes:
        if code in owners:
            return owners[code]
    is_told = chance(market.seed, order.number, "remembers") < REMEMBERED_RATE
    return market.met.get(order.number, "") if is_told else ""


def _survey_row(order: MarketOrder, at: dt.datetime, handle: str) -> Row:
    """Return an answer: who used a code names its creator, others what they remember."""
    others = ("Google", "A friend", "Instagram ad", "Newsletter", "I don't remember")
    number = order.customer.customer_id if order.customer else 0
    return {
        "response_id": f"r{order.number}",
        "submitted_at": at.isoformat(),
        "order_name": order.name,
        "customer_email": f"customer.{number}@mail.example",
        "question": "How did you hear about us?",
        "answer": "A creator on Instagram" if handle else pick(others, order.number),
        "creator_handle": handle,
        "platform": "instagram" if handle else "",
        "discount_code": order.codes[0] if order.codes else "",
        "comment": "",
    }


def _campaign_posts(market: Market, until: dt.datetime) -> Iterator[MarketPost]:
    for post in market.posts_at(until):
        if post.creator_id is not None and post.deliverable_id is not None:
            yield post


def _code_owners(market: Market) -> dict[str, str]:
    return {
        code.code: creator.accounts[0].handle
        for creator in market.plan.creators
        for code in creator.codes
    }


def _story_files(market: Market, now: dt.datetime) -> dict[str, bytes]:
    """Return one file per creator, as each sends an own one."""
    lines: dict[str, list[str]] = {}
    for row in story_rows(market, now):
        lines.setdefault(row["creator_handle"], []).append(json.dumps(row) + "\n")
    return {f"story_numbers/{who}.jsonl": "".join(rows).encode() for who, rows in lines.items()}


def _rating_files(market: Market, now: dt.datetime) -> dict[str, bytes]:
    """Return the one table of ratings, none before the first."""
    rows = list(rating_rows(market, now))
    return {"content_ratings/ratings.csv": _csv(rows, ";").encode("utf-8-sig")} if rows else {}


def _by_month(name: str, rows: Iterable[Row], time: str) -> dict[str, bytes]:
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(str(row[time])[:7], []).append(row)
    return {f"{name}/{month}.csv": _csv(found).encode() for month, found in months.items()}


def _csv(rows: Iterable[Row], delimiter: str = ",") -> str:
    found: Sequence[Row] = list(rows)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(found[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(found)
    return out.getvalue()
