"""dbt's manifest is written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from include import dbt_tasks
from include.connections import fields_to_json, variable_of
from include.dbt_tasks import DbtFailed, read_manifest, staged_views, write_manifest
from include.sources._base import Connection

FILES = ["graph.json", "manifest.json", "partial_parse.msgpack"]


def node(folder: str, name: str, materialized: str, *parents: str) -> dict[str, Any]:
    """A model of dbt's manifest, cut to what is read of it and some of what is not."""
    return {
        "unique_id": f"model.groundswell.{name}",
        "package_name": "groundswell",
        "resource_type": "model",
        "name": name,
        "original_file_path": f"models/{folder}/{name}.sql",
        "tags": ["before_solve"],
        "fqn": ["groundswell", *folder.split("/"), name],
        "config": {"materialized": materialized, "persist_docs": {"relation": True}},
        "meta": {"owner": "growth"},
        "depends_on": {"macros": ["macro.groundswell.amount"], "nodes": list(parents)},
        "raw_code": "select 1",
    }


FIRST, BESIDE = "model.groundswell.stg_shop__first", "model.groundswell.int_beside"
FACT, OVER = "model.groundswell.fct_sale", "model.groundswell.int_over"
MART = "model.groundswell.mart_sales"
NODES = {
    FIRST: node("staging/shop", "stg_shop__first", "view", "source.groundswell.shop.orders"),
    BESIDE: node("intermediate", "int_beside", "view", FIRST, "seed.groundswell.ref_tier"),
    FACT: node("core", "fct_sale", "incremental", BESIDE),
    OVER: node("intermediate", "int_over", "view", FACT, FIRST),
    MART: node("marts", "mart_sales", "table", OVER, FIRST),
    "test.groundswell.unique": {
        **node("core", "unique", "test", FACT),
        "resource_type": "test",
    },
}


def a_manifest(version: int) -> str:
    metadata = {"project_name": "groundswell", "version": version}
    return json.dumps({"metadata": metadata, "nodes": NODES, "macros": {}})


class FakeDbt:
    """Writes its two files into the folder it is told, half of them when it is to fail."""

    def __init__(self, version: int, *, fails: bool = False) -> None:
        self.manifest, self.fails = a_manifest(version), fails
        self.connection: Connection | None = None

    def __call__(self, arguments: Sequence[str], connection: Connection | None) -> None:
        self.connection = connection
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


def test_a_parse_is_made_for_the_server_that_runs_will_use(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # dbt parses all again when host, port, user or database are others than the parse's.
    fields = {"conn_type": "postgres", "host": "db.example", "port": 15432, "schema": "warehouse"}
    monkeypatch.setenv(variable_of("warehouse_transformer"), fields_to_json(fields))
    dbt = FakeDbt(1)
    monkeypatch.setattr(dbt_tasks, "run_dbt", dbt)
    write_manifest()
    assert dbt.connection is not None
    assert (dbt.connection.host, dbt.connection.port) == ("db.example", 15432)
    assert dbt.connection.scheme == "warehouse"


def test_the_graph_is_what_cosmos_draws_and_no_more(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(1))
    write_manifest()
    graph = json.loads((target / "graph.json").read_text())
    assert set(graph) == {"metadata", "nodes"}
    assert graph["metadata"] == {"project_name": "groundswell"}
    # Staging, and the view that is built along with it, are one task's before.
    assert set(graph["nodes"]) == {FACT, OVER, MART}
    assert graph["nodes"][FACT]["depends_on"] == {"nodes": []}
    assert graph["nodes"][OVER]["depends_on"] == {"nodes": [FACT]}
    assert graph["nodes"][MART] == {
        "unique_id": MART,
        "package_name": "groundswell",
        "resource_type": "model",
        "original_file_path": "models/marts/mart_sales.sql",
        "tags": ["before_solve"],
        "fqn": ["groundswell", "marts", "mart_sales"],
        "config": {"materialized": "table", "meta": {"owner": "growth"}},
        "depends_on": {"nodes": [OVER]},
    }
    assert staged_views() == ["int_beside"]


def test_a_manifest_that_was_replaced_is_read_again(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in (1, 2):
        monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt(version))
        write_manifest()
        assert read_manifest()["metadata"] == {"project_name": "groundswell", "version": version}
        assert read_manifest() is read_manifest()


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
