"""Groups of orders in which one thing alone connects what a second day changes with what it must:
browsers, the users signed in there, and what they bought.

Each writes its first day, yields, writes its second day and yields what is true then; the names of
the functions are the names of the tests. `edge_market` says how orders and persons are written.
"""

from __future__ import annotations

from edge_market import EdgeMarket, Expected, Group, groups_of

BROWSERS = tuple(f"browser-{n}" for n in range(1, 22))


def an_address_of_who_bought_in_a_browser(m: EdgeMarket) -> Group:
    """The guest of the browser's other order turns out to be a customer."""
    m.place("w1", "03-04", mail="x")
    m.place("w2", "03-05")
    m.browse("laptop", 1, "03-04", buys="w1")
    m.browse("laptop", 2, "03-05", buys="w2")
    yield None
    m.customer("w1", 1, "x")
    yield Expected(
        {"w1": "c1", "w2": "c1"}, frozenset({"w2"}), {"w1": {"laptop"}, "w2": {"laptop"}}
    )


def an_address_of_who_bought_as_a_user(m: EdgeMarket) -> Group:
    m.place("w1", "03-04", mail="x")
    m.place("w2", "03-05")
    m.browse("laptop", 1, "03-04", buys="w1", user="u")
    m.browse("phone", 1, "03-05", buys="w2", user="u")
    yield None
    m.customer("w1", 1, "x")
    both = {"laptop", "phone"}
    yield Expected({"w1": "c1", "w2": "c1"}, frozenset({"w2"}), {"w1": both, "w2": both})


def a_purchase_later_than_its_order(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05")
    m.browse("laptop", 1, "03-04", buys="s1")
    yield None
    m.browse("laptop", 2, "03-05", buys="s2")
    yield _both_on_the_laptop()


def a_purchase_later_than_its_order_by_the_id(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05")
    m.browse("laptop", 1, "03-04", buys="s1")
    yield None
    m.browse("laptop", 2, "03-05", buys=m.order_key("s2")[1])
    yield _both_on_the_laptop()


def an_order_later_than_its_purchase(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.browse("laptop", 1, "03-04", buys="s1")
    m.browse("laptop", 2, "03-05", buys="s2")
    yield None
    m.place("s2", "03-05")
    yield _both_on_the_laptop()


def an_order_later_than_its_purchase_by_the_id(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.browse("laptop", 1, "03-04", buys="s1")
    m.browse("laptop", 2, "03-05", buys=m.order_key("s2")[1])
    yield None
    m.place("s2", "03-05")
    yield _both_on_the_laptop()


def _both_on_the_laptop() -> Expected:
    both = {"s1": {"laptop"}, "s2": {"laptop"}}
    return Expected({"s1": "c1", "s2": "c1"}, frozenset({"s2"}), both)


def a_session_that_bought_nothing_after_all(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05")
    m.browse("laptop", 1, "03-04", buys="s1")
    m.browse("laptop", 2, "03-05", buys="s2")
    yield None
    m.change_session("laptop", 2, event_name="page_view", ecommerce_transaction_id=None)
    yield Expected({"s1": "c1", "s2": None}, visitors={"s1": {"laptop"}})


def a_second_customer_in_a_browser(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05")
    m.browse("laptop", 1, "03-04", buys="s1")
    m.browse("laptop", 2, "03-05", buys="s2")
    yield None
    m.place("s3", "03-06", customer=2)
    m.browse("laptop", 3, "03-06", buys="s3")
    customers = {"s1": "c1", "s2": "in laptop", "s3": "c2"}
    yield Expected(customers, visitors={order: {"laptop"} for order in customers})


def a_sign_in(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.browse("phone", 1, "03-03", user="u")
    m.browse("laptop", 1, "03-04", buys="s1")
    yield None
    m.browse("laptop", 2, "03-05", user="u")
    yield Expected({"s1": "c1"}, visitors={"s1": {"laptop", "phone"}})


def a_first_purchase_after_a_sign_in(m: EdgeMarket) -> Group:
    m.browse("phone", 1, "03-03", user="u")
    m.browse("laptop", 1, "03-04", user="u")
    yield None
    m.place("s1", "03-05", customer=1)
    m.browse("laptop", 2, "03-05", buys="s1")
    yield Expected({"s1": "c1"}, visitors={"s1": {"laptop", "phone"}})


def a_buyer_who_was_not_signed_in(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-06")
    m.browse("laptop", 1, "03-03", user="u")
    m.browse("laptop", 2, "03-04", buys="s1")
    m.browse("phone", 1, "03-06", buys="s2", user="u")
    yield None
    m.change_session("laptop", 1, user_id=None)
    yield Expected({"s1": "c1", "s2": "user u"}, visitors={"s1": {"laptop"}, "s2": {"phone"}})


def a_visitor_who_was_not_signed_in(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.browse("laptop", 1, "03-04", buys="s1", user="u")
    m.browse("phone", 1, "03-03", user="u")
    yield None
    m.change_session("phone", 1, user_id=None)
    yield Expected({"s1": "c1"}, visitors={"s1": {"laptop"}})


def a_second_user_in_a_browser(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-06")
    m.browse("laptop", 1, "03-04", buys="s1", user="u")
    m.browse("phone", 1, "03-06", buys="s2", user="u")
    yield None
    m.browse("laptop", 2, "03-07", user="somebody else")
    yield Expected({"s1": "c1", "s2": "user u"}, visitors={"s1": {"laptop"}, "s2": {"phone"}})


def one_browser_more_than_a_customer_may_have(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05", customer=1)
    for browser in BROWSERS[:-1]:
        m.browse(browser, 1, "03-04", buys="s1")
    yield None
    m.browse(BROWSERS[-1], 1, "03-04", buys="s1")
    yield Expected({"s1": "c1", "s2": "c1"}, frozenset({"s2"}), {"s1": set(BROWSERS)})


def one_browser_fewer_than_too_many(m: EdgeMarket) -> Group:
    m.place("s1", "03-04", customer=1)
    m.place("s2", "03-05", customer=1)
    for browser in BROWSERS:
        m.browse(browser, 1, "03-04", buys="s1")
    yield None
    m.change_session(BROWSERS[-1], 1, event_name="page_view", ecommerce_transaction_id=None)
    left = set(BROWSERS[:-1])
    yield Expected({"s1": "c1", "s2": "c1"}, frozenset({"s2"}), {"s1": left, "s2": left})


GROUPS = groups_of(globals())
