"""Suites as values: what the structs give, what each source must bring, cheap imports."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from decimal import Decimal
from typing import Annotated

import msgspec
import pytest

from include.errors import InvalidSettings
from include.quality.basic_suite import build_basic_suite, table_rules
from include.quality.rules import Window, bad_rows_sql, between, filled, in_set, unique
from include.quality.suites import load_suite
from include.sources import discover_sources
from include.sources._base import Record, Source, Stream, StreamKind
from include.warehouse.load_tables import stream_tables


class Reading(Record, frozen=True, array_like=True):
    reading_id: str
    share: Annotated[Decimal, msgspec.Meta(ge=0, le=1)]
    state: str | None
    read_at: dt.datetime | None


STREAM = Stream(
    name="readings",
    kind=StreamKind.EVENTS,
    record=Reading,
    key=("reading_id",),
    fetch=lambda context: iter(()),
    parse=lambda document, page: (),
)
ROWS = "select * from raw.meter__readings where _load_id in (7, 9)"
SOURCE = Source(name="meter", title="Meter", streams=(STREAM,))


def window(**row_counts: int) -> Window:
    return Window("meter", "2026-03-01", {"readings": (7, 9)}, row_counts)


def test_a_struct_gives_its_tables_rules() -> None:
    table = stream_tables("meter", STREAM)[0]
    assert list(table_rules(table, Reading, ROWS)) == [
        filled("raw.meter__readings", ROWS, ["reading_id", "share"]),
        between("raw.meter__readings", ROWS, "share", 0, 1),
        unique("raw.meter__readings", ROWS, ["connection_id", "reading_id"]),
    ]


def test_only_tables_with_rows_in_the_window_are_checked() -> None:
    assert build_basic_suite(SOURCE, window()) == []
    rows = {rule.rows for rule in build_basic_suite(SOURCE, window(meter__readings=3))}
    assert rows == {ROWS}


def test_a_window_without_loads_has_no_rows() -> None:
    empty = Window("meter", "2026-03-01", {}, {})
    assert empty.rows("readings") == "select * from raw.meter__readings where _load_id in (null)"


def test_values_are_quoted_in_the_query_of_the_bad_rows() -> None:
    query = bad_rows_sql(in_set("raw.t", "select 1", "state", ["it's"]))
    assert query == "select * from (select 1) as checked where \"state\" not in ('it''s')"


@pytest.mark.parametrize("source", sorted(discover_sources()))
def test_every_source_has_a_suite(source: str) -> None:
    descriptor = discover_sources()[source]
    rules = load_suite(source)(descriptor, Window(source, "2026-03-01", {}, {}))
    names = {rule.name for rule in rules}
    assert "every required stream ran" in names
    assert "at most 1 % of the window is in quarantine" in names


def test_a_source_without_a_suite_is_told_which_file_to_write() -> None:
    with pytest.raises(InvalidSettings, match=r"include/quality/suites/meter\.py"):
        load_suite("meter")


def test_importing_the_checks_does_not_import_great_expectations() -> None:
    code = (
        "import sys, include.quality, include.quality.suites.shopify, include.measure;"
        "print([m for m in ('great_expectations', 'pandas', 'scipy', 'numpy') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
