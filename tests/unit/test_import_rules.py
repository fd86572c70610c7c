"""Imports run one way: dags → include; sources and pure maths know nothing above themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from include.settings import REPO_ROOT

OURS = ("include", "dags", "plugins", "tests")
SHARED_BY_SOURCES = ("include.http", "include.errors", "include.sources._base")
# The command line of attribution and the modules through which it reaches a warehouse.
ATTRIBUTION_DOORS = {"__main__", "cases_sql", "explain_rows"}
WEAK_NAMES = {"utils", "helpers", "common", "misc", "manager"}


def imports_of(path: Path) -> Iterator[str]:
    """Yield the dotted names of our own modules a file imports, wherever it imports them."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = ["relative"]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] in (*OURS, "relative"))


def modules(folder: str) -> list[Path]:
    found = sorted((REPO_ROOT / folder).rglob("*.py"))
    return [path for path in found if ".venv" not in path.parts]


def is_below(name: str, allowed: tuple[str, ...]) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in allowed)


def test_nobody_imports_dags_plugins_or_tests() -> None:
    for path in [*modules("include"), *modules("dags"), *modules("plugins"), *modules("bench")]:
        for name in imports_of(path):
            assert name.split(".")[0] == "include", f"{path} imports {name}"


def test_plugins_import_nothing_of_ours_but_the_pages_on_demand() -> None:
    """Every process of Airflow imports its plugins, and our code is not on its path by then."""
    for path in modules("plugins"):
        assert set(imports_of(path)) <= {"include.pages.wiring.pages"}, path
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").split(".")[0] not in OURS, path


def test_two_modules_of_the_pages_know_airflow() -> None:
    knowing = {
        path.stem
        for path in modules("include/pages")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("airflow")
    }
    assert knowing == {"guard", "wiring"}


def test_pure_maths_import_only_themselves() -> None:
    for area in ("attribution", "stats"):
        for path in modules(f"include/{area}"):
            if area == "attribution" and path.stem in ATTRIBUTION_DOORS:
                continue
            for name in imports_of(path):
                assert is_below(name, (f"include.{area}",)), f"{path} imports {name}"


def test_only_the_attribution_command_line_goes_through_its_doors() -> None:
    """The maths stay pure; `python -m include.attribution` alone opens a warehouse."""
    pure = [p for p in modules("include/attribution") if p.stem not in ATTRIBUTION_DOORS]
    for path in pure:
        for name in imports_of(path):
            parts = name.split(".")
            assert not set(parts) & ATTRIBUTION_DOORS, f"{path} imports {name}"


def test_a_source_imports_only_its_base_http_and_errors() -> None:
    for folder in sorted((REPO_ROOT / "include" / "sources").iterdir()):
        if not folder.is_dir() or folder.name.startswith("_"):
            continue
        allowed = (*SHARED_BY_SOURCES, f"include.sources.{folder.name}")
        if folder.name == "campaign_plan":
            allowed += ("include.campaigns",)
        for path in sorted(folder.rglob("*.py")):
            if path.name == "sandbox.py" or path.name.startswith("sandbox_"):
                continue  # stands on the other side of the wire, see the next test
            for name in imports_of(path):
                assert is_below(name, allowed), f"{path} imports {name}"


def test_only_the_sandbox_and_tests_import_a_sandbox_module() -> None:
    for path in modules("include"):
        if "sandbox" in path.parts or "sandbox" in path.name or path.name == "demo.py":
            continue
        for name in imports_of(path):
            assert ".sandbox" not in name, f"{path} imports {name}"


def test_no_module_is_named_for_nothing() -> None:
    for folder in OURS:
        for path in modules(folder):
            assert path.stem not in WEAK_NAMES, path
