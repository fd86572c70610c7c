"""WooCommerce: orders with lines, coupons, fees and attribution; refunds; the shop's own report.

**Reads** the REST API `wc/v3` (and the revenue report of `wc-analytics`) of one shop per
connection.

| stream | kind | what | read again |
|---|---|---|---|
| `orders` | events | orders created before the window's end, changed since its start | 24 h |
| `refunds` | events | refunds made in the window, with their lines | 24 h |
| `customers` | events, optional | accounts behind the window's orders | - |
| `coupons` | snapshot, optional | every coupon with its uses so far | - |
| `daily_sales` | events, optional | the shop's own revenue report, per day | 4 days, at first 84 |
| `site` | snapshot, optional | name, time zone and currency of the shop | - |

**Writes** `raw.woocommerce__orders` with `order_lines`, `order_coupon_lines`, `order_fee_lines`,
`order_shipping_lines` and `order_refunds`; `raw.woocommerce__refunds` with `refund_lines`;
`raw.woocommerce__customers`, `__coupons`, `__daily_sales`, `__site`. One run owns one business day;
it may be run again at any time.

**Connection** `woocommerce` or `woocommerce__<name>`, type HTTP: host of the shop, login a consumer
key (`ck_…`), password its secret (`cs_…`), made under *WooCommerce › Settings › Advanced › REST
API*. Where WordPress lives in a folder: `{"rest_path": "shop/wp-json"}` in extra. https only; the
keys travel in the Authorization header, never in an address.

**Scopes** Permission *Read*, for a user who may see orders; `daily_sales` and `site` also need the
rights of a shop manager. Asked for by name are the fields that are stored: no names, streets,
phones, notes or IP addresses, of the meta data only `_wc_order_attribution_*` without the
browser's name. E-mail addresses are hashed before anything is stored; so would the others be,
should a plugin send them. Meta data of single lines (an engraving) comes with the lines and stays
in the landing files.

**Limits** None of WooCommerce's own; the host sets them, with 429 or 503 and a web page for an
answer. Pages of 100 orders; where the server runs out of time (502, 504) they are halved, to 10.

**Paging** Lists are paged by position while orders are made, changed and thrown away, so an order
may slip to the page before and never be seen. Lists are therefore read in the order of ids, each
page begins three rows before the place reached and must hold a row that is known, repeated rows are
left out, and in the end the rows are compared with `X-WP-Total`. See `paging.py`.

**About the data** Times come in the shop's zone without an offset, and as GMT without a Z; only the
GMT ones are used as instants, for in autumn the others name two hours alike. `total` stays after a
refund: net = `total` + the refunds. Attribution is the last touch only, as the shop's own cookie
saw it: none without consent, for express payments and for orders made by hand. Its
`session_start_time` is UTC by the visitor's clock: the shop's script sets the offset to 0. Changing
an order in the administration, or a nightly job, moves `date_modified_gmt`; a permanent deletion is
told by nobody, the trash is read as status `trash`. The report excludes pending, failed and
cancelled orders, counts a refund on its own day, and may lag some hours behind where its import
runs by schedule; an older WooCommerce ignores `date_type`, then the report counts by date of
payment.
Plugins for several currencies change `currency` per order.

**What stands around the JSON** PHP messages before or after it are skipped by the session and by a
replay alike (`body.py`); the landed page keeps them. A web page is never taken for an answer.

**When it fails**

- *The key did not reach WooCommerce*: the web server drops the Authorization header. On Apache:
  `SetEnvIf Authorization "(.*)" HTTP_AUTHORIZATION=$1`; or the keys are another shop's.
- *Put a consumer key with read permission*: it was revoked or may only write. Make a new one.
- *a web page ('…') came*: maintenance, a cache plugin, a firewall or a bot check stands in front of
  the shop. It is asked again; if it lasts, exempt `/wp-json/` and this machine's address there.
- *there is no REST API at this address*: correct host or `rest_path`; pretty permalinks must be on.
- *the server ran out of time* (a warning): pages get smaller by themselves. At 10 rows, ask the
  host for more memory or time for PHP.
- *ignores modified_after*: WooCommerce is older than 5.8; update it.
- *is older than WooCommerce 7.0* (a warning): orders come without attribution.
- *announces … rows, but its pages held …*: a cache answered, or a plugin hides orders. Run it
  again; if it stays, exempt `/wp-json/` from caching.
- *is not sorted by id*: a plugin changes the order of lists; switch that off for the REST API.
- *analytics are switched off*: `daily_sales` is skipped. Switch them on under *Settings › Advanced
  › Features*.
- *came without X-WP-Total* (a warning): a PHP message went out before the headers. Mend the
  message's cause: until then nothing can be counted.
"""

from __future__ import annotations

import datetime as dt

from include.sources._base import Child, Source, Stream, StreamKind
from include.sources.woocommerce import client, documents, schema
from include.sources.woocommerce.answers import classify_answer
from include.sources.woocommerce.body import decode_answer

