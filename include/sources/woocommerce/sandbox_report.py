"""The shop's revenue report, from the shop's own books: no sale in it is added up from orders.

The books hold all that was sold and given back. The report leaves out orders that are pending or
cancelled now, also from days that are long over, as WooCommerce's does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from include.sandbox.market_facts import DailySalesRow, MarketOrder
from include.sandbox.market_second_shop import SecondShop
from include.sources.woocommerce.sandbox_lists import (
    Answered,
    check_choice,
    check_parameters,
    invalid,
)
from include.sources.woocommerce.sandbox_orders import status_of

_ZERO = Decimal(0)
_LEFT_OUT = ("pending", "cancelled")
# What the report checks beyond the parameters of all lists.
_CHOICES = {
    "interval": ("hour", "day", "week", "month", "quarter", "year"),
    "date_type": ("date_paid", "date_created", "date_completed"),
    "orderby": (
        "date",
        "net_revenue",
        "coupons",
        "refunds",
        "shipping",
        "taxes",
        "orders_count",
        "items_sold",
        "gross_sales",
        "total_sales",
    ),
}


def answer_report(shop: SecondShop, params: Mapping[str, str], now: dt.datetime) -> Answered:
    """Answer one page of days, empty ones included."""
    check_parameters(params)
    for name, allowed in _CHOICES.items():
        check_choice(params, name, allowed)
    if params.get("interval", "week") != "day":
        raise invalid("interval", "This sandbox gives days alone.")
    since, until = (_bound(params, name) for name in ("after", "before"))
    size, number = int(params.get("per_page", "10")), int(params.get("page", "1"))
    days = [since + dt.timedelta(days=n) for n in range((until - since).days + 1)]
    books = {row.day: row for row in shop.daily_sales_at(now)}
    for change in _left_out(shop, now):
        books[change.day] = _without(books[change.day], change)
    intervals = [
        {
            "interval": f"{day}",
            "date_start": f"{day} 00:00:00",
            "date_end": f"{day} 23:59:59",
            "subtotals": _figures(books.get(day)),
        }
        for day in days[(number - 1) * size : number * size]
    ]
    pages = -(-len(days) // size)
    headers = {"X-WP-Total": str(len(days)), "X-WP-TotalPages": str(pages)}
    return Answered({"totals": {}, "intervals": intervals}, headers)


def _bound(params: Mapping[str, str], name: str) -> dt.date:
    try:
        return dt.datetime.fromisoformat(params.get(name, "")).date()
    except ValueError:
        raise invalid(name, "Invalid date.") from None


def _left_out(shop: SecondShop, now: dt.datetime) -> Iterator[DailySalesRow]:
    """Yield what the books hold of orders that do not count: the sale, and what came back."""
    for order in shop.orders_at(now):
        if status_of(order) in _LEFT_OUT:
            gross = sum((line.unit_price * line.quantity for line in order.lines), _ZERO)
            discount = sum((line.discount for line in order.lines), _ZERO)
            sold = _day(shop, order.created_at)
            yield DailySalesRow(sold, 1, gross, -discount, _ZERO, gross - discount)
            for refund in order.refunds:
                back = -_goods_of(order)
                yield DailySalesRow(_day(shop, refund.created_at), 0, _ZERO, _ZERO, back, back)


def _goods_of(order: MarketOrder) -> Decimal:
    return sum((line.total for line in order.lines), _ZERO)


def _day(shop: SecondShop, at: dt.datetime) -> dt.date:
    return at.astimezone(shop.timezone).date()


def _without(row: DailySalesRow, change: DailySalesRow) -> DailySalesRow:
    return replace(
        row,
        orders=row.orders - change.orders,
        gross_sales=row.gross_sales - change.gross_sales,
        discounts=row.discounts - change.discounts,
        returns=row.returns - change.returns,
        net_sales=row.net_sales - change.net_sales,
    )


def _figures(row: DailySalesRow | None) -> dict[str, Any]:
    """Return a day's figures; PHP sums them as floating-point numbers."""
    if row is None:
        row = DailySalesRow(dt.date.min, 0, _ZERO, _ZERO, _ZERO, _ZERO)
    return {
        "orders_count": row.orders,
        "num_items_sold": 0,
        "gross_sales": float(row.gross_sales),
        "total_sales": float(row.net_sales),
        "coupons": float(-row.discounts),
        "coupons_count": 0,
        "refunds": float(-row.returns),
        "taxes": 0,
        "shipping": 0,
        "net_revenue": float(row.net_sales),
        "segments": [],
    }
