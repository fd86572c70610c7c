"""Every way in which one day's news reaches another's orders, each in a group with no other way.

A shop's random history is so connected that what one lookup misses another finds. So each group
here has one connection alone (`edges_of_*`), all are changed by one load, and the run that follows
works out anew no more than it must.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import edges_of_answers
import edges_of_browsers
import edges_of_customers
import psycopg
import pytest
from edge_market import EdgeMarket, Expected
from in_process_dbt import compile_inline
from kept_tables import OF_BUYERS, TABLES
from random_market import RandomMarket

from tests.conftest import Warehouse

pytestmark = pytest.mark.long
GROUPS = edges_of_customers.GROUPS | edges_of_browsers.GROUPS | edges_of_answers.GROUPS
# The groups are about who buyers are: no creator posts or brings one of their orders.
OF_CREATORS = {
    "intermediate.int_commission_credits",
    "intermediate.int_creator_days_credited",
    "intermediate.int_default_credits",
    "intermediate.int_posts_measured",
}
FILLED = tuple(table for table in TABLES if table not in OF_CREATORS)
REDEEMED = """concat_ws(' ', case when is_new_customer then 'new' end,
    case when has_known_visits then 'seen' end, case when is_shared then 'shared' end,
    case when is_abroad then 'abroad' end)"""
BASES = {name: 1000 * number for number, name in enumerate(GROUPS, start=1)}


@dataclass(frozen=True)
class TwoDays:
    """What the second day left, and what a full refresh makes of the same rows."""

    expected: dict[str, Expected]
    found: dict[str, Expected]
    incremental: dict[str, list[str]]
    full: dict[str, list[str]]
    # Rows of a table that the second run did not write.
    untouched: dict[str, int]
    noted: list[tuple[str, str]]
    whole_passes: dict[tuple[str, str], bool]


@pytest.fixture(scope="module")
def two_days(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoDays]:
    warehouse.reset()
    market = RandomMarket(warehouse, tmp_path_factory.mktemp("edges"), seed=0)
    market.day = dt.date(2026, 9, 1)
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as connection:
        yield _build(market, connection)
    warehouse.reset()


def _build(market: RandomMarket, connection: psycopg.Connection) -> TwoDays:
    m = EdgeMarket(connection, 1)
    m.record_load("shopify", "orders", dt.date(2026, 3, 1))
    m.plan()
    m.shop()
    m.site()
    m.change("campaign_plan__creators", {"creator_id": "ana"}, country_code="US")
    groups = {name: group(m) for name, group in GROUPS.items()}
    for name, group in groups.items():
        m.base = BASES[name]
        assert next(group) is None, name
    market.measure()
    first = {table: _versions(connection, table) for table in OF_BUYERS}
    m.load_id = 2
    m.record_load("shopify", "orders", dt.date(2026, 3, 2))
    expected: dict[str, Expected] = {}
    for name, group in groups.items():
        m.base = BASES[name]
        told = next(group)
        assert told is not None, name
        expected[name] = told
    market.measure()
    found = {name: _found(m, name, told) for name, told in expected.items()}
    untouched = {table: len(first[table] & _versions(connection, table)) for table in OF_BUYERS}
    noted = connection.execute(
        "select node_type, coalesce(node_id, '') from analysis.restitched"
    ).fetchall()
    incremental = market.contents()
    market.dbt("--full-refresh")
    whole_passes = _whole_passes(market, connection)
    return TwoDays(expected, found, incremental, market.contents(), untouched, noted, whole_passes)


def _versions(connection: psycopg.Connection, table: str) -> set[tuple[Any, ...]]:
    """Each row's place and the transaction that wrote it."""
    return set(connection.execute(f"select ctid::text, xmin::text from {table}".encode()))


