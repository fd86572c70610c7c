"""Shopify: orders with all they hold, customers, unit costs, codes; the shop's sales report.

**Reads** the Admin GraphQL API, version 2026-10, of one shop per connection.

| stream | kind | what | read again |
|---|---|---|---|
| `orders` | events | orders created before the window's end, touched since its start | 48 h |
| `order_days` | events, optional | ids of the orders that exist | 7 days, Mondays 59 |
| `customers` | events, optional | customers that changed | 1 day |
| `daily_sales` | events, optional | the shop's own sales report, per day | 4 days, at first 84 |
| `product_variants` | snapshot, optional | variants with their unit cost | - |
| `discount_codes` | snapshot, optional | codes that customers can type, and their discount | - |
| `shop` | snapshot | name, currency and time zone of the shop | - |

**Writes** `raw.shopify__orders` with `order_lines`, `order_discount_codes`, `order_moments` (visits
before the order), `order_sales` (the ledger: what was sold or given back, and when),
`order_transactions` (payments), `order_refunds` and `order_refund_lines`;
`raw.shopify__order_days` with `order_ids`; and a table for each other stream. One run owns one
business day; it may be run again at any time.

**Connection** `shopify` or `shopify__<name>`, type HTTP: host `<shop>.myshopify.com`, password an
Admin API access token. Or no password and `client_id` and `client_secret` in extra, for an app of
the Dev Dashboard: its token of a day is fetched when a task starts. With a `refresh_token` beside
them (an expiring offline token of a public app) the token of an hour is renewed, and the newest
pair is kept, sealed. A token that ends while a task reads is replaced once. Also in extra:
`bulk_days` (60) and `bulk_host` (`storage.googleapis.com`), see *First loads*.

**Scopes** `read_orders` (the last 60 days), `read_all_orders` for older ones, `read_customers`
(whose an order is; `customers`); for `product_variants` `read_products`; for `discount_codes`
`read_discounts`; for `daily_sales` `read_reports`, with level 2 access to customer data. A stream
without its scope is skipped and says so, `orders` and `shop` fail. Names and addresses are not
asked for. E-mails and phones of `customers` need level 2 access; without it they are NULL (the
query is repeated without them where Shopify refuses it). Where they come, a keyed hash takes their
place before anything is stored. Customers are told apart by their id, never by their e-mail.

**Limits** A bucket of points per app and shop (Standard plan: 2,000, refilled at 100 a second). A
page of 50 orders requests 702 points; the connector waits for points before it asks. When another
job of the same app took them, Shopify says THROTTLED (inside HTTP 200) and the wait that follows
from its figures is kept. A list is paged for at most 25,000 nodes; a longer one is asked for anew
from the last value seen.

**First loads** A window of more than 60 days (`bulk_days`) is read by a bulk operation: Shopify
writes the orders to a file at its storage host (no other host is followed, and the token does not
go there). An operation that ends as anything but COMPLETED is not used, nor its partial data. What
it says it found, what the file holds and what the shop counts must agree. Orders with refunds are
then read by pages, because a bulk operation cannot give a refund's lines.

**About the data** Money is in the shop's currency. The visits of an order are computed after it
(`journey_ready`) without moving its `updated_at`; that is what the 48 hours are for. Draft and
point-of-sale orders and visitors who refused tracking have no visits. An order too long for a page
is asked for alone, with up to 250 lines, visits, agreements, ledger rows and refunded lines each;
beyond that it is quarantined. `returns` of the report is what Shopify calls `sales_reversals` since
2026-04 and is negative. Before a window is loaded, what was read is compared with the shop's own
count. Unit costs and codes are as of their day: Shopify keeps no history of them.

**Deleted and merged** Shopify reports the deletion of an order to webhooks only. `order_days` says
which orders of a day exist; one that was read before and is no longer among them has a
`deleted_at` in `stg_shopify__deleted_orders`: when that was noticed. It stays in `raw`. The same
list says whose an order is now; where that is another customer than the order said, the two were
merged (`stg_shopify__merged_customers`). Days an app may not see any more are not looked at.

**When it fails**

- *refused the access token (HTTP 401)*: it was revoked or is another shop's. Make a new one and put
  it into the connection's password, or its refresh token into extra.
- *gave no access token for the client_id*: the pair is wrong, or the app was removed from the shop.
- *gave no access token for the refresh_token*: it was idle for 90 days, or the app was authorised
  elsewhere. Authorise it again and put the new `refresh_token` into extra. A killed run does not do
  that: the old refresh token stays good until its replacement is used.
- *Access denied … (required: … access scope)*: grant that scope to the app, install it again, renew
  the token.
- *the bucket of query points is empty*: it waits by itself. If it lasts, another job uses the same
  app; give each its own.
- *exceeds the single query max cost limit*, at a page of one order: Shopify changed its prices;
  lower the sizes in `queries.py`.
- *Field … doesn't exist*, *ignored a part of the search*, *refuses the sales report*: the API
  changed; compare `queries.py` with the reference of the version.
- *counts … orders, but its answers held …*: a page or a slice got lost. Run the task again; if it
  stays, keep the landing files and ask Shopify.
- *the bulk operation … ended as FAILED*: the task starts another one. If it stays, load shorter
  windows (`bulk_days` larger than they are reads them by pages).
- *the bulk operation found … objects … its file holds …*: the file is not whole. Run the task
  again.
- *leaves the connection's hosts* at a bulk result: Shopify's storage has moved; make sure it is
  Shopify's and put it into `bulk_host`.
- *served API version …* (a warning): the version asked for has expired. Read the changelog, then
  raise `API_VERSION`.
- *the shop is frozen or locked*: its owner must settle that with Shopify.
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Child, Source, Stream, StreamKind
from include.sources.shopify import documents, lists, order_days, orders, schema

_PERSONAL_KEYS = frozenset({"email", "phone", "emailAddress", "phoneNumber"})

ORDERS = Stream(
    name="orders",
    kind=StreamKind.EVENTS,
    record=schema.Order,
    key=("order_id",),
    cursor="updated_at",
    # Shopify attributes visits to an order for a day or two after it.
    lookback=dt.timedelta(hours=48),
    fetch=orders.fetch_orders,
    parse=documents.parse_orders,
    personal_keys=_PERSONAL_KEYS,
    subject_columns=("customer_id",),
    known=(
        "id",
        "discountCodes",
        "lineItems",
        "transactions",
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
            "order_transactions",
            schema.OrderTransaction,
            documents.order_transactions,
            ("transaction_id",),
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

ORDER_DAYS = Stream(
    name="order_days",
    kind=StreamKind.EVENTS,
    record=schema.OrderDay,
    key=("created_date",),
    # Orders are deleted soon after they were made, as a rule; the rest is noticed within a week.
    # Both spans stay within the 60 days that read_orders shows.
    lookback=dt.timedelta(days=7),
    weekly_lookback=dt.timedelta(days=59),
    is_required=False,
    fetch=order_days.fetch_order_days,
    parse=order_days.parse_order_days,
    known=("orders",),
    description="Which orders of a day exist, and whose they are now.",
    children=(
        Child(
            "order_ids",
            schema.OrderId,
            order_days.day_orders,
            ("order_id",),
            subject_columns=("customer_id",),
        ),
    ),
)

CUSTOMERS = Stream(
    name="customers",
    kind=StreamKind.EVENTS,
    record=schema.Customer,
    key=("customer_id",),
    cursor="updated_at",
    # The search compares whole days, whose zone Shopify does not name.
    lookback=dt.timedelta(days=1),
    is_required=False,
    fetch=lists.fetch_customers,
    parse=documents.parse_customers,
    personal_keys=_PERSONAL_KEYS,
    subject_columns=("customer_id", "email_hash", "phone_hash"),
    known=("id",),
    description="Customers that changed, e-mail and phone as keyed hashes.",
)

PRODUCT_VARIANTS = Stream(
    name="product_variants",
    kind=StreamKind.SNAPSHOT,
    record=schema.ProductVariant,
    key=("variant_id",),
    is_required=False,
    fetch=lists.fetch_variants,
    parse=documents.parse_variants,
    known=("legacyResourceId", "inventoryItem.id"),
    description="Variants and what a unit of them costs the shop.",
)

DISCOUNT_CODES = Stream(
    name="discount_codes",
    kind=StreamKind.SNAPSHOT,
    record=schema.DiscountCode,
    key=("code_id",),
    is_required=False,
    fetch=lists.fetch_discount_codes,
    parse=documents.parse_discount_codes,
    known=("discount",),
    description="Codes that customers can type, and the discount each belongs to.",
)

DAILY_SALES = Stream(
    name="daily_sales",
    kind=StreamKind.EVENTS,
    record=schema.DailySales,
    key=("day",),
    replaces=("day",),
    # As long as the orders' own restatements move days of the report.
    lookback=dt.timedelta(days=4),
    # Twelve weeks to judge against what a campaign added, in one request.
    first_lookback=dt.timedelta(days=84),
    is_required=False,
    fetch=lists.fetch_daily_sales,
    parse=documents.parse_daily_sales,
    description="The shop's own sales report, the second source of the tie-out.",
)

SHOP = Stream(
    name="shop",
    kind=StreamKind.SNAPSHOT,
    record=schema.Shop,
    key=("shop_id",),
    fetch=lists.fetch_shop,
    parse=documents.parse_shop,
    description="The shop: name, currency, time zone.",
)

SOURCE = Source(
    name="shopify",
    title="Shopify",
    streams=(
        ORDERS,
        ORDER_DAYS,
        CUSTOMERS,
        DAILY_SALES,
        PRODUCT_VARIANTS,
        DISCOUNT_CODES,
        SHOP,
    ),
    doc=__doc__ or "",
)
