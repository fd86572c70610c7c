"""Fetch what is not an order: customers, variants, discount codes, the sales report, the shop."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from include.errors import BadRequest, MissingScope, Truncated
from include.sources._base import FetchContext, Page
from include.sources.shopify import list_queries, queries
from include.sources.shopify.client import ShopifyClient

_log = logging.getLogger(__name__)


def fetch_customers(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of the customers that changed in the window.

    E-mail and phone need level 2 access to customer data. Without it Shopify answers null, or
    refuses the whole query: then they are not asked for.
    """
    client = ShopifyClient(ctx)
    window = ctx.window
    try:
        found = list_queries.customers_list(window.start, window.end, with_contacts=True)
        yield from client.read_list(found, "customers")
    except MissingScope as error:
        found = list_queries.customers_list(window.start, window.end, with_contacts=False)
        _log.warning("customers are read without e-mail and phone: %s", error)
        yield from client.read_list(found, "customers")


def fetch_variants(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of all product variants with what a unit costs now."""
    yield from ShopifyClient(ctx).read_list(list_queries.variants_list(), "product variants")


def fetch_discount_codes(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of all discounts that work by a code, then the codes that did not fit in."""
    client = ShopifyClient(ctx)
    for page in client.read_list(list_queries.discounts_list(), "discounts"):
        yield page
        for node in page.document["data"]["discountNodes"]["nodes"]:
            yield from _more_codes(client, node)


def _more_codes(client: ShopifyClient, node: Mapping[str, Any]) -> Iterator[Page]:
    after = _next_codes(node)
    while after is not None:
        variables = {"id": node["id"], "codes": queries.WIDE_SIZE, "codesAfter": after}
        page = client.ask(list_queries.DISCOUNT_CODES, variables)
        yield page
        found = page.document["data"]["discountNode"]
        following = _next_codes(found) if found is not None else None
        if following == after:
            raise Truncated(f"Shopify promised more codes of {node['id']} but gave no cursor")
        after = following


def _next_codes(node: Mapping[str, Any]) -> str | None:
    codes = node["discount"].get("codes") or {"pageInfo": {"hasNextPage": False}}
    info = codes["pageInfo"]
    return str(info["endCursor"]) if info["hasNextPage"] else None


def fetch_daily_sales(ctx: FetchContext) -> Iterator[Page]:
    """Yield the shop's sales report of the window's days, the last one its key."""
    until = dt.date.fromisoformat(ctx.window.key)
    days = max(1, round((ctx.window.end - ctx.window.start) / dt.timedelta(days=1)))
    since = until - dt.timedelta(days=days - 1)
    report = queries.daily_sales_report(since, until)
    page = ShopifyClient(ctx).ask(queries.DAILY_SALES, {"report": report})
    answer = page.document["data"]["shopifyqlQuery"]
    if answer is None or answer["parseErrors"] or answer["tableData"] is None:
        reasons = "; ".join((answer or {}).get("parseErrors") or ["no table came back"])
        raise BadRequest(f"Shopify refuses the sales report {report!r}: {reasons}")
    for warning in answer.get("parseWarnings") or ():
        _log.warning("sales report: %s", warning)
    page.context = {"start_date": since.isoformat(), "end_date": until.isoformat()}
    yield page


def fetch_shop(ctx: FetchContext) -> Iterator[Page]:
    """Yield the shop's own record."""
    yield ShopifyClient(ctx).ask(queries.SHOP, {})
