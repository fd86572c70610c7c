"""Columns of Shopify's streams, in the Admin GraphQL API's own words (version 2026-10).

Money is `shopMoney` (the shop's currency at the order's own rate) unless the name says presentment.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Record, at


class Order(Record, rename="camel", frozen=True, array_like=True):
    """One order as it stood when it was read."""

    order_id: Annotated[str, at("legacyResourceId", "Numeric id, as text")]
    name: Annotated[str, at("name", "Order name shown to people, such as #1042")]
    created_at: dt.datetime
    updated_at: dt.datetime
    processed_at: Annotated[
        dt.datetime, at("processedAt", "When the sale counts in the shop's reports")
    ]
    cancelled_at: dt.datetime | None
    cancel_reason: str | None
    test: bool
    confirmed: bool
    source_name: Annotated[
        str | None, at("sourceName", "web, pos, shopify_draft_order or an app id")
    ]
    display_financial_status: str | None
    currency_code: Annotated[str, at("currencyCode", "The shop's currency")]
    presentment_currency_code: str
    taxes_included: bool
    total_price: Annotated[Decimal, at("totalPriceSet.shopMoney.amount", "With tax and shipping")]
    subtotal_price: Annotated[
        Decimal | None, at("subtotalPriceSet.shopMoney.amount", "Lines after discounts")
    ]
    total_discounts: Annotated[Decimal | None, at("totalDiscountsSet.shopMoney.amount")]
    total_shipping_price: Annotated[Decimal | None, at("totalShippingPriceSet.shopMoney.amount")]
    total_tax: Annotated[Decimal | None, at("totalTaxSet.shopMoney.amount")]
    total_refunded: Annotated[Decimal, at("totalRefundedSet.shopMoney.amount")]
    customer_id: Annotated[str | None, at("customer.legacyResourceId", "NULL for guests and POS")]
    customer_number_of_orders: Annotated[
        str | None, at("customer.numberOfOrders", "UnsignedInt64, as text")
    ]
    customer_order_index: Annotated[
        int | None, at("customerJourneySummary.customerOrderIndex", "1 is the first order")
    ]
    days_to_conversion: Annotated[int | None, at("customerJourneySummary.daysToConversion")]
    journey_ready: Annotated[
        bool | None, at("customerJourneySummary.ready", "False until the journey is computed")
    ]
    journey_moments_count: Annotated[int | None, at("customerJourneySummary.momentsCount.count")]


class OrderLine(Record, rename="camel", frozen=True, array_like=True):
    """One line of an order."""

    line_id: Annotated[str, at("id")]
    sku: str | None
    product_id: Annotated[str | None, at("product.id")]
    variant_id: Annotated[str | None, at("variant.id")]
    quantity: int
    current_quantity: Annotated[int, at("currentQuantity", "After edits and returns")]
    original_unit_price: Annotated[Decimal, at("originalUnitPriceSet.shopMoney.amount")]
    discounted_total: Annotated[
        Decimal, at("discountedTotalSet.shopMoney.amount", "After line and code discounts")
    ]


class OrderDiscountCode(Record, frozen=True, array_like=True):
    """One discount code of an order, as it was typed."""

    position: Annotated[int, at("position", "0 for the first code")]
    code: str


class OrderMoment(Record, rename="camel", frozen=True, array_like=True):
    """One visit of the customer journey that led to the order (at most 30 days back)."""

    visit_id: Annotated[str, at("id")]
    occurred_at: dt.datetime
    landing_page: str | None
    referrer_url: str | None
    source: Annotated[str | None, at("source", "Shopify's name for the referrer; 'direct' if none")]
    source_type: str | None
    utm_source: Annotated[str | None, at("utmParameters.source")]
    utm_medium: Annotated[str | None, at("utmParameters.medium")]
    utm_campaign: Annotated[str | None, at("utmParameters.campaign")]
    utm_content: Annotated[str | None, at("utmParameters.content")]
    utm_term: Annotated[str | None, at("utmParameters.term")]


class OrderSale(Record, rename="camel", frozen=True, array_like=True):
    """One row of the order's sales ledger (`agreements.sales`): a sale or its return."""

    sale_id: Annotated[str, at("id")]
    agreement_id: Annotated[str, at("agreement.id")]
    happened_at: Annotated[dt.datetime, at("agreement.happenedAt")]
    reason: Annotated[str, at("agreement.reason", "ORDER, ORDER_EDIT, REFUND, RETURN")]
    action_type: Annotated[str, at("actionType", "ORDER, RETURN, UPDATE")]
    line_type: Annotated[str, at("lineType", "PRODUCT, SHIPPING, TIP, GIFT_CARD, ADJUSTMENT, …")]
    line_id: Annotated[str | None, at("lineItem.id")]
    quantity: int | None
    total_amount: Annotated[
        Decimal, at("totalAmount.shopMoney.amount", "After discounts, with tax")
    ]
    total_tax: Annotated[Decimal, at("totalTaxAmount.shopMoney.amount")]
    total_discount_before_taxes: Annotated[
        Decimal, at("totalDiscountAmountBeforeTaxes.shopMoney.amount")
    ]


