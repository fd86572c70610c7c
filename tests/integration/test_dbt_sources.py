"""The columns the dbt sources name are those of the connectors' structs, in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from include.settings import DBT_PROJECT_DIR
from include.sources import discover_sources
from include.sources._base import Source, Stream, StreamKind

STAGING = DBT_PROJECT_DIR / "models" / "staging"
SNAPSHOT_COLUMNS = ("window_start", "captured_at", "captured_at_source")


def declared_tables(source: str) -> dict[str, dict[str, Any]]:
    """Tables of a source's YAML by name."""
    text = (STAGING / source / f"_{source}__sources.yml").read_text("utf-8")
    (declared,) = yaml.safe_load(text)["sources"]
    assert declared["name"] == source
    assert declared["schema"] == "raw"
    return {table["name"]: table for table in declared["tables"]}


def expected_columns(stream: Stream) -> Iterator[tuple[str, list[str]]]:
    """Columns of a stream's table and of its children's, in order."""
    framework = ["connection_id"]
    if stream.kind is StreamKind.SNAPSHOT:
        framework += SNAPSHOT_COLUMNS
    yield stream.name, [*framework, *stream.record.__struct_fields__, "_load_id"]
    parent = [column for column in stream.key if column not in framework]
    for child in stream.children:
        fields = [name for name in child.record.__struct_fields__ if name not in parent]
        yield child.name, [*framework, *parent, *fields, "_load_id"]


@pytest.mark.parametrize("source", discover_sources().values(), ids=lambda source: source.name)
def test_source_yaml_and_structs_have_the_same_tables_and_columns(source: Source) -> None:
    declared = declared_tables(source.name)
    expected = dict(table for stream in source.streams for table in expected_columns(stream))
    assert sorted(declared) == sorted(expected)
    for name, columns in expected.items():
        assert declared[name]["identifier"] == f"{source.name}__{name}"
        assert [column["name"] for column in declared[name]["columns"]] == columns, name


@pytest.mark.parametrize("source", discover_sources().values(), ids=lambda source: source.name)
def test_declared_types_are_those_of_the_raw_tables(source: Source, warehouse: Any) -> None:
    import psycopg

    with psycopg.connect(warehouse.admin_dsn) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type from information_schema.columns "
            "where table_schema = 'raw' and starts_with(table_name, %s)",
            [f"{source.name}__"],
        ).fetchall()
    found = {(table, column): kind for table, column, kind in rows}
    for table in declared_tables(source.name).values():
        for column in table["columns"]:
            kind = found[table["identifier"], column["name"]]
            assert kind.replace("timestamp with time zone", "timestamptz") == column["data_type"]
