"""What bounds the analysts' role: limits it starts with, and fences it cannot move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg import errors

from include.warehouse.connection import connect


@pytest.fixture(scope="module")
def filled(warehouse) -> Iterator:
    """The warehouse with one published mart of one row."""
    warehouse.reset()
    with connect(warehouse.dsn("transformer")) as transformer:
        transformer.execute("create schema marts_v7")
        transformer.execute("create table marts_v7.mart_probe as select 1 as id")
        transformer.execute("create view marts.mart_probe as select * from marts_v7.mart_probe")
    yield warehouse
    warehouse.reset()


@pytest.fixture
def admin(filled) -> Iterator[psycopg.Connection]:
    with connect(filled.admin_dsn) as connection:
        yield connection


def test_what_bounds_an_analyst(filled):
    limits = {
        "idle_in_transaction_session_timeout": "1min",
        "idle_session_timeout": "1h",
        "lock_timeout": "5s",
        "work_mem": "32MB",
        "max_parallel_workers_per_gather": "1",
        "temp_file_limit": "1GB",
        "search_path": "marts",
    }
    with connect(filled.dsn("bi_reader")) as reader:
        shown = {name: reader.execute(f"show {name}").fetchone()[0] for name in limits}
    assert shown == limits


def test_no_other_role_is_bounded_by_the_analysts_limits(filled):
    with connect(filled.dsn("transformer")) as transformer:
        shown = [
            transformer.execute(f"show {name}").fetchone()[0]
            for name in ("statement_timeout", "idle_session_timeout", "temp_file_limit")
        ]
    assert shown == ["0", "0", "-1"]


def test_models_run_at_once_and_have_no_workers_of_their_own(filled):
    for role, has_workers in (("transformer", False), ("ui_reader", True)):
        with connect(filled.dsn(role)) as reader:
            reader.execute("set debug_parallel_query = on")
            plan = reader.execute("explain select count(*) from pg_catalog.pg_class").fetchall()
        assert ("Gather" in str(plan)) is has_workers


@pytest.mark.parametrize(
    "statement",
    [
        "insert into marts.mart_probe values (2)",
        "drop view marts.mart_probe",
        "create table marts.mine (id int)",
        "create view marts.mine as select 1",
        "create temporary table t (id int)",
        "create schema mine",
        "set temp_file_limit = -1",
        "alter role bi_reader connection limit -1",
        "alter role bi_reader set temp_file_limit = -1",
        "select pg_read_file('/etc/hostname')",
        "copy marts.mart_probe to program 'true'",
        "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'transformer'",
        "set role transformer",
    ],
)
def test_an_analyst_who_switches_read_only_off_still_changes_nothing(filled, statement):
    """The read-only default is a courtesy that a session can drop; rights are the fence."""
    with connect(filled.dsn("transformer")), connect(filled.dsn("bi_reader")) as reader:
        reader.execute("set default_transaction_read_only = off")
        reader.commit()
        with pytest.raises((errors.InsufficientPrivilege, errors.SyntaxError)):
            reader.execute(statement)


def test_a_query_that_spills_too_much_ends_alone(filled, admin):
    """The limit is lowered for the test; a session may lower it, too, but never raise it."""
    admin.execute("alter role bi_reader set temp_file_limit = '1MB'")
    admin.commit()
    try:
        with connect(filled.dsn("bi_reader")) as reader:
            reader.execute("set work_mem = '64kB'")
            with pytest.raises(errors.ConfigurationLimitExceeded, match="temp_file_limit"):
                reader.execute("select g from generate_series(1, 300000) g order by -g")
            reader.rollback()
            assert reader.execute("select id from mart_probe").fetchone() == (1,)
    finally:
        admin.execute("alter role bi_reader set temp_file_limit = '1GB'")
        admin.commit()


def test_dashboards_cannot_take_every_connection(filled):
    with ExitStack() as stack:
        for _ in range(20):
            stack.enter_context(connect(filled.dsn("bi_reader")))
        with pytest.raises(psycopg.OperationalError, match="too many connections for role"):
            connect(filled.dsn("bi_reader"))
        connect(filled.dsn("loader")).close()
