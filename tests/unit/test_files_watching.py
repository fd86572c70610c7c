"""Files in a watched folder: which count, in what order, and which are left alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from unit_costs import COSTS, SERUM

from include.errors import BadCredentials, Truncated
from include.http.folder import Folder
from include.sources.files import SOURCE
from tests.fakes.watched_folder import WatchedFolder


@pytest.fixture
def folder(tmp_path: Path) -> WatchedFolder:
    return WatchedFolder(tmp_path, SOURCE)


def test_the_same_content_counts_once_and_the_older_file_keeps_it(
    folder: WatchedFolder, caplog: pytest.LogCaptureFixture
) -> None:
    folder.put("unit_costs/b.csv", COSTS + SERUM, age_minutes=90)
    folder.put("unit_costs/a.csv", COSTS + SERUM, age_minutes=60)
    with caplog.at_level(logging.WARNING):
        (page,) = folder.read("unit_costs").pages
    assert page.context["file_name"] == "unit_costs/b.csv"
    assert page.context["slices"] == [["unit_costs/b.csv"], ["unit_costs/a.csv"]]
    assert "unit_costs/a.csv is a copy of unit_costs/b.csv" in caplog.text


def test_files_come_in_the_order_of_their_last_change(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", COSTS + SERUM.replace("7.40", "8"), age_minutes=10)
    folder.put("unit_costs/b.csv", COSTS + SERUM, age_minutes=20)
    assert [row["unit_cost_amount"] for row in folder.read("unit_costs").rows] == ["7.40", "8"]


@pytest.mark.parametrize(
    "name",
    [".a.csv", "~a.csv", "a.csv~", "a.csv.part", "a.csv.tmp", "_tmp/a.csv", ".~lock.a.csv#",
     "a.csv.crdownload", "a.csv._COPYING_"],
)  # fmt: skip
def test_names_of_unfinished_files_are_left_alone(folder: WatchedFolder, name: str) -> None:
    folder.put(f"unit_costs/{name}", COSTS + SERUM)
    assert folder.read("unit_costs").pages == []


def test_a_file_that_grows_while_it_is_watched_is_left_alone(folder: WatchedFolder) -> None:
    path = folder.put("unit_costs/a.csv", COSTS + SERUM, age_minutes=0)
    folder.put("unit_costs/b.csv", COSTS + SERUM.replace("30", "50"), age_minutes=0)
    waits: list[float] = []

    def write_on(seconds: float) -> None:
        waits.append(seconds)
        with path.open("a") as file:
            file.write("OIL,2026-01-02,1,USD\n")

    folder.sleep = write_on
    assert [row["sku"] for row in folder.read("unit_costs").rows] == ["SERUM-50"]
    assert waits == [5.0]
    folder.sleep = waits.append
    assert len(folder.read("unit_costs").rows) == 3


def test_old_files_are_not_waited_for(folder: WatchedFolder) -> None:
    folder.put("unit_costs/a.csv", COSTS + SERUM)
    folder.sleep = lambda seconds: pytest.fail("waited")
    assert len(folder.read("unit_costs").rows) == 1


def test_links_and_empty_files_are_left_alone(folder: WatchedFolder, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(COSTS + SERUM)
    folder.put("unit_costs/empty.csv", "")
    (folder.root / "unit_costs" / "link.csv").symlink_to(outside)
    assert folder.read("unit_costs").pages == []


def test_a_file_that_changes_under_the_reader_is_tried_again(folder: WatchedFolder) -> None:
    path = folder.put("unit_costs/a.csv", COSTS + SERUM)
    opened = Folder(folder.context("unit_costs").session)
    (file,) = opened.list_files("unit_costs")

    def read_while_it_changes() -> None:
        with opened.open_file(file) as raw:
            raw.read()
            path.write_text(COSTS)

    with pytest.raises(Truncated, match="changed while read"):
        read_while_it_changes()


def test_a_folder_that_may_not_be_read_names_the_connection(
    folder: WatchedFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put("unit_costs/a.csv", COSTS + SERUM)
    opened = Folder(folder.context("unit_costs").session)

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError("AKIA-SECRET")

    monkeypatch.setattr(opened._fs, "find", refuse)
    with pytest.raises(BadCredentials, match="connection 'files'") as caught:
        opened.list_files("unit_costs")
    assert "SECRET" not in str(caught.value)
