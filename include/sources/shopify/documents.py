"""From a landed answer to documents: one dict per row, and the rows inside an order.

An order whose lines, sales, visits or refunded lines were cut by the size of a page is left out of
that page; the client asks for it alone, in an answer of its own. Every page thus stays verbatim and
a replay from landing, page by page, comes to the same rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from include.sources._base import Document, Page
from include.sources.shopify.bulk_objects import assemble
from include.sources.shopify.queries import WIDE_SIZE

# Where a page's context keeps the places of the orders it cut.
CUT_ORDERS = "cut_orders"


def parse_orders(document: Any, page: Page) -> Iterator[Document]:
    """Yield the complete orders of a page, or the one order of a wide answer (none if deleted).

    Of a page that a bulk operation gave, the orders without refunds: the others follow by pages.
    """
    if "bulkOperation" in document:
        orders = (assemble(objects) for objects in document["orders"])
        yield from (order for order in orders if not order["refunds"])
        return
    data = document["data"]
    if "orders" in data:
        # Pages landed before the connector noted what it cut say nothing of it: then look.
        noted = page.context.get(CUT_ORDERS)
        cut = frozenset(find_cut(document) if noted is None else noted)
        nodes = data["orders"]["nodes"]
        yield from (order for place, order in enumerate(nodes) if place not in cut)
    elif data["order"] is not None:
        yield data["order"]


def parse_daily_sales(document: Any, page: Page) -> Iterator[Document]:
    """Yield one document per day of the sales report, with the shop's currency."""
    data = document["data"]
    table = data["shopifyqlQuery"]["tableData"] or {"columns": [], "rows": []}
    names = [column["name"] for column in table["columns"]]
    for row in table["rows"]:
        cells = row if isinstance(row, dict) else dict(zip(names, row, strict=True))
        yield {**cells, "currency_code": data["shop"]["currencyCode"]}


def parse_shop(document: Any, page: Page) -> Iterator[Document]:
    """Yield the shop."""
    yield document["data"]["shop"]


def find_cut(document: Any) -> list[int]:
    """Return the places of the orders a page had to cut."""
    listed = document.get("data", {}).get("orders") or {"nodes": []}
    return [place for place, order in enumerate(listed["nodes"]) if is_cut(order)]


def is_cut(order: Document) -> bool:
    """Tell whether a connection of an order holds more than was sent.

    An order of a broken shape is not cut: it goes on to be quarantined with its own reason.
    """
    try:
        agreements, journey = order["agreements"], order["customerJourneySummary"]
        # Written out, because every order passes here twice.
        if order["lineItems"]["pageInfo"]["hasNextPage"] or agreements["pageInfo"]["hasNextPage"]:
            return True
        for agreement in agreements["nodes"]:
            if agreement["sales"]["pageInfo"]["hasNextPage"]:
                return True
        for refund in order["refunds"]:
            if refund["refundLineItems"]["pageInfo"]["hasNextPage"]:
                return True
        moments = journey and journey["moments"]
        return bool(moments and moments["pageInfo"]["hasNextPage"])
    except (KeyError, TypeError):
        return False


def order_lines(order: Document) -> Iterable[Document]:
    """Return the lines; ValueError (the order is quarantined) when even the wide answer was cut."""
    if is_cut(order):
        raise ValueError(
            f"order {order['name']} holds more than {WIDE_SIZE} lines, visits, agreements, ledger "
            "rows or refunded lines; it cannot be read whole"
        )
    return _nodes(order["lineItems"])


def order_discount_codes(order: Document) -> Iterator[Document]:
    """Yield the codes as typed, numbered from 0: one code may stand twice."""
    for position, code in enumerate(order["discountCodes"]):
        yield {"position": position, "code": code}


def order_moments(order: Document) -> Iterator[Document]:
    """Yield the visits of the journey; moments of another kind carry no id and no facts."""
    journey = order.get("customerJourneySummary") or {}
    for moment in _nodes(journey.get("moments")):
        if "id" in moment:
            yield moment


def order_sales(order: Document) -> Iterator[Document]:
    """Yield the rows of the sales ledger, each with its agreement."""
    for agreement in _nodes(order["agreements"]):
        for sale in agreement["sales"]["nodes"]:
            yield {**sale, "agreement": agreement}


def order_transactions(order: Document) -> Iterable[Document]:
    """Return the payments; pages landed before they were asked for hold none."""
    transactions: Iterable[Document] = order.get("transactions") or ()
    return transactions


def order_refunds(order: Document) -> Iterable[Document]:
    """Return the refunds."""
    refunds: Iterable[Document] = order["refunds"]
    return refunds


def order_refund_lines(order: Document) -> Iterator[Document]:
    """Yield one row per refund and line; entries of one line (restocked or not) are added up."""
    for refund in order["refunds"]:
        by_line: dict[str, dict[str, Any]] = {}
        for entry in refund["refundLineItems"]["nodes"]:
            line_id = entry["lineItem"]["id"]
            row = {**entry, "refund": refund}
            by_line[line_id] = _added(by_line[line_id], row) if line_id in by_line else row
        yield from by_line.values()


def _added(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    total = {**first, "quantity": first["quantity"] + second["quantity"]}
    for money in ("subtotalSet", "totalTaxSet"):
        amounts = (Decimal(row[money]["shopMoney"]["amount"]) for row in (first, second))
        total[money] = {"shopMoney": {"amount": str(sum(amounts, Decimal(0)))}}
    return total


def _nodes(connection: Any) -> list[Any]:
    return connection["nodes"] if connection else []


def parse_customers(document: Any, page: Page) -> Iterator[Document]:
    """Yield the customers of a page."""
    yield from document["data"]["customers"]["nodes"]


def parse_variants(document: Any, page: Page) -> Iterator[Document]:
    """Yield the variants of a page."""
    yield from document["data"]["productVariants"]["nodes"]


def parse_discount_codes(document: Any, page: Page) -> Iterator[Document]:
    """Yield one document per code of a page's discounts, with its discount."""
    data = document["data"]
    nodes = data["discountNodes"]["nodes"] if "discountNodes" in data else [data["discountNode"]]
    for node in nodes:
        if node is None:  # deleted between two answers
            continue
        discount = {"id": node["id"], **node["discount"]}
        for code in _nodes(discount.get("codes")):
            yield {**code, "discount": discount}
