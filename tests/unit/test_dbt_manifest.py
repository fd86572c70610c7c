"""dbt's manifest is written whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from include import dbt_tasks
from include.dbt_tasks import DbtFailed, write_manifest


class FakeDbt:
    """Writes its two files into the folder it is told, half of them when it is to fail."""

    def __init__(self, manifest: str, *, fails: bool = False) -> None:
        self.manifest, self.fails = manifest, fails

    def __call__(self, arguments: Sequence[str]) -> None:
        folder = Path(arguments[arguments.index("--target-path") + 1])
        (folder / "manifest.json").write_text(self.manifest)
        if self.fails:
            raise DbtFailed("half way")
        (folder / "partial_parse.msgpack").write_text("parsed")


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(dbt_tasks, "MANIFEST", tmp_path / "target" / "manifest.json")
    return tmp_path / "target"


def test_a_parse_leaves_its_two_files_and_nothing_else(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt("whole"))
    write_manifest()
    found = {path.name: path.read_text() for path in target.iterdir()}
    assert found == {"manifest.json": "whole", "partial_parse.msgpack": "parsed"}


def test_a_failed_parse_leaves_the_manifest_that_was_there(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt("first"))
    write_manifest()
    monkeypatch.setattr(dbt_tasks, "run_dbt", FakeDbt("half", fails=True))
    with pytest.raises(DbtFailed, match="half way"):
        write_manifest()
    assert (target / "manifest.json").read_text() == "first"
    assert sorted(path.name for path in target.iterdir()) == [
        "manifest.json",
        "partial_parse.msgpack",
    ]
