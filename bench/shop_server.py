"""A synthetic Shopify shop over loopback HTTP: `python bench/shop_server.py PORT ORDERS`.

Answers the connector's real queries (and dlt's, which asks the same) with nested orders: two lines,
two visits, three ledger rows, two payments, a code, every tenth with a refund. An order's text
depends on its number only.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

FIRST = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
_SINCE = re.compile(r"updated_at:>='([^']+)'")

_MONEY = '{"shopMoney":{"amount":"%s"}}'
_LINE = (
    '{"id":"gid://shopify/LineItem/%d","sku":"SKU-%d","quantity":1,"currentQuantity":1,'
    '"product":{"id":"gid://shopify/Product/%d"},"variant":{"id":"gid://shopify/ProductVariant/%d"},'
    '"originalUnitPriceSet":{"shopMoney":{"amount":"%d.00"}},'
    '"discountedTotalSet":{"shopMoney":{"amount":"%d.50"}}}'
)
_VISIT = (
    '{"id":"gid://shopify/CustomerVisit/%d","occurredAt":"%s",'
    '"landingPage":"https://shop.example/c%d?utm_source=instagram&utm_medium=influencer&utm_content=c%d",'
    '"referrerUrl":"https://l.instagram.com/","source":"Instagram","sourceType":"SOCIAL",'
    '"utmParameters":{"source":"instagram","medium":"influencer","campaign":"serum","content":"c%d",'
    '"term":null}}'
)
_SALE = (
    '{"id":"gid://shopify/ProductSale/%d","actionType":"ORDER","lineType":"PRODUCT","quantity":1,'
    '"lineItem":{"id":"gid://shopify/LineItem/%d"},"totalAmount":{"shopMoney":{"amount":"%d.50"}},'
    '"totalTaxAmount":{"shopMoney":{"amount":"1.50"}},'
    '"totalDiscountAmountBeforeTaxes":{"shopMoney":{"amount":"2.50"}}}'
)
_PAYMENT = (
    '{"id":"gid://shopify/OrderTransaction/%d","kind":"%s","status":"SUCCESS",'
    '"gateway":"shopify_payments","test":false,"createdAt":"%s","processedAt":"%s","errorCode":null,'
    '"amountSet":{"shopMoney":{"amount":"%d.50"}},"parentTransaction":%s}'
)
_REFUND = (
    '{"id":"gid://shopify/Refund/%d","createdAt":"%s","processedAt":"%s",'
    '"totalRefundedSet":{"shopMoney":{"amount":"20.00"}},"refundLineItems":{"nodes":[{"quantity":1,'
    '"lineItem":{"id":"gid://shopify/LineItem/%d"},"subtotalSet":{"shopMoney":{"amount":"18.50"}},'
    '"totalTaxSet":{"shopMoney":{"amount":"1.50"}}}],"pageInfo":{"hasNextPage":false}}}'
)
_END = '],"pageInfo":{"hasNextPage":false}}'


def moment(number: int) -> str:
    """Return when the order of a number was made: one a second."""
    return (FIRST + dt.timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%SZ")


def order_text(n: int) -> str:
    """Return the JSON of order `n`."""
    at, creator = moment(n), n % 25
    lines = ",".join(_LINE % (2 * n + k, k, k, k, 20 + n % 40, 18 + n % 40) for k in range(2))
    visits = ",".join(_VISIT % (2 * n + k, at, creator, creator, creator) for k in range(2))
    sales = ",".join(_SALE % (3 * n + k, 2 * n + k % 2, 18 + n % 40) for k in range(3))
    paid = (at, at, 18 + n % 40)
    first = f'{{"id":"gid://shopify/OrderTransaction/{2 * n}"}}'
    payments = ",".join(
        (
            _PAYMENT % (2 * n, "AUTHORIZATION", *paid, "null"),
            _PAYMENT % (2 * n + 1, "CAPTURE", *paid, first),
        )
    )
    refunds = _REFUND % (n, at, at, 2 * n) if n % 10 == 0 else ""
    money = {
        name: _MONEY % f"{(n * factor) % 300}.{n % 100:02}"
        for name, factor in (
            ("totalPriceSet", 7),
            ("subtotalPriceSet", 6),
            ("totalDiscountsSet", 1),
            ("totalShippingPriceSet", 2),
            ("totalTaxSet", 3),
            ("totalRefundedSet", 0),
        )
    }
    return (
        f'{{"id":"gid://shopify/Order/{6_001_234_560_000 + n}",'
        f'"legacyResourceId":"{6_001_234_560_000 + n}","name":"#{1000 + n}","createdAt":"{at}",'
        f'"updatedAt":"{at}","processedAt":"{at}","cancelledAt":null,"cancelReason":null,'
        '"test":false,"confirmed":true,"sourceName":"web","displayFinancialStatus":"PAID",'
        '"currencyCode":"USD","presentmentCurrencyCode":"USD","taxesIncluded":false,'
        f'"discountCodes":["C{creator}-15"],'
        + ",".join(f'"{name}":{text}' for name, text in money.items())
        + f',"customer":{{"legacyResourceId":"{7_001_234_567 + n // 2}","numberOfOrders":"2"}},'
        f'"transactions":[{payments}],'
        '"customerJourneySummary":{"ready":true,"customerOrderIndex":1,"daysToConversion":1,'
        f'"momentsCount":{{"count":2}},"moments":{{"nodes":[{visits}{_END}}},'
        f'"lineItems":{{"nodes":[{lines}{_END},'
        f'"agreements":{{"nodes":[{{"id":"gid://shopify/OrderAgreement/{n}","happenedAt":"{at}",'
        f'"reason":"ORDER","sales":{{"nodes":[{sales}{_END}}}{_END},'
        f'"refunds":[{refunds}]}}'
    )


_COST = (
    ',"extensions":{"cost":{"requestedQueryCost":100,"actualQueryCost":100,"throttleStatus":'
    '{"maximumAvailable":20000.0,"currentlyAvailable":20000.0,"restoreRate":1000.0}}}}'
)


class Shop(BaseHTTPRequestHandler):
    """Answers one request; `total` is how many orders the shop has."""

    protocol_version = "HTTP/1.1"
    # Head and body in one piece: apart, each small answer waits 40 ms for an acknowledgement.
    wbufsize = -1
    disable_nagle_algorithm = True
    total = 0

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = self.answer(asked["query"], asked.get("variables", {})).encode()
        self.send_response_only(200)
        self.send_header("Date", "Fri, 20 Nov 2026 08:00:00 GMT")
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer(self, query: str, variables: dict[str, Any]) -> str:
        """Return an answer's JSON: the number of orders, or a page of them."""
        if "ordersCount" in query:
            data = f'{{"ordersCount":{{"count":{self.total},"precision":"EXACT"}}}}'
            return f'{{"data":{data}{_COST}'
        found = _SINCE.search(variables["query"])
        since = dt.datetime.fromisoformat(found.group(1)) if found else FIRST
        first = max(0, int((since - FIRST).total_seconds()))
        start = int(variables["after"]) if variables.get("after") else first
        end = min(self.total, start + variables["first"])
        nodes = ",".join(order_text(number) for number in range(start, end))
        more = "true" if end < self.total else "false"
        return (
            f'{{"data":{{"orders":{{"nodes":[{nodes}],"pageInfo":{{"hasNextPage":{more},'
            f'"endCursor":"{end}"}}}}}}{_COST}'
        )

    def log_message(self, *_: Any) -> None:
        """Say nothing per request."""


def main() -> None:
    """Serve until the process is ended."""
    port, Shop.total = int(sys.argv[1]), int(sys.argv[2])
    server = ThreadingHTTPServer(("127.0.0.1", port), Shop)
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
