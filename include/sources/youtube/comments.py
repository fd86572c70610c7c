"""Read the comments of videos that are due: threads, and replies beyond the five given inline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from include.errors import BadRequest
from include.sources._base import Connection, Document, FetchContext, Page, Window
from include.sources.youtube.api import YouTube
from include.sources.youtube.client import (
    PAGE_ITEMS,
    batches,
    joined_ids,
    list_videos,
    upload_pages,
)
from include.sources.youtube.parse import NOT_RETURNED, read_moment
from include.sources.youtube.refusals import object_reason

# The rest of the day's units is kept for counters, which exist only now.
QUOTA_SHARE = 0.8
DAILY_UNTIL_DAY, WEEK_DAYS = 14, 7
PAGE_COMMENTS = 100
# Pages of threads per video, newest first: a video gone viral must not eat the day's quota. What is
# bounded are their threads: how many a page holds is up to the API, which comments are read is not.
MOST_PAGES = 20
NO_COMMENT = "(none)"
NO_COMMENTS, COMMENTS_DISABLED = "no_comments", "comments_disabled"


def fetch_comments(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the number of comments of every due video, then for the threads where there are any.

    A page's context holds `readAt`, the same for all pages of one video: comments with an earlier
    one were not there any more; `isFirst` until a thread has come; and on a video's last page
    `beyond`, the threads that came with it and are more than a video may have.
    """
    api = YouTube(ctx, quota_share=QUOTA_SHARE)
    most_threads = read_most_pages(ctx.connection) * PAGE_COMMENTS
    listed = list_videos(upload_pages(api, ctx))
    due = [video for video in listed if is_due(video["publishedAt"], ctx.window)]
    for batch in batches(due, PAGE_ITEMS):
        page = api.list("videos", {"part": "statistics", "id": joined_ids(batch)})
        page.context = {"asked": list(batch), "readAt": page.captured_at.isoformat()}
        yield page
        counts = _comment_counts(page.document)
        for video in batch:
            if counts.get(video["id"], 0) > 0:
                yield from _video_pages(api, video, most_threads)


def parse_comments(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield comments and replies of one video, or one document per video that has none to read."""
    shared = {name: page.context[name] for name in ("videoId", "channelId") if name in page.context}
    shared["readAt"] = page.context["readAt"]
    if "asked" in page.context:
        yield from _videos_without(document, page.context["asked"], shared)
    elif "parentId" in page.context:
        for reply in document.get("items") or []:
            yield {**reply, **shared}
    else:
        yield from _threads(document, page, shared)


def is_due(published_at: Any, window: Window) -> bool:
    """Say whether a video's comments are read in this window: daily to day 14, then weekly.

    Age is counted in calendar days from the video's UTC date to the window's key, so a rerun of a
    window reads the same videos.
    """
    moment = read_moment(published_at)
    if moment is None:
        return True
    age = (dt.date.fromisoformat(window.key) - moment.astimezone(dt.UTC).date()).days
    return age <= DAILY_UNTIL_DAY or age % WEEK_DAYS == 0


def read_most_pages(connection: Connection) -> int:
    """Return how many pages of threads a video may take; `BadRequest` when it is no number."""
    value = connection.extra.get("comment_pages", MOST_PAGES)
    if not str(value).isdecimal() or int(str(value)) < 1:
        raise BadRequest(
            f"connection {connection.conn_id!r}: extra.comment_pages {value!r} is not allowed; "
            "allowed: a whole number from 1 on"
        )
    return int(str(value))


def _video_pages(api: YouTube, video: Mapping[str, Any], most_threads: int) -> Iterator[Page]:
    context: dict[str, Any] = {"videoId": video["id"], "channelId": video["channelId"]}
    params = {
        "part": "snippet,replies",
        "videoId": video["id"],
        "maxResults": PAGE_COMMENTS,
        "order": "time",
        "textFormat": "plainText",
    }
    read: set[str] = set()
    for page in api.pages("commentThreads", params):
        context.setdefault("readAt", page.captured_at.isoformat())
        page.context = {**context, "isFirst": not read}
        # A new comment moves the list while it is read: the thread that comes twice counts once.
        new = {str(thread["id"]): thread for thread in page.document.get("items") or []}
        new = {thread_id: thread for thread_id, thread in new.items() if thread_id not in read}
        beyond = list(new)[most_threads - len(read) :]
        if beyond:
            page.context["beyond"] = beyond
        yield page
        for thread_id in list(new)[: most_threads - len(read)]:
            if _has_more_replies(new[thread_id]):
                yield from _reply_pages(api, thread_id, context)
        read |= new.keys()
        if len(read) >= most_threads:
            return


def _reply_pages(api: YouTube, thread_id: str, context: Mapping[str, Any]) -> Iterator[Page]:
    params = {
        "part": "snippet",
        "parentId": thread_id,
        "maxResults": PAGE_COMMENTS,
        "textFormat": "plainText",
    }
    for page in api.pages("comments", params):
        page.context = {**context, "parentId": thread_id}
        yield page


def _has_more_replies(thread: Mapping[str, Any]) -> bool:
    total = (thread.get("snippet") or {}).get("totalReplyCount") or 0
    return int(total) > len(_inline_replies(thread))


def _inline_replies(thread: Mapping[str, Any]) -> list[Any]:
    return (thread.get("replies") or {}).get("comments") or []


def _threads(
    document: Mapping[str, Any], page: Page, shared: Mapping[str, Any]
) -> Iterator[Document]:
    threads = document.get("items") or []
    if not threads and page.context["isFirst"] and not document.get("nextPageToken"):
        reason = object_reason(document) or NO_COMMENTS
        yield {**shared, "id": NO_COMMENT, "unavailableReason": reason}
    beyond = frozenset(page.context.get("beyond", ()))
    for thread in threads:
        if thread.get("id") in beyond:
            continue
        snippet = thread["snippet"]
        total = snippet.get("totalReplyCount")
        yield {**snippet["topLevelComment"], **shared, "totalReplyCount": total}
        for reply in _inline_replies(thread):
            yield {**reply, **shared}


def _videos_without(
    document: Mapping[str, Any], asked: list[Mapping[str, Any]], shared: Mapping[str, Any]
) -> Iterator[Document]:
    """Yield the videos whose threads are not asked for, with the reason."""
    given = {str(item["id"]) for item in document.get("items") or []}
    counts = _comment_counts(document)
    for video in asked:
        if counts.get(video["id"], 0) > 0:
            continue
        reason = NO_COMMENTS
        if video["id"] not in counts:
            reason = COMMENTS_DISABLED if video["id"] in given else NOT_RETURNED
        yield {
            **shared,
            "id": NO_COMMENT,
            "videoId": video["id"],
            "channelId": video["channelId"],
            "unavailableReason": reason,
        }


def _comment_counts(document: Mapping[str, Any]) -> dict[str, int]:
    """Return the number of comments by video; a video with comments disabled has none."""
    return {
        str(item["id"]): int(item["statistics"]["commentCount"])
        for item in document.get("items") or []
        if "commentCount" in (item.get("statistics") or {})
    }
