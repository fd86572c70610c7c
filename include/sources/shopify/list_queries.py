"""The queries of everything but orders: customers, variants, discount codes, ids of orders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.sources.shopify import queries
from include.sources.shopify.queries import instant

# Codes of one discount that come with it; a discount of more is asked for alone.
CODES_WITH_DISCOUNT = 25


@dataclass(frozen=True, slots=True)
class CountQuery:
    """Counts a list: the query's text, its field, and whether it takes the list's $query."""

    text: str
    name: str
    takes_search: bool = True


@dataclass(frozen=True, slots=True)
class ListQuery:
    """A list of the Admin API and how to read it from one place on.

    text: takes $query, $first, $after and `sizes`. search: from a sort value to the search from it
    on. sort_value: of a node; the list is sorted by it, and asked for anew by it when it gets long.
    count: the query that counts the list, None where nothing does.
    """

    text: str
    name: str
    search: Callable[[Any], str]
    sort_value: Callable[[Mapping[str, Any]], Any]
    start: Any
    size: int
    sizes: Mapping[str, int] = field(default_factory=dict)
    count: CountQuery | None = None


CUSTOMERS = """query Customers($query: String!, $first: Int!, $after: String) {
  customers(query: $query, first: $first, after: $after, sortKey: UPDATED_AT) {
    nodes {
      id legacyResourceId createdAt updatedAt numberOfOrders state verifiedEmail
      amountSpent { amount currencyCode }
      defaultAddress { countryCodeV2 provinceCode }
      defaultEmailAddress { emailAddress marketingState }
      defaultPhoneNumber { phoneNumber }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

# For apps without level 2 access, where Shopify refuses the query instead of answering null.
CUSTOMERS_WITHOUT_CONTACTS = "\n".join(
    line
    for line in CUSTOMERS.splitlines()
    if "defaultEmailAddress" not in line and "defaultPhoneNumber" not in line
)

CUSTOMERS_COUNT = """query CustomersCount($query: String!) {
  customersCount(query: $query, limit: null) { count precision }
}
"""

VARIANTS_COUNT = """query VariantsCount {
  productVariantsCount(limit: null) { count precision }
}
"""

DISCOUNTS_COUNT = """query DiscountsCount($query: String!) {
  discountNodesCount(query: $query, limit: null) { count precision }
}
"""

PRODUCT_VARIANTS = """query ProductVariants($query: String!, $first: Int!, $after: String) {
  productVariants(query: $query, first: $first, after: $after, sortKey: ID) {
    nodes {
      id legacyResourceId sku title price createdAt updatedAt
      product { id title isGiftCard }
      inventoryItem { id unitCost { amount currencyCode } }
    }
    pageInfo { hasNextPage endCursor }
  }
}
"""

_CODE_FIELDS = """title status startsAt endsAt usageLimit asyncUsageCount
        codesCount { count }
        codes(first: $codes, after: $codesAfter) {
          nodes { id code asyncUsageCount }
          pageInfo { hasNextPage endCursor }
        }"""
_DISCOUNT_FIELDS = "\n".join(
    f"      ... on {kind} {{ {_CODE_FIELDS} }}"
    for kind in ("DiscountCodeBasic", "DiscountCodeBxgy", "DiscountCodeFreeShipping")
)

DISCOUNTS = f"""query Discounts(
  $query: String!, $first: Int!, $after: String, $codes: Int!, $codesAfter: String
) {{
  discountNodes(query: $query, first: $first, after: $after, sortKey: ID) {{
    nodes {{ id discount {{
      __typename
{_DISCOUNT_FIELDS}
      ... on DiscountCodeApp {{ {_CODE_FIELDS} }}
    }} }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
"""

# More codes of one discount: some hold thousands.
DISCOUNT_CODES = f"""query DiscountCodes($id: ID!, $codes: Int!, $codesAfter: String) {{
  discountNode(id: $id) {{ id discount {{
    __typename
{_DISCOUNT_FIELDS}
    ... on DiscountCodeApp {{ {_CODE_FIELDS} }}
  }} }}
}}
"""

# The cheapest question about an order: 24 points for 250 of them.
ORDER_IDS = """query OrderIds($query: String!, $first: Int!, $after: String) {
  orders(query: $query, first: $first, after: $after, sortKey: CREATED_AT) {
    nodes { legacyResourceId createdAt customer { legacyResourceId } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


# What the app was granted in this shop, whatever its code asks for.
GRANTED_SCOPES = """query GrantedScopes {
  currentAppInstallation { accessScopes { handle } }
}
"""

_ORDERS_COUNT = CountQuery(queries.ORDERS_COUNT, "ordersCount")


def _instant_of(name: str) -> Callable[[Mapping[str, Any]], dt.datetime]:
    return lambda node: dt.datetime.fromisoformat(str(node.get(name)))


def _number_of(node: Mapping[str, Any]) -> int:
    return int(str(node.get("id")).rsplit("/", 1)[-1])


def orders_list(created_before: dt.datetime, updated_since: dt.datetime) -> ListQuery:
    """Return the list of orders created before one instant and touched since another."""
    return ListQuery(
        queries.ORDERS,
        "orders",
        search=lambda since: queries.orders_search(created_before, since),
        sort_value=_instant_of("updatedAt"),
        start=updated_since,
        size=queries.PAGE_SIZE,
        sizes=queries.PAGE_SIZES,
        count=_ORDERS_COUNT,
    )


def orders_by_id(order_ids: list[str]) -> ListQuery:
    """Return the list of some orders, at most one page of them."""
    search = queries.order_ids_search(order_ids)
    return ListQuery(
        queries.ORDERS,
        "orders",
        search=lambda _: search,
        sort_value=_instant_of("updatedAt"),
        start=None,
        size=queries.PAGE_SIZE,
        sizes=queries.PAGE_SIZES,
    )


def customers_list(since: dt.datetime, until: dt.datetime, *, with_contacts: bool) -> ListQuery:
    """Return the list of customers that changed in [since, until).

    Those created or changed later are left to the windows that own those changes.
    """
    return ListQuery(
        CUSTOMERS if with_contacts else CUSTOMERS_WITHOUT_CONTACTS,
        "customers",
        search=lambda at: f"updated_at:>='{instant(at)}' AND updated_at:<'{instant(until)}'",
        sort_value=_instant_of("updatedAt"),
        start=since,
        size=250,
        count=CountQuery(CUSTOMERS_COUNT, "customersCount"),
    )


def variants_list() -> ListQuery:
    """Return the list of all product variants."""
    return ListQuery(
        PRODUCT_VARIANTS,
        "productVariants",
        search=lambda number: f"id:>={number}",
        sort_value=_number_of,
        start=0,
        size=250,
        count=CountQuery(VARIANTS_COUNT, "productVariantsCount", takes_search=False),
    )


def discounts_list() -> ListQuery:
    """Return the list of all discounts that work by a code."""
    return ListQuery(
        DISCOUNTS,
        "discountNodes",
        search=lambda number: f"method:code AND id:>={number}",
        sort_value=_number_of,
        start=0,
        size=25,
        sizes={"codes": CODES_WITH_DISCOUNT},
        count=CountQuery(DISCOUNTS_COUNT, "discountNodesCount"),
    )


def order_ids_list(since: dt.datetime, until: dt.datetime) -> ListQuery:
    """Return the list of ids of the orders created in [since, until)."""
    return ListQuery(
        ORDER_IDS,
        "orders",
        search=lambda at: f"created_at:>='{instant(at)}' AND created_at:<'{instant(until)}'",
        sort_value=_instant_of("createdAt"),
        start=since,
        size=250,
        count=_ORDERS_COUNT,
    )
