"""Shopify's sandbox: query costs, the bucket, search, cursors, answers made of market orders."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest

from include.sandbox.market_facts import (
    DailySalesRow,
    Journey,
    LedgerRow,
    MarketLine,
    MarketOrder,
    ShopFacts,
    Visit,
)
from include.sources.shopify import queries
from include.sources.shopify.sandbox import Bucket, connection_fields, make_credentials
from include.sources.shopify.sandbox_orders import money_text
from include.sources.shopify.sandbox_query import QueryError, parse_query, resolve
from include.sources.shopify.sandbox_schema import check_query, price, size_factor
from include.sources.shopify.sandbox_shop import SandboxShop

START = dt.datetime(2026, 11, 4, 12, tzinfo=dt.UTC)
HOUR = START + dt.timedelta(hours=1)
SCOPES = ("read_orders", "read_all_orders", "read_reports")


def at(minutes: int) -> dt.datetime:
    return START + dt.timedelta(minutes=minutes)


def order(number: int, minutes: int, ready_after: int | None = None) -> MarketOrder:
    """An order of one serum, created and updated `minutes` after the start."""
    line = MarketLine(
        line_id=14_000 + number,
        sku="SERUM-30",
        product_id=8,
        variant_id=9,
        quantity=1,
        current_quantity=1,
        unit_price=Decimal("38.00"),
        discount=Decimal("5.70"),
        total=Decimal("32.30"),
        tax=Decimal("1.67"),
    )
    sale = LedgerRow(
        number, number, at(minutes), "ORDER", "ORDER", "PRODUCT", line.line_id, 1,
        Decimal("33.97"), Decimal("1.67"), Decimal("5.70"),
    )  # fmt: skip
    visit = Visit(1, at(minutes - 9), "https://x.example/", None, "direct", None, None)
    journey = None if ready_after is None else Journey(at(minutes + ready_after), (visit,))
    return MarketOrder(
        number=number,
        order_id=6_000_000_000_000 + number,
        name=f"#{number}",
        created_at=at(minutes),
        updated_at=at(minutes),
        processed_at=at(minutes),
        cancelled_at=None,
        cancel_reason=None,
        test=False,
        source_name="web",
        financial_status="PAID",
        currency="USD",
        lines=(line,),
        codes=("MAYA15",),
        discount_rate=Decimal("0.15"),
        shipping=Decimal("0.00"),
        shipping_tax=Decimal("0.00"),
        tax=Decimal("1.67"),
        total=Decimal("33.97"),
        customer=None,
        journey=journey,
        ledger=(sale,),
        refunds=(),
    )


class Shop(SandboxShop):
    """A shop of given orders at a given time."""

    def __init__(self, orders: list[MarketOrder], now: dt.datetime = HOUR) -> None:
        facts = ShopFacts(71, "Glow", "glow.myshopify.com", "", "USD", "America/New_York", False)
        day = DailySalesRow(
            dt.date(2026, 11, 4), 2, Decimal("76.00"), Decimal("-11.40"), Decimal("0.00"),
            Decimal("64.60"),
        )  # fmt: skip
        market = SimpleNamespace(
            shop=facts,
            orders_at=lambda now: [o for o in orders if o.created_at <= now],
            daily_sales_at=lambda now: [day],
        )
        self.time = SimpleNamespace(now=lambda: self.at)
        self.at = now
        super().__init__(cast(Any, market), cast(Any, self.time))

    def ask(self, text: str, scopes: tuple[str, ...] = SCOPES, /, **variables: Any) -> Any:
        selection = parse_query(text)
        check_query(selection)
        data, self.warnings = self.answer(selection, variables, scopes)
        return msgspec.json.decode(msgspec.json.encode(data))

    def ask_orders(self, search: str, first: int = 50, after: str | None = None) -> Any:
        sizes = queries.PAGE_SIZES
        return self.ask(queries.ORDERS, query=search, first=first, after=after, **sizes)["orders"]


def requested(query: str, **variables: int) -> int:
    selection = parse_query(query)
    check_query(selection)
    return price(selection, lambda field: resolve(field.arguments["first"], variables))


@pytest.mark.parametrize(
    ("size", "factor"),
    [(1, 1), (3, 2), (10, 4), (25, 6), (100, 9), (150, 10), (200, 10), (250, 11)],
)
def test_a_connection_is_charged_by_the_logarithm_of_its_size(size: int, factor: int) -> None:
    # Published costs: 200 customer ids 12, 100 prices of three objects 31 within two, 25 and 150
    # orders of eleven objects 68 and 112, lines 3 and 10 at 23 and 43.
    assert size_factor(size) == factor


def test_the_cost_of_a_small_query_by_hand() -> None:
    # orders(25): 2 + 6 × (order 1 + customer 1 + lines 2 + 4 × (line 1 + product 1) + money 0)
    query = """{ orders(first: 25) { pageInfo { endCursor } edges { node { id customer { id }
      totalPriceSet { shopMoney { amount } }
      lineItems(first: 10) { nodes { id product { id } } } } } } }"""
    assert requested(query) == 2 + 6 * (1 + 1 + 2 + 4 * 2)


def test_every_query_stays_below_what_one_query_may_cost() -> None:
    page = requested(queries.ORDERS, first=queries.PAGE_SIZE, **queries.PAGE_SIZES)
    alone = requested(queries.WIDE_ORDER, **queries.WIDE_SIZES)
    assert (page, alone) == (702, 367)
    assert requested(queries.DAILY_SALES) == 4


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "{ orders(first: 1) { nodes { colour } } }",
            "Field 'colour' doesn't exist on type 'Order'",
        ),
        ("{ orders(first: 1) { nodes { customer } } }", "Selections of field 'customer'"),
        ("{ shop { id { x } } }", "Selections of field 'id'"),
        ("{ orders(first: 1) { nodes { ...Missing } } }", "Missing was used, but not defined"),
        ("subscription { orderClose { id } }", "syntax error"),
        ("{ shop { id }", "syntax error"),
        ("query ~ { shop { id } }", "syntax error"),
    ],
)
def test_a_wrong_query_is_refused(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        requested(query)


def test_the_bucket_refills_in_real_time_and_never_above_its_size() -> None:
    now = [0.0]
    bucket = Bucket(100.0, now=lambda: now[0])
    assert bucket.available() == 2000
    bucket.take(900)
    now[0] = 2.5
    assert bucket.available() == 1350
    now[0] = 100.0
    assert bucket.available() == 2000


def test_pages_follow_their_cursors_in_the_order_of_update() -> None:
    shop = Shop([order(1, 5), order(2, 3), order(3, 3), order(4, 1)])
    names, after = [], None
    while True:
        page = shop.ask_orders("", first=2, after=after)
        names += [node["name"] for node in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    assert names == ["#4", "#2", "#3", "#1"]


def test_a_cursor_holds_its_place_when_orders_are_added() -> None:
    known = [order(1, 1), order(2, 2)]
    shop = Shop(known, now=at(30))
    after = shop.ask_orders("", first=2)["pageInfo"]["endCursor"]
    known.append(order(3, 31))
    shop.at = at(40)
    assert [n["name"] for n in shop.ask_orders("", after=after)["nodes"]] == ["#3"]


def test_the_search_compares_instants() -> None:
    shop = Shop([order(n, n) for n in range(1, 6)])
    search = queries.orders_search(at(5), at(2))
    assert [n["name"] for n in shop.ask_orders(search)["nodes"]] == ["#2", "#3", "#4"]
    assert shop.warnings == []
    assert shop.ask(queries.ORDERS_COUNT, query=search)["ordersCount"] == {
        "count": 3,
        "precision": "EXACT",
    }


@pytest.mark.parametrize(
    ("search", "field"),
    [("updated:>'2026-11-04'", "updated"), ("created_at:<'soon'", "created_at")],
)
def test_a_filter_that_is_not_understood_is_ignored_with_a_warning(search: str, field: str) -> None:
    shop = Shop([order(1, 1), order(2, 2)])
    assert len(shop.ask_orders(search)["nodes"]) == 2
    assert [w["field"] for part in shop.warnings for w in part["warnings"]] == [field]


def test_a_journey_is_empty_until_it_is_ready() -> None:
    shop = Shop([order(1, 1, ready_after=100)], now=at(60))
    early = shop.ask_orders("")["nodes"][0]
    assert early["customerJourneySummary"]["ready"] is False
    assert early["customerJourneySummary"]["moments"] is None
    shop.at = at(120)
    late = shop.ask_orders("")["nodes"][0]
    assert late["customerJourneySummary"]["ready"] is True
    assert len(late["customerJourneySummary"]["moments"]["nodes"]) == 1
    assert late["updatedAt"] == early["updatedAt"] == "2026-11-04T12:01:00Z"


def test_an_order_answers_what_is_asked_and_no_more() -> None:
    query = """query Q($n: Int!) { orders(first: $n) { edges { cursor node { legacyResourceId
      total: totalPriceSet { presentmentMoney { amount currencyCode } }
      lineItems(first: 1) { nodes { full: discountedTotalSet { shopMoney { amount } }
      net: discountedTotalSet(withCodeDiscounts: true) { shopMoney { amount } } } }
      agreements(first: 1) { nodes { sales(first: 1) { nodes { __typename lineType
      ... on ShippingLineSale { quantity } ... on ProductSale { lineItem { id } } } } } } } } } }"""
    (edge,) = Shop([order(1, 1)]).ask(query, n=5)["orders"]["edges"]
    sale = {
        "__typename": "ProductSale",
        "lineType": "PRODUCT",
        "lineItem": {"id": "gid://shopify/LineItem/14001"},
    }
    money = [{"full": {"shopMoney": {"amount": "38.0"}}, "net": {"shopMoney": {"amount": "32.3"}}}]
    assert edge["node"] == {
        "legacyResourceId": "6000000000001",
        "total": {"presentmentMoney": {"amount": "33.97", "currencyCode": "USD"}},
        "lineItems": {"nodes": money},
        "agreements": {"nodes": [{"sales": {"nodes": [sale]}}]},
    }


def test_one_order_is_found_by_its_id() -> None:
    shop = Shop([order(1, 1)])
    for order_id, name in (("6000000000001", "#1"), ("9", None)):
        gid = f"gid://shopify/Order/{order_id}"
        found = shop.ask(queries.WIDE_ORDER, id=gid, **queries.WIDE_SIZES)["order"]
        assert (found and found["name"]) == name


def test_the_sales_report_and_its_refusals() -> None:
    shop = Shop([])
    report = queries.daily_sales_report(dt.date(2026, 11, 1), dt.date(2026, 11, 4))
    answer = shop.ask(queries.DAILY_SALES, report=report)["shopifyqlQuery"]
    assert answer["tableData"]["rows"] == [
        {
            "day": "2026-11-04",
            "orders": "2",
            "gross_sales": "76.0",
            "discounts": "-11.4",
            "sales_reversals": "0.0",
            "net_sales": "64.6",
        }
    ]
    for wrong in ("FROM sales", report.replace("sales_reversals", "returns")):
        refused = shop.ask(queries.DAILY_SALES, report=wrong)["shopifyqlQuery"]
        assert refused["tableData"] is None
        assert len(refused["parseErrors"]) == 1


def test_missing_scopes_are_refused_by_name() -> None:
    report = queries.daily_sales_report(dt.date(2026, 11, 1), dt.date(2026, 11, 4))
    with pytest.raises(QueryError, match="read_reports") as caught:
        Shop([]).ask(queries.DAILY_SALES, ("read_orders",), report=report)
    assert caught.value.payload["extensions"]["code"] == "ACCESS_DENIED"


def test_without_read_all_orders_only_sixty_days_are_known() -> None:
    shop = Shop([order(1, 1), order(2, 2)], now=at(1) + dt.timedelta(days=60))
    sizes = queries.PAGE_SIZES
    found = shop.ask(queries.ORDERS, ("read_orders",), query="", first=50, after=None, **sizes)
    assert [node["name"] for node in found["orders"]["nodes"]] == ["#2"]


@pytest.mark.parametrize(
    ("amount", "text"),
    [("67.94", "67.94"), ("20.00", "20.0"), ("43", "43.0"), ("-5.70", "-5.7"), ("0.00", "0.0")],
)
def test_money_is_written_with_the_decimals_it_needs(amount: str, text: str) -> None:
    assert money_text(Decimal(amount)) == text


def test_credentials_are_random_and_fit_the_connection() -> None:
    credentials = make_credentials(lambda size: bytes(range(size)))
    fields = connection_fields("127.0.0.1", 18090, credentials)
    assert credentials["access_token"] == "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"
    assert (fields["host"], fields["schema"], fields["port"]) == ("127.0.0.1", "http", 18090)
    assert fields["password"] == credentials["access_token"]
