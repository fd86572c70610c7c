"""What a sequence of runs must leave as one full refresh does, and the models that make it."""

from __future__ import annotations

from collections.abc import Sequence

# Who bought what, and what every order's touches are made of.
OF_BUYERS = (
    "core.dim_customer",
    "intermediate.int_orders_identified",
    "intermediate.int_identities_stitched",
    "intermediate.int_purchases_matched",
    "intermediate.int_orders_stitched",
    "intermediate.int_order_visitors",
    "intermediate.int_ga4_transactions_joined",
    "intermediate.int_code_redemptions",
    "core.fct_order",
)
TABLES = (
    *OF_BUYERS,
    "core.fct_order_sale",
    "core.fct_touchpoint",
    "core.fct_attribution_credit",
    "intermediate.int_export_sessions",
    "intermediate.int_path_summary",
    "intermediate.int_fingerprints_applied",
    "intermediate.int_attribution_settings",
    "intermediate.int_credits_summed",
    "intermediate.int_default_credits",
    "intermediate.int_chained_days_summed",
    "intermediate.int_chained_credits_summed",
    "intermediate.int_product_credits_summed",
    "intermediate.int_products_credited",
    "intermediate.int_commission_credits",
    "intermediate.int_orders_covered",
    "intermediate.int_creator_days_credited",
    "intermediate.int_ga4_gaps_summed",
    "intermediate.int_ga4_days_compared",
    "intermediate.int_posts_measured",
    "marts_next.mart_attribution_comparison",
    "marts_next.mart_product_performance",
)
# The facts of orders, and what they were built with.
OF_ORDERS = (
    "core.fct_order",
    "core.fct_order_sale",
    "core.fct_touchpoint",
    "core.fct_attribution_credit",
    "intermediate.int_fingerprints_applied",
    "intermediate.int_posts_applied",
    "intermediate.int_attribution_settings",
)
# How far runs get that break off: before any order is rebuilt, or with facts and no sums of them.
BROKEN_OFF = ("+int_identities_stitched", "+fct_attribution_credit")


def models_of(tables: Sequence[str]) -> list[str]:
    """Select some tables with all they are made of, as dbt asks for them."""
    return [f"+{table.partition('.')[2]}" for table in tables]
