"""Shapes of the Business API: refusals, parameters that hold JSON, cursors, numbered pages."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

LONGEST_REPORT_DAYS, LONGEST_LOOKBACK_DAYS = 60, 60


class Refusal(Exception):
    """An outcome other than 0; it comes with HTTP 200 like any other."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_json(params: Mapping[str, str], name: str, default: Any) -> Any:
    """Read a parameter that is JSON text, as arrays and objects are in these addresses."""
    if name not in params:
        return default
    try:
        value = json.loads(params[name])
    except ValueError:
        value = None
    if not isinstance(value, type(default)):
        kind = "array" if isinstance(default, list) else "object"
        raise Refusal(40002, f"{name}: Not a valid JSON {kind}.")
    return value


def read_integer(
    params: Mapping[str, str], name: str, default: int, low: int, high: int | None = None
) -> int:
    """Read a whole number between two ends."""
    text = params.get(name)
    if text is None:
        return default
    if not text.isdecimal() or int(text) < low or (high is not None and int(text) > high):
        limit = "" if high is None else f" and less than or equal to {high}"
        raise Refusal(40002, f"{name}: Must be greater than or equal to {low}{limit}.")
    return int(text)


def require(params: Mapping[str, str], *names: str) -> None:
    """Refuse a request that lacks a parameter."""
    for name in names:
        if not params.get(name):
            raise Refusal(40002, f"{name}: Missing data for required field.")


def read_fields(params: Mapping[str, str], default: list[str], known: Collection[str]) -> list[str]:
    """Read `fields`; one unknown name fails the call."""
    fields = [str(name) for name in read_json(params, "fields", default)]
    if unknown := [name for name in fields if name not in known]:
        raise Refusal(
            40002,
            "Please correct the information in invalid metric fields and try again. Invalid metric "
            f"fields: {unknown}",
        )
    return fields


def read_span(
    params: Mapping[str, str], first: dt.date | None, last: dt.date | None
) -> tuple[dt.date, dt.date] | None:
    """Read `start_date` and `end_date`; None where there are none and no defaults either."""
    start, end = _read_day(params, "start_date", first), _read_day(params, "end_date", last)
    if start is None or end is None:
        return None
    if not 0 <= (end - start).days <= LONGEST_REPORT_DAYS:
        raise Refusal(40002, f"end_date: must be 0 to {LONGEST_REPORT_DAYS} days after start_date")
    return start, end


def by_time(
    items: Sequence[tuple[int, Any]], cursor: int, limit: int
) -> tuple[list[Any], bool, int]:
    """Return a page of (milliseconds, item), newest first, before a cursor; has_more; next cursor.

    As in the real API a page may hold fewer items than asked while more follow (here every first
    page does), and a full page announces more even when nothing follows.
    """
    before = sorted((pair for pair in items if pair[0] < cursor), reverse=True, key=_moment_of)
    size = max(1, limit - 1) if len(before) > limit and len(before) == len(items) else limit
    page = before[:size]
    if not page:
        return [], False, cursor
    return [item for _, item in page], len(page) == size, page[-1][0]


def by_position(
    items: Sequence[Any], params: Mapping[str, str], default: int, most: int
) -> dict[str, Any]:
    """Return a page by offset with `cursor` and `has_more`."""
    start = read_integer(params, "cursor", 0, 0)
    count = read_integer(params, "max_count", default, 1, most)
    size = max(1, count - 1) if start == 0 and len(items) > count else count
    page = list(items[start : start + size])
    return {
        "comments": page,
        "cursor": start + len(page),
        "has_more": start + len(page) < len(items),
    }


def by_number(
    items: Sequence[Any], params: Mapping[str, str], default: int, most: int
) -> tuple[list[Any], dict[str, int]]:
    """Return a numbered page and its `page_info`."""
    number = read_integer(params, "page", 1, 1)
    size = read_integer(params, "page_size", default, 1, most)
    start = (number - 1) * size
    info = {
        "page": number,
        "page_size": size,
        "total_number": len(items),
        "total_page": -(-len(items) // size),
    }
    return list(items[start : start + size]), info


def share_of(*parts: object) -> float:
    """Return a number in [0, 1) that depends on the parts alone."""
    return number_of(*parts) / 2**64


def number_of(*parts: object) -> int:
    """Return a whole number of 64 bits that depends on the parts alone."""
    text = ":".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest())


def mixed(values: Mapping[str, Any], seed: str) -> dict[str, Any]:
    """Write numbers as the API does: some as text, some with a fraction of zero."""
    return {name: _written(value, f"{seed}:{name}") for name, value in values.items()}


def percent(rate: float, seed: str) -> float | str:
    """Write a rate as the API does: mostly 0.183, sometimes "18.3%"."""
    is_text = share_of(seed, "percent") < 0.2
    return f"{Decimal(str(rate)) * 100:f}%" if is_text else rate


def _written(value: Any, seed: str) -> Any:
    if isinstance(value, bool) or not isinstance(value, int):
        return value
    kind = share_of(seed, "written")
    return str(value) if kind < 0.15 else float(value) if kind < 0.25 else value


def _read_day(params: Mapping[str, str], name: str, default: dt.date | None) -> dt.date | None:
    try:
        return dt.date.fromisoformat(params[name]) if name in params else default
    except ValueError:
        raise Refusal(40002, f"{name}: Not a valid date; use YYYY-MM-DD.") from None


def _moment_of(pair: tuple[int, Any]) -> int:
    return pair[0]
