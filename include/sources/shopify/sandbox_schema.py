"""The part of the Admin schema 2026-10 that the sandbox knows, and what a query costs in it."""

from __future__ import annotations

import math
from collections.abc import Callable

from include.sources.shopify.sandbox_query import Field, QueryError

_SCALARS = {
    "Query": "",
    "Mutation": "",
    "Order": "id legacyResourceId name number createdAt updatedAt processedAt cancelledAt "
    "cancelReason test confirmed sourceName displayFinancialStatus currencyCode "
    "presentmentCurrencyCode taxesIncluded discountCode discountCodes email phone tags",
    "Customer": "id legacyResourceId numberOfOrders createdAt updatedAt email phone state "
    "verifiedEmail",
    "CustomerEmailAddress": "emailAddress marketingState",
    "CustomerPhoneNumber": "phoneNumber",
    "MailingAddress": "countryCodeV2 provinceCode",
    "OrderTransaction": "id kind status gateway test createdAt processedAt errorCode",
    "InventoryItem": "id",
    "DiscountNode": "id",
    "Discount": "",
    "DiscountCodeBasic": "title status startsAt endsAt usageLimit asyncUsageCount",
    "DiscountRedeemCode": "id code asyncUsageCount",
    "AppInstallation": "id",
    "AccessScope": "handle description",
    "BulkOperation": "id status errorCode createdAt completedAt objectCount rootObjectCount "
    "fileSize url partialDataUrl query type",
    "BulkOperationRunQueryPayload": "",
    "BulkOperationUserError": "field message code",
    "CustomerJourneySummary": "ready customerOrderIndex daysToConversion",
    "CustomerMoment": "occurredAt",
    "CustomerVisit": "id occurredAt landingPage referrerUrl source sourceType",
    "UTMParameters": "source medium campaign content term",
    "LineItem": "id sku quantity currentQuantity isGiftCard",
    "Product": "id title isGiftCard",
    "ProductVariant": "id legacyResourceId sku title price createdAt updatedAt",
    "SalesAgreement": "id happenedAt reason",
    "Sale": "id actionType lineType quantity",
    "Refund": "id legacyResourceId createdAt processedAt",
    "RefundLineItem": "id quantity",
    "MoneyBag": "",
    "MoneyV2": "amount currencyCode",
    "Count": "count precision",
    "PageInfo": "hasNextPage hasPreviousPage startCursor endCursor",
    "Shop": "id name myshopifyDomain currencyCode ianaTimezone taxesIncluded",
    "ShopifyqlQueryResponse": "parseErrors parseWarnings",
    "ShopifyqlTableData": "rows",
    "ShopifyqlTableDataColumn": "name dataType displayName",
}
_OBJECTS = {
    "Query": "orders:OrderConnection order:Order ordersCount:Count shop:Shop "
    "shopifyqlQuery:ShopifyqlQueryResponse customers:CustomerConnection customersCount:Count "
    "productVariants:ProductVariantConnection productVariantsCount:Count "
    "discountNodes:DiscountNodeConnection discountNodesCount:Count discountNode:DiscountNode "
    "currentAppInstallation:AppInstallation bulkOperation:BulkOperation",
    "Mutation": "bulkOperationRunQuery:BulkOperationRunQueryPayload",
    "BulkOperationRunQueryPayload": "bulkOperation:BulkOperation userErrors:BulkOperationUserError",
    "AppInstallation": "accessScopes:AccessScope",
    "Customer": "amountSpent:MoneyV2 defaultAddress:MailingAddress "
    "defaultEmailAddress:CustomerEmailAddress defaultPhoneNumber:CustomerPhoneNumber",
    "OrderTransaction": "amountSet:MoneyBag parentTransaction:OrderTransaction",
    "ProductVariant": "product:Product inventoryItem:InventoryItem",
    "InventoryItem": "unitCost:MoneyV2",
    "DiscountNode": "discount:Discount",
    "DiscountCodeBasic": "codesCount:Count codes:DiscountRedeemCodeConnection",
    "Order": "totalPriceSet:MoneyBag subtotalPriceSet:MoneyBag totalDiscountsSet:MoneyBag "
    "totalShippingPriceSet:MoneyBag totalTaxSet:MoneyBag totalRefundedSet:MoneyBag "
    "customer:Customer customerJourneySummary:CustomerJourneySummary "
    "lineItems:LineItemConnection agreements:SalesAgreementConnection refunds:Refund "
    "transactions:OrderTransaction",
    "CustomerJourneySummary": "firstVisit:CustomerVisit lastVisit:CustomerVisit "
    "momentsCount:Count moments:CustomerMomentConnection",
    "CustomerVisit": "utmParameters:UTMParameters",
    "LineItem": "product:Product variant:ProductVariant originalUnitPriceSet:MoneyBag "
    "discountedTotalSet:MoneyBag",
    "SalesAgreement": "sales:SaleConnection",
    "Sale": "totalAmount:MoneyBag totalTaxAmount:MoneyBag "
    "totalDiscountAmountBeforeTaxes:MoneyBag totalDiscountAmountAfterTaxes:MoneyBag",
    "Refund": "totalRefundedSet:MoneyBag refundLineItems:RefundLineItemConnection",
    "RefundLineItem": "lineItem:LineItem subtotalSet:MoneyBag totalTaxSet:MoneyBag",
    "MoneyBag": "shopMoney:MoneyV2 presentmentMoney:MoneyV2",
    "ShopifyqlQueryResponse": "tableData:ShopifyqlTableData",
    "ShopifyqlTableData": "columns:ShopifyqlTableDataColumn",
}
SALES_WITH_LINE = ("ProductSale", "GiftCardSale", "TipSale")
SALES = (*SALES_WITH_LINE, "ShippingLineSale", "AdjustmentSale")
OTHER_CODES = ("DiscountCodeBxgy", "DiscountCodeFreeShipping", "DiscountCodeApp")
CONNECTIONS = (
    "Order",
    "LineItem",
    "SalesAgreement",
    "Sale",
    "RefundLineItem",
    "CustomerMoment",
    "Customer",
    "ProductVariant",
    "DiscountNode",
    "DiscountRedeemCode",
)
_FREE_TYPES = {"MoneyBag", "MoneyV2", "PageInfo"}


