"""Fetch orders: page by page for the days, by a bulk operation for a first load."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from include.sources._base import FetchContext, Page
from include.sources.shopify import queries
from include.sources.shopify.bulk import is_first_load, read_in_bulk
from include.sources.shopify.client import ShopifyClient, id_of
from include.sources.shopify.distinct import DistinctIds
from include.sources.shopify.documents import CUT_ORDERS, find_cut
from include.sources.shopify.list_queries import ListQuery, orders_by_id, orders_list


def fetch_orders(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of the orders created before the window's end and touched since its start.

    Orders that a page had to cut follow in answers of their own. `CountMismatch` when fewer orders
    came than the shop counts.
    """
    client = ShopifyClient(ctx)
    listed = orders_list(ctx.window.end, ctx.window.start)
    announced = client.count(listed)
    came = DistinctIds()
    found = _bulk_pages(client, ctx, listed) if is_first_load(ctx) else client.pages(listed)
    for page in found:
        came.add(_order_ids(page))
        cut = find_cut(page.document)
        page.context = {**page.context, CUT_ORDERS: cut}
        yield page
        for place in cut:
            order = page.document["data"]["orders"]["nodes"][place]
            yield client.ask(queries.WIDE_ORDER, {"id": order["id"], **queries.WIDE_SIZES})
    client.check_count(listed, "orders", announced, came.count())


def _order_ids(page: Page) -> Iterator[str]:
    """Return the orders of a list's page, or of a piece of a bulk result (order, then children).

    An answer of one order repeats one that a list or a bulk result has named.
    """
    if "orders" in page.document:
        return (id_of(group[0]) for group in page.document["orders"])
    return map(id_of, page.document["data"].get("orders", {"nodes": ()})["nodes"])


def _bulk_pages(client: ShopifyClient, ctx: FetchContext, listed: ListQuery) -> Iterator[Page]:
    """Yield the bulk result's pages, then by pages the orders whose refund lines it lacks."""
    for page in read_in_bulk(client, ctx, listed.search(listed.start)):
        groups = page.document["orders"]
        yield page
        refunded = (group[0] for group in groups if group[0]["refunds"])
        while batch := list(itertools.islice(refunded, queries.PAGE_SIZE)):
            yield from _read_again(client, batch)


def _read_again(client: ShopifyClient, orders: Sequence[Mapping[str, Any]]) -> Iterator[Page]:
    """Yield answers that hold all of some orders; one that no list shows is asked for alone."""
    missing = {str(order["id"]) for order in orders}
    for page in client.pages(orders_by_id([order["legacyResourceId"] for order in orders])):
        missing -= {order["id"] for order in page.document["data"]["orders"]["nodes"]}
        yield page
    for order_id in sorted(missing):
        yield client.ask(queries.WIDE_ORDER, {"id": order_id, **queries.WIDE_SIZES})
