"""Run dbt in this process against a test warehouse, as the transformer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from include.settings import DBT_PROJECT_DIR


def run_dbt(warehouse: Any, arguments: Sequence[str], target: Path) -> Any:
    """Return dbt's result; AssertionError names the nodes that failed."""
    from dbt.cli.main import dbtRunner

    parts = urlsplit(warehouse.dsn("transformer"))
    os.environ |= {
        "GROUNDSWELL_DBT_HOST": parts.hostname or "",
        "GROUNDSWELL_DBT_PORT": str(parts.port),
        "GROUNDSWELL_DBT_USER": unquote(parts.username or ""),
        "GROUNDSWELL_DBT_PASSWORD": unquote(parts.password or ""),
        "GROUNDSWELL_DBT_DBNAME": parts.path.lstrip("/"),
    }
    folder = str(DBT_PROJECT_DIR)
    places = ["--project-dir", folder, "--profiles-dir", folder]
    places += ["--target-path", str(target), "--log-path", str(target)]
    outcome = dbtRunner().invoke(["--quiet", *arguments, *places])
    if outcome.exception is not None:
        raise AssertionError(f"dbt {arguments[0]}: {outcome.exception}") from outcome.exception
    if not outcome.success:
        failed = [
            f"{node.node.name}: {node.message}"
            for node in outcome.result
            if node.status in ("error", "fail", "runtime error")
        ]
        raise AssertionError("dbt failed: " + "; ".join(failed))
    return outcome.result


def compile_inline(warehouse: Any, text: str, target: Path) -> str:
    """Return the SQL a text with macros compiles to."""
    result = run_dbt(warehouse, ["compile", "--inline", text], target)
    return str(result[0].node.compiled_code)
