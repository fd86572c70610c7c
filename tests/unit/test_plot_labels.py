"""Names in a plot: none meets another, a dot, or the text that was there first."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Sequence

import pytest

from include.pages.labels import NAMED, Box, Dot, Label, place_labels
from include.pages.plots import PlotPoint, scatter

AREA = Box(62, 6, 1120, 300)


def drawn_labels(points: Sequence[PlotPoint]) -> list[Label]:
    """Return the names of a plot as they stand in its SVG."""
    found = re.findall(
        r'<text class="" x="([\d.]+)" y="([\d.]+)" text-anchor="(\w+)">([^<]+)</text>',
        scatter(points, 8.0, "USD", "a plot"),
    )
    # The numbers of the axes are texts like them.
    return [
        Label(name, float(x), float(y), anchor)
        for x, y, anchor, name in found
        if not name.endswith("×") and not name.startswith("$")
    ]


def market(count: int) -> list[PlotPoint]:
    draw = random.Random(7)
    return [
        PlotPoint(f"Creator Number {n}", draw.uniform(20, 950), draw.uniform(0, 7), 0.5, 9.0)
        for n in range(count)
    ]


# Ten of the sample's creators who lie nearest to each other, as they were published.
NEAR = [
    ("Sofia Marchetti", 924, 2.55, 1.22, 3.98),
    ("Grace Kim", 744, 2.54, 1.26, 4.30),
    ("Ruby Hartley", 804, 1.95, 1.18, 3.69),
    ("Camila Torres", 474, 3.19, 1.62, 5.79),
    ("Hannah Lindqvist", 477, 2.20, 1.25, 4.68),
    ("Mei Tanaka", 484, 2.95, 1.26, 4.87),
    ("Aisha Rahman", 584, 1.49, 0.76, 3.21),
    ("Priya Raman", 569, 0.91, 0.55, 2.29),
    ("Bea Whitaker", 604, 1.35, 0.62, 2.72),
    ("Ivy Chen", 27, 1.22, 0.66, 16.76),
]
CASES = {
    "near ones": [PlotPoint(*row) for row in NEAR],
    "one place": [PlotPoint(f"Twin Number {n:02}", 500, 2.0, 1.0, 3.0) for n in range(25)],
    "hundreds": market(1000),
    "long names": [PlotPoint("W" * 80, 100 * n, 1.0 + n % 3, None, None) for n in range(9)],
    "at the edges": [PlotPoint(n, x, y, 0, 9) for n, x, y in (("A", 0, 0), ("Bea", 1000, 8))],
}


@pytest.mark.parametrize("points", CASES.values(), ids=list(CASES))
def test_no_name_meets_another_or_leaves_the_plot(points: Sequence[PlotPoint]) -> None:
    labels = drawn_labels(points)
    assert labels, "somebody is named"
    for one, other in itertools.combinations(labels, 2):
        assert not one.box.meets(other.box), f"{one.text} meets {other.text}"
    assert all(AREA.holds(label.box) for label in labels)


@pytest.mark.parametrize("points", CASES.values(), ids=list(CASES))
def test_no_name_lies_on_a_dot(points: Sequence[PlotPoint]) -> None:
    plot = scatter(points, 8.0, "USD", "a plot")
    dots = re.findall(r'<circle class="point spot" cx="([\d.]+)" cy="([\d.]+)" r="5">', plot)
    assert len(dots) == len(points)
    boxes = [Box(float(x) - 5, float(y) - 5, float(x) + 5, float(y) + 5) for x, y in dots]
    for label in drawn_labels(points):
        assert not any(label.box.meets(box) for box in boxes), label.text


def test_those_on_one_place_share_a_name_that_counts_them() -> None:
    assert [label.text for label in drawn_labels(CASES["one place"])] == [
        "Twin Number 00 and 24 more"
    ]


def test_the_weightiest_are_named_and_no_more_than_are_read() -> None:
    """All of the near ones have room; of many the one who brought most is named."""
    near = {label.text for label in drawn_labels(CASES["near ones"])}
    assert near >= {"Sofia Marchetti", "Grace Kim", "Ruby Hartley", "Camila Torres", "Ivy Chen"}
    points = [PlotPoint(f"C {n}", 10.0 + 9 * n, 0.5 + n % 7, None, None) for n in range(100)]
    heaviest = max(points, key=lambda point: point.x * max(1, point.y))
    named = [label.text for label in drawn_labels(points)]
    assert heaviest.name in named
    assert len(named) <= NAMED


def test_a_name_keeps_off_what_was_drawn_before_it() -> None:
    dot = Dot(500, 100, "Ana", 1)
    [free] = place_labels([dot], AREA)
    [moved] = place_labels([dot], AREA, [free.box])
    assert free.x > dot.x
    assert not moved.box.meets(free.box)
    assert place_labels([dot], AREA, [Box(0, 0, 1120, 340)]) == []


def test_a_name_prefers_a_side_without_an_interval() -> None:
    """To the right of Ana stands Bea's interval: Ana's name goes to the left."""
    ana = Dot(500, 100, "Ana", 2)
    bea = Dot(515, 200, "Bea", 1, whisker=(280, 50))
    [first, *_] = place_labels([ana, bea], AREA)
    assert first.text == "Ana"
    assert (first.anchor, first.box.right) == ("end", ana.x - 10.5 + 2)


def test_a_name_prefers_a_side_without_the_line_of_break_even() -> None:
    [label] = place_labels([Dot(500, 100, "Ana", 1)], AREA, level=98)
    assert label.box.bottom < 98


def test_an_interval_beyond_the_plot_ends_in_an_arrow() -> None:
    within, beyond = PlotPoint("A", 100, 2, 1, 7.9), PlotPoint("B", 100, 2, 1, 8.1)
    assert 'class="tip"' not in scatter([within], 8.0, "USD", "a plot")
    assert 'class="tip"' in scatter([beyond], 8.0, "USD", "a plot")
