"""What others say: posts that tag the brand, and comments under posts of connected accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.sources._base import Document, FetchContext, Page, Window
from include.sources.instagram.client import (
    KEPT_DAYS,
    PAGE_LIMIT,
    all_older,
    connected_accounts,
    own_account,
    publication_span,
)
from include.sources.instagram.graph import Graph
from include.sources.instagram.parse import is_within, parse_listed, read_time

TAG_FIELDS = (
    "id,caption,media_type,media_product_type,permalink,timestamp,username,"
    "like_count,comments_count"
)
COMMENT_FIELDS = "id,text,timestamp,username,like_count,hidden"
# Comments come with the list of posts, newest first; more of them are asked for post by post.
COMMENTS_LIMIT, REPLIES_LIMIT = 25, 25
# Hardly anybody comments on older posts: those are looked at on Mondays.
YOUNG_DAYS = 14


def fetch_tags(ctx: FetchContext) -> Iterator[Page]:
    """List the posts that tag the brand, up to 90 days old; pages end where all are older."""
    graph = Graph(ctx)
    account_id, span = own_account(graph, ctx.connection), publication_span(ctx.window)
    for page in graph.pages(f"{account_id}/tags", {"fields": TAG_FIELDS}, limit=PAGE_LIMIT):
        page.context = {**span, "account_id": account_id}
        yield page
        posts = page.document.get("data", [])
        if posts and all_older(posts, "timestamp", span):
            return


def fetch_comments(ctx: FetchContext) -> Iterator[Page]:
    """List the young posts of connected accounts with their newest comments and replies.

    In the window of a Monday posts up to 90 days old; the stream's look-back is longer then.

    Where a post has more comments since the window's start than came with it, the rest is asked for
    on pages of its own. A reply to a comment older than the window is not seen.
    """
    graph = Graph(ctx)
    span = comment_span(ctx.window)
    end, is_monday = ctx.window.end, dt.date.fromisoformat(ctx.window.key).isoweekday() == 1
    oldest = end - dt.timedelta(days=KEPT_DAYS if is_monday else YOUNG_DAYS)
    published = {"since": int(oldest.timestamp()), "until": int(end.timestamp())}
    fields = _comment_fields()
    listed = f"id,comments.limit({COMMENTS_LIMIT}){{{fields}}}"
    for account_id in connected_accounts(graph):
        shared = {**span, "account_id": account_id}
        params = {"fields": listed, **published}
        for page in graph.pages(f"{account_id}/media", params, limit=PAGE_LIMIT):
            page.context = shared
            yield page
            for media in page.document.get("data", []):
                yield from _more_comments(graph, media, fields, shared)


def parse_tags(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the tagging posts of a page that were published in the span."""
    yield from parse_listed(document, page)


def parse_comments(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the comments and replies of a page that were made in the window."""
    media_id = page.context.get("media_id")
    if media_id is not None:
        yield from _comments_of(str(media_id), document, page)
        return
    for media in document.get("data", []):
        yield from _comments_of(str(media["id"]), media.get("comments", {}), page)


def comment_span(window: Window) -> dict[str, str]:
    """Return the times [from, before) of the comments a window holds, look-back included."""
    return {
        "published_from": window.start.isoformat(),
        "published_before": window.end.isoformat(),
    }


def _comment_fields() -> str:
    return f"{COMMENT_FIELDS},replies.limit({REPLIES_LIMIT}){{{COMMENT_FIELDS}}}"


def _more_comments(
    graph: Graph, media: Mapping[str, Any], fields: str, shared: Mapping[str, str]
) -> Iterator[Page]:
    edge = media.get("comments", {})
    paging = edge.get("paging", {})
    after = paging.get("cursors", {}).get("after")
    if not paging.get("next") or not after or _is_done(edge.get("data", []), shared):
        return
    path = f"{media['id']}/comments"
    for page in graph.pages(path, {"fields": fields}, limit=COMMENTS_LIMIT, after=after):
        page.context = {**shared, "media_id": str(media["id"])}
        yield page
        if _is_done(page.document.get("data", []), shared):
            return


def _is_done(comments: Sequence[Mapping[str, Any]], span: Mapping[str, str]) -> bool:
    """The newest come first, so nothing new follows once the last one is older than the span."""
    return bool(comments) and all_older(comments[-1:], "timestamp", span)


def _comments_of(media_id: str, edge: Mapping[str, Any], page: Page) -> Iterator[Document]:
    shared = {"media_id": media_id, "account_id": page.context["account_id"]}
    for comment in edge.get("data", []):
        replies = comment.get("replies", {}).get("data", [])
        own = {key: value for key, value in comment.items() if key != "replies"}
        for entry in (own, *({**reply, "parent_id": comment["id"]} for reply in replies)):
            timestamp = read_time(entry.get("timestamp"))
            if is_within(timestamp, page.context):
                yield {**entry, **shared, "timestamp": timestamp}
