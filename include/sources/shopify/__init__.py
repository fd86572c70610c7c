"""Shopify: orders with their lines, codes, visits, ledger and refunds; the shop's sales report.

**Reads** the Admin GraphQL API, version 2026-10, of one shop per connection.

| stream | kind | what | read again |
|---|---|---|---|
| `orders` | events | orders created before the window's end, touched since its start | 48 h |
| `daily_sales` | events, optional | sales, discounts, returns per day, shop's report | 4 days |
| `shop` | snapshot | name, currency and time zone of the shop | - |

**Writes** `raw.shopify__orders` with `order_lines`, `order_discount_codes`, `order_moments` (visits
before the order), `order_sales` (the ledger: what was sold or given back, and when),
`order_refunds` and `order_refund_lines`; `raw.shopify__daily_sales`; `raw.shopify__shop`. One run
owns one business day; it may be run again at any time.

**Connection** `shopify` or `shopify__<name>`, type HTTP: host `<shop>.myshopify.com`, password an
Admin API access token. Or no password and `client_id` and `client_secret` in extra, for an app of
the Dev Dashboard: its token of a day is fetched when a task starts.

**Scopes** `read_orders` (the last 60 days), `read_all_orders` for older ones, `read_customers`
(customer id and number of orders); for `daily_sales` also `read_reports`, with level 2 access to
customer data. Names, e-mails, phones and addresses are not asked for; should they come all the
same, e-mails and phones are hashed before anything is stored.

**Limits** A bucket of points per app and shop (Standard plan: 2,000, refilled at 100 a second). A
page of 50 orders requests 688 points; the connector waits for points before it asks. When another
job of the same app took them, Shopify says THROTTLED (inside HTTP 200) and the wait that follows
from its figures is kept. A list is paged for at most 25,000 orders; a longer one is asked for anew
from the last update seen.

**About the data** Money is in the shop's currency. The visits of an order are computed after it
(`journey_ready`) without moving its `updated_at`; that is what the 48 hours are for. Draft and
point-of-sale orders and visitors who refused tracking have no visits. An order too long for a page
is asked for alone, with up to 250 lines, visits, agreements, ledger rows and refunded lines each;
beyond that it is quarantined. A deleted order is not reported by this API and stays. `returns` of
the report is what Shopify calls `sales_reversals` since 2026-04 and is negative. Before a window is
loaded, the orders read are compared with the shop's own count.

**When it fails**

- *refused the access token (HTTP 401)*: it was revoked or is another shop's. Make a new one and put
  it into the connection's password.
- *gave no access token for the client_id*: the pair is wrong, or the app was removed from the shop.
- *Access denied … (required: … access scope)*: grant that scope to the app, install it again, renew
  the token. `daily_sales` alone is skipped without its scope.
- *the bucket of query points is empty*: it waits by itself. If it lasts, another job uses the same
  app; give each its own.
- *exceeds the single query max cost limit*, at a page of one order: Shopify changed its prices;
  lower the sizes in `queries.py`.
- *Field … doesn't exist*, *ignored a part of the search*, *refuses the sales report*: the API
  changed; compare `queries.py` with the reference of the version.
- *counts … orders, but its pages held …*: a page got lost. Run the task again; if it stays, keep
  the landing files and ask Shopify.
- *served API version …* (a warning): the version asked for has expired. Read the changelog, then
  raise `API_VERSION`.
- *the shop is frozen or locked*: its owner must settle that with Shopify.
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Child, Source, Stream, StreamKind
from include.sources.shopify import client, documents, schema

_PERSONAL_KEYS = frozenset({"email", "phone", "emailAddress", "phoneNumber"})

ORDERS = Stream(
    name="orders",
    kind=StreamKind.EVENTS,
    record=schema.Order,
    key=("order_id",),
    cursor="updated_at",
    # Shopify attributes visits to an order for a day or two after it.
    lookback=dt.timedelta(hours=48),
    fetch=client.fetch_orders,
    parse=documents.parse_orders,
    personal_keys=_PERSONAL_KEYS,
    known=(
        "id",
        "discountCodes",
        "lineItems",
        "agreements",
        "refunds",
        "customerJourneySummary.moments",
    ),
    description="Orders created before the window's end and touched since its start.",
    children=(
        Child("order_lines", schema.OrderLine, documents.order_lines, ("line_id",)),
        Child(
            "order_discount_codes",
            schema.OrderDiscountCode,
            documents.order_discount_codes,
            ("position",),
        ),
        Child("order_moments", schema.OrderMoment, documents.order_moments, ("visit_id",)),
        Child(
            "order_sales",
            schema.OrderSale,
            documents.order_sales,
            ("sale_id",),
            known=("agreement.sales",),
        ),
        Child(
            "order_refunds",
            schema.OrderRefund,
            documents.order_refunds,
            ("refund_id",),
            known=("refundLineItems",),
        ),
        Child(
            "order_refund_lines",
            schema.OrderRefundLine,
            documents.order_refund_lines,
            ("refund_id", "line_id"),
            known=("refund",),
        ),
    ),
)

DAILY_SALES = Stream(
    name="daily_sales",
    kind=StreamKind.EVENTS,
    record=schema.DailySales,
    key=("day",),
    replaces=("day",),
    # As long as the orders' own restatements move days of the report.
    lookback=dt.timedelta(days=4),
    is_required=False,
    fetch=client.fetch_daily_sales,
    parse=documents.parse_daily_sales,
    description="The shop's own sales report, the second source of the tie-out.",
)

SHOP = Stream(
    name="shop",
    kind=StreamKind.SNAPSHOT,
    record=schema.Shop,
    key=("shop_id",),
    fetch=client.fetch_shop,
    parse=documents.parse_shop,
    description="The shop: name, currency, time zone.",
)

SOURCE = Source(
    name="shopify",
    title="Shopify",
    streams=(ORDERS, DAILY_SALES, SHOP),
    doc=__doc__ or "",
)