class OrderTransaction(Record, rename="camel", frozen=True, array_like=True):
    """One payment of an order: money asked for, taken or given back, also what failed."""

    transaction_id: Annotated[str, at("id")]
    parent_id: Annotated[
        str | None, at("parentTransaction.id", "The payment it captures, refunds or voids")
    ]
    kind: Annotated[str, at("kind", "SALE, AUTHORIZATION, CAPTURE, REFUND, VOID, …")]
    status: Annotated[str, at("status", "SUCCESS, FAILURE, PENDING, ERROR, …")]
    error_code: str | None
    gateway: str | None
    test: bool
    created_at: dt.datetime
    processed_at: dt.datetime | None
    amount: Annotated[Decimal, at("amountSet.shopMoney.amount", "Never negative, also of refunds")]


class OrderRefund(Record, rename="camel", frozen=True, array_like=True):
    """One refund of an order (money given back; may differ from the ledger's return rows)."""

    refund_id: Annotated[str, at("id")]
    created_at: dt.datetime | None
    processed_at: dt.datetime | None
    total_refunded: Annotated[Decimal, at("totalRefundedSet.shopMoney.amount")]


class OrderRefundLine(Record, rename="camel", frozen=True, array_like=True):
    """One refunded line."""

    refund_id: Annotated[str, at("refund.id")]
    line_id: Annotated[str, at("lineItem.id")]
    quantity: int
    subtotal: Annotated[Decimal, at("subtotalSet.shopMoney.amount")]
    total_tax: Annotated[Decimal, at("totalTaxSet.shopMoney.amount")]


class DailySales(Record, frozen=True, array_like=True):
    """The shop's own sales report (ShopifyQL `FROM sales`), one row a day, shop time."""

    day: dt.date
    orders: int | None
    gross_sales: Decimal | None
    discounts: Decimal | None
    returns: Annotated[
        Decimal | None, at("sales_reversals", "Returns, edits and cancellations; negative")
    ]
    net_sales: Decimal
    currency_code: str


class Customer(Record, rename="camel", frozen=True, array_like=True):
    """One customer as they stood when they were read; e-mail and phone as keyed hashes."""

    customer_id: Annotated[str, at("legacyResourceId", "Numeric id, as text")]
    created_at: dt.datetime
    updated_at: dt.datetime
    number_of_orders: Annotated[str, at("numberOfOrders", "UnsignedInt64, as text")]
    amount_spent: Annotated[Decimal, at("amountSpent.amount")]
    currency_code: Annotated[str, at("amountSpent.currencyCode")]
    state: Annotated[str, at("state", "ENABLED, DISABLED, INVITED, DECLINED")]
    verified_email: bool
    email_hash: Annotated[
        str | None, at("defaultEmailAddress.emailAddress", "NULL without level 2 access")
    ]
    email_marketing_state: Annotated[str | None, at("defaultEmailAddress.marketingState")]
    phone_hash: Annotated[
        str | None, at("defaultPhoneNumber.phoneNumber", "NULL without level 2 access")
    ]
    country_code: Annotated[str | None, at("defaultAddress.countryCodeV2")]
    province_code: Annotated[str | None, at("defaultAddress.provinceCode")]


class OrderDay(Record, frozen=True, array_like=True):
    """The orders of one day of creation (UTC) that exist in the shop."""

    created_date: dt.date
    order_count: int


class OrderId(Record, rename="camel", frozen=True, array_like=True):
    """One order that exists, and whose it is now."""

    order_id: Annotated[str, at("legacyResourceId", "Numeric id, as text")]
    created_at: dt.datetime
    customer_id: Annotated[
        str | None, at("customer.legacyResourceId", "After a merge the customer who was kept")
    ]


class ProductVariant(Record, rename="camel", frozen=True, array_like=True):
    """One variant and what a unit of it costs the shop, as of the snapshot."""

    variant_id: Annotated[str, at("id")]
    product_id: Annotated[str, at("product.id")]
    product_title: Annotated[str | None, at("product.title")]
    is_gift_card: Annotated[bool, at("product.isGiftCard")]
    sku: str | None
    title: str | None
    price: Annotated[Decimal, at("price", "In the shop's currency")]
    unit_cost: Annotated[
        Decimal | None, at("inventoryItem.unitCost.amount", "NULL where none was entered")
    ]
    unit_cost_currency_code: Annotated[str | None, at("inventoryItem.unitCost.currencyCode")]
    created_at: dt.datetime
    updated_at: dt.datetime


class DiscountCode(Record, rename="camel", frozen=True, array_like=True):
    """One code that customers can type, and the discount it belongs to, as of the snapshot."""

    code_id: Annotated[str, at("id")]
    code: str
    usage_count: Annotated[int, at("asyncUsageCount", "Counted with a delay")]
    discount_id: Annotated[str, at("discount.id")]
    discount_type: Annotated[str, at("discount.__typename", "DiscountCodeBasic, …Bxgy, …App")]
    discount_title: Annotated[str, at("discount.title")]
    discount_status: Annotated[str, at("discount.status", "ACTIVE, EXPIRED, SCHEDULED")]
    starts_at: Annotated[dt.datetime, at("discount.startsAt")]
    ends_at: Annotated[dt.datetime | None, at("discount.endsAt")]
    usage_limit: Annotated[int | None, at("discount.usageLimit")]


class Shop(Record, rename="camel", frozen=True, array_like=True):
    """The shop itself."""

    shop_id: Annotated[str, at("id")]
    name: str
    myshopify_domain: str
    currency_code: str
    iana_timezone: str
    taxes_included: bool
