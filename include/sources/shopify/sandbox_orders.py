"""The market's orders and shop as the Admin API shapes them: trees for `sandbox_values.answer`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from include.sandbox.market_facts import (
    LedgerRow,
    MarketLine,
    MarketOrder,
    MarketRefund,
    ShopFacts,
    Visit,
)
from include.sources.shopify.sandbox_values import Connection

_SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "GIFT_CARD": "GiftCardSale",
    "SHIPPING": "ShippingLineSale",
    "ADJUSTMENT": "AdjustmentSale",
}
_AGREEMENT_TYPES = {"ORDER": "OrderAgreement", "REFUND": "RefundAgreement"}
_ZERO = Decimal(0)
TRANSACTION_ID = 7_700_000_000_000


def gid(kind: str, number: int) -> str:
    """Return a global id, `gid://shopify/Order/6001`."""
    return f"gid://shopify/{kind}/{number}"


def instant(at: dt.datetime | None) -> str | None:
    """Return an instant as the API writes it: UTC, whole seconds."""
    return None if at is None else at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def money_text(amount: Decimal) -> str:
    """Return an amount as the API writes it: at least one decimal and no needless zeros."""
    text = f"{amount:f}"
    if "." not in text:
        return f"{text}.0"
    text = text.rstrip("0")
    return f"{text}0" if text.endswith(".") else text


def money_bag(amount: Decimal, currency: str) -> dict[str, Any]:
    """Return an amount in the shop's and the customer's currency, which are one in this market."""
    money = {"__typename": "MoneyV2", "amount": money_text(amount), "currencyCode": currency}
    return {"__typename": "MoneyBag", "shopMoney": money, "presentmentMoney": money}


def build_shop(shop: ShopFacts) -> dict[str, Any]:
    """Return the shop."""
    return {
        "__typename": "Shop",
        "id": gid("Shop", shop.shop_id),
        "name": shop.name,
        "myshopifyDomain": shop.domain,
        "currencyCode": shop.currency,
        "ianaTimezone": shop.iana_timezone,
        "taxesIncluded": shop.taxes_included,
    }


def build_order(order: MarketOrder, now: dt.datetime, taxes_included: bool) -> dict[str, Any]:
    """Return an order as it stands at `now`; personal fields are null without approval for them."""
    return {
        "__typename": "Order",
        "id": gid("Order", order.order_id),
        "legacyResourceId": str(order.order_id),
        "name": order.name,
        "number": order.number,
        "createdAt": instant(order.created_at),
        "updatedAt": instant(order.updated_at),
        "processedAt": instant(order.processed_at),
        "cancelledAt": instant(order.cancelled_at),
        "cancelReason": order.cancel_reason,
        "test": order.test,
        "confirmed": True,
        "sourceName": order.source_name,
        "displayFinancialStatus": order.financial_status,
        "currencyCode": order.currency,
        "presentmentCurrencyCode": order.currency,
        "taxesIncluded": taxes_included,
        "discountCode": order.codes[0] if order.codes else None,
        "discountCodes": list(order.codes),
        "email": None,
        "phone": None,
        "tags": [],
        **_totals(order),
        "customer": _customer(order),
        "customerJourneySummary": _journey(order, now),
        "lineItems": Connection(tuple(_line(line, order.currency) for line in order.lines)),
        "agreements": Connection(_agreements(order)),
        "refunds": [_refund(refund, order.currency) for refund in order.refunds],
        "transactions": _transactions(order),
    }


def build_order_id(order: MarketOrder) -> dict[str, Any]:
    """Return what a list of ids shows of an order: a small part of `build_order`, fast."""
    customer = order.customer
    return {
        "__typename": "Order",
        "id": gid("Order", order.order_id),
        "legacyResourceId": str(order.order_id),
        "createdAt": instant(order.created_at),
        "customer": customer
        and {"__typename": "Customer", "legacyResourceId": str(customer.customer_id)},
    }


def _totals(order: MarketOrder) -> dict[str, Any]:
    amounts = {
        "totalPriceSet": order.total,
        "subtotalPriceSet": sum((line.total for line in order.lines), _ZERO),
        "totalDiscountsSet": sum((line.discount for line in order.lines), _ZERO),
        "totalShippingPriceSet": order.shipping,
        "totalTaxSet": order.tax,
        "totalRefundedSet": sum((refund.amount for refund in order.refunds), _ZERO),
    }
    return {name: money_bag(amount, order.currency) for name, amount in amounts.items()}


def _customer(order: MarketOrder) -> dict[str, Any] | None:
    customer = order.customer
    if customer is None:
        return None
    return {
        "__typename": "Customer",
        "id": gid("Customer", customer.customer_id),
        "legacyResourceId": str(customer.customer_id),
        "numberOfOrders": str(customer.number_of_orders),
        "createdAt": instant(customer.created_at),
        "email": None,
        "phone": None,
    }


def _journey(order: MarketOrder, now: dt.datetime) -> dict[str, Any] | None:
    """Return the journey: null where there is none, not ready and empty until it is computed."""
    if order.journey is None:
        return None
    ready = order.journey.ready_at <= now
    visits = tuple(_visit(visit) for visit in order.journey.moments) if ready else ()
    lag = (order.created_at - order.journey.moments[0].occurred_at).days if visits else None
    count = {"__typename": "Count", "count": len(visits), "precision": "EXACT"}
    return {
        "__typename": "CustomerJourneySummary",
        "ready": ready,
        "customerOrderIndex": order.customer.order_index if ready and order.customer else None,
        "daysToConversion": lag,
        "firstVisit": visits[0] if visits else None,
        "lastVisit": visits[-1] if visits else None,
        "momentsCount": count if ready else None,
        "moments": Connection(visits) if ready else None,
    }


def _visit(visit: Visit) -> dict[str, Any]:
    utm = None if visit.utm is None else {"__typename": "UTMParameters", **visit.utm}
    return {
        "__typename": "CustomerVisit",
        "id": gid("CustomerVisit", visit.visit_id),
        "occurredAt": instant(visit.occurred_at),
        "landingPage": visit.landing_page,
        "referrerUrl": visit.referrer_url,
        "source": visit.source,
        "sourceType": visit.source_type,
        "utmParameters": utm,
    }


def _line(line: MarketLine, currency: str) -> dict[str, Any]:
    def discounted_total(*, withCodeDiscounts: bool = False) -> dict[str, Any]:  # noqa: N803
        # Every discount of this market is one of a code.
        gross = line.unit_price * line.quantity
        return money_bag(line.total if withCodeDiscounts else gross, currency)

    return {
        "__typename": "LineItem",
        "id": gid("LineItem", line.line_id),
        "sku": line.sku,
        "quantity": line.quantity,
        "currentQuantity": line.current_quantity,
        "isGiftCard": line.is_gift_card,
        "product": {"__typename": "Product", "id": gid("Product", line.product_id)},
        "variant": {"__typename": "ProductVariant", "id": gid("ProductVariant", line.variant_id)},
        "originalUnitPriceSet": money_bag(line.unit_price, currency),
        "discountedTotalSet": discounted_total,
    }


def _agreements(order: MarketOrder) -> tuple[dict[str, Any], ...]:
    by_agreement: dict[int, list[LedgerRow]] = {}
    for row in order.ledger:
        by_agreement.setdefault(row.agreement_id, []).append(row)
    return tuple(
        _agreement(agreement_id, rows, order) for agreement_id, rows in by_agreement.items()
    )


def _agreement(agreement_id: int, rows: Sequence[LedgerRow], order: MarketOrder) -> dict[str, Any]:
    kind = _AGREEMENT_TYPES[rows[0].reason]
    return {
        "__typename": kind,
        "id": gid(kind, agreement_id),
        "happenedAt": instant(rows[0].happened_at),
        "reason": rows[0].reason,
        "sales": Connection(tuple(_sale(row, order.currency) for row in rows)),
    }


def _sale(row: LedgerRow, currency: str) -> dict[str, Any]:
    kind = _SALE_TYPES[row.line_type]
    sale = {
        "__typename": kind,
        "id": gid(kind, row.sale_id),
        "actionType": row.action_type,
        "lineType": row.line_type,
        "quantity": row.quantity,
        "totalAmount": money_bag(row.total_amount, currency),
        "totalTaxAmount": money_bag(row.tax, currency),
        "totalDiscountAmountBeforeTaxes": money_bag(row.discount, currency),
        "totalDiscountAmountAfterTaxes": money_bag(row.discount, currency),
    }
    if row.line_id is not None:
        sale["lineItem"] = {"__typename": "LineItem", "id": gid("LineItem", row.line_id)}
    return sale


def _transactions(order: MarketOrder) -> list[dict[str, Any]]:
    """Return the payments: one sale, and one per refund; nothing was asked for what is free."""
    if not order.total:
        return []
    paid = order.financial_status != "PENDING"
    sale = _transaction(order, 0, "SALE", order.created_at, order.total)
    sale["status"] = "SUCCESS" if paid else "PENDING"
    sale["processedAt"] = sale["processedAt"] if paid else None
    found = [sale]
    for place, refund in enumerate(order.refunds, start=1):
        back = _transaction(order, place, "REFUND", refund.created_at, refund.amount)
        back["parentTransaction"] = {"__typename": "OrderTransaction", "id": sale["id"]}
        found.append(back)
    return found


def _transaction(
    order: MarketOrder, place: int, kind: str, at: dt.datetime, amount: Decimal
) -> dict[str, Any]:
    return {
        "__typename": "OrderTransaction",
        "id": gid("OrderTransaction", TRANSACTION_ID + order.number * 10 + place),
        "kind": kind,
        "status": "SUCCESS",
        "gateway": "cash" if order.source_name == "pos" else "shopify_payments",
        "test": order.test,
        "createdAt": instant(at),
        "processedAt": instant(at),
        "errorCode": None,
        "amountSet": money_bag(amount, order.currency),
        "parentTransaction": None,
    }


def _refund(refund: MarketRefund, currency: str) -> dict[str, Any]:
    lines = [
        {
            "__typename": "RefundLineItem",
            "id": gid("RefundLineItem", line.line_id),
            "quantity": line.quantity,
            "lineItem": {"__typename": "LineItem", "id": gid("LineItem", line.line_id)},
            "subtotalSet": money_bag(line.subtotal, currency),
            "totalTaxSet": money_bag(line.tax, currency),
        }
        for line in refund.lines
    ]
    return {
        "__typename": "Refund",
        "id": gid("Refund", refund.refund_id),
        "legacyResourceId": str(refund.refund_id),
        "createdAt": instant(refund.created_at),
        "processedAt": instant(refund.created_at),
        "totalRefundedSet": money_bag(refund.amount, currency),
        "refundLineItems": Connection(tuple(lines)),
    }
