"""Delete old runs, logs and the like from Airflow's own database by `airflow db clean`.

Tasks of Airflow 3 have no access to its database, so a process beside the scheduler runs the
command for them (`airflow_cleaner.py`), or they are given a connection of their own
(`airflow_metadata`). Only tables are cleaned whose old rows nothing needs:

- `dag_run` keeps the newest scheduled run of each DAG, which the scheduler counts on from;
- `task_instance` with its history, XComs and reschedules, `log`, `job`, `import_error`;
- `asset_event`: a day is measured hours after its events, and the warehouse remembers arrivals;
- `partitioned_asset_key_log` (orphans only), `task_state_store`, `revoked_token` and, with FAB,
  `session` (expired ones only).

Left alone are `dag` and `dag_version` (a paused DAG would lose its history, and with it the code
its runs are shown with), `trigger`, `callback`, `deadline` (small, and may still fire).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import subprocess
import sys

from include.errors import Unavailable
from include.sources._base import Connection
from include.warehouse.connection import dsn_of

CONNECTION = "airflow_metadata"
SAFE_TABLES = (
    "asset_event",
    "dag_run",
    "import_error",
    "job",
    "log",
    "partitioned_asset_key_log",
    "revoked_token",
    "task_instance",
    "task_instance_history",
    "task_reschedule",
    "task_state_store",
    "xcom",
)
# Deleting three months at once, the first time, takes minutes.
TIMEOUT_SECONDS = 3_600
_log = logging.getLogger(__name__)


def clean_airflow(url: str | None, before: dt.datetime, *, is_dry_run: bool = False) -> None:
    """Run `airflow db clean` on the database at a SQLAlchemy address, None for the configured one.

    Deleted rows are not archived: archives would keep what is to go. Raise `Unavailable` with the
    end of its output when it fails.
    """
    done = subprocess.run(
        clean_command(before, is_dry_run=is_dry_run),
        env=_environment(url),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    tail = "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:])
    if done.returncode != 0:
        raise Unavailable(f"airflow db clean ended with {done.returncode}: {tail}")
    _log.info("airflow db clean: %s", tail)


def clean_command(before: dt.datetime, *, is_dry_run: bool) -> list[str]:
    """Return the command line."""
    tables = list(SAFE_TABLES)
    if "FabAuthManager" in os.environ.get("AIRFLOW__CORE__AUTH_MANAGER", ""):
        tables.append("session")
    command = [sys.executable, "-m", "airflow", "db", "clean", "--yes", "--skip-archive"]
    command += ["--error-on-cleanup-failure", "--tables", ",".join(tables)]
    command += ["--clean-before-timestamp", before.astimezone(dt.UTC).isoformat()]
    return [*command, "--dry-run"] if is_dry_run else command


def sqlalchemy_url(connection: Connection) -> str:
    """Return the SQLAlchemy address of a connection of type postgres."""
    return dsn_of(connection).replace("postgresql://", "postgresql+psycopg2://", 1)


def _environment(url: str | None) -> dict[str, str]:
    """This process's environment with the real database in place of the one tasks are shown."""
    if url is None:
        return dict(os.environ)
    kept = {
        name: value
        for name, value in os.environ.items()
        if name != "AIRFLOW__CORE__SQL_ALCHEMY_CONN"
    }
    return kept | {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url}
