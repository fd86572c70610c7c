"""What the scheduler imports for its tasks: their libraries, nothing of ours, no thread."""

from __future__ import annotations

import subprocess
import sys

from include.services.lifecycle import WARM_SCHEDULER

# Run apart from the tests, whose process has imported everything already.
LOOK = """
import runpy, sys, threading
script = runpy.run_path(sys.argv[1])
script["import_libraries"]()
ours = [name for name in sys.modules if name.split(".")[0] in ("include", "dags", "plugins")]
print("ours", ours)
print("threads", threading.active_count())
print("warm", all(name in sys.modules for name in ("great_expectations", "cosmos", "dbt.cli.main")))
"""


def test_tasks_find_their_libraries_and_read_our_code_anew():
    answer = subprocess.run(
        [sys.executable, "-P", "-c", LOOK, str(WARM_SCHEDULER)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = answer.stdout.splitlines()
    # A module of ours in the scheduler's memory would hide its changes until a restart.
    assert "ours []" in found
    # A fork takes no other thread along, but the locks that one holds.
    assert "threads 1" in found
    assert "warm True" in found
