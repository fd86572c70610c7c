"""Bad days of the Admin API; see `include.sandbox.faults`.

A field nobody has seen before has no place here: GraphQL answers what it was asked for.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from include.sandbox.faults import Answer, Ask, Call, ProtocolFault, json_answer
from include.sources.shopify.queries import API_PATH, TOKEN_PATH
from include.sources.shopify.sandbox_bulk import FILES_PATH

_SINCE = re.compile(r"updated_at:>='(?P<at>[^']+)'")
_SPAN = re.compile(r"bytes (?P<first>\d+)-\d+/\d+")
_LOST = dt.timedelta(hours=8)


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """The bucket of query points is empty: THROTTLED inside HTTP 200."""
    if call.path != API_PATH:
        return json_answer({"errors": "Too Many Requests"}, 429, {"retry-after": "2"})
    status = {"maximumAvailable": 2000.0, "currentlyAvailable": 0, "restoreRate": 100.0}
    cost = {"requestedQueryCost": 702, "actualQueryCost": None, "throttleStatus": status}
    error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
    return json_answer({"errors": [error], "extensions": {"cost": cost}})


async def token_expiry(call: Call, ask: Ask) -> Answer | None:
    """The access token ends between two requests."""
    if call.path != API_PATH:
        return None
    reason = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return json_answer({"errors": reason}, 401)


async def empty_last_page(call: Call, ask: Ask) -> Answer | None:
    """The last page announces another one, which is empty."""
    answer = await ask(call)
    document = answer.json()
    found = _list_of(document)
    if found is None or not found["nodes"] or found["pageInfo"]["hasNextPage"]:
        return None
    found["pageInfo"]["hasNextPage"] = True
    return answer.with_json(document)


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page is shorter than asked for, though the list goes on."""
    variables = _variables(call)
    if not variables.get("first", 0) > 1:
        return None
    variables["first"] = max(1, variables["first"] // 3)
    return await ask(call.with_json({**call.json(), "variables": variables}))


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """`data` is absent, and no error says why."""
    answer = await ask(call)
    document = answer.json()
    if call.path != API_PATH or not isinstance(document, dict):
        return None
    return answer.with_json({k: v for k, v in document.items() if k != "data"})


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A page begins with the first item of the first page."""
    variables = _variables(call)
    if variables.get("after") is None:
        return None
    first_page = {**call.json(), "variables": {**variables, "after": None}}
    earlier = _list_of((await ask(call.with_json(first_page))).json())
    answer = await ask(call)
    document = answer.json()
    found = _list_of(document)
    if not earlier or not found or not earlier["nodes"]:
        return None
    found["nodes"] = [earlier["nodes"][-1], *found["nodes"]]
    return answer.with_json(document)


async def lost_page(call: Call, ask: Ask) -> Answer | None:
    """Half of a page's items are missing."""
    answer = await ask(call)
    document = answer.json()
    found = _list_of(document)
    if found is None or not found["nodes"]:
        return None
    found["nodes"] = found["nodes"][: len(found["nodes"]) // 2]
    return answer.with_json(document)


async def bulk_slice_lost(call: Call, ask: Ask) -> Answer | None:
    """A bulk operation completes without the oldest orders, and its own counts do not tell."""
    variables = _variables(call)
    text = str(variables.get("query", ""))
    if "bulkOperationRunQuery" not in str((call.json() or {}).get("query")):
        return None
    variables["query"] = _SINCE.sub(_later, text)
    return await ask(call.with_json({**call.json(), "variables": variables}))


async def bulk_failed(call: Call, ask: Ask) -> Answer | None:
    """A bulk operation ends as FAILED, with the part it had found as partial data."""
    answer = await ask(call)
    document = answer.json()
    data = document.get("data") if isinstance(document, dict) else None
    operation = (data or {}).get("bulkOperation")
    if operation is None or operation["status"] != "COMPLETED":
        return None
    ended = {"status": "FAILED", "errorCode": "INTERNAL_SERVER_ERROR", "url": None}
    operation |= {**ended, "partialDataUrl": operation["url"]}
    return answer.with_json(document)


async def bulk_file_short(call: Call, ask: Ask) -> Answer | None:
    """The file of a bulk operation ends behind a whole line, too early; the counts are right."""
    if not call.path.startswith(FILES_PATH):
        return None
    answer = await ask(call)
    kept = answer.body[: answer.body.rfind(b"\n", 0, len(answer.body) * 2 // 3) + 1]
    span = _SPAN.fullmatch(answer.headers.get("content-range", ""))
    if not kept or answer.status not in (200, 206):
        return None
    size = len(kept) + (int(span["first"]) if span else 0)
    part = {"content-range": f"bytes {span['first']}-{size - 1}/{size}"} if span else {}
    return replace(answer, headers={**answer.headers, **part}, body=kept)


async def empty_for_missing_permission(call: Call, ask: Ask) -> Answer | None:
    """A list is null, and the error beside it names the missing scope."""
    answer = await ask(call)
    document = answer.json()
    if _list_of(document) is None:
        return None
    name = next(iter(document["data"]))
    error = {
        "message": f"Access denied for {name} field.",
        "path": [name],
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": f"`read_{name}` access scope."},
    }
    return answer.with_json({**document, "data": {name: None}, "errors": [error]})


async def refused_metric(call: Call, ask: Ask) -> Answer | None:
    """The sales report does not know one of its columns."""
    answer = await ask(call)
    document = answer.json()
    report = ((document or {}).get("data") or {}).get("shopifyqlQuery")
    if not report:
        return None
    report |= {
        "tableData": None,
        "parseErrors": ["Line 1 Column 1: Column 'sales_reversals' not found"],
    }
    return answer.with_json(document)


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """A field that is asked for no longer exists."""
    if "orders(" not in str((call.json() or {}).get("query")):
        return None
    error = {
        "message": "Field 'sourceName' doesn't exist on type 'Order'",
        "path": ["query Orders", "orders", "nodes", "sourceName"],
        "extensions": {"code": "undefinedField", "typeName": "Order", "fieldName": "sourceName"},
    }
    return json_answer({"errors": [error]})


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """`createdAt` of every item is an object."""
    answer = await ask(call)
    document = answer.json()
    found = _list_of(document)
    nodes = [node for node in found["nodes"] if "createdAt" in node] if found else []
    # The connector itself sorts ids by day; what breaks there is no row any more.
    if not nodes or "updatedAt" not in nodes[0]:
        return None
    for node in nodes:
        node["createdAt"] = {"instant": node["createdAt"]}
    return answer.with_json(document)


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "token_expiry": token_expiry,
    "empty_last_page": empty_last_page,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "lost_page": lost_page,
    "bulk_slice_lost": bulk_slice_lost,
    "bulk_failed": bulk_failed,
    "bulk_file_short": bulk_file_short,
    "empty_for_missing_permission": empty_for_missing_permission,
    "refused_metric": refused_metric,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


def _variables(call: Call) -> dict[str, Any]:
    document = call.json() if call.path != TOKEN_PATH else None
    return dict((document or {}).get("variables") or {})


def _list_of(document: Any) -> dict[str, Any] | None:
    """Return the list an answer holds, None for another answer."""
    data = document.get("data") if isinstance(document, dict) else None
    for found in (data or {}).values():
        if isinstance(found, dict) and "nodes" in found and "pageInfo" in found:
            return found
    return None


def _later(found: re.Match[str]) -> str:
    at = dt.datetime.fromisoformat(found["at"]) + _LOST
    return f"updated_at:>='{at.isoformat()}'"
