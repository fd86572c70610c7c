"""Where things stand on the dashboard: for each question a heading and its charts below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from include.bi.superset.description import CHARTS, QUESTIONS, TITLE, Chart

GRID = ("ROOT_ID", "GRID_ID")
WIDTH = 12  # columns of Superset's grid
HEIGHTS = {"campaigns": 20, "ga4_gap": 25}  # of charts with few rows
HEIGHT = 50

Item = dict[str, Any]


def build_position(ids: Mapping[str, str]) -> dict[str, Any]:
    """Return the layout as Superset keeps it; `ids` are the charts' by their slug."""
    grid: list[str] = []
    position: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]},
        "GRID_ID": {"type": "GRID", "id": "GRID_ID", "children": grid, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}},
    }
    for number, question in enumerate(QUESTIONS, start=1):
        heading = f"HEADER-question{number}"
        meta = {"text": question, "headerSize": "MEDIUM_HEADER"}
        position[heading] = _item("HEADER", heading, GRID, meta)
        grid.append(heading)
        for chart in (chart for chart in CHARTS if chart.question == question):
            row, cell = f"ROW-{chart.slug}", f"CHART-{chart.slug}"
            grid.append(row)
            background = {"background": "BACKGROUND_TRANSPARENT"}
            position[row] = _item("ROW", row, GRID, background) | {"children": [cell]}
            position[cell] = _item("CHART", cell, (*GRID, row), _chart_meta(chart, ids))
    return position


def _item(kind: str, name: str, parents: Sequence[str], meta: Mapping[str, object]) -> Item:
    return {"type": kind, "id": name, "children": [], "parents": [*parents], "meta": {**meta}}


def _chart_meta(chart: Chart, ids: Mapping[str, str]) -> Item:
    return {
        "uuid": ids[chart.slug],
        "sliceName": chart.title,
        "width": WIDTH,
        "height": HEIGHTS.get(chart.slug, HEIGHT),
        "chartId": 0,  # the import puts the chart's number there
    }
