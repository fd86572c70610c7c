"""Which orders still exist: their ids per day of creation, read again over a look-back.

A deleted order never shows in a list by update, and Shopify's event log knows of deletions for
products and collections only (`DeletionEventSubjectType`); no reference names one for orders. What
the API does give is the list of those that exist, at 24 points for 250. So each day of creation
becomes a row with the ids it has now; an order that was read before and is in no such list any more
was deleted between the two readings. A list also says whose each order is now: where that differs
from what the order said, its customer was merged into another.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from include.sources._base import Document, FetchContext, Page
from include.sources.shopify.client import ShopifyClient
from include.sources.shopify.list_queries import GRANTED_SCOPES, order_ids_list

_DAY = dt.timedelta(days=1)
# How far read_orders alone reaches back.
_RECENT = dt.timedelta(days=60)


def fetch_order_days(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of ids of the orders created on the window's days (UTC, whole days).

    Days the app may not look at are left out: their orders are hidden, not deleted. A page's
    context names the days that end on it, and the orders of the first of them that came with the
    pages before.
    """
    client = ShopifyClient(ctx)
    first, last = ctx.window.start.date(), (ctx.window.end - dt.timedelta(microseconds=1)).date()
    first = max(first, _first_visible_day(client))
    if first > last:
        return
    carried: list[Mapping[str, Any]] = []
    listed = order_ids_list(_midnight(first), _midnight(last + _DAY))
    for page in client.read_list(listed, "orders created"):
        found = page.document["data"]["orders"]
        nodes = found["nodes"]
        has_more = found["pageInfo"]["hasNextPage"]
        open_day = last + _DAY
        if has_more:
            open_day = _day_of(nodes[-1]) if nodes else first
        page.context = {
            "first_day": first.isoformat(),
            "open_day": open_day.isoformat(),
            "carried": carried if open_day > first else [],
        }
        yield page
        kept = carried if open_day == first else []
        carried = [*kept, *(node for node in nodes if _day_of(node) >= open_day)]
        first = open_day


def parse_order_days(document: Any, page: Page) -> Iterator[Document]:
    """Yield one document per day that ends on the page, also for a day without orders."""
    first, open_day = (
        dt.date.fromisoformat(page.context[name]) for name in ("first_day", "open_day")
    )
    days: dict[dt.date, dict[str, Any]] = {
        first + n * _DAY: {} for n in range((open_day - first).days)
    }
    for node in (*page.context["carried"], *document["data"]["orders"]["nodes"]):
        if (orders := days.get(_day_of(node))) is not None:
            orders[str(node["legacyResourceId"])] = node
    for day, orders in days.items():
        yield {
            "created_date": day.isoformat(),
            "order_count": len(orders),
            "orders": sorted(orders.values(), key=lambda node: str(node["legacyResourceId"])),
        }


def day_orders(day: Document) -> Iterable[Document]:
    """Return the orders of a day."""
    orders: Iterable[Document] = day["orders"]
    return orders


def _first_visible_day(client: ShopifyClient) -> dt.date:
    """Return the first day whose orders the app may see whole: without read_all_orders, 60 days."""
    page = client.ask(GRANTED_SCOPES, {})
    scopes = page.document["data"]["currentAppInstallation"]["accessScopes"]
    if any(scope["handle"] == "read_all_orders" for scope in scopes):
        return dt.date.min
    return (page.captured_at - _RECENT).date() + _DAY


def _day_of(node: Mapping[str, Any]) -> dt.date:
    return dt.datetime.fromisoformat(str(node["createdAt"])).astimezone(dt.UTC).date()


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)
