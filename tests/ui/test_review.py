"""The review's approval and a backfill, done by a person in a real browser."""

from __future__ import annotations

import datetime as dt
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from playwright.sync_api import Locator, Page, expect

from include.airflow_api import AirflowApi
from include.review.proposal import OPTIONS
from include.sandbox.installation import read_installation
from include.services.environment import ADMIN_USER
from tests.e2e.finished_demo import FinishedDemo

pytestmark = pytest.mark.ui
ADVICE = "marts.mart_budget_recommendation"
# Chains of tasks on a machine that others use as well.
SLOW_SECONDS = 300.0
LOOK_SECONDS = 10


@pytest.fixture
def last_day(stack: FinishedDemo) -> dt.date:
    """The last business date of the demo."""
    return read_installation(stack.data_dir).anchor


@pytest.fixture
def advised(stack: FinishedDemo) -> Iterator[tuple[str, str]]:
    """Advice to move 40 from one creator to another, in place of the published one; both ids.

    The few days of this demo move no money by themselves.
    """
    (campaign, model, rule) = stack.query(
        "transformer",
        "select campaign_id, default_attribution_model, default_rule_version"
        " from core.dim_campaign",
    )[0]
    with psycopg.connect(stack.dsn("transformer"), autocommit=True) as connection:
        before = connection.execute("select pg_get_viewdef(to_regclass(%s))", [ADVICE]).fetchone()
        connection.execute(f"drop view if exists {ADVICE}".encode())
        connection.execute(
            f"""
            create view {ADVICE} as
            select
                '{campaign}'::text as campaign_id, creator_id,
                initcap(replace(creator_id, '_', ' ')) as creator_name, 'scale'::text as phase,
                'shift'::text as recommended_action, 'for the test'::text as action_reason,
                pieces as piece_count, moved as moved_amount, 0.9 as p_best,
                '{model}'::text as attribution_model, '{rule}'::text as rule_version,
                'creator'::text as line_type, null::numeric as expected_gain_low,
                null::numeric as expected_gain_amount, null::numeric as expected_gain_high
            from (values ('naomi_feld', 1, 40.0), ('lena_brandt', 0, -40.0))
                as moves (creator_id, pieces, moved)
            """.encode()
        )
        yield "naomi_feld", "lena_brandt"
        connection.execute(f"drop view {ADVICE}".encode())
        if before is not None and before[0] is not None:
            connection.execute(f"create view {ADVICE} as {before[0]}".encode())


@pytest.fixture
def whole_week(stack: FinishedDemo, last_day: dt.date) -> dt.date:
    """A week whose seven days have arrived: the days before the demo's are said to have."""
    monday = last_day - dt.timedelta(days=last_day.weekday() + 7)
    with psycopg.connect(stack.dsn("loader")) as connection:
        connection.execute(
            """
            insert into quality.source_arrivals (source, day, run_id)
            select source, %s::date + number, 'before the demo'
            from (select distinct source from quality.source_arrivals) as sources
            cross join generate_series(0, 6) as number
            on conflict do nothing
            """,
            [monday],
        )
    return monday


def open_form(page: Page, dag_id: str) -> None:
    page.goto(f"/dags/{dag_id}")
    page.get_by_role("button", name="Trigger").first.click()
    page.get_by_text("Run this Dag for a range of dates").wait_for()


def pick(page: Page, place: int, day: dt.date, time: str) -> None:
    """Fill one of the backfill form's two instants."""
    page.get_by_test_id("datetime-input").nth(place).click()
    page.get_by_placeholder("YYYY/MM/DD").fill(f"{day:%Y/%m/%d}")
    page.get_by_placeholder("HH:mm").fill(time)
    page.get_by_placeholder("HH:mm").press("Enter")
    page.get_by_text("Date Range").click()
    expect(page.get_by_placeholder("HH:mm")).to_have_count(0)


def test_a_backfill_of_three_days_runs_to_its_end(
    page: Page, api: AirflowApi, last_day: dt.date, screenshots: Path
) -> None:
    # The demo read the days before its last one without Airflow: they have no run yet.
    days = [last_day - dt.timedelta(days=n) for n in (3, 2, 1)]
    open_form(page, "ingest_campaign_plan")
    page.get_by_text("Run this Dag for a range of dates").click()
    # The form's zone is UTC, the day's partition begins at 03:00 of the reporting one.
    pick(page, 0, days[0], "00:00")
    pick(page, 1, days[-1], "23:59")
    page.get_by_text("All Runs", exact=True).click()
    page.screenshot(path=screenshots / "backfill_form.png")
    page.get_by_role("button", name="Run Backfill").click()
    expect(page.get_by_role("button", name="Run Backfill")).to_have_count(0)
    for day in days:
        run = api.follow("ingest_campaign_plan", day.isoformat(), SLOW_SECONDS, lambda text: None)
        assert (run["run_type"], run["state"]) == ("backfill", "success")


