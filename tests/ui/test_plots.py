"""The larger charts as a browser draws them: what they say, who can reach them, how they look.

No stack is needed; the campaigns are made for it.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from page_watch import HOSTILE_NAME
from playwright.sync_api import Locator, Page, expect

from tests.conftest import Warehouse
from tests.integration import page_marts

pytestmark = pytest.mark.ui
DAYS = [dt.date(2026, 3, 1) + dt.timedelta(days=n) for n in range(31)]
CONTRAST = (Path(__file__).parent / "contrast.js").read_text()
PLOTS = {"goals": 3, "cost": 25, "days": 31, "funnel": 4}
# The boxes of what is to be read in a plot, those of hidden names left out.
TEXTS = """
box => [...box.querySelectorAll('svg text')]
  .filter(text => text.textContent && getComputedStyle(text).visibility === 'visible')
  .map(text => { const b = text.getBoundingClientRect();
    return [text.textContent, b.left, b.top, b.right, b.bottom] })
"""


def campaign(names: list[str], seed: int = 7) -> dict[str, list[dict[str, Any]]]:
    """Return the marts of a campaign of these creators with goals, days and a funnel."""
    draw = random.Random(seed)
    pairs = []
    for number, name in enumerate(names, 1):
        cost, roas = round(draw.gammavariate(4, 130), 2), round(draw.gammavariate(2, 1.1), 4)
        pairs.append(
            page_marts.creator(
                number, creator_name=name, cost_amount=cost, roas=roas,
                net_revenue_amount=round(cost * roas, 2),
            )
        )  # fmt: skip
    interval = [
        {"roas_low": version["roas"] * 0.6, "roas_high": version["roas"] * 1.5}
        for _, version in pairs
    ]
    daily = [
        {
            "campaign_id": "spring", "creator_id": "c1", "metric_date": day,
            "net_revenue_amount_to_date": round(40 * n**1.6, 2),
            "delivered_cost_amount_to_date": 500 * (n // 4),
            "plan_events": {9: "Spring promotion", 10: "stock-out of Serum"}.get(n),
        }
        for n, day in enumerate(DAYS)
    ]  # fmt: skip
    goals = [
        ("sales", "units_sold", "units", 3000, 1200, 1500, 2100, 2500, 2900, "behind"),
        ("clicks", "link_clicks", "clicks", 8000, 7900, 7000, 8400, 9000, 9900, "ahead"),
        ("rate", "engagement_rate", "rate", 0.04, 0.041, None, None, None, None, "on_track"),
    ]
    stages = [("views", 1, 900_000), ("sessions", 2, 8000), ("engaged_sessions", 3, 5000)]
    stages += [("add_to_cart", 4, 900), ("purchases", 5, 240)]
    before = [None, *(count for _, _, count in stages)]
    return {
        "mart_campaign_profile": [page_marts.profile("spring", creator_count=len(names))],
        "mart_creator_scorecard": [scorecard for scorecard, _ in pairs],
        "mart_creator_attribution": [
            version | more for (_, version), more in zip(pairs, interval, strict=True)
        ],
        "mart_creator_campaign_daily": daily,
        "mart_campaign_pacing": [
            dict(zip(GOAL_COLUMNS, goal, strict=True))
            | {"campaign_id": "spring", "goal_scope": "credited", "final_date": DAYS[-1]}
            for goal in goals
        ],
        "mart_funnel": [
            {
                "campaign_id": "spring", "creator_id": "c1", "funnel_stage": stage,
                "counted_by": "ga4", "stage_number": number, "stage_count": count,
                "previous_stage_count": previous,
            }
            for (stage, number, count), previous in zip(stages, before, strict=False)
        ],
    }  # fmt: skip


GOAL_COLUMNS = (
    "goal_id", "metric", "unit", "target_value", "actual_value", "target_to_date_value",
    "projected_end_low", "projected_end_value", "projected_end_high", "pacing_status",
)  # fmt: skip


@pytest.fixture
def show(lone_page: Page, address: str, clean_warehouse: Warehouse) -> Callable[..., Page]:
    """Publish a campaign and open its page with every chart drawn."""

    def open_page(names: list[str]) -> Page:
        page_marts.publish(clean_warehouse.dsn("transformer"), campaign(names))
        lone_page.goto(f"{address}/campaign")
        wait_until_drawn(lone_page)
        return lone_page

    return open_page


def wait_until_drawn(page: Page) -> None:
    for box in page.locator(".plot").all():
        expect(box).to_have_attribute("data-drawn", "")


def creators(count: int) -> list[str]:
    return [f"Çağla Müller-{n}" for n in range(1, count + 1)]


def plot(page: Page, section: str) -> Locator:
    return page.locator(f"#{section}-section .plot")


def meeting(box: Locator) -> list[tuple[str, str]]:
    """Return the texts of a plot that lie on each other."""
    pairs = itertools.combinations(box.evaluate(TEXTS), 2)
    return [
        (a, b)
        for (a, al, at, ar, ab), (b, bl, bt, br, bb) in pairs
        if al < br - 1 and bl < ar - 1 and at < bb - 1 and bt < ab - 1
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1320, 400])
def test_every_chart_is_drawn_in_both_schemes_and_on_a_phone(
    show: Callable[..., Page], lone_page: Page, screenshots: Path, width: int, scheme: Any
) -> None:
    lone_page.set_viewport_size({"width": width, "height": 900})
    lone_page.emulate_media(color_scheme=scheme)
    page = show(creators(25))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for section in PLOTS:
        box = plot(page, section)
        box.screenshot(path=screenshots / f"plot_{section}_{width}_{scheme}.png")
        frame = box.bounding_box()
        assert frame is not None
        for text, left, _, right, _ in box.evaluate(TEXTS):
            inside = left >= frame["x"] - 1 and right <= frame["x"] + frame["width"] + 1
            assert inside, f"{section}: {text} is cut"
        assert meeting(box) == [], section
    assert page.evaluate(CONTRAST) == [], "texts of less than 4.5 to 1"
    page.screenshot(path=screenshots / f"plots_{width}_{scheme}.png", full_page=True)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("60", creators(60)),
        ("1000", creators(1000)),
        ("wide", ["W" * 30 for _ in range(12)]),
        ("other_scripts", ["山田花子クリエ"] * 12),
        ("alone", ["Only one"]),
    ],
)
def test_no_two_texts_of_a_plot_meet(
    show: Callable[..., Page], screenshots: Path, name: str, names: list[str]
) -> None:
    box = plot(show(names), "cost")
    box.screenshot(path=screenshots / f"plot_cost_{name}.png")
    assert meeting(box) == []
    drawn = [text for text, *_ in box.evaluate(TEXTS)]
    known = {name[:27] for name in names}
    assert any(text[:27] in known for text in drawn), "a name stands beside its dot"
    assert box.locator(".scatterlayer .trace:nth-child(1) .point").count() in (0, len(names))


def test_the_arrow_keys_say_every_point_and_the_pointer_too(
    show: Callable[..., Page], screenshots: Path
) -> None:
    page = show(creators(25))
    for section, count in PLOTS.items():
        box = plot(page, section)
        said = page.locator(f"#{section}-section").get_by_role("status")
        box.focus()
        heard = []
        for key in ("Home", *["ArrowRight"] * (count - 1), "ArrowRight"):
            box.press(key)
            heard.append(said.inner_text())
        assert len(set(heard)) == count, section
        assert heard[-1] == heard[-2], "behind the last point there is none"
        box.screenshot(path=screenshots / f"plot_{section}_read.png")
    days, goals = (page.locator(f"#{name}-section [role=status]") for name in ("days", "goals"))
    # 40 n^1.6 of revenue and 500 every fourth day: on the 30th day after the first 9,235.19.
    expect(days).to_have_text("31 Mar 2026: Net revenue €9,235, Cost €3,500")
    plot(page, "days").press("Home")
    for _ in range(9):
        plot(page, "days").press("ArrowRight")
    expect(days).to_have_text("10 Mar 2026: Net revenue €1,345, Cost €1,000, Spring promotion")
    plot(page, "goals").press("End")
    expect(goals).to_have_text(
        "Units sold: Reached 1,200 of 3,000, Projected end, 90 % 2,100 to 2,900, "
        "Projected end 2,500, Asked by now 1,500"
    )
    frame = plot(page, "days").bounding_box()
    assert frame is not None
    plot(page, "days").hover(position={"x": frame["width"] / 2, "y": 200})
    expect(days).to_have_text(re.compile(r"1[5-7] Mar 2026: Net revenue €[\d,]+, Cost €[\d,]+$"))


def test_zoom_and_legend_work_and_outlive_a_change_of_colours(
    show: Callable[..., Page], screenshots: Path
) -> None:
    page = show(creators(25))
    box = plot(page, "cost")
    box.scroll_into_view_if_needed()
    frame = box.bounding_box()
    assert frame is not None
    page.mouse.move(frame["x"] + 200, frame["y"] + 100)
    page.mouse.down()
    page.mouse.move(frame["x"] + 600, frame["y"] + 250, steps=5)
    page.mouse.up()
    reach = "box => box.layout.xaxis.range.map(Math.round)"
    zoomed = box.evaluate(reach)
    assert zoomed[0] > 0
    assert zoomed[1] < 1000
    box.locator(".legendtoggle").first.click()
    expect(box.locator(".legend .traces").first).to_have_css("opacity", "0.5")
    dot = box.locator(".scatterlayer .point").first
    light = dot.evaluate("dot => getComputedStyle(dot).fill")
    page.emulate_media(color_scheme="dark")
    expect(dot).not_to_have_css("fill", light)
    assert box.evaluate(reach) == zoomed
    expect(box.locator(".legend .traces").first).to_have_css("opacity", "0.5")
    assert meeting(box) == []
    said = page.locator("#cost-section [role=status]")
    expect(said).to_contain_text("Point at the chart")
    page.evaluate("dispatchEvent(new Event('beforeprint')); dispatchEvent(new Event('afterprint'))")
    spot = box.locator(".scatterlayer .point:visible").first.bounding_box()
    assert spot is not None
    page.mouse.move(spot["x"] + 5, spot["y"] + 5, steps=4)
    expect(said).to_contain_text("90 % between")
    box.screenshot(path=screenshots / "plot_cost_zoomed_dark.png")


def test_markup_in_a_name_is_shown_and_said_as_text(
    show: Callable[..., Page], screenshots: Path
) -> None:
    names = [HOSTILE_NAME, "<b>Bold</b> & %{x} $\\alpha$", "</script><a href='//x'>Link</a>"]
    page = show(names)
    box = plot(page, "cost")
    said = page.locator("#cost-section [role=status]")
    heard = set()
    for key in ("Home", "ArrowRight", "ArrowRight"):
        box.press(key)
        text = said.inner_text()
        heard.add(text)
        name = next(name for name in names if text.startswith(f"{name}: "))
        expect(box.locator(".hoverlayer")).to_contain_text(name)  # the label at the point
    assert len(heard) == 3
    box.screenshot(path=screenshots / "plot_cost_hostile.png")
    assert "owned" not in page.title()
    assert box.locator("a, script, img").count() == 0


def test_without_the_library_the_page_still_tells_its_figures(
    lone_page: Page, address: str, clean_warehouse: Warehouse
) -> None:
    page_marts.publish(clean_warehouse.dsn("transformer"), campaign(creators(3)))
    lone_page.route("**/plotly.min.js*", lambda route: route.fulfill(status=200, body=""))
    lone_page.goto(f"{address}/campaign")
    for section in PLOTS:
        expect(plot(lone_page, section)).to_contain_text("could not be drawn")
    expect(plot(lone_page, "funnel")).to_contain_text("Purchases GA4 saw 240")
    assert lone_page.locator(".room").count() == 0


def test_the_goals_print_on_the_page_in_ink(
    show: Callable[..., Page], lone_page: Page, screenshots: Path, tmp_path: Path
) -> None:
    lone_page.emulate_media(color_scheme="dark")
    page = show(creators(25))
    page.evaluate(
        "addEventListener('beforeprint', () => { window.onPaper = "
        "document.querySelector('#goals-section .bars path').style.fill })"
    )
    document = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", document)) == 1
    assert page.evaluate("window.onPaper") == "rgb(47, 91, 208)", "the accent on paper"
    expect(page.locator("#goals-section .bars path").first).to_have_css(
        "fill", "rgb(143, 171, 255)"
    )
    page.set_viewport_size({"width": 718, "height": 1047})  # A4 without its margins
    page.emulate_media(media="print", color_scheme="light")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(plot(page, "goals")).to_have_class(re.compile("on-paper"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 718
    assert meeting(plot(page, "goals")) == []
    below = page.locator("ul.goals").bounding_box()
    box = plot(page, "goals").bounding_box()
    assert below is not None
    assert box is not None
    assert below["y"] >= box["y"] + box["height"], "the chart has room of its own"
    page.screenshot(path=screenshots / "plots_printed.png", full_page=True)


def test_no_button_of_a_chart_leaves_the_machine(show: Callable[..., Page]) -> None:
    """Plotly's own default has one that sends the figure to its maker."""
    page = show(creators(25))
    own = ["Zoom", "Pan", "Zoom in", "Zoom out", "Reset axes"]
    for section in PLOTS:
        buttons = plot(page, section).locator(".modebar").get_by_role("button").all()
        assert [one.get_attribute("aria-label") for one in buttons] == own
        assert plot(page, section).locator("a").count() == 0
