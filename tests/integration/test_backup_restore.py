"""A backup of a small loaded warehouse, brought back into an empty place."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
from psycopg import sql

from include.backup.__main__ import main
from include.backup.manifest import read_backup
from include.backup.restore import compare_tables
from include.errors import BackupRefused
from include.landing.store import LocalStore
from include.replay import replay_all
from include.services.credentials import read_secrets
from include.warehouse.connection import connect, replace_login
from include.warehouse.embedded import Cluster
from include.warehouse.publish import publish, rollback
from tests.conftest import Warehouse
from tests.fakes.small_shop import COUNTERS, ORDERS, SHOP, Loader, order, page

pytestmark = pytest.mark.long  # two databases are dumped and a cluster is made: 20 s

DAY = dt.date(2026, 11, 4)
RAW_TABLES = ("small_shop__orders", "small_shop__lines", "small_shop__counters")


@dataclass(frozen=True)
class Place:
    """An installation: the environment that names it, and how to reach its warehouse."""

    variables: dict[str, str]
    landing: Path
    dsn: Callable[[str], str]


def rows(dsn: str, query: str) -> list[tuple[Any, ...]]:
    with connect(dsn) as connection:
        return connection.execute(query.encode()).fetchall()


def raw_rows(dsn: str, *, is_loaded_again: bool = False) -> dict[str, list[Any]]:
    """All raw rows; those of a replay without which load wrote them when."""
    shown = "to_jsonb(t) - '_load_id' - '_loaded_at'" if is_loaded_again else "to_jsonb(t)"
    return {
        table: rows(dsn, f"select {shown} from raw.{table} t order by 1") for table in RAW_TABLES
    }


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def use(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    monkeypatch.delenv("WAREHOUSE_DSN", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def fill(warehouse: Warehouse, data_dir: Path) -> None:
    """Load two streams, publish twice, leave a row in Airflow's metadata and a request's file."""
    loader = Loader(warehouse.dsn("loader"), str(data_dir / "landing"))
    loader.run(ORDERS, page([order("7"), order("8", tag="x")]), page([order("9", note="é – 日")]))
    loader.run(COUNTERS, page([{"post_id": "p", "likes": 3, "views": None}]))
    transformer = warehouse.dsn("transformer")
    for number in (1, 2):
        with connect(transformer) as connection:
            connection.execute(
                sql.SQL("create table marts_next.mart_a as select {}::int as x").format(number)
            )
            run = connection.execute(
                "insert into quality.measure_runs (day, as_of_date, run_id) values (%s, %s, 'r')"
                " returning measure_run_id",
                [DAY, DAY],
            ).fetchone()
        assert run is not None
        publish(transformer, run[0])
    with connect(warehouse.dsn("airflow", database="airflow")) as metadata:
        metadata.execute("create table dag_run as select 'demo' as run_id")
    inbox = data_dir / "privacy" / "inbox" / "customers-redact"
    inbox.mkdir(parents=True)
    (inbox / "1.json").write_text('{"customer": {"id": 7}}')


@pytest.fixture(scope="module")
def source(warehouse: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """An installation on a server of its own (WAREHOUSE_DSN), with something of everything."""
    warehouse.reset()
    data_dir = tmp_path_factory.mktemp("source")
    shutil.copy(warehouse.cluster.data_dir / "secrets.json", data_dir)
    fill(warehouse, data_dir)
    variables = {"WAREHOUSE_DSN": warehouse.server_dsn, "GROUNDSWELL_DATA_DIR": str(data_dir)}
    yield Place(variables, data_dir / "landing", warehouse.dsn)
    with connect(warehouse.dsn("airflow", database="airflow")) as metadata:
        metadata.execute("drop table dag_run")
    warehouse.reset()


@pytest.fixture(scope="module")
def saved(source: Place, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A backup of it."""
    folder = tmp_path_factory.mktemp("backups") / "first"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, source.variables)
        assert main(["save", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def restored(
    saved: Path,
    tmp_path_factory: pytest.TempPathFactory,
    free_ports: Callable[[int], list[int]],
) -> Iterator[Place]:
    """The backup in an embedded warehouse that did not exist before."""
    data_dir, port = tmp_path_factory.mktemp("target") / "data", free_ports(1)[0]
    variables = {"GROUNDSWELL_DATA_DIR": str(data_dir), "GROUNDSWELL_POSTGRES_PORT": str(port)}
    with pytest.MonkeyPatch.context() as monkeypatch:
        use(monkeypatch, variables)
        assert main(["restore", str(saved)]) == 0
    secrets = read_secrets(data_dir)
    cluster = Cluster(data_dir, port, secrets.postgres_password)

    def dsn(role: str) -> str:
        return replace_login(
            cluster.admin_dsn(),
            user=role,
            password=secrets.role_password(role),
            database="airflow" if role == "airflow" else "warehouse",
        )

    yield Place(variables, data_dir / "landing", dsn)
    cluster.stop()


def test_every_row_comes_back_as_it_was(source: Place, restored: Place) -> None:
    before, after = (raw_rows(place.dsn("loader")) for place in (source, restored))
    assert after == before
    assert [len(after[table]) for table in RAW_TABLES] == [3, 6, 1]
    assert rows(restored.dsn("airflow"), "select run_id from dag_run") == [("demo",)]
    query = "select * from quality.load_windows order by load_id"
    assert rows(restored.dsn("loader"), query) == rows(source.dsn("loader"), query)


def test_readers_have_marts_rights_and_limits_as_before(source: Place, restored: Place) -> None:
    reader = restored.dsn("bi_reader")
    assert rows(reader, "select x from mart_a") == [(2,)]  # by the role's search path
    limits = "select name, setting from pg_settings where source in ('user', 'database user')"
    assert sorted(rows(reader, limits)) == sorted(rows(source.dsn("bi_reader"), limits))
    assert ("statement_timeout", "60000") in rows(reader, limits)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(reader, "select * from raw.small_shop__orders")
    assert rollback(restored.dsn("transformer")).version == 1
    assert rows(reader, "select x from marts.mart_a") == [(1,)]


def test_landing_comes_back_and_a_replay_of_it_gives_the_rows(
    source: Place, restored: Place
) -> None:
    assert files_of(restored.landing) == files_of(source.landing)
    loader = restored.dsn("loader")
    before = raw_rows(loader, is_loaded_again=True)
    with connect(loader) as connection:
        for table in RAW_TABLES:
            connection.execute(sql.SQL("truncate {}").format(sql.Identifier("raw", table)))
    for stream in (ORDERS, COUNTERS):
        replay_all(SHOP, stream, "small_shop", dsn=loader, landing_url=str(restored.landing))
    assert raw_rows(loader, is_loaded_again=True) == before


def test_a_table_that_differs_is_named(saved: Path, restored: Place) -> None:
    admin = replace_login(
        restored.dsn("loader"),
        user="postgres",
        password=json.loads((saved / "secrets.json").read_text())["postgres_password"],
        database="postgres",
    )
    backup = read_backup(saved)
    compare_tables(admin, "airflow", backup)
    one_more = msgspec.structs.replace(backup.tables["airflow"]["public.dag_run"], row_count=2)
    tables = backup.tables | {"airflow": {"public.dag_run": one_more}}
    with pytest.raises(BackupRefused, match=r"airflow: table public\.dag_run is restored"):
        compare_tables(admin, "airflow", msgspec.structs.replace(backup, tables=tables))


def test_small_files_and_secrets_come_back_private(source: Place, restored: Place) -> None:
    data_dir = Path(restored.variables["GROUNDSWELL_DATA_DIR"])
    request = data_dir / "privacy" / "inbox" / "customers-redact" / "1.json"
    assert request.read_text() == '{"customer": {"id": 7}}'
    own = Path(source.variables["GROUNDSWELL_DATA_DIR"]) / "secrets.json"
    assert (data_dir / "secrets.json").read_text() == own.read_text()
    for path in (request, data_dir / "secrets.json"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (data_dir / ".groundswell").exists()  # `make clean` may delete it whole


def test_a_backup_is_its_owners_alone_and_holds_no_password_in_the_open(saved: Path) -> None:
    assert stat.S_IMODE(saved.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in saved.iterdir()} == {0o600}
    secrets = json.loads((saved / "secrets.json").read_text())
    for path in saved.iterdir():
        if path.name != "secrets.json":
            content = path.read_bytes()
            assert not any(value.encode() in content for value in secrets.values()), path


def test_a_backup_needs_a_folder_of_its_own(
    source: Place,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(monkeypatch, source.variables)
    assert main(["save", str(saved)]) == 1
    assert f"{saved} is not empty" in capsys.readouterr().err
    assert main(["check", str(saved)]) == 0
    assert "is whole: made " in capsys.readouterr().out


def test_a_restore_refuses_what_holds_something(
    source: Place,
    restored: Place,
    saved: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    use(monkeypatch, restored.variables)
    assert main(["restore", str(saved)]) == 1
    assert "already holds a warehouse" in capsys.readouterr().err
    # A server with our tables, and landing with a page.
    use(monkeypatch, source.variables | {"GROUNDSWELL_DATA_DIR": str(tmp_path)})
    assert main(["restore", str(saved)]) == 1
    assert "database warehouse already holds" in capsys.readouterr().err
    LocalStore(tmp_path / "landing").write("shop/shop/orders/2026-11-04/r/page-000001.gz", b"x")
    assert main(["restore", str(saved)]) == 1
    assert "already holds landed pages" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda folder: (folder / "backup.json").unlink(), "was not finished"),
        (lambda folder: (folder / "warehouse.dump").unlink(), "warehouse.dump is missing"),
        (lambda folder: _flip(folder / "landing.tar"), "landing.tar was changed"),
        (lambda folder: _cut(folder / "airflow.dump"), "airflow.dump has"),
        (lambda folder: (folder / "backup.json").write_text("{}"), "is damaged"),
    ],
)
def test_a_damaged_backup_is_refused_before_anything_is_made(
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    harm: Callable[[Path], object],
    message: str,
) -> None:
    copy = shutil.copytree(saved, tmp_path / "copy")
    harm(copy)
    use(monkeypatch, {"GROUNDSWELL_DATA_DIR": str(tmp_path / "data")})
    for command in ("check", "restore"):
        assert main([command, str(copy)]) == 1
        assert message in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[700] ^= 1
    path.write_bytes(content)


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def test_a_restore_needs_the_keys_of_the_backup(
    source: Place,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    use(monkeypatch, source.variables)
    folder, target = tmp_path / "backup", tmp_path / "data"
    assert main(["save", str(folder), "--without-secrets", "--without-landing"]) == 0
    assert {path.name for path in folder.iterdir()} == {
        "warehouse.dump", "airflow.dump", "files.tar", "backup.json"
    }  # fmt: skip
    use(monkeypatch, {"GROUNDSWELL_DATA_DIR": str(target)})
    assert main(["restore", str(folder)]) == 1
    assert "the backup holds no secrets.json: put the one" in capsys.readouterr().err
    read_secrets(target)  # another installation's
    assert main(["restore", str(folder)]) == 1
    assert "is not the backup's: hashed personal values" in capsys.readouterr().err
    assert not (target / "postgres").exists()


def test_nothing_is_saved_where_nothing_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    use(monkeypatch, {"GROUNDSWELL_DATA_DIR": str(tmp_path / "none")})
    assert main(["save", str(tmp_path / "backup")]) == 1
    assert "there is no warehouse in" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
