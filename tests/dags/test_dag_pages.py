"""What people see of every DAG: its page, its form, its links, and who may approve."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include import daily, task_links
from include.settings import REPO_ROOT

# Of a mart's task the owner is the mart's.
OWNERS = {"data_engineering", "analytics"}
# By hand: the fields of each form.
FORMS = {
    "close_day": {"day", "dry_run"},
    "maintain_warehouse": {
        *("dry_run", "landing_days", "quarantine_days", "quality_days", "airflow_days"),
        "answer_days",
    },
    "measure_campaigns": {"day", "full_refresh", "dry_run"},
    "raise_alerts": {"dry_run"},
    "read_sources": {"day", "sources", "dry_run"},
    "review_campaigns": {"day", "campaign", "dry_run"},
}
INGEST_FORM = {"day", "connections", "dry_run"}


@pytest.fixture(scope="module")
def dags() -> dict[str, Any]:
    """Every DAG of the folder by id, parsed as Airflow parses it."""
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=str(REPO_ROOT / "dags"))
    assert bag.import_errors == {}
    return dict(bag.dags)


def test_every_page_says_what_goes_in_and_out_and_what_limits_it(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        page = dag.doc_md or ""
        assert "**Output**" in page or "**Writes**" in page, dag_id
        assert "**Input**" in page or "**Reads**" in page, dag_id
        assert "**Limits**" in page, dag_id
        assert "**Parameters**" in page, dag_id
        assert "**Schedule**" in page, dag_id
        # A connector's page is longer, and has headings.
        assert "**When it fails**" in page or "\n## When it fails\n" in page, dag_id
        assert dag.dag_display_name != dag_id, dag_id
        assert dag.tags, dag_id
        assert {task.owner for task in dag.tasks} <= OWNERS, dag_id


def test_every_dag_that_runs_by_hand_has_a_form(dags: dict[str, Any]) -> None:
    for dag_id, dag in dags.items():
        expected = FORMS.get(dag_id, INGEST_FORM)
        if dag_id == "ingest_instagram_stories":
            expected = INGEST_FORM - {"day"}  # its windows are hours: its partition key names one
        assert set(dag.params) == expected, dag_id
        for name in dag.params:
            field = dag.params.get_param(name)
            assert field.description, f"{dag_id}.{name}"
            assert "type" in field.schema, f"{dag_id}.{name}"
        dag.params.validate()


@pytest.mark.parametrize(
    ("dag_id", "name", "nonsense"),
    [
        ("ingest_shopify", "day", "yesterday"),
        ("ingest_shopify", "day", "2026-13-01"),
        ("ingest_shopify", "connections", ["instagram"]),
        ("ingest_shopify", "connections", "shopify"),
        ("ingest_shopify", "dry_run", "no"),
        ("read_sources", "sources", ["facebook"]),
        ("measure_campaigns", "full_refresh", 1),
        ("review_campaigns", "campaign", "winter_sale"),
        ("maintain_warehouse", "landing_days", 3),
    ],
)
def test_forms_refuse_nonsense(dags: dict[str, Any], dag_id: str, name: str, nonsense: Any) -> None:
    from airflow.sdk.exceptions import ParamValidationError

    with pytest.raises(ParamValidationError):
        dags[dag_id].params.get_param(name).resolve(value=nonsense)


def test_forms_take_what_makes_sense(dags: dict[str, Any]) -> None:
    form = dags["ingest_shopify"].params
    assert form.get_param("day").resolve(value="2026-11-20") == "2026-11-20"
    assert form.get_param("connections").resolve(value=["shopify"]) == ["shopify"]
    assert form.get_param("connections").resolve(value=None) is None
    campaign = dags["review_campaigns"].params.get_param("campaign")
    assert campaign.resolve(value="serum_launch") == "serum_launch"


def test_none_chosen_is_all_and_the_order_is_the_lists() -> None:
    from include.dag_forms import chosen

    assert chosen([], ["a", "b", "c"]) == ["a", "b", "c"]
    assert chosen(["c", "a"], ["a", "b", "c"]) == ["a", "c"]


def links_of(task: Any) -> set[str]:
    return {link.name for link in task.operator_extra_links}


def test_tasks_link_to_their_pages(dags: dict[str, Any]) -> None:
    shopify, measure = dags["ingest_shopify"], dags["measure_campaigns"]
    assert links_of(shopify.get_task("load_orders")) == {"Landing files"}
    assert links_of(shopify.get_task("check_shopify")) == {"Quality result"}
    assert links_of(measure.get_task("check_marts")) == {"Quality result"}
    model = measure.get_task("build_marts.mart_creator_scorecard_run")
    assert "Model documentation" in links_of(model)
    others = [task for task in measure.tasks if not task.task_id.endswith("_run")]
    assert not any("Model documentation" in links_of(task) for task in others)


def test_links_lead_to_the_day_and_the_thing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.test/ops/")
    run = SimpleNamespace(partition_key="2026-11-20")
    instance = SimpleNamespace(get_template_context=lambda: {"dag_run": run, "params": {}})
    load = SimpleNamespace(
        task_id="load_orders", op_kwargs={"source_name": "shopify", "stream_name": "orders"}
    )
    check = SimpleNamespace(task_id="check_shopify")
    model = SimpleNamespace(task_id="build_marts.mart_funnel_run")
    asked = [(task_links.LandingLink(), load), (task_links.QualityLink(), check)]
    asked += [(task_links.ModelLink(), model)]
    assert [link.get_link(task, ti_key=instance) for link, task in asked] == [  # type: ignore[arg-type]
        ("/ops/groundswell/quality/loads?source=shopify&stream=orders&day=2026-11-20"),
        "/ops/groundswell/quality/checks?suite=shopify&day=2026-11-20",
        "/ops/groundswell/docs?model=mart_funnel",
    ]


def test_rows_can_be_followed_from_the_api_to_the_mart(dags: dict[str, Any]) -> None:
    """Airflow's graph of an asset goes on from a task's outlets to its inlets, no other way."""
    tasks = [
        ({asset.name for asset in task.inlets}, {asset.name for asset in task.outlets})
        for dag in dags.values()
        for task in dag.tasks
        if not getattr(task, "is_mapped", False)
    ]
    seen: set[str] = set()
    ahead = {"marts.mart_creator_scorecard"}
    while ahead:
        seen |= ahead
        ahead = {name for read, made in tasks if made & ahead for name in read} - seen
    sources = {dag_id.removeprefix("ingest_") for dag_id in dags if dag_id.startswith("ingest_")}
    assert {name.removeprefix("api.") for name in seen if name.startswith("api.")} == (
        sources - {"instagram_stories"}
    )
    assert {"raw.shopify__orders", "raw.instagram__stories"} <= seen
    marts = dags["measure_campaigns"].get_task("publish_marts").outlets
    assert ("marts.mart_creator_scorecard", "marts") in {(a.name, a.group) for a in marts}


def test_the_streams_of_a_source_are_one_group(dags: dict[str, Any]) -> None:
    groups = dags["ingest_shopify"].task_group.get_task_group_dict()
    assert set(groups) == {None, "load"}
    assert "load_orders" in groups["load"].children


def test_a_review_waits_for_a_person_for_four_days_and_then_nothing_was_decided(
    dags: dict[str, Any],
) -> None:
    task = dags["review_campaigns"].get_task("approve_budget")
    asked = task.partial_kwargs
    assert asked["options"] == ["Approve", "Decline", "No decision"]
    assert asked["defaults"] == ["No decision"]
    assert asked["response_timeout"].days == 4
    assert dags["review_campaigns"].get_task("record_decision").upstream_task_ids == {
        "approve_budget",
        "write_reviews",
    }


def test_a_measurement_has_a_deadline_that_needs_no_triggerer(dags: dict[str, Any]) -> None:
    from airflow.sdk import SyncCallback

    (alert,) = dags["measure_campaigns"].deadline
    assert alert.interval.total_seconds() == 3600
    assert isinstance(alert.callback, SyncCallback)
    assert alert.callback.path == "include.alerts.deadline.look_now"


@pytest.mark.parametrize(("role", "may"), [("viewer", False), ("user", True), ("admin", True)])
def test_a_viewer_cannot_approve(role: str, may: bool) -> None:
    """What Airflow asks when an answer comes: PUT on the DAG's required actions."""
    from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    manager = SimpleAuthManager()
    person = SimpleAuthManagerUser(username="dana", role=role)
    answer = DagAccessEntity.HITL_DETAIL
    assert manager.is_authorized_dag(method="PUT", access_entity=answer, user=person) is may
    assert manager.is_authorized_dag(method="GET", access_entity=answer, user=person) is True


