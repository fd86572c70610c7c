"""Bad days of the GA4 Data API; see `include.sandbox.faults`.

An empty last page has no place here: `rowCount` says how many rows there are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from include.sandbox.faults import (
    Answer,
    Ask,
    Call,
    ProtocolFault,
    changes_truth,
    json_answer,
)


async def throttle(call: Call, ask: Ask) -> Answer | None:
    """Too many requests at a time: RESOURCE_EXHAUSTED, no Retry-After."""
    return _refused(429, "RESOURCE_EXHAUSTED", "Exhausted concurrent requests quota.")


async def token_expiry(call: Call, ask: Ask) -> Answer | None:
    """The access token ends between two requests."""
    message = "Request had invalid authentication credentials. Expected OAuth 2 access token."
    return _refused(401, "UNAUTHENTICATED", message)


async def fewer_items(call: Call, ask: Ask) -> Answer | None:
    """A page holds a third of the rows asked for."""
    document = call.json()
    if "limit" not in (document or {}):
        return None
    fewer = str(max(1, int(document["limit"]) // 3))
    return await ask(call.with_json({**document, "limit": fewer}))


async def missing_keys(call: Call, ask: Ask) -> Answer | None:
    """`rows` is absent although `rowCount` says there are some; of a batch `reports` may be."""
    answer = await ask(call)
    document = answer.json()
    if call.pick(2) and document.pop("reports", None):
        return answer.with_json(document)
    for report in _reports(document):
        if report.pop("rows", None):
            return answer.with_json(document)
    return None


async def duplicate_across_pages(call: Call, ask: Ask) -> Answer | None:
    """A page begins with the last row of the page before: as many rows as ever, one too early."""
    offset = _offset(call)
    if not offset:
        return None
    return await ask(call.with_json({**call.json(), "offset": str(offset - 1)}))


async def lost_page(call: Call, ask: Ask) -> Answer | None:
    """Half of the rows are missing; `rowCount` counts them."""
    answer = await ask(call)
    document = answer.json()
    for report in _reports(document):
        if rows := report.get("rows"):
            report["rows"] = rows[: len(rows) // 2]
            return answer.with_json(document)
    return None


async def empty_for_missing_permission(call: Call, ask: Ask) -> Answer | None:
    """The property shows no rows to this account, and says that there are none."""
    answer = await ask(call)
    document = answer.json()
    reports = [report for report in _reports(document) if report.get("rows")]
    for report in reports:
        for name in ("rows", "rowCount", "totals"):
            report.pop(name, None)
    return answer.with_json(document) if reports else None


@changes_truth
async def restricted_metric(call: Call, ask: Ask) -> Answer | None:
    """Revenue is 0 in every row, and the metadata say that this account may not see it."""
    answer = await ask(call)
    document = answer.json()
    found = [report for report in _reports(document) if report.get("rows")]
    places = [_places(report, "TYPE_CURRENCY") for report in found]
    for report, hidden in zip(found, places, strict=True):
        for row in (*report["rows"], *(total for total in report.get("totals", ()) if total)):
            for place in hidden:
                row["metricValues"][place]["value"] = "0"
        restricted = [
            {
                "metricName": report["metricHeaders"][place]["name"],
                "restrictedMetricTypes": ["REVENUE_DATA"],
            }
            for place in hidden
        ]
        report["metadata"]["schemaRestrictionResponse"] = {"activeMetricRestrictions": restricted}
    return answer.with_json(document) if any(places) else None


async def refused_metric(call: Call, ask: Ask) -> Answer | None:
    """The last metric asked for is not valid any more."""
    document = call.json() or {}
    asked = document.get("requests") or [document]
    if not asked[0].get("metrics"):
        return None
    name = asked[0]["metrics"][-1]["name"]
    return _refused(400, "INVALID_ARGUMENT", f"Field {name} is not a valid metric.")


async def new_field(call: Call, ask: Ask) -> Answer | None:
    """Rows hold one more metric."""
    answer = await ask(call)
    document = answer.json()
    found = [report for report in _reports(document) if report.get("rows")]
    for report in found:
        report["metricHeaders"].append({"name": "heartbeats", "type": "TYPE_INTEGER"})
        for row in (*report["rows"], *(total for total in report.get("totals", ()) if total)):
            row["metricValues"].append({"value": "1"})
    return answer.with_json(document) if found else None


async def field_gone(call: Call, ask: Ask) -> Answer | None:
    """The first metric of the rows is gone."""
    answer = await ask(call)
    document = answer.json()
    found = [report for report in _reports(document) if report.get("rows")]
    for report in found:
        del report["metricHeaders"][0]
        for row in (*report["rows"], *(total for total in report.get("totals", ()) if total)):
            del row["metricValues"][0]
    return answer.with_json(document) if found else None


async def type_changed(call: Call, ask: Ask) -> Answer | None:
    """The first metric of the rows is no number."""
    answer = await ask(call)
    document = answer.json()
    found = [report for report in _reports(document) if report.get("rows")]
    for report in found:
        for row in report["rows"]:
            row["metricValues"][0]["value"] = "about " + str(row["metricValues"][0].get("value"))
    return answer.with_json(document) if found else None


FAULTS: Mapping[str, ProtocolFault] = {
    "throttle": throttle,
    "token_expiry": token_expiry,
    "fewer_items": fewer_items,
    "missing_keys": missing_keys,
    "duplicate_across_pages": duplicate_across_pages,
    "lost_page": lost_page,
    "empty_for_missing_permission": empty_for_missing_permission,
    "restricted_metric": restricted_metric,
    "refused_metric": refused_metric,
    "new_field": new_field,
    "field_gone": field_gone,
    "type_changed": type_changed,
}


def _refused(code: int, status: str, message: str) -> Answer:
    return json_answer({"error": {"code": code, "message": message, "status": status}}, code)


def _offset(call: Call) -> int:
    return int((call.json() or {}).get("offset", 0))


def _places(report: Mapping[str, Any], kind: str) -> list[int]:
    """Return where the metrics of a type stand in a report's rows."""
    return [n for n, header in enumerate(report["metricHeaders"]) if header["type"] == kind]


def _reports(document: Any) -> list[dict[str, Any]]:
    """Return the reports of an answer, one or a batch; none for another answer."""
    if not isinstance(document, dict) or "kind" not in document:
        return []
    found: list[dict[str, Any]] = document.get("reports", [document])
    return found
