"""Shopify's answers become rows: pages in the API's shape against rows worked out by hand."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from shopify_order import (
    MORE,
    ORDER,
    changed,
    money,
    orders_page,
    page_of,
    parse,
    read,
    row_of,
    rows_of,
)

from include.sources._base import Page
from include.sources._records import RowRejected
from include.sources._units import UnitReader
from include.sources.shopify import SOURCE


def test_an_order_becomes_one_row_in_shop_money() -> None:
    row = row_of(read(ORDER))
    assert row["order_id"] == "6001234567890"
    assert row["created_at"] == "2026-11-04T15:13:20Z"
    assert row["currency_code"] == "USD"
    assert (row["total_price"], row["total_refunded"]) == ("67.94", "34.0")
    assert (row["customer_id"], row["customer_number_of_orders"]) == ("7001234567", "1")
    assert (row["journey_ready"], row["journey_moments_count"]) == (True, 2)


def test_nothing_of_a_known_order_counts_as_drift() -> None:
    reader = UnitReader(SOURCE.stream("orders"))
    unit = reader.read(parse(SOURCE.stream("orders"), orders_page(ORDER))[0])
    assert reader.drifted == set()
    assert unit.extra is None
    assert all(row[-1] is None for rows in unit.children for row in rows)


def test_an_unknown_field_is_kept_and_reported() -> None:
    reader = UnitReader(SOURCE.stream("orders"))
    order = changed(riskScore=7)
    order["agreements"]["nodes"][0]["channel"] = "web"
    unit = reader.read(parse(SOURCE.stream("orders"), orders_page(order))[0])
    assert unit.extra is not None
    assert json.loads(unit.extra) == {"riskScore": 7}
    assert reader.drifted == {"riskScore", "order_sales.agreement.channel"}


def test_lines_codes_and_visits_become_rows_of_their_own() -> None:
    unit = read(ORDER)
    (line,) = rows_of(unit, "order_lines")
    assert line["line_id"] == "gid://shopify/LineItem/14001"
    assert (line["quantity"], line["current_quantity"], line["variant_id"]) == (2, 1, None)
    assert (line["original_unit_price"], line["discounted_total"]) == ("38.0", "64.6")
    codes = rows_of(unit, "order_discount_codes")
    assert [(c["position"], c["code"]) for c in codes] == [(0, "MAYA15"), (1, " ship0")]
    first, second = rows_of(unit, "order_moments")
    assert (first["utm_content"], first["source"]) == ("maya", "Instagram")
    assert (second["utm_content"], second["source"]) == (None, "direct")


def test_ledger_rows_carry_their_agreement() -> None:
    sales = rows_of(read(ORDER), "order_sales")
    found = [(s["reason"], s["line_type"], s["quantity"], s["total_amount"]) for s in sales]
    assert found == [
        ("ORDER", "PRODUCT", 2, "67.94"),
        ("ORDER", "SHIPPING", None, "0.0"),
        ("REFUND", "PRODUCT", -1, "-33.97"),
    ]
    assert [s["happened_at"] for s in sales][2] == "2026-11-06T09:00:00Z"
    assert [s["line_id"] for s in sales] == [
        "gid://shopify/LineItem/14001",
        None,
        "gid://shopify/LineItem/14001",
    ]


def test_entries_of_one_refund_and_line_are_added_up() -> None:
    order = copy.deepcopy(ORDER)
    entries = order["refunds"][0]["refundLineItems"]["nodes"]
    entries.append({**entries[0], "subtotalSet": money("32.31"), "totalTaxSet": money("1.6")})
    (line,) = rows_of(read(order), "order_refund_lines")
    assert line["refund_id"] == "gid://shopify/Refund/9001"
    assert (line["quantity"], line["subtotal"], line["total_tax"]) == (2, "64.61", "3.27")


def test_guests_and_orders_without_a_journey_load() -> None:
    unit = read(changed(customer=None, customerJourneySummary=None))
    row = row_of(unit)
    assert (row["customer_id"], row["journey_ready"], row["journey_moments_count"]) == (None,) * 3
    assert rows_of(unit, "order_moments") == []


def test_a_journey_that_is_not_ready_has_no_visits() -> None:
    journey = {
        "ready": False,
        "customerOrderIndex": None,
        "daysToConversion": None,
        "momentsCount": None,
        "moments": None,
    }
    unit = read(changed(customerJourneySummary=journey))
    assert row_of(unit)["journey_ready"] is False
    assert rows_of(unit, "order_moments") == []


def test_readiness_changes_the_content_though_the_update_time_stays() -> None:
    journey = {**ORDER["customerJourneySummary"], "ready": False}
    assert read(changed(customerJourneySummary=journey)).content_hash != read(ORDER).content_hash


def test_a_moment_of_another_kind_is_passed_over() -> None:
    order = copy.deepcopy(ORDER)
    order["customerJourneySummary"]["moments"]["nodes"].insert(0, {})
    assert len(rows_of(read(order), "order_moments")) == 2


@pytest.mark.parametrize(
    "path",
    [
        ("lineItems",),
        ("agreements",),
        ("agreements", "nodes", 1, "sales"),
        ("customerJourneySummary", "moments"),
        ("refunds", 0, "refundLineItems"),
    ],
)
def test_a_cut_order_is_left_out_of_its_page_and_taken_from_its_own_answer(
    path: tuple[str | int, ...],
) -> None:
    cut = copy.deepcopy(ORDER)
    part: Any = cut
    for step in path:
        part = part[step]
    part["pageInfo"] = MORE
    stream = SOURCE.stream("orders")
    whole = changed(legacyResourceId="6001234567891")
    assert [o["legacyResourceId"] for o in parse(stream, orders_page(cut, whole))] == [
        "6001234567891"
    ]
    (alone,) = parse(stream, page_of({"data": {"order": ORDER}}))
    assert row_of(UnitReader(stream).read(alone))["name"] == "#1042"
    # Cut even when asked for alone: quarantined with a reason, never loaded in part.
    (too_long,) = parse(stream, page_of({"data": {"order": cut}}))
    with pytest.raises(RowRejected, match="order #1042 holds more than 250"):
        UnitReader(stream).read(too_long)


def test_an_order_deleted_before_it_was_read_alone_gives_nothing() -> None:
    assert parse(SOURCE.stream("orders"), page_of({"data": {"order": None}})) == []


@pytest.mark.parametrize("missing", ["lineItems", "agreements", "refunds", "totalPriceSet"])
def test_an_order_of_a_broken_shape_is_rejected_alone(missing: str) -> None:
    broken = copy.deepcopy(ORDER)
    del broken[missing]
    stream = SOURCE.stream("orders")
    first, second = parse(stream, orders_page(broken, ORDER))
    reader = UnitReader(stream)
    with pytest.raises(RowRejected):
        reader.read(first)
    assert reader.read(second).row == read(ORDER).row


def sales_page(rows: Any) -> Page:
    names = ("day", "orders", "gross_sales", "discounts", "sales_reversals", "net_sales")
    table = {"columns": [{"name": n, "dataType": "MONEY"} for n in names], "rows": rows}
    answer = {"tableData": table, "parseErrors": [], "parseWarnings": []}
    return page_of({"data": {"shop": {"currencyCode": "USD"}, "shopifyqlQuery": answer}})


@pytest.mark.parametrize(
    "cells",
    [
        {
            "day": "2026-11-04",
            "orders": "12",
            "gross_sales": "912.0",
            "discounts": "-61.2",
            "sales_reversals": "-32.3",
            "net_sales": "818.5",
        },
        ["2026-11-04", "12", "912.0", "-61.2", "-32.3", "818.5"],
    ],
    ids=["objects", "lists"],
)
def test_a_day_of_the_sales_report_becomes_a_row(cells: Any) -> None:
    stream = SOURCE.stream("daily_sales")
    reader = UnitReader(stream)
    (document,) = parse(stream, sales_page([cells]))
    row = row_of(reader.read(document), "daily_sales")
    assert row == {
        "day": "2026-11-04",
        "orders": 12,
        "gross_sales": "912.0",
        "discounts": "-61.2",
        "returns": "-32.3",
        "net_sales": "818.5",
        "currency_code": "USD",
    }
    assert reader.drifted == set()


def test_the_shop_becomes_a_row() -> None:
    shop = {
        "id": "gid://shopify/Shop/71",
        "name": "Glow & Grove",
        "myshopifyDomain": "glow.myshopify.com",
        "currencyCode": "USD",
        "ianaTimezone": "America/New_York",
        "taxesIncluded": False,
    }
    stream = SOURCE.stream("shop")
    (document,) = parse(stream, page_of({"data": {"shop": shop}}))
    row = row_of(UnitReader(stream).read(document), "shop")
    assert list(row.values()) == list(shop.values())