def open_when_asked(page: Page, question: Locator) -> None:
    """Open the list of required actions until it holds the question: it does not refresh itself."""
    for _ in range(int(SLOW_SECONDS) // LOOK_SECONDS):
        page.goto("/required_actions")
        try:
            expect(question).to_be_visible(timeout=LOOK_SECONDS * 1000)
        except AssertionError:
            continue
        return
    raise AssertionError("nobody was asked to approve the shift")


def test_a_shift_of_money_is_approved_and_recorded(
    page: Page,
    stack: FinishedDemo,
    advised: tuple[str, str],
    whole_week: dt.date,
    viewer: Page,
    screenshots: Path,
) -> None:
    plan = stack.data_dir / "campaigns" / "serum_launch.yaml"
    before = plan.read_text()
    open_form(page, "review_campaigns")
    page.locator("input[type=date]").first.fill(whole_week.isoformat())
    page.get_by_role("button", name="Trigger").last.click()
    expect(page.get_by_text("Run this Dag for a range of dates")).to_have_count(0)
    by_hand = page.locator("a[href*='/runs/manual__'][href*='required_actions']")
    question = by_hand.filter(has_text="Move money in Organic Facial Serum Launch").first
    open_when_asked(page, question)
    question.click()
    expect(page.get_by_text("-40.00 USD").first).to_be_visible()
    expect(page.get_by_role("cell", name="Naomi Feld")).to_be_visible()
    expect(page.locator("strong", has_text="Organic Facial Serum Launch")).to_be_visible()
    page.screenshot(path=screenshots / "approval.png")
    check_viewer_is_refused(viewer, page.url, screenshots)
    assert decision(stack)[0] == "open"
    page.locator("[name=element_note]").fill("agreed in the review")
    page.get_by_role("button", name="Approve").click()
    page.goto("/dags/review_campaigns/runs?run_type=manual")
    expect(page.get_by_text("Success").first).to_be_visible(timeout=SLOW_SECONDS * 1000)
    check_decision(stack, plan, before)
    page.goto("/groundswell/quality/reviews")
    expect(page.get_by_text("agreed in the review").first).to_be_visible()
    page.screenshot(path=screenshots / "reviews.png", full_page=True)


def check_viewer_is_refused(viewer: Page, question: str, screenshots: Path) -> None:
    """Somebody who may only look sees the question; no button and no request answers it."""
    viewer.goto(question)
    expect(viewer.get_by_text("-40.00 USD").first).to_be_visible()
    for answer in OPTIONS:
        expect(viewer.get_by_role("button", name=answer, exact=True)).to_be_disabled()
    viewer.screenshot(path=screenshots / "approval_viewer.png")
    found = re.search(r"/dags/([^/]+)/runs/([^/]+)/tasks/([^/]+)/mapped/(\d+)", question)
    assert found is not None
    dag_id, run_id, task_id, index = found.groups()
    path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/{index}/hitlDetails"
    # The browser's own session asks, as its page would.
    assert viewer.request.get(path).status == 200
    answered = viewer.request.patch(path, data={"chosen_options": ["Approve"], "params_input": {}})
    assert answered.status == 403, answered.text()


def test_a_viewer_reads_every_page_and_starts_nothing(viewer: Page, stack: FinishedDemo) -> None:
    viewer.goto("/plugin/campaign")
    rows = viewer.frame_locator("iframe").locator("#creators tbody tr")
    expect(rows.first).to_be_visible()
    for section in ("", "/loads", "/rejects", "/drift", "/checks", "/publications", "/reviews"):
        answer = viewer.goto(f"/groundswell/quality{section}")
        assert answer is not None
        assert answer.status == 200, section
    started = viewer.request.post("/api/v2/dags/close_day/dagRuns", data={"logical_date": None})
    assert started.status == 403, started.text()


def decision(stack: FinishedDemo) -> tuple[Any, ...]:
    """Return what is kept of the test's question."""
    [kept] = stack.query(
        "ui_reader",
        "select decision, decided_by, note, patch_path from quality.budget_decisions"
        " where proposal::text like '%for the test%'",
    )
    return kept


def check_decision(stack: FinishedDemo, plan: Path, before: str) -> None:
    """The answer is kept, the file is as it was, and the patch applies to a copy of it."""
    answer, name, note, patch = decision(stack)
    assert (answer, name, note) == ("approved", ADMIN_USER, "agreed in the review")
    assert plan.read_text() == before
    copy = stack.data_dir / "applied" / plan.name
    copy.parent.mkdir()
    copy.write_text(before)
    subprocess.run(["patch", "-p1", "-i", patch], cwd=copy.parent, check=True, capture_output=True)
    assert copy.read_text() != before
