"""Rules for the marts of codes, commission, products and tracking: which rows break each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from include.quality.code_rules import build_code_rules
from tests.integration.mart_rules import filled_marts, severities_of_broken

# Every figure stands at the end of what its rule allows.
GOOD = {
    "mart_code_usage": (
        "9 as redemption_count, 7 as exact_spelling_count, 2 as normalised_spelling_count,"
        " 2 as kept_order_count, 1 as cancelled_order_count, 1 as unpaid_order_count,"
        " 1 as unpriced_order_count, 1 as self_referral_order_count, 1 as gifted_order_count,"
        " 1 as staff_order_count, 1 as exchange_order_count, 1.0 as discount_rate"
    ),
    "mart_code_leakage": (
        "leak_class, reasons, suggested_compromised_from_date, 5 as use_count, 2.0 as leak_score,"
        " 5 as before_post_use_count, 5 as coupon_site_use_count, 4 as seen_use_count,"
        " 4 as sessionless_use_count, 3 as known_customer_use_count,"
        " 3 as returning_customer_use_count, 2 as located_use_count, 2 as abroad_use_count,"
        " 1 as kept_order_count, 1 as leaked_order_count"
        " from (values ('clean', null::text, null::date), ('leaked', 'sites', date '2026-03-01'))"
        " as codes (leak_class, reasons, suggested_compromised_from_date)"
    ),
    "mart_commission_statement": (
        "10.00 as sale_commission_amount, -2.00 as return_commission_amount,"
        " -1.00 as clawback_amount, 7.00 as commission_amount, 3.00 as on_hold_amount,"
        " 4.00 as released_amount, 0.00 as owed_amount"
    ),
    "mart_product_performance": (
        "1.0 as return_rate, 5.00 as margin_amount, 1.0 as cost_coverage_rate"
    ),
    "mart_tracking_preflight": "'unverifiable'::text as check_status",
}
SPELLING = "every redemption has one class and one spelling"
REASON = "a code that is not clean has a reason and a day"
PARTS = "no part of a score counts more than there is"
SUM = "a statement adds up"
STATEMENT = "mart_commission_statement set"
PAID = "no creator was paid more than was released"
MARGIN = "a margin stands on every unit's cost"
BAD = [
    (SPELLING, "mart_code_usage set exact_spelling_count = 8"),
    (SPELLING, "mart_code_usage set normalised_spelling_count = 1"),
    *[
        (SPELLING, f"mart_code_usage set {kind}_order_count = 3")
        for kind in (
            "kept", "cancelled", "unpaid", "unpriced", "self_referral", "gifted", "staff",
            "exchange",
        )
    ],
    ("no code gives more than the goods cost", "mart_code_usage set discount_rate = 1.01"),
    (REASON, "mart_code_leakage set reasons = null where leak_class = 'leaked'"),
    (
        REASON,
        "mart_code_leakage set suggested_compromised_from_date = null where leak_class = 'leaked'",
    ),
    (PARTS, "mart_code_leakage set before_post_use_count = 6"),
    (PARTS, "mart_code_leakage set coupon_site_use_count = 6"),
    (PARTS, "mart_code_leakage set sessionless_use_count = 5"),
    (PARTS, "mart_code_leakage set returning_customer_use_count = 4"),
    (PARTS, "mart_code_leakage set abroad_use_count = 3"),
    (PARTS, "mart_code_leakage set leaked_order_count = 2"),
    ("every code that was used is scored", "mart_code_leakage set leak_score = null"),
    (SUM, f"{STATEMENT} commission_amount = 7.01, released_amount = 4.01"),
    (SUM, f"{STATEMENT} released_amount = 4.01"),
    (SUM, f"{STATEMENT} return_commission_amount = 0.01, sale_commission_amount = 7.99"),
    (SUM, f"{STATEMENT} clawback_amount = 0.01, sale_commission_amount = 8.99"),
    (PAID, f"{STATEMENT} owed_amount = -0.01"),
    ("no more comes back than was sold", "mart_product_performance set return_rate = 1.01"),
    (MARGIN, "mart_product_performance set cost_coverage_rate = 0.9"),
    ("codes, links and posts work", "mart_tracking_preflight set check_status = 'problem'"),
]  # fmt: skip
CRITICAL = {SPELLING, REASON, PARTS, MARGIN}


@pytest.fixture(scope="module")
def marts(warehouse: Any) -> Iterator[psycopg.Connection]:
    """Every mart with rows that break nothing; what a test changes is rolled back."""
    with filled_marts(warehouse, GOOD) as connection:
        yield connection


def failing(connection: psycopg.Connection) -> dict[str, str]:
    """Return the rules that have bad rows, with their severity."""
    return severities_of_broken(connection, build_code_rules(frozenset(GOOD)))


def test_rows_at_the_end_of_what_is_allowed_pass(marts: psycopg.Connection) -> None:
    assert failing(marts) == {}


@pytest.mark.parametrize(("name", "update"), BAD, ids=[update for _, update in BAD])
def test_each_condition_fails_alone(marts: psycopg.Connection, name: str, update: str) -> None:
    marts.execute(f"update marts_next.{update}".encode())
    try:
        assert failing(marts) == {name: "critical" if name in CRITICAL else "warning"}
    finally:
        marts.rollback()


def test_an_unused_code_and_an_unknown_margin_are_no_failure(marts: psycopg.Connection) -> None:
    try:
        marts.execute(
            b"update marts_next.mart_code_leakage set use_count = 0, leak_score = null,"
            b" before_post_use_count = 0, coupon_site_use_count = 0"
        )
        marts.execute(
            b"update marts_next.mart_product_performance set margin_amount = null,"
            b" cost_coverage_rate = 0.5"
        )
        assert failing(marts) == {}
    finally:
        marts.rollback()


def test_every_rule_can_fail_and_only_published_marts_are_asked() -> None:
    assert {rule.name for rule in build_code_rules(frozenset(GOOD))} == {name for name, _ in BAD}
    assert build_code_rules(frozenset({"mart_funnel"})) == []
