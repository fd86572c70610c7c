"""The pages in a browser where there is nothing, little, too much, or what failed.

No stack is needed: the application runs on a warehouse of its own, without Airflow's login, which
other tests are about.
"""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Page, expect

from include.warehouse.connection import connect
from tests.conftest import Warehouse
from tests.integration import page_marts

pytestmark = pytest.mark.ui
QUALITY = ("", "/loads", "/rejects", "/drift", "/checks", "/publications", "/restatements")
PAGES = ("campaign", *(f"quality{name}" for name in (*QUALITY, "/alerts", "/reviews")), "docs")
CREATORS = 10_000
# How a page says that there is nothing, and what brings its first rows.
SAYS_SO = re.compile(r"yet|never arrived|Nothing|No alert|Every field")


@pytest.fixture
def page(lone_page: Page) -> Page:
    """A page of the application on its own."""
    return lone_page


def test_an_empty_warehouse_has_every_page(
    page: Page, address: str, clean_warehouse: Warehouse, screenshots: Path
) -> None:
    for name in PAGES:
        answer = page.goto(f"{address}/{name}")
        assert answer is not None
        assert answer.status == 200, name
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        expect(page.locator("main")).to_contain_text(SAYS_SO)
        page.screenshot(path=screenshots / f"empty_{name.replace('/', '_')}.png", full_page=True)


def test_a_campaign_without_orders_has_every_section(
    page: Page, address: str, clean_warehouse: Warehouse, screenshots: Path
) -> None:
    marts = ("mart_creator_scorecard", "mart_creator_attribution", "mart_tracking_coverage")
    rows: dict[str, list[dict[str, object]]] = {mart: [] for mart in marts}
    rows["mart_campaign_profile"] = [page_marts.profile("spring", creator_count=0)]
    page_marts.publish(clean_warehouse.dsn("transformer"), rows)
    page.goto(f"{address}/campaign")
    expect(page.get_by_role("heading", level=1)).to_have_text("Spring")
    expect(page.get_by_text("No creator of this campaign has been measured yet")).to_be_visible()
    for link in page.get_by_role("navigation", name="On this page").get_by_role("link").all():
        expect(page.locator(link.get_attribute("href") or "")).to_be_attached()
    page.screenshot(path=screenshots / "campaign_without_orders.png", full_page=True)


def test_a_publication_that_failed_is_told_where_people_look(
    page: Page, address: str, clean_warehouse: Warehouse, screenshots: Path
) -> None:
    """The figures of the version before stay, the campaign page and the quality page say why."""
    marts = {"mart_campaign_profile": [page_marts.profile("spring")]}
    page_marts.publish(clean_warehouse.dsn("transformer"), marts)
    with connect(clean_warehouse.admin_dsn) as admin:
        add_runs(admin)
    page.goto(f"{address}/campaign")
    expect(page.get_by_label("What is missing")).to_contain_text(
        "The newer run for 1 Apr 2026 was not published (failed)"
    )
    page.goto(f"{address}/quality/publications")
    row = page.get_by_role("row").filter(has_text="2026-04-01")
    expect(row).to_contain_text("a task failed")
    page.screenshot(path=screenshots / "publication_failed.png", full_page=True)


def add_runs(admin: psycopg.Connection) -> None:
    """Add a published run of the marts' day and a failed one of the day after."""
    admin.execute(
        """
        insert into quality.measure_runs (day, as_of_date, run_id, status, version) values
        ('2026-03-31', '2026-03-31', 'first', 'published', 1);
        insert into quality.publications (
            version, measure_run_id, marts, as_of_date, is_current
        )
        select 1, min(measure_run_id), '{"mart_campaign_profile": 1}', '2026-03-31', true
        from quality.measure_runs;
        insert into quality.measure_runs (day, as_of_date, run_id, status) values
        ('2026-04-01', '2026-04-01', 'second', 'failed')
        """
    )


def test_ten_thousand_creators_are_paged_and_sorted(
    page: Page, address: str, clean_warehouse: Warehouse, screenshots: Path
) -> None:
    scorecard, version = page_marts.creator(1)
    marts = {
        "mart_campaign_profile": [page_marts.profile("spring", creator_count=CREATORS)],
        "mart_creator_scorecard": [scorecard],
        "mart_creator_attribution": [version],
    }
    page_marts.publish(clean_warehouse.dsn("transformer"), marts)
    with connect(clean_warehouse.dsn("transformer")) as connection:
        for table in ("mart_creator_scorecard", "mart_creator_attribution"):
            connection.execute(
                f"insert into {page_marts.SCHEMA}.{table} select made.*"
                f" from {page_marts.SCHEMA}.{table} as one"
                f" cross join generate_series(2, {CREATORS}) as n, lateral"
                f" jsonb_populate_record(null::{page_marts.SCHEMA}.{table}, to_jsonb(one)"
                " || jsonb_build_object('creator_id', 'c' || n, 'net_revenue_amount', n,"
                " 'creator_name', 'Creator ' || n)) as made".encode()
            )
    page.goto(f"{address}/campaign")
    rows = page.locator("#creators tbody tr")
    expect(rows.first).to_contain_text(f"Creator {CREATORS}")
    page.locator("#creators thead").get_by_role("link", name="Net revenue").click()
    expect(rows.first).to_contain_text("Creator 2")
    page.locator("#creators").get_by_role("link", name="Next").click()
    expect(page.locator("#creators .pager")).to_contain_text(f"51–100 of {CREATORS:,}")
    page.screenshot(path=screenshots / "ten_thousand_creators.png")
