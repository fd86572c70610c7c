"""The pages and the approval under the auth manager of docker-compose.yml, Airflow's FAB.

A real api-server with FAB's own login form, its roles and its tokens; the metadata is SQLite.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from cryptography.fernet import Fernet

from include.services.environment import clean_environment
from include.services.health import wait_until_healthy
from include.settings import REPO_ROOT
from tests.integration.pages_client import JWT_SECRET, endpoints, reader_connection

pytestmark = pytest.mark.long
PASSWORD = "of-the-test"
# FAB's own roles, and one that an administrator made for marketers: the campaign page alone.
ROLES = ("Viewer", "User", "Public", "Marketer")
MARKETER = ("Website", "DAGs")
PAGES = [e for e in endpoints() if e.prefix == "/groundswell"]
ANSWER = (
    "/api/v2/dags/review_campaigns/dagRuns/r/taskInstances/approve_budget/0/hitlDetails",
    {"chosen_options": ["Approve"], "params_input": {}},
)


def compose_auth_manager() -> str:
    compose = yaml.safe_load((REPO_ROOT / "docker-compose.yml").read_text())
    return str(compose["x-airflow"]["environment"]["AIRFLOW__CORE__AUTH_MANAGER"])


@pytest.fixture(scope="module")
def server(
    warehouse, tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[str]:
    """The address of an api-server with FAB, one user per role, on an empty warehouse."""
    warehouse.reset()
    home, (port,) = tmp_path_factory.mktemp("fab"), free_ports(1)
    url = f"http://127.0.0.1:{port}"
    variables = clean_environment() | {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__AUTH_MANAGER": compose_auth_manager(),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode(),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(REPO_ROOT / "plugins"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__SECRET_KEY": JWT_SECRET[:32],
        "AIRFLOW__API_AUTH__JWT_SECRET": JWT_SECRET,
        "AIRFLOW_CONN_WAREHOUSE_UI_READER": reader_connection(warehouse),
        "GROUNDSWELL_DATA_DIR": str(home),
    }
    (home / "dags").mkdir()
    run(variables, "db", "migrate")
    add_roles_and_users(variables, home)
    command = [*airflow(), "api-server", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--workers", "1"],
            env=variables,
            cwd=REPO_ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_for(url, process, home / "log")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)
    warehouse.reset()


def airflow() -> list[str]:
    return [str(Path(sys.executable).with_name("airflow"))]


def run(variables: dict[str, str], *command: str) -> None:
    done = subprocess.run(
        [*airflow(), *command], env=variables, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


def add_roles_and_users(variables: dict[str, str], home: Path) -> None:
    roles = [{"name": "Marketer", "resource": name, "action": "can_read"} for name in MARKETER]
    (home / "roles.json").write_text(json.dumps(roles))
    run(variables, "roles", "import", str(home / "roles.json"))
    for role in ROLES:
        names = ("--username", role.lower(), "--firstname", role, "--lastname", "Test")
        mail = ("--email", f"{role.lower()}@glow.test")
        run(variables, "users", "create", *names, *mail, "--role", role, "--password", PASSWORD)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    def missing() -> str | None:
        assert process.poll() is None, log.read_text()
        try:
            answer = requests.get(f"{url}/api/v2/monitor/health", timeout=5)
        except requests.ConnectionError:
            return "its port"
        return None if answer.ok else "its health"

    wait_until_healthy("api-server with FAB", missing, [], seconds=300, say=print)


def log_in(url: str, role: str) -> requests.Session:
    """Fill FAB's form as a browser does; the session holds its cookies."""
    session = requests.Session()
    form = session.get(f"{url}/auth/login/", timeout=60)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.text)
    assert token is not None
    fields = {"csrf_token": token[1], "username": role.lower(), "password": PASSWORD}
    session.post(f"{url}/auth/login/", data=fields, timeout=60)
    assert "_token" in session.cookies, f"{role} was not let in"
    return session


def statuses(server: str, asker: Any) -> dict[str, int]:
    return {
        page.name: asker.get(
            server + page.address(), headers={"Accept": "text/html"}, timeout=60
        ).status_code
        for page in PAGES
    }


def test_an_anonymous_visitor_gets_401_from_every_page(server: str) -> None:
    assert set(statuses(server, requests).values()) == {401}
    path, answer = ANSWER
    assert requests.patch(server + path, json=answer, timeout=60).status_code == 401


def test_a_login_without_permissions_gets_403_from_every_page(server: str) -> None:
    assert set(statuses(server, log_in(server, "Public")).values()) == {403}


def test_a_viewer_reads_every_page_and_approves_nothing(server: str) -> None:
    session = log_in(server, "Viewer")
    # 404: what an address of the test names is not in the empty warehouse.
    assert set(statuses(server, session).values()) <= {200, 404}
    assert session.get(f"{server}/groundswell/campaign", timeout=60).status_code == 200
    path, answer = ANSWER
    assert session.patch(server + path, json=answer, timeout=60).status_code == 403
    # Somebody who may: only the run that the test names is missing.
    assert log_in(server, "User").patch(server + path, json=answer, timeout=60).status_code == 404


def test_a_role_for_marketers_opens_the_campaign_and_no_runs(server: str) -> None:
    found = statuses(server, log_in(server, "Marketer"))
    assert found["/groundswell/campaign"] == 200
    assert found["/groundswell/static/{name}"] == 200
    assert found["/groundswell/quality"] == 403, "asks for assets"
    assert found["/groundswell/quality/loads"] == 403, "asks for runs"


def test_fabs_tokens_open_pages_for_scripts(server: str) -> None:
    login = {"username": "viewer", "password": PASSWORD}
    answer = requests.post(f"{server}/auth/token", json=login, timeout=60)
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    csv = requests.get(f"{server}/groundswell/campaign/creators.csv", headers=headers, timeout=60)
    assert (csv.status_code, csv.json()["detail"]) == (404, "nothing has been published yet")
