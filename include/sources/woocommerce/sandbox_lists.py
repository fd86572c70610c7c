"""How a shop answers a list: which parameters it checks, which it ignores, how it pages."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

ORDER_STATUSES = frozenset(
    {"pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed"}
)
_ORDER_BYS = ("date", "id", "include", "title", "slug", "modified")
_DATES = ("after", "before", "modified_after", "modified_before")


class Refusal(Exception):
    """The API's error answer."""

    def __init__(self, status: int, code: str, message: str, **data: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"code": code, "message": message, "data": {"status": status, **data}}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list: what it is filtered and sorted by, and how its answer is built."""

    id: int
    created_at: dt.datetime | None
    modified_at: dt.datetime | None
    status: str
    build: Callable[[], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Answered:
    """A page and the headers that count its rows."""

    body: Any
    headers: dict[str, str]


def answer_list(entries: Iterable[Entry], params: Mapping[str, str], zone: ZoneInfo) -> Answered:
    """Filter, sort and cut a list as the REST API does; unknown parameters are ignored."""
    check_parameters(params)
    _check_orders(params)
    found = [entry for entry in entries if _matches(entry, params, zone)]
    found.sort(key=_sort_key(params), reverse=params.get("order", "desc") == "desc")
    size = int(params.get("per_page", "10"))
    start = int(params.get("offset", (int(params.get("page", "1")) - 1) * size))
    fields = [name for name in params.get("_fields", "").split(",") if name]
    meta = [name for name in params.get("include_meta", "").split(",") if name]
    rows = [choose(_with_meta(e.build(), meta), fields) for e in found[start : start + size]]
    pages = -(-len(found) // size)
    return Answered(rows, {"X-WP-Total": str(len(found)), "X-WP-TotalPages": str(pages)})


def choose(row: dict[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    """Return the fields asked for, `billing.email` among them; all and the links without any."""
    if not fields:
        return {**row, "_links": {"self": []}}
    chosen: dict[str, Any] = {}
    for name in fields:
        head, _, tail = name.partition(".")
        if head not in row:
            continue
        if tail and isinstance(row[head], dict):
            if tail in row[head]:
                chosen.setdefault(head, {})[tail] = row[head][tail]
        elif not tail:
            chosen[head] = row[head]
    return chosen


def read_time(text: str, zone: ZoneInfo, is_gmt: bool) -> dt.datetime:
    """Read a parameter's time: without an offset it is the shop's own time, or GMT if so said."""
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise invalid("after", f"Invalid date: {text}") from None
    return found.replace(tzinfo=found.tzinfo or (dt.UTC if is_gmt else zone))


def check_parameters(params: Mapping[str, str]) -> None:
    """Refuse what every list refuses: sizes and places out of their bounds, an unknown order."""
    for name, low, high in (("per_page", 1, 100), ("page", 1, None), ("offset", 0, None)):
        value = params.get(name)
        if value is None:
            continue
        if not value.isdecimal() or int(value) < low or (high and int(value) > high):
            limits = f"between {low} and {high} (inclusive)" if high else f"at least {low}"
            raise invalid(name, f"{name} must be {limits}")
    check_choice(params, "order", ("asc", "desc"))


def check_choice(params: Mapping[str, str], name: str, allowed: Sequence[str]) -> None:
    """Refuse a parameter that is given and none of the allowed words."""
    if name in params and params[name] not in allowed:
        raise invalid(name, f"{name} is not one of {', '.join(allowed)}.")


def _check_orders(params: Mapping[str, str]) -> None:
    check_choice(params, "orderby", _ORDER_BYS)
    if params.get("status", "any") not in {"any", "trash", *ORDER_STATUSES}:
        raise invalid("status", "status[0] is not one of the known ones.")


def invalid(name: str, message: str) -> Refusal:
    """Return WordPress's refusal of a parameter."""
    return Refusal(
        400, "rest_invalid_param", f"Invalid parameter(s): {name}", params={name: message}
    )


def _matches(entry: Entry, params: Mapping[str, str], zone: ZoneInfo) -> bool:
    status = params.get("status", "any")
    if (entry.status == "trash") if status == "any" else (entry.status != status):
        return False
    included = params.get("include")
    if included and str(entry.id) not in included.split(","):
        return False
    is_gmt = params.get("dates_are_gmt") in ("true", "1")
    for name in _DATES:
        if name not in params:
            continue
        bound = read_time(params[name], zone, is_gmt)
        at = entry.modified_at if name.startswith("modified") else entry.created_at
        if at is None or not (at > bound if name.endswith("after") else at < bound):
            return False
    return True


def _sort_key(params: Mapping[str, str]) -> Callable[[Entry], Any]:
    if params.get("orderby") == "id":
        return lambda entry: entry.id
    earliest = dt.datetime.min.replace(tzinfo=dt.UTC)
    if params.get("orderby") == "modified":
        return lambda entry: (entry.modified_at or earliest, entry.id)
    return lambda entry: (entry.created_at or earliest, entry.id)


def _with_meta(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    if not names or "meta_data" not in row:
        return row
    return {**row, "meta_data": [m for m in row["meta_data"] if m["key"] in names]}
