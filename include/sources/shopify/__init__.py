"""Shopify: orders with their lines, codes, visits, ledger and refunds; the shop's own sales report.

**Reads** the Admin GraphQL API, version 2026-10, of one shop per connection.

| stream | kind | what | read again |
|---|---|---|---|
| `orders` | events | every order created before the window's end and touched since its start | 48 h |
| `daily_sales` | events, optional | gross sales, discounts, returns and net sales per day, by the shop's own report | 4 days |
| `shop` | snapshot | name, currency and time zone of the shop | - |

Tables: `raw.shopify__orders` with `order_lines`, `order_discount_codes`, `order_moments` (visits before
the order), `order_sales` (the ledger: what was sold or returned, and on which day), `order_refunds` and
`order_refund_lines`; `raw.shopify__daily_sales`; `raw.shopify__shop`.

**Connection** `shopify` or `shopify__<name>` (type HTTP): host `<shop>.myshopify.com`, password an Admin
API access token; or no password and extra `{"client_id": …, "client_secret": …}` for an app of the Dev
Dashboard, whose token of a day is fetched at the start of each task.

**Scopes**: `read_orders` (the last 60 days), `read_all_orders` for older ones, `read_customers` (customer
id and order count), and for `daily_sales` `read_reports` with level 2 access to customer data. Names,
e-mails, phones and addresses are never asked for; would they ever come, they are hashed before landing.

**Limits**: a bucket of points per app and shop (Standard: 2,000, refilled at 100 a second). A page of 50
orders requests 688 points; the connector waits for points before it asks, and when another job of the
same app took them Shopify says THROTTLED (in HTTP 200) and the exact wait is kept. One list is paged for
at most 25,000 orders; longer ones are asked for anew from the last update seen.

**What to know about the data.** Money is in the shop's currency (`shopMoney`). The visits of an order are
computed after it (`journey_ready`), without its `updated_at` moving: that is what the 48 hours are for.
Drafts, point-of-sale orders and visitors who refused tracking have none. An order too long for a page is
asked for alone, up to 250 lines, visits, agreements, ledger rows each; beyond that it is quarantined.
A deleted order is not reported by this API and stays. `returns` of the report is the field that Shopify
renamed to `sales_reversals`. Before anything is loaded, the orders read are compared with the shop's
own count.

**When it fails**

| message | what to do |
|---|---|
| refused the access token (HTTP 401) | the token was revoked or belongs to another shop: make a new one, put it into the connection |
| gave no access token for its client_id | client_id or client_secret is wrong, or the app was uninstalled from the shop |
| Access denied … required: `…` access scope | grant the scope named to the app, reinstall it, make a new token; `daily_sales` alone is skipped without it |
| bucket of query points is empty | nothing, it waits by itself; if it lasts, another job uses the same app: give each its own |
| above the single query max cost, at a page of one order | Shopify changed its prices: lower the sizes in `queries.py` |
| ignored a part of the search | Shopify no longer knows a filter: compare `orders_search` with the search syntax of the version |
| refuses the sales report | the report's fields were renamed: compare `daily_sales_report` with the ShopifyQL reference |
| counts … orders but its pages held … | a page got lost: run the task again; if it stays, tell Shopify and keep the landing files |
| served API version … | the version asked for has expired: read the changelog, then raise `API_PATH` |
| shop is frozen or locked | the shop's owner must settle its account |
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
        Child("order_sales", schema.OrderSale, documents.order_sales, ("sale_id",)),
        Child("order_refunds", schema.OrderRefund, documents.order_refunds, ("refund_id",)),
        Child(
            "order_refund_lines",
            schema.OrderRefundLine,
            documents.order_refund_lines,
            ("refund_id", "line_id"),
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
