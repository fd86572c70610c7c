"""An order as Shopify answers with it, and the rows that become of it."""

from __future__ import annotations

import copy
import datetime as dt
import json
from typing import Any

import msgspec

from include.http.decode import decode_json
from include.sources._base import Page, Stream
from include.sources._units import Unit, UnitReader
from include.sources.shopify import SOURCE

MORE = {"hasNextPage": True}
NO_MORE = {"hasNextPage": False}


def money(amount: str) -> dict[str, Any]:
    return {"shopMoney": {"amount": amount}}


def nodes(*items: dict[str, Any]) -> dict[str, Any]:
    return {"nodes": list(items), "pageInfo": NO_MORE}


# A serum bought with a creator's code; half of it came back two days later.
ORDER: dict[str, Any] = {
    "id": "gid://shopify/Order/6001234567890",
    "legacyResourceId": "6001234567890",
    "name": "#1042",
    "createdAt": "2026-11-04T15:13:20Z",
    "updatedAt": "2026-11-06T09:00:01Z",
    "processedAt": "2026-11-04T15:13:19Z",
    "cancelledAt": None,
    "cancelReason": None,
    "test": False,
    "confirmed": True,
    "sourceName": "web",
    "displayFinancialStatus": "PARTIALLY_REFUNDED",
    "currencyCode": "USD",
    "presentmentCurrencyCode": "CAD",
    "taxesIncluded": False,
    "discountCodes": ["MAYA15", " ship0"],
    "totalPriceSet": money("67.94"),
    "subtotalPriceSet": money("64.6"),
    "totalDiscountsSet": money("11.4"),
    "totalShippingPriceSet": money("0.0"),
    "totalTaxSet": money("3.34"),
    "totalRefundedSet": money("34.0"),
    "customer": {"legacyResourceId": "7001234567", "numberOfOrders": "1"},
    "customerJourneySummary": {
        "ready": True,
        "customerOrderIndex": 1,
        "daysToConversion": 1,
        "momentsCount": {"count": 2},
        "moments": nodes(
            {
                "id": "gid://shopify/CustomerVisit/1",
                "occurredAt": "2026-11-03T17:02:11Z",
                "landingPage": "https://solefit.example/maya?utm_source=instagram",
                "referrerUrl": "https://l.instagram.com/",
                "source": "Instagram",
                "sourceType": "POST",
                "utmParameters": {
                    "source": "instagram",
                    "medium": "influencer",
                    "campaign": "fall26",
                    "content": "maya",
                    "term": None,
                },
            },
            {
                "id": "gid://shopify/CustomerVisit/2",
                "occurredAt": "2026-11-04T15:01:00Z",
                "landingPage": "https://solefit.example/",
                "referrerUrl": None,
                "source": "direct",
                "sourceType": None,
                "utmParameters": None,
            },
        ),
    },
    "lineItems": nodes(
        {
            "id": "gid://shopify/LineItem/14001",
            "sku": "SERUM-30",
            "quantity": 2,
            "currentQuantity": 1,
            "product": {"id": "gid://shopify/Product/8"},
            "variant": None,
            "originalUnitPriceSet": money("38.0"),
            "discountedTotalSet": money("64.6"),
        }
    ),
    "agreements": nodes(
        {
            "id": "gid://shopify/OrderAgreement/1",
            "happenedAt": "2026-11-04T15:13:20Z",
            "reason": "ORDER",
            "sales": nodes(
                {
                    "id": "gid://shopify/ProductSale/1",
                    "actionType": "ORDER",
                    "lineType": "PRODUCT",
                    "quantity": 2,
                    "totalAmount": money("67.94"),
                    "totalTaxAmount": money("3.34"),
                    "totalDiscountAmountBeforeTaxes": money("11.4"),
                    "lineItem": {"id": "gid://shopify/LineItem/14001"},
                },
                {
                    "id": "gid://shopify/ShippingLineSale/2",
                    "actionType": "ORDER",
                    "lineType": "SHIPPING",
                    "quantity": None,
                    "totalAmount": money("0.0"),
                    "totalTaxAmount": money("0.0"),
                    "totalDiscountAmountBeforeTaxes": money("0.0"),
                },
            ),
        },
        {
            "id": "gid://shopify/RefundAgreement/2",
            "happenedAt": "2026-11-06T09:00:00Z",
            "reason": "REFUND",
            "sales": nodes(
                {
                    "id": "gid://shopify/ProductSale/3",
                    "actionType": "RETURN",
                    "lineType": "PRODUCT",
                    "quantity": -1,
                    "totalAmount": money("-33.97"),
                    "totalTaxAmount": money("-1.67"),
                    "totalDiscountAmountBeforeTaxes": money("-5.7"),
                    "lineItem": {"id": "gid://shopify/LineItem/14001"},
                }
            ),
        },
    ),
    "refunds": [
        {
            "id": "gid://shopify/Refund/9001",
            "createdAt": "2026-11-06T09:00:00Z",
            "processedAt": "2026-11-06T09:00:00Z",
            "totalRefundedSet": money("34.0"),
            "refundLineItems": nodes(
                {
                    "quantity": 1,
                    "lineItem": {"id": "gid://shopify/LineItem/14001"},
                    "subtotalSet": money("32.3"),
                    "totalTaxSet": money("1.67"),
                }
            ),
        }
    ],
}


def page_of(document: Any) -> Page:
    body = json.dumps(document).encode()
    return Page(
        body=body,
        status=200,
        captured_at=dt.datetime(2026, 11, 7, tzinfo=dt.UTC),
        captured_at_source="api",
        request={},
        document=decode_json(body),
    )


def orders_page(*orders: dict[str, Any]) -> Page:
    info = {"hasNextPage": False, "endCursor": None}
    return page_of({"data": {"orders": {"nodes": list(orders), "pageInfo": info}}})


def parse(stream: Stream, page: Page) -> list[Any]:
    return list(stream.parse(page.document, page))


def read(order: dict[str, Any]) -> Unit:
    stream = SOURCE.stream("orders")
    (document,) = parse(stream, orders_page(order))
    return UnitReader(stream).read(document)


def rows_of(unit: Unit, child: str) -> list[dict[str, Any]]:
    children = SOURCE.stream("orders").children
    index = [c.name for c in children].index(child)
    names = [f.name for f in msgspec.structs.fields(children[index].record)]
    return [dict(zip(names, row, strict=False)) for row in unit.children[index]]


def row_of(unit: Unit, stream: str = "orders") -> dict[str, Any]:
    names = [f.name for f in msgspec.structs.fields(SOURCE.stream(stream).record)]
    return dict(zip(names, unit.row, strict=True))


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(ORDER), **fields}
