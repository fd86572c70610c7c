"""Shapes of Google's APIs: checked parameters, pages, errors."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Parameters every method takes.
COMMON = frozenset({"key", "access_token", "alt", "fields", "prettyPrint", "quotaUser"})


class Refusal(Exception):
    """An error answer with the HTTP status it comes with."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        domain: str = "youtube.parameter",
        location: str = "",
        info: str = "",
        state: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        entry = {"message": message, "domain": domain, "reason": reason}
        if location:
            entry |= {"location": location, "locationType": "parameter"}
        self.body: dict[str, Any] = {"code": status, "message": message, "errors": [entry]}
        if state:
            self.body["status"] = state
        if info:
            kind = "type.googleapis.com/google.rpc.ErrorInfo"
            self.body["details"] = [{"@type": kind, "reason": info, "domain": "googleapis.com"}]


@dataclass(frozen=True, slots=True)
class Method:
    """What a `list` method takes, as its discovery document says.

    filters: of these exactly one is needed. sizes: default, smallest and largest maxResults.
    """

    name: str
    parts: frozenset[str]
    filters: frozenset[str]
    others: frozenset[str]
    sizes: tuple[int, int, int]


# fmt: off
METHODS = {
    method.name: method
    for method in (
        Method(
            "channels",
            frozenset({
                "auditDetails", "brandingSettings", "contentDetails", "contentOwnerDetails", "id",
                "localizations", "snippet", "statistics", "status", "topicDetails",
            }),
            frozenset({
                "categoryId", "forHandle", "forUsername", "id", "managedByMe", "mine",
                "mySubscribers",
            }),
            frozenset({"hl", "maxResults", "onBehalfOfContentOwner", "pageToken", "part"}),
            (5, 0, 50),
        ),
        Method(
            "playlistItems",
            frozenset({"contentDetails", "id", "snippet", "status"}),
            frozenset({"id", "playlistId"}),
            frozenset({"maxResults", "onBehalfOfContentOwner", "pageToken", "part", "videoId"}),
            (5, 0, 50),
        ),
        Method(
            "videos",
            frozenset({
                "brandPartner", "contentDetails", "fileDetails", "id", "liveStreamingDetails",
                "localizations", "paidProductPlacementDetails", "player", "processingDetails",
                "recordingDetails", "snippet", "statistics", "status", "suggestions",
                "topicDetails",
            }),
            frozenset({"chart", "id", "myRating"}),
            frozenset({
                "hl", "locale", "maxHeight", "maxResults", "maxWidth", "onBehalfOfContentOwner",
                "pageToken", "part", "regionCode", "videoCategoryId",
            }),
            (5, 1, 50),
        ),
        Method(
            "commentThreads",
            frozenset({"id", "replies", "snippet"}),
            frozenset({"allThreadsRelatedToChannelId", "channelId", "id", "videoId"}),
            frozenset({
                "maxResults", "moderationStatus", "order", "pageToken", "part", "searchTerms",
                "textFormat",
            }),
            (20, 1, 100),
        ),
        Method(
            "comments",
            frozenset({"id", "snippet"}),
            frozenset({"id", "parentId"}),
            frozenset({"maxResults", "pageToken", "part", "textFormat"}),
            (20, 1, 100),
        ),
    )
}
# fmt: on
# Lists that are read forwards alone.
ONE_WAY = frozenset({"commentThreads", "comments"})


def check_params(method: Method, params: Mapping[str, str]) -> tuple[list[str], str]:
    """Return the parts and the one filter of a request, refused as the API refuses them."""
    _check_names(method, params)
    parts = [part for part in params.get("part", "").split(",") if part]
    if not parts:
        raise Refusal(400, "missingRequiredParameter", "Missing part", location="part")
    for part in parts:
        if part not in method.parts:
            raise Refusal(400, "unknownPart", f"'{part}'", domain="youtube.part", location="part")
    filters = [name for name in params if name in method.filters]
    if not filters:
        raise Refusal(
            400,
            "missingRequiredParameter",
            f"No filter selected. Expected one of: {', '.join(sorted(method.filters))}",
            location="parameters.",
        )
    if len(filters) > 1:
        message = f"Incompatible parameters specified in the request: {', '.join(filters)}"
        raise Refusal(400, "incompatibleParameters", message, location="parameters.")
    _read_size(params.get("maxResults"), method)
    return parts, filters[0]


def _check_names(method: Method, params: Mapping[str, str]) -> None:
    for name in params:
        if name not in method.filters | method.others | COMMON:
            raise Refusal(
                400,
                "badRequest",
                f'Invalid JSON payload received. Unknown name "{name}": Cannot bind query '
                f"parameter. Field '{name}' could not be found in request message.",
                domain="global",
                state="INVALID_ARGUMENT",
            )


def page_of(
    method: Method, documents: Sequence[Mapping[str, Any]], params: Mapping[str, str], kind: str
) -> dict[str, Any]:
    """Return one page of a list with its tokens; the last page has no `nextPageToken`."""
    size = _read_size(params.get("maxResults"), method)
    start = read_page_token(params.get("pageToken"))
    items = list(documents[start : start + size])
    page: dict[str, Any] = {"kind": kind, "etag": "sandbox", "items": items}
    if start + size < len(documents):
        page["nextPageToken"] = page_token(start + size)
    if start and method.name not in ONE_WAY:
        page["prevPageToken"] = page_token(max(0, start - size))
    page["pageInfo"] = {"totalResults": len(documents), "resultsPerPage": size}
    return page


def choose(document: Mapping[str, Any], parts: Sequence[str]) -> dict[str, Any]:
    """Return the asked parts that exist, and what every resource carries."""
    always = ("kind", "etag", "id")
    return {name: document[name] for name in (*always, *parts) if name in document}


def _read_size(text: str | None, method: Method) -> int:
    default, low, high = method.sizes
    size = default if text is None else int(text) if text.isdecimal() else -1
    if not low <= size <= high:
        message = f"Invalid value '{text}'. Values must be within the range: [{low}, {high}]"
        raise Refusal(400, "invalidParameter", message, location="maxResults")
    return size


def page_token(position: int) -> str:
    return base64.urlsafe_b64encode(f"PT:{position:06}".encode()).decode().rstrip("=")


def read_page_token(text: str | None) -> int:
    if not text:
        return 0
    try:
        plain = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return int(plain.removeprefix("PT:"))
    except (binascii.Error, UnicodeDecodeError, ValueError):
        message = "The request specifies an invalid page token."
        raise Refusal(400, "invalidPageToken", message, location="pageToken") from None
