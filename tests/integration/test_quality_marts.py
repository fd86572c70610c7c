"""Checks of the new marts: what stops a publication, what only warns."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from include.errors import PublishRefused
from include.quality import check_marts
from include.warehouse.connection import connect
from include.warehouse.publish import publish

DAY = dt.date(2026, 3, 1)
RECONCILIATION = """
create table marts_next.mart_attribution_reconciliation as
select date '2026-03-01' - n as order_date, 'linear'::text as attribution_model,
    100.00 as shop_net_sales_amount, 0.00 as difference_amount, n > 4 as is_final,
    0 as unpriced_order_count, 0 as converted_entry_count, 'woocommerce'::text as connection_id
from generate_series(0, 9) as n
"""
SCORECARD = """
create table marts_next.mart_creator_scorecard as
select 'glow'::text as campaign_id, 'maya'::text as creator_id, 100.00 as cost_amount,
    2.0 as roas, 1.0 as roas_low, 3.0 as roas_high
from generate_series(1, {rows})
"""


def prepare(warehouse: Any, *, scorecard_rows: int = 1, missing: str = "{}") -> int:
    with connect(warehouse.dsn("transformer")) as connection:
        connection.execute(RECONCILIATION)
        connection.execute(SCORECARD.format(rows=scorecard_rows).encode())
        row = connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id, sources_missing)"
            " values (%s, %s, 'test', %s) returning measure_run_id",
            [DAY, DAY, missing],
        ).fetchone()
    assert row is not None
    return int(row[0])


def alter(warehouse: Any, statement: str) -> None:
    with connect(warehouse.admin_dsn) as admin:
        admin.execute(statement.encode())


def failed(warehouse: Any, run: int) -> dict[str, str]:
    report = check_marts(warehouse.dsn("transformer"), run, "run")
    return {outcome.rule.name: outcome.rule.severity for outcome in report.failed}


def test_good_marts_pass_and_can_be_published_right_away(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    assert failed(clean_warehouse, run) == {}
    # The checks leave no lock behind that a publication in the same process would wait for.
    found = publish(clean_warehouse.dsn("transformer"), run, patience_seconds=0)
    assert found.marts == {"mart_attribution_reconciliation": 10, "mart_creator_scorecard": 1}


def test_a_final_day_that_does_not_add_up_stops_the_publication(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    alter(
        clean_warehouse,
        "update marts_next.mart_attribution_reconciliation set difference_amount = 0.01"
        " where order_date in ('2026-02-20', '2026-03-01')",
    )
    with pytest.raises(PublishRefused, match="fails for 1 rows"):
        check_marts(clean_warehouse.dsn("transformer"), run, "run")
    alter(
        clean_warehouse,
        "update marts_next.mart_attribution_reconciliation set is_final = false",
    )
    assert failed(clean_warehouse, run) == {"days that may still change add up too": "warning"}


def test_a_day_with_an_order_that_waits_for_its_rate_warns_and_is_published(
    clean_warehouse: Any,
) -> None:
    """The shop counts the order and we cannot: no other day is kept from readers for that."""
    run = prepare(clean_warehouse)
    alter(
        clean_warehouse,
        "update marts_next.mart_attribution_reconciliation"
        " set difference_amount = 80, unpriced_order_count = 1 where order_date = '2026-02-20'",
    )
    assert failed(clean_warehouse, run) == {"every order has an exchange rate": "warning"}


def test_a_day_with_an_order_in_another_currency_warns_and_is_published(
    clean_warehouse: Any,
) -> None:
    """The shop's figure has the rate of whoever took the order; all other days tie to the cent."""
    run = prepare(clean_warehouse)
    alter(
        clean_warehouse,
        "update marts_next.mart_attribution_reconciliation"
        " set difference_amount = 1.20, converted_entry_count = 1"
        " where order_date = '2026-02-20'",
    )
    rule = "days with orders in other currencies add up too"
    assert failed(clean_warehouse, run) == {rule: "warning"}


def test_a_creator_with_a_cost_must_be_in_the_scorecard(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    with connect(clean_warehouse.admin_dsn) as admin:
        admin.execute(
            "insert into raw.campaign_plan__contracts (connection_id, campaign_id, creator_id,"
            " contract_id, fee_amount, product_cost_amount, shipping_cost_amount, commission_rate,"
            " rule_version, currency_code, _load_id, _loaded_at, _captured_at, _content_hash)"
            " select 'campaign_plan', 'glow', c.id, c.id, c.fee, 0, 0, 0, 'all', 'USD', 1,"
            " now(), now(), ''"
            " from (values ('maya', 250), ('noor', 300), ('gift', 0)) as c (id, fee)"
        )
    with pytest.raises(PublishRefused, match="every creator with a cost") as refused:
        check_marts(clean_warehouse.dsn("transformer"), run, "run")
    query = str(refused.value).partition("see them with: ")[2]
    with connect(clean_warehouse.dsn("transformer")) as connection:
        rows = connection.execute(f"select creator_id from ({query}) as bad".encode()).fetchall()
    assert rows == [("noor",)]


def test_missing_mart_and_missing_source(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse, missing="{ga4}")
    assert failed(clean_warehouse, run) == {"every source has arrived for the day": "warning"}
    alter(clean_warehouse, "drop table marts_next.mart_creator_scorecard")
    with pytest.raises(PublishRefused, match="mart_creator_scorecard: the mart is built"):
        check_marts(clean_warehouse.dsn("transformer"), run, "run")


def test_volume_that_moves_by_more_than_half_warns(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse, scorecard_rows=40)
    publish(clean_warehouse.dsn("transformer"), run)
    assert failed(clean_warehouse, prepare(clean_warehouse, scorecard_rows=20)) == {}
    alter(clean_warehouse, "drop table marts_next.mart_creator_scorecard")
    alter(clean_warehouse, "drop table marts_next.mart_attribution_reconciliation")
    assert failed(clean_warehouse, prepare(clean_warehouse, scorecard_rows=19)) == {
        "the number of rows moves by at most half": "warning"
    }


def test_stale_reconciliation_warns_and_a_large_return_is_noted(clean_warehouse: Any) -> None:
    run = prepare(clean_warehouse)
    alter(
        clean_warehouse,
        "update marts_next.mart_attribution_reconciliation set order_date = order_date - 1",
    )
    alter(clean_warehouse, "update marts_next.mart_creator_scorecard set roas = 51")
    assert failed(clean_warehouse, run) == {
        "the newest complete day is in the reconciliation": "warning",
        "return on spend is between 0 and 50": "info",
    }


def test_an_unknown_run_is_refused(clean_warehouse: Any) -> None:
    with pytest.raises(PublishRefused, match="no measure run 77"):
        check_marts(clean_warehouse.dsn("transformer"), 77, "run")
