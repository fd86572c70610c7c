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
# What orders were last built with: fingerprints, posts, settings.
NOTING = ("int_fingerprints_applied", "int_posts_applied", "int_attribution_settings")


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


def test_every_table_that_models_read_is_sampled(manifest: dict[str, Any]) -> None:
    """A planner without a sample of a new table joins each of its rows with each."""
    unsampled = [
        model["name"]
        for model in models(manifest, "intermediate", "core")
        if model["config"]["materialized"] in ("table", "incremental")
        and not any("analyze" in hook["sql"] for hook in model["config"]["post-hook"])
    ]
    assert unsampled == []


def test_json_stays_in_staging(manifest: dict[str, Any]) -> None:
    """The same models shall run on another warehouse: no JSON operators outside staging."""
    for model in models(manifest, "intermediate", "core", "marts_next"):
        assert "->" not in model["raw_code"], model["name"]
        assert "json" not in model["raw_code"], model["name"]


def test_what_orders_were_built_with_is_noted_when_all_is_built(manifest: dict[str, Any]) -> None:
    """What keeps rows of affected orders comes first: a retry after a failure in between builds it.

    Tables of sums by day are told apart: they read which days were rebuilt up to a note of their
    own.
    """
    found = {model["name"]: model for model in models(manifest)}
    affected = found["int_orders_affected"]["unique_id"]
    keeping = {
        name
        for name, model in found.items()
        if affected in model["depends_on"]["nodes"]
        and model["config"]["materialized"] == "incremental"
        and "open_rebuilt_days" not in str(model["config"]["pre-hook"])
        and name not in NOTING
    }
    assert {"fct_order", "fct_order_line", "int_path_summary"} <= keeping
    for name in NOTING:
        before = ancestors(manifest, found[name]["unique_id"])
        assert {found[kept]["unique_id"] for kept in keeping} <= before, name


def ancestors(manifest: dict[str, Any], unique_id: str) -> set[str]:
    found: set[str] = set()
    waiting = [unique_id]
    while waiting:
        parents = set(manifest["parent_map"][waiting.pop()]) - found
        found |= parents
        waiting += parents
    return found