def _found(m: EdgeMarket, name: str, told: Expected) -> Expected:
    """What the models say of a group, in the words of the expectation where they are the same."""
    m.base = BASES[name]
    names = {m.order_key(f"{shop}{n}"): f"{shop}{n}" for shop in "ws" for n in range(1, 10)}
    browsers = [*{b for seen in told.visitors.values() for b in seen}, "laptop", "phone"]
    visitors_known = {m.visitor_id(browser): browser for browser in browsers}

    def rows(columns: str, table: str) -> list[tuple[Any, ...]]:
        found = m.connection.execute(
            f"select connection_id, order_id, {columns} from {table}"
            " where (connection_id, order_id) in (select * from unnest(%s::text[], %s::text[]))"
            " order by 1, 2, 3".encode(),
            [list(column) for column in zip(*names, strict=True)],
        )
        return [(names[shop, order_id], *values) for shop, order_id, *values in found]

    customers: dict[str, str | None] = {}
    for order, customer_id in rows("customer_id", "core.fct_order"):
        who = told.customers.get(order)
        is_told = customer_id == m.customer_id(order, who)
        customers[order] = who if is_told else f"not {who}: {customer_id}"
    stitched = rows("customer_id, has_earlier_order", "intermediate.int_orders_stitched")
    for order, customer_id, _ in stitched:
        if customer_id != m.customer_id(order, told.customers.get(order)):
            customers[order] = f"{customers.get(order)}; stitched as {customer_id}"
    visitors: dict[str, set[str]] = {}
    for order, visitor_id in rows("visitor_id", "intermediate.int_order_visitors"):
        visitors.setdefault(order, set()).add(visitors_known.get(visitor_id, visitor_id))
    return Expected(
        customers,
        frozenset(order for order, _, is_later in stitched if is_later),
        visitors,
        dict(rows("utm_content", "intermediate.int_ga4_transactions_joined")),
        dict(rows(REDEEMED, "intermediate.int_code_redemptions")),
    )


def _whole_passes(
    market: RandomMarket, connection: psycopg.Connection
) -> dict[tuple[str, str], bool]:
    """Whether a load that took rows away makes a run work everybody out anew, by its stream."""
    question = compile_inline(
        market.warehouse,
        "-- depends_on: {{ ref('ref_precedence_rule') }}\n{{ stitching_in_part_question() }}",
        market.folder / "dbt",
    )
    answers = {}
    for source, stream, deleted in (
        ("shopify", "orders", 0),
        ("shopify", "orders", 1),
        ("woocommerce", "orders", 1),
        ("shopify", "customers", 1),
        ("woocommerce", "customers", 1),
        ("shopify", "order_days", 1),
        ("files", "post_purchase_survey", 1),
        ("ga4_export", "events", 1),
        ("ga4", "transactions", 1),
    ):
        with connection.transaction(force_rollback=True):
            connection.execute("delete from analysis.restitched")
            connection.execute(
                "update quality.load_windows set source = %s, stream = %s, rows_deleted = %s"
                " where load_id = 2",
                [source, stream, deleted],
            )
            row = connection.execute(question.encode()).fetchone()
        assert row is not None
        answers[source, f"{stream} {deleted}"] = not row[0]
    return answers


@pytest.mark.parametrize("name", GROUPS)
def test_news_reaches_whom_it_is_about(two_days: TwoDays, name: str) -> None:
    assert two_days.found[name] == two_days.expected[name]


@pytest.mark.parametrize("table", FILLED)
def test_a_run_ends_where_a_full_refresh_does(two_days: TwoDays, table: str) -> None:
    assert two_days.full[table], "an empty table proves nothing"
    assert two_days.incremental[table] == two_days.full[table]


def test_nobody_else_is_worked_out_anew(two_days: TwoDays) -> None:
    base = BASES["bystanders"]
    orders = {node_id for node_type, node_id in two_days.noted if node_type == "order"}
    assert orders
    assert not {str(base + number) for number in (1, 2, 3)} & orders
    assert "everything" not in {node_type for node_type, _ in two_days.noted}
    # Their three orders at least stay where the first day's run put them.
    assert {table: count for table, count in two_days.untouched.items() if count == 0} == {}


def test_what_is_gone_makes_a_whole_pass(two_days: TwoDays) -> None:
    """Of orders, customers, answers and sessions; a transaction of GA4 is sought by its day."""
    spared = {key for key, is_whole in two_days.whole_passes.items() if not is_whole}
    assert spared == {("shopify", "orders 0"), ("ga4", "transactions 1")}
