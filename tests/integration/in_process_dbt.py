"""Run dbt in this process against a test warehouse, as the transformer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from include import dbt_tasks
from include.sources._base import Connection
from include.warehouse.connection import parse_dsn
from tests.parsed_project import share_parse


def run_dbt(warehouse: Any, arguments: Sequence[str], target: Path) -> Any:
    """Return dbt's result; `DbtFailed` names the nodes that failed.

    As in a deployment the project is parsed beforehand and a run writes no files of its own.
    """
    share_parse(target)
    parts = parse_dsn(warehouse.dsn("transformer"))
    connection = Connection(
        "warehouse_transformer",
        host=parts["host"],
        port=int(parts["port"]),
        scheme=parts["dbname"],
        login=parts["user"],
        password=parts["password"],
    )
    places = ["--target-path", str(target), "--log-path", str(target)]
    return dbt_tasks.run_dbt(["--quiet", *dbt_tasks.LEAN, *arguments, *places], connection)


def compile_inline(warehouse: Any, text: str, target: Path) -> str:
    """Return the SQL a text with macros compiles to."""
    result = run_dbt(warehouse, ["compile", "--inline", text], target)
    return str(result[0].node.compiled_code)
