"""Fixtures `served` and `bench`: YouTube's sandbox in a process of its own, a clean warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sandbox_process import run_sandbox
from youtube_bench import LAST_DAY, QUOTA_UNITS, UNKNOWN_HANDLE, UNKNOWN_ID, YoutubeBench

from include.sources.youtube.sandbox_videos import Studio


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[YoutubeBench]:
    changes = {"youtube": {"quota_units": QUOTA_UNITS, "refused_metrics": ["shares"]}}
    folder, at = tmp_path_factory.mktemp("sandbox"), "2026-10-01T07:00:00Z"
    for sandbox in run_sandbox(folder, LAST_DAY, changes, at=at):
        connection = sandbox.connection("youtube")
        brand, first, *others = Studio(sandbox.market).channels.values()
        assert connection.extra["channel_id"] == brand.channel_id
        # One channel by id, the others by handle, as plans hold them.
        planned = (first.channel_id, *(f"@{c.handle.upper()}" for c in others))
        targets = {"youtube": (*planned, UNKNOWN_HANDLE, UNKNOWN_ID)}
        yield YoutubeBench(sandbox, {"youtube": connection}, targets)


@pytest.fixture
def bench(served: YoutubeBench, clean_warehouse: Any, tmp_path: Path) -> YoutubeBench:
    return served.at(dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing"))
