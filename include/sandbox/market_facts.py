"""What the sandbox's market is made of: plain frozen facts that the API servers turn into answers.

Instants are UTC-aware datetimes of whole seconds, money is `Decimal` exact to the cent in the
shop's currency, days are days of the shop's time zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal


@dataclass(frozen=True, slots=True)
class MarketOptions:
    """Switches of the market.

    preexisting_share: share (0-0.4) of the orders with a creator's link or code that would have
    come anyway. scale: multiplies orders and visits, not the social network's counters.
    history_days: days before the campaign's first day. consent_rate: share of visitors GA4 may
    count (0.60-0.75 is usual). one_banner: whoever refuses GA4 refuses the shop's own journey
    too. leaked_share: share of the orders without a creator that type a code found on a coupon
    site, always the same creator's. code_audience_share: share of those who click that order
    elsewhere by code alone, so that no visit leads to them. guest_rate, refund_rate: shares of
    orders. second_shop_share: orders of the second shop for one of the first.
    """

    preexisting_share: float = 0.2
    scale: float = 1.0
    history_days: int = 28
    consent_rate: float = 0.68
    second_shop_share: float = 0.06
    one_banner: bool = False
    leaked_share: float = 0.0
    code_audience_share: float = 0.0
    guest_rate: float = 0.12
    refund_rate: float = 0.08

    def __post_init__(self) -> None:
        allowed = {
            "preexisting_share": (0.0, 0.4),
            "scale": (0.01, 1000.0),
            "history_days": (0, 365),
            "consent_rate": (0.0, 1.0),
            "second_shop_share": (0.01, 1.0),
            "leaked_share": (0.0, 0.5),
            "code_audience_share": (0.0, 1.0),
            "guest_rate": (0.0, 1.0),
            "refund_rate": (0.0, 0.9),
        }
        for name, (low, high) in allowed.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ValueError(f"{name}={value!r} is not allowed; allowed: {low} to {high}")


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """The shop itself; `shop_id` is numeric, prices exclude tax."""

    shop_id: int
    name: str
    domain: str  # myshopify domain
    site: str  # address of the storefront, "https://…"
    currency: str
    iana_timezone: str
    taxes_included: bool


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit of a customer journey; `utm` holds source, medium, campaign, content, term."""

    visit_id: int
    occurred_at: dt.datetime
    landing_page: str
    referrer_url: str | None
    source: str  # the shop's name of the referrer, "direct" if none
    source_type: str | None
    utm: Mapping[str, str | None] | None


