"""Bad days of the Graph API; see `include.sandbox.faults`.

The API announces no counts, so a lost item cannot be told from one that never was: `lost_page` has
no place here, and an absent `data` or `paging` is played where the API itself leaves it out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault, json_answer, lasting

_MINUTES = 5


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """The app's allowance is used up: error 4, the wait in a usage header."""
    used = {"call_count": 100, "total_time": 80, "total_cputime": 80}
    entry = {"type": "instagram", **used, "estimated_time_to_regain_access": _MINUTES}
    headers = {
        "x-app-usage": json.dumps(used),
        "x-business-use-case-usage": json.dumps({"1": [entry]}),
    }
    return _refused(400, 4, "(#4) Application request limit reached", headers=headers)


async def token_expiry(call: Call, ask: Ask) -> Answer | None:
    """The access token ends between two requests; one that has ended cannot be exchanged."""
    message = "Error validating access token: Session has expired"
    return _refused(400, 190, message, error_subcode=463)


async def empty_last_page(call: Call, ask: Ask) -> Answer | None:
    """The last page links to another one, which is empty."""
    answer = await ask(call)
    document = answer.json()
    paging = _paging(document)
    if not document.get("data") or "cursors" not in paging or "next" in paging:
        return None
    paging["next"] = f"https://graph.facebook.com{call.path}?after={paging['cursors']['after']}"
    return answer.with_json(document)


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page holds a third of the items asked for."""
    limit = int(call.query.get("limit", "0"))
    return await ask(call.with_query(limit=str(max(1, limit // 3)))) if limit > 1 else None


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """The last page has no `paging`."""
    answer = await ask(call)
    document = answer.json()
    if "cursors" not in _paging(document) or "next" in _paging(document):
        return None
    del document["paging"]
    return answer.with_json(document)


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A page begins with the last item of the first page."""
    if "after" not in call.query:
        return None
    earlier = (await ask(call.with_query(after=None))).json()
    answer = await ask(call)
    document = answer.json()
    if not document.get("data") or not earlier.get("data"):
        return None
    document["data"] = [earlier["data"][-1], *document["data"]]
    return answer.with_json(document)


async def empty_for_missing_permission(call: Call, ask: Ask) -> Answer | None:
    """Insights are an empty list, as without their permission."""
    if not call.path.endswith("/insights"):
        return None
    answer = await ask(call)
    document = answer.json()
    if not document.get("data"):
        return None
    return answer.with_json({**document, "data": []})


@lasting(lambda call: call.path if call.path.endswith("/insights") else None)
async def refused_metric(call: Call, ask: Ask) -> Answer | None:
    """A post does not have one of the metrics: the whole call is refused, whenever it is asked."""
    name = ("reach", "views", "shares")[call.pick(3)]
    if name not in call.query.get("metric", "").split(","):
        return None
    message = f"(#100) The Media Insights API does not support the {name} metric for this media."
    return _refused(400, 100, message)


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Items of a list have a field nobody asked for."""
    return await _with_items(call, ask, lambda item: item.update(is_boosted=False))


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """Items of a list have no time any more."""

    def change(item: dict[str, Any]) -> None:
        item.pop("timestamp", None)

    return await _with_items(call, ask, change)


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """The number of comments is an object."""

    def change(item: dict[str, Any]) -> None:
        item["comments_count"] = {"count": item["comments_count"]}

    return await _with_items(call, ask, change)


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "token_expiry": token_expiry,
    "empty_last_page": empty_last_page,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "empty_for_missing_permission": empty_for_missing_permission,
    "refused_metric": refused_metric,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


def _refused(
    status: int, code: int, message: str, headers: Mapping[str, str] | None = None, **more: Any
) -> Answer:
    error = {"message": message, "type": "OAuthException", "code": code, **more}
    return json_answer({"error": error}, status, headers)


def _paging(document: Any) -> dict[str, Any]:
    return dict.get(document, "paging") or {} if isinstance(document, dict) else {}


async def _with_items(call: Call, ask: Ask, change: Any) -> Answer | None:
    """Change every post of a list that holds its counters."""
    answer = await ask(call)
    document = answer.json()
    items = [item for item in document.get("data", ()) if "comments_count" in item]
    for item in items:
        change(item)
    return answer.with_json(document) if items else None
