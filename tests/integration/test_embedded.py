"""The embedded Postgres: starting, crashing, ports, and another server in its place."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from include.errors import InvalidSettings, Unavailable
from include.services.credentials import read_secrets
from include.settings import read_settings
from include.warehouse import ddl, embedded, server
from include.warehouse.connection import build_dsn, connect


@pytest.fixture
def cluster(tmp_path, free_port):
    secrets = read_secrets(tmp_path)
    cluster = embedded.Cluster(tmp_path, free_port, secrets.postgres_password, is_durable=False)
    yield cluster
    cluster.stop()


def postmaster(cluster: embedded.Cluster) -> int:
    return int((cluster.folder / "postmaster.pid").read_text().splitlines()[0])


def processes_of(folder: Path) -> list[str]:
    """Return the command lines of processes that work in the folder, by a look of our own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").readlink() == folder:
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_starting_twice_reuses_the_server(cluster):
    assert cluster.start() is True
    first = postmaster(cluster)
    assert cluster.start() is False
    assert postmaster(cluster) == first
    assert cluster.is_running()


def test_letters_of_every_script_are_letters(cluster):
    cluster.start()
    with connect(cluster.admin_dsn()) as admin:
        row = admin.execute(
            r"""
            select
                lower('CRÈME ÉTÉ'),
                regexp_replace('أحب، это! été 日本', '[^[:alnum:]]+', '-', 'g'),
                (select string_agg(w, '' order by w) from (values ('b'), ('A'), ('a')) as v (w))
            """
        ).fetchone()
    # Sorted by code point: the capital comes first, as it does under the locale C.
    assert row == ("crème été", "أحب-это-été-日本", "Aab")


def test_data_survives_a_restart_and_nothing_survives_a_stop(cluster):
    cluster.start()
    with connect(cluster.admin_dsn()) as admin:
        admin.execute("create table kept as select 42 as answer")
    assert cluster.stop() is True
    assert processes_of(cluster.folder) == []
    assert cluster.stop() is False
    cluster.start()
    with connect(cluster.admin_dsn()) as admin:
        assert admin.execute("select answer from kept").fetchone() == (42,)


def test_restart_after_a_kill(cluster):
    cluster.start()
    with connect(cluster.admin_dsn()) as admin:
        admin.execute("create table kept as select 42 as answer")
    os.kill(postmaster(cluster), signal.SIGKILL)
    assert cluster.start() is True
    with connect(cluster.admin_dsn()) as admin:
        assert admin.execute("select answer from kept").fetchone() == (42,)


def test_a_table_built_whole_outlives_a_kill_without_the_log(cluster):
    """A table made in one transaction is not logged; 10 MB is beyond what is logged instead."""
    cluster.start()
    with connect(cluster.admin_dsn()) as admin:
        admin.execute("create table small as select n from generate_series(1, 100) as n")
        before = admin.execute("select pg_current_wal_insert_lsn()").fetchone()[0]
        admin.execute(
            "create table large as select n, repeat('x', 90) as t "
            "from generate_series(1, 80000) as n"
        )
        logged = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), %s)"
        assert admin.execute(logged, [before]).fetchone()[0] < 1_000_000
    os.kill(postmaster(cluster), signal.SIGKILL)
    assert cluster.start() is True
    with connect(cluster.admin_dsn()) as admin:
        assert admin.execute("select count(*), sum(n) from large").fetchone() == (
            80_000,
            80_000 * 80_001 // 2,
        )
        assert admin.execute("select sum(n) from small").fetchone() == (5_050,)


def test_process_file_of_a_stranger_is_no_obstacle(cluster):
    cluster.start()
    lines = (cluster.folder / "postmaster.pid").read_text().splitlines()
    cluster.stop()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        lines[0] = str(stranger.pid)
        (cluster.folder / "postmaster.pid").write_text("\n".join(lines) + "\n")
        try:
            assert not cluster.is_running()
            assert cluster.stop() is False
            assert stranger.poll() is None
            assert cluster.start() is True
        finally:
            stranger.kill()


def test_interrupted_initdb_is_begun_anew(cluster):
    draft = cluster.data_dir / "postgres.new"
    draft.mkdir()
    (draft / "half").write_text("")
    assert cluster.start() is True
    assert not draft.exists()


def test_two_starts_at_once_agree(cluster):
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda _: cluster.start(), range(2)))
    assert sorted(outcomes) == [False, True]


