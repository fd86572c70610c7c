"""What benchmarks stand on: a cluster and a server of their own, and how a process is measured."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

BENCH = Path(__file__).resolve().parent
REPO = BENCH.parent
sys.path.insert(0, str(REPO))
# As the services run: a second thread of BLAS waits for the first and burns a core.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from include.services.credentials import read_secrets  # noqa: E402  (the path comes first)
from include.warehouse import ddl  # noqa: E402  (the path comes first)
from include.warehouse.connection import build_dsn  # noqa: E402  (the path comes first)
from include.warehouse.embedded import Cluster  # noqa: E402  (the path comes first)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one contender took; `served` is CPU of API server and Postgres meanwhile."""

    cpu: float
    wall: float
    peak_mb: float
    served: float


@dataclass(frozen=True, slots=True)
class Ground:
    """Where contenders run: the API's port, and the loader's and the admin's address."""

    api: subprocess.Popen[str]
    port: int
    loader_dsn: str
    admin_dsn: str
    postgres_pid: int
    folder: Path


def run(ground: Ground, command: Sequence[str]) -> Cost:
    """Run one contender and take its time; RuntimeError with its last words when it fails."""
    before = served_cpu(ground)
    started = time.monotonic()
    output = ground.folder / "output.txt"
    with output.open("w") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=subprocess.STDOUT, env={**os.environ, "TZ": "UTC"}
        )
        _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - started
    if status != 0:
        words = output.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise RuntimeError(f"{' '.join(command[1:3])} failed ({status}):\n{words}")
    # A backend's time counts once the server has noticed its end.
    time.sleep(0.3)
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=wall,
        peak_mb=usage.ru_maxrss / 1024,
        served=served_cpu(ground) - before,
    )


def served_cpu(ground: Ground) -> float:
    """Return the CPU seconds so far of the API server, of Postgres and of its ended backends."""
    return cpu_of(ground.api.pid) + cpu_of(ground.postgres_pid)


def cpu_of(pid: int) -> float:
    """Return the CPU seconds so far of a process and of its children that have ended."""
    # After the name in brackets: fields 14 to 17, own and children's user and system time.
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")


@contextmanager
def prepare(folder: Path, *server: str, is_durable: bool = False) -> Iterator[Ground]:
    """Start a cluster and an API server of this run alone; stop both at the end.

    server: a script of this folder, which prints its port, and its arguments after the port.
    is_durable: wait for the disk, as an installation does.
    """
    secrets = read_secrets(folder)
    cluster = Cluster(folder, free_port(), secrets.postgres_password, is_durable=is_durable)
    cluster.start()
    api = subprocess.Popen(
        [sys.executable, str(BENCH / server[0]), "0", *server[1:]],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ddl.migrate(cluster.admin_dsn(), secrets)
        assert api.stdout is not None
        admin_dsn = cluster.admin_dsn(ddl.WAREHOUSE)
        loader = build_dsn(
            host="127.0.0.1",
            port=cluster.port,
            user="loader",
            password=secrets.role_password("loader"),
            database=ddl.WAREHOUSE,
        )
        port = int(api.stdout.readline())
        yield Ground(api, port, loader, admin_dsn, postmaster(cluster), folder)
    finally:
        api.terminate()
        api.wait()
        cluster.stop()


def postmaster(cluster: Cluster) -> int:
    """Return the process id of the server's parent process, as this machine numbers it."""
    return int((cluster.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
