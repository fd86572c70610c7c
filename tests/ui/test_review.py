"""What a person does in a real browser: backfill days, read a result, take it along, approve."""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from page_watch import best_creator
from playwright.sync_api import Locator, Page, expect

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


@contextmanager
def shift_advised(stack: FinishedDemo) -> Iterator[None]:
    """Advise to move 40 from one creator to another, in place of the published advice.

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
        yield
        connection.execute(f"drop view {ADVICE}".encode())
        if before is not None and before[0] is not None:
            connection.execute(f"create view {ADVICE} as {before[0]}".encode())


def make_whole_week(stack: FinishedDemo, last_day: dt.date) -> dt.date:
    """Say that the seven days of the week before have arrived; return its Monday."""
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


def test_days_are_backfilled_a_result_is_read_exported_and_a_shift_approved(
    page: Page, stack: FinishedDemo, last_day: dt.date, viewer: Page, screenshots: Path
) -> None:
    """One person, one browser, one after the other."""
    backfill_three_days(page, last_day, screenshots)
    read_and_export(page, stack)
    with shift_advised(stack):
        approve_the_shift(page, stack, last_day, viewer, screenshots)


def backfill_three_days(page: Page, last_day: dt.date, screenshots: Path) -> None:
    """Fill in the form for three days and watch Airflow's list until each run says Success."""
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
    page.goto("/dags/ingest_campaign_plan/runs?run_type=backfill")
    runs = page.locator("tbody").get_by_role("row")
    expect(runs).to_have_count(len(days))
    expect(runs.filter(has_text="Success")).to_have_count(len(days), timeout=SLOW_SECONDS * 1000)
    for day in days:
        expect(runs.filter(has_text=day.isoformat())).to_have_count(1)
    page.screenshot(path=screenshots / "backfill_runs.png")


def read_and_export(page: Page, stack: FinishedDemo) -> None:
    """The creator's ROAS stands on the page inside Airflow and in its file as in the warehouse."""
    name, revenue, roas = best_creator(stack)
    page.goto("/plugin/campaign")
    frame = page.frame_locator("iframe")
    row = frame.locator("#creators tbody tr").filter(has_text=name)
    expect(row).to_contain_text(f"{roas:.2f}×")
    with page.expect_download() as started:
        frame.get_by_role("link", name="Export as CSV").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    [exported] = [r for r in csv.DictReader(io.StringIO(text)) if r["creator_name"] == name]
    assert exported["net_revenue_amount"] == str(revenue)
    assert float(exported["roas"]) == pytest.approx(float(roas), abs=1e-6)


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


def approve_the_shift(
    page: Page, stack: FinishedDemo, last_day: dt.date, viewer: Page, screenshots: Path
) -> None:
    """Ask for the review of a week, approve its shift of money, and see that it is recorded."""
    monday = make_whole_week(stack, last_day)
    plan = stack.data_dir / "campaigns" / "serum_launch.yaml"
    before = plan.read_text()
    open_form(page, "review_campaigns")
    page.locator("input[type=date]").first.fill(monday.isoformat())
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
