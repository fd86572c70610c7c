"""What every model of the project must come with, read from dbt's manifest."""

from __future__ import annotations

from typing import Any

import pytest

from include.dbt_tasks import read_manifest
from tests.parsed_project import parse_project

LAYERS = {
    "staging": "stg_",
    "intermediate": "int_",
    "core": ("dim_", "fct_"),
    "marts_next": "mart_",
}


@pytest.fixture(scope="module")
def manifest() -> dict[str, Any]:
    parse_project()
    return read_manifest()


def models(manifest: dict[str, Any], *schemas: str) -> list[dict[str, Any]]:
    found = [node for node in manifest["nodes"].values() if node["resource_type"] == "model"]
    return [model for model in found if not schemas or model["schema"] in schemas]


def test_every_model_lies_in_its_layer_and_is_described(manifest: dict[str, Any]) -> None:
    for model in models(manifest):
        assert model["name"].startswith(LAYERS[model["schema"]]), model["name"]
        assert model["description"], model["name"]


def test_core_and_marts_are_promises(manifest: dict[str, Any]) -> None:
    """Enforced contract, described and typed columns, grain, owner, primary-key test."""
    keyed = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "unique_key"
    }
    for model in models(manifest, "core", "marts_next"):
        assert model["config"]["contract"]["enforced"], model["name"]
        assert "Grain: " in model["description"], model["name"]
        assert model["config"]["meta"]["owner"], model["name"]
        assert model["unique_id"] in keyed, model["name"]
        for column in model["columns"].values():
            assert column["data_type"], (model["name"], column["name"])
            assert column["description"], (model["name"], column["name"])


def test_every_mart_is_a_full_table_with_a_consumer_and_a_unit_test(
    manifest: dict[str, Any],
) -> None:
    exposed = {
        name
        for exposure in manifest["exposures"].values()
        for name in exposure["depends_on"]["nodes"]
    }
    tested = {unit_test["model"] for unit_test in manifest["unit_tests"].values()}
    for mart in models(manifest, "marts_next"):
        assert mart["config"]["materialized"] == "table", mart["name"]
        assert mart["unique_id"] in exposed, mart["name"]
        assert mart["name"] in tested, mart["name"]


def test_json_stays_in_staging(manifest: dict[str, Any]) -> None:
    """The same models shall run on another warehouse: no JSON operators outside staging."""
    for model in models(manifest, "intermediate", "core", "marts_next"):
        assert "->" not in model["raw_code"], model["name"]
        assert "json" not in model["raw_code"], model["name"]
