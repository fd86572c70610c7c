"""The inbox: requests of persons as files, one folder per topic.

    <GROUNDSWELL_PRIVACY_DIR>/inbox/customers-redact/*.json          payloads as the shop sends them
                              inbox/customers-data_request/*.json
                              inbox/shop-redact/*.json
                              answers/request-<id>.json              what a data request found

The webhook endpoint (`plugins/privacy_webhooks.py`) writes `webhook-<hash of the webhook's id>`;
a person may put a file there by hand, with `connection_id` in place of `shop_domain` for sources
without such webhooks. A file stays until its request is done: it is the one place
where the plain values are, and it is read by this machine's user only.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from include.errors import BadRequest, Truncated
from include.http.decode import decode_json
from include.settings import read_settings

CUSTOMER_REDACT = "customers/redact"
DATA_REQUEST = "customers/data_request"
SHOP_REDACT = "shop/redact"
# Each topic with the keys its payload never has: a file in the wrong folder must not erase a shop.
TOPICS = {
    CUSTOMER_REDACT: frozenset({"orders_requested", "data_request"}),
    DATA_REQUEST: frozenset({"orders_to_redact"}),
    SHOP_REDACT: frozenset({"customer", "orders_requested", "orders_to_redact", "data_request"}),
}
# What names a person in a payload; a shop sends the first three, `username` is for who commented.
NAMES = ("id", "email", "phone", "username")
# The shops' law of thirty days.
DUE_AFTER = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class PrivacyRequest:
    """One request; `repr` shows nothing of the person.

    shop: its domain; empty in a file by hand that names `connection_id` instead.
    values: texts that name the person (customer id, e-mail, phone). records: keys of records that
    are the person's, by stream.
    """

    topic: str
    origin: str
    key: str
    shop: str
    requested_at: dt.datetime
    path: Path
    connection_id: str | None = None
    values: tuple[str, ...] = field(default=(), repr=False)
    records: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)


def privacy_dir() -> Path:
    """Return the folder of inbox and answers: GROUNDSWELL_PRIVACY_DIR, else in the data folder."""
    given = os.environ.get("GROUNDSWELL_PRIVACY_DIR")
    return Path(given) if given else read_settings().data_dir / "privacy"


def waiting_files(folder: Path) -> list[tuple[str, Path]]:
    """Return (topic, file) of everything in the inbox, oldest first."""
    found = [
        (topic, path)
        for topic in TOPICS
        for path in (folder / "inbox" / topic.replace("/", "-")).glob("*.json")
    ]
    return sorted(found, key=lambda entry: (entry[1].stat().st_mtime, str(entry[1])))


def clear_drafts(folder: Path, before: dt.datetime) -> None:
    """Delete what a server that was killed while it stored a webhook left: plain values, no file.

    The shop was never answered, so it sends the webhook again.
    """
    for topic in TOPICS:
        for path in (folder / "inbox" / topic.replace("/", "-")).glob(".*"):
            if path.is_file() and path.stat().st_mtime < before.timestamp():
                path.unlink(missing_ok=True)


def read_request(topic: str, path: Path, hash_key: bytes) -> PrivacyRequest:
    """Read a payload file; `BadRequest` names the file and what is missing, never a value."""
    body = path.read_bytes()
    try:
        payload = decode_json(body)
    except Truncated:
        raise BadRequest(f"{path} is no JSON; repair or remove it") from None
    if not isinstance(payload, Mapping):
        raise BadRequest(f"{path} is no JSON object; it must be a payload of {topic}")
    is_webhook = path.name.startswith("webhook-")
    shop = str(payload.get("shop_domain") or "").strip().casefold()
    connection_id = None if is_webhook else payload.get("connection_id")
    if not shop and not connection_id:
        raise BadRequest(f"{path} has no shop_domain; it must be a payload of {topic}")
    if foreign := sorted(TOPICS[topic] & payload.keys()):
        raise BadRequest(f"{path} holds {', '.join(foreign)}: it is no payload of {topic}")
    values, records = _person(payload)
    if topic != SHOP_REDACT and not values and not records:
        raise BadRequest(f"{path} names no customer ({', '.join(NAMES)}) and no order")
    return PrivacyRequest(
        topic=topic,
        origin="webhook" if is_webhook else "file",
        # Keyed: the hash of a payload alone could be guessed from a list of customers.
        key=path.stem if is_webhook else "file-" + _hash(topic.encode() + body, hash_key),
        shop=shop,
        connection_id=str(connection_id) if connection_id else None,
        requested_at=dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC),
        path=path,
        values=values,
        records=records,
    )


def _person(payload: Mapping[str, Any]) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    customer = payload.get("customer")
    fields = customer if isinstance(customer, Mapping) else {}
    values = [str(fields[name]) for name in NAMES if fields.get(name)]
    orders = payload.get("orders_to_redact") or payload.get("orders_requested") or ()
    ids = tuple(str(order) for order in orders) if isinstance(orders, list) else ()
    return tuple(values), {"orders": ids} if ids else {}


def _hash(body: bytes, hash_key: bytes) -> str:
    return hmac.new(hash_key, body, hashlib.sha256).hexdigest()[:32]
