"""Everything the connector sends, against the Admin schema that Shopify publishes."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from graphql import TypeInfo, TypeInfoVisitor, Visitor, get_named_type, parse, visit

from include.sources.shopify import SOURCE, list_queries, queries
from include.sources.shopify.queries import API_VERSION
from include.sources.shopify.sandbox import SCOPES
from include.sources.shopify.sandbox_admin.trim import our_queries
from include.sources.shopify.sandbox_schema import TYPES
from include.sources.shopify.sandbox_validation import (
    SCHEMA_FILE,
    admin_schema,
    find_errors,
    find_variable_errors,
)

QUERIES = {
    f"{number} {text.partition('(')[0].split()[-1]}": text
    for number, text in enumerate(our_queries())
}


def used_fields() -> list[tuple[str, Any]]:
    """Return every (type.field, definition) that our queries ask for."""
    found: list[tuple[str, Any]] = []
    types = TypeInfo(admin_schema())

    class Collector(Visitor):
        def enter_field(self, node: Any, *_: Any) -> None:
            if node.name.value != "__typename":
                found.append(
                    (f"{types.get_parent_type()}.{node.name.value}", types.get_field_def())
                )

    for text in QUERIES.values():
        visit(parse(text), TypeInfoVisitor(types, Collector()))
    return found


def directives(definition: Any) -> dict[str, Any]:
    node = definition.ast_node
    return {d.name.value: d for d in (node.directives or () if node is not None else ())}


@pytest.mark.parametrize("text", QUERIES.values(), ids=QUERIES.keys())
def test_every_query_is_valid(text: str) -> None:
    assert find_errors(text) == []


def test_all_our_queries_are_among_them() -> None:
    assert {queries.ORDERS, queries.WIDE_ORDER, list_queries.CUSTOMERS} <= set(QUERIES.values())
    assert len(QUERIES) >= 17


def test_the_schema_is_of_the_version_we_ask_for_and_small() -> None:
    text = SCHEMA_FILE.read_text(encoding="utf-8")
    assert f"schema {API_VERSION} " in text.splitlines()[0]
    assert len(text) < 300_000


def test_no_query_asks_for_what_is_deprecated() -> None:
    deprecated = {name for name, field in used_fields() if "deprecated" in directives(field)}
    assert deprecated == set()


def test_of_protected_fields_only_contacts_are_asked_for_and_they_are_hashed() -> None:
    protected = {name for name, field in used_fields() if "level2" in directives(field)}
    assert protected == {"CustomerEmailAddress.emailAddress", "CustomerPhoneNumber.phoneNumber"}
    keys = SOURCE.stream("customers").personal_keys
    assert {name.partition(".")[2] for name in protected} <= keys


def test_the_documented_scopes_are_enough() -> None:
    def scopes_of(definition: Any) -> set[str]:
        access = directives(definition).get("access")
        return {v.value for v in access.arguments[0].value.values} if access is not None else set()

    for name, field in used_fields():
        for needed in (scopes_of(field), scopes_of(get_named_type(field.type))):
            assert not needed or needed & set(SCOPES), (name, needed)
    for scope in SCOPES:
        assert f"`{scope}`" in SOURCE.doc


def test_the_sandbox_knows_no_field_that_shopify_does_not() -> None:
    invented = [
        f"{owner}.{name}"
        for owner, fields in TYPES.items()
        for name in fields
        if (kind := admin_schema().type_map.get({"Query": "QueryRoot"}.get(owner, owner)))
        and name not in getattr(kind, "fields", {name: None})
        and (owner, name) not in {("Query", "orders")}
    ]
    assert invented == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "{ orders(first: 1) { nodes { colour } } }",
            "Field 'colour' doesn't exist on type 'Order'",
        ),
        ("{ orders(fist: 1) { nodes { id } } }", "Unknown argument 'fist'"),
        ("{ orders(first: 1, sortKey: UPDATED) { nodes { id } } }", "UPDATED"),
        ("{ orders(first: 1) { nodes { customer } } }", "selection of subfields"),
        ("{ order { id } }", "'ID!' is required"),
        ("query Q($n: Int!) { orders(first: 1) { nodes { id } } }", r"'\$n' is never used"),
        ("query Q($n: String) { orders(first: $n) { nodes { id } } }", "expecting type 'Int'"),
        ("{ orders(first: 1) { nodes { ... on Product { id } } } }", "can never be of type"),
        ("{ orders(first: 1) { nodes { id }", "Syntax Error"),
    ],
)
def test_what_shopify_refuses_is_refused_here(text: str, message: str) -> None:
    errors = find_errors(text)
    assert errors
    assert re.search(message, errors[0]["message"])


@pytest.mark.parametrize(
    "variables",
    [{}, {"query": "", "first": "50"}, {"query": None, "first": 1}, {"query": "", "first": 1.5}],
)
def test_variables_must_fit_their_types(variables: dict[str, Any]) -> None:
    errors = find_variable_errors(list_queries.CUSTOMERS, variables)
    assert errors
    assert {error["extensions"]["code"] for error in errors} == {"INVALID_VARIABLE"}
    assert find_variable_errors(list_queries.CUSTOMERS, {"query": "", "first": 50}) == []


NOON = dt.datetime(2026, 11, 4, 12, tzinfo=dt.UTC)
LISTS = [
    list_queries.orders_list(NOON, NOON),
    list_queries.orders_by_id(["1", "2"]),
    list_queries.order_ids_list(NOON, NOON),
    list_queries.customers_list(NOON, NOON, with_contacts=True),
    list_queries.customers_list(NOON, NOON, with_contacts=False),
    list_queries.variants_list(),
    list_queries.discounts_list(),
]


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.name)
def test_a_list_and_its_count_take_the_variables_they_are_given(
    listed: list_queries.ListQuery,
) -> None:
    search = {"query": listed.search(listed.start)}
    paging = {"first": listed.size, "after": None}
    assert find_variable_errors(listed.text, {**search, **paging, **listed.sizes}) == []
    if listed.count is not None:
        assert ("$query" in listed.count.text) is listed.count.takes_search
        assert f"  {listed.count.name}(" in listed.count.text
    assert f"  {listed.name}(" in listed.text
