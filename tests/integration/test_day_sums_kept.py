"""Sums by business day are right after a rollback, a refused publication and new code."""

from __future__ import annotations

import shutil
from pathlib import Path

import psycopg
import pytest
from random_market import RandomMarket

from include import dbt_tasks
from include.errors import PublishRefused
from include.measure import open_measure_run
from include.warehouse.publish import publish, rollback
from tests.conftest import Warehouse

SUMS = (
    "intermediate.int_credits_summed",
    "intermediate.int_default_credits",
    "intermediate.int_units_summed",
    "intermediate.int_chained_days_summed",
    "intermediate.int_product_credits_summed",
    "intermediate.int_products_credited",
    "intermediate.int_commission_credits",
    "intermediate.int_orders_covered",
    "intermediate.int_creator_days_credited",
    "intermediate.int_credit_keys_summed",
    "intermediate.int_ga4_gaps_summed",
)
# What a run remembers of the one before: without it every run builds every order.
REMEMBERED = ("int_attribution_settings", "int_fingerprints_applied")
BUILT = (
    *(f"+{table.partition('.')[2]}" for table in SUMS),
    *(f"+{name}" for name in REMEMBERED),
    "+mart_product_performance",
)
MOVED = 1
DAYS = ("2026-03-20 12:00:00", "2026-03-21 12:00:00", "2026-03-22 12:00:00")
# Each order's goods are one line of one to three units: this market sells without lines.
LINED = """
    insert into raw.shopify__order_lines (
        connection_id, order_id, line_id, sku, product_id, variant_id, quantity, current_quantity,
        original_unit_price, discounted_total, _load_id, _loaded_at
    )
    select connection_id, order_id, 'line', 'S', 'p', 'v', 1, 1, 1, 1, _load_id, _loaded_at
    from raw.shopify__orders
    on conflict do nothing
"""
NUMBERED = """
    update raw.shopify__order_sales
    set line_id = 'line', quantity = 1 + order_id::bigint % 3
    where line_type = 'PRODUCT'
"""
# The long sums twice as large: one in the model's own file, one in a macro.
NEW_CODE = {
    "models/intermediate/orders/int_credits_summed.sql": (
        "sum(credits.{{ model.name }}_amount)",
        "sum(2 * credits.{{ model.name }}_amount)",
    ),
    "macros/chained_days.sql": (
        "sum(credits.credit_amount) as credited_amount",
        "sum(2 * credits.credit_amount) as credited_amount",
    ),
}
NEW_COLUMNS = (("int_default_credits", "country_code"), ("int_products_credited", "inputs_key"))

pytestmark = pytest.mark.long


@pytest.fixture
def market(clean_warehouse: Warehouse, tmp_path: Path) -> RandomMarket:
    """A market whose first day is published."""
    market = RandomMarket(clean_warehouse, tmp_path, seed=23)
    market.open()
    give_day(market, 0)
    publish(market.warehouse.dsn("transformer"), measure(market))
    return market


def measure(market: RandomMarket) -> int:
    """Open a run as the product does, over what no publication consumed, and build its sums."""
    market.day = market.day.fromordinal(market.day.toordinal() + 5)
    run = open_measure_run(market.warehouse.dsn("transformer"), market.day, ["shopify"], "test")
    assert run is not None
    market.dbt(models=BUILT)
    return run.measure_run_id


def give_day(market: RandomMarket, place: int) -> None:
    """Move an order to another business day, and let another order be new."""
    market.apply("late_order")
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        connection.execute(
            "update raw.shopify__orders set processed_at = %s, _load_id = %s where order_id = %s",
            [f"{DAYS[place]}+00", market.load_id, str(9_000_000_000 + MOVED)],
        )
        connection.execute(LINED)
        connection.execute(NUMBERED)


def sums(market: RandomMarket) -> dict[str, list[str]]:
    contents = market.contents(SUMS)
    assert all(contents.values()), "an empty table proves nothing"
    return contents


def assert_sums_are_those_of_a_full_refresh(market: RandomMarket) -> None:
    """The last run was a partial one, and left what a pass over all orders makes."""
    kept = sums(market)
    market.dbt("--full-refresh", models=BUILT)
    assert kept == sums(market)


def days_of(market: RandomMarket) -> set[str]:
    """Days with sums of credits."""
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        rows = connection.execute(
            "select distinct order_date::text from intermediate.int_credits_summed"
        ).fetchall()
    return {day for (day,) in rows}


def test_sums_after_a_rolled_back_publication(market: RandomMarket) -> None:
    """Readers go a version back; facts and sums do not, and the next run goes on from them."""
    dsn = market.warehouse.dsn("transformer")
    give_day(market, 1)
    newer = publish(dsn, measure(market))
    assert rollback(dsn).version == newer.version - 1

    give_day(market, 2)
    run = measure(market)
    assert market.affected_count() < market.orders
    assert DAYS[2][:10] in days_of(market)
    assert_sums_are_those_of_a_full_refresh(market)
    assert publish(dsn, run).version > newer.version


def test_sums_after_a_refused_publication(market: RandomMarket) -> None:
    """The refused run's loads come again; an order has moved on once more by then."""
    dsn = market.warehouse.dsn("transformer")
    give_day(market, 1)
    refused = measure(market)
    with pytest.raises(PublishRefused):
        publish(dsn, refused, marts=["mart_absent"])

    give_day(market, 2)
    run = measure(market)
    assert market.affected_count() < market.orders
    assert_sums_are_those_of_a_full_refresh(market)
    publish(dsn, run)


def test_sums_after_the_code_of_the_project_changed(
    market: RandomMarket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the old SQL summed of days that nothing touches is not kept beside the new.

    Nor are rows without the columns that the old version's tables did not have.
    """
    before = amounts(market)
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        for table, column in NEW_COLUMNS:
            connection.execute(f"alter table intermediate.{table} drop column {column}".encode())
    project = tmp_path / "changed_project"
    shutil.copytree(
        dbt_tasks.DBT_PROJECT_DIR, project, ignore=shutil.ignore_patterns("target", "logs")
    )
    for name, (old, new) in NEW_CODE.items():
        text = (project / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (project / name).write_text(text.replace(old, new), encoding="utf-8")
    monkeypatch.setattr(dbt_tasks, "DBT_PROJECT_DIR", project)

    give_day(market, 0)
    measure(market)
    after = amounts(market)
    untouched = [key for key in before if key in after and after[key] == 2 * before[key]]
    assert len(untouched) > len(before) / 2
    assert_sums_are_those_of_a_full_refresh(market)


def amounts(market: RandomMarket) -> dict[tuple[str, str], object]:
    """Credit under two models by table and day."""
    with psycopg.connect(market.warehouse.admin_dsn) as connection:
        rows = connection.execute(
            "select 'credits', order_date::text, sum(linear_amount)"
            " from intermediate.int_credits_summed group by 2 having sum(linear_amount) <> 0"
            " union all select 'chained', order_date::text, sum(credited_amount)"
            " from intermediate.int_chained_days_summed group by 2 having sum(credited_amount) <> 0"
        ).fetchall()
    return {(table, day): amount for table, day, amount in rows}
