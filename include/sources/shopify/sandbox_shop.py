"""What the sandbox's shop answers: orders by search and cursor, counts, sales report, itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from include.sandbox.clock import Clock
from include.sandbox.market_facts import MarketOrder
from include.sandbox.world import Market
from include.sources.shopify.sandbox_access import check_scope
from include.sources.shopify.sandbox_bulk import BulkDesk
from include.sources.shopify.sandbox_history import ShopHistory
from include.sources.shopify.sandbox_lists import (
    build_customer,
    build_discounts,
    build_installation,
    build_variants,
    find_buyers,
    number_in,
)
from include.sources.shopify.sandbox_orders import build_order, build_order_id, build_shop
from include.sources.shopify.sandbox_query import Field, QueryError, resolve
from include.sources.shopify.sandbox_report import answer_report
from include.sources.shopify.sandbox_search import (
    cursor_of,
    position_after,
    read_search,
    sort_value,
)
from include.sources.shopify.sandbox_values import Connection, answer

# Without read_all_orders the API knows the orders of the last 60 days only.
_RECENT = dt.timedelta(days=60)
_KEPT_ANSWERS = 20_000
_IDS_ONLY = frozenset({"id", "legacyResourceId", "createdAt", "customer"})
# The lists besides orders, and what their searches understand.
LISTS: Mapping[str, Mapping[str, Callable[[Any], Any]]] = {
    "customers": {
        "id": lambda buyer: buyer.customer_id,
        "updated_at": lambda buyer: buyer.updated_at,
    },
    "productVariants": {"id": number_in},
    "discountNodes": {"id": number_in, "method": lambda node: "code"},
}
_Encode = Callable[[MarketOrder, Field], msgspec.Raw]
SearchResult = tuple[list[MarketOrder], list[dict[str, Any]]]


class SandboxShop:
    """One shop at the clock's time; encoded orders are kept per state of the order."""

    def __init__(
        self, market: Market, clock: Clock, options: Mapping[str, Any] | None = None
    ) -> None:
        """Take up a market; `options` are those of the credentials (see `sandbox.py`)."""
        self._market, self._clock = market, clock
        self._options = options or {}
        self._history = ShopHistory(market, self._options)
        self.bulk = BulkDesk()
        self.storage_origin = ""  # where the files of bulk operations lie
        self._found_at: dt.datetime | None = None
        self._found: dict[tuple[str, str, bool], SearchResult] = {}
        self._listed: dict[str, list[Any]] = {}
        self._encoded: dict[tuple[Any, ...], msgspec.Raw] = {}

    def answer(
        self,
        selection: tuple[Field, ...],
        variables: Mapping[str, Any],
        scopes: Sequence[str],
    ) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return data and search warnings; `QueryError` where a scope or an argument is missing."""
        now = self._clock.now()
        data: dict[str, Any] = {}
        warnings: list[dict[str, Any]] = []
        for field in selection:
            arguments = {k: resolve(v, variables) for k, v in field.arguments.items()}
            check_scope(field, scopes, self._options.get("level_2", "granted"))
            if field.name in ("orders", "ordersCount"):
                query = str(arguments.get("query") or "")
                sort_key = str(arguments.get("sortKey") or "PROCESSED_AT")
                found, search = self._search(now, query, sort_key, "read_all_orders" in scopes)
                warnings += [{"path": [field.alias], "query": query, **part} for part in search]
                if field.name == "ordersCount":
                    data[field.alias] = _count(len(found), field, variables)
                else:
                    pages = _OrderPages(found, sort_key, arguments.get("after"))
                    encode = self._encoder(variables, now)
                    data[field.alias] = pages.answer(field, arguments.get("first"), encode)
            else:
                value = self._value(field, arguments, variables, now, scopes)
                data[field.alias] = value
        return data, warnings

    def _value(
        self,
        field: Field,
        arguments: Mapping[str, Any],
        variables: Mapping[str, Any],
        now: dt.datetime,
        scopes: Sequence[str],
    ) -> Any:
        """Return the answer to a root field other than the orders' list and count."""
        name, query = field.name, str(arguments.get("query") or "")
        if name == "order":
            return self._order(str(arguments.get("id")), field, variables, now)
        if name in LISTS:
            items = self._list(name, query, now)
            tree = {"__typename": "Query", name: Connection(tuple(items))}
            return answer(tree, (field,), variables)[field.alias]
        if name.removesuffix("Count") in LISTS:
            return _count(len(self._list(name.removesuffix("Count"), query, now)), field, variables)
        if name == "bulkOperationRunQuery":
            found = self.bulk.run(query, lambda inner: self._bulk_roots(inner, now, scopes), now)
        else:
            found = self._object(name, arguments, now, scopes)
        return answer(found, field.selection, variables)

    def _object(
        self, name: str, arguments: Mapping[str, Any], now: dt.datetime, scopes: Sequence[str]
    ) -> Any:
        if name == "shop":
            return build_shop(self._market.shop)
        if name == "currentAppInstallation":
            return build_installation(scopes)
        if name == "bulkOperation":
            return self.bulk.state(str(arguments.get("id")), self.storage_origin)
        if name == "discountNode":
            nodes = self._list("discountNodes", "", now)
            return next((node for node in nodes if node["id"] == arguments.get("id")), None)
        return answer_report(self._market, str(arguments.get("query") or ""), now)

    def _list(self, name: str, query: str, now: dt.datetime) -> list[dict[str, Any]]:
        """Return the nodes of a list that a search finds, in the order of our queries' sort key."""
        self._forget_unless(now)
        if name not in self._listed:
            if name == "customers":
                found: list[Any] = list(find_buyers(self._history.orders_at(now)))
            elif name == "productVariants":
                found = build_variants(self._market)
            else:
                found = build_discounts(self._market, now)
            self._listed[name] = found
        search = read_search(query, LISTS[name])
        matching = [item for item in self._listed[name] if search.finds(item)]
        if name != "customers":
            return matching
        level_2 = self._options.get("level_2", "granted")
        return [build_customer(buyer, self._market.shop.currency, level_2) for buyer in matching]

    def _bulk_roots(
        self, selection: tuple[Field, ...], now: dt.datetime, scopes: Sequence[str]
    ) -> tuple[Field, list[dict[str, Any]]]:
        """Return the field a bulk operation reads and its trees; the sandbox knows orders only."""
        (field,) = selection
        check_scope(field, scopes, "granted")
        if field.name != "orders":
            raise QueryError(f"the sandbox runs bulk operations over orders, not {field.name}")
        query = str(field.arguments.get("query") or "")
        found, _ = self._search(now, query, "CREATED_AT", "read_all_orders" in scopes)
        taxes_included = self._market.shop.taxes_included
        return field, [build_order(order, now, taxes_included) for order in found]

    def _forget_unless(self, now: dt.datetime) -> None:
        """Keep what was found while the clock stands still."""
        if now != self._found_at:
            self._found_at, self._found, self._listed = now, {}, {}

    def _search(
        self, now: dt.datetime, query: str, sort_key: str, all_orders: bool
    ) -> SearchResult:
        """Return the orders that match, sorted; kept while the clock stands still."""
        self._forget_unless(now)
        key = (query, sort_key, all_orders)
        if key not in self._found:
            search = read_search(query)
            value_of = sort_value(sort_key)
            orders = [
                order
                for order in self._history.orders_at(now)
                if (all_orders or order.created_at > now - _RECENT) and search.finds(order)
            ]
            orders.sort(key=lambda order: (value_of(order), order.order_id))
            self._found[key] = (orders, search.warnings)
        return self._found[key]

    def _order(
        self, order_gid: str, field: Field, variables: Mapping[str, Any], now: dt.datetime
    ) -> msgspec.Raw | None:
        number = order_gid.removeprefix("gid://shopify/Order/")
        for order in self._history.orders_at(now):
            if str(order.order_id) == number:
                return self._encode(order, field, variables, now)
        return None

    def _encoder(self, variables: Mapping[str, Any], now: dt.datetime) -> _Encode:
        return lambda order, field: self._encode(order, field, variables, now)

    def _encode(
        self, order: MarketOrder, field: Field, variables: Mapping[str, Any], now: dt.datetime
    ) -> msgspec.Raw:
        """Return the JSON of an order; the same state and selection are encoded once."""
        if _IDS_ONLY.issuperset(part.name for part in field.selection):
            chosen = answer(build_order_id(order), field.selection, variables)
            return msgspec.Raw(msgspec.json.encode(chosen))
        key = (
            order.order_id,
            order.updated_at,
            order.journey is not None and order.journey.ready_at <= now,
            order.customer and (order.customer.customer_id, order.customer.number_of_orders),
            id(field.selection),
            *(variables.get(name) for name in ("lines", "moments", "agreements", "sales")),
            variables.get("refundLines"),
        )
        if key not in self._encoded:
            if len(self._encoded) >= _KEPT_ANSWERS:
                self._encoded.clear()
            tree = build_order(order, now, self._market.shop.taxes_included)
            chosen = answer(tree, field.selection, variables)
            self._encoded[key] = msgspec.Raw(msgspec.json.encode(chosen))
        return self._encoded[key]


