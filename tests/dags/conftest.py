"""DAG files render dbt's manifest; a fresh checkout has none yet."""

from __future__ import annotations

import subprocess
import sys

import pytest

from include.dbt_tasks import is_manifest_current
from include.settings import REPO_ROOT


@pytest.fixture(scope="session", autouse=True)
def _manifest() -> None:
    """Write dbt's manifest as the deployment does, in a process of its own."""
    if not is_manifest_current():
        command = [sys.executable, "-m", "include.dbt_tasks", "parse"]
        subprocess.run(command, cwd=REPO_ROOT, check=True, capture_output=True)
