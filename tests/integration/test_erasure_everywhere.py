"""A person who asks to be forgotten is found in no table and no landed file; money stays.

The searches read every column of every table of every schema, and every file below landing.
"""

from __future__ import annotations

from decimal import Decimal

import psycopg
from erasure_shop import ANA, ANAS, BEA, BEAS_MAIL, MAIL, PHONE, Shop, forget_ana, hashed, replayed

pytest_plugins = ("erasure_fixtures",)


def test_nothing_of_the_person_is_left_anywhere(shop: Shop) -> None:
    # The search finds what it is to find.
    assert set(shop.tables_with(*ANAS)) == {
        "core.orders_of",
        "marts_next.orders_of",
        "marts_v3.orders_of",
        "marts_v3.by_page",
        "quarantine.rejects",
        "raw.small_shop__customers",
        "raw.small_shop__moments",
        "raw.small_shop__orders",
    }
    assert len(shop.files_with(*ANAS)) == 4  # three pages and the manifest with the request

    forget_ana(shop)

    assert shop.tables_with(*ANAS) == []
    assert shop.files_with(*ANAS) == []


def test_money_and_everybody_else_stay(shop: Shop) -> None:
    money = "select order_id, total from raw.small_shop__orders order by 1"
    beas = "select * from raw.small_shop__customers where customer_id = '" + BEA + "'"
    before = shop.rows(money), shop.rows(beas), shop.tables_with(BEA)

    forget_ana(shop)

    assert (shop.rows(money), shop.rows(beas), shop.tables_with(BEA)) == before
    assert [total for _, total in before[0]] == [Decimal("10.00")] * 4
    notes = dict(shop.rows("select order_id, note from raw.small_shop__orders"))
    assert notes["6002"] == f"mail to {BEAS_MAIL}"
    tokens = shop.rows(
        "select order_id, customer_id from raw.small_shop__orders where order_id <> '6002'"
        " order by 1"
    )
    [first, guest, second] = [token for _, token in tokens]
    # One person's orders stay together, under a name that says nothing.
    assert first == second
    assert first.startswith("erased-")
    assert guest is None
    assert notes["6001"] == f"call {first}"
    assert shop.rows(
        "select customer_id, email_hash, phone_hash from raw.small_shop__customers"
        " where customer_id <> '" + BEA + "'"
    ) == [(first, first, first)]
    assert shop.rows("select customer_id from marts_v3.orders_of where order_id = '6001'") == [
        (first,)
    ]


def test_changed_orders_are_pending_for_the_next_measure_run(shop: Shop) -> None:
    forget_ana(shop)

    loads = shop.rows(
        "select stream, rows_merged, status, load_id from quality.load_windows"
        " where run_id like 'erasure-%' order by stream"
    )
    assert [row[:3] for row in loads] == [("customers", 1, "loaded"), ("orders", 2, "loaded")]
    pending = shop.rows(
        f"select order_id from raw.small_shop__orders where _load_id = {loads[1][3]} order by 1"
    )
    assert pending == [("6001",), ("6004",)]
    # A hash over the erased values would let a guess be confirmed.
    hashes = shop.rows("select _content_hash from raw.small_shop__orders where order_id = '6001'")
    assert hashes == [(b"",)]


def test_a_person_known_by_an_order_only_is_found(shop: Shop) -> None:
    """A guest's request may name nothing but orders: their customer is linked."""
    shop.name_shop()
    shop.ask(customer={}, orders_to_redact=[6004])
    shop.work()
    shop.work()
    assert shop.tables_with(ANA, hashed(MAIL), hashed(PHONE)) == []
    assert shop.files_with(ANA, hashed(MAIL)) == []


def test_an_address_alone_finds_the_customer_number(shop: Shop) -> None:
    shop.name_shop()
    shop.ask(customer={"email": MAIL})
    shop.work()
    assert shop.tables_with(ANA, MAIL, hashed(MAIL), hashed(PHONE)) == []
    assert shop.files_with(ANA, MAIL, hashed(MAIL)) == []


def test_a_whole_shop_is_forgotten_and_its_money_stays(shop: Shop) -> None:
    everybody = (ANA, BEA, hashed(MAIL), hashed(PHONE), hashed(BEAS_MAIL))
    shop.name_shop()
    shop.ask("shop/redact")
    shop.work()
    shop.work()
    assert shop.tables_with(*everybody, PHONE, BEAS_MAIL) == []
    assert shop.files_with(*everybody) == []
    rows = shop.rows("select customer_id, total from raw.small_shop__orders order by order_id")
    tokens = [token for token, _ in rows]
    assert tokens[0] == tokens[3] != tokens[1]
    assert tokens[2] is None
    replayed(shop)
    again = shop.rows("select customer_id, total from raw.small_shop__orders order by order_id")
    assert again == rows


def test_another_connection_of_the_source_is_left_alone(shop: Shop) -> None:
    with psycopg.connect(shop.warehouse.admin_dsn) as conn:
        conn.execute(
            "insert into raw.small_shop__orders select 'small_shop__two', order_id, updated_at,"
            " total, customer_id, note, _extra, _content_hash, _captured_at, _load_id, _loaded_at"
            " from raw.small_shop__orders where order_id = '6001'"
        )
    forget_ana(shop)
    kept = "select customer_id from raw.small_shop__orders where connection_id = 'small_shop__two'"
    assert shop.rows(kept) == [(ANA,)]