@dataclass(frozen=True, slots=True)
class Journey:
    """Visits before an order, oldest first; unknown to the API before `ready_at`."""

    ready_at: dt.datetime
    moments: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class MarketCustomer:
    """`order_index`: this order's place (1 = first); `number_of_orders`: at the instant asked."""

    customer_id: int
    order_index: int
    number_of_orders: int
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class MarketLine:
    """One line: total = unit_price × quantity − discount; tax comes on top."""

    line_id: int
    sku: str
    product_id: int
    variant_id: int
    quantity: int
    current_quantity: int
    unit_price: Decimal
    discount: Decimal
    total: Decimal
    tax: Decimal
    is_gift_card: bool = False


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One row of the sales ledger; returns are negative.

    `total_amount` is after discounts, with tax. A row's net is total_amount − tax; net + discount
    is its gross value.
    """

    sale_id: int
    agreement_id: int
    happened_at: dt.datetime
    reason: Literal["ORDER", "REFUND"]
    action_type: Literal["ORDER", "RETURN"]
    line_type: Literal["PRODUCT", "SHIPPING", "GIFT_CARD", "ADJUSTMENT"]
    line_id: int | None
    quantity: int | None
    total_amount: Decimal
    tax: Decimal
    discount: Decimal


@dataclass(frozen=True, slots=True)
class RefundLine:
    line_id: int
    quantity: int
    subtotal: Decimal
    tax: Decimal


@dataclass(frozen=True, slots=True)
class MarketRefund:
    """Money given back, with tax; `amount` may exceed its lines (shipping, amount-only)."""

    refund_id: int
    created_at: dt.datetime
    amount: Decimal
    lines: tuple[RefundLine, ...]


@dataclass(frozen=True, slots=True)
class MarketOrder:
    """One order as it stands at an instant. total = Σ line totals + shipping + tax, before refunds.

    `journey` is None for point-of-sale and draft orders and visitors who refused tracking; `tax`
    includes the tax on shipping.
    """

    number: int
    order_id: int
    name: str
    created_at: dt.datetime
    updated_at: dt.datetime
    processed_at: dt.datetime
    cancelled_at: dt.datetime | None
    cancel_reason: str | None
    test: bool
    source_name: str
    financial_status: str
    currency: str
    lines: tuple[MarketLine, ...]
    codes: tuple[str, ...]
    discount_rate: Decimal | None  # of the discount applied to the whole order
    shipping: Decimal
    shipping_tax: Decimal
    tax: Decimal
    total: Decimal
    customer: MarketCustomer | None
    journey: Journey | None
    ledger: tuple[LedgerRow, ...]
    refunds: tuple[MarketRefund, ...]


@dataclass(frozen=True, slots=True)
class DailySalesRow:
    """The shop's own report of a day, test orders left out.

    As in the shop's reports `discounts` and `returns` are negative and net = gross + discounts +
    returns; shipping, tax and gift cards are no part of it. A return counts on its own day.
    """

    day: dt.date
    orders: int
    gross_sales: Decimal
    discounts: Decimal
    returns: Decimal
    net_sales: Decimal


@dataclass(frozen=True, slots=True)
class Ga4Session:
    """Sessions of one day and source; "(not set)" and "(direct)" as GA4 spells them."""

    date: dt.date
    source: str
    medium: str
    campaign: str
    content: str
    landing_page: str  # path with query
    sessions: int
    engaged_sessions: int
    engagement_seconds: int
    new_users: int
    add_to_carts: int
    checkouts: int
    purchases: int
    revenue: Decimal
    key_events: int


@dataclass(frozen=True, slots=True)
class Ga4Transaction:
    """One purchase; `transaction_id` is the order's name, at times "(not set)"."""

    date: dt.date
    transaction_id: str
    source: str
    medium: str
    campaign: str
    content: str
    first_user_source: str
    first_user_medium: str
    first_user_campaign: str
    purchases: int
    revenue: Decimal
    refund_amount: Decimal


@dataclass(frozen=True, slots=True)
class Ga4KeyEvent:
    date: dt.date
    event_name: str  # purchase, sign_up
    source: str
    medium: str
    campaign: str
    content: str
    key_events: int
    event_count: int


@dataclass(frozen=True, slots=True)
class MarketPost:
    """One post, reel or story; `creator_id` None for the brand's, `deleted_at` only once past."""

    media_id: str
    creator_id: str | None
    account_id: str
    username: str
    product_type: Literal["FEED", "REELS", "STORY"]
    media_type: Literal["IMAGE", "CAROUSEL_ALBUM", "VIDEO"]
    published_at: dt.datetime
    caption: str | None
    permalink: str
    shortcode: str
    deleted_at: dt.datetime | None
    deliverable_id: str | None  # None for posts outside the campaign


@dataclass(frozen=True, slots=True)
class PostCounters:
    """Lifetime counters of a post; which of them an API gives depends on the product type."""

    likes: int
    comments: int
    shares: int
    saves: int
    reach: int
    views: int
    reposts: int
    profile_visits: int
    follows: int
    link_clicks: int
    replies: int
    avg_watch_ms: int
    total_watch_ms: int


@dataclass(frozen=True, slots=True)
class MarketAccount:
    """An account; `access_path` is the plan's, "own_account" for the brand."""

    account_id: str
    username: str
    name: str
    followers: int
    follows: int
    media_count: int
    kind: Literal["brand", "professional", "personal"]
    access_path: str
    creator_id: str | None
