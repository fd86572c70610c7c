"""The services as a whole: up, again, with another configuration, down."""

from __future__ import annotations

import datetime as dt
import json
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from include.errors import Unavailable
from include.maintenance.airflow_cleaner import order_cleaning
from include.services import lifecycle
from include.services.credentials import read_secrets
from include.services.environment import airflow_url
from include.settings import REPO_ROOT, Settings
from include.warehouse import embedded


@pytest.fixture
def settings(tmp_path, free_ports) -> Settings:
    postgres, airflow, sandbox = free_ports(3)
    return Settings(
        data_dir=tmp_path / "data",
        landing_url=str(tmp_path / "landing"),
        campaigns_dir=REPO_ROOT / "include" / "campaigns",
        postgres_port=postgres,
        airflow_port=airflow,
        sandbox_port=sandbox,
    )


@pytest.fixture
def installation(settings, monkeypatch):
    """Settings and secrets of an installation; all of its processes end with the test."""
    launch = embedded.Cluster
    monkeypatch.setattr(
        "include.warehouse.server.Cluster", lambda *given: launch(*given, is_durable=False)
    )
    yield settings, read_secrets(settings.data_dir)
    lifecycle.stop_all(settings)


def processes_naming(folder: Path) -> list[str]:
    """Return the processes with the folder in their environment or command line, ours excluded."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            what = (process / "environ").read_bytes() + (process / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in what:
            found.append((process / "cmdline").read_text().replace("\0", " "))
    return found


def call(url: str, body: dict | None = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def pids(settings: Settings) -> dict[str, int]:
    return {s.service: s.pid for s in lifecycle.list_services(settings) if s.pid is not None}


@pytest.mark.long  # Airflow comes up twice: half a minute
def test_up_again_changed_and_down(installation):
    settings, secrets = installation
    said: list[str] = []
    lifecycle.start_postgres(settings, secrets, said.append)
    lifecycle.start_airflow(settings, secrets, said.append)
    assert "Airflow: waiting for api-server" in said
    assert set(pids(settings)) == {"postgres", *lifecycle.AIRFLOW_SERVICES}

    # A task may not reach Airflow's database; what it asks for is done all the same.
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=90)
    assert order_cleaning(settings.data_dir / "maintenance", long_ago) is True

    url = airflow_url(settings)
    assert call(f"{url}/api/v2/dags")[0] == 401
    login = {"username": "admin", "password": secrets.admin_password}
    assert call(f"{url}/auth/token", login)[0] == 201
    assert call(f"{url}/auth/token", login | {"password": "guess"})[0] == 401

    first = pids(settings)
    lifecycle.start_postgres(settings, secrets, said.append)
    lifecycle.start_airflow(settings, secrets, said.append)
    assert pids(settings) == first

    rotated = replace(secrets, api_secret_key="another")
    lifecycle.start_airflow(settings, rotated, said.append)
    changed = pids(settings)
    assert changed.pop("postgres") == first.pop("postgres")
    assert not set(changed.values()) & set(first.values())

    assert processes_naming(settings.data_dir)
    assert lifecycle.stop_all(settings) == [*lifecycle.AIRFLOW_SERVICES, "postgres"]
    assert processes_naming(settings.data_dir) == []
    assert lifecycle.stop_all(settings) == []
    assert lifecycle.remove_data(settings) is True
    assert not settings.data_dir.exists()


def test_airflow_without_its_database_names_the_log(installation):
    settings, secrets = installation
    with pytest.raises(Unavailable) as failure:
        lifecycle.start_airflow(settings, secrets, lambda _: None)
    assert "airflow-migrate.log ends with" in str(failure.value)
    assert "Connection refused" in str(failure.value)
    assert pids(settings) == {}
