"""The requests: authentication, pacing by query cost, paging, and the counts that must agree."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from include.errors import BadCredentials, BadRequest, CountMismatch, Truncated
from include.http.answer import HttpAnswer
from include.sources._base import FetchContext, Page
from include.sources.shopify import queries
from include.sources.shopify.answers import (
    Cost,
    QueryTooExpensive,
    classify_answer,
    read_cost,
)
from include.sources.shopify.documents import is_cut

# Shopify pages through at most 25,000 objects of one list; before that the list is asked for anew,
# from the last update seen on.
RESTART_AFTER = 20_000

_log = logging.getLogger(__name__)


def fetch_orders(ctx: FetchContext) -> Iterator[Page]:
    """Yield pages of the orders created before the window's end and touched since its start.

    Orders that a page had to cut follow in answers of their own. `CountMismatch` when fewer orders
    came than the shop counts.
    """
    client = ShopifyClient(ctx)
    announced = client.count_orders()
    read = 0
    for page, new in client.order_pages():
        read += new
        yield page
        for order in page.document["data"]["orders"]["nodes"]:
            if is_cut(order):
                yield client.ask(queries.WIDE_ORDER, {"id": order["id"], **queries.WIDE_SIZES})
    # Only a deletion lowers the count meanwhile, so a shortfall is counted once more.
    if read < announced and read < (recounted := client.count_orders()):
        raise CountMismatch(
            f"connection {ctx.connection.conn_id!r}: Shopify counts {recounted} orders in window "
            f"{ctx.window.key}, but its pages held {read}; nothing of the window was loaded"
        )


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


class ShopifyClient:
    """Asks one shop's Admin API, never faster than its bucket of query points refills."""

    def __init__(self, ctx: FetchContext) -> None:
        self._ctx = ctx
        self._session = ctx.session
        self._requested: dict[str, float] = {}  # points per query text, once it was asked
        self._cost: Cost | None = None
        self._cost_at = 0.0
        self._session.classify = self._classify_token
        self._session.headers["X-Shopify-Access-Token"] = self._access_token()
        self._session.classify = self._classify

    def ask(self, query: str, variables: Mapping[str, Any]) -> Page:
        """Return one decoded answer; whatever `classify_answer` names is raised."""
        self._wait_for_points(query)
        body = {"query": query, "variables": dict(variables)}
        page = self._session.request("POST", queries.API_PATH, json=body)
        if self._cost is not None:
            self._requested[query] = self._cost.requested
        served = page.headers.get("X-Shopify-API-Version", queries.API_VERSION)
        if served != queries.API_VERSION:
            _log.warning("Shopify served API version %s, not %s", served, queries.API_VERSION)
        return page

    def count_orders(self) -> int:
        """Return how many orders the window's search finds, 0 where Shopify only estimates it."""
        window = self._ctx.window
        search = queries.orders_search(window.end, window.start)
        count = self.ask(queries.ORDERS_COUNT, {"query": search}).document["data"]["ordersCount"]
        return int(count["count"]) if count and count["precision"] == "EXACT" else 0

    def order_pages(self) -> Iterator[tuple[Page, int]]:
        """Yield the pages of orders by time of update, each with how many of its orders are new."""
        place = _Place(since=self._ctx.window.start)
        while True:
            page = self._ask_order_page(place)
            orders = page.document["data"]["orders"]
            yield page, sum(_text(o, "id") not in place.repeated for o in orders["nodes"])
            if not orders["pageInfo"]["hasNextPage"]:
                return
            place.move_on(orders)

    def _ask_order_page(self, place: _Place) -> Page:
        search = queries.orders_search(self._ctx.window.end, place.since)
        while True:
            variables = {"query": search, "first": place.size, "after": place.after}
            try:
                return self.ask(queries.ORDERS, {**variables, **queries.PAGE_SIZES})
            except QueryTooExpensive:
                if place.size == 1:
                    raise
                place.size //= 2

    def _wait_for_points(self, query: str) -> None:
        needed = self._requested.get(query)
        if self._cost is None or needed is None:
            return
        wait = self._cost.seconds_until(needed) - (time.monotonic() - self._cost_at)
        if wait > 0:
            self._session.sleep(wait)

    def _classify(self, answer: HttpAnswer) -> Exception | None:
        cost = read_cost(answer.document) if answer.status_code == 200 else None
        if cost is not None:
            self._cost, self._cost_at = cost, time.monotonic()
        return classify_answer(answer)

    def _classify_token(self, answer: HttpAnswer) -> Exception | None:
        if answer.status_code in (400, 401, 403):
            return BadCredentials(
                f"connection {answer.conn_id!r}: Shopify gave no access token for the client_id "
                f"and client_secret in its extra (HTTP {answer.status_code})"
            )
        return None

    def _access_token(self) -> str:
        """Return the connection's permanent token, or a day's token for its client credentials."""
        connection = self._ctx.connection
        client_id, secret = (connection.extra.get(k) for k in ("client_id", "client_secret"))
        if client_id and secret:
            return self._exchange_credentials(str(client_id), str(secret))
        if connection.password:
            return connection.password
        raise BadCredentials(
            f"connection {connection.conn_id!r} has neither a password (an Admin API access token) "
            "nor client_id and client_secret in its extra"
        )

    def _exchange_credentials(self, client_id: str, secret: str) -> str:
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": secret,
        }
        page = self._ctx.session.request("POST", queries.TOKEN_PATH, data=form)
        token = page.document.get("access_token")
        if not token:
            raise BadCredentials(
                f"connection {self._ctx.connection.conn_id!r}: Shopify gave no access token for "
                "its client_id and client_secret"
            )
        return str(token)


@dataclass(slots=True)
class _Place:
    """Where the reading of the list of orders stands.

    `repeated` holds the orders of the second at which the list was asked for anew: they come again.
    """

    since: dt.datetime
    after: str | None = None
    size: int = queries.PAGE_SIZE
    in_list: int = 0
    repeated: set[str] = field(default_factory=set)

    def move_on(self, orders: Mapping[str, Any]) -> None:
        """Go to the next page, by cursor or, when the list gets too long, by time of update."""
        nodes, cursor = orders["nodes"], orders["pageInfo"]["endCursor"]
        if not cursor or cursor == self.after:
            raise Truncated("Shopify promised more orders but gave no cursor to them")
        self.after, self.in_list = cursor, self.in_list + len(nodes)
        if self.in_list < RESTART_AFTER or not nodes:
            return
        last = dt.datetime.fromisoformat(_text(nodes[-1], "updatedAt"))
        if last > self.since:
            self.repeated = {
                _text(o, "id")
                for o in nodes
                if _text(o, "updatedAt") == _text(nodes[-1], "updatedAt")
            }
            self.since, self.after, self.in_list = last, None, 0


def _text(order: Mapping[str, Any], key: str) -> str:
    return str(order.get(key))
