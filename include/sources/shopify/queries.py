"""What is asked of the Admin GraphQL API 2026-10: the query texts and the search strings.

Sizes. A query may request at most 1,000 points. Scalars and money cost nothing, an object one
point, a connection of `first: n` two points plus floor(2 ln n) times its node. Shopify documents
only that a connection is "sized by first"; the logarithm was fitted to eight published costs of
version 2025-07 and meets each exactly. By it a page of 50 orders requests 688 points, the query
for one order 365. Where a shop is charged more, the page is halved (`client.py`).
"""

from __future__ import annotations

import datetime as dt

API_VERSION = "2026-10"
API_PATH = f"/admin/api/{API_VERSION}/graphql.json"
TOKEN_PATH = "/admin/oauth/access_token"

# 50 orders with all they hold request 688 points: two pages fit a standard bucket (2,000).
PAGE_SIZE = 50
# The most a connection may be asked for.
WIDE_SIZE = 250

_ORDER_FIELDS = """
fragment OrderFields on Order {
  id legacyResourceId name createdAt updatedAt processedAt cancelledAt cancelReason test confirmed
  sourceName displayFinancialStatus currencyCode presentmentCurrencyCode taxesIncluded discountCodes
  totalPriceSet { shopMoney { amount } }
  subtotalPriceSet { shopMoney { amount } }
  totalDiscountsSet { shopMoney { amount } }
  totalShippingPriceSet { shopMoney { amount } }
  totalTaxSet { shopMoney { amount } }
  totalRefundedSet { shopMoney { amount } }
  customer { legacyResourceId numberOfOrders }
  customerJourneySummary {
    ready customerOrderIndex daysToConversion
    momentsCount { count }
    moments(first: $moments) {
      nodes {
        ... on CustomerVisit {
          id occurredAt landingPage referrerUrl source sourceType
          utmParameters { source medium campaign content term }
        }
      }
      pageInfo { hasNextPage }
    }
  }
  lineItems(first: $lines) {
    nodes {
      id sku quantity currentQuantity
      product { id }
      variant { id }
      originalUnitPriceSet { shopMoney { amount } }
      discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount } }
    }
    pageInfo { hasNextPage }
  }
  agreements(first: $agreements) {
    nodes {
      id happenedAt reason
      sales(first: $sales) {
        nodes {
          id actionType lineType quantity
          totalAmount { shopMoney { amount } }
          totalTaxAmount { shopMoney { amount } }
          totalDiscountAmountBeforeTaxes { shopMoney { amount } }
          ... on ProductSale { lineItem { id } }
          ... on GiftCardSale { lineItem { id } }
          ... on TipSale { lineItem { id } }
        }
        pageInfo { hasNextPage }
      }
    }
    pageInfo { hasNextPage }
  }
  refunds {
    id createdAt processedAt
    totalRefundedSet { shopMoney { amount } }
    refundLineItems(first: $refundLines) {
      nodes {
        quantity
        lineItem { id }
        subtotalSet { shopMoney { amount } }
        totalTaxSet { shopMoney { amount } }
      }
      pageInfo { hasNextPage }
    }
  }
}
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
    return f"created_at:<'{_instant(created_before)}' AND updated_at:>='{_instant(updated_since)}'"


def daily_sales_report(since: dt.date, until: dt.date) -> str:
    """Return the ShopifyQL of the sales report per day, both days included, in the shop's own zone.

    `returns` was renamed `sales_reversals` and is gone from the versions since 2026-07.
    """
    return (
        "FROM sales SHOW orders, gross_sales, discounts, sales_reversals, net_sales "
        f"TIMESERIES day SINCE {since:%Y-%m-%d} UNTIL {until:%Y-%m-%d}"
    )


def _instant(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
