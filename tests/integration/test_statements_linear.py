"""No statement of a measure run compares each with each, whatever the planner knows.

The server of this market takes no samples by itself: what is sampled is what the product samples.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from counted_rows import Statement, count_statements

from include.warehouse import ddl
from tests.conftest import Warehouse

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "bench"))

from market import LAST_DAY, Market, Size, drawn_market
from marts import run_market_dbt, selecting, solve_run

pytestmark = pytest.mark.long

SIZE = Size(creators=60, orders=3_600, days=60)
# A node of a plan passes on what the largest table holds, at most 1.6 times as much here. Orders
# compared with orders are 3,600 times their number, with days 60 times.
TIMES = 3


@dataclass(frozen=True)
class Measured:
    """What ran in two runs, and the rows of the largest table after each.

    tables: what models built before the solves; unsampled: those with rows that the planner knew
    nothing of by then.
    """

    first: list[Statement]
    first_rows: int
    tables: set[str]
    unsampled: set[str]
    later: list[Statement]
    later_rows: int


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    """A market's history built and published, and the day after it."""
    with drawn_market(SIZE) as market, pytest.MonkeyPatch.context() as monkeypatch:
        market.load(SIZE.first_day, LAST_DAY)
        with psycopg.connect(market.cluster.admin_dsn(), autocommit=True) as connection:
            connection.execute("alter system set autovacuum = off")
            connection.execute("select pg_reload_conf()")
        found = count_statements(monkeypatch)
        unsampled = measure(market, LAST_DAY)
        first, first_rows = list(found), largest_table(market)
        found.clear()
        market.load(LAST_DAY + 1, LAST_DAY + 1)
        measure(market, LAST_DAY + 1)
        tables = built_tables(market)
        yield Measured(first, first_rows, tables, unsampled, found, largest_table(market))


def measure(market: Market, day: int) -> set[str]:
    """Build and publish a day as `measure_campaigns` does.

    Return the tables that the solves read without a sample.
    """
    run_market_dbt(market, "seed")
    run = market.open_run(day)
    run_market_dbt(market, *selecting("before_solve"))
    unsampled = unsampled_tables(market)
    solve_run(market, run)
    run_market_dbt(market, *selecting("after_solve"))
    market.publish(run)
    return unsampled


def unsampled_tables(market: Market) -> set[str]:
    """Return the models' tables that hold rows while the server has no sample of them."""
    rows = ask(
        market,
        """
        select tables.schemaname || '.' || tables.tablename from pg_tables as tables
        where tables.schemaname in ('core', 'intermediate') and tables.tablename not like 'ref%'
            and pg_relation_size(format('%I.%I', schemaname, tablename)::regclass) > 0
            and not exists (
                select from pg_stats as samples
                where samples.schemaname = tables.schemaname
                    and samples.tablename = tables.tablename
            )
        """,
    )
    return {name for (name,) in rows}


def built_tables(market: Market) -> set[str]:
    """Return the names of the models' tables that are built before the solves."""
    rows = ask(
        market,
        """
        select tablename from pg_tables
        where schemaname in ('core', 'intermediate') and tablename not like 'ref%'
        """,
    )
    return {name for (name,) in rows}


def largest_table(market: Market) -> int:
    """Return the rows of the largest table that statements read."""
    query = """
    select greatest(
        (select count(*) from core.fct_touchpoint),
        (select count(*) from core.fct_attribution_credit)
    )
    """
    ((rows,),) = ask(market, query)
    return int(rows)


def ask(market: Market, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query that is not counted."""
    with psycopg.Connection.connect(market.cluster.admin_dsn(ddl.WAREHOUSE)) as connection:
        return connection.execute(query.encode()).fetchall()


def offenders(statements: list[Statement], rows: int) -> list[Statement]:
    return [statement for statement in statements if statement.rows > TIMES * rows]


def test_a_first_build_reads_tables_a_few_times(measured: Measured) -> None:
    assert offenders(measured.first, measured.first_rows) == []


def test_one_more_day_reads_tables_a_few_times(measured: Measured) -> None:
    assert offenders(measured.later, measured.later_rows) == []


def test_every_table_is_sampled_when_it_is_built(measured: Measured) -> None:
    """An index that is built on a new table tells its size: that is not a sample."""
    assert measured.unsampled == set()


def test_every_table_was_counted(measured: Measured) -> None:
    """None is missed because its statement is written or run in another way."""
    assert {"fct_order", "int_path_summary", "dim_creator"} <= measured.tables
    assert measured.tables <= {statement.name for statement in measured.first}


def test_a_join_of_each_with_each_shows(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One side is read 200 times over: no side, nor what comes out, has more than 300 rows."""
    query = """
    select count(*) from generate_series(1, 200) as a
    inner join generate_series(1, 300) as b on a + b = 2 and a * b < 2
    """
    found = count_statements(monkeypatch)
    with psycopg.connect(warehouse.admin_dsn) as connection:
        connection.execute("set local enable_hashjoin = off")
        connection.execute("set local enable_mergejoin = off")
        assert connection.execute(query.encode()).fetchone() == (1,)
    (counted,) = found
    assert counted.rows == 200 * 300
