"""Who ordered, how evidence is spelled, what a public code still says: one build, read by hand."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hand_made_market import PLAN, SHOP, Market, utc
from in_process_dbt import run_dbt
from test_attribution_evidence import event

OTHER_SHOP = "shopify__eu"
MAIL = hashlib.sha256(b"mail").hexdigest()
TILL = hashlib.sha256(b"till").hexdigest()
KNOWN, MERGED, KEPT, GIFTED = "7001", "7002", "7003", "7004"


def key(identity: str) -> str:
    """The key of an identity of the shop, worked out apart from the models."""
    return hashlib.md5(f"{SHOP} {identity}".encode()).hexdigest()


def purchase(market: Market, visitor: str, session: int, at: str, number: int, **v: Any) -> None:
    event(market, visitor, session, at, "purchase", ecommerce_transaction_id=f"#{number}", **v)


def customers(market: Market) -> None:
    """Orders 1-9 of one known customer, two the shop merged, and browsers."""
    noon = "2026-03-10 12:00"
    market.add(
        "shopify__customers", connection_id=SHOP, customer_id=KNOWN, email_hash=MAIL,
        created_at=utc("2026-01-01 12:00"),
    )  # fmt: skip
    # 1: the customer, on the laptop. 2: a guest who gives the same address in the survey.
    market.order(1, noon, "10.00", customer_id=KNOWN, customer_order_index=1)
    purchase(market, "laptop", 1, noon, 1)
    market.order(2, "2026-03-12 12:00", "20.00", customer_order_index=1)
    market.add(
        "files__post_purchase_survey", connection_id="files", response_id="2", order_name="#2",
        submitted_at=utc("2026-03-12 13:00"), customer_email=MAIL, answer="a friend",
    )  # fmt: skip
    # 3: nobody's name, the laptop again; the click was on the phone, under the same user.
    event(market, "phone", 1, "2026-03-13 09:00", "page_view", creator="ana", user_id="u1")
    market.order(3, "2026-03-13 12:00", "30.00")
    purchase(market, "laptop", 2, "2026-03-13 12:00", 3, user_id="u1")
    # 4, 5: two customers whom the shop made one; 4 is never read again.
    market.order(4, "2026-03-14 12:00", "40.00", customer_id=MERGED, customer_order_index=1)
    market.order(5, "2026-03-15 12:00", "50.00", customer_id=KEPT, customer_order_index=1)
    day = {"connection_id": SHOP, "created_date": dt.date(2026, 3, 14)}
    market.add("shopify__order_days", **day, _captured_at=utc("2026-03-20 09:00"))
    market.add("shopify__order_ids", **day, order_id="9000000004", customer_id=KEPT)
    # 6, 7: two customers, one family's tablet; 6's click is not 7's.
    event(market, "tablet", 1, "2026-03-16 09:00", "page_view", creator="bo")
    market.order(6, "2026-03-16 12:00", "60.00", customer_id="7006")
    purchase(market, "tablet", 2, "2026-03-16 12:00", 6)
    market.order(7, "2026-05-16 12:00", "70.00", customer_id="7007")
    purchase(market, "tablet", 3, "2026-05-16 12:00", 7)
    # 8: nothing names anybody. 9: a browser alone.
    market.order(8, "2026-03-17 12:00", "80.00")
    market.order(9, "2026-03-18 12:00", "90.00")
    purchase(market, "library", 1, "2026-03-18 12:00", 9)
    # 10, 11: a gift, then a purchase as a guest from the same browser, with a creator's code.
    gift = {"source_name": "shopify_draft_order", "total_discounts": Decimal(30)}
    market.order(10, "2026-03-02 12:00", "0.00", customer_id=GIFTED, **gift)
    market.order(11, "2026-03-03 12:00", "11.00", customer_id=GIFTED)
    purchase(market, "anas", 1, "2026-03-03 12:00", 11)
    market.order(12, "2026-03-19 12:00", "12.00", codes=("ANA15",))
    purchase(market, "anas", 2, "2026-03-19 12:00", 12)
    # Six customers of a till's address stay six.
    for number in range(13, 19):
        market.order(number, "2026-03-20 12:00", "1.00", customer_id=f"80{number}")
        market.add(
            "shopify__customers", connection_id=SHOP, customer_id=f"80{number}", email_hash=TILL,
            created_at=utc("2026-01-01 12:00"),
        )  # fmt: skip


def spellings(market: Market) -> None:
    """Orders 21-31: how codes and utm values may be written, renamed, reused and public."""
    for number, code in enumerate(("BO15", " bo15 ", "bo-15", "BO1", "CY10"), start=21):
        market.order(number, "2026-03-10 12:00", "10.00", codes=(code,))
    for number, utm in enumerate(
        (
            {"utm_campaign": "Spring Launch", "utm_content": "bo"},
            {"utm_campaign": "spring+launch ", "utm_content": "BO"},
            {"utm_campaign": "spring_launch", "utm_content": "bo"},
        ),
        start=26,
    ):
        market.order(number, "2026-03-10 12:00", "10.00")
        market.link_visit(number, "v1", "2026-03-09 12:00", "bo", **utm)
    # A renamed code is the old owner's until the day before, and two that are alike name nobody.
    plan = {"connection_id": PLAN, "campaign_id": "spring"}
    for creator, code in (("ana", "SUN-1"), ("bo", "SUN.1")):
        market.code(creator, code, dt.date(2026, 2, 1))
    market.order(29, "2026-03-10 12:00", "10.00", codes=("SUN1",))
    # Public from 10 March on (05:00 UTC is the shop's first instant of a day until the 8th, 04:00
    # after it); order 31 is a second earlier. Order 32 came through ana's link as well.
    market.add(
        "campaign_plan__codes", **plan, creator_id="ana", code="LEAK",
        valid_from=dt.date(2026, 3, 8), compromised_from=dt.date(2026, 3, 10),
    )  # fmt: skip
    market.order(30, "2026-03-10 04:00:00", "10.00", codes=("LEAK",))
    market.order(31, "2026-03-10 03:59:59", "10.00", codes=("leak",))
    market.order(32, "2026-03-10 04:00:00", "10.00", codes=("LEAK",))
    market.link_visit(32, "v1", "2026-03-09 12:00", "ana")
    # Codes count for 5 days here, links for 2: edges to the second.
    market.connection.execute(
        "update raw.campaign_plan__campaigns set lookback_days_by_evidence ="
        """ '{"discount_code": 5, "landing_page": 2}'"""
    )
    market.discovered_post("cy.ig", "post_cy", "2026-03-07 06:30:00", "2026-03-12")
    market.order(33, "2026-03-12 06:30:00", "10.00", codes=("CY15",))
    market.order(34, "2026-03-12 06:30:01", "10.00", codes=("CY15",))
    for number, second in ((35, "06:30:00"), (36, "06:30:01")):
        market.order(number, f"2026-03-09 {second}", "10.00")
        market.visit(number, "v1", "2026-03-07 06:30:00", landing_page="https://s.example/ana")


MIDNIGHTS = {
    41: ("2026-03-08 04:59:59", "2026-03-07"),
    42: ("2026-03-08 05:00:00", "2026-03-08"),
    43: ("2026-03-09 03:59:59", "2026-03-08"),
    44: ("2026-03-09 04:00:00", "2026-03-09"),
    45: ("2026-11-01 03:59:59", "2026-10-31"),
    46: ("2026-11-01 04:00:00", "2026-11-01"),
    47: ("2026-11-02 04:59:59", "2026-11-01"),
    48: ("2026-11-02 05:00:00", "2026-11-02"),
}


def midnights(market: Market) -> None:
    """Orders and purchases at midnight, both changes of clocks; a look-back over November's."""
    for number, (at, _) in MIDNIGHTS.items():
        market.order(number, at, "10.00")
        purchase(market, f"night{number}", 1, at, number)
    for number, second in ((49, "12:00:00"), (50, "12:00:01")):
        market.order(number, f"2026-11-10 {second}", "10.00")
        market.link_visit(number, "v1", "2026-10-11 12:00:00", "bo")


