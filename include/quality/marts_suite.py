"""What must hold for new marts before readers see them: reconciliation, completeness, volume."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from include.quality.code_rules import build_code_rules
from include.quality.result_rules import build_result_rules
from include.quality.rules import Rule, no_rows

SCORECARD = "mart_creator_scorecard"
RECONCILIATION = "mart_attribution_reconciliation"
# Marts that hold what happened to others: no day needs to be like the one before.
UNSTEADY = frozenset({"mart_restatements"})
# A mart under this many rows moves by half within a normal day.
FEW_ROWS = 20


@dataclass(frozen=True, slots=True)
class MartsScope:
    """What is to be published: the run's day and dates, the tables of `marts_next`.

    columns: column names per table of `marts_next`. published_rows: rows per mart of the version
    readers see now, empty before the first one.
    """

    day: dt.date
    as_of_date: dt.date | None
    sources_missing: tuple[str, ...]
    columns: Mapping[str, frozenset[str]]
    published_rows: Mapping[str, int]


def build_marts_suite(scope: MartsScope) -> list[Rule]:
    """Return the rules for one publication; each stands by its own query."""
    rules = [_is_built(scope, mart) for mart in (SCORECARD, RECONCILIATION)]
    if RECONCILIATION in scope.columns:
        rules += _reconciliation_rules(scope)
    if SCORECARD in scope.columns:
        rules += _scorecard_rules()
    rules += build_code_rules(frozenset(scope.columns))
    rules += build_result_rules(scope.columns)
    steady = sorted(scope.published_rows.keys() - UNSTEADY)
    rules += [_steady_volume(scope, mart) for mart in steady]
    rules.append(_all_sources(scope))
    return rules


def _is_built(scope: MartsScope, mart: str) -> Rule:
    condition = "false" if mart in scope.columns else "true"
    return no_rows(
        "the mart is built",
        f"marts_next.{mart}",
        f"select '{mart}' as missing_mart where {condition}",
    )


def _reconciliation_rules(scope: MartsScope) -> list[Rule]:
    table = f"marts_next.{RECONCILIATION}"
    rules = [
        no_rows(
            "creators, other channels, direct and unattributed make the shop's net sales",
            table,
            f"select * from {table} where is_final and difference_amount <> 0 "
            "and unpriced_order_count = 0 and converted_entry_count = 0",
        ),
        no_rows(
            "days that may still change add up too",
            table,
            f"select * from {table} where not is_final and difference_amount <> 0 "
            "and unpriced_order_count = 0 and converted_entry_count = 0",
            "warning",
        ),
        no_rows(
            "days with orders in other currencies add up too",
            table,
            # The shop prices such orders at a rate of its own, or counts them as they are: a
            # difference is expected and keeps no other day from its readers.
            f"select * from {table} where difference_amount <> 0 "
            "and unpriced_order_count = 0 and converted_entry_count > 0",
            "warning",
        ),
        no_rows(
            "every order has an exchange rate",
            table,
            # The figure repeats per model. Such a day cannot add up: the shop counts the order.
            "select connection_id, order_date, max(unpriced_order_count) as unpriced_order_count "
            f"from {table} where unpriced_order_count > 0 group by connection_id, order_date",
            "warning",
        ),
        no_rows(
            "every day has the shop's own figure",
            table,
            f"select * from {table} where shop_net_sales_amount is null",
            "warning",
        ),
    ]
    if scope.as_of_date is not None:
        rules.append(
            no_rows(
                "the newest complete day is in the reconciliation",
                table,
                f"select max(order_date) as newest_date from {table} "
                f"having coalesce(max(order_date) < date '{scope.as_of_date}', true)",
                "warning",
            )
        )
    return rules


def _scorecard_rules() -> list[Rule]:
    table = f"marts_next.{SCORECARD}"
    return [
        no_rows(
            "every creator with a cost is in the scorecard",
            table,
            f"""
            select contracts.* from raw.campaign_plan__contracts as contracts
            where contracts.fee_amount + contracts.product_cost_amount
                + contracts.shipping_cost_amount + contracts.commission_rate > 0
                and not exists (
                    select from {table} as card
                    where card.campaign_id = contracts.campaign_id
                        and card.creator_id = contracts.creator_id
                )
            """,
        ),
        no_rows(
            "cost is not negative",
            table,
            f"select * from {table} where cost_amount < 0",
        ),
        no_rows(
            "return on spend is between 0 and 50",
            table,
            f"select * from {table} where roas < 0 or roas > 50",
            "info",
        ),
    ]


def _steady_volume(scope: MartsScope, mart: str) -> Rule:
    """Warn when a mart's rows move by more than half against the published version."""
    before = scope.published_rows[mart]
    table = f"marts_next.{mart}"
    # A mart that is no longer built: its view goes away with the publication, so say so.
    counted = f"from {table}" if mart in scope.columns else "from (select where false) as gone"
    is_large = "true" if before >= FEW_ROWS else "false"
    return no_rows(
        "the number of rows moves by at most half",
        table,
        f"select count(*) as row_count, {before} as published_row_count {counted} "
        f"having {is_large} and abs(count(*) - {before}) > 0.5 * {before}",
        "warning",
    )


def _all_sources(scope: MartsScope) -> Rule:
    names = ", ".join(f"('{name}')" for name in scope.sources_missing)
    listed = f"(values {names})" if names else "(select '' where false)"
    return no_rows(
        "every source has arrived for the day",
        "quality.source_arrivals",
        f"select missing.source from {listed} as missing (source)",
        "warning",
    )
