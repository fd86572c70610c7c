"""Orders of the second shop as WooCommerce holds them: orders, refunds, coupons, customers.

What the market has and this shop lacks is told in its own words: an order of a test card is
`failed`, an unpaid one `on-hold` or `pending`; a cancelled one is `refunded` with its money given
back, or `cancelled` by its status alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.market_channels import SITE
from include.sandbox.market_facts import (
    LedgerRow,
    MarketLine,
    MarketOrder,
    MarketRefund,
    ShopFacts,
    Visit,
)
from include.sandbox.market_second_shop import (
    is_refunded_when_cancelled,
    shop_order_id,
    stays_pending,
)

ATTRIBUTION = "_wc_order_attribution_"
_ZERO = Decimal(0)


def status_of(order: MarketOrder) -> str:
    """Return the status an order has now."""
    if order.test:
        return "failed"
    if order.financial_status == "PENDING":
        return "pending" if stays_pending(order.number) else "on-hold"
    if order.cancelled_at is not None and not is_refunded_when_cancelled(order.number):
        return "cancelled"
    if order.financial_status == "REFUNDED":
        return "refunded"
    return "completed" if order.updated_at > order.created_at else "processing"


def refunds_of(order: MarketOrder) -> tuple[MarketRefund, ...]:
    """Return the refunds: an order that is cancelled by its status alone has none."""
    return () if status_of(order) == "cancelled" else order.refunds


def times(name: str, at: dt.datetime | None, zone: ZoneInfo) -> dict[str, str | None]:
    """Return an instant as the API gives it: in the shop's zone and as GMT, both without offset."""
    form = "%Y-%m-%dT%H:%M:%S"
    if at is None:
        return {name: None, f"{name}_gmt": None}
    utc = at.astimezone(dt.UTC)
    return {name: utc.astimezone(zone).strftime(form), f"{name}_gmt": utc.strftime(form)}


def build_order(order: MarketOrder, zone: ZoneInfo, shop: ShopFacts) -> dict[str, Any]:
    """Return an order as `/orders` gives it."""
    status = status_of(order)
    is_paid = status not in ("failed", "on-hold", "pending")
    number = shop_order_id(order.number)
    return {
        "id": number,
        "parent_id": 0,
        "number": str(number),
        "order_key": f"wc_order_{order.number:013x}",
        "created_via": _CREATED_VIA.get(order.source_name, "checkout"),
        "version": "10.3.4",
        "status": status,
        "currency": order.currency,
        **times("date_created", order.created_at, zone),
        **times("date_modified", order.updated_at, zone),
        **times("date_paid", order.created_at if is_paid else None, zone),
        **times("date_completed", order.updated_at if status == "completed" else None, zone),
        "discount_total": text(sum((line.discount for line in order.lines), _ZERO)),
        "discount_tax": "0.00",
        "shipping_total": text(order.shipping),
        "shipping_tax": text(order.shipping_tax),
        "cart_tax": text(order.tax - order.shipping_tax),
        "total": text(order.total),
        "total_tax": text(order.tax),
        "prices_include_tax": shop.taxes_included,
        "customer_id": order.customer.customer_id if order.customer else 0,
        "customer_ip_address": f"203.0.113.{order.number % 250}",
        "customer_user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)",
        "customer_note": "",
        "billing": _address(order),
        "shipping": [],
        "payment_method": "stripe" if is_paid else "bacs",
        "payment_method_title": "Card" if is_paid else "Bank transfer",
        "transaction_id": f"ch_{order.number:x}" if is_paid else "",
        "meta_data": _meta(order, shop.site),
        "line_items": [_line(line) for line in order.lines],
        "tax_lines": [],
        "shipping_lines": list(_shipping(order)),
        "fee_lines": [],
        "coupon_lines": list(_coupons(order)),
        "refunds": [
            {"id": number + n, "reason": "", "total": f"-{text(refund.amount)}"}
            for n, refund in enumerate(refunds_of(order), start=1)
        ],
        "payment_url": f"{shop.site}/checkout/order-pay/",
        "is_editable": status in ("on-hold", "pending"),
        "needs_payment": status in ("failed", "pending"),
        "needs_processing": status == "processing",
    }


_CREATED_VIA = {"pos": "pos-rest-api", "shopify_draft_order": "admin"}


def build_refunds(order: MarketOrder, zone: ZoneInfo) -> Iterator[dict[str, Any]]:
    """Yield an order's refunds as `/refunds` gives them; lines come from the ledger's returns."""
    by_agreement: dict[int, list[LedgerRow]] = {}
    for row in order.ledger:
        if row.action_type == "RETURN":
            by_agreement.setdefault(row.agreement_id, []).append(row)
    groups = [by_agreement[key] for key in sorted(by_agreement)]
    number, refunds = shop_order_id(order.number), refunds_of(order)
    for n, (refund, rows) in enumerate(zip(refunds, groups, strict=bool(refunds)), start=1):
        yield {
            "id": number + n,
            "parent_id": number,
            **times("date_created", refund.created_at, zone),
            "amount": text(refund.amount),
            "reason": "",
            "refunded_by": 1,
            "refunded_payment": True,
            "meta_data": [],
            "line_items": [_refunded(row) for row in rows if row.line_type == "PRODUCT"],
            "shipping_lines": [_refunded(row) for row in rows if row.line_type == "SHIPPING"],
            "tax_lines": [],
            "fee_lines": [],
        }


