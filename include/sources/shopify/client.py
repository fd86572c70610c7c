"""The requests: authentication, pacing by query cost, paging, and the counts that must agree."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from include.errors import BadCredentials, BadRequest, CountMismatch, Truncated
from include.sources._base import FetchContext, Page
from include.sources.shopify import queries
from include.sources.shopify.answers import (
    Cost,
    HttpAnswer,
    QueryTooExpensive,
    classify_answer,
    read_envelope,
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
    """Yield the shop's sales report of the window's days, up to and with the day that is its key."""
    until = dt.date.fromisoformat(ctx.window.key)
    days = max(1, round((ctx.window.end - ctx.window.start) / dt.timedelta(days=1)))
    report = queries.daily_sales_report(until - dt.timedelta(days=days - 1), until)
    page = ShopifyClient(ctx).ask(queries.DAILY_SALES, {"report": report})
    answer = page.document["data"]["shopifyqlQuery"]
    if answer is None or answer["parseErrors"] or answer["tableData"] is None:
        reasons = "; ".join((answer or {}).get("parseErrors") or ["no table came back"])
        raise BadRequest(f"Shopify refuses the sales report {report!r}: {reasons}")
    for warning in answer.get("parseWarnings") or ():
        _log.warning("sales report: %s", warning)
    yield page


def fetch_shop(ctx: FetchContext) -> Iterator[Page]:
    """Yield the shop's own record."""
    yield ShopifyClient(ctx).ask(queries.SHOP, {})


class ShopifyClient:
    """Asks one shop's Admin API, never faster than its bucket of query points refills."""

    def __init__(self, ctx: FetchContext) -> None:
        self._ctx = ctx
        self._costs: dict[str, float] = {}
        self._cost: Cost | None = None
        self._cost_at = 0.0
        ctx.session.classify = self._classify
        ctx.session.headers["X-Shopify-Access-Token"] = self._access_token()

    def ask(self, query: str, variables: Mapping[str, Any]) -> Page:
        """Return one decoded answer; whatever `classify_answer` names is raised."""
        self._wait_for_points(query)
        body = {"query": query, "variables": dict(variables)}
        page = self._ctx.session.request("POST", queries.API_PATH, json=body)
        self._remember_cost(query, page.body)
        try:
            page.document = msgspec.json.decode(page.body)
        except msgspec.DecodeError as error:
            raise Truncated(f"the Admin API sent something that is not its JSON: {error}") from error
        return page

    def count_orders(self) -> int:
        """Return how many orders the window's search finds, 0 where Shopify only estimates it."""
        window = self._ctx.window
        search = queries.orders_search(window.end, window.start)
        count = self.ask(queries.ORDERS_COUNT, {"query": search}).document["data"]["ordersCount"]
        return int(count["count"]) if count and count["precision"] == "EXACT" else 0

    def order_pages(self) -> Iterator[tuple[Page, int]]:
        """Yield the pages of orders by time of update, each with how many of its orders are new."""
        window, size = self._ctx.window, queries.PAGE_SIZE
        since, after, in_list = window.start, None, 0
        boundary: set[str] = set()  # orders of the second at which the list was asked for anew
        while True:
            search = queries.orders_search(window.end, since)
            variables = {"query": search, "first": size, "after": after, **queries.PAGE_SIZES}
            try:
                page = self.ask(queries.ORDERS, variables)
            except QueryTooExpensive:
                if size == 1:
                    raise
                size //= 2
                continue
            orders = page.document["data"]["orders"]
            nodes, info = orders["nodes"], orders["pageInfo"]
            yield page, sum(order["id"] not in boundary for order in nodes)
            if not info["hasNextPage"]:
                return
            if not info["endCursor"] or info["endCursor"] == after:
                raise Truncated("Shopify promised more orders but gave no cursor to them")
            after, in_list = info["endCursor"], in_list + len(nodes)
            if in_list >= RESTART_AFTER and (last := _last_update(nodes)) and last > since:
                boundary = {o["id"] for o in nodes if o["updatedAt"] == nodes[-1]["updatedAt"]}
                since, after, in_list = last, None, 0

    def _wait_for_points(self, query: str) -> None:
        needed = self._costs.get(query)
        if self._cost is None or needed is None:
            return
        wait = self._cost.seconds_until_affordable(needed) - (time.monotonic() - self._cost_at)
        if wait > 0:
            self._ctx.session.sleep(wait)

    def _remember_cost(self, query: str, body: bytes) -> None:
        cost = read_envelope(body).extensions.cost
        if cost is not None and cost.requested_query_cost is not None:
            self._cost, self._cost_at = cost, time.monotonic()
            self._costs[query] = cost.requested_query_cost

    def _classify(self, response: HttpAnswer) -> Exception | None:
        return classify_answer(response, self._ctx.connection.conn_id)

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
        token = msgspec.json.decode(page.body).get("access_token")
        if not token:
            raise BadCredentials(
                f"connection {self._ctx.connection.conn_id!r}: Shopify gave no access token for its "
                "client_id and client_secret"
            )
        return str(token)


def _last_update(nodes: list[Any]) -> dt.datetime | None:
    return dt.datetime.fromisoformat(nodes[-1]["updatedAt"]) if nodes else None
