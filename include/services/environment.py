"""The environment of Airflow and of everything that runs its tasks' functions outside Airflow.

Secrets reach processes this way only: Airflow's metadata holds none of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path

from include.connections import PREFIX, fields_to_json
from include.errors import InvalidSettings
from include.services.credentials import Secrets
from include.settings import REPO_ROOT, Settings
from include.warehouse.connection import parse_dsn
from include.warehouse.server import role_dsn

ADMIN_USER = "admin"
# Sees everything, changes and approves nothing.
VIEWER_USER = "viewer"
SANDBOX_FILE = "sandbox.json"
LOGINS_FILE = "logins.json"
# Connections of the warehouse that tasks may use, and their roles.
WAREHOUSE_CONNECTIONS = {
    "warehouse_loader": "loader",
    "warehouse_transformer": "transformer",
    "warehouse_ui_reader": "ui_reader",
}
# What a shell may hold and a service must not see: the admin's address of the warehouse, and a
# switch that makes every start slow because nothing is compiled once and for all.
_KEPT_OUT = ("WAREHOUSE_DSN", "PYTHONDONTWRITEBYTECODE", "PYTHONPATH", "PYTHONWARNINGS")
_KEPT_OUT_PREFIXES = ("AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


def environment(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Return every variable the pipeline needs: settings, Airflow's configuration, connections.

    Raise `InvalidSettings` when the sandbox's connection file is damaged.
    """
    return (
        _own_settings(settings)
        | _quiet_libraries()
        | _airflow_settings(settings, secrets)
        | _airflow_files(settings)
        | own_connections(settings, secrets)
    )


def process_environment(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Return the whole environment of a service: this process's, cleaned, with ours on top."""
    return clean_environment() | environment(settings, secrets)


def clean_environment() -> dict[str, str]:
    """Return this process's environment without what could point a service elsewhere."""
    return {
        name: value
        for name, value in os.environ.items()
        if name not in _KEPT_OUT and not name.startswith(_KEPT_OUT_PREFIXES)
    }


def airflow_home(settings: Settings) -> Path:
    """Return the folder Airflow calls its home."""
    return settings.data_dir / "airflow"


def logins(secrets: Secrets) -> str:
    """Return the file of Airflow's logins: each name's password."""
    passwords = {ADMIN_USER: secrets.admin_password, VIEWER_USER: secrets.viewer_password}
    return json.dumps(passwords) + "\n"


def airflow_url(settings: Settings) -> str:
    """Return the address of Airflow's pages and API."""
    return f"http://127.0.0.1:{settings.airflow_port}"


def _own_settings(settings: Settings) -> dict[str, str]:
    """Return our own settings, resolved: a service runs in another folder than the shell."""
    return {
        "GROUNDSWELL_DATA_DIR": str(settings.data_dir),
        "GROUNDSWELL_LANDING_URL": settings.landing_url,
        "GROUNDSWELL_CAMPAIGNS_DIR": str(_campaigns_dir(settings)),
        "GROUNDSWELL_POSTGRES_PORT": str(settings.postgres_port),
        "GROUNDSWELL_AIRFLOW_PORT": str(settings.airflow_port),
        "GROUNDSWELL_SANDBOX_PORT": str(settings.sandbox_port),
    }


def _campaigns_dir(settings: Settings) -> Path:
    """Return the folder of campaign files: the sandbox's copy, unless another one was asked for.

    The sandbox moves the sample campaign's dates so that it ends on the day before the demo.
    """
    moved, configured = settings.data_dir / "campaigns", settings.campaigns_dir.resolve()
    is_default = configured == REPO_ROOT / "include" / "campaigns"
    return moved if is_default and moved.is_dir() else configured


def _quiet_libraries() -> dict[str, str]:
    """Return what keeps libraries from calling home and from starting a thread per core."""
    return {
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "SCARF_ANALYTICS": "False",
        # Eight tasks at a time each bring their own numpy.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        # Logs are read while things run.
        "PYTHONUNBUFFERED": "1",
    }


def _airflow_settings(settings: Settings, secrets: Secrets) -> dict[str, str]:
    metadata = role_dsn(settings, secrets, "airflow", database="airflow")
    home, url = airflow_home(settings), airflow_url(settings)
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": "8",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": secrets.fernet_key,
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{ADMIN_USER}:admin,{VIEWER_USER}:viewer",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / LOGINS_FILE),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": metadata.replace(
            "postgresql://", "postgresql+psycopg2://", 1
        ),
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(settings.airflow_port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": secrets.api_secret_key,
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.jwt_secret,
    }


def _airflow_files(settings: Settings) -> dict[str, str]:
    """Return where Airflow finds our code, how often it looks, and where it writes logs."""
    logs = settings.data_dir / "logs"
    return {
        "AIRFLOW__CORE__DAGS_FOLDER": str(REPO_ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO_ROOT / "plugins"),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": _bundle_list(),
        # Defaults are 300 s to see a new file, 30 s to parse one again that has not changed, and
        # 1 s for an idle scheduler.
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "20",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.2",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(logs / "tasks"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(logs / "dag_files"),
    }


def _bundle_list() -> str:
    """Return the one bundle: the repository, so that DAG files import `include` without a path."""
    return json.dumps(
        [
            {
                "name": "groundswell",
                "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
                "kwargs": {"path": str(REPO_ROOT)},
            }
        ]
    )


def own_connections(settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Return the connections of the warehouse, of `privacy` and of the sandbox, by variable."""
    found = {
        conn_id: _warehouse_connection(role_dsn(settings, secrets, role))
        for conn_id, role in WAREHOUSE_CONNECTIONS.items()
    }
    # The password is the key under which personal values are hashed before they are landed.
    found["privacy"] = fields_to_json({"conn_type": "generic", "password": secrets.hash_key})
    for conn_id, fields in read_sandbox_connections(settings).items():
        found[conn_id] = fields_to_json(fields)
    return {PREFIX + conn_id.upper(): text for conn_id, text in found.items()}


def _warehouse_connection(dsn: str) -> str:
    parts = parse_dsn(dsn)
    return fields_to_json(
        {
            "conn_type": "postgres",
            "login": parts.pop("user"),
            "password": parts.pop("password"),
            "host": parts.pop("host"),
            "port": int(parts.pop("port")),
            "schema": parts.pop("dbname"),
            "extra": parts,
        }
    )


def read_sandbox_connections(settings: Settings) -> Mapping[str, Mapping[str, object]]:
    """Return the sources' connections the sandbox wrote down, none when it never ran.

    Raise `InvalidSettings` when the file is damaged.
    """
    return _parse_connections(settings.data_dir / SANDBOX_FILE)


def _parse_connections(path: Path) -> Mapping[str, Mapping[str, object]]:
    if not path.exists():
        return {}
    try:
        connections = json.loads(path.read_text(encoding="utf-8"))["connections"]
        return {str(conn_id): dict(fields) for conn_id, fields in connections.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidSettings(
            f"{path} is not what the sandbox writes; delete it and run: make demo"
        ) from None