def build_customer(order: MarketOrder, zone: ZoneInfo) -> dict[str, Any]:
    """Return the account behind an order, as `/customers` gives it."""
    customer = order.customer
    assert customer is not None
    return {
        "id": customer.customer_id,
        **times("date_created", customer.created_at, zone),
        **times("date_modified", None, zone),
        "email": email_of(order),
        "first_name": "Kim",
        "last_name": "Miller",
        "role": "customer",
        "username": f"kim{customer.customer_id}",
        "billing": _address(order),
        "shipping": [],
        "is_paying_customer": order.financial_status != "PENDING",
        "avatar_url": "https://secure.gravatar.com/avatar/0?s=96",
        "meta_data": [],
    }


def email_of(order: MarketOrder) -> str:
    """Return a buyer's address; guests have one too."""
    buyer = order.customer.customer_id if order.customer else f"guest{order.number}"
    return f"Kim.{buyer}@mail.example"


def text(amount: Decimal) -> str:
    """Return an amount as the API writes it: two decimals, no grouping."""
    return f"{amount:.2f}"


def _address(order: MarketOrder) -> dict[str, str]:
    return {
        "first_name": "Kim",
        "last_name": "Miller",
        "company": "",
        "address_1": f"{order.number} Elm Street",
        "city": "Albany",
        "postcode": "12207",
        "country": "US",
        "email": email_of(order),
        "phone": f"+1 518 555 {order.number % 10_000:04}",
    }


def _line(line: MarketLine) -> dict[str, Any]:
    return {
        "id": line.line_id,
        "name": line.sku.title(),
        "product_id": line.product_id,
        "variation_id": 0,
        "quantity": line.quantity,
        "tax_class": "",
        "subtotal": text(line.unit_price * line.quantity),
        "subtotal_tax": text(line.tax),
        "total": text(line.total),
        "total_tax": text(line.tax),
        "taxes": [],
        "meta_data": [],
        "sku": line.sku,
        # PHP divides floating-point numbers here.
        "price": float(line.total) / line.quantity,
        "image": {"id": 0, "src": ""},
        "parent_name": None,
    }


def _refunded(row: LedgerRow) -> dict[str, Any]:
    refunded = "" if row.line_id is None else str(row.line_id)
    line = {
        "id": row.sale_id,
        "total": text(row.total_amount - row.tax),
        "total_tax": text(row.tax),
        "meta_data": [{"id": row.sale_id, "key": "_refunded_item_id", "value": refunded}],
    }
    return line if row.quantity is None else {**line, "quantity": row.quantity}


def _shipping(order: MarketOrder) -> Iterator[dict[str, Any]]:
    is_free = any(code.strip().upper() == "FREESHIP" for code in order.codes)
    if order.shipping or is_free:
        yield {
            "id": order.number * 10 + 8,
            "method_title": "Free shipping" if is_free else "Flat rate",
            "method_id": "free_shipping" if is_free else "flat_rate",
            "instance_id": "1",
            "total": text(order.shipping),
            "total_tax": text(order.shipping_tax),
            "taxes": [],
            "meta_data": [],
        }


def _coupons(order: MarketOrder) -> Iterator[dict[str, Any]]:
    """Yield the coupons used; the one with a rate took the discount."""
    for n, code in enumerate(order.codes):
        is_shipping = code.strip().upper() == "FREESHIP"
        discount = sum((line.discount for line in order.lines), _ZERO)
        rate = order.discount_rate or _ZERO
        yield {
            "id": order.number * 10 + n,
            "code": code.strip().lower(),
            "discount": text(_ZERO if is_shipping else discount),
            "discount_tax": "0.00",
            "meta_data": [],
            "discount_type": "fixed_cart" if is_shipping else "percent",
            "nominal_amount": 0 if is_shipping else float(rate * 100),
            "free_shipping": is_shipping,
        }


def _meta(order: MarketOrder, site: str) -> list[dict[str, Any]]:
    """Return the last visit, under the keys of the order attribution; none without consent."""
    found = {"_billing_address_index": f"Kim Miller {email_of(order)}"}
    if order.source_name == "shopify_draft_order":
        found[f"{ATTRIBUTION}source_type"] = "admin"
    elif order.journey is not None:
        last = order.journey.moments[-1] if order.journey.moments else None
        values = _attribution(last, site, order.created_at, len(order.journey.moments))
        found |= {f"{ATTRIBUTION}{key}": value for key, value in values.items()}
    return [
        {"id": order.number * 20 + n, "key": key, "value": value}
        for n, (key, value) in enumerate(found.items())
    ]


def _attribution(
    visit: Visit | None, site: str, ordered_at: dt.datetime, visits: int
) -> dict[str, str]:
    """Return what the shop's script noted; its clock is the visitor's, in UTC."""
    at = ordered_at if visit is None else visit.occurred_at
    common = {
        "session_start_time": at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "session_pages": str(2 + visits),
        "session_count": str(max(visits, 1)),
        "user_agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)",
        "device_type": "Mobile",
    }
    if visit is None or (visit.utm is None and visit.referrer_url is None):
        return {"source_type": "typein", "utm_source": "(direct)", **common}
    common["session_entry"] = visit.landing_page.replace(SITE, site)
    if visit.referrer_url:
        common["referrer"] = visit.referrer_url
    if visit.utm is not None:
        tags = {f"utm_{key}": value for key, value in visit.utm.items() if value is not None}
        return {"source_type": "utm", **tags, **common}
    host = str(visit.referrer_url).split("/")[2]
    if visit.source_type == "SEO":
        return {"source_type": "organic", "utm_source": host.split(".")[-2], **common}
    return {"source_type": "referral", "utm_source": host, **common}
