"""The tables of a scaffolded source come from its folder alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from include.scaffold.__main__ import write_source
from include.settings import REPO_ROOT
from include.warehouse.connection import connect

MIGRATE = """
import sys
from include.warehouse.ddl import create_raw_tables
create_raw_tables(sys.stdin.read())
"""


def test_a_new_sources_tables_are_made_with_the_others(
    clean_warehouse: Any, tmp_path: Path
) -> None:
    shutil.copytree(
        REPO_ROOT / "include", tmp_path / "include", ignore=shutil.ignore_patterns("__pycache__")
    )
    write_source("pinterest", tmp_path)
    subprocess.run(
        [sys.executable, "-c", MIGRATE],
        cwd=tmp_path,
        input=clean_warehouse.dsn("loader"),
        text=True,
        check=True,
    )
    with connect(clean_warehouse.dsn("transformer")) as connection:
        columns = connection.execute(
            """
            select column_name, data_type from information_schema.columns
            where table_schema = 'raw' and table_name = 'pinterest__items'
            """
        ).fetchall()
        connection.execute("select * from raw.pinterest__items")
    # Columns of the loader begin with an underscore; the rest is the folder's.
    assert {column for column in columns if not column[0].startswith("_")} == {
        ("connection_id", "text"),
        ("item_id", "text"),
        ("updated_at", "timestamp with time zone"),
        ("title", "text"),
        ("price", "numeric"),
    }
    assert ("_load_id", "bigint") in columns
