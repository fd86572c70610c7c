"""What a suite consists of: rules as frozen values, without Great Expectations.

A rule says what must hold, how bad it is when it does not, and with which SQL a person sees the
rows that break it. `include/quality/engine.py` turns rules into expectations; suites stay readable
and cheap to import.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from psycopg import sql

Severity = Literal["critical", "warning", "info"]
Value = int | float | Decimal | str | bool | dt.date | dt.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Something every row of `table` must satisfy.

    kind: filled, unique, between, in_set, which look at `columns` of the rows that `rows` selects,
    or no_rows: `query` selects the bad rows themselves. table: `schema.table`. name: what
    a no_rows rule is called in the results.
    """

    kind: Literal["filled", "unique", "between", "in_set", "no_rows"]
    table: str
    severity: Severity
    rows: str = ""
    columns: tuple[str, ...] = ()
    low: Value | None = None
    high: Value | None = None
    allowed: tuple[Value, ...] = ()
    name: str = ""
    query: str = ""


def filled(table: str, rows: str, columns: Sequence[str], severity: Severity = "critical") -> Rule:
    """No row has NULL in any of the columns."""
    return Rule(kind="filled", table=table, rows=rows, columns=tuple(columns), severity=severity)


def unique(table: str, rows: str, columns: Sequence[str], severity: Severity = "critical") -> Rule:
    """No two rows share the columns' values."""
    return Rule(kind="unique", table=table, rows=rows, columns=tuple(columns), severity=severity)


def between(
    table: str,
    rows: str,
    column: str,
    low: Value | None = None,
    high: Value | None = None,
    severity: Severity = "critical",
) -> Rule:
    """Every value lies in [low, high]; None is an open end, NULL passes."""
    return Rule(
        kind="between",
        table=table,
        rows=rows,
        columns=(column,),
        low=low,
        high=high,
        severity=severity,
    )


def in_set(
    table: str, rows: str, column: str, allowed: Sequence[Value], severity: Severity = "critical"
) -> Rule:
    """Every value is one of `allowed`; NULL passes."""
    return Rule(
        kind="in_set",
        table=table,
        rows=rows,
        columns=(column,),
        allowed=tuple(allowed),
        severity=severity,
    )


def no_rows(name: str, table: str, query: str, severity: Severity = "critical") -> Rule:
    """`query`, which selects the bad rows, selects none."""
    return Rule(kind="no_rows", table=table, name=name, query=query.strip(), severity=severity)


@dataclass(frozen=True, slots=True)
class Window:
    """The rows a check looks at: those that the loads of one source and day wrote last.

    loads: load ids per stream; row_counts: rows per raw table (without schema) that carry them.
    """

    source: str
    partition_key: str
    loads: Mapping[str, tuple[int, ...]]
    row_counts: Mapping[str, int]

    def rows(self, stream: str, table: str | None = None) -> str:
        """Return SQL selecting the window's rows of a stream's raw table, or of a child's."""
        name = table or f"{self.source}__{stream}"
        return f"select * from raw.{name} where _load_id in ({self._load_list(stream)})"

    def loads_of_day(self) -> str:
        """Return SQL selecting the newest window row of every stream and connection of the day."""
        return (
            "select distinct on (stream, connection_id) * from quality.load_windows "
            f"where source = '{self.source}' and partition_key = '{self.partition_key}' "
            "order by stream, connection_id, load_id desc"
        )

    def _load_list(self, stream: str) -> str:
        return ", ".join(str(load) for load in self.loads.get(stream, ())) or "null"


def bad_rows_sql(rule: Rule) -> str:
    """Return a query for exactly the rows that break the rule."""
    if rule.kind == "no_rows":
        return rule.query
    source = f"({rule.rows}) as checked"
    if rule.kind == "unique":
        keys = sql.SQL(", ").join(sql.Identifier(column) for column in rule.columns)
        is_set = sql.SQL(" and ").join(
            sql.SQL("{} is not null").format(sql.Identifier(column)) for column in rule.columns
        )
        # A window function, because a planner that takes a load's rows for one (its id is new to
        # the statistics) would compare every row with every other.
        same = f"count(*) over (partition by {keys.as_string()}) as same_key_count"
        keyed = f"select checked.*, {same} from {source} where {is_set.as_string()}"
        return f"select * from ({keyed}) as keyed where same_key_count > 1"
    return f"select * from {source} where {_broken(rule)}"


def _broken(rule: Rule) -> str:
    if rule.kind == "filled":
        empty = (sql.SQL("{} is null").format(sql.Identifier(name)) for name in rule.columns)
        return sql.SQL(" or ").join(empty).as_string()
    column = sql.Identifier(rule.columns[0]).as_string()
    if rule.kind == "in_set":
        allowed = sql.SQL(", ").join(sql.Literal(value) for value in rule.allowed)
        return f"{column} not in ({allowed.as_string()})"
    ends = []
    if rule.low is not None:
        ends.append(f"{column} < {sql.Literal(rule.low).as_string()}")
    if rule.high is not None:
        ends.append(f"{column} > {sql.Literal(rule.high).as_string()}")
    return " or ".join(ends)
