"""Groups of orders in which one thing alone connects what a second day changes with what it must:
answers of the survey, names of orders, GA4's transactions and codes.

Each writes its first day, yields, writes its second day and yields what is true then; the names of
the functions are the names of the tests. `edge_market` says how orders and persons are written.
"""

from __future__ import annotations

import datetime as dt

from edge_market import EdgeMarket, Expected, Group, groups_of
from hand_made_market import GA4, SHOP, utc

# ---- answers


def an_answer_with_the_address_of_a_customer(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.place("s1", "03-04")
    yield None
    m.answer("r1", "s1", "x")
    yield Expected({"s1": "c1"})


def an_answer_that_names_the_id(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.place("s1", "03-04")
    yield None
    m.answer("r1", m.order_key("s1")[1], "x")
    yield Expected({"s1": "c1"})


def an_answer_with_the_address_of_a_guest(m: EdgeMarket) -> Group:
    m.place("s1", "03-05")
    m.answer("r1", "s1", "x")
    m.place("s2", "03-04")
    yield None
    m.answer("r2", "s2", "x")
    yield Expected({"s1": "mail x", "s2": "mail x"}, frozenset({"s1"}))


def an_order_later_than_its_answer(m: EdgeMarket) -> Group:
    m.place("s1", "03-05")
    m.answer("r1", "s1", "x")
    m.answer("r2", "s2", "x")
    yield None
    m.place("s2", "03-04")
    yield Expected({"s1": "mail x", "s2": "mail x"}, frozenset({"s1"}))


def an_answer_about_another_order(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.place("s1", "03-04")
    m.place("s2", "03-05")
    m.answer("r1", "s1", "x")
    yield None
    m.answer("r1", "s2", "x")
    yield Expected({"s1": None, "s2": "c1"})


def an_answer_with_another_address(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.customer("s1", 2, "y")
    m.place("s1", "03-04")
    m.answer("r1", "s1", "x")
    yield None
    m.answer("r1", "s1", "y")
    yield Expected({"s1": "c2"})


def an_answer_without_its_address(m: EdgeMarket) -> Group:
    m.place("s1", "03-04")
    m.place("s2", "03-05")
    m.answer("r1", "s1", "x")
    m.answer("r2", "s2", "x")
    yield None
    m.answer("r1", "s1", None)
    yield Expected({"s1": None, "s2": "mail x"})


def two_answers_that_agree_at_last(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.customer("s1", 2, "y")
    m.place("s1", "03-04")
    m.place("s2", "03-05")
    m.answer("r1", "s1", "x")
    m.answer("r2", "s1", "y")
    yield None
    m.answer("r1", "s2", "x")
    yield Expected({"s1": "c2", "s2": "c1"})


def two_answers_by_name_and_by_id(m: EdgeMarket) -> Group:
    m.place("s1", "03-04")
    m.answer("r1", "s1", "x")
    yield None
    m.answer("r2", m.order_key("s1")[1], "x")
    yield Expected({"s1": "mail x"})


# ---- names that two shops have


def an_order_with_the_name_of_another(m: EdgeMarket) -> Group:
    """Whose answer and whose transaction it is nobody knows any more."""
    m.place("s1", "03-04")
    m.bought("s1", "03-04", "ana")
    m.answer("r1", "s1", "x")
    yield None
    m.place("w1", "03-04")
    yield Expected({"s1": None, "w1": None})


def an_answer_that_names_an_order_that_stays(m: EdgeMarket) -> Group:
    """Worked out anew for its browser's sake, the one does not get what may be the other's."""
    m.place("s1", "03-04")
    m.place("w5", "03-04")
    m.change_order("w5", number=str(m.number("s1")))
    m.answer("r1", "s1", "x")
    m.place("s2", "03-05", customer=1)
    m.browse("laptop", 1, "03-04", buys=m.order_key("s1")[1])
    m.browse("laptop", 2, "03-05", buys="s2")
    yield None
    m.place("s3", "03-03", customer=1)
    customers = {"s1": "c1", "s2": "c1", "s3": "c1", "w5": None}
    yield Expected(
        customers,
        frozenset({"s1", "s2"}),
        {order: {"laptop"} for order in ("s1", "s2", "s3")},
    )


def an_order_that_gives_up_the_name_of_another(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.place("s1", "03-04")
    m.place("w5", "03-04")
    m.change_order("w5", number=str(m.number("s1")))
    m.bought("s1", "03-04", "ana")
    m.browse("laptop", 1, "03-04", buys="s1")
    m.answer("r1", "s1", "x")
    yield None
    m.change_order("w5", number=f"{m.base} again")
    yield Expected({"s1": "c1", "w5": None}, visitors={"s1": {"laptop"}}, ga4={"s1": "ana"})


# ---- GA4's transactions and the shop's codes


def a_transaction_later_than_its_order(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", codes=("BO15",))
    yield None
    m.bought("s1", "03-04", "ana")
    yield Expected({"s1": None}, ga4={"s1": "ana"}, redeemed={"s1": "seen"})


def a_transaction_that_names_the_id(m: EdgeMarket) -> Group:
    m.place("s1", "03-04")
    yield None
    m.bought("s1", "03-04", "ana", transaction_id=m.order_key("s1")[1])
    yield Expected({"s1": None}, ga4={"s1": "ana"})


def a_transaction_with_another_source(m: EdgeMarket) -> Group:
    m.place("s1", "03-04")
    m.bought("s1", "03-04", "ana")
    yield None
    key = {"transaction_id": f"#{m.number('s1')}"}
    m.change("ga4__transactions", key, session_manual_ad_content="bo")
    yield Expected({"s1": None}, ga4={"s1": "bo"})


def a_transaction_that_is_gone(m: EdgeMarket) -> Group:
    m.place("s1", "05-20")
    m.bought("s1", "05-20", "ana")
    yield None
    _withdraw(m, dt.date(2026, 5, 21))
    yield Expected({"s1": None})


def a_transaction_that_is_gone_when_its_month_is_read_again(m: EdgeMarket) -> Group:
    """A week's first load reads 30 days once more; its window is its own day all the same."""
    m.place("s1", "07-10")
    m.bought("s1", "07-10", "ana")
    yield None
    _withdraw(m, dt.date(2026, 8, 9))
    yield Expected({"s1": None})


def _withdraw(m: EdgeMarket, day: dt.date) -> None:
    transaction_id = f"#{m.number('s1')}"
    m.connection.execute(
        "delete from raw.ga4__transactions where transaction_id = %s", [transaction_id]
    )
    own = EdgeMarket(m.connection, 100 + m.base)
    own.record_load(GA4, "transactions", day, deleted=1)


def a_code_on_another_order(m: EdgeMarket) -> Group:
    """The first order turns out to have none, the second customer redeems it again."""
    m.place("s1", "03-04", customer=1, codes=("ANA15",))
    m.place("s2", "03-05", customer=1)
    yield None
    key = {"order_id": m.order_key("s1")[1]}
    m.connection.execute(
        "delete from raw.shopify__order_discount_codes where order_id = %s", [key["order_id"]]
    )
    m.change_order("s1")
    m.add(
        "shopify__order_discount_codes", connection_id=SHOP, order_id=m.order_key("s2")[1],
        position=0, code="ANA15",
    )  # fmt: skip
    m.change_order("s2")
    yield Expected({"s1": "c1", "s2": "c1"}, frozenset({"s2"}), redeemed={"s2": ""})


def a_code_of_a_guest_who_was_known(m: EdgeMarket) -> Group:
    m.place("w1", "03-05", mail="x", code="BO15")
    m.place("w2", "03-04", customer=1)
    yield None
    m.customer("w2", 1, "x")
    yield Expected({"w1": "c1", "w2": "c1"}, frozenset({"w1"}), redeemed={"w1": ""})


def a_code_that_turns_out_to_lower_no_goods(m: EdgeMarket) -> Group:
    m.place("s1", "03-05", customer=1, codes=("ANA15", f"SHIP{m.base}"))
    yield None
    m.add(
        "shopify__discount_codes", connection_id=SHOP, code_id="1", code=f"SHIP{m.base}",
        discount_type="DiscountCodeFreeShipping", window_start=utc("2026-03-09 05:00"),
    )  # fmt: skip
    yield Expected({"s1": "c1"}, redeemed={"s1": ""})


def a_code_of_a_customer_in_another_country(m: EdgeMarket) -> Group:
    """Two orders of three say where the shop is at home."""
    for customer in (1, 2, 3):
        m.customer(f"s{customer}", customer, None, country_code="US")
        codes = ("ANA15",) if customer == 1 else ()
        m.place(f"s{customer}", "03-05", customer=customer, codes=codes)
    yield None
    m.customer("s1", 1, None, country_code="DE")
    yield Expected({"s1": "c1", "s2": "c2", "s3": "c3"}, redeemed={"s1": "abroad"})


GROUPS = groups_of(globals())