def _build_types() -> dict[str, dict[str, str | None]]:
    types: dict[str, dict[str, str | None]] = {
        name: dict.fromkeys(fields.split()) for name, fields in _SCALARS.items()
    }
    for name, fields in _OBJECTS.items():
        types[name].update(dict(pair.split(":") for pair in fields.split()))
    for name in SALES:
        with_line = {"lineItem": "LineItem"} if name in SALES_WITH_LINE else {}
        types[name] = {**types["Sale"], **with_line}
    for name in OTHER_CODES:
        types[name] = types["DiscountCodeBasic"]
    for name in CONNECTIONS:
        types[f"{name}Connection"] = {
            "nodes": name,
            "edges": f"{name}Edge",
            "pageInfo": "PageInfo",
        }
        types[f"{name}Edge"] = {"cursor": None, "node": name}
    return types


TYPES = _build_types()


def check_query(selection: tuple[Field, ...], type_name: str = "Query") -> None:
    """Raise `QueryError` as the API does when a field does not exist or lacks its selection."""
    for field in selection:
        owner = _narrowed(type_name, field.condition)
        if field.name == "__typename":
            continue
        if field.name not in TYPES[owner]:
            raise QueryError(
                f"Field '{field.name}' doesn't exist on type '{owner}'",
                "undefinedField",
                typeName=owner,
                fieldName=field.name,
            )
        child = TYPES[owner][field.name]
        if (child is None) == bool(field.selection):
            raise QueryError(f"Selections of field '{field.name}' do not fit its type")
        if child is not None:
            check_query(field.selection, child)


def _narrowed(type_name: str, condition: str | None) -> str:
    if condition is None or condition not in TYPES:
        return type_name
    return condition


def price(
    selection: tuple[Field, ...],
    size_of: Callable[[Field], int],
    type_name: str = "Query",
) -> int:
    """Return the points of a selection; `size_of` gives the number of items of a connection.

    An object costs 1, money and scalars 0, a connection of n items 2 plus max(1, ⌊2·ln n⌋) nodes;
    of the fields of alternative types the dearest alternative counts.
    """
    always = 0
    alternatives: dict[str | None, int] = {}
    for field in selection:
        child = TYPES[_narrowed(type_name, field.condition)].get(field.name)
        if child is None:
            continue
        if child.endswith("Connection"):
            node_type = child.removesuffix("Connection")
            points = 2 + size_factor(size_of(field)) * (
                1 + price(_node_selection(field), size_of, node_type)
            )
        else:
            points = (child not in _FREE_TYPES) + price(field.selection, size_of, child)
        if field.condition in (None, type_name):
            always += points
        else:
            alternatives[field.condition] = alternatives.get(field.condition, 0) + points
    return always + max(alternatives.values(), default=0)


def size_factor(size: int) -> int:
    """Return how many times a connection's node is charged."""
    return max(1, math.floor(2 * math.log(max(1, size))))


def _node_selection(connection: Field) -> tuple[Field, ...]:
    fields: tuple[Field, ...] = ()
    for part in connection.selection:
        if part.name == "nodes":
            fields += part.selection
        elif part.name == "edges":
            fields += tuple(f for p in part.selection if p.name == "node" for f in p.selection)
    return fields
