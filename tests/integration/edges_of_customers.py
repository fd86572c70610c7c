"""Groups of orders in which one thing alone connects what a second day changes with what it must:
customers, their addresses, and who is merged into whom.

Each writes its first day, yields, writes its second day and yields what is true then; the names of
the functions are the names of the tests. `edge_market` says how orders and persons are written.
"""

from __future__ import annotations

import datetime as dt

from edge_market import EdgeMarket, Expected, Group, groups_of


def bystanders(m: EdgeMarket) -> Group:
    """Nothing happens to them."""
    m.customer("w1", 1, "x")
    m.place("w1", "03-04", customer=1)
    m.place("w2", "03-05", mail="x")
    m.place("w3", "03-06", code="ANA15")
    m.bought("w3", "03-06", "ana")
    m.browse("laptop", 1, "03-05", buys="w2")
    m.browse("laptop", 2, "03-06", buys="w3", user="u")
    m.browse("phone", 1, "03-03", user="u")
    yield None
    both = {"laptop", "phone"}
    customers = dict.fromkeys(("w1", "w2", "w3"), "c1")
    yield Expected(
        customers,
        frozenset({"w2", "w3"}),
        dict.fromkeys(customers, both),
        ga4={"w3": "ana"},
        redeemed={"w3": "seen"},
    )


# ---- customers and addresses


def an_earlier_order_of_a_customer(m: EdgeMarket) -> Group:
    m.place("w1", "03-05", customer=1, code="ANA15")
    yield None
    m.place("w2", "03-04", customer=1)
    customers = dict.fromkeys(("w1", "w2"), "c1")
    yield Expected(customers, frozenset({"w1"}), redeemed={"w1": ""})


def an_earlier_order_of_a_guest(m: EdgeMarket) -> Group:
    m.place("w1", "03-05", mail="x")
    yield None
    m.place("w2", "03-04", mail="x")
    yield Expected({"w1": "mail x", "w2": "mail x"}, frozenset({"w1"}))


def a_customer_with_the_address_of_an_earlier_guest(m: EdgeMarket) -> Group:
    m.place("w1", "03-05", mail="x")
    yield None
    m.customer("w1", 1, "x")
    yield Expected({"w1": "c1"})


def a_guest_with_the_address_of_a_customer(m: EdgeMarket) -> Group:
    m.customer("w1", 1, "x")
    yield None
    m.place("w1", "03-05", mail="x")
    yield Expected({"w1": "c1"})


def a_customer_with_another_address(m: EdgeMarket) -> Group:
    m.customer("w1", 1, "x")
    m.place("w1", "03-04", mail="x")
    m.place("w2", "03-05", mail="y")
    yield None
    m.customer("w1", 1, "y")
    yield Expected({"w1": "mail x", "w2": "c1"})


def a_customer_without_an_address(m: EdgeMarket) -> Group:
    m.customer("s1", 1, "x")
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05", customer=2)
    m.customer("s1", 2, "x")
    yield None
    m.customer("s1", 2, None)
    yield Expected({"s1": "c1", "s2": "c2"})


def one_customer_more_than_an_address_may_have(m: EdgeMarket) -> Group:
    for customer in range(1, 6):
        m.customer("w1", customer, "x")
    m.place("w1", "03-05", mail="x")
    yield None
    m.customer("w1", 6, "x")
    yield Expected({"w1": "mail x"})


def one_customer_fewer_than_too_many(m: EdgeMarket) -> Group:
    for customer in range(1, 7):
        m.customer("w1", customer, "x")
    m.place("w1", "03-05", mail="x")
    yield None
    m.customer("w1", 6, "y")
    yield Expected({"w1": "c1"})


def an_order_of_another_customer(m: EdgeMarket) -> Group:
    m.place("w1", "03-04", customer=1)
    m.place("w2", "03-05", customer=1)
    m.place("w3", "03-06", customer=2)
    yield None
    m.change_order("w1", customer=2)
    yield Expected({"w1": "c2", "w2": "c1", "w3": "c2"}, frozenset({"w3"}))


def an_order_of_another_address(m: EdgeMarket) -> Group:
    m.place("w1", "03-04", mail="x")
    m.place("w2", "03-05", mail="x")
    yield None
    m.change_order("w1", mail="y")
    yield Expected({"w1": "mail y", "w2": "mail x"})


def two_customers_joined_by_an_order(m: EdgeMarket) -> Group:
    m.place("w1", "03-04", customer=1, mail="x")
    m.place("w2", "03-05", customer=2, mail="y")
    yield None
    m.change_order("w2", mail="x")
    yield Expected({"w1": "c1", "w2": "c1"}, frozenset({"w2"}))


def two_customers_parted_by_an_order(m: EdgeMarket) -> Group:
    m.place("w1", "03-04", customer=1, mail="x")
    m.place("w2", "03-05", customer=2, mail="x")
    yield None
    m.change_order("w2", mail="y")
    yield Expected({"w1": "c1", "w2": "c2"})


# ---- customers the shop makes one


def a_merge(m: EdgeMarket) -> Group:
    m.place("s1", "02-01", customer=1)
    m.place("s2", "02-02", customer=2)
    yield None
    m.listed("s1", 2, "03-20")
    yield Expected({"s1": "c2", "s2": "c2"}, frozenset({"s2"}))


def a_merge_taken_back(m: EdgeMarket) -> Group:
    m.place("s1", "02-03", customer=1)
    m.place("s2", "02-04", customer=2)
    m.listed("s1", 2, "03-20")
    yield None
    m.listed("s1", 1, "03-21")
    yield Expected({"s1": "c1", "s2": "c2"})


def a_merge_into_somebody_else(m: EdgeMarket) -> Group:
    m.place("s1", "02-05", customer=1)
    m.place("s2", "02-06", customer=2)
    m.place("s3", "02-04", customer=3)
    m.listed("s1", 2, "03-20")
    yield None
    m.listed("s1", 3, "03-21")
    yield Expected({"s1": "c3", "s2": "c2", "s3": "c3"}, frozenset({"s1"}))


def an_order_of_who_was_merged(m: EdgeMarket) -> Group:
    m.place("s1", "02-07", customer=1)
    m.place("s2", "02-08", customer=2)
    m.listed("s1", 2, "03-20")
    yield None
    m.place("s3", "02-06", customer=1)
    yield Expected(dict.fromkeys(("s1", "s2", "s3"), "c2"), frozenset({"s1", "s2"}))


def an_order_of_whom_others_were_merged_into(m: EdgeMarket) -> Group:
    m.place("s1", "02-09", customer=1)
    m.place("s2", "02-10", customer=2)
    m.listed("s1", 2, "03-20")
    yield None
    m.place("s3", "02-08", customer=2)
    yield Expected(dict.fromkeys(("s1", "s2", "s3"), "c2"), frozenset({"s1", "s2"}))


def a_merged_order_later_than_the_list_of_its_day(m: EdgeMarket) -> Group:
    m.place("s2", "02-12", customer=2)
    m.list_day("s1", dt.date(2026, 2, 11), 2, "03-20")
    yield None
    m.place("s1", "02-11", customer=1)
    yield Expected({"s1": "c2", "s2": "c2"}, frozenset({"s2"}))


GROUPS = groups_of(globals())
