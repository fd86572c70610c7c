"""Persons who are numbers: short ones, and guests, who are 0."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

import psycopg
import pytest
from erasure_shop import AT_ONCE, BEAS_MAIL, MAIL, Shop, hashed, replayed

from include.privacy.erasure import Person, apply_erasure
from include.privacy.requests import process_requests
from include.replay import replay_all
from include.sources._base import Record, at
from tests.conftest import Warehouse
from tests.fakes.person_shop import CUSTOMERS, KEY, ORDERS, PERSON_SHOP, customer, order, page


def test_short_numbers_are_erased_only_where_a_person_stands(
    clean_warehouse: Warehouse, tmp_path: Path
) -> None:
    """Customer 17 of a small shop: 17 is also an order's number and a total."""
    shop = Shop(clean_warehouse, tmp_path)
    shop.loader.run(
        ORDERS, page(order("17", 17, price={"amount": "17"}, note="17 pieces"), order("18", 16))
    )
    shop.loader.run(CUSTOMERS, page(customer(17, None), customer(16, None)))
    with psycopg.connect(shop.warehouse.dsn("transformer")) as conn:
        conn.execute("create table core.orders_of as select * from raw.small_shop__orders")
    person = Person(0, {"17"})
    with psycopg.connect(shop.warehouse.dsn("loader")) as conn:
        [(person.request_id,)] = conn.execute(
            "insert into secrets.privacy_requests (request_key, connection_id, topic, origin,"
            " requested_at, due_at) values ('k', 'small_shop', 'customers/redact', 'file', now(),"
            " now()) returning request_id"
        ).fetchall()

    apply_erasure(shop.places, PERSON_SHOP, "small_shop", [person])

    [row, other] = shop.rows(
        "select order_id, total, note, customer_id from raw.small_shop__orders order by 1"
    )
    assert row[:3] == ("17", Decimal(17), "17 pieces")
    assert row[3].startswith("erased-")
    assert other[3] == "16"
    assert shop.rows("select customer_id from core.orders_of order by order_id")[0] == (row[3],)
    replayed(shop)
    assert shop.rows("select order_id, customer_id from raw.small_shop__orders order by 1") == [
        ("17", row[3]),
        ("18", "16"),
    ]
    clean_warehouse.reset()


class NumberedOrder(Record, rename="camel", frozen=True, array_like=True):
    """An order of a shop whose customers are numbers, 0 for a guest."""

    order_id: Annotated[str, at("id")]
    updated_at: dt.datetime
    customer_id: int
    email: str | None


NUMBERED = replace(
    ORDERS,
    name="numbered",
    record=NumberedOrder,
    children=(),
    subject_columns=("customer_id", "email"),
)
NUMBERED_SHOP = replace(PERSON_SHOP, streams=(NUMBERED,))


def numbered(order_id: str, customer_id: int, email: str | None) -> dict[str, Any]:
    updated = "2026-11-04T10:00:00Z"
    return {"id": order_id, "updatedAt": updated, "customerId": customer_id, "email": email}


@pytest.fixture
def numbers(clean_warehouse: Warehouse, tmp_path: Path) -> Iterator[Shop]:
    """Ana is customer 17 and buys as a guest, too; so does Bea, who has no number."""
    shop = Shop(clean_warehouse, tmp_path)
    shop.loader.source = NUMBERED_SHOP
    shop.loader.run(
        NUMBERED,
        page(
            numbered("1", 17, MAIL),
            numbered("2", 0, MAIL),
            numbered("3", 0, BEAS_MAIL),
            numbered("4", 18, None),
            numbered("17", 18, None),
        ),
    )
    yield shop
    clean_warehouse.reset()


def work_by_connection(shop: Shop, topic: str, **fields: Any) -> None:
    shop.ask(topic, shop_domain=None, connection_id="small_shop", **fields)
    for _ in range(2):
        process_requests(
            shop.places,
            shop.folder / "privacy",
            {"small_shop": NUMBERED_SHOP},
            settle=AT_ONCE,
        )


NUMBERED_ROWS = "select order_id, customer_id, email from raw.small_shop__numbered order by 1"


def test_numbers_become_other_numbers_and_guests_stay_guests(numbers: Shop) -> None:
    work_by_connection(numbers, "customers/redact", customer={"email": MAIL})

    rows = {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)}
    token = rows["1"][1]
    assert token.startswith("erased-")
    assert rows["1"][0] < 0
    assert rows["2"] == [0, token]
    assert rows["3"] == [0, hashed(BEAS_MAIL)]
    assert rows["4"] == rows["17"] == [18, None]
    assert numbers.files_with(hashed(MAIL), ":17,") == []
    replay_numbered(numbers)
    assert {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)} == rows


def replay_numbered(shop: Shop) -> None:
    with psycopg.connect(shop.places.loader_dsn) as conn:
        conn.execute("truncate raw.small_shop__numbered")
    replay_all(
        NUMBERED_SHOP,
        NUMBERED,
        "small_shop",
        dsn=shop.places.loader_dsn,
        landing_url=shop.places.landing_url,
        hash_key=KEY,
    )


def test_a_whole_shop_of_numbers(numbers: Shop) -> None:
    work_by_connection(numbers, "shop/redact")

    rows = {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)}
    assert rows["1"][0] < 0
    assert rows["4"][0] == rows["17"][0] < 0
    assert rows["4"][0] != rows["1"][0]
    assert rows["2"][0] == rows["3"][0] == 0
    assert rows["1"][1] == rows["2"][1] != rows["3"][1]
    replay_numbered(numbers)
    assert {key: rest for key, *rest in numbers.rows(NUMBERED_ROWS)} == rows
