"""Start, look at and stop the services of one installation; every step may run again."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from include.airflow_api import AirflowApi
from include.assets import pools
from include.daily import schedule_facts
from include.dbt_tasks import is_manifest_current
from include.errors import InvalidSettings, Unavailable
from include.services import ports, processes
from include.services.credentials import CLAIM, Secrets, write_private
from include.services.environment import (
    ADMIN_USER,
    LOGINS_FILE,
    SANDBOX_FILE,
    airflow_home,
    airflow_url,
    clean_environment,
    environment,
    logins,
    process_environment,
    read_sandbox_connections,
)
from include.services.health import Say, fetch_json, wait_until_healthy
from include.services.processes import ProcessRecord, read_record, read_tail
from include.settings import REPO_ROOT, Settings
from include.sources import discover_sources
from include.warehouse import server
from include.warehouse.ddl import migrate
from include.warehouse.embedded import Cluster

API_SERVER = "airflow-api-server"
# Task logs are files on this machine; serving them would open one more port to every host.
NO_LOG_SERVER = "--skip-serve-logs"
AIRFLOW_COMMANDS = {
    "airflow-dag-processor": ["dag-processor"],
    "airflow-triggerer": ["triggerer", NO_LOG_SERVER],
    API_SERVER: ["api-server"],
}
SCHEDULER = "airflow-scheduler"
CLEANER = "airflow-cleaner"
AIRFLOW_SERVICES = (SCHEDULER, *AIRFLOW_COMMANDS, CLEANER)
WARM_SCHEDULER = Path(__file__).with_name("warm_scheduler.py")
SANDBOX = "sandbox"
POSTGRES = "postgres"
# In this order they are stopped: nobody loses a service it still works with.
SERVICES = (*AIRFLOW_SERVICES, SANDBOX, POSTGRES)
AIRFLOW_SECONDS = 180.0  # 10-26 s on two idle cores
SANDBOX_SECONDS = 120.0  # building the market of 61 days is part of it


@dataclass(frozen=True, slots=True)
class ServiceState:
    """What `status` shows of one service."""

    service: str
    is_running: bool
    pid: int | None
    port: int | None
    log_file: Path


def start_postgres(settings: Settings, secrets: Secrets, say: Say) -> None:
    """Start the embedded Postgres (unless WAREHOUSE_DSN names another) and migrate the warehouse.

    Raise what `Cluster.start` and `migrate` raise.
    """
    if server.is_embedded():
        say(f"Postgres: starting on port {settings.postgres_port}")
        server.embedded_cluster(settings, secrets).start()
    migrate(server.admin_dsn(settings, secrets), secrets)
    say("Postgres: ready")


def start_sandbox(settings: Settings, secrets: Secrets, say: Say) -> None:
    """Start the sandbox APIs and wait until they answer; the connections follow the port."""
    _move_sandbox(settings)
    variables = {
        "GROUNDSWELL_SANDBOX_CONTROL_KEY": secrets.sandbox_control_key,
        "PYTHONUNBUFFERED": "1",
    }
    command = [sys.executable, "-m", "include.sandbox", "serve", "--files"]
    command += ["--port", str(settings.sandbox_port), "--data-dir", str(settings.data_dir)]
    record = _start(
        settings,
        SANDBOX,
        command,
        variables=clean_environment() | variables,
        fingerprint=_fingerprint(command, variables),
        port=settings.sandbox_port,
    )
    url = f"http://{ports.HOST}:{settings.sandbox_port}/_control/health"
    wait_until_healthy(
        "Sandbox",
        lambda: None if fetch_json(url) is not None else "its APIs",
        [(record, log_of(settings, SANDBOX))],
        seconds=SANDBOX_SECONDS,
        say=say,
    )
    say(f"Sandbox: ready on port {settings.sandbox_port}")


def start_airflow(settings: Settings, secrets: Secrets, say: Say) -> None:
    """Start api-server, scheduler, dag-processor, triggerer, cleaner; wait until all are healthy.

    Processes that run with an older configuration are started anew. Raise `InvalidSettings` when
    the port is taken, `Unavailable` with the log's last lines when one does not come up.
    """
    fingerprint = _fingerprint([], environment(settings, secrets))
    _stop_outdated_airflow(settings, fingerprint)
    running = [r for r in _airflow_records(settings) if r.is_running]
    if len(running) < len(AIRFLOW_SERVICES):
        if running:
            # What ended one of them (a full disk, a database that broke off) may have left the
            # others alive and deaf.
            say("Airflow: a part of it has ended; starting all of it anew")
            stop_airflow(settings)
        _prepare_airflow(settings, secrets, say)
    started = [
        _start(
            settings,
            service,
            _airflow_command(service),
            variables=process_environment(settings, secrets),
            fingerprint=fingerprint,
            port=settings.airflow_port if service == API_SERVER else None,
        )
        for service in AIRFLOW_SERVICES
    ]
    wait_until_healthy(
        "Airflow",
        lambda: _missing_in_airflow(settings),
        [(record, log_of(settings, record.service)) for record in started],
        seconds=AIRFLOW_SECONDS,
        say=say,
    )
    api = AirflowApi.login(airflow_url(settings), ADMIN_USER, secrets.admin_password)
    api.add_pools(pools(discover_sources(), schedule_facts().sources))
    say(f"Airflow: ready at {airflow_url(settings)}")


def stop_airflow(settings: Settings) -> list[str]:
    """Stop Airflow's processes; return the names of those that ran."""
    return _stop_services(settings, AIRFLOW_SERVICES)


