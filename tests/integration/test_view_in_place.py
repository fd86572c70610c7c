"""A view is replaced in place: what reads it stays, unless its columns changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from in_process_dbt import run_dbt

from include.sources import discover_sources
from include.warehouse.connection import connect
from include.warehouse.load_tables import ensure_tables

VIEW, READER = "staging.stg_exchange_rates__rates", "public.read_by_someone"


@pytest.fixture
def admin(clean_warehouse: Any, tmp_path: Path) -> Any:
    """A superuser in a warehouse with one staging view, built twice by `rebuild`."""
    source = discover_sources()["exchange_rates"]
    with connect(clean_warehouse.dsn("loader"), autocommit=True) as loader:
        for stream in source.streams:
            ensure_tables(loader, source.name, stream)
    with psycopg.connect(clean_warehouse.admin_dsn, autocommit=True) as connection:
        connection.rebuild = lambda: run_dbt(
            clean_warehouse, ["run", "--select", VIEW.split(".")[1]], tmp_path / "dbt"
        )
        yield connection


def columns(admin: Any) -> list[str]:
    return [column.name for column in admin.execute(f"select * from {VIEW}").description]


def test_a_rebuilt_view_keeps_readers_and_grants_and_a_reshaped_one_is_made_anew(
    admin: Any,
) -> None:
    admin.rebuild()
    built = columns(admin)
    admin.execute(f"create view {READER} as select count(*) as rows from {VIEW}")
    admin.execute(f"grant select on {VIEW} to bi_reader")
    admin.rebuild()
    assert admin.execute(f"select rows from {READER}").fetchone() == (0,)
    can_read = f"select has_table_privilege('bi_reader', '{VIEW}', 'select')"
    assert admin.execute(can_read).fetchone() == (True,)

    # Of another shape: Postgres refuses to replace it, so it goes, and what read it with it.
    admin.execute(f"drop view {VIEW} cascade")
    admin.execute(f"create view {VIEW} as select 1 as another_column")
    admin.execute(f"alter view {VIEW} owner to transformer")
    admin.execute(f"create view {READER} as select another_column from {VIEW}")
    admin.rebuild()
    assert columns(admin) == built
    assert admin.execute(f"select to_regclass('{READER}')").fetchone() == (None,)

    # Where a table stands in its place, it gives way.
    admin.execute(f"drop view {VIEW}")
    admin.execute(f"create table {VIEW} (a_table text)")
    admin.execute(f"alter table {VIEW} owner to transformer")
    admin.rebuild()
    assert columns(admin) == built
