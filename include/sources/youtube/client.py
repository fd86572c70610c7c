"""What the streams about channels, uploads and videos ask the Data API for.

Pages carry in their context what `parse` needs besides the answer (what was asked, the span of
publication times), so that a replay from landing gives the same rows.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from include.errors import BadRequest, MissingScope
from include.sources._base import FetchContext, Page, Window
from include.sources.youtube.api import YouTube
from include.sources.youtube.parse import is_older, parse_channels, parse_uploads

# Videos are kept current for as long as those of a campaign still sell.
KEPT_DAYS = 90
PAGE_ITEMS = 50
CHANNEL_PARTS = "snippet,statistics,contentDetails,status"
UPLOAD_PARTS = "snippet,contentDetails,status"
VIDEO_PARTS = ("snippet", "statistics", "contentDetails", "status")
# The API describes these as given to the owner; for other channels they may be refused.
OPTIONAL_PARTS = ("paidProductPlacementDetails", "brandPartner")
CHANNEL_ID = re.compile(r"UC[A-Za-z0-9_-]{22}")
HANDLE = re.compile(r"[\w.·-]{3,30}")


@dataclass(frozen=True, slots=True)
class AskedChannel:
    """A channel to read: an id or a handle (without @)."""

    name: str
    is_own: bool = False

    @property
    def is_id(self) -> bool:
        return CHANNEL_ID.fullmatch(self.name) is not None


def fetch_channels(ctx: FetchContext) -> Iterator[Page]:
    """Ask for the connection's own channel and those of the plan: ids by 50, handles one by one."""
    yield from _channel_pages(YouTube(ctx), ctx)


def fetch_uploads(ctx: FetchContext) -> Iterator[Page]:
    """List each channel's uploads of the last 90 days before the window's end."""
    yield from upload_pages(YouTube(ctx), ctx)


def fetch_videos(ctx: FetchContext) -> Iterator[Page]:
    """Ask for every listed video by 50 ids; the context of a page names the ids that were asked."""
    api = YouTube(ctx)
    videos = Videos(api)
    for batch in batches(list_videos(upload_pages(api, ctx)), PAGE_ITEMS):
        yield videos.ask(batch)


def asked_channels(ctx: FetchContext) -> list[AskedChannel]:
    """Return the channels of connection and plan; `BadRequest` names what is no id or handle."""
    asked: dict[str, AskedChannel] = {}
    own = str(ctx.connection.extra.get("channel_id") or "")
    if own and not CHANNEL_ID.fullmatch(own):
        raise BadRequest(
            f"connection {ctx.connection.conn_id!r}: extra.channel_id {own!r} is no channel id; "
            "allowed: UC and 22 letters, digits, - or _"
        )
    if own:
        asked[own] = AskedChannel(own, is_own=True)
    for target in ctx.targets.get("youtube", ()):
        name = target.strip().removeprefix("@")
        if not CHANNEL_ID.fullmatch(name) and not HANDLE.fullmatch(name):
            raise BadRequest(
                f"YouTube account {target!r} of the plan is neither a channel id (UC and 22 "
                "characters) nor a handle (3 to 30 letters, digits, . _ - ·)"
            )
        # Handles ignore case, ids do not.
        key = name if CHANNEL_ID.fullmatch(name) else name.lower()
        asked.setdefault(key, AskedChannel(name))
    return list(asked.values())


def upload_pages(api: YouTube, ctx: FetchContext) -> Iterator[Page]:
    """List the uploads playlists, newest first, until a page holds older entries alone."""
    span = publication_span(ctx.window)
    playlists: dict[str, str] = {}
    for page in _channel_pages(api, ctx):
        for channel in parse_channels(page.document, page):
            details = (channel.get("contentDetails") or {}).get("relatedPlaylists") or {}
            if "id" in channel and details.get("uploads"):
                playlists[str(channel["id"])] = str(details["uploads"])
    for channel_id, playlist_id in playlists.items():
        params = {"part": UPLOAD_PARTS, "playlistId": playlist_id, "maxResults": PAGE_ITEMS}
        for page in api.pages("playlistItems", params):
            page.context = {**span, "channelId": channel_id}
            yield page
            items = page.document.get("items") or []
            if items and all(is_older(item, span) for item in items):
                break


