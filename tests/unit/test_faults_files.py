"""Files are spoiled as people and programs spoil them, the same way again, and healed whole."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path

import pytest

from include.sandbox.faults_files import FolderFaults

DAY = dt.date(2026, 11, 4)
COSTS = "sku,note,amount\r\n" + "".join(f"S{n},x,{n}.50\r\n" for n in range(20))
STORIES = "".join(json.dumps({"who": "maya", "reach": n}) + "\n" for n in range(20))


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "costs.csv").write_text(COSTS, newline="")
    (tmp_path / "stories.jsonl").write_text(STORIES)
    (tmp_path / "export.json.gz").write_bytes(gzip.compress(STORIES.encode()))
    return sorted(tmp_path.iterdir())


def spoil(files: list[Path], fault: str) -> FolderFaults:
    faults = FolderFaults({fault: 1, "seed": 7})
    faults.spoil(files[0].parent, files, DAY)
    assert faults.hits == {fault: 3}
    return faults


def read(path: Path) -> list[str]:
    content = path.read_bytes()
    text = gzip.decompress(content) if path.suffix == ".gz" else content
    return text.decode().splitlines()


@pytest.mark.parametrize(
    ("fault", "line_of_csv", "line_of_json"),
    [
        ("bad_rows", "<<<<<<< edited by hand", "<<<<<<< edited by hand"),
        ("new_field", "S0,x,0.50,gold", '{"who": "maya", "reach": 1, "gift_wrap": "gold"}'),
        ("field_gone", "x,0.50", '{"reach": 1}'),
        ("type_changed", 'S0,x,"0,50"', '{"who": "maya", "reach": {"value": 1}}'),
    ],
)
def test_rows_are_spoiled_in_their_own_format_and_healed(
    files: list[Path], fault: str, line_of_csv: str, line_of_json: str
) -> None:
    before = {path: path.read_bytes() for path in files}
    faults = spoil(files, fault)
    costs, export, stories = (read(path)[1] for path in files)
    assert (costs, export, stories) == (line_of_csv, line_of_json, line_of_json)
    faults.heal()
    assert {path: path.read_bytes() for path in files} == before


def test_a_truncated_file_is_a_part_and_a_packed_one_cannot_be_unpacked(files: list[Path]) -> None:
    whole = files[0].read_bytes()
    spoil(files, "truncated_file")
    cut = files[0].read_bytes()
    assert whole.startswith(cut)
    assert 0 < len(cut) < len(whole)
    with pytest.raises(EOFError):
        read(files[1])


def test_a_file_still_being_copied_has_another_name_until_it_is_whole(files: list[Path]) -> None:
    before = {path: path.read_bytes() for path in files}
    faults = spoil(files, "half_written_file")
    there = {path.name: path.stat().st_size for path in files[0].parent.iterdir()}
    assert there == {f"{path.name}.part": len(before[path]) // 2 for path in files}
    faults.heal()
    assert {path: path.read_bytes() for path in files[0].parent.iterdir()} == before


def test_a_late_file_stays_away(files: list[Path]) -> None:
    spoil(files, "late_file").heal()
    assert list(files[0].parent.iterdir()) == []


def test_the_same_seed_hits_the_same_files(files: list[Path]) -> None:
    def hit(seed: int) -> list[list[str]]:
        found = []
        for day in range(20):
            faults = FolderFaults({"bad_rows": 0.3, "seed": seed})
            before = {path: path.read_bytes() for path in files}
            faults.spoil(files[0].parent, files, DAY + dt.timedelta(days=day))
            found.append([path.name for path in files if path.read_bytes() != before[path]])
            faults.heal()
        return found

    assert hit(1) == hit(1) != hit(2)
    # 60 chances of 0.3 each.
    assert 8 < sum(map(len, hit(1))) < 30


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"bad_row": 0.1}, "unknown faults: bad_row; allowed: bad_rows"), ({"bad_rows": 2}, "=2")],
)
def test_what_is_not_allowed_is_named(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        FolderFaults(settings)
