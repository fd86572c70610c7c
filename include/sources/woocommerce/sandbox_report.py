"""The shop's revenue report, from the market's books: nothing of it is added up from orders but the
gift cards, which the books leave out and a WooCommerce shop sells like any product.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from include.sandbox.market_facts import DailySalesRow
from include.sandbox.world import Market
from include.sources.woocommerce.sandbox_lists import Answered

_ZERO = Decimal(0)


def answer_report(market: Market, params: Mapping[str, str], now: dt.datetime) -> Answered:
    """Answer one page of days, empty ones included."""
    since, until = (dt.date.fromisoformat(params[name][:10]) for name in ("after", "before"))
    size, number = int(params.get("per_page", "10")), int(params.get("page", "1"))
    days = [since + dt.timedelta(days=n) for n in range((until - since).days + 1)]
    books = {row.day: row for row in market.daily_sales_at(now)}
    gift_cards = _gift_cards(market, now)
    intervals = [
        {
            "interval": f"{day}",
            "date_start": f"{day} 00:00:00",
            "date_end": f"{day} 23:59:59",
            "subtotals": _figures(books.get(day), gift_cards.get(day, _ZERO)),
        }
        for day in days[(number - 1) * size : number * size]
    ]
    pages = -(-len(days) // size)
    headers = {"X-WP-Total": str(len(days)), "X-WP-TotalPages": str(pages)}
    return Answered({"totals": {}, "intervals": intervals}, headers)


def _gift_cards(market: Market, now: dt.datetime) -> dict[dt.date, Decimal]:
    found: dict[dt.date, Decimal] = {}
    for order in market.orders_at(now):
        sold = sum((line.total for line in order.lines if line.is_gift_card), _ZERO)
        if sold and not order.test:
            day = order.created_at.astimezone(market.timezone).date()
            found[day] = found.get(day, _ZERO) + sold
    return found


def _figures(row: DailySalesRow | None, gift_cards: Decimal) -> dict[str, Any]:
    """Return a day's figures; PHP sums them as floating-point numbers."""
    if row is None:
        row = DailySalesRow(dt.date.min, 0, _ZERO, _ZERO, _ZERO, _ZERO)
    return {
        "orders_count": row.orders,
        "num_items_sold": 0,
        "gross_sales": float(row.gross_sales + gift_cards),
        "total_sales": float(row.net_sales + gift_cards),
        "coupons": float(-row.discounts),
        "coupons_count": 0,
        "refunds": float(-row.returns),
        "taxes": 0,
        "shipping": 0,
        "net_revenue": float(row.net_sales + gift_cards),
        "segments": [],
    }
