"""Turn the Data API's answers into documents; no network, so a replay gives the same rows."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from typing import Any

from include.sources._base import Document, Page

NOT_FOUND, NOT_RETURNED = "not_found", "not_returned"
# What the uploads list calls entries whose video the reader may not see.
HIDDEN_TITLES = {"Deleted video": "deleted", "Private video": "private"}
_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


def parse_channels(document: Mapping[str, Any], page: Page) -> Iterator[dict[str, Any]]:
    """Yield one document per asked channel; one the API does not know carries the reason."""
    items = document.get("items") or []
    found = {str(item["id"]): item for item in items}
    for asked in page.context["asked"]:
        if page.context["askedBy"] == "id":
            item = found.get(asked["requestedAs"])
        else:
            item = items[0] if items else None
        if item is None:
            yield {**asked, "unavailableReason": NOT_FOUND}
        else:
            yield {**item, **asked, "statistics": _without_hidden(item.get("statistics") or {})}


def parse_uploads(document: Mapping[str, Any], page: Page) -> Iterator[dict[str, Any]]:
    """Yield the entries of the span; a video that is not public carries the reason."""
    for item in document.get("items") or []:
        if not is_within(item, page.context):
            continue
        reason = None
        if "videoPublishedAt" not in item["contentDetails"]:
            reason = HIDDEN_TITLES.get(str(item["snippet"].get("title")), "not_public")
        yield {**item, "channelId": page.context["channelId"], "unavailableReason": reason}


def parse_videos(document: Mapping[str, Any], page: Page) -> Iterator[Document]:
    """Yield one document per asked video, also for those the API silently left out."""
    found = {str(item["id"]): item for item in document.get("items") or []}
    shared = {"refusedParts": ",".join(page.context["refusedParts"]) or None}
    for asked in page.context["asked"]:
        item = found.get(asked["id"])
        if item is None:
            yield {
                **shared,
                "id": asked["id"],
                "channelId": asked["channelId"],
                "snippet": {"publishedAt": asked["publishedAt"]},
                "unavailableReason": NOT_RETURNED,
            }
        else:
            duration = (item.get("contentDetails") or {}).get("duration")
            seconds = read_duration(duration)
            yield {**item, **shared, "channelId": asked["channelId"], "durationSeconds": seconds}


def read_duration(text: Any) -> Any:
    """Return `PT12M41S` as seconds; what is no duration stays, and its row is quarantined."""
    found = _DURATION.fullmatch(text) if isinstance(text, str) and text != "P" else None
    if found is None:
        return text
    parts = {name: int(value) for name, value in found.groupdict().items() if value}
    return int(dt.timedelta(**parts).total_seconds())


def is_within(item: Mapping[str, Any], span: Mapping[str, Any]) -> bool:
    """Say whether a list entry lies in [published_from, published_before).

    An entry without a readable time counts as within, so that it is not lost.
    """
    moment = _moment(item)
    if moment is None:
        return True
    start = dt.datetime.fromisoformat(span["published_from"])
    return start <= moment < dt.datetime.fromisoformat(span["published_before"])


def is_older(item: Mapping[str, Any], span: Mapping[str, Any]) -> bool:
    """Say whether a list entry was published before the span began."""
    moment = _moment(item)
    return moment is not None and moment < dt.datetime.fromisoformat(span["published_from"])


def read_moment(text: Any) -> dt.datetime | None:
    """Return the instant of a time the API gave; None when it does not read as one."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment


def _moment(item: Mapping[str, Any]) -> dt.datetime | None:
    """When a video was published; where that is hidden, when it was uploaded."""
    published = (item.get("contentDetails") or {}).get("videoPublishedAt")
    return read_moment(published or (item.get("snippet") or {}).get("publishedAt"))


def _without_hidden(statistics: Mapping[str, Any]) -> Mapping[str, Any]:
    """Leave out a hidden number of subscribers, which some answers give as 0."""
    if not statistics.get("hiddenSubscriberCount"):
        return statistics
    return {name: value for name, value in statistics.items() if name != "subscriberCount"}
