"""`python -m include.services up|down|clean|status|dsn|ui|connections|env`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

import psycopg

from include.assets import pools
from include.daily import schedule_facts
from include.errors import GroundswellError
from include.services import lifecycle
from include.services.credentials import NAMES, make_secret, read_secrets, variable_of
from include.services.environment import (
    ADMIN_USER,
    VIEWER_USER,
    airflow_url,
    read_sandbox_connections,
)
from include.settings import Settings, read_settings
from include.sources import discover_sources
from include.warehouse.server import role_dsn

Command = Callable[[Settings], None]


def start_everything(settings: Settings) -> None:
    """Start Postgres, the sandbox if there is one, and Airflow; wait until they are healthy."""
    secrets = read_secrets(settings.data_dir)
    lifecycle.start_postgres(settings, secrets, _say)
    if lifecycle.has_sandbox(settings):
        lifecycle.start_sandbox(settings, secrets, _say)
    lifecycle.start_airflow(settings, secrets, _say)


def stop_everything(settings: Settings) -> None:
    """Stop every process of this installation."""
    stopped = lifecycle.stop_all(settings)
    _say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


def remove_everything(settings: Settings) -> None:
    """Stop every process and delete the data directory."""
    removed = lifecycle.remove_data(settings)
    _say(f"{'deleted' if removed else 'there is no'} {settings.data_dir}")


def show_status(settings: Settings) -> None:
    """Print one line per service."""
    for state in lifecycle.list_services(settings):
        place = f"port {state.port}" if state.port else ""
        what = f"running (pid {state.pid})" if state.is_running else "stopped"
        print(f"{state.service:<24}{what:<24}{place:<12}{state.log_file}")


def show_dsn(settings: Settings) -> None:
    """Print the read-only address of the marts, for BI tools."""
    print(role_dsn(settings, read_secrets(settings.data_dir), "bi_reader"))


def open_ui(settings: Settings) -> None:
    """Start everything on the data that is there and print Airflow's address and login."""
    start_everything(settings)
    print(f"Airflow   {airflow_url(settings)}")
    secrets = read_secrets(settings.data_dir)
    print(f"login     {ADMIN_USER}")
    print(f"password  {secrets.admin_password}")
    print(f"to look only: login {VIEWER_USER}, password {secrets.viewer_password}")


def show_connections(settings: Settings) -> None:
    """Print the sandbox's connections as `airflow connections import` reads them."""
    print(json.dumps(read_sandbox_connections(settings)))


def show_pools(settings: Settings) -> None:
    """Print one pool per API as `airflow pools import` reads them."""
    print(json.dumps(pools(discover_sources(), schedule_facts().sources)))


def show_env(settings: Settings) -> None:
    """Print fresh secrets as the .env file of docker-compose.yml; nothing is kept here."""
    for name in NAMES:
        print(f"{variable_of(name)}={make_secret(name)}")


COMMANDS: dict[str, Command] = {
    "up": start_everything,
    "down": stop_everything,
    "clean": remove_everything,
    "status": show_status,
    "dsn": show_dsn,
    "ui": open_ui,
    "connections": show_connections,
    "pools": show_pools,
    "env": show_env,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m include.services", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args(arguments).command
    try:
        COMMANDS[command](read_settings())
    except (GroundswellError, psycopg.Error) as error:
        print(f"{command} failed: {error}", file=sys.stderr)
        return 1
    return 0


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
