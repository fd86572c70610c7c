"""The campaign page in a real browser: what a marketer does, and what must never happen."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import psycopg
import pytest
from page_watch import HOSTILE_CAPTION, HOSTILE_NAME, Watch, best_creator
from playwright.sync_api import BrowserContext, Page, expect

from include.sandbox.installation import read_installation
from tests.e2e.finished_demo import FinishedDemo

pytestmark = pytest.mark.ui
PAGE = "/groundswell/campaign"
WIDE = "wide_campaign"
WIDE_CREATORS = 1000


def cells(page: Page, column: str) -> list[str]:
    """Return the texts of a column of the creators' table, top to bottom."""
    table = page.locator("#creators table")
    titles = table.locator("thead th").all_inner_texts()
    at = next(n for n, title in enumerate(titles, 1) if title.startswith(column))
    return table.locator(f"tbody tr > :nth-child({at})").all_inner_texts()


def amount(text: str) -> float:
    return float(re.sub(r"[^0-9.−]", "", text).replace("−", "-"))


def test_todays_runs_are_seen_after_the_login(page: Page, stack: FinishedDemo) -> None:
    last = read_installation(stack.data_dir).anchor
    ((run_id,),) = stack.query(
        "loader",
        f"select run_id from quality.measure_runs where day = '{last}' and status = 'published'",
    )
    page.goto("/dags/measure_campaigns/runs")
    row = page.get_by_role("row").filter(has_text=run_id)
    expect(row).to_contain_text("Success")


def test_the_page_inside_airflow_shows_the_warehouses_roas(page: Page, stack: FinishedDemo) -> None:
    name, revenue, roas = best_creator(stack)
    page.goto("/plugin/campaign")
    frame = page.frame_locator("iframe")
    row = frame.locator("#creators tbody tr").filter(has_text=name)
    expect(row).to_contain_text(f"{roas:.2f}×")
    expect(row).to_contain_text(f"${revenue:,.0f}")
    interval = row.get_by_role("img").get_attribute("aria-label")
    assert interval is not None
    assert re.fullmatch(rf"ROAS {roas:.2f}×, 90 % between [\d.]+× and [\d.]+×", interval)


def test_a_click_sorts_without_leaving_and_again_turns_the_order(page: Page) -> None:
    page.goto(PAGE)
    before = page.evaluate("performance.timeOrigin")
    assert amounts_descend(cells(page, "Net revenue"))
    page.locator("#creators thead").get_by_role("link", name="Cost").click()
    expect(page.locator("#creators th[aria-sort=descending]")).to_contain_text("Cost")
    assert amounts_descend(cells(page, "Cost"))
    page.locator("#creators thead").get_by_role("link", name="Cost").click()
    expect(page.locator("#creators th[aria-sort=ascending]")).to_contain_text("Cost")
    assert amounts_descend(cells(page, "Cost")[::-1])
    assert page.evaluate("performance.timeOrigin") == before, "only the table was exchanged"
    assert "creators.sort=cost_amount" in page.url, "the address can be shared"


def test_sorting_works_without_a_script(
    browser: Any, stack: FinishedDemo, session_state: Any
) -> None:
    context = browser.new_context(
        base_url=stack.airflow_url, storage_state=session_state, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(PAGE)
    page.locator("#creators thead").get_by_role("link", name="Creator").click()
    names = [text.split("\n")[0] for text in cells(page, "Creator")]
    assert names == sorted(names)
    assert len(names) == 25
    context.close()


def amounts_descend(texts: list[str]) -> bool:
    values = [amount(text) for text in texts if text != "–"]
    return len(values) > 5 and values == sorted(values, reverse=True)


def test_another_model_changes_the_figures_and_the_export(page: Page, stack: FinishedDemo) -> None:
    expected = {
        row[0]: row[1:]
        for row in stack.query(
            "bi_reader",
            """
            select creator_id, net_revenue_amount, roas_low is null
            from marts.mart_creator_attribution
            where attribution_model = 'linear' and rule_version = 'code_first'
            """,
        )
    }
    page.goto(PAGE)
    page.get_by_label("Attribution model").select_option("linear")
    page.get_by_label("Rule version").select_option("code_first")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("What is missing")).to_contain_text("linear / code_first")
    total = sum(revenue for revenue, _ in expected.values())
    figure = page.locator(".figure").filter(has_text="Net revenue by creators")
    expect(figure).to_contain_text(f"${total:,.0f}")

    with page.expect_download() as started:
        page.get_by_role("link", name="Export as CSV").click()
    text = Path(started.value.path()).read_text(encoding="utf-8-sig")
    rows = {row["creator_id"]: row for row in csv.DictReader(io.StringIO(text))}
    assert {key: row["net_revenue_amount"] for key, row in rows.items()} == {
        key: str(revenue) for key, (revenue, _) in expected.items()
    }
    assert {row["roas_low"] for row in rows.values()} == {""}, "no interval under other rules"


def test_markup_in_names_and_captions_is_text(page: Page) -> None:
    page.goto(PAGE)
    expect(page.locator("#creators")).to_contain_text(HOSTILE_NAME)
    expect(page.locator("#posts")).to_contain_text(HOSTILE_CAPTION)
    assert page.locator("main script:not([type='application/json']), main img").count() == 0
    assert "owned" not in page.title()


