"""ROAS against cost: a dot per creator with its interval, and the names that have room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from include.pages import formats
from include.pages.charts import nice_top
from include.pages.plots import (
    CLEAR,
    MONEY,
    OWN_BOX,
    Plot,
    Trace,
    axis,
    layout_of,
    level,
    marker,
    shown,
)

INTERVALS_SHOWN = 60  # above that the lines cover each other; the legend brings them back
NAMED = 40  # of more creators no name would have room
LONGEST_NAME = 28
# Where a name may stand, the best place first; `plots.js` keeps the first one that is free.
PLACES = ("middle right", "middle left", "top center", "bottom center")


@dataclass(frozen=True, slots=True)
class PlotPoint:
    """A point of a scatter plot: its name, where it is, and its interval upwards."""

    name: str
    x: float
    y: float
    low: float | None
    high: float | None


def scatter(points: Sequence[PlotPoint], top: float, currency_code: str, label: str) -> Plot:
    """Plot ROAS (up) against cost (right); the line at 1.0 is where revenue equals cost."""
    ordered = sorted(points, key=lambda p: (p.x, p.y, p.name))
    known = [p for p in ordered if p.low is not None and p.high is not None]
    intervals: Trace = {
        "name": "90 % interval",
        "mode": "lines",
        "x": [x for p in known for x in (p.x, p.x, None)],
        "y": [y for p in known for y in (p.low, p.high, None)],
        "line": {"color": "var(--accent-soft)", "width": 3},
        "hoverinfo": "skip",
        "visible": True if len(points) <= INTERVALS_SHOWN else "legendonly",
    }
    dots: Trace = {
        "name": "Creators",
        "mode": "markers",
        "x": [p.x for p in ordered],
        "y": [p.y for p in ordered],
        "customdata": [shown(p.name) for p in ordered],
        "hovertext": [_figures(p, currency_code) for p in ordered],
        "hovertemplate": OWN_BOX,
        "cliponaxis": False,
        "marker": marker("circle", 10, "var(--accent)", "var(--surface)", 1.5),
    }
    layout = layout_of(
        380,
        currency_code,
        xaxis=axis("Delivered cost", tickformat=MONEY, range=[0, nice_top(p.x for p in points)]),
        yaxis=axis("ROAS", ticksuffix="×", range=[0, top]),
        shapes=[level("y", 1, "Net revenue = cost")],
        hovermode="closest",
    )
    traces = [intervals, dots, _names(points)]
    return Plot(label, {"data": [{"type": "scatter", **t} for t in traces], **layout})


def _figures(point: PlotPoint, currency_code: str) -> str:
    written = shown(f"{formats.times(point.y)} for {formats.money(point.x, currency_code)}")
    if point.low is None or point.high is None:
        return written
    return f"{written}<br>90 % between {formats.times(point.low)} and {formats.times(point.high)}"


def _names(points: Sequence[PlotPoint]) -> Trace:
    """Return the names of the creators who cost or brought the most, each at every place."""
    places: dict[tuple[float, float], list[PlotPoint]] = {}
    for point in sorted(points, key=lambda p: (-max(p.x, p.x * p.y), p.name)):
        places.setdefault((point.x, point.y), []).append(point)
    named = [(where, _name(group)) for where, group in list(places.items())[:NAMED]]
    return {
        "name": "Names",
        "mode": "markers+text",
        "marker": marker("circle", 14, CLEAR, CLEAR),  # keeps the names off the dots
        "x": [x for (x, _), _ in named for _ in PLACES],
        "y": [y for (_, y), _ in named for _ in PLACES],
        "text": [name for _, name in named for _ in PLACES],
        "textposition": [place for _ in named for place in PLACES],
        "textfont": {"color": "var(--ink)", "size": 12},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _name(group: Sequence[PlotPoint]) -> str:
    """Return the name of the creators on one place, short enough to stand beside it."""
    more = f" and {len(group) - 1} more" if len(group) > 1 else ""
    name = group[0].name
    return shown((name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…") + more)
