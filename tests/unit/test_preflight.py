"""Checks before anything is installed, and the lock's tie to pyproject.toml."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from include.services import lockfile, ports, preflight, privileges, processes
from include.settings import REPO_ROOT

STANDARD_ONLY = ("ports", "preflight", "privileges", "processes")


def test_python_version():
    assert preflight.check_python((3, 11)) is None
    assert preflight.check_python((3, 14)) is None
    message = preflight.check_python((3, 10))
    assert message is not None
    assert "Python 3.10" in message
    assert "make PYTHON=" in message


def test_venv_modules():
    assert preflight.check_venv(lambda name: True) is None
    message = preflight.check_venv(lambda name: name != "ensurepip")
    assert message is not None
    assert "ensurepip" in message
    assert "-venv" in message


def test_disk(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=3.94e9))
    assert preflight.check_disk(tmp_path / "not" / "there", 3.9) is None
    message = preflight.check_disk(tmp_path, 4.0)
    assert message is not None
    assert "3.9 GB free; needed: 4 GB" in message


@pytest.fixture
def quiet_machine(monkeypatch, tmp_path):
    """No port is taken, namespaces are allowed; the data directory is empty."""
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(ports, "is_port_free", lambda port: True)
    monkeypatch.setattr(privileges, "unprivileged_prefix", list)
    return tmp_path


def test_nothing_to_complain_about(quiet_machine):
    assert preflight.check_services() == []


def test_every_taken_port_is_named(quiet_machine, monkeypatch):
    monkeypatch.setattr(ports, "is_port_free", lambda port: port == 18080)
    monkeypatch.setattr(ports, "describe_holder", lambda port: "nginx (pid 7)")
    found = sorted(preflight.check_services())
    assert [text.split(",")[0] for text in found] == ["port 15432", "port 18090"]
    assert all("nginx (pid 7)" in text for text in found)
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://db/postgres")
    assert len(preflight.check_services()) == 1


def test_our_own_services_are_in_nobodys_way(quiet_machine, monkeypatch):
    monkeypatch.setattr(ports, "is_port_free", lambda port: port != 18080)
    own = processes.ProcessRecord("airflow-api-server", 1, "since boot", 18080)
    processes.write_record(quiet_machine / "run", own)
    monkeypatch.setattr(processes, "read_start_time", lambda pid: "since boot")
    assert preflight.check_services() == []
    monkeypatch.setattr(processes, "read_start_time", lambda pid: "another process")
    assert len(preflight.check_services()) == 1


def test_two_services_on_one_port(quiet_machine, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_AIRFLOW_PORT", "15432")
    (found,) = preflight.check_services()
    assert "port 15432 is wanted for airflow and postgres" in found
    assert "GROUNDSWELL_AIRFLOW_PORT, GROUNDSWELL_POSTGRES_PORT" in found


def test_a_wrong_setting_is_said(quiet_machine, monkeypatch):
    monkeypatch.setenv("GROUNDSWELL_AIRFLOW_PORT", "high")
    (found,) = preflight.check_services()
    assert "GROUNDSWELL_AIRFLOW_PORT='high'" in found


def test_main_prints_every_problem(monkeypatch, capsys):
    monkeypatch.setattr(preflight, "find_problems", lambda *, with_services: ["one", "two"])
    assert preflight.main([]) == 1
    assert capsys.readouterr().err == "cannot begin: one\ncannot begin: two\n"
    monkeypatch.setattr(preflight, "find_problems", lambda *, with_services: [])
    assert preflight.main(["--with-services"]) == 0


@pytest.mark.parametrize("name", STANDARD_ONLY)
def test_preflight_needs_no_package(name):
    tree = ast.parse((REPO_ROOT / "include" / "services" / f"{name}.py").read_text())
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    tops = {module.partition(".")[0] for module in imported}
    assert tops <= sys.stdlib_module_names | {"include"}
    ours = {module for module in imported if module.startswith("include")}
    assert ours <= {"include.errors", "include.settings", "include.services"}


def test_preflight_runs_on_a_bare_python():
    script = REPO_ROOT / "include" / "services" / "preflight.py"
    answer = subprocess.run(
        [sys.executable, "-I", "-S", str(script), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--with-services" in answer.stdout


def test_unshare_refused_says_what_to_do(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr(
        subprocess,
        "run",
        lambda *_, **__: SimpleNamespace(returncode=1, stderr="unshare failed: not permitted\n"),
    )
    with pytest.raises(Exception, match="ordinary user, or set WAREHOUSE_DSN"):
        privileges.unprivileged_prefix()


def test_an_ordinary_user_needs_no_namespace(monkeypatch):
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert privileges.unprivileged_prefix() == []


PROJECT = """
[project]
requires-python = ">=3.11"
dependencies = ["requests==2.34.2"] # why
[tool.ruff]
line-length = {length}
"""


@pytest.fixture
def locked(tmp_path) -> tuple[Path, Path]:
    project, lock = tmp_path / "pyproject.toml", tmp_path / "requirements.txt"
    project.write_text(PROJECT.format(length=100))
    lock.write_text("requests==2.34.2 \\\n    --hash=sha256:00\n")
    return project, lock


def test_the_lock_belongs_to_its_project_file(locked):
    project, lock = locked
    assert lockfile.find_problem(project, lock) == "requirements.txt was not made by `make lock`"
    lockfile.stamp(project, lock)
    lockfile.stamp(project, lock)
    assert lockfile.find_problem(project, lock) is None
    assert lock.read_text().count("\n") == 3
    project.write_text(PROJECT.format(length=80))
    assert lockfile.find_problem(project, lock) is None
    project.write_text(PROJECT.format(length=80).replace("2.34.2", "2.34.3"))
    assert "changed since the last `make lock`" in str(lockfile.find_problem(project, lock))


def test_this_repositorys_lock():
    project, lock = REPO_ROOT / "pyproject.toml", REPO_ROOT / "requirements.txt"
    assert lockfile.find_problem(project, lock) is None
    lines = lock.read_text().splitlines()
    packages = [line for line in lines if "==" in line and not line.startswith((" ", "#"))]
    assert len(packages) > 200
    assert all(line.endswith("\\") for line in packages), "a package without hashes"
