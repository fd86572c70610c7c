"""The production shape: a valid compose file, no default secrets, nobody runs as root."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest
import yaml

from include.services.credentials import NAMES, variable_of
from include.settings import REPO_ROOT

COMPOSE = REPO_ROOT / "docker-compose.yml"
TEXT = COMPOSE.read_text(encoding="utf-8")
SERVICES = yaml.safe_load(TEXT)["services"]
DOCKERFILE = (REPO_ROOT / "Dockerfile").read_text(encoding="utf-8")
SECRET = re.compile(r"PASSWORD|SECRET|KEY|TOKEN|DSN|SQL_ALCHEMY_CONN|AIRFLOW_CONN")
REQUIRED_VARIABLE = re.compile(r"\$\{(\w+):\?[^}]+\}")


def test_compose_file_fits_the_specification():
    answer = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", str(COMPOSE)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout


def test_the_services():
    assert set(SERVICES) == {
        "postgres",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "cleaner",
        "sandbox",
        "sandbox-setup",
        "superset",
    }
    assert {name for name, s in SERVICES.items() if s.get("profiles") == ["sandbox"]} == {
        "sandbox",
        "sandbox-setup",
    }
    assert SERVICES["superset"]["profiles"] == ["superset"]


def environments() -> list[tuple[str, str, str]]:
    return [
        (name, variable, value)
        for name, service in SERVICES.items()
        for variable, value in service.get("environment", {}).items()
    ]


@pytest.mark.parametrize(("service", "variable", "value"), environments())
def test_no_secret_has_a_default(service, variable, value):
    if not SECRET.search(variable):
        return
    required = REQUIRED_VARIABLE.findall(value)
    assert required, f"{service}: {variable} is not taken from the environment"
    # What is left once the variables are cut out holds no password.
    rest = REQUIRED_VARIABLE.sub("", value)
    assert not re.search(r"://\w+:\w+@", rest)
    assert not re.search(r'"password": "[^"]', rest)


def test_defaults_exist_for_harmless_variables_only():
    defaulted = set(re.findall(r"\$\{(\w+):?-", TEXT))
    assert defaulted == {
        "GROUNDSWELL_AIRFLOW_PORT",
        "GROUNDSWELL_AIRFLOW_URL",
        "GROUNDSWELL_CAMPAIGNS_DIR",
        "GROUNDSWELL_POSTGRES_PORT",
        "GROUNDSWELL_SUPERSET_PORT",
    }


def test_every_required_variable_is_one_the_env_command_prints():
    """And the other way round: no secret is made that nobody uses."""
    assert set(REQUIRED_VARIABLE.findall(TEXT)) == {variable_of(name) for name in NAMES}


def test_connections_are_json_once_filled_in():
    for _, variable, value in environments():
        if variable.startswith("AIRFLOW_CONN_"):
            assert json.loads(REQUIRED_VARIABLE.sub("x", value))["password"] == "x"


@pytest.mark.parametrize("name", SERVICES)
def test_containers_run_unprivileged(name):
    service = SERVICES[name]
    assert not service.get("privileged")
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    if service["image"] == "groundswell":
        assert service.get("user") is None, "the image's own user"
    else:
        assert service["user"] not in {None, "root", "0"}


def test_the_images_user_is_not_root():
    users = re.findall(r"^USER (\S+)$", DOCKERFILE, re.MULTILINE)
    assert users == ["groundswell"]
    assert DOCKERFILE.index("USER groundswell") < DOCKERFILE.index("CMD")
    assert not SECRET.search(DOCKERFILE)


def test_supersets_image_runs_unprivileged_from_its_lock():
    file = REPO_ROOT / SERVICES["superset"]["build"]["dockerfile"]
    text = file.read_text(encoding="utf-8")
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["superset"]
    assert "--require-hashes" in text
    assert not SECRET.search(text)
    copied = re.findall(r"^COPY (\S+) \S+$", text, re.MULTILINE)
    assert all((REPO_ROOT / name).exists() for name in copied)


def test_superset_knows_the_analysts_role_alone():
    known = set(REQUIRED_VARIABLE.findall(str(SERVICES["superset"]["environment"])))
    assert known == {"GROUNDSWELL_ADMIN_PASSWORD", "GROUNDSWELL_BI_READER_PASSWORD"}


@pytest.mark.parametrize(
    "name", [name for name, s in SERVICES.items() if s.get("restart") == "unless-stopped"]
)
def test_what_runs_on_is_watched(name):
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_ports_open_on_this_machine_only():
    published = [port for s in SERVICES.values() for port in s.get("ports", [])]
    assert len(published) == 3
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_only_migration_knows_the_admin_of_the_warehouse():
    knowing = {
        service for service, _, value in environments() if "GROUNDSWELL_POSTGRES_PASSWORD" in value
    }
    assert knowing == {"postgres", "migrate"}


def test_the_image_holds_what_it_needs_and_no_data():
    allowed = {
        line.removeprefix("!")
        for line in (REPO_ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = set(re.findall(r"^COPY (?:\S+ )*?([.\w]+) \S+$", DOCKERFILE, re.MULTILINE))
    assert copied <= allowed
    assert all((REPO_ROOT / name).exists() for name in allowed)
