"""Commands and links in the documentation exist."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from include.settings import REPO_ROOT

DOCS = sorted([REPO_ROOT / "README.md", *(REPO_ROOT / "docs").glob("*.md")])
RUNBOOK = (REPO_ROOT / "docs" / "runbook.md").read_text()


def ids(path: Path) -> str:
    return path.name


@pytest.mark.parametrize("path", DOCS, ids=ids)
def test_modules_and_targets_that_docs_name_exist(path: Path) -> None:
    text = path.read_text()
    for module in set(re.findall(r"python -m (include[\w.]*\w)", text)):
        found = importlib.util.find_spec(module)
        assert found is not None, f"{path.name} names {module}"
        if found.submodule_search_locations:
            assert importlib.util.find_spec(f"{module}.__main__"), module
    makefile = (REPO_ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, flags=re.MULTILINE))
    # In code only: "make sure" is no target.
    for target in set(re.findall(r"(?:`|^)make ([a-z-]+)", text, flags=re.MULTILINE)):
        assert target in targets, f"{path.name} names make {target}"


@pytest.mark.parametrize("path", DOCS, ids=ids)
def test_links_between_docs_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        assert (path.parent / link).exists(), f"{path.name} links to {link}"


def test_the_runbook_answers_each_emergency() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK, flags=re.MULTILINE)
    assert headings == [
        "A source is late",
        "A check failed",
        "A bad publication",
        "The disk is full",
        "A password leaked or was lost",
        "Backup and restore",
    ]


def test_the_runbook_names_dags_tasks_and_tables_that_exist() -> None:
    dags = {path.stem for path in (REPO_ROOT / "dags").glob("*.py")}
    assert {"close_day", "measure_campaigns", "maintain_warehouse"} <= dags
    measure = (REPO_ROOT / "dags" / "measure_campaigns.py").read_text()
    assert "check_marts" in measure
    sql = "".join(p.read_text() for p in (REPO_ROOT / "include/warehouse/sql").glob("*.sql"))
    for table in set(re.findall(r"(?:from|join) ((?:quality|quarantine)\.\w+)", RUNBOOK)):
        assert table in sql, table
