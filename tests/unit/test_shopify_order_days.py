"""Which orders exist: days that end inside a page, go over several pages, or are empty."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest
from shopify_wire import WINDOW, Answer, Wire, context, cost, fetch

from include.errors import CountMismatch
from include.http.decode import decode_json
from include.sources._base import Page
from include.sources._units import UnitReader
from include.sources.shopify import SOURCE, client

NODES = [
    ("1", "2026-11-02T00:00:00Z"),
    ("2", "2026-11-03T09:00:00Z"),
    ("3", "2026-11-03T23:59:59Z"),
    ("4", "2026-11-05T00:00:00Z"),
    ("5", "2026-11-05T01:00:00Z"),
]
EXPECTED = {
    "2026-11-02": ["1"],
    "2026-11-03": ["2", "3"],
    "2026-11-04": [],
    "2026-11-05": ["4", "5"],
}


def node(order_id: str, created_at: str) -> dict[str, Any]:
    customer = {"legacyResourceId": f"70{order_id}"} if order_id != "2" else None
    return {"legacyResourceId": order_id, "createdAt": created_at, "customer": customer}


class Shop:
    """Lists the orders in pages of a size."""

    def __init__(
        self,
        size: int,
        nodes: list[tuple[str, str]],
        scopes: tuple[str, ...] = ("read_all_orders",),
        count: int | None = None,
    ) -> None:
        self.size, self.nodes, self.scopes = size, nodes, scopes
        self.count = len(nodes) if count is None else count
        self.wire = Wire(self.reply)

    def reply(self, number: int, asked: dict[str, Any]) -> Answer:
        query, variables = asked["query"], asked["variables"]
        if "accessScopes" in query:
            scopes = [{"handle": scope} for scope in self.scopes]
            return self.data(currentAppInstallation={"accessScopes": scopes})
        if "ordersCount" in query:
            return self.data(ordersCount={"count": self.count, "precision": "EXACT"})
        start = int(variables["after"] or 0)
        since = variables["query"].split("created_at:>='")[1].split("'")[0]
        found = [pair for pair in self.nodes if pair[1] >= since]
        page = found[start : start + self.size]
        more = start + self.size < len(found)
        info = {"hasNextPage": more, "endCursor": str(start + self.size) if page else None}
        return self.data(orders={"nodes": [node(*pair) for pair in page], "pageInfo": info})

    def data(self, **data: Any) -> Answer:
        return (
            200,
            {"data": data, "extensions": cost(24)},
            {"Date": "Thu, 05 Nov 2026 08:00:00 GMT"},
        )


def days_of(pages: list[Page]) -> dict[str, list[str]]:
    """Days and their ids; a day that comes twice fails."""
    parse, found = SOURCE.stream("order_days").parse, {}
    for page in pages:
        for document in parse(decode_json(page.body), page):
            assert document["created_date"] not in found
            ids = [order["legacyResourceId"] for order in document["orders"]]
            assert document["order_count"] == len(ids)
            found[document["created_date"]] = ids
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 250])
def test_every_day_comes_once_and_whole_however_pages_are_cut(size: int) -> None:
    shop = Shop(size, NODES)
    assert days_of(fetch("order_days", context(shop.wire))) == EXPECTED


@pytest.mark.parametrize("size", [1, 3])
def test_a_day_of_many_pages_comes_whole(size: int) -> None:
    nodes = [(f"{n:02}", f"2026-11-03T{n:02}:00:00Z") for n in range(11)]
    found = days_of(fetch("order_days", context(Shop(size, nodes).wire)))
    assert found["2026-11-03"] == [f"{n:02}" for n in range(11)]
    assert found["2026-11-02"] == found["2026-11-04"] == []


def test_orders_that_come_again_when_a_long_list_is_asked_for_anew_count_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client, "RESTART_AFTER", 2)
    shop = Shop(2, NODES)
    assert days_of(fetch("order_days", context(shop.wire))) == EXPECTED
    searched = {a["variables"].get("query") for a in shop.wire.asked}
    assert any("created_at:>='2026-11-03T09:00:00Z'" in str(search) for search in searched)


def test_a_shop_without_orders_has_days_without_orders() -> None:
    found = days_of(fetch("order_days", context(Shop(250, []).wire)))
    assert found == {day: [] for day in EXPECTED}


def test_whole_utc_days_are_asked_for() -> None:
    shop = Shop(250, NODES)
    fetch("order_days", context(shop.wire))
    assert shop.wire.asked[-1]["variables"]["query"] == (
        "created_at:>='2026-11-02T00:00:00Z' AND created_at:<'2026-11-06T00:00:00Z'"
    )


def test_without_read_all_orders_hidden_days_are_left_out() -> None:
    window = dataclasses.replace(WINDOW, start=dt.datetime(2026, 8, 1, 5, tzinfo=dt.UTC))
    limited = Shop(250, NODES, scopes=("read_orders",))
    # Sixty days before the API's own time is September 6th, 08:00: the 7th is the first whole day.
    assert min(days_of(fetch("order_days", context(limited.wire, window=window)))) == "2026-09-07"
    unlimited = Shop(250, NODES)
    assert min(days_of(fetch("order_days", context(unlimited.wire, window=window)))) == "2026-08-01"


def test_a_window_that_is_all_hidden_says_nothing() -> None:
    long_ago = dataclasses.replace(
        WINDOW,
        start=dt.datetime(2026, 7, 1, 5, tzinfo=dt.UTC),
        end=dt.datetime(2026, 7, 2, 5, tzinfo=dt.UTC),
    )
    shop = Shop(250, [], scopes=("read_orders",))
    assert fetch("order_days", context(shop.wire, window=long_ago)) == []
    assert len(shop.wire.asked) == 1


def test_a_lost_page_fails_the_window_instead_of_deleting_orders() -> None:
    with pytest.raises(CountMismatch, match="counts 250 orders created"):
        fetch("order_days", context(Shop(250, NODES, count=250).wire))


def test_a_day_and_its_orders_become_rows() -> None:
    stream = SOURCE.stream("order_days")
    (page,) = fetch("order_days", context(Shop(250, NODES).wire))
    reader = UnitReader(stream)
    units = [reader.read(document) for document in stream.parse(decode_json(page.body), page)]
    assert [unit.row for unit in units][1] == ["2026-11-03", 2]
    assert [row[:3] for row in units[1].children[0]] == [
        ["2", "2026-11-03T09:00:00Z", None],
        ["3", "2026-11-03T23:59:59Z", "703"],
    ]
    assert reader.drifted == set()
