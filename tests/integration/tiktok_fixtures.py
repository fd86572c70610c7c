"""Fixtures `served` and `bench`: TikTok's sandbox in a process of its own, a clean warehouse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sandbox_process import run_sandbox
from tiktok_bench import LAST_DAY, TiktokBench

from include.sandbox.installation import SAMPLE_FOLDER


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[TiktokBench]:
    folder, plan = tmp_path_factory.mktemp("sandbox"), tmp_path_factory.mktemp("plan")
    # Every 23rd call is one too many; the tests wait for none of them.
    changes = {"tiktok": {"refuse_every": 23}}
    campaigns = plan_without_tiktok(plan)
    at = "2026-10-01T07:00:00Z"
    for sandbox in run_sandbox(folder, LAST_DAY, changes, campaigns=campaigns, at=at):
        # The plan knows nobody on TikTok; two creators outside the campaign are looked up too.
        accounts = [creator.accounts[0] for creator in sandbox.market.plan.creators]
        others = [a.handle for a in accounts if a.access_path in ("business_discovery", "none")]
        connections = {"tiktok": sandbox.connection("tiktok")}
        yield TiktokBench(sandbox, connections, {"tiktok": tuple(others)})


def plan_without_tiktok(folder: Path) -> Path:
    """Write the sample with its Instagram accounts alone: then everybody is on TikTok as there."""
    lines = (SAMPLE_FOLDER / "serum_launch.yaml").read_text().splitlines(keepends=True)
    kept = [line for line in lines if not re.search("platform: (tiktok|youtube)", line)]
    text = re.sub(r"handles: \{.*\}", "handles: {instagram: glowandgrove}", "".join(kept))
    text = re.sub(r"^candidates:\n(?: .*\n)*", "", text, flags=re.MULTILINE)
    (folder / "serum_launch.yaml").write_text(text)
    return folder


@pytest.fixture
def bench(
    served: TiktokBench, clean_warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> TiktokBench:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    return served.at(dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing"))