def stop_all(settings: Settings) -> list[str]:
    """Stop every process that was started for this installation; return the names of those."""
    if not settings.data_dir.exists():
        return []
    stopped = _stop_services(settings, (*AIRFLOW_SERVICES, SANDBOX))
    # Asked of the cluster itself: it knows its server also when our record is lost.
    if Cluster(settings.data_dir, settings.postgres_port, password="").stop():
        stopped.append(POSTGRES)
    return stopped


def remove_data(settings: Settings) -> bool:
    """Stop everything and delete the data directory; return whether there was one.

    Raise `InvalidSettings` for a folder that held other things before we used it.
    """
    if not settings.data_dir.exists():
        return False
    if not (settings.data_dir / CLAIM).exists():
        raise InvalidSettings(
            f"{settings.data_dir} was not made by this project (no {CLAIM} in it) and is not "
            "deleted; delete by hand what you no longer need"
        )
    stop_all(settings)
    shutil.rmtree(settings.data_dir)
    return True


def has_sandbox(settings: Settings) -> bool:
    """Say whether a sandbox market belongs to this installation."""
    return (settings.data_dir / SANDBOX_FILE).exists()


def list_services(settings: Settings) -> list[ServiceState]:
    """Return the state of every service, in the order in which they depend on each other."""
    states = []
    for service in reversed(SERVICES):
        record = read_record(run_dir(settings), service)
        is_running = record is not None and record.is_running
        states.append(
            ServiceState(
                service,
                is_running,
                record.pid if record and is_running else None,
                record.port if record and is_running else None,
                log_of(settings, service),
            )
        )
    return states


def run_dir(settings: Settings) -> Path:
    """Return the folder of the process records."""
    return settings.data_dir / "run"


def log_of(settings: Settings, service: str) -> Path:
    """Return the file a service's output goes to."""
    return settings.data_dir / "logs" / f"{service}.log"


