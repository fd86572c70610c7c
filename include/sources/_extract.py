"""Generated code that takes a row's values out of a document, once per row of every load."""

from __future__ import annotations

import typing
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Row = list[Any]
# Documents in; their rows out, and the numbers of the rows with unknown fields.
Extract = Callable[[Iterable[Any]], tuple[list[Row], Collection[int]]]
# After so many documents without an expected key, their API leaves keys out.
_MISSES_OF_STRICT = 3


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a record: where it comes from and what it is in Postgres."""

    name: str
    path: tuple[str, ...]
    sql_type: str
    is_nullable: bool
    description: str = ""
    explains_absence: bool = False


@dataclass(slots=True)
class Node:
    """One object of the document: which of its keys are columns, objects with columns, or known."""

    leaves: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    is_open: bool = False
    expected: frozenset[str] = frozenset()


def build_tree(columns: Iterable[Column], known: Iterable[str]) -> Node:
    root = Node()
    for index, column in enumerate(columns):
        node = root
        for part in column.path[:-1]:
            node = node.nodes.setdefault(part, Node())
        node.leaves[column.path[-1]] = index
    for path in known:
        *parents, last = path.split(".")
        node = root
        for part in parents:
            node = node.nodes.setdefault(part, Node())
        node.known.add(last)
    _finish_tree(root)
    return root


def _finish_tree(node: Node) -> None:
    """Gather each object's expected keys; nothing inside a known or whole-kept one is unknown."""
    node.expected = frozenset({*node.leaves, *node.nodes, *node.known})
    for key, child in node.nodes.items():
        child.is_open = node.is_open or key in node.known or key in node.leaves
        _finish_tree(child)


def compile_extract(root: Node, width: int) -> Extract:
    """Generate the function that takes rows' values out of documents, by name and unrolled.

    A generic walk over the paths takes four times as long, and this runs for every row of every
    load. It returns the rows and the numbers of those with unknown fields. The strict form expects
    every key to be there, as GraphQL sends them: a subscript costs half of a `get`. An API that
    leaves keys out soon gets the lenient form at once. Only column numbers and `repr` of keys get
    into the text. AttributeError when a document has another shape.
    """
    strict = _generate_extract(root, width, is_strict=True)
    lenient = _generate_extract(root, width, is_strict=False)
    misses = 0

    def extract(documents: Iterable[Any]) -> tuple[list[Row], Collection[int]]:
        nonlocal misses
        if misses < _MISSES_OF_STRICT:
            try:
                return strict(documents)
            except (KeyError, TypeError):
                misses += 1
        return lenient(documents)

    return extract


def _generate_extract(root: Node, width: int, *, is_strict: bool) -> Extract:
    lines = ["def extract(ds):", "    rows = []", "    add = rows.append", "    unknown = {}"]
    lines.append("    for d in ds:")
    names: dict[str, Any] = {}

    def take(target: str, variable: str, key: str, indent: str) -> None:
        taken = f"{variable}[{key!r}]" if is_strict else f"{variable}.get({key!r})"
        lines.append(f"{indent}{target} = {taken}")

    def visit(node: Node, variable: str, indent: str) -> None:
        expected = f"k{len(names)}"
        names[expected] = node.expected
        for key, index in node.leaves.items():
            take(f"v{index}", variable, key, indent)
        if is_strict:
            # With every expected key there, another length means another key.
            rest = sorted(node.known - node.leaves.keys() - node.nodes.keys())
            lines.extend(f"{indent}{variable}[{key!r}]" for key in rest)
            test = f"len({variable}) != {len(node.expected)}"
        else:
            test = f"not {variable}.keys() <= {expected}"
        if not node.is_open:
            lines.append(f"{indent}if {test}: unknown[len(rows)] = True")
        for number, (key, child) in enumerate(node.nodes.items()):
            inner = f"{variable}{number}"
            take(inner, variable, key, indent)
            absent = "".join(f"v{i} = " for i in _leaves_below(child))
            lines.append(f"{indent}if {inner} is None: {absent}None")
            lines.append(f"{indent}else:")
            visit(child, inner, indent + "    ")
            lines.append(f"{indent}    pass")

    visit(root, "d", " " * 8)
    lines.append(f"        add([{', '.join(f'v{i}' for i in range(width))}])")
    lines.append("    return rows, unknown")
    exec("\n".join(lines), names)
    return typing.cast(Extract, names["extract"])


def _leaves_below(node: Node) -> list[int]:
    inner = (index for child in node.nodes.values() for index in _leaves_below(child))
    return [*node.leaves.values(), *inner]


def compile_finite(columns: Iterable[Column]) -> Callable[[Iterable[Any]], bool] | None:
    """Generate the check that no number is NaN or infinite; None when there are no numbers."""
    tests = [
        f"(r.{c.name} is None or r.{c.name}.is_finite())"
        if c.is_nullable
        else f"r.{c.name}.is_finite()"
        for c in columns
        if c.sql_type == "numeric"
    ]
    if not tests:
        return None
    names: dict[str, Any] = {}
    exec(
        "def are_finite(rs):\n"
        "    for r in rs:\n"
        f"        if not ({' and '.join(tests)}): return False\n"
        "    return True",
        names,
    )
    return typing.cast(Callable[[Iterable[Any]], bool], names["are_finite"])


def collect_unknown(
    document: Mapping[str, Any], node: Node, prefix: str, found: dict[str, Any]
) -> None:
    if not node.is_open:
        expected = node.expected
        for key, value in document.items():
            if key not in expected:
                found[prefix + key] = value
    for key, child in node.nodes.items():
        if (inner := document.get(key)) is not None:
            collect_unknown(inner, child, f"{prefix}{key}.", found)
