"""Which fields the shop is asked for: no name, address, phone, IP, note or foreign meta data."""

from __future__ import annotations

ATTRIBUTION_PREFIX = "_wc_order_attribution_"
# The visitor's browser (`user_agent`) stays in the shop.
ATTRIBUTION = (
    "source_type",
    "referrer",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "utm_id",
    "session_entry",
    "session_start_time",
    "session_pages",
    "session_count",
    "device_type",
)
META = [f"{ATTRIBUTION_PREFIX}{name}" for name in ATTRIBUTION]
ORDER = [
    "id",
    "number",
    "parent_id",
    "status",
    "created_via",
    "version",
    "currency",
    "date_created",
    "date_created_gmt",
    "date_modified_gmt",
    "date_paid_gmt",
    "date_completed_gmt",
    "prices_include_tax",
    "discount_total",
    "discount_tax",
    "shipping_total",
    "shipping_tax",
    "cart_tax",
    "total",
    "total_tax",
    "customer_id",
    "billing.email",
    "billing.country",
    "payment_method",
    "meta_data",
    "line_items",
    "coupon_lines",
    "fee_lines",
    "shipping_lines",
    "refunds",
]
REFUND = [
    "id",
    "parent_id",
    "date_created",
    "date_created_gmt",
    "amount",
    "refunded_payment",
    "line_items",
    "shipping_lines",
    "fee_lines",
]
CUSTOMER = [
    "id",
    "role",
    "email",
    "date_created_gmt",
    "date_modified_gmt",
    "is_paying_customer",
    "billing.country",
]
COUPON = [
    "id",
    "code",
    "status",
    "discount_type",
    "amount",
    "free_shipping",
    "date_created_gmt",
    "date_expires_gmt",
    "usage_count",
    "usage_limit",
    "usage_limit_per_user",
]
SITE = ["name", "url", "timezone_string", "gmt_offset"]
