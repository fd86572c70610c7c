"""Every stream is mapped over the connections of its source, named by their ids."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from include.assets import pools
from include.settings import REPO_ROOT
from include.sources import discover_sources

SHOPS = ["shopify", "shopify__eu"]


@pytest.fixture(scope="module")
def dag() -> Any:
    build = runpy.run_path(str(REPO_ROOT / "dags" / "ingest.py"))["build_ingest_dag"]
    return build(discover_sources()["shopify"], SHOPS, "America/New_York")


def test_two_shops_share_the_tasks_of_one(dag: Any) -> None:
    streams = {f"load_{s.name}" for s in discover_sources()["shopify"].streams}
    assert set(dag.task_ids) == streams | {"check_shopify", "announce_day"}
    assert dag.get_task("check_shopify").upstream_task_ids == streams


def test_a_load_is_mapped_over_the_connections_and_called_by_their_names(dag: Any) -> None:
    from jinja2 import Template

    load = dag.get_task("load_orders")
    assert load.op_kwargs_expand_input.value == {"conn_id": SHOPS}
    assert load.partial_kwargs["op_kwargs"] == {
        "source_name": "shopify",
        "stream_name": "orders",
    }
    assert load.pool == "shopify"
    # What Airflow renders for the grid, before the task runs and after it.
    name = Template(load.partial_kwargs["map_index_template"])
    mapped = [load.unmap({"op_kwargs": {"conn_id": shop}}) for shop in SHOPS]
    assert [name.render(task=task) for task in mapped] == SHOPS


def test_every_connection_brings_slots_of_its_own() -> None:
    sources = discover_sources()
    made = pools(sources, ["ga4", *SHOPS, "campaign_plan"])
    assert made["shopify"]["slots"] == 4  # two shops, two requests at a time each
    assert made["ga4"]["slots"] == 2
    assert made["campaign_plan"]["slots"] == 4  # no API bounds reading a folder
    assert set(made) == set(sources)  # also of a source that no plan enables yet


def test_the_page_of_a_dag_says_what_its_pool_allows(dag: Any) -> None:
    assert "**Limits** Pool `shopify`: 2 slots per connection" in dag.doc_md
