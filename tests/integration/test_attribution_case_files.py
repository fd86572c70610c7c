"""Case files through the real dbt models, in one run for all files, and the real solver."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from random_attribution import random_case

from include.attribution import __main__ as command
from include.attribution.cases import CaseFile, read_cases
from include.attribution.cases_answer import SqlAnswer, complete_answer
from include.attribution.cases_check import check_cases, format_results
from include.attribution.cases_sql import build_cases, read_answers, scratch_database
from include.attribution.explain import format_order
from include.attribution.explain_rows import read_orders
from include.warehouse.connection import connect

FOLDER = Path(__file__).parents[1] / "golden"
DEFECTS = read_cases(FOLDER / "peer_defects.json")
GOLDEN = read_cases(FOLDER / "attribution.json")
ODD = read_cases(FOLDER / "odd_orders.json")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> CaseFile:
    """Sixty random cases, read from a file like any other."""
    file = tmp_path_factory.mktemp("cases") / "random.json"
    file.write_text(json.dumps({"cases": [random_case(seed) for seed in range(60)]}), "utf-8")
    return read_cases(file)


@pytest.fixture(scope="module")
def built(warehouse: Any, drawn: CaseFile) -> Iterator[str]:
    """A scratch database with the models built over every case."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_DSN", warehouse.server_dsn)
        with scratch_database() as dsn:
            build_cases(dsn, [*GOLDEN.cases, *DEFECTS.cases, *ODD.cases, *drawn.cases])
            yield dsn
    with connect(warehouse.server_dsn) as admin:
        left = admin.execute(
            "select count(*) from pg_database where datname like 'groundswell\\_cases%'"
        ).fetchone()
    assert left == (0,), "the scratch database is still there"


@pytest.fixture(scope="module")
def answers(built: str, drawn: CaseFile) -> dict[str, SqlAnswer]:
    return read_answers(built, [*GOLDEN.cases, *DEFECTS.cases, *ODD.cases, *drawn.cases])


@pytest.mark.parametrize("case", DEFECTS.cases, ids=lambda case: case.id)
def test_defects_that_shipped_elsewhere(case: Any, answers: dict[str, SqlAnswer]) -> None:
    results = check_cases(CaseFile(DEFECTS.tolerance, (case,)), answers)
    assert not results[0].failures, format_results(results)


@pytest.mark.parametrize("case", GOLDEN.cases, ids=lambda case: case.id)
def test_golden_cases(case: Any, answers: dict[str, SqlAnswer]) -> None:
    results = check_cases(CaseFile(GOLDEN.tolerance, (case,)), answers)
    assert not results[0].failures, format_results(results)


@pytest.mark.parametrize("case", ODD.cases, ids=lambda case: case.id)
def test_odd_orders(case: Any, answers: dict[str, SqlAnswer]) -> None:
    """Worked by hand: returns beyond the sale, exchanges, ties, ages no float can hold, names."""
    results = check_cases(CaseFile(ODD.tolerance, (case,)), answers)
    assert not results[0].failures, format_results(results)


def test_random_cases_equal_the_oracle(drawn: CaseFile, answers: dict[str, SqlAnswer]) -> None:
    results = check_cases(drawn, answers)
    assert not any(result.failures for result in results), format_results(results)
    assert sum(len(result.checks) for result in results) > 3000


def test_random_chains_convert_as_often_as_their_paths(
    drawn: CaseFile, answers: dict[str, SqlAnswer]
) -> None:
    """P(conversion) of the paths SQL built is the observed rate; shares sum to 1, cents too."""
    rates = set()
    for case in drawn.cases:
        answer = complete_answer(answers[case.id])
        walked = [path for path in answer.sql.paths if path.channels]
        orders = sum(path.conversions for path in walked)
        rate = orders / (orders + sum(p.nulls for p in walked)) if walked else 0.0
        assert answer.solution.p_conversion == pytest.approx(rate, abs=1e-12)
        assert answer.solution.shares.sum() == pytest.approx(1.0 if orders else 0.0, abs=1e-12)
        rates.add(round(rate, 3))
    assert len(rates) > 5


def test_explaining_an_order_that_was_refunded(
    built: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """G23: 100.00 over ana, bo and cy, 40.00 given back 34 days later in the same thirds."""
    monkeypatch.setattr(command, "warehouse_dsn", lambda: built)
    (found,) = [
        rows for rows in read_orders(built, "o1") if rows.order["connection_id"].startswith("G23")
    ]
    lines = [" ".join(line.split()) for line in format_order(found).splitlines()]
    assert any(
        line.startswith("1 2026-03-01 00:00:00 UTC 14.00 d utm_link ana kept") for line in lines
    )
    assert "2026-03-15 sale: 100.00 USD" in lines
    assert "2026-04-18 later entry, with the sale's weights: -40.00 USD" in lines
    assert command.main(["explain", "nowhere"]) == 1
    assert "no order with the id or name 'nowhere'" in capsys.readouterr().err


def test_explaining_dropped_touches(built: str) -> None:
    """G06: one second too old, one second after the order."""
    (found,) = [
        rows for rows in read_orders(built, "o1") if rows.order["connection_id"].startswith("G06")
    ]
    lines = [" ".join(line.split()) for line in format_order(found).splitlines()]
    assert any(line.endswith("too_old dropped: outside the look-back of 30 days") for line in lines)
    assert any(line.endswith("after dropped: after the order") for line in lines)


def test_the_orders_behind_a_creators_day(
    built: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """G23 alone has cy's refund on that day: a third of -40.00, no order."""
    monkeypatch.setattr(command, "warehouse_dsn", lambda: built)
    assert command.main(["creator", "cy", "2026-04-18"]) == 0
    text = capsys.readouterr().out
    assert "cy on 2026-04-18, rule version all" in text
    row = next(line.split() for line in text.splitlines() if line.startswith("o1"))
    assert row[:6] == ["o1", "kept", "2026-03-15", "later", "entry", "3"]
    assert "-13.33" in row
    assert command.main(["creator", "cy", "2026-04-19"]) == 1


def test_a_name_that_nobody_has_is_no_empty_answer(
    built: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A misspelt creator or rule version is told apart from a day without orders."""
    monkeypatch.setattr(command, "warehouse_dsn", lambda: built)
    assert command.main(["creator", "cyy", "2026-04-18"]) == 2
    refused = capsys.readouterr().err
    assert "there is no creator 'cyy'; there are" in refused
    assert "cy" in refused.split("there are")[1].replace(",", " ").split()
    assert command.main(["explain", "o1", "--rule-version", "everything"]) == 2
    assert "'everything' is not computed for order o1; computed: all" in capsys.readouterr().err