_DAY = dt.timedelta(days=1)
# What a shop or plugin may send although it was not asked for it.
_PERSONAL_KEYS = frozenset(
    {
        "email",
        "phone",
        "first_name",
        "last_name",
        "company",
        "address_1",
        "address_2",
        "postcode",
        "username",
        "avatar_url",
        "customer_ip_address",
        "customer_user_agent",
        "customer_note",
        "used_by",
        "email_restrictions",
    }
)
_ITEM_PARTS = ("meta_data", "taxes", "tax_class", "tax_status", "instance_id")

ORDERS = Stream(
    name="orders",
    kind=StreamKind.EVENTS,
    record=schema.Order,
    key=("order_id",),
    cursor="date_modified_gmt",
    # A server clock that runs behind stamps changes of this day as of the last one.
    lookback=_DAY,
    fetch=client.fetch_orders,
    parse=documents.parse_orders,
    personal_keys=_PERSONAL_KEYS,
    known=(
        "meta_data",
        "line_items",
        "coupon_lines",
        "fee_lines",
        "shipping_lines",
        "refunds",
    ),
    decode=decode_answer,
    subject_columns=("customer_id", "billing_email"),
    description="Orders created before the window's end and changed since its start.",
    children=(
        Child(
            "order_lines",
            schema.OrderLine,
            documents.order_lines,
            ("line_id",),
            known=(*_ITEM_PARTS, "image", "parent_name"),
        ),
        Child(
            "order_coupon_lines",
            schema.OrderCouponLine,
            documents.order_coupon_lines,
            ("line_id",),
            known=_ITEM_PARTS,
        ),
        Child(
            "order_fee_lines",
            schema.OrderFeeLine,
            documents.order_fee_lines,
            ("line_id",),
            known=(*_ITEM_PARTS, "amount"),
        ),
        Child(
            "order_shipping_lines",
            schema.OrderShippingLine,
            documents.order_shipping_lines,
            ("line_id",),
            known=_ITEM_PARTS,
        ),
        Child(
            "order_refunds",
            schema.OrderRefund,
            documents.order_refunds,
            ("refund_id",),
            known=("reason",),
        ),
    ),
)

REFUNDS = Stream(
    name="refunds",
    kind=StreamKind.EVENTS,
    record=schema.Refund,
    key=("refund_id",),
    lookback=_DAY,
    fetch=client.fetch_refunds,
    parse=documents.parse_refunds,
    personal_keys=_PERSONAL_KEYS,
    known=("line_items", "shipping_lines", "fee_lines", "tax_lines", "meta_data"),
    decode=decode_answer,
    description="Refunds made in the window, with what was given back.",
    children=(
        Child(
            "refund_lines",
            schema.RefundLine,
            documents.refund_lines,
            ("line_id",),
            known=(
                *_ITEM_PARTS,
                *("name", "sku", "price", "product_id", "variation_id", "image", "parent_name"),
                *("subtotal", "subtotal_tax", "method_id", "method_title", "amount"),
            ),
        ),
    ),
)

CUSTOMERS = Stream(
    name="customers",
    kind=StreamKind.EVENTS,
    record=schema.Customer,
    key=("customer_id",),
    is_required=False,
    fetch=client.fetch_customers,
    parse=documents.parse_items,
    personal_keys=_PERSONAL_KEYS,
    subject_columns=("customer_id", "email"),
    decode=decode_answer,
    description="Accounts behind the window's orders.",
)

COUPONS = Stream(
    name="coupons",
    kind=StreamKind.SNAPSHOT,
    record=schema.Coupon,
    key=("coupon_id",),
    is_required=False,
    fetch=client.fetch_coupons,
    parse=documents.parse_items,
    personal_keys=_PERSONAL_KEYS,
    decode=decode_answer,
    description="Every coupon, and how often it was used until then.",
)

DAILY_SALES = Stream(
    name="daily_sales",
    kind=StreamKind.EVENTS,
    record=schema.DailySales,
    key=("day",),
    replaces=("day",),
    # The report's import may lag, and a status set later takes an order out of its day.
    lookback=dt.timedelta(days=4),
    # Twelve weeks to judge against what a campaign added.
    first_lookback=dt.timedelta(days=84),
    is_required=False,
    fetch=client.fetch_daily_sales,
    parse=documents.parse_daily_sales,
    known=(
        *("interval", "date_start", "date_start_gmt", "date_end", "date_end_gmt"),
        *("subtotals.segments", "subtotals.coupons_count", "subtotals.avg_order_value"),
        *("subtotals.avg_items_per_order", "subtotals.total_customers", "subtotals.products"),
    ),
    decode=decode_answer,
    description="The shop's own revenue report, the second source of the tie-out.",
)

SITE = Stream(
    name="site",
    kind=StreamKind.SNAPSHOT,
    record=schema.Site,
    key=("url",),
    is_required=False,
    fetch=client.fetch_site,
    parse=documents.parse_site,
    decode=decode_answer,
    description="The shop: name, time zone, currency.",
)

SOURCE = Source(
    name="woocommerce",
    title="WooCommerce",
    streams=(ORDERS, REFUNDS, CUSTOMERS, COUPONS, DAILY_SALES, SITE),
    classify=classify_answer,
    doc=__doc__ or "",
)
