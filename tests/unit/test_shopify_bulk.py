"""Shopify's bulk operations against answers written by hand: states, counts, hosts, lines."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from typing import Any

import pytest
from shopify_wire import SECRET, WINDOW, Answer, Wire, context, cost, fetch

from include.errors import (
    BadRequest,
    CountMismatch,
    InvalidSettings,
    MissingScope,
    RateLimited,
    Truncated,
    Unavailable,
    UnsafeAddress,
)
from include.http.decode import decode_json
from include.sources._base import Page
from include.sources.shopify import SOURCE, bulk
from include.sources.shopify.bulk import is_first_load
from include.sources.shopify.bulk_objects import BulkObjects, assemble

FIRST_LOAD = dataclasses.replace(WINDOW, start=WINDOW.end - dt.timedelta(days=61))
OPERATION = "gid://shopify/BulkOperation/9"
URL = "https://storage.googleapis.com/shopify/bulk.jsonl?Expires=1&Signature=abcdef0123456789"
ORDER = "gid://shopify/Order/"
MONEY = {"shopMoney": {"amount": "1.0"}}

# Two orders, their children anywhere, one of them with a refund.
LINES: list[dict[str, Any]] = [
    {"__typename": "ProductSale", "id": "gid://shopify/ProductSale/31", "lineType": "PRODUCT",
     "__parentId": "gid://shopify/OrderAgreement/21"},
    {"__typename": "LineItem", "id": "gid://shopify/LineItem/12", "sku": "B",
     "__parentId": f"{ORDER}1"},
    {"__typename": "Order", "id": f"{ORDER}2", "legacyResourceId": "2", "name": "#2",
     "refunds": [{"id": "gid://shopify/Refund/5"}], "customerJourneySummary": None},
    {"__typename": "OrderAgreement", "id": "gid://shopify/OrderAgreement/21", "reason": "ORDER",
     "__parentId": f"{ORDER}1"},
    {"__typename": "CustomerVisit", "id": "gid://shopify/CustomerVisit/41", "source": "direct",
     "__parentId": f"{ORDER}1"},
    {"__typename": "Order", "id": f"{ORDER}1", "legacyResourceId": "1", "name": "#1",
     "refunds": [], "customerJourneySummary": {"ready": True}},
    {"__typename": "LineItem", "id": "gid://shopify/LineItem/9", "sku": "A",
     "__parentId": f"{ORDER}1"},
]  # fmt: skip


def jsonl(lines: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(line).replace("/", "\\/").encode() + b"\n" for line in lines)


def operation(status: str = "COMPLETED", **fields: Any) -> dict[str, Any]:
    return {
        "id": OPERATION,
        "status": status,
        "errorCode": None,
        "createdAt": "2026-11-05T08:00:00Z",
        "completedAt": None,
        "objectCount": str(len(LINES)),
        "rootObjectCount": "2",
        "fileSize": str(len(jsonl(LINES))),
        "url": URL,
        "partialDataUrl": None,
        **fields,
    }


REFUNDED = {
    "id": f"{ORDER}2",
    "legacyResourceId": "2",
    "name": "#2",
    "updatedAt": "2026-11-04T10:00:00Z",
    "lineItems": {"nodes": [], "pageInfo": {"hasNextPage": False}},
    "agreements": {"nodes": [], "pageInfo": {"hasNextPage": False}},
    "customerJourneySummary": None,
    "refunds": [],
}


class Shop:
    """Answers a bulk load's questions; `states` are played in turn, the last one for ever."""

    def __init__(self, *states: dict[str, Any], file: bytes | None = None, count: int = 2) -> None:
        self.states = list(states) or [operation()]
        self.file = jsonl(LINES) if file is None else file
        self.count = count
        self.started: dict[str, Any] = {
            "bulkOperation": {"id": OPERATION, "status": "CREATED"},
            "userErrors": [],
        }
        self.listed = [REFUNDED]
        self.wire = Wire(self.reply)

    def reply(self, number: int, asked: dict[str, Any]) -> Answer:
        query = asked.get("query", "")
        if not query:
            return self.piece(self.wire.headers[-1])
        if "bulkOperationRunQuery" in query:
            return self.data(bulkOperationRunQuery=self.started)
        if "bulkOperation(" in query:
            state = self.states[0] if len(self.states) == 1 else self.states.pop(0)
            return self.data(bulkOperation=state)
        if "ordersCount" in query:
            return self.data(ordersCount={"count": self.count, "precision": "EXACT"})
        if "order(id" in query:
            return self.data(order=None)
        info = {"hasNextPage": False, "endCursor": None}
        return self.data(orders={"nodes": self.listed, "pageInfo": info})

    def data(self, **data: Any) -> Answer:
        return (
            200,
            {"data": data, "extensions": cost(10)},
            {"Date": "Thu, 05 Nov 2026 08:00:00 GMT"},
        )

    def piece(self, headers: dict[str, str]) -> Answer:
        first, last = map(int, headers["Range"].removeprefix("bytes=").split("-"))
        last = min(last, len(self.file) - 1)
        span = {"Content-Range": f"bytes {first}-{last}/{len(self.file)}"}
        return 206, self.file[first : last + 1], span

    def fetch(self, slept: list[float] | None = None, **extra: Any) -> list[Page]:
        return fetch("orders", context(self.wire, slept=slept, window=FIRST_LOAD, extra=extra))


