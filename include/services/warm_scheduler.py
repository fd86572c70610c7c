"""Airflow's scheduler, with the libraries of its tasks already imported.

    python -P include/services/warm_scheduler.py [arguments of `airflow scheduler`]

The LocalExecutor forks a process for each task, and each imported the same libraries again: Cosmos
to read its DAG file, Great Expectations for a check, dbt for its models, 0.3 to 2.2 s of CPU per
task. What the scheduler has imported when it starts its executor, they find in their memory.

Third-party libraries only: code of this repository is read by each task anew, so a change needs no
restart. That is also why this is a script and not a module (`-P`: nor is its folder on the path): a
package `include` in the scheduler's memory would be every task's. With an executor that does not
fork, this is `airflow scheduler` and a second of start.
"""

from __future__ import annotations

import gc
import importlib
import sys

LIBRARIES = (
    "airflow.providers.standard.decorators.python",
    "airflow.sdk.execution_time.task_runner",
    "cosmos",
    "cosmos.airflow.task_group",
    "cosmos.operators.watcher",
    "cosmos.plugin.airflow3",
    "cosmos.profiles",
    "dbt.adapters.postgres",
    "dbt.cli.main",
    "great_expectations",
    "msgspec",
    "numpy",
    "psycopg",
    "requests",
    "scipy.special",
    "scipy.stats",
    "sqlalchemy.dialects.postgresql",
    "yaml",
)


def import_libraries() -> None:
    """Import what tasks use; a missing one is an error here and not in the middle of a night."""
    for name in LIBRARIES:
        importlib.import_module(name)


if __name__ == "__main__":
    import_libraries()
    # Of the default 700 new objects dbt and Great Expectations make so many that looking for
    # garbage among them takes a quarter of their time; their processes end before it matters.
    gc.set_threshold(100_000, 20, 100)
    sys.argv = ["airflow", "scheduler", *sys.argv[1:]]
    importlib.import_module("airflow.__main__").main()
