"""A demo on the campaign's last days, run to its end, with its services still up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from include.services.credentials import NAMES, Secrets, read_secrets
from include.settings import REPO_ROOT
from include.warehouse.connection import build_dsn

# Three minutes on two idle cores; a machine that others use as well takes several times that.
TIMEOUT_SECONDS = 1500


@dataclass(frozen=True)
class FinishedDemo:
    """A demo that ran to its end; its services are still up."""

    data_dir: Path
    variables: dict[str, str]
    output: str
    secrets: Secrets

    @property
    def airflow_url(self) -> str:
        return f"http://127.0.0.1:{self.variables['GROUNDSWELL_AIRFLOW_PORT']}"

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=REPO_ROOT,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def query(self, role: str, statement: str) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.dsn(role)) as connection:
            return connection.execute(statement.encode()).fetchall()

    def dsn(self, role: str) -> str:
        return build_dsn(
            host="127.0.0.1",
            port=int(self.variables["GROUNDSWELL_POSTGRES_PORT"]),
            user=role,
            password=self.secrets.role_password(role),
            database="warehouse",
        )


@contextmanager
def finished_demo(
    data_dir: Path, free_ports: Callable[[int], list[int]], days: int
) -> Iterator[FinishedDemo]:
    """Run the demo on the last days of the sample; stop everything afterwards."""
    ports = dict(zip(("POSTGRES", "AIRFLOW", "SANDBOX"), free_ports(3), strict=True))
    variables = os.environ | {"GROUNDSWELL_DATA_DIR": str(data_dir)}
    variables |= {f"GROUNDSWELL_{name}_PORT": str(port) for name, port in ports.items()}
    runner = FinishedDemo(data_dir, variables, "", Secrets(*[""] * len(NAMES)))
    try:
        done = runner.run("include.demo", "--days", str(days))
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        yield FinishedDemo(data_dir, variables, done.stdout, read_secrets(data_dir))
    finally:
        stopped = runner.run("include.services", "down")
    assert stopped.returncode == 0, stopped.stderr
    assert processes_of(data_dir) == []


def processes_of(data_dir: Path) -> list[str]:
    """Return the command lines of living processes that were started for this data directory."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:  # ended meanwhile, or not ours
            continue
        if int(folder.name) != os.getpid() and str(data_dir).encode() in environment + command:
            found.append(command.replace(b"\0", b" ").decode())
    return found
