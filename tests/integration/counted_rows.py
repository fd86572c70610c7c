"""How many rows a statement passes on inside, counted by the server just before it runs.

Time says nothing on a busy machine, and a plan's cost is what the planner believes. The rows that a
node returns or drops are neither: a join of each with each shows them, however fast it is. A
statement is explained with `analyze`, undone to a savepoint, and then runs as if nothing had been.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import psycopg2
import pytest
from psycopg import sql
from psycopg2 import extensions

EXPLAIN = "explain (analyze, timing off, buffers off, format json) "
TEXT = r"'[^']*'"
TEXT_OR_COMMENT = re.compile(rf"({TEXT})|/\*.*?\*/|--[^\n]*", re.DOTALL)
PART = re.compile(rf"(?:{TEXT}|[^';])+")
COUNTED = re.compile(
    r"\s*(?:select|with|insert|update|delete|create\s+(?:temporary\s+)?table\s[^(]*\sas\b)",
    re.IGNORECASE,
)
DBT_NODE = re.compile(r'"node_id": "\w+\.\w+\.(\w+)')


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement and the node of its plan with the most rows: returned, or read and dropped.

    reads: rows of each table that its scans returned or dropped, added up over all of them.
    """

    name: str
    rows: int
    node: str
    reads: Mapping[str, int]


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[Statement]:
    """Count every statement of connections opened from now on; the list grows as they run."""
    found: list[Statement] = []

    class OwnCursor(psycopg.Cursor[Any]):
        """What the product's own modules run."""

        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            connection = self.connection
            text = query.as_string(connection) if isinstance(query, sql.Composable) else query
            text = text.decode() if isinstance(text, bytes) else text
            if is_counted(text) and not connection.autocommit:
                plain = psycopg.Cursor(connection)
                plain.execute("savepoint counted")
                plain.execute((EXPLAIN + text).encode(), params)
                row = plain.fetchone()
                assert row is not None
                found.append(largest(name_of(text), row[0]))
                plain.execute("rollback to savepoint counted")
            return super().execute(query, params, **options)

    class DbtCursor(extensions.cursor):
        """What dbt runs."""

        def execute(self, query: Any, values: Any = None) -> None:
            parts = statements_of(query)
            if any(map(is_counted, parts)):
                # dbt ends transactions behind the driver's back: the driver then opens no new one.
                is_ended = (
                    self.connection.status != extensions.STATUS_READY
                    and self.connection.info.transaction_status
                    == extensions.TRANSACTION_STATUS_IDLE
                )
                super().execute(f"{'begin; ' if is_ended else ''}savepoint before_all")
                for part in parts:
                    self.count(part, values, name_of(query))
                    super().execute(part, values)
                super().execute("rollback" if is_ended else "rollback to savepoint before_all")
            super().execute(query, values)

        def count(self, part: str, values: Any, name: str) -> None:
            """Explain one statement of a text, and undo it."""
            if is_counted(part):
                super().execute("savepoint before_part")
                super().execute(EXPLAIN + part, values)
                row = self.fetchone()
                assert row is not None
                found.append(largest(name, row[0]))
                super().execute("rollback to savepoint before_part")

    def connect_own(*arguments: Any, **options: Any) -> Any:
        return psycopg.Connection.connect(*arguments, **{**options, "cursor_factory": OwnCursor})

    monkeypatch.setattr(psycopg, "connect", connect_own)
    connect_dbt = functools.partial(psycopg2.connect, cursor_factory=DbtCursor)
    monkeypatch.setattr(psycopg2, "connect", connect_dbt)
    return found


def statements_of(text: str) -> list[str]:
    """Return the statements of a text without their comments; a block of code is one."""
    bare = without_comments(text)
    return [bare] if "$" in bare else [part for part in PART.findall(bare) if part.strip()]


def without_comments(text: str) -> str:
    """Return a statement without its comments; what looks like one inside a text stays."""
    return TEXT_OR_COMMENT.sub(lambda found: found[1] or "", text)


def is_counted(text: str) -> bool:
    """Say whether a statement reads or writes rows: no other one can be explained."""
    return COUNTED.match(without_comments(text)) is not None


def name_of(text: str) -> str:
    """Return dbt's model, else the first line that says something."""
    node = DBT_NODE.search(text)
    return node[1] if node else next(line.strip() for line in text.splitlines() if line.strip())


def largest(name: str, plan: list[dict[str, Any]]) -> Statement:
    """Return the node with the most rows of all its loops."""
    nodes = list(walk(plan[0]["Plan"]))
    rows, node = max((max(passed_on(node)), describe(node)) for node in nodes)
    reads: dict[str, int] = {}
    for scan in nodes:
        if table := scan.get("Relation Name"):
            reads[table] = reads.get(table, 0) + round(sum(passed_on(scan)))
    return Statement(name, round(rows), node, reads)


def passed_on(node: dict[str, Any]) -> tuple[float, ...]:
    """Return what a node returned, and what it dropped of what it had read, over all its loops."""
    counts = ("Actual Rows", "Rows Removed by Filter", "Rows Removed by Join Filter")
    return tuple(node.get(count, 0) * node["Actual Loops"] for count in counts)


def describe(node: dict[str, Any]) -> str:
    """Return a node's type with the relation it reads or what it joins by."""
    parts = ("Relation Name", "CTE Name", "Hash Cond", "Merge Cond", "Join Filter", "Index Cond")
    return " ".join([node["Node Type"], *(str(node[part]) for part in parts if part in node)])


def walk(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a node and everything below it."""
    yield node
    for below in node.get("Plans", ()):
        yield from walk(below)
