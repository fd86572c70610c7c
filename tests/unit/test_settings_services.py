"""Settings, secrets, connections and the environment of the services."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from include import connections
from include.errors import InvalidSettings
from include.services import credentials
from include.services.credentials import read_secrets
from include.services.environment import clean_environment, environment, process_environment
from include.settings import REPO_ROOT, read_settings
from include.sources._base import Connection
from include.warehouse.connection import build_dsn, dsn_of, parse_dsn, replace_login
from include.warehouse.ddl import _check_version


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    return read_settings()


def test_settings_come_from_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GROUNDSWELL_AIRFLOW_PORT", "8099")
    settings = read_settings()
    assert settings.data_dir == tmp_path
    assert settings.landing_url == str(tmp_path / "landing")
    assert (settings.postgres_port, settings.airflow_port, settings.sandbox_port) == (
        15432,
        8099,
        18090,
    )


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "1.5"])
def test_a_wrong_port_names_its_variable(monkeypatch, port):
    monkeypatch.setenv("GROUNDSWELL_SANDBOX_PORT", port)
    with pytest.raises(InvalidSettings, match="GROUNDSWELL_SANDBOX_PORT") as refusal:
        read_settings()
    assert repr(port) in str(refusal.value)
    assert "1-65535" in str(refusal.value)


def test_secrets_are_random_private_and_stable(tmp_path):
    first = read_secrets(tmp_path / "a")
    assert read_secrets(tmp_path / "a") == first
    second = read_secrets(tmp_path / "b")
    names = credentials.NAMES
    values = [getattr(s, name) for s in (first, second) for name in names]
    assert len(set(values)) == 2 * len(names)
    assert stat.S_IMODE((tmp_path / "a" / "secrets.json").stat().st_mode) == 0o600
    assert len(base64.urlsafe_b64decode(first.fernet_key)) == 32
    assert len(first.jwt_secret) >= 64
    assert not any(value in repr(first) for value in values)


def test_a_secret_added_later_leaves_the_others_alone(tmp_path):
    first = read_secrets(tmp_path)
    path = tmp_path / "secrets.json"
    stored = json.loads(path.read_text())
    del stored["hash_key"]
    path.write_text(json.dumps(stored))
    second = read_secrets(tmp_path)
    assert second.hash_key != first.hash_key
    assert replace(second, hash_key=first.hash_key) == first


def test_the_environment_takes_the_place_of_a_stored_secret(tmp_path, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_HASH_KEY", "given")
    assert read_secrets(tmp_path).hash_key == "given"
    assert "hash_key" not in json.loads((tmp_path / "secrets.json").read_text())


def test_secrets_readable_by_others_are_refused(tmp_path):
    read_secrets(tmp_path)
    (tmp_path / "secrets.json").chmod(0o644)
    with pytest.raises(InvalidSettings, match="chmod 600"):
        read_secrets(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_damaged_secrets_are_refused(tmp_path, text):
    credentials.write_private(tmp_path / "secrets.json", text)
    with pytest.raises(InvalidSettings, match=r"secrets\.json") as refusal:
        read_secrets(tmp_path)
    # It would delete what cannot be fetched again.
    assert "clean" not in str(refusal.value)


def test_lost_secrets_of_a_warehouse_are_not_made_anew(tmp_path):
    """New ones would open nothing, and the next look would find a file that seems right."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("18")
    with pytest.raises(InvalidSettings, match=r"from a backup.*rotation postgres"):
        read_secrets(tmp_path)
    assert not (tmp_path / "secrets.json").exists()


