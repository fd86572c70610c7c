"""What is asked of connected accounts: profile, days, videos, comments.

Pages carry in their context what `parse` needs besides the answer, so that a replay from landing
gives the same rows.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from include.errors import MissingScope
from include.sources._base import FetchContext, Page, Window
from include.sources.tiktok.client import Api, connected_accounts, follow_cursor
from include.sources.tiktok.envelope import read_data
from include.sources.tiktok.fields import (
    ACCOUNT_DAY_FIELDS,
    ACCOUNT_FIELDS,
    VIDEO_FIELDS,
    FieldChoice,
)
from include.sources.tiktok.parse import is_older, read_instant

# Posts are kept current for as long as they still sell.
KEPT_DAYS = 90
# Answers are looked for under comments made up to so long before the window: a list is read from
# its newest comment on, and what is beyond must not depend on where a page ends.
ANSWERED_DAYS = 7
VIDEO_LIMIT, COMMENT_LIMIT = 20, 30

_log = logging.getLogger(__name__)


def fetch_accounts(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the profile of every connected account."""
    api = Api(ctx)
    for account in connected_accounts(ctx.connection):
        choice = FieldChoice(ACCOUNT_FIELDS)
        yield _account_page(api, account, choice, {})


def fetch_account_days(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the daily figures of every connected account, for the window's days that are over."""
    api = Api(ctx)
    first, last = days_of(ctx.window)
    if last < first:
        return
    span = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    for account in connected_accounts(ctx.connection):
        yield _account_page(api, account, FieldChoice(ACCOUNT_DAY_FIELDS), span)


def fetch_videos(ctx: FetchContext) -> Iterator[Page]:
    """List the connected accounts' videos of the last 90 days before the window's end."""
    api = Api(ctx)
    for account in connected_accounts(ctx.connection):
        choice = FieldChoice(VIDEO_FIELDS)
        for page in list_videos(api, account, ctx.window, choice):
            page.context = {**page.context, "refused_fields": choice.refused}
            yield page


def fetch_comments(ctx: FetchContext) -> Iterator[Page]:
    """List comments and replies made in the window under videos of the last 90 days.

    Replies to a comment that was older than a week when the window began are not looked for. An
    account that does not permit it is left out with a warning; raise `MissingScope` when none does.
    """
    api = Api(ctx)
    refusals: list[MissingScope] = []
    accounts = connected_accounts(ctx.connection)
    for account in accounts:
        try:
            yield from _comments_of(api, account, ctx.window)
        except MissingScope as error:
            _log.warning("comments of account %s are left out: %s", account, error)
            refusals.append(error)
    if refusals and len(refusals) == len(accounts):
        raise refusals[0]


def list_videos(api: Api, account: str, window: Window, choice: FieldChoice) -> Iterator[Page]:
    """Yield pages of an account's videos, newest first, until they are older than the span."""
    span = publication_span(window)

    def ask(cursor: int) -> Page:
        params = {"cursor": cursor, "max_count": VIDEO_LIMIT}
        return choice.ask(
            lambda fields: api.ask_account(
                account, "business/video/list", {"fields": fields, **params}
            )
        )

    for page in follow_cursor(ask, milliseconds(window.end), what=f"videos of {account}"):
        page.context = {**span, "business_id": account}
        yield page
        videos = read_data(page.document).get("videos") or []
        if videos and all(is_older(video.get("create_time"), span) for video in videos):
            return


def publication_span(window: Window) -> dict[str, str]:
    """Return the publication times [from, before) of the posts a window's snapshot holds.

    Posts made after the window's end belong to the next one, whenever this one is read.
    """
    start = window.end - dt.timedelta(days=KEPT_DAYS)
    return {"published_from": start.isoformat(), "published_before": window.end.isoformat()}


def days_of(window: Window) -> tuple[dt.date, dt.date]:
    """Return the first day (UTC) of a window and the last one that is over when it ends."""
    last = window.end.astimezone(dt.UTC).date() - dt.timedelta(days=1)
    return window.start.astimezone(dt.UTC).date(), last


def milliseconds(moment: dt.datetime) -> int:
    """Return an instant as the API's cursors have it."""
    return int(moment.timestamp()) * 1000


def _account_page(api: Api, account: str, choice: FieldChoice, params: Mapping[str, Any]) -> Page:
    page = choice.ask(
        lambda fields: api.ask_account(account, "business/get", {"fields": fields, **params})
    )
    page.context = {"business_id": account, "refused_fields": choice.refused}
    return page


def _comments_of(api: Api, account: str, window: Window) -> Iterator[Page]:
    listing = FieldChoice([("item_id", "create_time")])
    for listed in list_videos(api, account, window, listing):
        for video in read_data(listed.document).get("videos") or []:
            if video.get("item_id") and not is_older(video.get("create_time"), listed.context):
                yield from _comments_below(api, account, str(video["item_id"]), window)


def _comments_below(api: Api, account: str, video_id: str, window: Window) -> Iterator[Page]:
    """Yield pages of a video's comments, newest first, until none may have new replies."""
    answered_from = window.start - dt.timedelta(days=ANSWERED_DAYS)
    context = {
        "business_id": account,
        "made_from": window.start.isoformat(),
        "answered_from": answered_from.isoformat(),
        "made_before": window.end.isoformat(),
    }

    def ask(cursor: int) -> Page:
        params = {
            "video_id": video_id,
            "include_replies": "true",
            "status": "ALL",
            # Unsorted the API gives them in random order, and no page could be known as the last.
            "sort_field": "create_time",
            "sort_type": "desc",
            "cursor": cursor,
            "max_count": COMMENT_LIMIT,
        }
        return api.ask_account(account, "business/comment/list", params)

    for page in follow_cursor(ask, 0, what=f"comments under {video_id}"):
        page.context = context
        yield page
        comments = read_data(page.document).get("comments") or []
        for comment in comments:
            if _has_more_replies(comment) and not _is_before(comment, answered_from):
                yield from _replies_to(api, account, video_id, comment, context)
        if comments and all(_is_before(comment, answered_from) for comment in comments):
            return


def _replies_to(
    api: Api, account: str, video_id: str, comment: Mapping[str, Any], context: Mapping[str, Any]
) -> Iterator[Page]:
    def ask(cursor: int) -> Page:
        params = {
            "video_id": video_id,
            "comment_id": str(comment["comment_id"]),
            "status": "ALL",
            "sort_field": "create_time",
            "sort_type": "desc",
            "cursor": cursor,
            "max_count": COMMENT_LIMIT,
        }
        return api.ask_account(account, "business/comment/reply/list", params)

    for page in follow_cursor(ask, 0, what=f"replies under {video_id}"):
        page.context = {**context, "parent_comment_id": str(comment["comment_id"])}
        yield page


def _has_more_replies(comment: Mapping[str, Any]) -> bool:
    try:
        return int(comment.get("replies") or 0) > len(comment.get("reply_list") or [])
    except (TypeError, ValueError):
        return False


def _is_before(comment: Mapping[str, Any], start: dt.datetime) -> bool:
    moment = read_instant(comment.get("create_time"))
    return moment is not None and moment < start