def hasty(market: Market) -> None:
    """The shop tells its orders to the second, GA4 to the microsecond: one click, one order."""
    market.order(53, "2026-03-10 12:00:00", "10.00")
    event(market, "hasty", 1, "2026-03-10 12:00:00.900000", "page_view", creator="ana")
    purchase(market, "hasty", 2, "2026-03-10 12:00:02", 53)


def two_shops(market: Market) -> None:
    """Both shops have an order #51 and a #52 at the same time; amounts tell, if they differ."""
    noon = utc("2026-03-10 12:00")
    for number, amounts in ((51, ("10.00", "99.00")), (52, ("10.00", "10.00"))):
        market.order(number, "2026-03-10 12:00", amounts[0])
        market.add(
            "shopify__orders", connection_id=OTHER_SHOP, order_id=f"80000000{number}",
            name=f"#{number}", created_at=noon, updated_at=noon, processed_at=noon,
            currency_code="USD", test=False,
            subtotal_price=Decimal(amounts[1]), display_financial_status="PAID",
        )  # fmt: skip
        market.transaction(f"#{number}", "2026-03-10", "bo", purchase_revenue=Decimal("10.00"))
        event(market, f"two{number}", 1, "2026-03-10 11:00", "page_view", creator="cy")
        purchase(
            market, f"two{number}", 2, "2026-03-10 12:00", number,
            purchase_revenue=Decimal("10.00"), currency="USD",
        )  # fmt: skip