def documents(pages: list[Page]) -> dict[str, Any]:
    parse = SOURCE.stream("orders").parse
    return {order["name"]: order for page in pages for order in parse(decode_json(page.body), page)}


def test_lines_in_any_order_become_whole_orders() -> None:
    shop = Shop()
    pages = shop.fetch()
    found = documents(pages)
    first = found["#1"]
    assert [line["sku"] for line in first["lineItems"]["nodes"]] == ["A", "B"]
    (agreement,) = first["agreements"]["nodes"]
    assert [sale["lineType"] for sale in agreement["sales"]["nodes"]] == ["PRODUCT"]
    visits = first["customerJourneySummary"]["moments"]["nodes"]
    assert [visit["source"] for visit in visits] == ["direct"]
    assert "__parentId" not in json.dumps(first)
    # The order with a refund is taken from a page of its own: a bulk result lacks refund lines.
    assert found["#2"] is not None
    assert found["#2"]["refunds"] == []
    searched = [a["variables"]["query"] for a in shop.wire.asked if "Orders(" in a.get("query", "")]
    assert searched == ["id:2"]
    assert {page.captured_at for page in pages[:1]} == {dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)}


@pytest.mark.parametrize(
    "order", list(itertools.islice(itertools.permutations(range(7)), 0, 5040, 501))
)
def test_the_order_of_the_lines_changes_nothing(order: tuple[int, ...]) -> None:
    found = BulkObjects()
    text = jsonl([LINES[i] for i in order]).rstrip(b"\n")
    for start in range(0, len(text), 37):
        found.add(text[start : start + 37])
    found.finish()
    assert (found.object_count, found.root_count) == (7, 2)
    groups = [[json.loads(line) for line in lines] for lines in found.groups()]
    expected = assemble([LINES[5], *(line for line in LINES if line.get("__parentId"))])
    assert assemble(groups[0]) == expected


def test_the_query_in_bulk_asks_for_what_a_page_asks_for() -> None:
    shop = Shop()
    shop.fetch()
    (started,) = (a for a in shop.wire.asked if "bulkOperationRunQuery" in a.get("query", ""))
    text = started["variables"]["query"]
    assert "groupObjects: false" in started["query"]
    assert "created_at:<'2026-11-05T05:00:00Z' AND updated_at:>='2026-09-05T05:00:00Z'" in text
    assert text.count("edges {") == 5  # the most that Shopify allows
    assert "$" not in text


def test_the_token_stays_with_the_shop_and_the_signature_out_of_landing() -> None:
    shop = Shop()
    pages = shop.fetch()
    for address, headers in zip(shop.wire.addresses, shop.wire.headers, strict=True):
        is_file = address.startswith("https://storage.googleapis.com/")
        assert ("X-Shopify-Access-Token" in headers) is not is_file
        assert (SECRET in json.dumps(headers)) is not is_file
    kept = b"".join(page.body for page in pages).decode() + json.dumps([p.request for p in pages])
    assert "abcdef0123456789" not in kept
    assert SECRET not in kept


@pytest.mark.parametrize(
    "url",
    [
        "https://storage.evil.example/bulk.jsonl",
        "https://storage.googleapis.com.evil.example/bulk.jsonl",
        "http://storage.googleapis.com/bulk.jsonl",
        "https://storage.googleapis.com:8443/bulk.jsonl",
    ],
)
def test_only_the_declared_storage_host_is_asked(url: str) -> None:
    shop = Shop(operation(url=url))
    with pytest.raises(UnsafeAddress):
        shop.fetch()
    assert not any("bulk.jsonl" in address for address in shop.wire.addresses)


def test_another_storage_host_can_be_declared() -> None:
    shop = Shop(operation(url="https://files.example/bulk.jsonl"))
    assert documents(shop.fetch(bulk_host="files.example")).keys() == {"#1", "#2"}


def test_an_operation_is_waited_for_ever_more_patiently() -> None:
    slept: list[float] = []
    running = operation("RUNNING", url=None)
    Shop(operation("CREATED", url=None), running, running, operation()).fetch(slept)
    assert slept == [0.5, 1.0, 2.0]