def test_only_a_folder_without_strange_things_is_claimed(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.mkdir()
    (ours / "sandbox.json").touch()
    theirs.mkdir()
    (theirs / "photo.jpg").touch()
    read_secrets(ours)
    read_secrets(theirs)
    assert (ours / credentials.CLAIM).exists()
    assert not (theirs / credentials.CLAIM).exists()


def test_no_password_for_an_unknown_role(tmp_path):
    with pytest.raises(KeyError, match="nobody"):
        read_secrets(tmp_path).role_password("nobody")


SHOP = {
    "conn_type": "http",
    "host": "127.0.0.1",
    "schema": "http",
    "port": 18090,
    "login": "app",
    "password": "s3cret",
    "extra": {"api_version": "2026-10"},
}


def test_connections_are_read_in_airflows_json_form(monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_SHOPIFY__BRAND_B", json.dumps(SHOP))
    assert connections.has_connection("shopify__brand_b")
    found = connections.read_connection("shopify__brand_b")
    assert found == Connection(
        conn_id="shopify__brand_b",
        host="127.0.0.1",
        scheme="http",
        port=18090,
        login="app",
        password="s3cret",
        extra={"api_version": "2026-10"},
    )
    assert "s3cret" not in repr(found)
    assert (
        connections.parse_connection(
            "shopify__brand_b", connections.to_airflow_json(found, conn_type="http")
        )
        == found
    )


def test_extra_may_be_text_and_fields_may_be_absent():
    found = connections.parse_connection("ga4", '{"conn_type": "http", "extra": "{\\"a\\": 1}"}')
    assert found == Connection(conn_id="ga4", extra={"a": 1})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("http://user:s3cret@host", "is not JSON"),
        ('["s3cret"]', "must be a JSON object, not list"),
        ('{"pasword": "s3cret"}', "pasword"),
        ('{"port": "s3cret", "password": "x"}', "allowed: 1-65535"),
        ('{"extra": "{s3cret"}', "extra is not JSON"),
        ('{"extra": ["s3cret"]}', "extra must be an object"),
    ],
)
def test_a_wrong_connection_names_its_variable_and_no_secret(monkeypatch, text, part):
    monkeypatch.setenv("AIRFLOW_CONN_GA4", text)
    with pytest.raises(InvalidSettings) as refusal:
        connections.read_connection("ga4")
    assert "AIRFLOW_CONN_GA4" in str(refusal.value)
    assert part in str(refusal.value)
    assert refusal.value.__cause__ is None
    if "port" not in text:
        assert "s3cret" not in str(refusal.value)


def test_a_missing_connection_says_how_to_define_it():
    with pytest.raises(InvalidSettings, match="AIRFLOW_CONN_INSTAGRAM__BRAND_B"):
        connections.read_connection("instagram__brand_b")


def test_connections_of_airflow_tasks():
    task_connection = SimpleNamespace(
        conn_id="shopify",
        host=None,
        schema="",
        login=None,
        password="p",
        port=None,
        extra_dejson={"a": 1},
    )
    assert connections.from_airflow(task_connection) == Connection(
        conn_id="shopify", password="p", extra={"a": 1}
    )


def test_addresses_are_percent_encoded():
    dsn = build_dsn(host="::1", port=5433, user="u@x", password="p/w ?#", database="a b")
    assert dsn == "postgresql://u%40x:p%2Fw%20%3F%23@[::1]:5433/a%20b"
    assert parse_dsn(dsn) == {
        "user": "u@x",
        "password": "p/w ?#",
        "host": "::1",
        "port": "5433",
        "dbname": "a b",
    }


def test_dsn_of_a_warehouse_connection():
    connection = Connection(
        conn_id="warehouse_loader",
        host="db",
        scheme="warehouse",
        login="loader",
        password="pw",
        extra={"sslmode": "require"},
    )
    assert dsn_of(connection) == "postgresql://loader:pw@db:5432/warehouse?sslmode=require"
    with pytest.raises(InvalidSettings, match="warehouse_loader"):
        dsn_of(replace(connection, host=""))


