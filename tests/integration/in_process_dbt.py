"""Run dbt in this process against a test warehouse, as the transformer."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from include import dbt_tasks
from include.sources._base import Connection
from include.warehouse.connection import parse_dsn

# What spares dbt the parsing, and the graph as it was parsed for tests that read it.
PARSED = ("partial_parse.msgpack", "manifest.json")


def run_dbt(warehouse: Any, arguments: Sequence[str], target: Path) -> Any:
    """Return dbt's result; `DbtFailed` names the nodes that failed.

    As in a deployment the project is parsed beforehand and a run writes no files of its own.
    """
    parts = parse_dsn(warehouse.dsn("transformer"))
    connection = Connection(
        "warehouse_transformer",
        host=parts["host"],
        port=int(parts["port"]),
        scheme=parts["dbname"],
        login=parts["user"],
        password=parts["password"],
    )
    _share_parse(warehouse, connection, target)
    return _run([*dbt_tasks.LEAN, *arguments], connection, target)


def _share_parse(warehouse: Any, connection: Connection, target: Path) -> None:
    """Begin a new target folder with the parsed project; dbt looks for itself what changed since.

    Parsing takes longer than most of what tests build. dbt keeps to a parse only for the very
    server and database, so each test warehouse has its own.
    """
    if (target / PARSED[0]).exists():
        return
    parsed = warehouse.cluster.data_dir / "parsed"
    if not parsed.exists():
        _run(["parse"], connection, parsed)
    target.mkdir(parents=True, exist_ok=True)
    for name in PARSED:
        shutil.copyfile(parsed / name, target / name)


def _run(arguments: Sequence[str], connection: Connection, target: Path) -> Any:
    places = ["--target-path", str(target), "--log-path", str(target)]
    return dbt_tasks.run_dbt(["--quiet", *arguments, *places], connection)


def compile_inline(warehouse: Any, text: str, target: Path) -> str:
    """Return the SQL a text with macros compiles to."""
    result = run_dbt(warehouse, ["compile", "--inline", text], target)
    return str(result[0].node.compiled_code)