def test_taken_port_names_holder_and_variable(cluster):
    with socket.socket() as other:
        other.bind(("127.0.0.1", cluster.port))
        other.listen()
        with pytest.raises(InvalidSettings) as refusal:
            cluster.start()
    message = str(refusal.value)
    assert f"port {cluster.port}" in message
    assert f"(pid {os.getpid()})" in message
    assert "GROUNDSWELL_POSTGRES_PORT" in message
    assert not cluster.folder.exists()


def test_running_on_another_port_is_said(cluster, free_port):
    cluster.start()
    elsewhere = embedded.Cluster(cluster.data_dir, 1 + free_port, cluster.password)
    with pytest.raises(InvalidSettings, match=f"already runs on port {free_port}"):
        elsewhere.start()


def test_lost_secrets_are_said(cluster):
    cluster.start()
    stranger = embedded.Cluster(cluster.data_dir, cluster.port, "another password")
    with pytest.raises(InvalidSettings, match=r"another password than the one in secrets\.json"):
        stranger.start()


def test_a_server_that_does_not_start_shows_its_log(cluster):
    cluster.start()
    cluster.stop()
    (cluster.folder / "postgresql.auto.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(Unavailable, match="no_such_setting"):
        cluster.start()


def test_the_server_is_closed_to_others(cluster):
    cluster.start()
    assert stat.S_IMODE(cluster.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((cluster.data_dir / "secrets.json").stat().st_mode) == 0o600
    with connect(cluster.admin_dsn()) as admin:
        shown = {
            name: admin.execute(f"show {name}").fetchone()[0]
            for name in ("listen_addresses", "unix_socket_directories", "password_encryption")
        }
        hba = admin.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
    assert shown == {
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "password_encryption": "scram-sha-256",
    }
    assert hba == [("scram-sha-256",)]
    for password in (None, "guess"):
        dsn = build_dsn(
            host="127.0.0.1",
            port=cluster.port,
            user="postgres",
            password=password,
            database="postgres",
        )
        with pytest.raises(psycopg.OperationalError):
            connect(dsn)


def test_stop_ends_open_sessions(cluster):
    cluster.start()
    session = connect(cluster.admin_dsn())
    began = time.monotonic()
    assert cluster.stop() is True
    assert time.monotonic() - began < 8
    with pytest.raises(psycopg.OperationalError):
        session.execute("select 1")


def test_warehouse_dsn_replaces_the_embedded_server(cluster, monkeypatch, tmp_path):
    """A managed server's admin is no superuser: it may make databases and roles, no more."""
    cluster.start()
    with connect(cluster.admin_dsn(), autocommit=True) as superuser:
        superuser.execute("create role landlord login createdb createrole password 'pass/word'")
        superuser.execute("grant connect on database postgres to landlord")
    dsn = f"postgresql://landlord:pass%2Fword@localhost:{cluster.port}/postgres?sslmode=prefer"
    monkeypatch.setenv("WAREHOUSE_DSN", dsn)
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path / "elsewhere"))
    settings = read_settings()
    secrets = read_secrets(settings.data_dir)
    assert not server.is_embedded()
    ddl.migrate(server.admin_dsn(settings, secrets), secrets)
    ddl.migrate(server.admin_dsn(settings, secrets), secrets)
    assert not (settings.data_dir / "postgres").exists()
    with connect(server.role_dsn(settings, secrets, "transformer")) as transformer:
        transformer.execute("create schema marts_v1")
        transformer.execute("create view marts.mart_probe as select 1 as id")
    with connect(server.role_dsn(settings, secrets, "bi_reader")) as reader:
        assert reader.execute("select id from mart_probe").fetchone() == (1,)
    with connect(server.role_dsn(settings, secrets, "airflow", database="airflow")) as metadata:
        metadata.execute("create table probe (id int)")


def test_main_migrates_what_the_settings_name(cluster, monkeypatch, capsys):
    cluster.start()
    monkeypatch.setenv("WAREHOUSE_DSN", cluster.admin_dsn())
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(cluster.data_dir))
    assert ddl.main() == 0
    assert "up to date" in capsys.readouterr().out
    monkeypatch.setenv("WAREHOUSE_DSN", "postgresql://nobody@127.0.0.1:1/none")
    assert ddl.main() == 1
    assert "migration failed" in capsys.readouterr().err