def list_videos(pages: Iterator[Page]) -> list[dict[str, Any]]:
    """Return the videos of uploads pages, each once: id, channelId, publishedAt (None if hidden).

    An entry may come twice when the list grows while it is paged.
    """
    listed: dict[str, dict[str, Any]] = {}
    for page in pages:
        for upload in parse_uploads(page.document, page):
            details = upload["contentDetails"]
            listed[str(details["videoId"])] = {
                "id": str(details["videoId"]),
                "channelId": upload["channelId"],
                "publishedAt": details.get("videoPublishedAt"),
            }
    return list(listed.values())


class Videos:
    """Ask for videos by their ids, leaving out the optional parts the API refuses."""

    def __init__(self, api: YouTube) -> None:
        self._api = api
        self._optional: tuple[str, ...] = OPTIONAL_PARTS

    def ask(self, batch: Sequence[Mapping[str, Any]]) -> Page:
        """Return the answer for at most 50 videos."""
        try:
            page = self._ask(batch, self._optional)
        except (MissingScope, BadRequest):
            if not self._optional:
                raise
            # The call without them raises what is wrong with the rest.
            page = self._ask(batch, ())
            self._optional = tuple(part for part in self._optional if self._gives(batch, part))
            if self._optional:
                page = self._ask(batch, self._optional)
        page.context = {
            "asked": list(batch),
            "expected_rows": len(batch),
            "refusedParts": [part for part in OPTIONAL_PARTS if part not in self._optional],
        }
        return page

    def _gives(self, batch: Sequence[Mapping[str, Any]], part: str) -> bool:
        try:
            self._ask(batch, (part,))
        except (MissingScope, BadRequest):
            return False
        return True

    def _ask(self, batch: Sequence[Mapping[str, Any]], optional: tuple[str, ...]) -> Page:
        # No maxResults: the API allows it with a chart, not with ids.
        return self._api.list(
            "videos", {"part": ",".join((*VIDEO_PARTS, *optional)), "id": joined_ids(batch)}
        )


def joined_ids(batch: Sequence[Mapping[str, Any]]) -> str:
    """Return the ids of a batch as the API wants them."""
    return ",".join(str(video["id"]) for video in batch)


def batches(videos: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    """Cut a list into pieces of at most `size`."""
    return (videos[i : i + size] for i in range(0, len(videos), size))


def publication_span(window: Window) -> dict[str, str]:
    """Return the publication times [from, before) of the videos a window's streams hold.

    Videos made after the window's end belong to the next one, whenever this one is read.
    """
    start = window.end - dt.timedelta(days=KEPT_DAYS)
    return {"published_from": start.isoformat(), "published_before": window.end.isoformat()}


def _channel_pages(api: YouTube, ctx: FetchContext) -> Iterator[Page]:
    asked = asked_channels(ctx)
    params: dict[str, Any] = {"part": CHANNEL_PARTS, "maxResults": PAGE_ITEMS}
    for batch in batches([channel for channel in asked if channel.is_id], PAGE_ITEMS):
        ids = ",".join(channel.name for channel in batch)
        yield _asked_page(api.list("channels", {**params, "id": ids}), batch, "id")
    for channel in asked:
        if not channel.is_id:
            page = api.list("channels", {**params, "forHandle": f"@{channel.name}"})
            yield _asked_page(page, [channel], "forHandle")


def _asked_page(page: Page, asked: Sequence[AskedChannel], asked_by: str) -> Page:
    page.context = {
        "asked": [{"requestedAs": c.name, "isOwnChannel": c.is_own} for c in asked],
        "askedBy": asked_by,
        "expected_rows": len(asked),
    }
    return page
