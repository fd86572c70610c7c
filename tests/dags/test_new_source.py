"""A new source folder gives a DAG, tables, a suite and assets with no other edit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from include.scaffold.__main__ import write_source
from include.settings import REPO_ROOT

# Runs in the copy of the tree, as Airflow and the loader would see it.
PROBE = """
import json
from airflow.dag_processing.dagbag import DagBag
from include.assets import raw_assets
from include.quality.suites import load_suite
from include.sources import discover_sources

bag = DagBag(dag_folder="dags/ingest.py")
source = discover_sources()["pinterest"]
print(json.dumps({
    "import_errors": bag.import_errors,
    "tasks": sorted(bag.dags["ingest_pinterest"].task_ids),
    "assets": raw_assets(source),
    "suite": load_suite("pinterest").__module__,
    "page": bag.dags["ingest_pinterest"].doc_md.splitlines()[0],
}))
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the parts a source reaches, with the sample campaign waiting for the new source."""
    ignore = shutil.ignore_patterns("__pycache__", "target", "logs")
    for folder in ("include", "dags", "dbt_project", "tests/unit"):
        shutil.copytree(REPO_ROOT / folder, tmp_path / folder, ignore=ignore)
    campaign = tmp_path / "include" / "campaigns" / "serum_launch.yaml"
    text = campaign.read_text()
    assert "sources:" in text
    campaign.write_text(text.replace("sources: [", "sources: [pinterest, ", 1))
    return tmp_path


def test_scaffolded_source_appears_everywhere(tree: Path) -> None:
    shutil.copy(REPO_ROOT / "pyproject.toml", tree)
    write_source("pinterest", tree)
    done = subprocess.run(
        [sys.executable, "-c", PROBE], cwd=tree, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.strip().splitlines()[-1])
    assert found == {
        "import_errors": {},
        "tasks": ["announce_day", "check_pinterest", "load_items"],
        "assets": ["raw.pinterest__items"],
        "suite": "include.quality.suites.pinterest",
        "page": "# Pinterest",
    }


def test_scaffolded_unit_test_passes(tree: Path) -> None:
    write_source("pinterest", tree)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "tests/unit/test_pinterest_client.py",
        ],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_a_source_that_exists_is_not_overwritten(tree: Path) -> None:
    write_source("pinterest", tree)
    with pytest.raises(Exception, match="'pinterest' exists already"):
        write_source("pinterest", tree)
    with pytest.raises(Exception, match="'Pin-terest' is not a source name"):
        write_source("Pin-terest", tree)
