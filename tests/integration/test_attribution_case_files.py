"""Case files through the real dbt models, in one run for all files, and the real solver."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.attribution.cases import CaseFile, read_cases
from include.attribution.cases_answer import SqlAnswer
from include.attribution.cases_check import check_cases, format_results
from include.attribution.cases_sql import run_sql_cases
from include.settings import DBT_PROJECT_DIR
from include.warehouse.connection import connect

FOLDER = Path(__file__).parents[1] / "golden"
DEFECTS = read_cases(FOLDER / "peer_defects.json")
GOLDEN = read_cases(FOLDER / "attribution.json")


def project_models() -> set[str]:
    settings = yaml.safe_load((DBT_PROJECT_DIR / "dbt_project.yml").read_text("utf-8"))
    return {model["name"] for model in settings["vars"]["attribution_models"]}


@pytest.fixture(scope="module")
def answers(warehouse: Any) -> dict[str, SqlAnswer]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WAREHOUSE_DSN", warehouse.server_dsn)
        return run_sql_cases([*GOLDEN.cases, *DEFECTS.cases])


@pytest.mark.parametrize("case", DEFECTS.cases, ids=lambda case: case.id)
def test_defects_that_shipped_elsewhere(case: Any, answers: dict[str, SqlAnswer]) -> None:
    results = check_cases(CaseFile(DEFECTS.tolerance, (case,)), answers)
    assert not results[0].failures, format_results(results)


@pytest.mark.skipif(
    not project_models() >= {"position_based", "time_decay", "shapley"},
    reason="the project does not compute every rule model",
)
@pytest.mark.parametrize("case", GOLDEN.cases, ids=lambda case: case.id)
def test_golden_cases(case: Any, answers: dict[str, SqlAnswer]) -> None:
    results = check_cases(CaseFile(GOLDEN.tolerance, (case,)), answers)
    assert not results[0].failures, format_results(results)


def test_no_database_is_left_behind(warehouse: Any, answers: dict[str, SqlAnswer]) -> None:
    assert len(answers) == 31
    with connect(warehouse.server_dsn) as admin:
        left = admin.execute(
            "select count(*) from pg_database where datname like 'groundswell\\_cases%'"
        ).fetchone()
    assert left == (0,)