def _move_sandbox(settings: Settings) -> None:
    """Have the stored connections lead to the port of now, if they were written for another."""
    connections = read_sandbox_connections(settings).values()
    if {fields["port"] for fields in connections if "port" in fields} <= {settings.sandbox_port}:
        return
    # In a process of its own: the code of every source's sandbox is no business of the services.
    command = [sys.executable, "-m", "include.sandbox", "move"]
    command += ["--port", str(settings.sandbox_port), "--data-dir", str(settings.data_dir)]
    result = subprocess.run(
        command,
        cwd=REPO_ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise Unavailable(f"the sandbox's connections were not moved: {result.stderr.strip()}")


def _start(
    settings: Settings,
    service: str,
    command: Sequence[str],
    *,
    variables: Mapping[str, str],
    fingerprint: str,
    port: int | None,
) -> ProcessRecord:
    """Start a service, or return the running one when it was started with the same settings."""
    record = read_record(run_dir(settings), service)
    if record is not None:
        if record.is_running and record.fingerprint == fingerprint:
            return record
        processes.stop(run_dir(settings), record)
    if port is not None:
        ports.check_port_free(service.partition("-")[0], port)
    return processes.spawn(
        service,
        command,
        run_dir=run_dir(settings),
        log_file=log_of(settings, service),
        environment=variables,
        working_dir=REPO_ROOT,
        port=port,
        fingerprint=fingerprint,
    )


def _prepare_airflow(settings: Settings, secrets: Secrets, say: Say) -> None:
    """Write the logins and dbt's manifest, migrate Airflow's metadata."""
    ports.check_port_free("airflow", settings.airflow_port)
    say("Airflow: preparing its database")
    home = airflow_home(settings)
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(home / LOGINS_FILE, logins(secrets))
    if not is_manifest_current():
        parse = [sys.executable, "-m", "include.dbt_tasks", "parse"]
        _run_to_the_end("dbt-parse", parse, settings, secrets)
    _run_to_the_end("airflow-migrate", [str(_airflow_script()), "db", "migrate"], settings, secrets)


def _run_to_the_end(
    name: str, command: Sequence[str], settings: Settings, secrets: Secrets
) -> None:
    """Run a command with the services' environment; its output goes to a log of that name."""
    log_file = log_of(settings, name)
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("ab") as log:
        result = subprocess.run(
            command,
            env=process_environment(settings, secrets),
            cwd=REPO_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if result.returncode != 0:
        raise Unavailable(f"{name} failed; {log_file} ends with:\n{read_tail(log_file)}")


def _stop_outdated_airflow(settings: Settings, fingerprint: str) -> None:
    """Stop all of them when one runs with other settings: they must agree on port and keys."""
    records = _airflow_records(settings)
    if any(r.is_running and r.fingerprint != fingerprint for r in records):
        stop_airflow(settings)


def _airflow_records(settings: Settings) -> list[ProcessRecord]:
    found = (read_record(run_dir(settings), service) for service in AIRFLOW_SERVICES)
    return [record for record in found if record is not None]


def _missing_in_airflow(settings: Settings) -> str | None:
    """Return which parts do not report healthy yet."""
    report = fetch_json(f"{airflow_url(settings)}/api/v2/monitor/health")
    if not isinstance(report, dict):
        return "api-server"
    parts = ("metadatabase", "scheduler", "dag_processor", "triggerer")
    sick = [part for part in parts if (report.get(part) or {}).get("status") != "healthy"]
    return ", ".join(sick) or None


def _stop_services(settings: Settings, services: Sequence[str]) -> list[str]:
    stopped = []
    for service in services:
        record = read_record(run_dir(settings), service)
        if record is not None and processes.stop(run_dir(settings), record):
            stopped.append(service)
    return stopped


def _airflow_command(service: str) -> list[str]:
    if service == CLEANER:
        return [sys.executable, "-m", "include.maintenance.airflow_cleaner"]
    if service == SCHEDULER:
        return [sys.executable, "-P", str(WARM_SCHEDULER), NO_LOG_SERVER]
    return [str(_airflow_script()), *AIRFLOW_COMMANDS[service]]


def _airflow_script() -> Path:
    """Return Airflow's own command; `python -m` would put the working folder on its path."""
    return Path(sysconfig.get_path("scripts")) / "airflow"


def _fingerprint(command: Sequence[str], variables: Mapping[str, str]) -> str:
    """Return a digest of what a service was started with; it reveals none of it."""
    text = json.dumps([list(command), sorted(variables.items())])
    return hashlib.sha256(text.encode()).hexdigest()
