"""New passwords for roles, for the superuser whose password is lost, for Airflow's login."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from include.services.credentials import read_secrets
from include.services.rotation import main
from include.settings import Settings, read_settings
from include.warehouse.connection import connect
from include.warehouse.ddl import migrate
from include.warehouse.embedded import Cluster
from include.warehouse.server import role_dsn


@pytest.fixture(scope="module")
def data_dir(
    tmp_path_factory: pytest.TempPathFactory, free_ports: Callable[[int], list[int]]
) -> Iterator[tuple[Path, int]]:
    """An embedded warehouse that runs, with all roles: its folder and its port."""
    folder, port = tmp_path_factory.mktemp("installed"), free_ports(1)[0]
    secrets = read_secrets(folder)
    cluster = Cluster(folder, port, secrets.postgres_password, is_durable=False)
    cluster.start()
    migrate(cluster.admin_dsn(), secrets)
    yield folder, port
    cluster.stop()


@pytest.fixture
def installed(data_dir: tuple[Path, int], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings of that warehouse; each test replaces passwords of its own."""
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(data_dir[0]))
    monkeypatch.setenv("GROUNDSWELL_POSTGRES_PORT", str(data_dir[1]))
    return read_settings()


def test_a_leaked_password_opens_nothing_any_more(
    installed: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    before = read_secrets(installed.data_dir)
    leaked = role_dsn(installed, before, "bi_reader")
    thief = connect(leaked)
    assert main(["bi_reader"]) == 0
    assert "the address for BI tools: make dsn" in capsys.readouterr().out
    with pytest.raises(psycopg.OperationalError):
        thief.execute("select 1")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(leaked)
    after = read_secrets(installed.data_dir)
    connect(role_dsn(installed, after, "bi_reader")).close()
    connect(role_dsn(installed, after, "loader")).close()
    unchanged = set(before.__slots__) - {"bi_reader_password"}
    assert all(getattr(before, name) == getattr(after, name) for name in unchanged)
    assert (installed.data_dir / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_lost_superuser_password_is_set_anew(installed: Settings) -> None:
    path = installed.data_dir / "secrets.json"
    stored = json.loads(path.read_text())
    with connect(role_dsn(installed, read_secrets(installed.data_dir), "loader")) as loader:
        loader.execute("create table raw.kept as select 42 as answer")
    # The file was restored from before the password had been changed: it opens nothing.
    path.write_text(json.dumps(stored | {"postgres_password": "0" * 64}))
    assert main(["postgres", "airflow"]) == 0
    secrets = read_secrets(installed.data_dir)
    assert secrets.postgres_password not in ("0" * 64, stored["postgres_password"])
    with connect(role_dsn(installed, secrets, "loader")) as loader:
        assert loader.execute("select answer from raw.kept").fetchone() == (42,)
    connect(role_dsn(installed, secrets, "airflow", database="airflow")).close()
    old = Cluster(installed.data_dir, installed.postgres_port, stored["postgres_password"])
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(old.admin_dsn())


def test_a_lost_file_is_made_anew_by_the_superusers_rotation_alone(
    installed: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    path = installed.data_dir / "secrets.json"
    before = json.loads(path.read_text())
    with connect(
        role_dsn(installed, read_secrets(installed.data_dir), "airflow", database="airflow")
    ) as metadata:
        metadata.execute(
            "create table connection (conn_id text, password text, extra text,"
            " is_encrypted boolean, is_extra_encrypted boolean);"
            "insert into connection values ('notify_mail', 'sealed', 'sealed', true, true),"
            " ('tiktok', null, 'sealed', false, true), ('plain', null, null, false, false)"
        )
    path.unlink()
    assert main(["loader"]) == 1
    assert "bring it back from a backup" in capsys.readouterr().err
    assert not path.exists()
    assert main(["postgres"]) == 0
    assert "entered again: notify_mail, tiktok." in capsys.readouterr().out
    with connect(
        role_dsn(installed, read_secrets(installed.data_dir), "airflow", database="airflow")
    ) as metadata:
        left = metadata.execute("select * from connection where password is not null or extra > ''")
        assert left.fetchall() == []
        metadata.execute("drop table connection")
    after = json.loads(path.read_text())
    assert {name for name in before if before[name] == after[name]} == set()
    connect(role_dsn(installed, read_secrets(installed.data_dir), "transformer")).close()
    # A second one is an ordinary rotation: it leaves the keys alone.
    assert main(["postgres"]) == 0
    assert "entered again" not in capsys.readouterr().out
    assert json.loads(path.read_text())["hash_key"] == after["hash_key"]


def test_airflows_login_is_rewritten_for_its_next_reading(installed: Settings) -> None:
    home = installed.data_dir / "airflow"
    home.mkdir()
    before = read_secrets(installed.data_dir)
    assert main(["admin"]) == 0
    after = read_secrets(installed.data_dir)
    written = json.loads((home / "logins.json").read_text())
    assert written == {"admin": after.admin_password, "viewer": after.viewer_password}
    # The one who may only look gets a new password too, which is not the admin's.
    passwords = [s for one in (before, after) for s in (one.admin_password, one.viewer_password)]
    assert len(set(passwords)) == 4
    assert (home / "logins.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("names", "variables", "message"),
    [
        (["analyst"], {}, "no password of analyst to replace; allowed: loader, transformer"),
        (["hash_key"], {}, "no password of hash_key to replace"),
        (
            ["loader"],
            {"GROUNDSWELL_LOADER_PASSWORD": "from-outside"},
            "GROUNDSWELL_LOADER_PASSWORD is set in the environment",
        ),
        (
            ["postgres"],
            {"WAREHOUSE_DSN": "postgresql://admin:x@db.example.com/postgres"},
            "postgres belongs to the server that WAREHOUSE_DSN names",
        ),
    ],
)
def test_what_cannot_be_rotated_is_said_and_nothing_changes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    names: list[str],
    variables: dict[str, str],
    message: str,
) -> None:
    (tmp_path / "postgres").mkdir()
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    read_secrets(tmp_path)
    before = (tmp_path / "secrets.json").read_text()
    assert main(names) == 1
    assert message in capsys.readouterr().err
    assert (tmp_path / "secrets.json").read_text() == before
