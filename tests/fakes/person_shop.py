"""A shop whose pages name persons: by customer id, by hashed e-mail, inside addresses and notes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec

from include.http.redact import Redactor
from include.sources._base import Child, Page, Record, Source, Stream, StreamKind, at
from tests.fakes.small_shop import NOON, fetch_handed, parse_rows

KEY = b"the key of connection privacy"
PERSONAL = frozenset({"email", "phone"})


class Order(Record, rename="camel", frozen=True, array_like=True):
    """An order."""

    order_id: Annotated[str, at("legacyResourceId")]
    updated_at: dt.datetime
    total: Annotated[Decimal, at("price.amount")]
    customer_id: Annotated[str | None, at("customer.legacyResourceId")]
    note: str | None


class Moment(Record, rename="camel", frozen=True, array_like=True):
    """A visit before an order."""

    visit_id: Annotated[str, at("id")]
    landing_page: str | None


class Customer(Record, rename="camel", frozen=True, array_like=True):
    """A customer."""

    customer_id: Annotated[str, at("legacyResourceId")]
    updated_at: dt.datetime
    email_hash: Annotated[str | None, at("email")]
    phone_hash: Annotated[str | None, at("phone")]


ORDERS = Stream(
    name="orders",
    kind=StreamKind.EVENTS,
    record=Order,
    key=("order_id",),
    cursor="updated_at",
    fetch=fetch_handed,
    parse=parse_rows,
    children=(Child("moments", Moment, lambda order: order.get("moments", []), ("visit_id",)),),
    known=("moments",),
    personal_keys=PERSONAL,
    subject_columns=("customer_id",),
    rejects_allowed=0.5,
)
CUSTOMERS = Stream(
    name="customers",
    kind=StreamKind.EVENTS,
    record=Customer,
    key=("customer_id",),
    cursor="updated_at",
    fetch=fetch_handed,
    parse=parse_rows,
    personal_keys=PERSONAL,
    subject_columns=("customer_id", "email_hash", "phone_hash"),
)
PERSON_SHOP = Source(
    name="small_shop",
    title="Small shop",
    streams=(ORDERS, CUSTOMERS),
    needs_connection=False,
)


def order(order_id: object, customer_id: object, **fields: Any) -> dict[str, Any]:
    """An order of a customer (None: a guest), with one visit."""
    customer = customer_id and {
        "id": f"gid://shop/Customer/{customer_id}",
        "legacyResourceId": customer_id,
    }
    return {
        "legacyResourceId": order_id,
        "updatedAt": "2026-11-04T10:00:00Z",
        "price": {"amount": "10.00"},
        "customer": customer,
        "note": None,
        "moments": [{"id": f"v{order_id}", "landingPage": f"https://x.test/?cid={customer_id}"}],
    } | fields


def customer(customer_id: object, email: str | None, phone: str | None = None) -> dict[str, Any]:
    """A customer as the shop sends them."""
    return {
        "legacyResourceId": customer_id,
        "updatedAt": "2026-11-04T10:00:00Z",
        "email": email,
        "phone": phone,
    }


def page(
    *rows: Mapping[str, Any], at_time: dt.datetime = NOON, request: Mapping[str, Any] | None = None
) -> Page:
    """A page as the session gives it: e-mails and phones hashed."""
    body = Redactor(KEY, PERSONAL).body(msgspec.json.encode({"data": {}, "rows": list(rows)}))
    return Page(body, 200, at_time, "api", {"method": "GET", **(request or {})})