class _OrderPages:
    """One page of a sorted list of orders, from a cursor on."""

    def __init__(self, found: list[MarketOrder], sort_key: str, after: str | None) -> None:
        self._found, self._sort_key = found, sort_key
        self._start = 0 if after is None else position_after(found, sort_key, after)

    def answer(self, field: Field, first: Any, encode: _Encode) -> dict[str, Any]:
        """Return nodes, edges and page information as asked."""
        if not isinstance(first, int) or not 1 <= first <= 250:
            raise QueryError("you must provide first between 1 and 250", "BAD_REQUEST")
        page = self._found[self._start : self._start + first]
        chosen: dict[str, Any] = {}
        for part in field.selection:
            if part.name == "nodes":
                chosen[part.alias] = [encode(order, part) for order in page]
            elif part.name == "edges":
                chosen[part.alias] = [self._edge(order, part, encode) for order in page]
            else:
                chosen[part.alias] = answer(self._page_info(page), part.selection, {})
        return chosen

    def _page_info(self, page: list[MarketOrder]) -> dict[str, Any]:
        return {
            "__typename": "PageInfo",
            "hasNextPage": self._start + len(page) < len(self._found),
            "hasPreviousPage": self._start > 0,
            "startCursor": cursor_of(page[0], self._sort_key) if page else None,
            "endCursor": cursor_of(page[-1], self._sort_key) if page else None,
        }

    def _edge(self, order: MarketOrder, edges: Field, encode: _Encode) -> dict[str, Any]:
        return {
            part.alias: cursor_of(order, self._sort_key)
            if part.name == "cursor"
            else encode(order, part)
            for part in edges.selection
        }


def _count(number: int, field: Field, variables: Mapping[str, Any]) -> Any:
    count = {"__typename": "Count", "count": number, "precision": "EXACT"}
    return answer(count, field.selection, variables)
