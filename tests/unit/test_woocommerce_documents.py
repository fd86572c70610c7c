"""Orders and refunds as PHP sends them: clocks, money, ids, lists that are objects."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest

from include.sources._base import Page
from include.sources._records import RowRejected
from include.sources._units import Unit, UnitReader
from include.sources.woocommerce import SOURCE
from include.sources.woocommerce.body import decode_answer

NOW = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)


def line(line_id: int, **fields: Any) -> dict[str, Any]:
    return {
        "id": line_id,
        "name": "Serum",
        "product_id": 99,
        "variation_id": 0,
        "quantity": 1,
        "tax_class": "",
        "subtotal": "38.00",
        "subtotal_tax": "",
        "total": "32.30",
        "total_tax": "2.87",
        "taxes": [],
        "meta_data": [],
        "sku": "SERUM-30",
        "price": 32.3,
        "image": {"id": 0, "src": ""},
        "parent_name": None,
    } | fields


def order(**fields: Any) -> dict[str, Any]:
    return {
        "id": 51_010,
        "number": "0001-1",
        "parent_id": 0,
        "status": "completed",
        "created_via": "checkout",
        "version": "10.3.4",
        "currency": "USD",
        "date_created": "2026-11-04T11:13:20",
        "date_created_gmt": "2026-11-04T16:13:20",
        "date_modified_gmt": "2026-11-04T17:00:00",
        "date_paid_gmt": None,
        "date_completed_gmt": "",
        "prices_include_tax": False,
        "discount_total": "5.70",
        "discount_tax": "0.00",
        "shipping_total": "0.00",
        "shipping_tax": "",
        "cart_tax": "2.87",
        "total": "35.17",
        "total_tax": "2.87",
        "customer_id": 0,
        "billing": {"email": "a" * 64, "country": "US"},
        "payment_method": "stripe",
        "meta_data": [{"id": 1, "key": "_wc_order_attribution_utm_content", "value": "maya"}],
        "line_items": [line(1)],
        "coupon_lines": [{"id": 2, "code": "maya15", "discount": "5.70", "discount_tax": ""}],
        "fee_lines": [],
        "shipping_lines": [],
        "refunds": [],
    } | fields


def read(document: dict[str, Any], stream_name: str = "orders", **context: Any) -> Unit:
    """Read one document the whole way: body, decode, parse, record."""
    stream = SOURCE.stream(stream_name)
    body = json.dumps([document]).encode()
    page = Page(body, 200, NOW, "api", {}, context=context)
    [parsed] = stream.parse(decode_answer(body), page)
    return UnitReader(stream).read(parsed)


def columns(unit: Unit, stream_name: str = "orders") -> dict[str, Any]:
    names = [column.name for column in UnitReader(SOURCE.stream(stream_name)).parent.columns]
    return dict(zip(names, unit.row, strict=True))


def children(unit: Unit, stream_name: str = "orders") -> dict[str, list[list[Any]]]:
    names = [child.name for child in SOURCE.stream(stream_name).children]
    return dict(zip(names, unit.children, strict=True))


def test_an_order_becomes_a_row_and_its_lines() -> None:
    unit = read(order())
    row = columns(unit)
    assert row["number"] == "0001-1"
    assert row["date_created_gmt"] == "2026-11-04T16:13:20Z"
    assert (row["date_paid_gmt"], row["date_completed_gmt"]) == (None, None)
    assert (row["total"], row["shipping_tax"]) == ("35.17", None)
    assert row["utm_content"] == "maya"
    assert row["source_type"] is None
    assert unit.extra is None
    [coupon] = children(unit)["order_coupon_lines"]
    assert coupon[:2] == [2, "maya15"]


def test_the_hour_that_comes_twice_is_told_apart_by_gmt() -> None:
    """New York, 1 November 2026: 01:30 is at 05:30 and again at 06:30 GMT."""
    first = order(date_created="2026-11-01T01:30:00", date_created_gmt="2026-11-01T05:30:00")
    second = order(date_created="2026-11-01T01:30:00", date_created_gmt="2026-11-01T06:30:00")
    rows = [columns(read(document)) for document in (first, second)]
    assert rows[0]["date_created"] == rows[1]["date_created"]
    assert [row["date_created_gmt"] for row in rows] == [
        "2026-11-01T05:30:00Z",
        "2026-11-01T06:30:00Z",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-04T16:13:20Z", "2026-11-04T16:13:20Z"),
        ("2026-11-04T17:13:20+01:00", "2026-11-04T17:13:20+01:00"),
        ("2026-11-04T17:13:20+0100", "2026-11-04T17:13:20+01:00"),
    ],
)
def test_a_gmt_time_with_an_offset_keeps_it(text: str, expected: str) -> None:
    assert columns(read(order(date_created_gmt=text)))["date_created_gmt"] == expected


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"date_created_gmt": None}, "date_created_gmt: required"),
        ({"date_created_gmt": "0000-00-00T00:00:00"}, "date_created_gmt"),
        ({"date_created": "yesterday"}, "date_created: required"),
        ({"date_created": "2026-11-04T11:13:20-05:00"}, "date_created: required"),
        ({"total": ""}, "total: required"),
        ({"total": "1,234.00"}, "total"),
        ({"total": "NaN"}, "total"),
        ({"id": 2**63}, "order_id"),
        ({"line_items": "none"}, "order_lines: neither a list"),
        ({"line_items": [line(1), line(1)]}, "two rows have the same line_id"),
        ({"line_items": [line(1, total=None)]}, "order_lines.total: required"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_order(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowRejected, match=reason):
        read(order(**fields))


@pytest.mark.parametrize("value", ["-0.00", "0", "-20.00", "123456789012345.67", "0.1"])
def test_money_is_taken_as_it_is_written(value: str) -> None:
    unit = read(order(total=value, refunds=[{"id": 9, "reason": "", "total": value}]))
    assert columns(unit)["total"] == value
    assert children(unit)["order_refunds"][0][1] == value


def test_ids_beyond_the_floating_point_ones_and_odd_text_stay_exact() -> None:
    name = "\u0633\u064a\u0631\u0648\u0645 \N{SPARKLES}"
    unit = read(order(id=9_007_199_254_740_993, line_items=[line(2**62 + 1, name=name)]))
    assert columns(unit)["order_id"] == 9_007_199_254_740_993
    assert children(unit)["order_lines"][0][:2] == [2**62 + 1, name]
    nul = read(order(line_items=[line(1, name="a\0b")]))
    assert children(nul)["order_lines"][0][1] == "a\N{REPLACEMENT CHARACTER}b"


def test_php_writes_an_empty_object_as_a_list_and_a_list_with_gaps_as_an_object() -> None:
    meta = {"key": "_wc_order_attribution_source_type", "value": "utm"}
    unit = read(order(billing=[], meta_data={"3": meta}, line_items={"0": line(1), "2": line(3)}))
    row = columns(unit)
    assert (row["billing_email"], row["source_type"]) == (None, "utm")
    assert [found[0] for found in children(unit)["order_lines"]] == [1, 3]


@pytest.mark.parametrize(
    ("value", "expected"),
    [(12345, "12345"), ("", None), (None, None), (["a"], '["a"]'), (True, "true")],
)
def test_a_meta_value_of_any_type_becomes_text(value: Any, expected: str | None) -> None:
    meta = [{"id": 1, "key": "_wc_order_attribution_utm_id", "value": value}]
    assert columns(read(order(meta_data=meta)))["utm_id"] == expected


def test_a_field_nobody_knows_is_kept() -> None:
    unit = read(order(gift_wrap="gold"))
    assert json.loads(unit.extra or "") == {"gift_wrap": "gold"}


def refund(**fields: Any) -> dict[str, Any]:
    return {
        "id": 51_011,
        "parent_id": 51_010,
        "date_created": "2026-11-04T12:00:00",
        "date_created_gmt": "2026-11-04T17:00:00",
        "amount": "20.00",
        "refunded_payment": True,
        "line_items": [
            line(7, quantity=-1, total="-15.00", total_tax="-1.00")
            | {"meta_data": [{"id": 1, "key": "_refunded_item_id", "value": "1"}]}
        ],
        "shipping_lines": [{"id": 8, "total": "-4.00", "total_tax": "", "meta_data": []}],
        "fee_lines": [{"id": 9, "name": "Gift wrap", "total": "-0.00", "total_tax": "0.00"}],
    } | fields


def test_a_refund_keeps_its_lines_of_all_kinds() -> None:
    unit = read(refund(), "refunds")
    assert columns(unit, "refunds")["order_id"] == 51_010
    assert children(unit, "refunds")["refund_lines"] == [
        [7, "product", 1, "-1", "-15.00", "-1.00", None],
        [8, "shipping", None, None, "-4.00", None, None],
        [9, "fee", None, None, "-0.00", "0.00", None],
    ]


def test_a_refund_asked_for_by_its_order_belongs_to_it() -> None:
    document = refund()
    del document["parent_id"]
    assert columns(read(document, "refunds", parent_id=77), "refunds")["order_id"] == 77


def test_rows_up_to_the_place_reached_are_left_out() -> None:
    stream = SOURCE.stream("orders")
    body = json.dumps([order(id=1), order(id=2), order(id=3)]).encode()
    page = Page(body, 200, NOW, "api", {}, context={"after_id": 2})
    assert [item["id"] for item in stream.parse(decode_answer(body), page)] == [3]


def test_the_report_gives_a_row_a_day() -> None:
    stream = SOURCE.stream("daily_sales")
    figures = {
        "orders_count": 3, "num_items_sold": 4, "gross_sales": 110.1, "coupons": 10,
        "refunds": 0, "net_revenue": 100.10000000000001, "taxes": 1.5, "shipping": 0,
        "total_sales": 101.6, "segments": [],
    }  # fmt: skip
    day = {"interval": "2026-11-04", "date_start": "2026-11-04 00:00:00", "subtotals": figures}
    body = json.dumps({"totals": {}, "intervals": [day]}).encode()
    page = Page(body, 200, NOW, "api", {})
    [parsed] = stream.parse(decode_answer(body), page)
    unit = UnitReader(stream).read(parsed)
    row = columns(unit, "daily_sales")
    assert row["day"] == "2026-11-04"
    assert Decimal(row["net_revenue"]) == Decimal("100.10000000000001")
    assert unit.extra is None
