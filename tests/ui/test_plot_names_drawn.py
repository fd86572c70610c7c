"""Names in the plot as a browser draws them: its fonts, not our reckoning, decide what meets."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from include.pages import plots
from include.pages.labels import Box
from include.pages.plots import PlotPoint, scatter

pytestmark = pytest.mark.ui
STYLE = Path(plots.__file__).parent / "static" / "pages.css"
# Where texts without a class, the names and the numbers of the axes, lie on the page.
TEXT_BOXES = """
() => [...document.querySelectorAll('.plot text')].map(text => {
  const box = text.getBBox()
  return [text.textContent, box.x, box.y, box.x + box.width, box.y + box.height]
})
"""


def market(count: int) -> list[PlotPoint]:
    draw = random.Random(count)
    spent = [draw.gammavariate(4, 130) for _ in range(count)]
    return [
        PlotPoint(f"Çağla Müller-{n}", x, draw.gammavariate(2, 1.1), 0.4, 7.0)
        for n, x in enumerate(spent)
    ]


def meeting(page: Page) -> list[tuple[str, str]]:
    """Return the texts of the page's plots that lie on each other."""
    boxes = [(name, Box(*ground)) for name, *ground in page.evaluate(TEXT_BOXES)]
    assert len(boxes) > 12
    return [(a, b) for (a, x), (b, y) in itertools.combinations(boxes, 2) if x.meets(y)]


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("market_25", market(25)),
        ("market_60", market(60)),
        ("market_1000", market(1000)),
        ("one_place", [PlotPoint(f"Twin {n}", 500, 2.0, 1.0, 3.0) for n in range(25)]),
        ("wide_names", [PlotPoint("W" * 30, 90.0 * n, 1.0 + n % 4, 0.5, 9) for n in range(12)]),
        (
            "other_scripts",
            [PlotPoint("山田花子クリエ", 80.0 * n, 1.0 + n % 5, 1, 3) for n in range(12)],
        ),
    ],
)
def test_no_two_texts_of_a_plot_meet(
    browser: Browser, screenshots: Path, name: str, points: Sequence[PlotPoint]
) -> None:
    page = browser.new_page(viewport={"width": 1180, "height": 380})
    page.set_content(f"<style>{STYLE.read_text()}</style>{scatter(points, 8.0, 'USD', name)}")
    page.screenshot(path=screenshots / f"plot_{name}.png")
    found = meeting(page)
    page.close()
    assert found == []