def test_a_person_with_a_keyboard_gets_everywhere(page: Page) -> None:
    page.goto(PAGE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.get_by_label("Attribution model").focus()
    page.keyboard.press("Tab")
    expect(page.get_by_label("Rule version")).to_be_focused()
    assert page.get_by_role("heading", level=1).count() == 1
    assert page.locator("table:not(:has(caption))").count() == 0
    assert page.locator("thead th:not([scope=col])").count() == 0
    assert page.locator("svg[role=img]:not([aria-label])").count() == 0
    for plot in page.locator(".plot").all():
        expect(plot).to_have_attribute("data-drawn", "")
        plot.focus()
        page.keyboard.press("Home")
        said = plot.locator("xpath=..").get_by_role("status")
        expect(said).to_have_text(re.compile(r"^[^:]+: .*\d"))
    assert page.locator("select:not([id])").count() == 0


def first_paint(page: Page) -> float:
    """Return milliseconds from asking for the page to its first paint."""
    return float(
        page.evaluate(
            """() => new Promise(resolve => new PerformanceObserver(list => {
                const found = list.getEntriesByName("first-contentful-paint")[0];
                if (found) resolve(found.startTime);
            }).observe({type: "paint", buffered: true}))"""
        )
    )


def test_the_sample_paints_within_a_second(page: Page) -> None:
    page.goto(PAGE)
    # The machine may be busy with the stack itself: the best of three is the page's own time.
    times = []
    for _ in range(3):
        page.reload()
        times.append(first_paint(page))
    assert min(times) < 1000, times


@pytest.fixture
def wide(stack: FinishedDemo) -> Any:
    """A campaign of 1,000 creators beside the sample, copied from it; gone afterwards."""
    with psycopg.connect(stack.dsn("transformer"), autocommit=True) as connection:
        found = connection.execute("select version from quality.publications where is_current")
        (version,) = found.fetchone() or (None,)
        schema = f"marts_v{version}"
        connection.execute(
            f"insert into {schema}.mart_campaign_profile select made.* "
            f"from {schema}.mart_campaign_profile as one, lateral "
            f"jsonb_populate_record(null::{schema}.mart_campaign_profile, to_jsonb(one)"
            "|| jsonb_build_object('campaign_id', %s::text, 'campaign_name', 'Wide')) as made "
            "limit 1",
            [WIDE],
        )
        tables = ["mart_creator_scorecard", "mart_creator_attribution"]
        tables.append("mart_attribution_comparison")
        for table in tables:
            connection.execute(
                f"insert into {schema}.{table} select made.* "
                f"from {schema}.{table} as one cross join generate_series(1, 40) as n, lateral "
                f"jsonb_populate_record(null::{schema}.{table}, to_jsonb(one)"
                "|| jsonb_build_object('campaign_id', %s::text, 'creator_id',"
                " one.creator_id || n, 'creator_name', 'Creator ' || n)) as made",
                [WIDE],
            )
        yield WIDE
        for table in ("mart_campaign_profile", *tables):
            connection.execute(f"delete from {schema}.{table} where campaign_id = %s", [WIDE])


def test_a_thousand_creators_paint_within_three_seconds_and_are_paged(
    page: Page, wide: str
) -> None:
    times = []
    for _ in range(3):
        page.goto(f"{PAGE}?campaign={wide}")
        times.append(first_paint(page))
    assert min(times) < 3000, times
    pager = page.locator("#creators").get_by_role("navigation")
    expect(pager).to_contain_text(f"1–50 of {WIDE_CREATORS:,}")
    pager.get_by_role("link", name="Next").click()
    expect(pager).to_contain_text(f"51–100 of {WIDE_CREATORS:,}")


def test_it_prints_on_one_page(page: Page) -> None:
    page.goto(PAGE)
    expect(page.locator("#goals-section .plot")).to_have_attribute("data-drawn", "")
    document = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", document)) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_drawn_in_light_and_in_dark(
    context: BrowserContext, screenshots: Path, scheme: Any
) -> None:
    page = context.new_page()
    page.emulate_media(color_scheme=scheme)
    page.goto(PAGE)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    brightness = sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 3
    assert (brightness > 200) == (scheme == "light")
    for plot in page.locator(".plot").all():
        expect(plot).to_have_attribute("data-drawn", "")
    page.screenshot(path=screenshots / f"campaign_{scheme}.png", full_page=True)
    page.goto("/plugin/campaign")
    embedded = page.frame_locator("iframe")
    expect(embedded.locator("#creators tbody tr").first).to_be_visible()
    for plot in embedded.locator(".plot").all():
        expect(plot).to_have_attribute("data-drawn", "")
    page.screenshot(path=screenshots / f"campaign_in_airflow_{scheme}.png")


def test_an_anonymous_browser_is_told_to_log_in(browser: Any, stack: FinishedDemo) -> None:
    watch, context = Watch(), browser.new_context(base_url=stack.airflow_url)
    page = context.new_page()
    watch.on(page)
    answer = page.goto(PAGE)
    assert answer is not None
    assert answer.status == 401
    expect(page.get_by_role("heading")).to_have_text("Unauthorized")
    assert page.locator("#creators").count() == 0
    context.close()
