"""What others say: posts that tag the brand, and comments under posts of connected accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
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
from include.sources.instagram.parse import is_older, is_within, parse_listed, read_time

TAG_FIELDS = (
    "id,caption,media_type,media_product_type,permalink,timestamp,username,"
    "like_count,comments_count"
)
COMMENT_FIELDS = "id,text,timestamp,username,like_count,hidden"
# Comments come with the list of posts, newest first; more of them are asked for post by post.
COMMENTS_LIMIT, REPLIES_LIMIT = 25, 25
# Hardly anybody comments on older posts: those are looked at on Mondays.
YOUNG_DAYS = 14
# Answers are looked for under comments made up to so long before the window: what is beyond must
# not depend on where a page of comments ends.
ANSWERED_DAYS = 7


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

    Where a post has more comments of the window or of the week before it than came with it, or a
    comment more replies, the rest is asked for on pages of its own. Replies to a comment that was
    older than a week when the window began are not looked for.
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
                at = {**shared, "media_id": str(media["id"])}
                yield from _more_replies(graph, media.get("comments", {}), at)
                yield from _more_comments(graph, media.get("comments", {}), fields, at)


def parse_tags(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the tagging posts of a page that were published in the span."""
    yield from parse_listed(document, page)


def parse_comments(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield the comments and replies of a page that were made in the window."""
    media_id = page.context.get("media_id")
    if media_id is None:
        for media in document.get("data", []):
            yield from _comments_of(str(media["id"]), media.get("comments", {}), page)
    elif (parent_id := page.context.get("parent_id")) is not None:
        replies = ({**reply, "parent_id": parent_id} for reply in document.get("data", []))
        yield from _made_in_window(replies, str(media_id), page)
    else:
        yield from _comments_of(str(media_id), document, page)


def comment_span(window: Window) -> dict[str, str]:
    """Return the times [from, before) of the comments a window holds, look-back included.

    `answered_from` is when the oldest comment was made whose replies are looked for.
    """
    return {
        "published_from": window.start.isoformat(),
        "published_before": window.end.isoformat(),
        "answered_from": (window.start - dt.timedelta(days=ANSWERED_DAYS)).isoformat(),
    }


def _comment_fields() -> str:
    return f"{COMMENT_FIELDS},replies.limit({REPLIES_LIMIT}){{{COMMENT_FIELDS}}}"


def _more_comments(
    graph: Graph, edge: Mapping[str, Any], fields: str, context: Mapping[str, str]
) -> Iterator[Page]:
    """Yield the pages behind a post's first comments, until they are too old for new replies."""
    after = _next_cursor(edge)
    if after is None or _is_done(edge, context):
        return
    path = f"{context['media_id']}/comments"
    for page in graph.pages(path, {"fields": fields}, limit=COMMENTS_LIMIT, after=after):
        page.context = context
        yield page
        yield from _more_replies(graph, page.document, context)
        if _is_done(page.document, context):
            return


def _more_replies(
    graph: Graph, edge: Mapping[str, Any], context: Mapping[str, str]
) -> Iterator[Page]:
    """Yield the pages of replies that did not come with their comment."""
    for comment in edge.get("data", []):
        after = _next_cursor(comment.get("replies", {}))
        if after is None or not _is_answered(comment, context):
            continue
        path = f"{comment['id']}/replies"
        for page in graph.pages(path, {"fields": COMMENT_FIELDS}, limit=REPLIES_LIMIT, after=after):
            page.context = {**context, "parent_id": str(comment["id"])}
            yield page


def _next_cursor(edge: Mapping[str, Any]) -> str | None:
    """Return the cursor behind what came with an object; None when that was all."""
    paging = edge.get("paging", {})
    return paging.get("cursors", {}).get("after") if paging.get("next") else None


def _is_done(edge: Mapping[str, Any], context: Mapping[str, str]) -> bool:
    """The newest come first, so nothing new follows once the last one is too old for replies."""
    comments = edge.get("data", [])
    return bool(comments) and not _is_answered(comments[-1], context)


def _is_answered(comment: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
    """Say whether replies to a comment are looked for; of a page landed earlier all were."""
    since = context.get("answered_from")
    return since is None or not is_older(comment.get("timestamp"), {"published_from": since})


def _comments_of(media_id: str, edge: Mapping[str, Any], page: Page) -> Iterator[Document]:
    for comment in edge.get("data", []):
        own = {key: value for key, value in comment.items() if key != "replies"}
        found = [own]
        if _is_answered(comment, page.context):
            replies = comment.get("replies", {}).get("data", [])
            found += [{**reply, "parent_id": comment["id"]} for reply in replies]
        yield from _made_in_window(found, media_id, page)


def _made_in_window(
    found: Iterable[Mapping[str, Any]], media_id: str, page: Page
) -> Iterator[Document]:
    shared = {"media_id": media_id, "account_id": page.context["account_id"]}
    for entry in found:
        timestamp = read_time(entry.get("timestamp"))
        if is_within(timestamp, page.context):
            yield {**entry, **shared, "timestamp": timestamp}
