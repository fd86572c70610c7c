"""dbt's manifest is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from include import dbt_tasks
from include.dbt_tasks import DbtFailed, write_manifest

FILES = ["graph.json", "manifest.json", "partial_parse.msgpack"]
SECOND = "model.groundswell.int_second"
MODEL = {
    "unique_id": SECOND,
    "package_name": "groundswell",
    "resource_type": "model",
    "original_file_path": "models/intermediate/int_second.sql",
    "path": "intermediate/int_second.sql",
    "tags": ["before_solve"],
    "fqn": ["groundswell", "intermediate", "int_second"],
    "config": {"materialized": "view", "persist_docs": {"relation": True}},
    "meta": {"owner": "growth"},
    "depends_on": {"macros": [], "nodes": ["model.groundswell.stg_shop__first"]},
    "raw_code": "select 1",
}
STAGED = {**MODEL, "fqn": ["groundswell", "staging", "shop", "stg_shop__first"]}


def a_manifest(version: int) -> str:
    nodes = {
        SECOND: MODEL,
        "model.groundswell.stg_shop__first": STAGED,
        "test.groundswell.unique": {**MODEL, "resource_type": "test"},
    }
    return json.dumps(
        {"metadata": {"project_name": "groundswell", "v": version}, "nodes": nodes, "macros": {}}
    )


class FakeDbt:
    """Writes its two files into the folder it is told, half of them when it is to fail."""

    def __init__(self, version: int, *, fails: bool = False) -> None:
        self.manifest, self.fails = a_manifest(version), fails

    def __call__(self, arguments: Sequence[str]) -> None:
        folder = Path(arguments[arguments.index("--target-path") + 1])
        (folder / "manifest.json").write_text(self.manifest)
        if self.fails:
            raise DbtFailed("half way")
        (folder / "partial_parse.msgpack").write_text("parsed")


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dbt_tasks, "MANIFEST", tmp_path / "target" / "manifest.json")
    monkeypatch.setattr(dbt_tasks, "GRAPH", tmp_path / "target" / "graph.json")
    return tmp_path / "target"


def test_a_parse_leaves_its_files_and_nothing_else(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(1))
    write_manifest()
    assert sorted(path.name for path in target.iterdir()) == FILES
    assert (target / "manifest.json").read_text() == a_manifest(1)
    assert (target / "partial_parse.msgpack").read_text() == "parsed"


def test_the_graph_is_what_cosmos_draws_and_no_more(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(1))
    write_manifest()
    assert json.loads((target / "graph.json").read_text()) == {
        "metadata": {"project_name": "groundswell"},
        "nodes": {
            SECOND: {
                "unique_id": SECOND,
                "package_name": "groundswell",
                "resource_type": "model",
                "original_file_path": "models/intermediate/int_second.sql",
                "tags": ["before_solve"],
                "fqn": ["groundswell", "intermediate", "int_second"],
                "config": {"materialized": "view", "meta": {"owner": "growth"}},
                "depends_on": {"nodes": ["model.groundswell.stg_shop__first"]},
            }
        },
    }


def test_a_failed_parse_leaves_the_manifest_that_was_there(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(1))
    write_manifest()
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(2, fails=True))
    with pytest.raises(DbtFailed, match="half way"):
        write_manifest()
    assert (target / "manifest.json").read_text() == a_manifest(1)
    assert sorted(path.name for path in target.iterdir()) == FILES
