"""Columns of WooCommerce's streams, in the REST API's own words (wc/v3).

Times of the shop come twice: in its own zone without an offset, kept as text, and as `…_gmt`, which
is what everything counts by. Amounts are without tax unless they say so.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Record, at


class Order(Record, frozen=True, array_like=True):
    """One order as it stood when it was read."""

    order_id: Annotated[int, at("id")]
    number: Annotated[str, at("number", "Shown to people; plugins give it another form than id")]
    parent_id: int
    status: Annotated[
        str, at("status", "pending, processing, on-hold, completed, …, trash, a plugin's own")
    ]
    created_via: str | None
    version: Annotated[str | None, at("version", "WooCommerce that wrote the order last")]
    currency: str
    date_created: Annotated[str, at("date_created", "Shop's own time, without offset")]
    date_created_gmt: dt.datetime
    date_modified_gmt: dt.datetime
    date_paid_gmt: dt.datetime | None
    date_completed_gmt: dt.datetime | None
    prices_include_tax: bool
    discount_total: Decimal
    discount_tax: Decimal | None
    shipping_total: Decimal
    shipping_tax: Decimal | None
    cart_tax: Decimal | None
    total: Annotated[Decimal, at("total", "With tax and shipping; a refund does not lower it")]
    total_tax: Decimal
    customer_id: Annotated[int, at("customer_id", "0 for a guest")]
    billing_email: Annotated[str | None, at("billing.email", "HMAC, never the address")]
    billing_country: Annotated[str | None, at("billing.country")]
    payment_method: str | None
    source_type: Annotated[
        str | None, at("attribution.source_type", "utm, organic, referral, typein, admin, …")
    ]
    referrer: Annotated[str | None, at("attribution.referrer")]
    utm_source: Annotated[str | None, at("attribution.utm_source")]
    utm_medium: Annotated[str | None, at("attribution.utm_medium")]
    utm_campaign: Annotated[str | None, at("attribution.utm_campaign")]
    utm_content: Annotated[str | None, at("attribution.utm_content")]
    utm_term: Annotated[str | None, at("attribution.utm_term")]
    utm_id: Annotated[str | None, at("attribution.utm_id")]
    session_entry: Annotated[str | None, at("attribution.session_entry", "First page's address")]
    session_start_time: Annotated[
        str | None, at("attribution.session_start_time", "UTC, by the visitor's own clock")
    ]
    session_pages: Annotated[str | None, at("attribution.session_pages")]
    session_count: Annotated[str | None, at("attribution.session_count")]
    device_type: Annotated[str | None, at("attribution.device_type")]


class OrderLine(Record, frozen=True, array_like=True):
    """One product line of an order."""

    line_id: Annotated[int, at("id")]
    name: str | None
    product_id: Annotated[int | None, at("product_id", "0 once the product is deleted")]
    variation_id: Annotated[int | None, at("variation_id", "0 for a product without variations")]
    sku: str | None
    quantity: Annotated[Decimal, at("quantity", "A plugin may allow parts of a piece")]
    price: Annotated[Decimal | None, at("price", "A rounded number; total / quantity is exact")]
    subtotal: Annotated[Decimal, at("subtotal", "Before coupons")]
    subtotal_tax: Decimal | None
    total: Annotated[Decimal, at("total", "After coupons")]
    total_tax: Decimal | None


class OrderCouponLine(Record, frozen=True, array_like=True):
    """One coupon used on an order."""

    line_id: Annotated[int, at("id")]
    code: Annotated[str, at("code", "In lower case, whatever was typed")]
    discount: Decimal
    discount_tax: Decimal | None
    discount_type: str | None
    nominal_amount: Decimal | None
    free_shipping: bool | None


class OrderFeeLine(Record, frozen=True, array_like=True):
    """One fee of an order; a negative one is a discount without a coupon."""

    line_id: Annotated[int, at("id")]
    name: str | None
    total: Decimal
    total_tax: Decimal | None


class OrderShippingLine(Record, frozen=True, array_like=True):
    """One shipment of an order."""

    line_id: Annotated[int, at("id")]
    method_id: str | None
    method_title: str | None
    total: Decimal
    total_tax: Decimal | None


class OrderRefund(Record, frozen=True, array_like=True):
    """A refund as its order names it; when and what: the stream `refunds`."""

    refund_id: Annotated[int, at("id")]
    total: Annotated[Decimal, at("total", "Negative, with tax")]


class Refund(Record, frozen=True, array_like=True):
    """One refund: money given back, with or without lines."""

    refund_id: Annotated[int, at("id")]
    order_id: Annotated[int, at("parent_id")]
    date_created: Annotated[str, at("date_created", "Shop's own time, without offset")]
    date_created_gmt: dt.datetime
    amount: Annotated[Decimal, at("amount", "Positive, with tax")]
    refunded_payment: Annotated[
        bool | None, at("refunded_payment", "True when the gateway paid it back")
    ]


class RefundLine(Record, frozen=True, array_like=True):
    """One line of a refund; a refund of an amount alone has none."""

    line_id: Annotated[int, at("id")]
    line_type: Annotated[str, at("line_type", "product, shipping, fee")]
    refunded_line_id: Annotated[
        int | None, at("refunded_line_id", "Line of the order that is given back")
    ]
    quantity: Annotated[Decimal | None, at("quantity", "Negative")]
    total: Annotated[Decimal, at("total", "Negative, without tax")]
    total_tax: Annotated[Decimal | None, at("total_tax", "Negative")]


class Coupon(Record, frozen=True, array_like=True):
    """One coupon; `usage_count` only grows."""

    coupon_id: Annotated[int, at("id")]
    code: str
    status: str | None
    discount_type: str
    amount: Decimal
    free_shipping: bool | None
    date_created_gmt: dt.datetime | None
    date_expires_gmt: dt.datetime | None
    usage_count: int
    usage_limit: int | None
    usage_limit_per_user: int | None


class Customer(Record, frozen=True, array_like=True):
    """An account that ordered; guests have none."""

    customer_id: Annotated[int, at("id")]
    role: str | None
    email: Annotated[str | None, at("email", "HMAC, never the address")]
    date_created_gmt: dt.datetime | None
    date_modified_gmt: dt.datetime | None
    is_paying_customer: bool | None
    billing_country: Annotated[str | None, at("billing.country")]


class DailySales(Record, frozen=True, array_like=True):
    """The shop's own revenue report, one row a day of the shop's time."""

    day: dt.date
    orders_count: Annotated[int, at("subtotals.orders_count")]
    num_items_sold: Annotated[int | None, at("subtotals.num_items_sold", "Returns taken off")]
    gross_sales: Annotated[Decimal, at("subtotals.gross_sales", "Before coupons and returns")]
    coupons: Annotated[Decimal, at("subtotals.coupons", "Taken off by coupons, positive")]
    refunds: Annotated[Decimal, at("subtotals.refunds", "Given back, positive")]
    net_revenue: Annotated[Decimal, at("subtotals.net_revenue")]
    taxes: Annotated[Decimal | None, at("subtotals.taxes")]
    shipping: Annotated[Decimal | None, at("subtotals.shipping")]
    total_sales: Annotated[Decimal | None, at("subtotals.total_sales", "Net, tax and shipping")]


class Site(Record, frozen=True, array_like=True):
    """The shop itself."""

    url: str
    name: str | None
    timezone_string: Annotated[
        str | None, at("timezone_string", "NULL where the site has a fixed offset instead")
    ]
    gmt_offset: Annotated[Decimal | None, at("gmt_offset", "Hours, now")]
    currency_code: Annotated[str | None, at("currency_code", "The shop's base currency")]
