"""Files that are no CSV in a folder: JSON, Parquet, and a bucket in the folder's place."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from unit_costs import COSTS, SERUM, costs_of, refusal

from include.errors import InvalidSettings
from include.sources.files import SOURCE
from tests.fakes.watched_folder import WatchedFolder


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path, SOURCE)


def test_json_lists_and_lines_give_the_same_rows(folder: WatchedFolder) -> None:
    rows = [
        {"sku": 12345678901234567890, "valid_from": "2026-09-01", "unit_cost_amount": 7.10,
         "currency_code": "USD"},
        {"sku": "B", "valid_from": "2026-09-01", "unit_cost_amount": "2", "currency_code": "USD"},
    ]  # fmt: skip
    folder.put("unit_costs/a.json", json.dumps(rows, indent=2))
    from_list = folder.read("unit_costs").rows
    (folder.root / "unit_costs/a.json").unlink()
    folder.put("unit_costs/a.jsonl", "\n".join(map(json.dumps, rows)))
    from_lines = folder.read("unit_costs").rows
    for row in (*from_list, *from_lines):
        del row["file_name"]
    assert from_list == from_lines
    assert [row["line_number"] for row in from_lines] == [1, 2]
    assert (from_list[0]["sku"], from_list[0]["unit_cost_amount"]) == (
        "12345678901234567890",
        "7.1",
    )


def test_broken_json_lines_are_bad_lines_and_unknown_keys_refuse_the_file(
    folder: WatchedFolder,
) -> None:
    good = '{"sku":"A","valid_from":"2026-09-01","unit_cost_amount":1,"currency_code":"USD"}\n'
    folder.put("unit_costs/a.jsonl", good + '{"sku":\n[1]\n')
    found = folder.read("unit_costs")
    assert len(found.rows) == 1
    assert "line 2 is no JSON; line 3 is no JSON object but list" in found.bad_lines[0]
    folder.put("unit_costs/b.jsonl", good + good.replace('"sku"', '"SKU"'))
    assert "unit_costs/b.jsonl: line 2: header 'SKU' is not known (meant 'sku'?)" in refusal(folder)


@pytest.mark.parametrize(
    ("text", "told"), [('{"a": 1}\n{"a": 2}', "is no JSON; for one"), ("{}", "holds no list")]
)
def test_json_of_another_shape_is_refused(folder: WatchedFolder, text: str, told: str) -> None:
    folder.put("unit_costs/a.json", text)
    assert told in refusal(folder)


def test_parquet_without_its_package_says_what_is_needed(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    folder.put("unit_costs/a.parquet", b"PAR1")
    with pytest.raises(InvalidSettings, match=r"unit_costs/a\.parquet is a Parquet file.*pyarrow"):
        folder.read("unit_costs")


def test_parquet_gives_the_same_rows(folder: WatchedFolder) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs the package pyarrow")
    import datetime as dt
    from decimal import Decimal

    from pyarrow import parquet as writer

    table = pyarrow.table(
        {
            "sku": ["A", "B"],
            "valid_from": [dt.date(2026, 9, 1)] * 2,
            "unit_cost_amount": [Decimal("7.40"), Decimal("0.10")],
            "currency_code": ["USD", "USD"],
        }
    )
    buffer = io.BytesIO()
    writer.write_table(table, buffer)
    folder.put("unit_costs/a.parquet", buffer.getvalue())
    assert costs_of(folder) == [("A", "2026-09-01", "7.40", 1), ("B", "2026-09-01", "0.10", 2)]
    folder.put("unit_costs/b.parquet", buffer.getvalue()[:-8])
    assert "unit_costs/b.parquet: it is no complete Parquet file" in refusal(folder)


def test_a_bucket_reads_as_a_folder_does(folder: WatchedFolder) -> None:
    import fsspec

    bucket = fsspec.filesystem("memory")
    bucket.pipe_file("/bucket/incoming/unit_costs/a.csv", (COSTS + SERUM).encode())
    folder.extra["url"] = "memory://bucket/incoming"
    try:
        (row,) = folder.read("unit_costs").rows
        assert (row["file_name"], row["sku"]) == ("unit_costs/a.csv", "SERUM-30")
    finally:
        bucket.rm("/bucket", recursive=True)
