"""Fixtures of all tests: a warehouse of their own, and no network for unit tests."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
import pytest_socket
from psycopg import sql

from include.services.credentials import Secrets, read_secrets
from include.warehouse import ddl
from include.warehouse.connection import build_dsn, connect
from include.warehouse.embedded import Cluster

UNIT_TESTS = Path(__file__).parent / "unit"
# What a developer's shell may hold and what would point the tests at real data.
FOREIGN_VARIABLES = ("GROUNDSWELL_", "AIRFLOW_", "AIRFLOW__", "WAREHOUSE_DSN", "PG")
# Schemas in which every relation is a load's or a build's work.
BUILT_SCHEMAS = ("raw", "staging", "intermediate", "core", "marts_next", "marts")


@dataclass(frozen=True)
class Warehouse:
    """A migrated Postgres of the test session.

    `admin_dsn` is the superuser's URI of the database `warehouse`, `server_dsn` the one of the
    maintenance database (as WAREHOUSE_DSN would be), `dsn(role)` a role's own URI.
    """

    cluster: Cluster
    secrets: Secrets = field(repr=False)
    # The raw tables that migration made: shape by name.
    made: dict[str, str] = field(default_factory=dict, repr=False)

    def remember(self) -> None:
        """Note what migration made, for `reset`."""
        with connect(self.admin_dsn) as admin:
            self.made.update({name: shape for _, name, _, shape in _relations(admin)})

    @property
    def server_dsn(self) -> str:
        return self.cluster.admin_dsn()

    @property
    def admin_dsn(self) -> str:
        return self.cluster.admin_dsn(ddl.WAREHOUSE)

    @property
    def port(self) -> int:
        return self.cluster.port

    def dsn(self, role: str, *, database: str = ddl.WAREHOUSE) -> str:
        return build_dsn(
            host="127.0.0.1",
            port=self.cluster.port,
            user=role,
            password=self.secrets.role_password(role),
            database=database,
        )

    def reset(self) -> None:
        """Return to the state right after migration: no rows, no tables but the empty raw ones.

        What a test did not touch is left alone: a raw table stays as long as it is the one that
        migration made, and only tables with rows are emptied.
        """
        with connect(self.admin_dsn) as admin:
            for schema, name, kind, shape in _relations(admin):
                if schema == "raw" and self.made.get(name) == shape:
                    continue
                statement = sql.SQL("drop {} if exists {} cascade").format(
                    sql.SQL(kind), sql.Identifier(schema, name)
                )
                admin.execute(statement)
            for (schema,) in admin.execute(
                r"select nspname from pg_namespace where nspname like 'marts\_v%'"
            ).fetchall():
                admin.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
            used = [sql.Identifier(*table) for table in admin.execute(_USED_TABLES).fetchall()]
            if used:
                admin.execute(sql.SQL("truncate {} cascade").format(sql.SQL(", ").join(used)))
            admin.execute(_REWIND)
            remaining = {name for schema, name, *_ in _relations(admin) if schema == "raw"}
        if remaining != self.made.keys():
            ddl.create_raw_tables(self.dsn("loader"))

    def keep(self, name: str) -> str:
        """Copy the warehouse as it is, for `bring_back`; return the copy's name."""
        with connect(self.server_dsn, autocommit=True) as admin:
            self._copy(admin, ddl.WAREHOUSE, name)
        return name

    def bring_back(self, name: str) -> None:
        """Put a kept copy in the place of the warehouse; every session with it ends."""
        with connect(self.server_dsn, autocommit=True) as admin:
            drop = sql.SQL("drop database {} with (force)")
            admin.execute(drop.format(sql.Identifier(ddl.WAREHOUSE)))
            self._copy(admin, name, ddl.WAREHOUSE)
        # A copy has the rights within the database, not those on it.
        ddl.migrate(self.server_dsn, self.secrets, is_forced=True)

    def forget(self, name: str) -> None:
        """Drop a kept copy."""
        with connect(self.server_dsn, autocommit=True) as admin:
            admin.execute(sql.SQL("drop database {}").format(sql.Identifier(name)))

    @staticmethod
    def _copy(admin: psycopg.Connection, old: str, new: str) -> None:
        # Copying files is quicker than logging every page, and a checkpoint costs nothing here.
        copy = sql.SQL("create database {} template {} strategy file_copy")
        admin.execute(copy.format(sql.Identifier(new), sql.Identifier(old)))


