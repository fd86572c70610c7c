"""What is asked of TikTok One: campaigns, their reports, and public data of the creators.

The brand's own token reaches it; creators need not log in, their joining a campaign is the consent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from include.sources._base import FetchContext, Page
from include.sources.tiktok.accounts import days_of, milliseconds, publication_span
from include.sources.tiktok.client import Api, follow_cursor, follow_numbers
from include.sources.tiktok.envelope import read_data, refusal_reason
from include.sources.tiktok.parse import is_older

CAMPAIGN_PAGE, REPORT_PAGE, POST_LIMIT = 5, 10, 10
# `end_date - start_date` of a report may be at most 60 days.
LONGEST_REPORT = dt.timedelta(days=60)


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the other streams need of a campaign; a report is asked per country of it."""

    campaign_id: str
    countries: tuple[str | None, ...]
    handles: tuple[str, ...]


def fetch_campaigns(ctx: FetchContext) -> Iterator[Page]:
    """List the brand's campaigns: all, or those of extra.campaign_ids."""
    yield from _campaign_pages(Api(ctx), ctx)


def fetch_reports(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the lifetime report of every campaign and country, one row per video."""
    yield from _report_pages(ctx, {})


def fetch_report_days(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the daily figures of every campaign's videos, for the window's days that are over."""
    first, last = days_of(ctx.window)
    while first <= last:
        end = min(last, first + LONGEST_REPORT)
        span = {"start_date": first.isoformat(), "end_date": end.isoformat()}
        yield from _report_pages(ctx, span)
        first = end + dt.timedelta(days=1)


def fetch_creators(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the public profile of every creator; one page each, also for those refused."""
    api = Api(ctx)
    for handle in read_handles(api, ctx):
        page = api.ask_creator("tto/tcm/creator/public", handle, {})
        page.context = {"handle_name": handle}
        yield page


def fetch_posts(ctx: FetchContext) -> Iterator[Page]:
    """List the creators' public posts of the last 90 days, newest first."""
    api = Api(ctx)
    span = publication_span(ctx.window)
    for handle in read_handles(api, ctx):
        for page in _post_pages(api, handle, milliseconds(ctx.window.end)):
            page.context = {**span, "handle_name": handle}
            yield page
            posts = read_data(page.document).get("posts") or []
            if posts and all(is_older(post.get("create_time"), span) for post in posts):
                break


def read_handles(api: Api, ctx: FetchContext) -> list[str]:
    """Return the handles to look up: creators of the campaigns, and the plan's, each once."""
    handles = [handle for campaign in read_campaigns(api, ctx) for handle in campaign.handles]
    handles += [name.removeprefix("@") for name in ctx.targets.get("tiktok", ())]
    return list({handle.lower(): handle for handle in handles}.values())


def read_campaigns(api: Api, ctx: FetchContext) -> list[Campaign]:
    """Return the campaigns of the brand."""
    pages = _campaign_pages(api, ctx)
    return [
        Campaign(
            str(entry["campaign_id"]),
            tuple(entry.get("country_codes") or (None,)),
            tuple(entry.get("handle_names") or ()),
        )
        for page in pages
        for entry in read_data(page.document).get("campaigns") or []
    ]


def _campaign_pages(api: Api, ctx: FetchContext) -> Iterator[Page]:
    wanted = ctx.connection.extra.get("campaign_ids") or []
    ids = [wanted] if isinstance(wanted, str) else [str(entry) for entry in wanted]
    filters = {"campaign_ids": ids} if ids else {}

    def ask(number: int) -> Page:
        params = {**filters, "page": number, "page_size": CAMPAIGN_PAGE}
        return api.ask_brand("tto/tcm/campaign", params)

    yield from follow_numbers(ask, "campaigns", "campaign_id")


def _report_pages(ctx: FetchContext, span: Mapping[str, Any]) -> Iterator[Page]:
    api = Api(ctx)
    for campaign in read_campaigns(api, ctx):
        for country in campaign.countries:
            yield from _report_of(api, ctx, campaign.campaign_id, country, span)


def _report_of(
    api: Api, ctx: FetchContext, campaign_id: str, country: str | None, span: Mapping[str, Any]
) -> Iterator[Page]:
    def ask(number: int) -> Page:
        params = {"campaign_id": campaign_id, **span, "page": number, "page_size": REPORT_PAGE}
        return api.ask_brand("tto/tcm/report", params, country=country)

    for page in follow_numbers(ask, "videos", "video_id"):
        page.context = {
            "campaign_id": campaign_id,
            "country_code": country or "",
            "published_before": publication_span(ctx.window)["published_before"],
        }
        yield page


def _post_pages(api: Api, handle: str, start: int) -> Iterator[Page]:
    def ask(cursor: int) -> Page:
        params = {"cursor": cursor, "limit": POST_LIMIT}
        return api.ask_creator("tto/tcm/creator/public/video/list", handle, params)

    for page in follow_cursor(ask, start, what=f"posts of {handle}", place="page_info"):
        if refusal_reason(page.document):
            return  # the row of `creators` says why
        yield page
