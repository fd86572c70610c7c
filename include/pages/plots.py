"""The two larger charts: values against each other, and sums over days.

Every point is a `spot` with a title: the pointer shows it, and `pages.js` lets arrow keys step from
spot to spot, in the order they are drawn, and says the title below the chart.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from include.pages import formats
from include.pages.charts import Number, Scale, dot, image, line, nice_top, rect, text
from include.pages.labels import Box, Dot, Label, place_labels

WIDTH, HEIGHT = 1120, 340
LEFT, RIGHT, TOP, BOTTOM = 62, 34, 24, 44
INTERVALS_SHOWN = 60  # above that the lines cover each other
BREAK_EVEN = "net revenue = cost"


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """A point of a scatter plot: its name, where it is, and its interval upwards."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None


def scatter(points: Sequence[PlotPoint], top: float, currency_code: str, label: str) -> Markup:
    """Draw ROAS (up) against cost (right); the line at 1.0 is where revenue equals cost."""
    across = Scale(0, nice_top([p.x for p in points]), LEFT, WIDTH - RIGHT)
    up = Scale(0, top, HEIGHT - BOTTOM, TOP)
    parts = _axes(across, up, lambda x: formats.money(x, currency_code), lambda y: f"{y:g}×")
    parts.append(line(LEFT, up(1), WIDTH - RIGHT, up(1), "mark"))
    parts.append(text(WIDTH - RIGHT, up(1) - 5, BREAK_EVEN, "end", "note"))
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 4, "Delivered cost", "middle", "note"))
    parts.append(text(4, 12, "ROAS", "start", "note"))
    if len(points) <= INTERVALS_SHOWN:
        parts += [_whisker(across(p.x), p, up) for p in points]
    for p in sorted(points, key=lambda p: (p.x, p.y, p.name)):
        shown = f"{p.name}: {formats.times(p.y)} for {formats.money(p.x, currency_code)}"
        if p.low is not None and p.high is not None:
            shown += f", 90 % between {formats.times(p.low)} and {formats.times(p.high)}"
        parts.append(dot(across(p.x), up(p.y), 5, "point spot", shown))
    parts += _names(points, across, up)
    return image(WIDTH, HEIGHT, label, parts, "plot")


def _whisker(x: float, point: PlotPoint, up: Scale) -> Markup:
    """Draw a point's interval; one that goes on beyond the plot ends in an arrow."""
    if point.low is None or point.high is None:
        return Markup("")
    drawn = line(x, up(point.low), x, up(point.high), "whisker")
    if point.high > up.high:
        drawn += Markup('<path class="tip" d="M{} {}l5 -7l5 7z"/>').format(x - 5, up.end)
    return drawn


def _names(points: Sequence[PlotPoint], across: Scale, up: Scale) -> list[Markup]:
    """Name the creators who brought or cost the most, where their names meet nothing."""
    has_whiskers = len(points) <= INTERVALS_SHOWN
    dots = [
        Dot(
            across(p.x),
            up(p.y),
            p.name,
            max(p.x, p.x * p.y),
            (up(p.low), up(p.high))
            if has_whiskers and p.low is not None and p.high is not None
            else None,
        )
        for p in points
    ]
    mark = Label(BREAK_EVEN, WIDTH - RIGHT, up(1) - 5, "end")
    # Its last line belongs to the axis, and the outermost names may use the margin to the right.
    area = Box(LEFT, TOP - 18, WIDTH, HEIGHT - BOTTOM + 4)
    labels = place_labels(dots, area, [mark.box], up(1))
    return [text(one.x, one.y, one.text, one.anchor) for one in labels]


@dataclass(frozen=True, slots=True)
class Series:
    """A line over days: what it is, its class of colour, one value per day."""

    name: str
    kind: str
    values: Sequence[Number]


def over_days(
    days: Sequence[dt.date],
    series: Sequence[Series],
    events: Mapping[dt.date, str],
    currency_code: str,
    label: str,
) -> Markup:
    """Draw sums to date, with the plan's events as marks; at least two days."""
    across = Scale(0, len(days) - 1, LEFT, WIDTH - 110)
    up = Scale(0, nice_top([v for s in series for v in s.values]), HEIGHT - BOTTOM, TOP)
    parts = _grid(up, lambda y: formats.money(y, currency_code))
    parts.append(text(4, 12, f"To date, {currency_code}", "start", "note"))
    named = range(0, len(days), max(1, len(days) // 8))
    foot = HEIGHT - BOTTOM + 18
    parts += [text(across(n), foot, f"{days[n].day} {days[n]:%b}", "middle") for n in named]
    planned = [across(n) for n, day in enumerate(days) if day in events]
    parts += [line(x, TOP, x, HEIGHT - BOTTOM, "event") for x in planned]
    ends: list[float] = []
    for one in series:
        path = " ".join(f"{across(n)},{up(v)}" for n, v in enumerate(one.values))
        parts.append(Markup('<polyline class="{}" points="{}"/>').format(one.kind, path))
        y = up(one.values[-1]) + 4
        while any(abs(y - other) < 16 for other in ends):
            y += 16
        ends.append(y)
        parts.append(text(across(len(days) - 1) + 8, y, one.name, "start", f"name {one.kind}"))
    parts += _day_spots(days, series, events, across, up, currency_code)
    return image(WIDTH, HEIGHT, label, parts, "plot")


def _day_spots(
    days: Sequence[dt.date],
    series: Sequence[Series],
    events: Mapping[dt.date, str],
    across: Scale,
    up: Scale,
    currency_code: str,
) -> list[Markup]:
    """Return a band per day: what is reached with the pointer, and seen once it is."""
    width = across(1) - across(0)
    found = []
    for n, day in enumerate(days):
        values = [f"{one.name} {formats.money(one.values[n], currency_code)}" for one in series]
        if day in events:
            values.append(events[day])
        inner = rect(across(n) - width / 2, TOP, width, HEIGHT - BOTTOM - TOP, "reached")
        inner += line(across(n), TOP, across(n), HEIGHT - BOTTOM, "cursor")
        inner += Markup("").join(dot(across(n), up(one.values[n]), 4, "point") for one in series)
        title = f"{formats.day(day)}: {', '.join(values)}"
        found.append(Markup('<g class="spot">{}<title>{}</title></g>').format(inner, title))
    return found


def _axes(
    across: Scale, up: Scale, write_x: Callable[[float], str], write_y: Callable[[float], str]
) -> list[Markup]:
    found = _grid(up, write_y)
    for value in across.ticks(8):
        found.append(text(across(value), HEIGHT - BOTTOM + 18, write_x(value), "middle"))
    return found


def _grid(up: Scale, write: Callable[[float], str]) -> list[Markup]:
    found = []
    for value in up.ticks():
        found.append(line(LEFT, up(value), WIDTH - RIGHT, up(value), "grid"))
        found.append(text(LEFT - 8, up(value) + 4, write(value), "end"))
    return found
