"""What is asked of the Admin GraphQL API 2026-10: the query texts and the search strings.

Sizes. A query may request at most 1,000 points. Scalars and money cost nothing, an object one
point, a connection of `first: n` two points plus floor(2 ln n) times its node. Shopify documents
only that a connection is "sized by first"; the logarithm was fitted to eight published costs of
version 2025-07 and meets each exactly. By it a page of 50 orders requests 702 points, the query
for one order 367. Where a shop is charged more, the page is halved (`client.py`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

API_VERSION = "2026-10"
API_PATH = f"/admin/api/{API_VERSION}/graphql.json"
TOKEN_PATH = "/admin/oauth/access_token"

# 50 orders with all they hold request 702 points: two pages fit a standard bucket (2,000).
PAGE_SIZE = 50
# The most a connection may be asked for.
WIDE_SIZE = 250

_ORDER_VALUES = """
  id legacyResourceId name createdAt updatedAt processedAt cancelledAt cancelReason test confirmed
  sourceName displayFinancialStatus currencyCode presentmentCurrencyCode taxesIncluded discountCodes
  totalPriceSet { shopMoney { amount } }
  subtotalPriceSet { shopMoney { amount } }
  totalDiscountsSet { shopMoney { amount } }
  totalShippingPriceSet { shopMoney { amount } }
  totalTaxSet { shopMoney { amount } }
  totalRefundedSet { shopMoney { amount } }
  customer { legacyResourceId numberOfOrders }
  transactions {
    id kind status gateway test createdAt processedAt errorCode
    amountSet { shopMoney { amount } }
    parentTransaction { id }
  }
"""
_JOURNEY_VALUES = "ready customerOrderIndex daysToConversion momentsCount { count }"
_VISIT_FIELDS = """... on CustomerVisit {
  id occurredAt landingPage referrerUrl source sourceType
  utmParameters { source medium campaign content term }
}"""
_LINE_FIELDS = """id sku quantity currentQuantity
product { id }
variant { id }
originalUnitPriceSet { shopMoney { amount } }
discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount } }"""
_SALE_FIELDS = """id actionType lineType quantity
totalAmount { shopMoney { amount } }
totalTaxAmount { shopMoney { amount } }
totalDiscountAmountBeforeTaxes { shopMoney { amount } }
... on ProductSale { lineItem { id } }
... on GiftCardSale { lineItem { id } }
... on TipSale { lineItem { id } }"""
_REFUND_VALUES = "id createdAt processedAt totalRefundedSet { shopMoney { amount } }"

_ORDER_FIELDS = f"""
fragment OrderFields on Order {{
  {_ORDER_VALUES}
  customerJourneySummary {{
    {_JOURNEY_VALUES}
    moments(first: $moments) {{ nodes {{ {_VISIT_FIELDS} }} pageInfo {{ hasNextPage }} }}
  }}
  lineItems(first: $lines) {{ nodes {{ {_LINE_FIELDS} }} pageInfo {{ hasNextPage }} }}
  agreements(first: $agreements) {{
    nodes {{
      id happenedAt reason
      sales(first: $sales) {{ nodes {{ {_SALE_FIELDS} }} pageInfo {{ hasNextPage }} }}
    }}
    pageInfo {{ hasNextPage }}
  }}
  refunds {{
    {_REFUND_VALUES}
    refundLineItems(first: $refundLines) {{
      nodes {{
        quantity
        lineItem {{ id }}
        subtotalSet {{ shopMoney {{ amount }} }}
        totalTaxSet {{ shopMoney {{ amount }} }}
      }}
      pageInfo {{ hasNextPage }}
    }}
  }}
}}
"""

_SIZES = "$lines: Int!, $moments: Int!, $agreements: Int!, $sales: Int!, $refundLines: Int!"

ORDERS = f"""query Orders($query: String!, $first: Int!, $after: String, {_SIZES}) {{
  orders(query: $query, first: $first, after: $after, sortKey: UPDATED_AT) {{
    nodes {{ ...OrderFields }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
{_ORDER_FIELDS}"""

# One order with everything it holds, for those whose lines, sales or visits a page had to cut.
WIDE_ORDER = f"""query WideOrder($id: ID!, {_SIZES}) {{
  order(id: $id) {{ ...OrderFields }}
}}
{_ORDER_FIELDS}"""

ORDERS_COUNT = """query OrdersCount($query: String!) {
  ordersCount(query: $query, limit: null) { count precision }
}
"""

DAILY_SALES = """query DailySales($report: String!) {
  shop { currencyCode }
  shopifyqlQuery(query: $report) {
    tableData { columns { name dataType } rows }
    parseErrors
    parseWarnings
  }
}
"""

# The same orders for a bulk operation: no variables, no sizes, five connections at most and none
# inside a list. So `refundLineItems` is missing; orders with refunds are read by pages.
_BULK_ORDERS = f"""{{
  orders(query: "SEARCH") {{ edges {{ node {{
    __typename
    {_ORDER_VALUES}
    customerJourneySummary {{
      {_JOURNEY_VALUES}
      moments {{ edges {{ node {{ __typename {_VISIT_FIELDS} }} }} }}
    }}
    lineItems {{ edges {{ node {{ __typename {_LINE_FIELDS} }} }} }}
    agreements {{ edges {{ node {{
      __typename id happenedAt reason
      sales {{ edges {{ node {{ __typename {_SALE_FIELDS} }} }} }}
    }} }} }}
    refunds {{ {_REFUND_VALUES} }}
  }} }} }}
}}
"""

RUN_BULK = """mutation RunBulk($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id status }
    userErrors { field message code }
  }
}
"""

BULK_STATE = """query BulkState($id: ID!) {
  bulkOperation(id: $id) {
    id status errorCode createdAt completedAt objectCount rootObjectCount fileSize url
    partialDataUrl
  }
}
"""

SHOP = """query Shop {
  shop { id name myshopifyDomain currencyCode ianaTimezone taxesIncluded }
}
"""

PAGE_SIZES = {"lines": 20, "moments": 10, "agreements": 10, "sales": 20, "refundLines": 20}
WIDE_SIZES = dict.fromkeys(PAGE_SIZES, WIDE_SIZE)


def orders_search(created_before: dt.datetime, updated_since: dt.datetime) -> str:
    """Return the search for orders created before one instant and touched since another (UTC).

    There is no upper bound on the update, so that a window is complete whenever it is read.
    """
    return f"created_at:<'{instant(created_before)}' AND updated_at:>='{instant(updated_since)}'"


def order_ids_search(order_ids: Iterable[str]) -> str:
    """Return the search for some orders by their numeric ids."""
    return " OR ".join(f"id:{order_id}" for order_id in order_ids)


def bulk_orders(search: str) -> str:
    """Return the query of a bulk operation over the orders of a search."""
    return _BULK_ORDERS.replace("SEARCH", search)


def daily_sales_report(since: dt.date, until: dt.date) -> str:
    """Return the ShopifyQL of the sales report per day, both days included, in the shop's own zone.

    `returns` was renamed `sales_reversals` and is gone from the versions since 2026-07.
    """
    return (
        "FROM sales SHOW orders, gross_sales, discounts, sales_reversals, net_sales "
        f"TIMESERIES day SINCE {since:%Y-%m-%d} UNTIL {until:%Y-%m-%d}"
    )


def instant(at: dt.datetime) -> str:
    """Return an instant as a search takes it: UTC, whole seconds."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
