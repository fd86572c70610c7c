"""Fixtures of all tests: a warehouse of their own, and no network for unit tests."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

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
        """Return to the state right after migration: no rows, no tables but the empty raw ones."""
        with connect(self.admin_dsn) as admin:
            for schema, name, kind in admin.execute(_RELATIONS, [list(BUILT_SCHEMAS)]).fetchall():
                statement = sql.SQL("drop {} if exists {} cascade").format(
                    sql.SQL(kind), sql.Identifier(schema, name)
                )
                admin.execute(statement)
            for (schema,) in admin.execute(
                r"select nspname from pg_namespace where nspname like 'marts\_v%'"
            ).fetchall():
                admin.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(schema)))
            tables = admin.execute(_KEPT_TABLES).fetchall()
            names = sql.SQL(", ").join(sql.Identifier(*table) for table in tables)
            admin.execute(sql.SQL("truncate {} restart identity cascade").format(names))
        ddl.create_raw_tables(self.dsn("loader"))


_RELATIONS = """
select n.nspname, c.relname,
    case c.relkind when 'v' then 'view' when 'm' then 'materialized view' else 'table' end
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
"""
_KEPT_TABLES = """
select schemaname, tablename from pg_tables
where schemaname in ('analysis', 'quality', 'quarantine', 'secrets')
    and tablename <> 'schema_versions'
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
        yield Warehouse(cluster, secrets)
    finally:
        cluster.stop()


@pytest.fixture
def clean_warehouse(warehouse: Warehouse) -> Warehouse:
    """The session's warehouse as it was right after migration."""
    warehouse.reset()
    return warehouse
