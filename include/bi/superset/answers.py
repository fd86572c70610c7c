"""What the charts must show, asked of the warehouse directly, and whether Superset shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from include.bi.superset.bundle import id_of
from include.bi.superset.description import CHARTS, METRICS, ROWS, Chart
from include.bi.superset.names import relation_of
from include.errors import CountMismatch
from include.report.warehouse import Marts

Rows = Sequence[Mapping[str, object]]
_DIGITS = 6  # Superset hands on binary fractions


def compare(marts: Marts, shown: Mapping[str, Rows]) -> Iterator[tuple[str, int]]:
    """Yield each chart's title and number of rows; raise `CountMismatch` for one that differs."""
    for chart in CHARTS:
        rows = shown.get(id_of("chart", chart.slug))
        if rows is None:
            raise CountMismatch(f"chart {chart.title!r} is not on the dashboard")
        expected = _plain(marts.read(build_query(chart), chart.filters))
        found = _plain(rows)
        if expected != found:
            differs = [row for row in expected + found if (row in expected) != (row in found)]
            raise CountMismatch(
                f"chart {chart.title!r} has {len(found)} rows, the warehouse {len(expected)}; "
                f"the first that differ: {differs[:2]}"
            )
        yield chart.title, len(expected)


def build_query(chart: Chart) -> str:
    """Return the SQL whose answer a chart must show; filters are named placeholders."""
    names = {metric.name: metric.expression for metric in METRICS[chart.mart]}
    figures = [f"{names[name]} as {name}" for name in chart.metrics]
    wanted = [f"{column} = %({column})s" for column in chart.filters]
    if chart.shown_only:
        wanted.append(f"{chart.shown_only} is not null")
    query = f"select {', '.join([*chart.columns, *figures])} "
    query += f"from {relation_of(chart.mart)}"
    if wanted:
        query += f" where {' and '.join(wanted)}"
    if chart.metrics:
        query += f" group by {', '.join(chart.columns)}"
    if chart.order:
        query += f" order by {chart.order} desc"
    return f"{query} limit {ROWS}"


def _plain(rows: Rows) -> list[list[tuple[str, object]]]:
    """Return rows so that both sides can be compared, whatever order equal ones stand in."""
    return sorted(([(key, _value(row[key])) for key in sorted(row)] for row in rows), key=repr)


def _value(value: object) -> object:
    """Return a number as a rounded one, a date as Superset does: milliseconds since 1970."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, Decimal | float | int):
        return round(float(value), _DIGITS)
    if isinstance(value, dt.date):
        day = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
        return round(day.timestamp() * 1000, _DIGITS)
    return value
