"""What must hold for the marts of codes, commission, products and tracking."""

from __future__ import annotations

from include.quality.rules import Rule, no_rows


def build_code_rules(marts: frozenset[str]) -> list[Rule]:
    """Return the rules for those of these marts that are to be published."""
    wanted = {
        "mart_code_usage": _usage_rules,
        "mart_code_leakage": _leakage_rules,
        "mart_commission_statement": _commission_rules,
        "mart_product_performance": _product_rules,
        "mart_tracking_preflight": _preflight_rules,
    }
    return [
        rule
        for mart, build in wanted.items()
        if mart in marts
        for rule in build(f"marts_next.{mart}")
    ]


def _usage_rules(table: str) -> list[Rule]:
    return [
        no_rows(
            "every redemption has one class and one spelling",
            table,
            f"""
            select * from {table}
            where redemption_count <> exact_spelling_count + normalised_spelling_count
                or redemption_count <> kept_order_count + cancelled_order_count
                    + unpaid_order_count + unpriced_order_count + self_referral_order_count
                    + gifted_order_count + staff_order_count + exchange_order_count
            """,
        ),
        no_rows(
            "no code gives more than the goods cost",
            table,
            f"select * from {table} where discount_rate not between 0 and 1",
            "warning",
        ),
    ]


def _leakage_rules(table: str) -> list[Rule]:
    return [
        no_rows(
            "a code that is not clean has a reason and a day",
            table,
            f"""
            select * from {table}
            where leak_class <> 'clean'
                and (reasons is null or suggested_compromised_from_date is null)
            """,
        ),
        no_rows(
            "no part of a score counts more than there is",
            table,
            f"""
            select * from {table}
            where before_post_use_count > use_count or coupon_site_use_count > use_count
                or sessionless_use_count > seen_use_count
                or returning_customer_use_count > known_customer_use_count
                or abroad_use_count > located_use_count or leaked_order_count > kept_order_count
            """,
        ),
        no_rows(
            "every code that was used is scored",
            table,
            f"select * from {table} where use_count > 0 and leak_score is null",
            "warning",
        ),
    ]


def _commission_rules(table: str) -> list[Rule]:
    return [
        no_rows(
            "a statement adds up",
            table,
            f"""
            select * from {table}
            where commission_amount
                <> sale_commission_amount + return_commission_amount + clawback_amount
                or released_amount <> commission_amount - on_hold_amount
                or return_commission_amount > 0 or clawback_amount > 0
            """,
            "warning",
        ),
        no_rows(
            "no creator was paid more than was released",
            table,
            f"select * from {table} where owed_amount < 0",
            "warning",
        ),
    ]


def _product_rules(table: str) -> list[Rule]:
    return [
        no_rows(
            "no more comes back than was sold",
            table,
            f"select * from {table} where return_rate > 1",
            "warning",
        ),
        no_rows(
            "a margin stands on every unit's cost",
            table,
            f"select * from {table} where margin_amount is not null and cost_coverage_rate < 1",
        ),
    ]


def _preflight_rules(table: str) -> list[Rule]:
    return [
        no_rows(
            "codes, links and posts work",
            table,
            f"select * from {table} where check_status = 'problem'",
            "warning",
        ),
    ]