def _relations(admin: psycopg.Connection) -> list[tuple[str, str, str, str]]:
    """Return what loads and builds made: schema, name, kind and all that makes up its shape."""
    return admin.execute(_RELATIONS, [list(BUILT_SCHEMAS)]).fetchall()


_RELATIONS = """
select n.nspname, c.relname,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
    case when n.nspname = 'raw' then md5(concat_ws(
        '|', c.relowner, c.relacl, c.reloptions, c.relrowsecurity, obj_description(c.oid),
        (
            select string_agg(concat_ws(
                ' ', a.attname, a.atttypid, a.atttypmod, a.attnotnull, a.attacl, d.description,
                pg_get_expr(f.adbin, f.adrelid)
            ), ',' order by a.attnum)
            from pg_attribute a
            left join pg_description d on d.objoid = c.oid and d.objsubid = a.attnum
                and d.classoid = 'pg_class'::regclass
            left join pg_attrdef f on f.adrelid = c.oid and f.adnum = a.attnum
            where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        ),
        (
            select string_agg(pg_get_indexdef(i.indexrelid), ',' order by i.indexrelid)
            from pg_index i where i.indrelid = c.oid
        ),
        (
            select string_agg(k.conname || pg_get_constraintdef(k.oid), ',' order by k.conname)
            from pg_constraint k where k.conrelid = c.oid
        ),
        (select count(*) from pg_trigger t where t.tgrelid = c.oid)
    )) else '' end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
"""
# A table that never held a row has no page.
_USED_TABLES = """
select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('raw', 'analysis', 'quality', 'quarantine', 'secrets')
    and c.relname <> 'schema_versions' and c.relkind = 'r' and pg_relation_size(c.oid) > 0
"""
# A sequence that was set by hand counts as unused, so all of them begin again.
_REWIND = """
do $$
declare made record;
begin
    for made in
        select schemaname, sequencename from pg_sequences
        where schemaname in ('analysis', 'quality', 'quarantine', 'secrets')
            and sequencename not like 'schema_versions%'
    loop
        execute format('alter sequence %I.%I restart', made.schemaname, made.sequencename);
    end loop;
end $$
"""


def pytest_configure(config: pytest.Config) -> None:
    """Forget the developer's environment before any test module is imported."""
    for name in list(os.environ):
        if name.startswith(FOREIGN_VARIABLES):
            del os.environ[name]
    # Importing airflow writes its configuration below its home.
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="groundswell-airflow-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove Airflow's home of this session."""
    shutil.rmtree(os.environ["AIRFLOW_HOME"], ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_network_in_unit_tests(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make every socket an error below tests/unit, but for asyncio's own pair of unix sockets."""
    if UNIT_TESTS not in request.path.parents:
        yield
        return
    pytest_socket.disable_socket(allow_unix_socket=True)
    yield
    pytest_socket.enable_socket()


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody listens on."""
    return find_free_ports(1)[0]


def pytest_sessionfinish() -> None:
    """Stop what outlives the tests' modules, in the process that started it."""
    faulty = sys.modules.get("tests.integration.faulty_sandbox")
    if faulty is not None:
        faulty.stop_sandbox()


@pytest.fixture(scope="session")
def free_ports() -> Callable[[int], list[int]]:
    """Give so many loopback ports that nobody listens on, all different."""
    return find_free_ports


def find_free_ports(count: int) -> list[int]:
    """Return ports that nobody listens on, all different."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A cluster of the session's own, on a free port, migrated; all roles exist."""
    data_dir = tmp_path_factory.mktemp("warehouse")
    secrets = read_secrets(data_dir)
    cluster = Cluster(data_dir, find_free_ports(1)[0], secrets.postgres_password, is_durable=False)
    cluster.start()
    try:
        ddl.migrate(cluster.admin_dsn(), secrets)
        made = Warehouse(cluster, secrets)
        made.remember()
        yield made
    finally:
        cluster.stop()


@pytest.fixture
def clean_warehouse(warehouse: Warehouse) -> Warehouse:
    """The session's warehouse as it was right after migration."""
    warehouse.reset()
    return warehouse
