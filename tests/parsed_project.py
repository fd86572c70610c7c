"""The manifest of the dbt project, written once for all tests that read it."""

from __future__ import annotations

import fcntl
import subprocess
import sys

from include.dbt_tasks import MANIFEST, is_manifest_current
from include.settings import REPO_ROOT


def parse_project() -> None:
    """Write dbt's manifest as the deployment does, in a process of its own, unless it is current.

    A fresh checkout has none. Two processes of one test run wait for each other.
    """
    MANIFEST.parent.mkdir(exist_ok=True)
    with (MANIFEST.parent / ".tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_manifest_current():
            command = [sys.executable, "-m", "include.dbt_tasks", "parse"]
            subprocess.run(command, cwd=REPO_ROOT, check=True, capture_output=True)
