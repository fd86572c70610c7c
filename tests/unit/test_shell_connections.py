"""A command typed into a shell finds the connections of the installation it stands in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from include.errors import InvalidSettings
from include.services.credentials import read_secrets
from include.services.shell import read_shell_connection


def test_the_installations_own_connection_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GROUNDSWELL_POSTGRES_PORT", "15999")
    secrets = read_secrets(tmp_path)
    found = read_shell_connection("warehouse_transformer")
    assert (found.host, found.port, found.login) == ("127.0.0.1", 15999, "transformer")
    assert found.password == secrets.transformer_password
    assert read_shell_connection("privacy").password == secrets.hash_key


def test_the_shells_own_connection_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    read_secrets(tmp_path)
    fields = {"conn_type": "postgres", "host": "db.example.com", "login": "loader"}
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_LOADER", json.dumps(fields))
    assert read_shell_connection("warehouse_loader").host == "db.example.com"


def test_where_nothing_is_installed_the_variable_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "none"))
    with pytest.raises(InvalidSettings, match="set AIRFLOW_CONN_WAREHOUSE_LOADER"):
        read_shell_connection("warehouse_loader")
    assert not (tmp_path / "none").exists()
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    read_secrets(tmp_path)
    with pytest.raises(InvalidSettings, match="connection 'shopify' is not defined"):
        read_shell_connection("shopify")