def test_forms_show_names_and_hand_over_ids(dags: dict[str, Any]) -> None:
    """What a person chooses is called as people call it; the task gets the key."""
    campaign = dags["review_campaigns"].params.get_param("campaign").schema
    assert campaign["enum"] == ["all", "serum_launch"]
    assert campaign["values_display"]["serum_launch"] == "Organic Facial Serum Launch"
    sources = dags["read_sources"].params.get_param("sources").schema
    assert sources["values_display"]["ga4"] == "Google Analytics 4"
    assert set(sources["values_display"]) == set(sources["items"]["enum"])


def test_a_run_in_which_a_task_failed_is_no_success(
    dags: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Airflow judges a run by its last tasks: the one that records a failure must fail as well."""
    measure = dags["measure_campaigns"]
    [last] = [task for task in measure.tasks if not task.downstream_task_ids]
    assert (last.task_id, last.trigger_rule.value) == ("record_failure", "one_failed")
    closed: list[int] = []

    def close(measure_run_id: int, **_: object) -> str:
        closed.append(measure_run_id)
        return f"measure run {measure_run_id} is closed"

    monkeypatch.setattr(daily, "fail_run", close)
    with pytest.raises(AirflowFailException, match="measure run 7 is closed"):
        last.python_callable(7)
    assert closed == [7]
