"""Sums by day under `markov_path`: kept where nothing changed, and always what the orders say.

The stored sums are brought up to date before a run's solves and after them; what is read in between
is put right by the view over them. Here orders are summed directly from the view that splits them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chain_market import ChainMarket
from in_process_dbt import run_dbt

from include.chained_sums import store_chained_sums
from include.removal_effects import solve_weeks

STORED = "intermediate.int_chained_days_summed"
DIRECT = """
select order_date::text, event_date::text, rule_version, channel, campaign_id, creator_id,
    round(sum(credit_share * conversion_count), 9), sum(credit_amount)
from intermediate.int_credits_chained
where order_class = 'kept'
group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4
"""
SUMMED = """
select order_date::text, event_date::text, rule_version, channel, campaign_id, creator_id,
    round(sum(credited_order_count), 9), sum(credited_amount)
from {}
group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4
"""
PATHS = {"ana > bo": (2, 0, "200.00"), "ana": (1, 3, "50.00"), "bo": (1, 1, "30.00")}


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("chained_days")


@pytest.fixture
def market(warehouse: Any, target: Path) -> Iterator[ChainMarket]:
    market = ChainMarket(warehouse, target)
    market.clear()
    yield market
    market.close()


def store(market: ChainMarket, target: Path) -> None:
    """Bring the stored sums up to date, as the first dbt group does."""
    run_dbt(market.warehouse, ["run", "--select", "int_chained_days_summed"], target)


def is_right(market: ChainMarket, stored_too: bool) -> bool:
    expected = market.rows(DIRECT)
    assert expected
    wanted = ["intermediate.int_chained_credits_summed", STORED]
    found = [market.rows(SUMMED.format(name)) for name in wanted]
    assert (found[1] == expected) == stored_too
    return found[0] == expected


def mark(market: ChainMarket) -> None:
    """Make the stored rows tell themselves from rows that are summed again."""
    market.execute(f"update {STORED} set creator_id = 'kept' where order_date = '2026-03-10'")


def versions(market: ChainMarket, day: str) -> list[tuple[Any, ...]]:
    """Each stored row's place and the transaction that wrote it."""
    query = f"select ctid::text, xmin::text from {STORED} where order_date = %s order by 1"
    found = market.rows(query, day)
    assert found
    return found


def solve(market: ChainMarket, day: str) -> None:
    run = market.open_run(day)
    assert solve_weeks(market.dsn, run) > 0
    market.close_run(run, "published")


@pytest.mark.long
def test_days_are_summed_again_when_chain_or_order_changes(
    market: ChainMarket, target: Path
) -> None:
    market.order("1", "2026-03-03", {"2026-03-03": "100.01", "2026-03-05": "-33.34"}, "ana", "bo")
    market.order("2", "2026-03-10", {"2026-03-10": "10.00"}, "ana", "bo", "email")
    market.order("3", "2026-03-04", {"2026-03-04": "70.00"}, "ana", order_class="cancelled")
    market.paths("2026-03-02", PATHS)
    # Nothing was ever stored: everything is summed on the way.
    assert is_right(market, stored_too=False)
    store(market, target)
    assert is_right(market, stored_too=True)

    # A solve after the sums were stored reaches its week alone: of the days with orders one.
    solve(market, "2026-03-08")
    assert is_right(market, stored_too=False)
    other_day = versions(market, "2026-03-10")
    assert store_chained_sums(market.dsn) == 1
    assert versions(market, "2026-03-10") == other_day
    assert store_chained_sums(market.dsn) == 0
    assert is_right(market, stored_too=True)
    market.paths("2026-03-02", {**PATHS, "bo": (4, 0, "30.00")})
    solve(market, "2026-03-09")
    assert is_right(market, stored_too=False)

    # An order moves to another day, another leaves, a third comes where there was none.
    market.order("1", "2026-03-04", {"2026-03-04": "100.01"}, "ana", "bo")
    market.forget("3")
    market.order("4", "2026-03-17", {"2026-03-17": "5.00"}, "bo")
    assert is_right(market, stored_too=False)
    store(market, target)
    assert is_right(market, stored_too=True)

    # A day that nothing touched keeps its rows, whatever happens on others.
    mark(market)
    market.order("5", "2026-03-05", {"2026-03-05": "1.00"}, "ana", "bo")
    store(market, target)
    assert market.rows(f"select distinct order_date::text from {STORED} where creator_id = 'kept'")
    assert not market.rows(f"select 1 from {STORED} where order_date = '2026-03-03'")

    # Who read up to where is unknown: nothing stored is believed.
    market.execute("delete from analysis.day_readers")
    assert is_right(market, stored_too=False)
    store(market, target)
    assert is_right(market, stored_too=True)