def test_another_login_keeps_server_and_tls():
    dsn = replace_login(
        "host=db port=5433 user=admin password=s3cret dbname=postgres sslmode=require",
        user="loader",
        password="pw",
        database="warehouse",
    )
    assert dsn == "postgresql://loader:pw@db:5433/warehouse?sslmode=require"


def test_a_wrong_address_is_not_repeated_in_the_message():
    with pytest.raises(InvalidSettings) as refusal:
        parse_dsn("jdbc://admin:s3cret@host")
    assert "s3cret" not in str(refusal.value)


def test_servers_before_15_are_refused():
    info = SimpleNamespace(server_version=140_011, host="db", port=5432)
    with pytest.raises(InvalidSettings, match="Postgres 14; allowed: 15 or newer"):
        _check_version(SimpleNamespace(info=info))
    info.server_version = 150_000
    _check_version(SimpleNamespace(info=info))


def test_environment_configures_airflow(settings):
    secrets = read_secrets(settings.data_dir)
    found = environment(settings, secrets)
    assert found["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert found["AIRFLOW__CORE__PARALLELISM"] == "8"
    assert found["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"
    assert found["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "False"
    assert found["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin,viewer:viewer"
    assert found["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == "http://127.0.0.1:18080/execution/"
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == (
        f"postgresql+psycopg2://airflow:{secrets.airflow_password}@127.0.0.1:15432/airflow"
    )
    (bundle,) = json.loads(found["AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"])
    assert Path(bundle["kwargs"]["path"]) == REPO_ROOT
    assert all(isinstance(value, str) for value in found.values())


def test_environment_holds_the_connections(settings, monkeypatch):
    secrets = read_secrets(settings.data_dir)
    (settings.data_dir / "sandbox.json").write_text(
        json.dumps({"connections": {"shopify": SHOP, "ga4__brand_b": SHOP}})
    )
    for name, value in environment(settings, secrets).items():
        monkeypatch.setenv(name, value)
    assert connections.read_connection("ga4__brand_b").password == "s3cret"
    assert connections.read_connection("privacy").password == secrets.hash_key
    assert dsn_of(connections.read_connection("warehouse_ui_reader")) == (
        f"postgresql://ui_reader:{secrets.ui_reader_password}@127.0.0.1:15432/warehouse"
    )


def test_only_the_metadata_login_and_the_pipelines_roles_reach_airflow(settings):
    """Neither the superuser nor the analysts' role nor the sandbox's key is a task's business."""
    secrets = read_secrets(settings.data_dir)
    text = "\n".join(environment(settings, secrets).values())
    for name in ("postgres_password", "bi_reader_password", "sandbox_control_key"):
        assert getattr(secrets, name) not in text


def test_the_warehouses_server_may_be_another(settings, monkeypatch):
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://root:s3cret@db:5433/postgres?sslmode=require")
    found = process_environment(settings, read_secrets(settings.data_dir))
    assert "WAREHOUSE_DSN" not in found
    assert "s3cret" not in "\n".join(found.values())
    assert "@db:5433/airflow?sslmode=require" in found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    fields = json.loads(found["AIRFLOW_CONN_WAREHOUSE_LOADER"])
    assert fields["extra"] == {"sslmode": "require"}
    assert fields["host"] == "db"


def test_a_shells_leftovers_do_not_reach_the_services(monkeypatch):
    for name in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW_CONN_OTHER", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("PATH", "/bin")
    found = clean_environment()
    assert found["PATH"] == "/bin"
    assert not {n for n in found if n.startswith("AIRFLOW")} - {"AIRFLOW_HOME"}
    assert "PYTHONDONTWRITEBYTECODE" not in found


@pytest.mark.parametrize("text", ["{", "[]", '{"connections": []}', '{"connections": {"a": 1}}'])
def test_damaged_sandbox_connections_are_refused(settings, text):
    (settings.data_dir / "sandbox.json").write_text(text)
    with pytest.raises(InvalidSettings, match="make demo"):
        environment(settings, read_secrets(settings.data_dir))
