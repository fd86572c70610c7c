"""The requests: login, which rows a window asks for, and the counts that must agree."""

from __future__ import annotations

import base64
import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from include.errors import BadCredentials, BadRequest, CountMismatch, MissingScope
from include.http.answer import HttpAnswer
from include.sources._base import FetchContext, Page
from include.sources.woocommerce import fields
from include.sources.woocommerce.answers import (
    TOO_SLOW,
    PageTooLarge,
    RouteMissing,
    classify_answer,
)
from include.sources.woocommerce.documents import items_of
from include.sources.woocommerce.paging import (
    LARGEST_PAGE,
    RECOUNTS,
    SMALLEST_PAGE,
    ids_of,
    read_list,
    total_of,
)

REST_PATH = "wp-json"
_SECOND = dt.timedelta(seconds=1)
_log = logging.getLogger(__name__)


class _MetaUnfiltered(Exception):
    """The shop sends meta data that nobody asked for."""


def fetch_orders(ctx: FetchContext) -> Iterator[Page]:
    """Yield the orders created before the window's end and changed since its start.

    Trashed orders are a list of their own: `any` leaves them out. A shop that ignores
    `include_meta` is asked for no meta data at all, for it may hold personal values under any key;
    such a shop is older than the attribution of orders.
    """
    shop = Shop(ctx)
    try:
        yield from _order_pages(ctx, shop, fields.ORDER)
    except _MetaUnfiltered:
        _log.warning(
            "connection %r: the shop is older than WooCommerce 7.0 and sends all meta data; orders "
            "are read without it, and so without their attribution",
            ctx.connection.conn_id,
        )
        bare = [name for name in fields.ORDER if name != "meta_data"]
        yield from _order_pages(ctx, shop, bare)


def fetch_refunds(ctx: FetchContext) -> Iterator[Page]:
    """Yield the refunds made in the window.

    Before WooCommerce 9.0 refunds can only be had order by order: those of the changed orders.
    """
    shop = Shop(ctx)
    made = {
        "after": _stamp(ctx.window.start - _SECOND),
        "before": _stamp(ctx.window.end),
        "dates_are_gmt": "true",
        "_fields": ",".join(fields.REFUND),
    }
    try:
        yield from read_list(shop.ask, "wc/v3/refunds", made)
    except RouteMissing:
        yield from _refunds_by_order(ctx, shop)


def fetch_customers(ctx: FetchContext) -> Iterator[Page]:
    """Yield the accounts behind the window's orders; the API cannot be asked for changed ones."""
    shop = Shop(ctx)
    wanted: set[int] = set()
    filters = {**_changed(ctx), "status": "any", "_fields": "id,customer_id"}
    for page in read_list(shop.ask, "wc/v3/orders", filters):
        wanted.update(int(order["customer_id"]) for order in items_of(page.document))
    asked = sorted(wanted - {0})
    for start in range(0, len(asked), LARGEST_PAGE):
        yield _ask_customers(ctx, shop, asked[start : start + LARGEST_PAGE])


def fetch_coupons(ctx: FetchContext) -> Iterator[Page]:
    """Yield every coupon as it stands now."""
    yield from read_list(Shop(ctx).ask, "wc/v3/coupons", {"_fields": ",".join(fields.COUPON)})


