"""What a person needs to read the pages: contrast, a narrow screen, names for tables and charts.

And little to wait for: few requests, few bytes, a page that is drawn at once.
"""

from __future__ import annotations

import datetime as dt
import itertools
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
# One document, one or two style sheets, one script.
MOST_REQUESTS = 4
MOST_BYTES = 400_000


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_readable_on_a_phone_in_light_and_in_dark(
    page: Page, name: str, screenshots: Path
) -> None:
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(f"/groundswell/{name}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate(CONTRAST) == [], "texts of less than 4.5 to 1"
        file = f"phone_{name.replace('/', '_')}_{scheme}.png"
        page.screenshot(path=screenshots / file, full_page=True)


@pytest.mark.parametrize("name", PAGES)
def test_every_table_and_chart_has_a_name(page: Page, name: str) -> None:
    page.goto(f"/groundswell/{name}")
    for wrong in (
        "table:not(:has(caption))",
        "thead th:not([scope=col])",
        "tbody th:not([scope=row])",
        "svg:not([aria-hidden]):not([role=img][aria-label])",
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
    points = page.locator("#cost-section circle title").all_text_contents()
    [(known,)] = stack.query("bi_reader", "select count(roas) from marts.mart_creator_scorecard")
    assert len(points) == known
    assert all(re.search(r": [\d.]+× for \$[\d,]+", point) for point in points)


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


def test_a_plot_is_read_by_pointer_and_by_arrow_keys(
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
    said = page.locator("#days-section").get_by_role("status")
    page.get_by_role("region", name="Sums over days").focus()
    page.keyboard.press("End")
    last = f"{day.day} {day:%b %Y}: Net revenue ${revenue:,.0f}, Cost ${cost:,.0f}"
    expect(said).to_have_text(last)
    page.keyboard.press("ArrowLeft")
    before = day - dt.timedelta(days=1)
    expect(said).to_contain_text(f"{before.day} {before:%b %Y}: ")
    expect(page.locator("#days-section g.current circle").first).to_be_visible()
    page.screenshot(path=screenshots / "plot_read.png")
    # Creators of one price without an order lie on each other: point at one that lies alone.
    spots = page.locator("#cost-section circle.spot")
    alone = spots.evaluate_all(
        """circles => {
            const at = c => [c.cx.baseVal.value, c.cy.baseVal.value];
            const far = (a, b) => Math.hypot(at(a)[0] - at(b)[0], at(a)[1] - at(b)[1]);
            return circles.findIndex(c => circles.every(d => d === c || far(c, d) > 12));
        }"""
    )
    assert alone >= 0
    title = spots.nth(alone).locator("title").text_content() or ""
    spots.nth(alone).hover(force=True)
    expect(page.locator("#cost-section").get_by_role("status")).to_have_text(title)


@pytest.mark.parametrize("name", ["campaign", "quality", "quality/checks"])
def test_a_page_is_few_requests_and_few_bytes(page: Page, name: str) -> None:
    taken: list[tuple[str, int]] = []
    page.on("response", lambda answer: taken.append((answer.url, len(answer.body()))))
    page.goto(f"/groundswell/{name}")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"{name}: {len(taken)} requests, {sum(n for _, n in taken):,} bytes, {paint:.0f} ms")
    assert len(taken) <= MOST_REQUESTS, taken
    assert sum(size for _, size in taken) < MOST_BYTES, taken
