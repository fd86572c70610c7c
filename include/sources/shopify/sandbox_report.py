"""The shop's own sales report as ShopifyQL answers it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from include.sandbox.market_facts import DailySalesRow
from include.sandbox.world import Market
from include.sources.shopify.sandbox_orders import money_text

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


def answer_report(market: Market, query: str, now: dt.datetime) -> dict[str, Any]:
    """Return the answer to a ShopifyQL query, with the reasons where it is refused."""
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
        for row in market.daily_sales_at(now)
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


def _refused_report(reason: str) -> dict[str, Any]:
    return _report_answer(None, [reason])


def _report_answer(table: dict[str, Any] | None, errors: list[str]) -> dict[str, Any]:
    return {
        "__typename": "ShopifyqlQueryResponse",
        "tableData": table,
        "parseErrors": errors,
        "parseWarnings": [],
    }
