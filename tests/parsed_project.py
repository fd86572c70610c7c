"""The dbt project, parsed once for all tests: each process and each target folder starts there."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

from include.dbt_tasks import MANIFEST, is_manifest_current
from include.settings import REPO_ROOT

# What spares dbt the parsing, and the graph as it was parsed for tests that read it.
PARSED = ("partial_parse.msgpack", MANIFEST.name)


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


def share_parse(target: Path) -> None:
    """Begin a new target folder with the parsed project; dbt looks for itself what changed since.

    Parsing takes longer than most of what tests build.
    """
    if (target / PARSED[0]).exists():
        return
    parse_project()
    target.mkdir(parents=True, exist_ok=True)
    for name in PARSED:
        shutil.copyfile(MANIFEST.parent / name, target / name)
