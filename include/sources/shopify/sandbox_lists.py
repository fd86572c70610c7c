"""Customers, variants, discount codes and granted scopes as the Admin API shapes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from include.sandbox.market_facts import MarketOrder
from include.sandbox.market_orders import BRAND_CODE, SHIPPING_CODE
from include.sandbox.market_till import GIFT_CARD, PRODUCTS
from include.sandbox.world import Market
from include.sources.shopify.sandbox_orders import gid, instant, money_text
from include.sources.shopify.sandbox_values import Connection

VARIANT_ID = 36_000_000_000_000
DISCOUNT_ID, CODE_ID = 1_400_000_000_000, 1_900_000_000_000
# What a unit costs the shop, as a share of its price in per cent; a gift card has no cost.
_COST_PERCENT = {101: 24, 102: 26, 103: 29, 104: 27, 105: 31, 106: 35}


_Code = tuple[str, dt.date, dt.date | None]  # code, first and last day it works


@dataclass(slots=True)
class Buyer:
    """A customer as their orders tell."""

    customer_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    orders: list[MarketOrder] = field(default_factory=list)


def find_buyers(orders: Sequence[MarketOrder]) -> list[Buyer]:
    """Return every customer with an order, those first who changed first."""
    buyers: dict[int, Buyer] = {}
    for order in orders:
        if (customer := order.customer) is None:
            continue
        buyer = buyers.get(customer.customer_id)
        if buyer is None:
            buyer = Buyer(customer.customer_id, customer.created_at, order.updated_at)
            buyers[customer.customer_id] = buyer
        buyer.orders.append(order)
        if order.updated_at > buyer.updated_at:
            buyer.updated_at = order.updated_at
    return sorted(buyers.values(), key=lambda buyer: (buyer.updated_at, buyer.customer_id))


def build_customer(buyer: Buyer, currency: str, level_2: str) -> dict[str, Any]:
    """Return a customer; contacts are null where level 2 is not "granted"."""
    refunded = sum((r.amount for order in buyer.orders for r in order.refunds), Decimal(0))
    spent = sum((order.total for order in buyer.orders), Decimal(0)) - refunded
    counts = [order.customer.number_of_orders for order in buyer.orders if order.customer]
    number = buyer.customer_id
    email = {
        "__typename": "CustomerEmailAddress",
        "emailAddress": f"Buyer.{number}@customers.example",
        "marketingState": "SUBSCRIBED" if number % 3 else "NOT_SUBSCRIBED",
    }
    phone = {"__typename": "CustomerPhoneNumber", "phoneNumber": f"+1555{number % 10_000_000:07}"}
    sees = level_2 == "granted"
    return {
        "__typename": "Customer",
        "id": gid("Customer", number),
        "legacyResourceId": str(number),
        "createdAt": instant(buyer.created_at),
        "updatedAt": instant(buyer.updated_at),
        "numberOfOrders": str(max(counts)),
        "state": "DISABLED",
        "verifiedEmail": True,
        "amountSpent": {
            "__typename": "MoneyV2",
            "amount": money_text(spent),
            "currencyCode": currency,
        },
        "defaultAddress": {
            "__typename": "MailingAddress",
            "countryCodeV2": "US",
            "provinceCode": ("NY", "CA", "TX", "NJ")[number % 4],
        },
        "defaultEmailAddress": email if sees else None,
        "defaultPhoneNumber": phone if sees and number % 5 < 2 else None,
        "email": None,
        "phone": None,
    }


def build_variants(market: Market) -> list[dict[str, Any]]:
    """Return the variants of what the shop sells, each with its unit cost."""
    created = instant(_midnight(market, market.start_date))
    return [
        {
            "__typename": "ProductVariant",
            "id": gid("ProductVariant", product.product_id + VARIANT_ID),
            "legacyResourceId": str(product.product_id + VARIANT_ID),
            "sku": product.sku,
            "title": "Default Title",
            "price": f"{product.price / 100:.2f}",
            "createdAt": created,
            "updatedAt": created,
            "product": {
                "__typename": "Product",
                "id": gid("Product", product.product_id),
                "title": product.sku.replace("-", " ").title(),
                "isGiftCard": product.is_gift_card,
            },
            "inventoryItem": {
                "__typename": "InventoryItem",
                "id": gid("InventoryItem", product.product_id + 2 * VARIANT_ID),
                "unitCost": _unit_cost(product.product_id, product.price, market.shop.currency),
            },
        }
        for product in (*PRODUCTS, GIFT_CARD)
    ]


def _unit_cost(product_id: int, price: int, currency: str) -> dict[str, Any] | None:
    percent = _COST_PERCENT.get(product_id % 1_000)
    if percent is None:
        return None
    amount = Decimal(price * percent) / 10_000
    return {"__typename": "MoneyV2", "amount": money_text(amount), "currencyCode": currency}


def build_discounts(market: Market, now: dt.datetime) -> list[dict[str, Any]]:
    """Return one discount per creator that has codes, and the brand's own two."""
    plan = market.plan
    start = market.start_date
    found: list[tuple[str, tuple[_Code, ...]]] = [
        ("Welcome", ((BRAND_CODE, start, None),)),
        ("Free shipping", ((SHIPPING_CODE, start, None),)),
    ]
    for creator in plan.creators:
        codes = tuple((c.code, c.valid_from, c.valid_to) for c in creator.codes)
        found += [(creator.name, codes)] if codes else []
    return [_discount(market, n, title, codes, now) for n, (title, codes) in enumerate(found)]


def _discount(
    market: Market,
    number: int,
    title: str,
    codes: Sequence[_Code],
    now: dt.datetime,
) -> dict[str, Any]:
    starts = _midnight(market, min(code[1] for code in codes))
    last = None if any(code[2] is None for code in codes) else max(c[2] for c in codes if c[2])
    ends = None if last is None else _midnight(market, last + dt.timedelta(days=1))
    status = "SCHEDULED" if starts > now else "EXPIRED" if ends and ends <= now else "ACTIVE"
    nodes = tuple(
        {
            "__typename": "DiscountRedeemCode",
            "id": gid("DiscountRedeemCode", CODE_ID + 10 * number + place),
            "code": code[0],
            "asyncUsageCount": 0,
        }
        for place, code in enumerate(codes)
    )
    return {
        "__typename": "DiscountNode",
        "id": gid("DiscountNode", DISCOUNT_ID + number),
        "discount": {
            "__typename": "DiscountCodeFreeShipping"
            if "shipping" in title
            else "DiscountCodeBasic",
            "title": title,
            "status": status,
            "startsAt": instant(starts),
            "endsAt": instant(ends),
            "usageLimit": None,
            "asyncUsageCount": 0,
            "codesCount": {"__typename": "Count", "count": len(nodes), "precision": "EXACT"},
            "codes": Connection(nodes),
        },
    }


def build_installation(scopes: Sequence[str]) -> dict[str, Any]:
    """Return the app's installation with what it was granted."""
    granted = [
        {"__typename": "AccessScope", "handle": scope, "description": scope} for scope in scopes
    ]
    return {
        "__typename": "AppInstallation",
        "id": gid("AppInstallation", 1),
        "accessScopes": granted,
    }


def _midnight(market: Market, day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=ZoneInfo(market.shop.iana_timezone))


def number_in(node: Mapping[str, Any]) -> int:
    """Return the number of a node's global id."""
    return int(str(node["id"]).rsplit("/", 1)[-1])
