"""What the sandbox's shop answers: orders by search and cursor, counts, sales report, itself."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from include.sandbox.clock import Clock
from include.sandbox.market_facts import DailySalesRow, MarketOrder
from include.sandbox.world import Market
from include.sources.shopify.sandbox_orders import build_order, build_shop, money_text
from include.sources.shopify.sandbox_query import Field, QueryError, resolve
from include.sources.shopify.sandbox_search import (
    cursor_of,
    position_after,
    read_search,
    sort_value,
)
from include.sources.shopify.sandbox_values import answer

# Without read_all_orders the API knows the orders of the last 60 days only.
_RECENT = dt.timedelta(days=60)
_KEPT_ANSWERS = 20_000
_REPORT = re.compile(
    r"\s*FROM\s+sales\s+SHOW\s+(?P<columns>[\w\s,]+?)\s+TIMESERIES\s+day"
    r"\s+SINCE\s+(?P<since>\d{4}-\d\d-\d\d)\s+UNTIL\s+(?P<until>\d{4}-\d\d-\d\d)\s*",
    re.IGNORECASE,
)
_REPORT_COLUMNS: dict[str, Callable[[DailySalesRow], str]] = {
    "orders": lambda row: str(row.orders),
    "gross_sales": lambda row: money_text(row.gross_sales),
    "discounts": lambda row: money_text(row.discounts),
    "sales_reversals": lambda row: money_text(row.returns),
    "net_sales": lambda row: money_text(row.net_sales),
}
_Encode = Callable[[MarketOrder, Field], msgspec.Raw]
SearchResult = tuple[list[MarketOrder], list[dict[str, Any]]]


class SandboxShop:
    """One shop at the clock's time; encoded orders are kept per state of the order."""

    def __init__(self, market: Market, clock: Clock) -> None:
        self._market, self._clock = market, clock
        self._found_at: dt.datetime | None = None
        self._found: dict[tuple[str, str, bool], SearchResult] = {}
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
            _check_scope(field.name, scopes)
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
                data[field.alias] = self._single(field, arguments, variables, now)
        return data, warnings

    def _single(
        self,
        field: Field,
        arguments: Mapping[str, Any],
        variables: Mapping[str, Any],
        now: dt.datetime,
    ) -> Any:
        if field.name == "order":
            return self._order(str(arguments.get("id")), field, variables, now)
        if field.name == "shop":
            return answer(build_shop(self._market.shop), field.selection, variables)
        report = self._report(str(arguments.get("query") or ""), now)
        return answer(report, field.selection, variables)

    def _search(
        self, now: dt.datetime, query: str, sort_key: str, all_orders: bool
    ) -> SearchResult:
        """Return the orders that match, sorted; kept while the clock stands still."""
        if now != self._found_at:
            self._found_at, self._found = now, {}
        key = (query, sort_key, all_orders)
        if key not in self._found:
            terms, warnings = read_search(query)
            value_of = sort_value(sort_key)
            orders = [
                order
                for order in self._market.orders_at(now)
                if (all_orders or order.created_at > now - _RECENT)
                and all(term.holds(order) for term in terms)
            ]
            orders.sort(key=lambda order: (value_of(order), order.order_id))
            self._found[key] = (orders, warnings)
        return self._found[key]

    def _order(
        self, order_gid: str, field: Field, variables: Mapping[str, Any], now: dt.datetime
    ) -> msgspec.Raw | None:
        number = order_gid.removeprefix("gid://shopify/Order/")
        for order in self._market.orders_at(now):
            if str(order.order_id) == number:
                return self._encode(order, field, variables, now)
        return None

    def _encoder(self, variables: Mapping[str, Any], now: dt.datetime) -> _Encode:
        return lambda order, field: self._encode(order, field, variables, now)

    def _encode(
        self, order: MarketOrder, field: Field, variables: Mapping[str, Any], now: dt.datetime
    ) -> msgspec.Raw:
        """Return the JSON of an order; the same state and selection are encoded once."""
        key = (
            order.order_id,
            order.updated_at,
            order.journey is not None and order.journey.ready_at <= now,
            order.customer.number_of_orders if order.customer else 0,
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

    def _report(self, query: str, now: dt.datetime) -> dict[str, Any]:
        match = _REPORT.fullmatch(query)
        if match is None:
            return _refused_report(f"Line 1 Column 1: Invalid query: {query[:80]}")
        columns = [name.strip() for name in match["columns"].split(",")]
        unknown = [name for name in columns if name not in _REPORT_COLUMNS]
        if unknown:
            return _refused_report(f"Line 1 Column 1: Column '{unknown[0]}' not found")
        since, until = (dt.date.fromisoformat(match[name]) for name in ("since", "until"))
        rows = [
            {"day": f"{row.day}", **{name: _REPORT_COLUMNS[name](row) for name in columns}}
            for row in self._market.daily_sales_at(now)
            if since <= row.day <= until
        ]
        kinds = {"day": "DAY_TIMESTAMP", "orders": "INTEGER"}
        table = {
            "__typename": "ShopifyqlTableData",
            "columns": [
                {
                    "__typename": "ShopifyqlTableDataColumn",
                    "name": name,
                    "dataType": kinds.get(name, "MONEY"),
                    "displayName": name.replace("_", " ").capitalize(),
                }
                for name in ("day", *columns)
            ],
            "rows": rows,
        }
        return _report_answer(table, [])


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


def _check_scope(field: str, scopes: Sequence[str]) -> None:
    needed = {"shop": None, "shopifyqlQuery": "read_reports"}.get(field, "read_orders")
    if needed is not None and needed not in scopes:
        access = f"`{needed}` access scope."
        raise QueryError(
            f"Access denied for {field} field. Required access: {access}",
            "ACCESS_DENIED",
            documentation="https://shopify.dev/api/usage/access-scopes",
            requiredAccess=access,
        )


def _count(number: int, field: Field, variables: Mapping[str, Any]) -> Any:
    count = {"__typename": "Count", "count": number, "precision": "EXACT"}
    return answer(count, field.selection, variables)


def _refused_report(reason: str) -> dict[str, Any]:
    return _report_answer(None, [reason])


def _report_answer(table: dict[str, Any] | None, errors: list[str]) -> dict[str, Any]:
    return {
        "__typename": "ShopifyqlQueryResponse",
        "tableData": table,
        "parseErrors": errors,
        "parseWarnings": [],
    }