def test_an_operation_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "LONGEST_WAIT", dt.timedelta(minutes=5))
    slept: list[float] = []
    with pytest.raises(Unavailable, match="still runs after 0:05:00"):
        Shop(operation("RUNNING", url=None)).fetch(slept)
    assert max(slept) == 30.0
    assert 300 <= sum(slept) < 330


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        ("FAILED", "INTERNAL_SERVER_ERROR", Unavailable),
        ("FAILED", "TIMEOUT", Unavailable),
        ("FAILED", "ACCESS_DENIED", MissingScope),
        ("CANCELED", None, Unavailable),
        ("EXPIRED", None, Unavailable),
    ],
)
def test_partial_data_of_a_failed_operation_is_never_taken(
    status: str, code: str | None, error: type[Exception]
) -> None:
    shop = Shop(operation(status, errorCode=code, url=None, partialDataUrl=URL))
    with pytest.raises(error, match=f"ended as {status}.*partial data is left alone"):
        shop.fetch()
    assert not any("storage" in address for address in shop.wire.addresses)


def test_no_result_means_no_orders() -> None:
    nothing = operation(objectCount="0", rootObjectCount="0", fileSize=None, url=None)
    assert Shop(nothing, count=0).fetch() == []


def test_objects_without_a_file_are_an_error() -> None:
    with pytest.raises(CountMismatch, match="found 7 objects, 2 of them orders"):
        Shop(operation(url=None, fileSize=None)).fetch()


def test_a_file_that_lacks_lines_is_an_error() -> None:
    with pytest.raises(CountMismatch, match=r"found 7 objects.*its file holds 6 and 2"):
        Shop(file=jsonl(LINES[:-1])).fetch()


def test_an_object_that_stands_twice_does_not_stand_for_one_that_is_lost() -> None:
    children = [line for line in LINES if line.get("__parentId")]
    lines = [line for line in LINES if line is not children[0]] + [children[1]]
    with pytest.raises(CountMismatch, match="holds an object of gid://shopify/Order/1 twice"):
        Shop(file=jsonl(lines)).fetch()


def test_a_slice_lost_without_a_word_is_noticed_by_the_shops_own_count() -> None:
    with pytest.raises(CountMismatch, match=r"counts 900 orders in window .* held 2;"):
        Shop(count=900).fetch()


def test_children_of_an_order_that_is_not_there_are_an_error() -> None:
    lines = [line for line in LINES if line["id"] != f"{ORDER}1"]
    shop = Shop(operation(objectCount="6", rootObjectCount="1"), file=jsonl(lines))
    with pytest.raises(CountMismatch, match="but not gid://shopify/Order/1 itself"):
        shop.fetch()


def test_a_piece_of_another_place_is_an_error() -> None:
    shop = Shop()
    shop.piece = lambda headers: (206, b"{}", {"Content-Range": "bytes 7-8/9"})  # type: ignore[method-assign]
    with pytest.raises(Truncated, match="another piece"):
        shop.fetch()


def test_a_storage_host_without_ranges_sends_the_file_whole() -> None:
    shop = Shop()
    shop.piece = lambda headers: (200, shop.file)  # type: ignore[method-assign]
    assert documents(shop.fetch()).keys() == {"#1", "#2"}


def test_a_line_that_is_no_object_is_an_error() -> None:
    with pytest.raises(Truncated, match="no object"):
        Shop(file=jsonl(LINES)[:-9]).fetch()


def test_a_refunded_order_that_no_list_shows_is_asked_for_alone() -> None:
    shop = Shop()
    shop.listed = []
    found = documents(shop.fetch())
    assert found.keys() == {"#1"}  # deleted meanwhile
    assert shop.wire.asked[-1]["variables"]["id"] == f"{ORDER}2"


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("INVALID", BadRequest),
        ("LIMIT_REACHED", RateLimited),
        ("OPERATION_IN_PROGRESS", RateLimited),
    ],
)
def test_a_refused_operation_says_why(code: str, error: type[Exception]) -> None:
    shop = Shop()
    refusal = {"field": ["query"], "message": "No such luck", "code": code}
    shop.started = {"bulkOperation": None, "userErrors": [refusal]}
    with pytest.raises(error, match="No such luck"):
        shop.fetch()


@pytest.mark.parametrize(
    ("days", "extra", "in_bulk"),
    [
        (3, {}, False),
        (60, {}, False),
        (60.01, {}, True),
        (10, {"bulk_days": 7}, True),
        (10, {"bulk_days": "10"}, False),
        (400, {"bulk_days": 1000}, False),
    ],
)
def test_the_length_of_the_window_decides(
    days: float, extra: dict[str, Any], in_bulk: bool
) -> None:
    window = dataclasses.replace(WINDOW, start=WINDOW.end - dt.timedelta(days=days))
    assert is_first_load(context(Wire(lambda *_: (200, {})), window=window, extra=extra)) is in_bulk


@pytest.mark.parametrize("value", ["soon", None, []])
def test_a_wrong_limit_is_named(value: Any) -> None:
    ctx = context(Wire(lambda *_: (200, {})), extra={"bulk_days": value})
    with pytest.raises(InvalidSettings, match=r"bulk_days=.*a number of days"):
        is_first_load(ctx)
