"""Shopify's customers, variants and discount codes: what is asked, and rows worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from shopify_wire import Answer, Wire, context, cost, fetch, plays

from include.errors import CountMismatch, MissingScope, Truncated
from include.http.decode import decode_json
from include.sources._base import Page
from include.sources._units import UnitReader
from include.sources.shopify import SOURCE

CUSTOMER: dict[str, Any] = {
    "id": "gid://shopify/Customer/7001234567890",
    "legacyResourceId": "7001234567890",
    "createdAt": "2026-10-01T08:00:00Z",
    "updatedAt": "2026-11-04T10:00:00Z",
    "numberOfOrders": "2",
    "state": "DISABLED",
    "verifiedEmail": True,
    "amountSpent": {"amount": "101.94", "currencyCode": "USD"},
    "defaultAddress": {"countryCodeV2": "US", "provinceCode": "NY"},
    "defaultEmailAddress": {"emailAddress": "Jo.Doe@example.com", "marketingState": "SUBSCRIBED"},
    "defaultPhoneNumber": {"phoneNumber": "+15551234567"},
}
VARIANT: dict[str, Any] = {
    "id": "gid://shopify/ProductVariant/44",
    "legacyResourceId": "44",
    "sku": "SERUM-30",
    "title": "30 ml",
    "price": "38.00",
    "createdAt": "2026-01-01T00:00:00Z",
    "updatedAt": "2026-11-01T00:00:00Z",
    "product": {"id": "gid://shopify/Product/8", "title": "Serum", "isGiftCard": False},
    "inventoryItem": {
        "id": "gid://shopify/InventoryItem/5",
        "unitCost": {"amount": "9.12", "currencyCode": "USD"},
    },
}


def listed(name: str, *nodes: Any, cursor: str | None = None) -> Answer:
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return 200, {"data": {name: {"nodes": list(nodes), "pageInfo": info}}, "extensions": cost(35)}


def counted(name: str, number: int) -> Answer:
    return 200, {"data": {name: {"count": number, "precision": "EXACT"}}, "extensions": cost(1)}


def denied(field: str) -> Answer:
    error = {
        "message": f"Access denied for {field} field.",
        "path": ["customers", "nodes", 0, field],
        "extensions": {"code": "ACCESS_DENIED", "requiredAccess": "level 2"},
    }
    return 200, {"data": {"customers": None}, "errors": [error]}


def rows_of(stream_name: str, pages: list[Page]) -> list[dict[str, Any]]:
    stream = SOURCE.stream(stream_name)
    reader = UnitReader(stream)
    names = [field.name for field in msgspec.structs.fields(stream.record)]
    found = [
        dict(zip(names, reader.read(document).row, strict=True))
        for page in pages
        for document in stream.parse(decode_json(page.body), page)
    ]
    assert reader.drifted == set()
    return found


def test_a_customer_becomes_a_row() -> None:
    wire = plays(counted("customersCount", 1), listed("customers", CUSTOMER))
    (row,) = rows_of("customers", fetch("customers", context(wire)))
    assert row["customer_id"] == "7001234567890"
    assert (row["number_of_orders"], row["amount_spent"]) == ("2", "101.94")
    assert (row["country_code"], row["province_code"]) == ("US", "NY")
    assert row["email_marketing_state"] == "SUBSCRIBED"


def test_customers_are_asked_for_by_the_windows_changes() -> None:
    wire = plays(counted("customersCount", 0), listed("customers"))
    fetch("customers", context(wire))
    search = "updated_at:>='2026-11-02T05:00:00Z' AND updated_at:<'2026-11-05T05:00:00Z'"
    assert [asked["variables"]["query"] for asked in wire.asked] == [search, search]


def test_a_customer_of_whom_nothing_may_be_known_loads() -> None:
    hidden = ("defaultAddress", "defaultEmailAddress", "defaultPhoneNumber")
    nobody = {**CUSTOMER, **dict.fromkeys(hidden)}
    wire = plays(counted("customersCount", 1), listed("customers", nobody))
    (row,) = rows_of("customers", fetch("customers", context(wire)))
    columns = ("email_hash", "email_marketing_state", "phone_hash", "country_code")
    assert {row[name] for name in columns} == {None}


def test_where_contacts_are_refused_customers_are_read_without_them(
    caplog: pytest.LogCaptureFixture,
) -> None:
    plain = {
        k: v for k, v in CUSTOMER.items() if k not in ("defaultEmailAddress", "defaultPhoneNumber")
    }
    wire = plays(
        counted("customersCount", 1),
        denied("defaultEmailAddress"),
        counted("customersCount", 1),
        listed("customers", plain),
    )
    (row,) = rows_of("customers", fetch("customers", context(wire)))
    assert (row["customer_id"], row["email_hash"]) == ("7001234567890", None)
    asked = wire.asked[-1]["query"]
    assert "emailAddress" not in asked
    assert "phoneNumber" not in asked
    assert "without e-mail and phone" in caplog.text


def test_where_customers_are_refused_altogether_the_scope_is_missing() -> None:
    wire = Wire(lambda number, asked: denied("customers"))
    with pytest.raises(MissingScope, match="customers"):
        fetch("customers", context(wire))


def test_e_mails_and_phones_are_declared_personal() -> None:
    keys = SOURCE.stream("customers").personal_keys
    assert {"emailAddress", "phoneNumber", "email", "phone"} <= keys


def test_a_variant_becomes_a_row_with_its_unit_cost() -> None:
    free = {**VARIANT, "id": "gid://shopify/ProductVariant/45", "sku": None}
    free["inventoryItem"] = {"id": "gid://shopify/InventoryItem/6", "unitCost": None}
    wire = plays(counted("productVariantsCount", 2), listed("productVariants", VARIANT, free))
    costly, unknown = rows_of("product_variants", fetch("product_variants", context(wire)))
    assert (costly["variant_id"], costly["product_id"]) == (
        "gid://shopify/ProductVariant/44",
        "gid://shopify/Product/8",
    )
    assert (costly["price"], costly["unit_cost"]) == ("38.00", "9.12")
    assert (unknown["sku"], unknown["unit_cost"], unknown["unit_cost_currency_code"]) == (None,) * 3
    assert wire.asked[0]["variables"] == {}  # that count takes no search


def test_a_lost_page_of_variants_is_noticed() -> None:
    wire = plays(
        counted("productVariantsCount", 2),
        listed("productVariants", VARIANT),
        counted("productVariantsCount", 2),
    )
    with pytest.raises(CountMismatch, match="counts 2 product variants"):
        fetch("product_variants", context(wire))


@pytest.mark.parametrize("place", ["the same page", "the next page", "a page further on"])
def test_a_variant_that_comes_twice_does_not_stand_for_one_that_is_lost(place: str) -> None:
    ids = {
        "the same page": (("1", "1"), ("3",), ("4",)),
        "the next page": (("1", "2"), ("2",), ("4",)),
        "a page further on": (("1", "2"), ("3",), ("1",)),
    }[place]
    pages = [[{**VARIANT, "id": f"gid://shopify/ProductVariant/{i}"} for i in page] for page in ids]
    wire = plays(
        counted("productVariantsCount", 4),
        listed("productVariants", *pages[0], cursor="a"),
        listed("productVariants", *pages[1], cursor="b"),
        listed("productVariants", *pages[2]),
        counted("productVariantsCount", 4),
    )
    with pytest.raises(CountMismatch, match=r"counts 4 product variants .* held 3"):
        fetch("product_variants", context(wire))


def discount(*codes: str, cursor: str | None = None, kind: str = "DiscountCodeBasic") -> Any:
    nodes = [
        {"id": f"gid://shopify/DiscountRedeemCode/{code}", "code": code, "asyncUsageCount": 3}
        for code in codes
    ]
    info = {"hasNextPage": cursor is not None, "endCursor": cursor}
    return {
        "id": "gid://shopify/DiscountNode/1",
        "discount": {
            "__typename": kind,
            "title": "Maya",
            "status": "ACTIVE",
            "startsAt": "2026-11-01T05:00:00Z",
            "endsAt": None,
            "usageLimit": None,
            "asyncUsageCount": 3,
            "codesCount": {"count": len(codes)},
            "codes": {"nodes": nodes, "pageInfo": info},
        },
    }


def more_codes(node: Any) -> Answer:
    return 200, {"data": {"discountNode": node}, "extensions": cost(20)}


def test_every_code_of_a_discount_becomes_a_row_over_as_many_answers_as_it_takes() -> None:
    wire = plays(
        counted("discountNodesCount", 1),
        listed("discountNodes", discount("MAYA15", cursor="a")),
        more_codes(discount("MAYA20", cursor="b")),
        more_codes(discount("maya-x", kind="DiscountCodeApp")),
    )
    rows = rows_of("discount_codes", fetch("discount_codes", context(wire)))
    assert [(row["code"], row["discount_type"], row["discount_status"]) for row in rows] == [
        ("MAYA15", "DiscountCodeBasic", "ACTIVE"),
        ("MAYA20", "DiscountCodeBasic", "ACTIVE"),
        ("maya-x", "DiscountCodeApp", "ACTIVE"),
    ]
    assert [asked["variables"].get("codesAfter") for asked in wire.asked[2:]] == ["a", "b"]


def test_a_discount_deleted_between_two_answers_is_passed_over() -> None:
    wire = plays(
        counted("discountNodesCount", 1),
        listed("discountNodes", discount("MAYA15", cursor="a")),
        more_codes(None),
    )
    assert len(rows_of("discount_codes", fetch("discount_codes", context(wire)))) == 1


def test_codes_that_do_not_move_on_are_an_error() -> None:
    stuck = more_codes(discount("MAYA20", cursor="a"))
    wire = plays(
        counted("discountNodesCount", 1),
        listed("discountNodes", discount("MAYA15", cursor="a")),
        stuck,
    )
    with pytest.raises(Truncated, match="no cursor"):
        fetch("discount_codes", context(wire))


def test_codes_are_searched_by_method() -> None:
    wire = plays(counted("discountNodesCount", 0), listed("discountNodes"))
    fetch("discount_codes", context(wire))
    assert wire.asked[-1]["variables"]["query"] == "method:code AND id:>=0"
    assert json.dumps(wire.asked).count("method:code") == 2
