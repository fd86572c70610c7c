"""One exported event as a row: nested parts laid flat, a key that every export of it shares.

Exports differ in form: `bq extract` writes integers as JSON strings, Parquet wraps lists into
`list`/`element`, a parameter is text in one event and a number in the next.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import msgspec

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_VALUE_KINDS = ("string_value", "int_value", "double_value", "float_value")
TEXT_PARAMS = (
    "page_location", "page_referrer", "page_title", "source", "medium", "campaign", "content",
    "term", "gclid", "transaction_id", "coupon", "currency",
)  # fmt: skip
NUMBER_PARAMS = ("ga_session_id", "ga_session_number", "engagement_time_msec", "value")
# Fields of the export that are no columns on purpose; any other one is reported as drift.
KNOWN = frozenset(
    {
        "event_params", "event_previous_timestamp", "event_value_in_usd",
        "event_bundle_sequence_id", "event_server_timestamp_offset", "is_active_user",
        "privacy_info", "user_properties", "user_first_touch_timestamp", "user_ltv", "device",
        "geo", "app_info", "traffic_source", "collected_traffic_source",
        "session_traffic_source_last_click", "event_dimensions", "ecommerce", "items",
        "publisher", "event_date", "event_timestamp", "event_name", "user_pseudo_id", "user_id",
        "stream_id", "platform", "batch_page_id", "batch_ordering_id", "batch_event_index",
    }
)  # fmt: skip
_encode = msgspec.msgpack.Encoder().encode


def read_event(event: Mapping[str, Any], *, is_intraday: bool) -> dict[str, Any]:
    """Return an event as a row; ValueError or a lookup error for one of another shape."""
    params = read_params(event)
    unknown = {name: value for name, value in event.items() if name not in KNOWN}
    return {
        **unknown,
        "event_date": read_day(event).isoformat(),
        "event_key": event_key(event, params),
        "is_intraday": is_intraday,
        "event_timestamp": read_micros(event["event_timestamp"]),
        "event_name": event["event_name"],
        "user_pseudo_id": _text(event.get("user_pseudo_id")),
        "user_id": _text(event.get("user_id")),
        "stream_id": _text(event.get("stream_id")),
        "platform": event.get("platform"),
        **{name: _text(params.get(name)) for name in TEXT_PARAMS},
        **{name: _number(params.get(name)) for name in NUMBER_PARAMS},
        "session_engaged": _flag(params.get("session_engaged")),
        **_sources(event),
        **_money(event),
        **_surroundings(event),
        **{name: event.get(name) for name in _BATCH},
    }


def read_day(event: Mapping[str, Any]) -> dt.date:
    """Return the day of the property's time zone that an event belongs to."""
    return dt.date.fromisoformat(str(event["event_date"]))


def read_params(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the event's parameters by name; of one that is there twice the last counts."""
    return {
        str(param["key"]): _first_value(param.get("value") or {})
        for param in _elements(event.get("event_params"))
    }


def read_micros(value: Any) -> str:
    """Return microseconds since 1970, an integer or its text, as an instant; none are lost."""
    return (_EPOCH + dt.timedelta(microseconds=int(value))).isoformat()


def event_key(event: Mapping[str, Any], params: Mapping[str, Any]) -> str:
    """Return a hash of what makes an event: who, when, what, with which parameters and items.

    The place in its batch is part of it, because events of one batch may share their microsecond.
    The same event exported twice, from another table or in another format has the same key.
    """
    parts = (
        *(_canonical(event.get(name)) for name in _IDENTITY),
        sorted((name, _canonical(value)) for name, value in params.items()),
        [
            [_canonical(item.get(name)) for name in ("item_id", "item_name", "quantity", "price")]
            for item in _elements(event.get("items"))
        ],
    )
    return hashlib.blake2b(_encode(parts), digest_size=16).hexdigest()


_BATCH = ("batch_page_id", "batch_ordering_id", "batch_event_index")
_IDENTITY = (
    "event_date", "stream_id", "user_pseudo_id", "user_id", "event_name", "event_timestamp", *_BATCH
)  # fmt: skip


def _sources(event: Mapping[str, Any]) -> dict[str, Any]:
    collected = event.get("collected_traffic_source") or {}
    last_click = event.get("session_traffic_source_last_click") or {}
    session = last_click.get("manual_campaign") or {}
    first = event.get("traffic_source") or {}
    return {
        "collected_source": collected.get("manual_source"),
        "collected_medium": collected.get("manual_medium"),
        "collected_campaign": collected.get("manual_campaign_name"),
        "collected_content": collected.get("manual_content"),
        "collected_term": collected.get("manual_term"),
        "collected_gclid": collected.get("gclid"),
        "session_source": session.get("source"),
        "session_medium": session.get("medium"),
        "session_campaign": session.get("campaign_name"),
        "session_content": session.get("content"),
        "session_term": session.get("term"),
        "first_user_source": first.get("source"),
        "first_user_medium": first.get("medium"),
        "first_user_campaign": first.get("name"),
    }


def _money(event: Mapping[str, Any]) -> dict[str, Any]:
    ecommerce = event.get("ecommerce") or {}
    return {
        "ecommerce_transaction_id": _text(ecommerce.get("transaction_id")),
        "purchase_revenue": _number(ecommerce.get("purchase_revenue")),
        "refund_value": _number(ecommerce.get("refund_value")),
        "item_count": ecommerce.get("total_item_quantity"),
    }


def _surroundings(event: Mapping[str, Any]) -> dict[str, Any]:
    privacy, device = event.get("privacy_info") or {}, event.get("device") or {}
    return {
        "analytics_storage": privacy.get("analytics_storage"),
        "ads_storage": privacy.get("ads_storage"),
        "device_category": device.get("category"),
        "hostname": (device.get("web_info") or {}).get("hostname"),
        "country": (event.get("geo") or {}).get("country"),
    }


def _elements(value: Any) -> Iterator[Mapping[str, Any]]:
    """Yield the elements of a list as JSON writes it, or as Parquet wraps it."""
    if isinstance(value, Mapping):
        value = [item["element"] for item in value["list"]]
    yield from value or ()


def _first_value(value: Mapping[str, Any]) -> Any:
    return next((value[kind] for kind in _VALUE_KINDS if value.get(kind) is not None), None)


def _text(value: Any) -> str | None:
    """Return a text as it is; a parameter of this name may have come as a number."""
    if isinstance(value, str):
        return value or None
    return _canonical(value)


def _number(value: Any) -> Any:
    """Return a number or its text as it is; an empty text is a gap."""
    return None if isinstance(value, str) and not value.strip() else value


def _flag(value: Any) -> bool | None:
    """Return whether a flag is set; it comes as the text "1", the number 1, or not at all."""
    return None if value is None else str(_canonical(value)).lower() in ("1", "true")


def _canonical(value: Any) -> str | None:
    """Return a value as text, the same for 5, "5" and 5.0."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value.normalize(), "f")
    return None if value is None else str(value)