def fetch_daily_sales(ctx: FetchContext) -> Iterator[Page]:
    """Yield the revenue report of the window's days, the last one its key."""
    shop = Shop(ctx)
    until = dt.date.fromisoformat(ctx.window.key)
    days = max(1, round((ctx.window.end - ctx.window.start) / dt.timedelta(days=1)))
    since = until - dt.timedelta(days=days - 1)
    for number in range(1, 2 + (days - 1) // LARGEST_PAGE):
        report = {
            "interval": "day",
            "after": f"{since}T00:00:00",
            "before": f"{until}T23:59:59",
            # Else the shop's own setting decides, by default the date of payment.
            "date_type": "date_created",
            "force_cache_refresh": "true",
            "orderby": "date",
            "order": "asc",
            "per_page": LARGEST_PAGE,
            "page": number,
        }
        try:
            page = shop.ask("wc-analytics/reports/revenue/stats", report)
        except RouteMissing as error:
            raise MissingScope(f"{error}; WooCommerce's analytics are switched off") from error
        page.context = {
            "start_date": f"{since}",
            "end_date": f"{until}",
            "expected_total": days,
        }
        yield page


def fetch_site(ctx: FetchContext) -> Iterator[Page]:
    """Yield the site's own record; the currency is asked for beside it."""
    shop = Shop(ctx)
    currency = shop.ask("wc/v3/data/currencies/current", {"_fields": "code"})
    page = shop.ask("", {"_fields": ",".join(fields.SITE)})
    page.context = {"currency_code": currency.document.get("code")}
    yield page


class Shop:
    """Asks one shop's REST API, signed with a consumer key and secret."""

    def __init__(self, ctx: FetchContext) -> None:
        self._session = ctx.session
        path = str(ctx.connection.extra.get("rest_path") or REST_PATH).strip("/")
        self._root = f"/{path}/"
        self._size = 0
        key, secret = ctx.connection.login, ctx.connection.password
        if not key or not secret:
            raise BadCredentials(
                f"connection {ctx.connection.conn_id!r} lacks a login (consumer key, ck_…) or a "
                "password (consumer secret, cs_…)"
            )
        pair = base64.b64encode(f"{key}:{secret}".encode()).decode()
        # Never as parameters, which the API allows too: addresses end up in logs on both sides.
        self._session.headers["Authorization"] = f"Basic {pair}"
        self._session.classify = self._classify

    def ask(self, path: str, params: Mapping[str, Any]) -> Page:
        """Return one decoded answer; whatever the classification names is raised."""
        # Only a list that is read from place to place can go on in smaller pages.
        self._size = int(params["per_page"]) if "offset" in params else 0
        return self._session.request("GET", self._root + path, params=params)

    def _classify(self, answer: HttpAnswer) -> Exception | None:
        if answer.status_code in TOO_SLOW and self._size > SMALLEST_PAGE:
            return PageTooLarge(
                f"connection {answer.conn_id!r}: the server ran out of time over {self._size} rows "
                f"(HTTP {answer.status_code})"
            )
        return classify_answer(answer)


def _changed(ctx: FetchContext) -> dict[str, str]:
    """Return the filters of the orders that a window is about; both bounds are exclusive."""
    return {
        "modified_after": _stamp(ctx.window.start - _SECOND),
        "before": _stamp(ctx.window.end),
        "dates_are_gmt": "true",
    }


def _order_pages(ctx: FetchContext, shop: Shop, names: list[str]) -> Iterator[Page]:
    chosen = {"_fields": ",".join(names), "include_meta": ",".join(fields.META)}
    for status in ("any", "trash"):
        filters = {**_changed(ctx), "status": status, **chosen}
        for page in read_list(shop.ask, "wc/v3/orders", filters):
            _check_orders(ctx, page)
            yield page


def _check_orders(ctx: FetchContext, page: Page) -> None:
    """Refuse an answer to a filter that the shop did not understand, and so ignored."""
    oldest = _stamp(ctx.window.start - _SECOND)
    for order in items_of(page.document):
        modified = order.get("date_modified_gmt")
        if isinstance(modified, str) and modified < oldest:
            raise BadRequest(
                f"connection {ctx.connection.conn_id!r}: order {order['id']} was changed at "
                f"{modified}, before the {oldest} asked for: the shop ignores modified_after; "
                "update it to WooCommerce 5.8 or newer"
            )
        for entry in items_of(order.get("meta_data")):
            if entry["key"] not in fields.META:
                raise _MetaUnfiltered


def _refunds_by_order(ctx: FetchContext, shop: Shop) -> Iterator[Page]:
    filters = {**_changed(ctx), "status": "any", "_fields": "id,refunds"}
    orders = [
        (int(order["id"]), {int(refund["id"]) for refund in items_of(order.get("refunds"))})
        for page in read_list(shop.ask, "wc/v3/orders", filters)
        for order in items_of(page.document)
    ]
    chosen = {"per_page": LARGEST_PAGE, "_fields": ",".join(fields.REFUND)}
    for order_id, named in orders:
        if not named:
            continue
        page = shop.ask(f"wc/v3/orders/{order_id}/refunds", chosen)
        if lost := named - set(ids_of(page)):
            raise CountMismatch(
                f"connection {ctx.connection.conn_id!r}: order {order_id} names the refunds "
                f"{sorted(lost)}, which its list of refunds does not hold"
            )
        page.context = {"parent_id": order_id}
        yield page


def _ask_customers(ctx: FetchContext, shop: Shop, asked: list[int]) -> Page:
    """Return the page of these customers; fewer than asked for are right when so announced."""
    chosen = {
        "include": ",".join(map(str, asked)),
        "role": "all",  # an editor or administrator who ordered is no "customer"
        "orderby": "id",
        "order": "asc",
        "per_page": LARGEST_PAGE,
        "_fields": ",".join(fields.CUSTOMER),
    }
    for _ in range(RECOUNTS):
        page = shop.ask("wc/v3/customers", chosen)
        got, announced = ids_of(page), total_of(page)
        if foreign := sorted(set(got) - set(asked)):
            raise BadRequest(f"customers {foreign[:5]} came, but were not asked for by `include`")
        # A customer that comes twice would hide one that is kept back.
        if announced in (None, len(set(got))):
            if deleted := sorted(set(asked) - set(got)):
                _log.info(
                    "%d customers of orders are deleted, such as %d", len(deleted), deleted[0]
                )
            return page
    raise CountMismatch(
        f"connection {ctx.connection.conn_id!r}: {announced} customers are announced, "
        f"{len(set(got))} came; nothing of the window was loaded"
    )


def _stamp(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
