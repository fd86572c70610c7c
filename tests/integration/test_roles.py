"""The permission matrix of the warehouse: read whole from the catalog, and tried."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import psycopg
import pytest
from psycopg import errors, sql

from include.warehouse.connection import connect
from include.warehouse.ddl import ROLES
from tests.integration.role_matrix import (
    ALL,
    DATABASES,
    FUNCTIONS,
    OWNED,
    SCHEMAS,
    TABLES,
    USED,
)


@pytest.fixture(scope="module")
def filled(warehouse) -> Iterator:
    """The warehouse with a table in every schema, made by the role that makes such tables."""
    warehouse.reset()
    with connect(warehouse.dsn("loader")) as loader:
        loader.execute("create table raw.probe__rows (id int)")
        loader.execute(
            "insert into quarantine.rejects"
            " (source, stream, connection_id, partition_key, run_id, reason, payload)"
            " values ('shop', 'orders', 'shop', '2026-01-01', 'r', 'no id', '{\"email\": \"x\"}')"
        )
    with connect(warehouse.dsn("transformer")) as transformer:
        for schema in ("staging", "intermediate", "core", "analysis", "marts_next"):
            transformer.execute(
                sql.SQL("create table {} (id int)").format(sql.Identifier(schema, "probe"))
            )
        transformer.execute("create schema marts_v7")
        transformer.execute("create table marts_v7.mart_probe as select 1 as id")
        transformer.execute("create view marts.mart_probe as select * from marts_v7.mart_probe")
    yield warehouse
    warehouse.reset()


@pytest.fixture
def admin(filled) -> Iterator[psycopg.Connection]:
    with connect(filled.admin_dsn) as connection:
        yield connection


def held(admin: psycopg.Connection, function: str, role: str, thing: str, all_of) -> set[str]:
    """Return which of the privileges the role holds on the thing."""
    query = sql.SQL("select {}(%s, %s, %s)").format(sql.Identifier(function))
    return {p for p in all_of if admin.execute(query, [role, thing, p]).fetchone()[0]}


def test_schema_privileges(admin):
    expected = {
        (role, schema): (
            {"USAGE", "CREATE"}
            if schema in OWNED.get(role, set())
            else {"USAGE"}
            if schema in USED[role]
            else set()
        )
        for role, schema in product(ROLES, SCHEMAS)
    }
    found = {
        (role, schema): held(admin, "has_schema_privilege", role, schema, ("USAGE", "CREATE"))
        for role, schema in product(ROLES, SCHEMAS)
    }
    assert found == expected


def test_no_schema_is_left_out_of_the_matrix(admin):
    rows = admin.execute(
        r"select nspname from pg_namespace where nspname !~ '^(pg_|information_schema)'"
    ).fetchall()
    assert {name for (name,) in rows} == set(SCHEMAS)


def test_database_privileges(admin):
    found = {
        database: {
            role: held(
                admin,
                "has_database_privilege",
                role,
                database,
                ("CONNECT", "TEMPORARY", "CREATE"),
            )
            for role in ROLES
        }
        for database in DATABASES
    }
    assert found == DATABASES


def test_table_privileges(admin):
    found = {
        table: tuple(held(admin, "has_table_privilege", role, table, ALL) for role in ROLES)
        for table in TABLES
    }
    assert found == TABLES


def test_no_table_is_left_out_of_the_matrix(admin):
    rows = admin.execute(
        """
        select format('%I.%I', n.nspname, c.relname)
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'v', 'm', 'p') and n.nspname !~ '^(pg_|information_schema)'
        """
    ).fetchall()
    # The sources' own tables all come from the loader and share the rights of raw.probe__rows.
    names = {name for (name,) in rows if not name.startswith("raw.") or "probe" in name}
    assert names == set(TABLES)


def test_every_raw_table_reads_like_the_sample(admin):
    rows = admin.execute(
        """
        select c.relname, r.rolname, has_table_privilege(r.oid, c.oid, 'SELECT'),
            has_table_privilege(r.oid, c.oid, 'INSERT')
        from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join pg_roles r
        where n.nspname = 'raw' and c.relkind = 'r' and r.rolname = any(%s)
        """,
        [list(ROLES)],
    ).fetchall()
    for table, role, reads, writes in rows:
        expected = (role in {"loader", "transformer"}, role == "loader")
        assert (reads, writes) == expected, (table, role)


def test_ui_reader_sees_every_column_of_rejects_but_the_payload(admin):
    rows = admin.execute(
        """
        select attname, has_column_privilege('ui_reader', attrelid, attnum, 'SELECT')
        from pg_attribute
        where attrelid = 'quarantine.rejects'::regclass and attnum > 0 and not attisdropped
        """
    ).fetchall()
    assert {name for name, readable in rows if not readable} == {"payload"}
    assert len(rows) == 15


def test_functions_are_called_by_those_they_are_for(admin):
    rows = admin.execute(
        r"""
        select p.oid::regprocedure::text, p.prosecdef, p.proconfig, o.rolname
        from pg_proc p
        join pg_namespace n on n.oid = p.pronamespace join pg_roles o on o.oid = p.proowner
        where n.nspname !~ '^(pg_|information_schema)'
        """
    ).fetchall()
    found = {
        name: tuple(
            bool(held(admin, "has_function_privilege", r, name, ("EXECUTE",))) for r in ROLES
        )
        for name, *_ in rows
    }
    assert found == FUNCTIONS
    for name, runs_as_owner, settings, owner in rows:
        # Borrowed rights look nothing up in a schema that a caller could have put in the way.
        assert runs_as_owner, name
        assert settings == ["search_path=pg_catalog, pg_temp"], name
        assert owner == "loader", name


def test_the_shape_of_a_payload_holds_no_value(filled):
    with connect(filled.dsn("ui_reader")) as reader:
        rows = reader.execute(
            "select path, kind, size from quarantine.rejects as r,"
            " lateral quarantine.payload_shape(r.reject_id)"
        ).fetchall()
    assert rows == [("$", "object", None), ("$.email", "string", 1)]


def test_roles_have_no_attributes_and_no_memberships(admin):
    rows = admin.execute(
        """
        select rolname from pg_roles
        where rolname = any(%s) and (
            rolsuper or rolcreatedb or rolcreaterole or rolreplication or rolbypassrls
        )
        """,
        [list(ROLES)],
    ).fetchall()
    assert rows == []
    assert (
        admin.execute(
            "select * from pg_auth_members m join pg_roles r on r.oid = m.member"
            " where r.rolname = any(%s)",
            [list(ROLES)],
        ).fetchall()
        == []
    )


def test_public_may_do_nothing(admin):
    databases = admin.execute(
        "select datname, privilege_type from pg_database, aclexplode(datacl)"
        " where grantee = 0 and datname = any(%s)",
        [list(DATABASES)],
    ).fetchall()
    schemas = admin.execute(
        "select nspname, privilege_type from pg_namespace, aclexplode(nspacl)"
        " where grantee = 0 and nspname = any(%s)",
        [list(SCHEMAS)],
    ).fetchall()
    assert databases == []
    assert schemas == []


def test_passwords_are_kept_as_scram_hashes(admin):
    rows = admin.execute(
        "select rolname, rolpassword from pg_authid where rolname = any(%s)", [list(ROLES)]
    ).fetchall()
    assert len(rows) == len(ROLES)
    assert all(password.startswith("SCRAM-SHA-256$") for _, password in rows)


def test_readers_are_bounded(filled):
    for role, timeout in (("bi_reader", "1min"), ("ui_reader", "30s")):
        with connect(filled.dsn(role)) as reader:
            shown = [
                reader.execute(f"show {name}").fetchone()[0]
                for name in ("statement_timeout", "default_transaction_read_only")
            ]
        assert shown == [timeout, "on"]


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("bi_reader", "select * from core.probe"),
        ("bi_reader", "select * from marts_v7.mart_probe"),
        ("bi_reader", "delete from marts.mart_probe"),
        ("bi_reader", "create temporary table t (id int)"),
        ("ui_reader", "select payload from quarantine.rejects"),
        ("ui_reader", "select * from quarantine.rejects"),
        ("transformer", "select * from quarantine.payload_shape(1)"),
        ("bi_reader", "select * from quarantine.payload_shape(1)"),
        ("ui_reader", "select * from raw.probe__rows"),
        ("loader", "select * from core.probe"),
        ("loader", "create schema other"),
        ("transformer", "delete from raw.probe__rows"),
        ("transformer", "select payload from quarantine.rejects"),
        ("transformer", "update quality.load_windows set reason = null"),
        ("transformer", "create table secrets.probe (id int)"),
        ("transformer", "select * from secrets.oauth_token"),
        ("ui_reader", "select * from secrets.privacy_requests"),
        ("ui_reader", "select * from secrets.erased_subjects"),
        ("ui_reader", "update quality.privacy_requests set done_at = now()"),
    ],
)
def test_refused(filled, role, statement):
    with connect(filled.dsn(role), autocommit=True) as connection:
        # Any session may switch its own read-only default off: it is the rights that must hold.
        connection.execute("set default_transaction_read_only = off")
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


def test_analysts_do_not_write_by_mistake(filled):
    with (
        connect(filled.dsn("bi_reader")) as reader,
        pytest.raises(errors.ReadOnlySqlTransaction),
    ):
        reader.execute("create temporary table t (id int)")


@pytest.mark.parametrize(
    ("role", "statement"),
    [
        ("bi_reader", "select id from mart_probe"),
        ("ui_reader", "select reason from quarantine.rejects"),
        ("ui_reader", "select * from quality.pending_loads"),
        ("ui_reader", "select * from marts.mart_probe"),
        ("loader", "create temporary table t (id int)"),
        ("transformer", "create temporary table t as select * from raw.probe__rows"),
        ("transformer", "create schema marts_v8"),
    ],
)
def test_allowed(filled, role, statement):
    connection = connect(filled.dsn(role))
    connection.execute(statement)
    connection.rollback()
    connection.close()


def test_roles_enter_only_their_own_database(filled):
    with connect(filled.dsn("airflow", database="airflow")) as metadata:
        metadata.execute("create table probe (id int)")
        metadata.rollback()
    for role, database in (
        ("airflow", "warehouse"),
        ("bi_reader", "airflow"),
        ("loader", "airflow"),
        ("bi_reader", "postgres"),
    ):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            connect(filled.dsn(role, database=database))
