"""Airflow's own pages, as an engineer repairs a day with them: documentation, buttons, logs."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from include.airflow_api import AirflowApi
from include.sandbox.installation import read_installation
from tests.e2e.finished_demo import FinishedDemo

pytestmark = pytest.mark.ui
SLOW_SECONDS = 300.0


@pytest.fixture
def last_day(stack: FinishedDemo) -> dt.date:
    return read_installation(stack.data_dir).anchor


def run_path(api: AirflowApi, dag_id: str, day: dt.date) -> str:
    """Return the page of a day's run that Airflow did first."""
    return f"/dags/{dag_id}/runs/{api.runs(dag_id, day.isoformat())[-1]['dag_run_id']}"


def test_the_home_page_shows_nothing_red(page: Page, screenshots: Path) -> None:
    report = page.request.get("/api/v2/monitor/health").json()
    assert {part["status"] for part in report.values()} == {"healthy"}, report
    page.goto("/")
    expect(page.get_by_text("Triggerer")).to_be_visible()
    page.screenshot(path=screenshots / "home.png")


def test_the_graph_of_an_asset_goes_from_the_api_to_the_marts(
    page: Page, screenshots: Path
) -> None:
    """What Airflow draws under *Task Dependencies* of the shop's orders."""
    found = page.request.get("/api/v2/assets?name_pattern=raw.shopify__orders").json()["assets"]
    [orders] = [asset["id"] for asset in found if asset["name"] == "raw.shopify__orders"]
    page.goto(f"/assets/{orders}")
    with page.expect_response(lambda answer: "dependency_type=data" in answer.url) as drawn:
        page.get_by_text("Task Dependencies").click()
    graph = drawn.value.json()
    names = {node["id"]: node["label"] for node in graph["nodes"]}
    edges = {(names[edge["source_id"]], names[edge["target_id"]]) for edge in graph["edges"]}
    assert edges >= {
        ("api.shopify", "ingest_shopify.check_shopify"),
        ("ingest_shopify.check_shopify", "raw.shopify__orders"),
        ("raw.shopify__orders", "measure_campaigns.publish_marts"),
        ("measure_campaigns.publish_marts", "marts.mart_creator_scorecard"),
    }
    # The view stays where the other graph was: the button brings the drawn one into it.
    page.wait_for_timeout(1000)
    page.locator(".react-flow__controls-fitview").click()
    expect(page.locator(".react-flow__node", has_text="api.shopify")).to_be_visible()
    page.screenshot(path=screenshots / "asset_graph.png")


def test_a_dags_page_says_what_to_do_when_it_fails(page: Page, screenshots: Path) -> None:
    page.goto("/dags/review_campaigns")
    page.get_by_role("button", name="Dag Docs").click()
    shown = page.get_by_role("dialog")
    expect(shown.get_by_text("When it fails")).to_be_attached()
    expect(shown.get_by_text("WeekIncomplete").first).to_be_attached()
    page.screenshot(path=screenshots / "dag_docs.png", animations="disabled")


@pytest.mark.parametrize(
    ("dag_id", "task", "button", "shown"),
    [
        ("measure_campaigns", "check_marts", "Quality result", "#results tbody tr"),
        ("ingest_shopify", "load_orders/mapped/0", "Landing files", "#windows tbody tr"),
        ("measure_campaigns", "publish_marts", "Publications", "main section"),
    ],
)
def test_a_tasks_button_leads_to_what_it_did(
    page: Page, api: AirflowApi, last_day: dt.date, dag_id: str, task: str, button: str, shown: str
) -> None:
    page.goto(f"{run_path(api, dag_id, last_day)}/tasks/{task}/details")
    found = page.get_by_role("link", name=button)
    expect(found).to_be_visible()
    # It opens in a tab of its own, by Airflow's whole address.
    address = urlsplit(found.get_attribute("href") or "")
    page.goto(f"{address.path}?{address.query}")
    expect(page.locator(shown).first).to_be_visible()


def test_an_assets_event_tells_rows_rejects_and_drift(
    page: Page, stack: FinishedDemo, last_day: dt.date
) -> None:
    """The note of a day's orders is what the warehouse keeps of its load."""
    [(read, changed, rejected)] = stack.query(
        "loader",
        "select rows_read, rows_merged, rows_rejected from quality.load_windows"
        f" where source = 'shopify' and stream = 'orders' and partition_key = '{last_day}'"
        " order by load_id limit 1",
    )
    path = "/api/v2/assets/events?source_dag_id=ingest_shopify&limit=100"
    events = page.request.get(path).json()["asset_events"]
    [note] = [e["extra"] for e in events if e["name"] == "raw.shopify__orders" and e["extra"]]
    told = (note["rows"], note["rows_changed"], note["rejects"], note["new_fields"])
    assert told == (read, changed, rejected, [])


def test_a_failed_run_says_first_what_happened(
    page: Page, api: AirflowApi, screenshots: Path
) -> None:
    started = page.request.post(
        "/api/v2/dags/review_campaigns/dagRuns", data={"logical_date": None}
    ).json()["dag_run_id"]
    page.goto(f"/dags/review_campaigns/runs/{started}/tasks/check_week")
    page.get_by_text("Failed").first.wait_for(timeout=SLOW_SECONDS * 1000)
    page.reload()
    lines = page.get_by_text(
        re.compile("What happened|Does retrying help|What is served|What to do")
    )
    expect(lines).to_have_count(4)
    texts = lines.all_inner_texts()
    assert "PermanentError" in texts[0]
    assert "no, a person must act first" in texts[1]
    assert re.search(r"version \d+ of the marts, whole up to \d{4}-\d\d-\d\d", texts[2])
    page.screenshot(path=screenshots / "failed_run.png")
