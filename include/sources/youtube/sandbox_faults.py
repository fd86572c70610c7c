"""Bad days of YouTube's APIs; see `include.sandbox.faults`.

Reports announce no number of rows and lists only an approximate one: items are lost where an answer
says how many it holds. The day's quota is no fault of a request; see `sandbox.Quota`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault, json_answer, lasting
from include.sources.youtube.sandbox_shapes import Refusal, page_token, read_page_token

_REPORTS = "/v2/reports"
# Lists that are paged; the others answer as many objects as were asked for by id.
_PAGED = ("/playlistItems", "/commentThreads", "/comments")
_VIDEOS, _UPLOADS = "/videos", "/playlistItems"


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """Too many requests in a moment: HTTP 403 with the reason rateLimitExceeded, or the user's."""
    reason = ("rateLimitExceeded", "userRateLimitExceeded")[call.pick(2)]
    return _refused(Refusal(403, reason, "Rate Limit Exceeded", domain="usageLimits"))


async def token_expiry(call: Call, ask: Ask) -> Answer | None:
    """The owner's access token ends; an API key never does."""
    if not call.headers.get("authorization"):
        return None
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return _refused(Refusal(401, "authError", message, domain="global", state="UNAUTHENTICATED"))


async def empty_last_page(call: Call, ask: Ask) -> Answer | None:
    """The last page has a `nextPageToken`, behind which there is nothing."""
    answer = await ask(call)
    document = answer.json()
    if not call.path.endswith(_PAGED) or not document.get("items") or "nextPageToken" in document:
        return None
    end = read_page_token(call.query.get("pageToken")) + len(document["items"])
    return answer.with_json({**document, "nextPageToken": page_token(end)})


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page holds a third of the items asked for, though more follow."""
    most = int(call.query.get("maxResults", 0))
    if not call.path.endswith(_PAGED) or most < 2:
        return None
    return await ask(call.with_query(maxResults=str(max(1, most // 3))))


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """`items` is absent although the answer counts some; of a report `columnHeaders` is."""
    answer = await ask(call)
    document = answer.json()
    if document.pop("columnHeaders", None) or document.pop("items", None):
        return answer.with_json(document)
    return None


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A page begins with the last item of the first page."""
    if "pageToken" not in call.query:
        return None
    earlier = (await ask(call.with_query(pageToken=None))).json()
    answer = await ask(call)
    document = answer.json()
    if not earlier.get("items") or not document.get("items"):
        return None
    document["items"] = [earlier["items"][-1], *document["items"]]
    return answer.with_json(document)


async def lost_page(call: Call, ask: Ask) -> Answer | None:
    """Half of the videos asked for by id are missing; `totalResults` counts them."""
    answer = await ask(call)
    document = answer.json()
    if not call.path.endswith(_VIDEOS) or not document.get("items"):
        return None
    document["items"] = document["items"][: len(document["items"]) // 2]
    return answer.with_json(document)


async def empty_for_missing_permission(call: Call, ask: Ask) -> Answer | None:
    """A report has no rows, as for a channel the owner does not let us see."""
    answer = await ask(call)
    document = answer.json()
    if call.path != _REPORTS or not document.pop("rows", None):
        return None
    return answer.with_json(document)


@lasting(lambda call: call.query.get("dimensions") if call.path == _REPORTS else None)
async def refused_metric(call: Call, ask: Ask) -> Answer | None:
    """A kind of report does not know one of its metrics: refused, whenever it is asked for."""
    name = ("engagedViews", "averageViewPercentage", "shares")[call.pick(3)]
    if name not in call.query.get("metrics", "").split(","):
        return None
    message = f"Unknown identifier ({name}) given in field parameters.metrics."
    return _refused(Refusal(400, "badRequest", message, domain="global", state="INVALID_ARGUMENT"))


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Videos have a part nobody asked for."""
    return await _with_items(call, ask, _VIDEOS, lambda item: item.update(isShort=False))


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """Entries of the uploads have no id any more."""
    return await _with_items(call, ask, _UPLOADS, lambda item: item.pop("id", None))


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """The number of a video's views is an object."""

    def change(item: dict[str, Any]) -> None:
        statistics = item["statistics"]
        statistics["viewCount"] = {"count": statistics["viewCount"]}

    return await _with_items(call, ask, _VIDEOS, change)


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "token_expiry": token_expiry,
    "empty_last_page": empty_last_page,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "lost_page": lost_page,
    "empty_for_missing_permission": empty_for_missing_permission,
    "refused_metric": refused_metric,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


def _refused(refusal: Refusal) -> Answer:
    return json_answer({"error": refusal.body}, refusal.status)


async def _with_items(
    call: Call, ask: Ask, path: str, change: Callable[[dict[str, Any]], object]
) -> Answer | None:
    """Change every item of a list."""
    answer = await ask(call)
    document = answer.json()
    if not call.path.endswith(path) or not document.get("items"):
        return None
    for item in document["items"]:
        change(item)
    return answer.with_json(document)
