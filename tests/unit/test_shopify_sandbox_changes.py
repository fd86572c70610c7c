"""What the sandbox's shop adds to its market: deletions, merges, bulk operations, approvals."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
from test_shopify_sandbox import SCOPES, order

from include.sandbox.market_facts import MarketCustomer, MarketOrder
from include.sources.shopify import list_queries, queries
from include.sources.shopify.sandbox_access import check_scope
from include.sources.shopify.sandbox_bulk import BulkDesk
from include.sources.shopify.sandbox_history import DELETED_AFTER, MERGED_AFTER, ShopHistory
from include.sources.shopify.sandbox_orders import build_order
from include.sources.shopify.sandbox_query import QueryError, parse_query
from include.sources.shopify.sandbox_search import read_search

NOW = dt.datetime(2026, 11, 20, tzinfo=dt.UTC)
ORDERS = [order(n, n) for n in range(1, 61)]


def bought(number: int, customer_id: int) -> MarketOrder:
    customer = MarketCustomer(customer_id, 1, 1, ORDERS[0].created_at)
    return dataclasses.replace(order(number, number), customer=customer)


def history(orders: list[MarketOrder], **options: float) -> ShopHistory:
    market = SimpleNamespace(orders_at=lambda now: [o for o in orders if o.created_at <= now])
    return ShopHistory(cast(Any, market), options)


def test_without_options_the_shop_is_its_market() -> None:
    same = list(ORDERS)
    shop = ShopHistory(cast(Any, SimpleNamespace(orders_at=lambda now: same)), {})
    assert shop.orders_at(NOW) is same


def test_an_order_is_deleted_after_its_time_and_others_are_not() -> None:
    shop = history(ORDERS, deleted_orders=0.5)
    gone = {o.number for o in ORDERS} - {o.number for o in shop.orders_at(NOW)}
    assert 15 < len(gone) < 45
    one = next(o for o in ORDERS if o.number in gone)
    at = one.created_at + DELETED_AFTER
    assert one.number in {o.number for o in shop.orders_at(at - dt.timedelta(seconds=1))}
    assert one.number not in {o.number for o in shop.orders_at(at)}


def test_a_merged_customers_orders_go_to_who_came_before() -> None:
    orders = [bought(n, 100 + n) for n in range(1, 61)]
    shop = history(orders, merged_customers=0.3)
    merges = shop.merges_at(NOW)
    assert 5 < len(merges) < 35
    for gone, merge in merges.items():
        assert merge.kept_id < gone
        assert merge.kept_id not in merges
    shown = {o.number: o for o in shop.orders_at(NOW)}
    for known in orders:
        assert known.customer is not None
        merge = merges.get(known.customer.customer_id)
        expected = merge.kept_id if merge else known.customer.customer_id
        customer = shown[known.number].customer
        assert customer is not None
        assert customer.customer_id == expected
        assert shown[known.number].updated_at == known.updated_at
    first = min(merges)
    too_early = orders[first - 101].created_at + MERGED_AFTER - dt.timedelta(seconds=1)
    assert first not in shop.merges_at(too_early)


def run_bulk(text: str) -> dict[str, Any]:
    desk = BulkDesk()
    trees = [build_order(o, NOW, False) for o in ORDERS]
    payload = desk.run(text, lambda selection: (selection[0], trees), NOW)
    payload["desk"] = desk
    return payload


def test_a_file_holds_every_object_once_with_its_parent() -> None:
    payload = run_bulk(queries.bulk_orders(""))
    desk = payload["desk"]
    (operation,) = desk._operations
    lines = [json.loads(line) for line in operation.data.splitlines()]
    assert b"gid:\\/\\/shopify\\/Order\\/" in operation.data
    ids = [line["id"] for line in lines]
    assert len(ids) == len(set(ids)) == operation.object_count == 60 * 4  # line, agreement, sale
    assert sum("__parentId" not in line for line in lines) == operation.root_count == 60
    assert {line["__parentId"] for line in lines if "__parentId" in line} <= set(ids)
    # Some children stand before their parents: the order is promised to nobody.
    places = {line["id"]: place for place, line in enumerate(lines)}
    assert any(places[c["id"]] < places[c["__parentId"]] for c in lines if "__parentId" in c)


def test_a_file_wants_its_signature() -> None:
    desk = run_bulk(queries.bulk_orders(""))["desk"]
    (operation,) = desk._operations
    assert desk.read_file("1.jsonl", operation.signature) == operation.data
    assert desk.read_file("1.jsonl", "wrong") is None
    assert desk.read_file("2.jsonl", operation.signature) is None


NESTED = "{ orders { edges { node { lineItems { edges { node { id } } } } } } }"
REFUND_LINES = "refundLineItems(first: 1) { edges { node { quantity } } }"
SIX = " ".join(f"l{n}: lineItems {{ edges {{ node {{ id }} }} }}" for n in range(6))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"{{ orders {{ edges {{ node {{ refunds {{ {REFUND_LINES} }} }} }} }} }}",
            "within a list",
        ),
        (f"{{ orders {{ edges {{ node {{ {SIX} }} }} }} }}", "more than 5 connections"),
        ("{ shop { id } }", "at least one connection"),
        ("{ orders { edges { node { colour } } } }", "'colour' doesn't exist"),
        ('{ orders(query: "$x") { edges { node { id } } } }', "variables"),
        ("{ orders { edges { node { id } }", "syntax error"),
    ],
)
def test_what_cannot_run_in_bulk_is_refused(text: str, message: str) -> None:
    (error,) = run_bulk(text)["userErrors"]
    assert error["code"] == "INVALID"
    assert message in error["message"]


def test_the_query_of_first_loads_can_run_in_bulk() -> None:
    for text in (queries.bulk_orders("created_at:>'2026-01-01'"), NESTED):
        assert run_bulk(text)["userErrors"] == []


def test_five_operations_run_at_a_time() -> None:
    desk = BulkDesk()
    answers = [desk.run(NESTED, lambda selection: (selection[0], []), NOW) for _ in range(6)]
    assert [len(answer["userErrors"]) for answer in answers] == [0] * 5 + [1]
    assert answers[-1]["userErrors"][0]["code"] == "LIMIT_REACHED"


def test_a_search_knows_alternatives_of_ids() -> None:
    search = read_search("id:6000000000002 OR id:6000000000005")
    assert [o.number for o in ORDERS if search.finds(o)] == [2, 5]
    assert search.warnings == []


def test_denied_approval_names_the_field() -> None:
    (field,) = parse_query(list_queries.CUSTOMERS)
    check_scope(field, [*SCOPES, "read_customers"], "null")
    with pytest.raises(QueryError, match="emailAddress") as caught:
        check_scope(field, [*SCOPES, "read_customers"], "denied")
    assert caught.value.payload["extensions"]["code"] == "ACCESS_DENIED"
    (field,) = parse_query(list_queries.CUSTOMERS_WITHOUT_CONTACTS)
    check_scope(field, [*SCOPES, "read_customers"], "denied")
