"""The SQL of docs/bi.md, taken from the page and run as an analyst against marts made by hand."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from hand_made_marts import DAY_1, contracts, make_marts, spring_marts

from include.settings import DBT_PROJECT_DIR, REPO_ROOT
from include.warehouse.connection import connect

PAGE = (REPO_ROOT / "docs" / "bi.md").read_text()
D = Decimal
# What each block must answer, in the order of the page; worked out from hand_made_marts by hand.
EXPECTED: tuple[list[tuple[Any, ...]], ...] = (
    [
        ("Ana", D(100), D(2), D(250), D("2.50"), D("1.10"), D("4.20"), True),
        ("Bo", D(50), D("0.5"), D(20), D("0.40"), D("0.10"), D("1.20"), False),
        ("[red]Cy[/red]", D(0), D(0), D(0), None, None, None, None),
    ],
    [("shopify", D(500), D(270), D(120), D(60), D("50.01"), D("0.01"))],
    [("shopify", D(400), D(310), D(-15), D(20), D(30), D(50), D(1), D(4))],
    [
        ("Ana", D(250), D(200), D(250), 1, 1, 1),
        ("Bo", D(20), D(20), D(70), 2, 2, 2),
        ("[red]Cy[/red]", D(0), D(0), D(0), 3, 3, 3),
    ],
    [("Ana", "instagram", "own_account", DAY_1, "https://example.test/1", 900, D("0.0300"))],
    # March 1st is a Sunday: two weeks. GA4 knows day 1 alone and misses 2 of 6 online orders.
    [
        (dt.date(2026, 2, 23), D(8), D(4), D(2), D("0.2500"), D("0.3333")),
        (dt.date(2026, 3, 2), D(2), D(1), D(1), D("0.5000"), None),
    ],
)


def blocks() -> list[str]:
    return re.findall(r"^```sql\n(.*?)^```", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def marts(warehouse: Any) -> Iterator[Any]:
    warehouse.reset()
    make_marts(warehouse.dsn("transformer"), spring_marts())
    yield warehouse
    warehouse.reset()


def test_every_block_of_the_page_is_expected_here() -> None:
    assert len(blocks()) == len(EXPECTED)


@pytest.mark.parametrize("number", range(len(EXPECTED)))
def test_the_ready_sql_answers_what_it_says(marts: Any, number: int) -> None:
    with connect(marts.dsn("bi_reader")) as reader:
        found = reader.execute(blocks()[number].encode()).fetchall()
    assert found == EXPECTED[number]


def test_columns_and_marts_that_the_page_names_exist() -> None:
    known = contracts()
    columns = {column for mart in known.values() for column in mart}
    assert set(re.findall(r"\bmart_\w+", PAGE)) <= known.keys()
    in_code = set(re.findall(r"`([a-z]+(?:_[a-z0-9]+)+)`", PAGE))
    limits = set(re.findall(r"^\| .*timeout.*$|^\| .*work_mem.*$", PAGE, flags=re.MULTILINE))
    settings = {name for line in limits for name in re.findall(r"`(\w+)`", line)}
    seeds = {path.stem for path in (DBT_PROJECT_DIR / "seeds").glob("*.csv")}
    assert in_code - columns - settings - known.keys() - seeds - {"bi_reader"} == set()
    assert in_code >= seeds, "a publication copies every seed"


def test_the_limits_of_the_page_are_the_roles(marts: Any) -> None:
    shown = {"statement_timeout": "60 s", "idle_session_timeout": "1 h", "work_mem": "32 MB"}
    with connect(marts.dsn("bi_reader")) as reader:
        for name, text in shown.items():
            line = next(line for line in PAGE.splitlines() if f"`{name}`" in line)
            assert text in line
            value = reader.execute(f"show {name}").fetchone()
            assert value is not None
            assert value[0].replace("1min", "60s") == text.replace(" ", "")
        limit = reader.execute(
            "select rolconnlimit from pg_roles where rolname = 'bi_reader'"
        ).fetchone()
    assert limit == (20,)
    assert "| connections at a time | 20 |" in PAGE
