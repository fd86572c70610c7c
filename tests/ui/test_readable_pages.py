"""What a person needs to read the pages: contrast, a narrow screen, names for tables and charts.

And little to wait for: few requests, few bytes, a page that is drawn at once.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.finished_demo import FinishedDemo

pytestmark = pytest.mark.ui
SECTIONS = [
    "loads",
    "rejects",
    "drift",
    "checks",
    "publications",
    "restatements",
    "alerts",
    "reviews",
]
PAGES = ("campaign", "quality", *(f"quality/{section}" for section in SECTIONS), "docs")
PHONE = {"width": 400, "height": 900}
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
# One document, one or two style sheets, one or two scripts; Plotly's comes later and once.
MOST_REQUESTS = 4
MOST_BYTES = 400_000
MOST_LIBRARY_BYTES = 1_600_000  # as sent: compressed


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_readable_on_a_phone_in_light_and_in_dark(
    page: Page, name: str, screenshots: Path
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"/groundswell/{name}")
        wait_until_drawn(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate(CONTRAST) == [], "texts of less than 4.5 to 1"
        file = f"phone_{name.replace('/', '_')}_{scheme}.png"
        page.screenshot(path=screenshots / file, full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_every_table_and_chart_has_a_name(page: Page, name: str) -> None:
    page.goto(f"/groundswell/{name}")
    wait_until_drawn(page)
    for wrong in (
        "table:not(:has(caption))",
        "thead th:not([scope=col])",
        "tbody th:not([scope=row])",
        # A plot is said by its box, a button of one by its label.
        "svg:not([aria-hidden], [role=img][aria-label], button[aria-label] svg)",
        ".plot:not([tabindex='0'][role=application][aria-label])",
        # What can be pushed sideways can be reached by keyboard, and says what it is.
        ".scroll:not([tabindex='0'][role=region][aria-label])",
        "section:not([aria-labelledby], [aria-label])",
        "a:not([href])",
    ):
        found = page.locator(f"main {wrong}")
        assert found.count() == 0, f"{wrong}: {found.first.evaluate('e => e.outerHTML')[:200]}"
    assert page.locator("h1").count() == 1
    assert page.locator("html[lang]").count() == 1
    assert (
        page.locator("main input:not([id]), main select:not([id])").evaluate_all(
            "all => all.filter(one => !one.closest('label')).length"
        )
        == 0
    ), "every choice has a label"
    levels = [int(tag[1]) for tag in page.locator("h1, h2, h3, h4").evaluate_all(TAGS)]
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels)), levels


TAGS = "all => all.map(one => one.tagName)"


def test_charts_say_in_figures_what_they_draw(page: Page, stack: FinishedDemo) -> None:
    """What a chart library shows on hover: here the pointer, the reader and the eye have it."""
    page.goto("/groundswell/campaign")
    cells = page.locator("#creators tbody td:has(svg.interval .band)")
    assert cells.count() > 5
    for cell in cells.all():
        chart = cell.locator("svg")
        label = chart.get_attribute("aria-label") or ""
        assert chart.locator("title").text_content() == label
        low, high = re.findall(r"[\d.]+×", label)[-2:]
        expect(cell).to_contain_text(f"{low} to {high}")
    drawn = page.locator("#cost-section .plot").locator("xpath=..").locator("script")
    points = json.loads(drawn.text_content() or "")["data"][1]
    known = stack.query(
        "bi_reader",
        """
        select net_revenue_amount / cost_amount, cost_amount
        from marts.mart_creator_scorecard where roas is not null
        """,
    )
    expected = sorted((float(cost), round(float(roas), 4)) for roas, cost in known)
    found = zip(points["x"], points["y"], strict=True)
    assert sorted((x, round(y, 4)) for x, y in found) == expected
    assert all(re.match(r"[\d.]+× for &#36;[\d,]+", text) for text in points["hovertext"])


def test_the_days_of_the_plot_are_a_table_for_the_keyboard(page: Page, stack: FinishedDemo) -> None:
    [(days, revenue)] = stack.query(
        "bi_reader",
        """
        select count(distinct daily.metric_date), sum(daily.net_revenue_amount_to_date)
            filter (where daily.metric_date = daily.as_of_date)
        from marts.mart_creator_campaign_daily as daily
        inner join marts.mart_campaign_profile as profile using (campaign_id)
        where daily.metric_date between profile.start_date and daily.as_of_date
        """,
    )
    page.goto("/groundswell/campaign")
    summary = page.locator("#days-section summary")
    summary.focus()
    page.keyboard.press("Enter")
    rows = page.locator("#days-section tbody tr")
    expect(rows).to_have_count(days)
    expect(rows.last).to_contain_text(f"${revenue:,.0f}")


def test_a_plot_says_the_warehouses_figures_by_arrow_keys(
    page: Page, stack: FinishedDemo, screenshots: Path
) -> None:
    """Each day's figures are said below the plot, the last day's as the warehouse has them."""
    [(day, revenue, cost)] = stack.query(
        "bi_reader",
        """
        select as_of_date, sum(net_revenue_amount_to_date), sum(delivered_cost_amount_to_date)
        from marts.mart_creator_campaign_daily
        where metric_date = as_of_date
        group by as_of_date
        """,
    )
    page.goto("/groundswell/campaign")
    wait_until_drawn(page)
    said = page.locator("#days-section").get_by_role("status")
    page.locator("#days-section .plot").focus()
    page.keyboard.press("End")
    last = f"{day.day} {day:%b %Y}: Net revenue ${revenue:,.0f}, Cost ${cost:,.0f}"
    expect(said).to_have_text(re.compile(f"^{re.escape(last)}"))
    page.keyboard.press("ArrowLeft")
    before = day - dt.timedelta(days=1)
    expect(said).to_contain_text(f"{before.day} {before:%b %Y}: ")
    page.screenshot(path=screenshots / "plot_read.png")


def wait_until_drawn(page: Page) -> None:
    for plot in page.locator(".plot").all():
        expect(plot).to_have_attribute("data-drawn", "")


def test_plotly_comes_after_the_first_paint_and_once(page: Page) -> None:
    page.goto("/groundswell/campaign")
    wait_until_drawn(page)
    entry = """() => {
        const e = performance.getEntriesByType('resource').find(e => /plotly/.test(e.name));
        return [e.startTime, e.transferSize, e.encodedBodySize, e.decodedBodySize] }"""
    painted = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
    begun, sent, encoded, whole = page.evaluate(entry)
    print(
        f"Plotly: {sent:,} bytes sent, {whole:,} whole, asked for at {begun:.0f} ms,"
        f" painted at {page.evaluate(painted):.0f} ms"
    )
    assert begun > page.evaluate(painted)
    assert 0 < encoded < MOST_LIBRARY_BYTES
    page.reload()
    wait_until_drawn(page)
    assert page.evaluate(entry)[1] == 0, "kept by the browser"


@pytest.mark.parametrize("name", ["campaign", "quality", "quality/checks"])
def test_a_page_is_few_requests_and_few_bytes(page: Page, name: str) -> None:
    taken: list[tuple[str, int]] = []
    page.on(
        "response",
        lambda answer: (
            None if "plotly" in answer.url else taken.append((answer.url, len(answer.body())))
        ),
    )
    page.goto(f"/groundswell/{name}")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"{name}: {len(taken)} requests, {sum(n for _, n in taken):,} bytes, {paint:.0f} ms")
    assert len(taken) <= MOST_REQUESTS, taken
    assert sum(size for _, size in taken) < MOST_BYTES, taken