class Built:
    def __init__(self, warehouse: Any) -> None:
        self.warehouse = warehouse

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.dsn("transformer")) as connection:
            return connection.execute(query.encode()).fetchall()

    def customer(self, number: int) -> str | None:
        [(found,)] = self.rows(
            f"select customer_id from core.fct_order where order_id = '{9_000_000_000 + number}'"
        )
        return str(found) if found is not None else None

    def touches(self, number: int, columns: str) -> list[tuple[Any, ...]]:
        return self.rows(
            f"select {columns} from core.fct_touchpoint where connection_id = '{SHOP}'"
            f" and order_id = '{9_000_000_000 + number}' and rule_version = 'all'"
            " order by touched_at, touch_id"
        )


@pytest.fixture(scope="module")
def built(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    warehouse.reset()
    with psycopg.connect(warehouse.admin_dsn) as connection:
        market = Market(connection, 1)
        market.record_load("shopify", "orders", dt.date(2026, 3, 20))
        for write in (Market.plan, Market.shop, customers, spellings, midnights, hasty, two_shops):
            write(market)
    select = ("+dim_customer", "+fct_order", "+fct_touchpoint", "+int_visitor_paths")
    arguments = ["build", "--select", *select, "--exclude-resource-type", "unit_test"]
    # Of the data tests those that need nothing else: keys, allowed values.
    arguments += ["--indirect-selection", "cautious"]
    run_dbt(warehouse, arguments, tmp_path_factory.mktemp("dbt_identity"))
    yield Built(warehouse)
    warehouse.reset()


def test_id_address_and_browser_are_one_customer(built: Built) -> None:
    assert {built.customer(number) for number in (1, 2, 3)} == {key(f"customer {KNOWN}")}
    assert {built.customer(number) for number in (4, 5)} == {key(f"customer {KEPT}")}
    assert built.customer(6) != built.customer(7)
    assert built.customer(8) is None
    assert built.customer(9) not in (None, built.customer(1))
    assert len({built.customer(number) for number in range(13, 19)}) == 6


def test_the_dimension_says_who_became_whom_why_and_when(built: Built) -> None:
    rows = built.rows(
        "select identity_type, stitching_rule, stitching_confidence, valid_to_at, identity_count"
        f" from core.dim_customer where current_customer_id = '{key(f'customer {KNOWN}')}'"
        " order by 1"
    )
    assert rows == [
        ("ga4_user", "same_transaction", "medium", utc("2026-03-10 12:00"), 3),
        # The address was the customer's before the guest gave it.
        ("guest", "same_email", "high", utc("2026-01-01 12:00"), 3),
        ("shop_customer", "own_id", "exact", None, 3),
    ]
    [merged] = built.rows(
        "select current_customer_id, stitching_rule, stitching_confidence, valid_to_at, is_current"
        f" from core.dim_customer where customer_id = '{key(f'customer {MERGED}')}'"
    )
    when = utc("2026-03-20 09:00")
    assert merged == (key(f"customer {KEPT}"), "shop_merge", "exact", when, False)
    text = str(built.rows("select d::text from core.dim_customer as d"))
    assert not [value for value in (MAIL, KNOWN, KEPT, "laptop", "u1,") if value in text]


def test_who_ordered_before_is_not_new(built: Built) -> None:
    """Order 2 is a guest's first, and the customer's second; 5 follows the merged customer's 4."""
    rows = built.rows("select order_id, is_new_customer from core.fct_order")
    found = {int(order_id) - 9_000_000_000: is_new for order_id, is_new in rows}
    assert [found[n] for n in (1, 2, 3, 4, 5, 8)] == [True, False, False, True, False, None]


def test_paths_hold_the_touches_of_all_the_customers_browsers(built: Built) -> None:
    """The phone's click is the laptop's purchase's; the tablet's serves the order it bought."""
    assert ("ana", "ga4_event") in built.touches(3, "channel, evidence_type")
    assert ("bo", "ga4_event") in built.touches(6, "channel, evidence_type")
    assert built.touches(7, "channel") == [("direct",)]
    statuses = built.rows(
        "select channel_path, path_status, transaction_key from intermediate.int_visitor_paths"
        " where transaction_key = '3'"
    )
    assert statuses == [("ana", "converting", "3")]


def test_a_creators_own_purchase_is_known_by_the_browser(built: Built) -> None:
    rows = built.rows("select order_class from core.fct_order where order_id = '9000000012'")
    assert rows == [("self_referral",)]


def test_codes_fit_exactly_normalised_or_by_letters(built: Built) -> None:
    found = [built.touches(number, "channel, match_quality") for number in range(21, 30)]
    bo = [[("bo", quality)] for quality in ("exact", "normalised", "fuzzy")]
    # BO1 and CY10 are other codes, and SUN1 is as near to ana's as to bo's.
    assert found == [*bo, [], [], *bo, []]


def test_a_public_code_is_a_class_of_its_own_from_its_day_on(built: Built) -> None:
    columns = "channel, evidence_type, evidence_types, evidence_class, is_in_path"
    code = ("ana", "compromised_code", "compromised_code", "compromised_code", True)
    assert built.touches(30, columns) == [code]
    before = ("ana", "discount_code", "discount_code", "code", True)
    assert built.touches(31, columns) == [before]
    link = ("ana", "utm_link", "utm_link,compromised_code", "link", True)
    assert built.touches(32, columns) == [link]


def test_a_campaign_sets_look_backs_by_evidence(built: Built) -> None:
    """5 days after the post to the second, over the change of clocks on 8 March; pages 2 days."""
    found = [built.touches(number, "lookback_days, dropped_reason") for number in (33, 34, 35, 36)]
    assert found == [
        [(5, None)],
        [(5, "outside_lookback")],
        [(2, None)],
        [(2, "outside_lookback")],
    ]


def test_days_end_at_the_shops_midnight_when_clocks_change(built: Built) -> None:
    orders = built.rows("select order_id, order_date::text from core.fct_order")
    days = {int(order_id) - 9_000_000_000: day for order_id, day in orders}
    expected = {number: day for number, (_, day) in MIDNIGHTS.items()}
    assert {number: days[number] for number in MIDNIGHTS} == expected
    paths = built.rows(
        "select transaction_key::int, path_date::text from intermediate.int_visitor_paths"
        " where path_status = 'converting'"
    )
    assert {number: dict(paths)[number] for number in MIDNIGHTS} == expected


def test_thirty_days_are_seconds_when_an_hour_comes_twice(built: Built) -> None:
    found = [built.touches(number, "channel, dropped_reason") for number in (49, 50)]
    assert found == [[("bo", None)], [("bo", "outside_lookback")]]


def test_a_click_in_the_second_of_its_order_is_not_after_it(built: Built) -> None:
    assert ("ana", None) in built.touches(53, "channel, dropped_reason")


def test_amounts_tell_which_shop_an_order_name_means(built: Built) -> None:
    rows = built.rows(
        "select connection_id, order_id, transaction_id"
        " from intermediate.int_ga4_transactions_joined where transaction_id in ('#51', '#52')"
    )
    assert rows == [(SHOP, "9000000051", "#51")]
    assert [channel for (channel,) in built.touches(51, "channel")][:1] == ["cy"]
    visitors = built.rows("select distinct order_id from intermediate.int_order_visitors")
    assert ("9000000051",) in visitors
    assert not {("9000000052",), ("8000000051",), ("8000000052",)} & set(visitors)
