"""Migration: again, at the same time, after a change; and the views dbt starts from."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from include.services.credentials import NAMES, Secrets
from include.warehouse import ddl
from include.warehouse.connection import connect


def catalog(warehouse) -> list[tuple]:
    """Return every relation, its owner, its rights and its columns."""
    with connect(warehouse.admin_dsn) as admin:
        return admin.execute(
            """
            select n.nspname, c.relname, c.relkind, pg_get_userbyid(c.relowner), c.relacl::text,
                (
                    select string_agg(
                        a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', '
                        order by a.attnum
                    )
                    from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0
                )
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname !~ '^(pg_|information_schema)'
            order by 1, 2
            """
        ).fetchall()


def versions(warehouse) -> int:
    with connect(warehouse.admin_dsn) as admin:
        return admin.execute("select count(*) from quality.schema_versions").fetchone()[0]


def test_migrating_again_changes_nothing(warehouse):
    before, count = catalog(warehouse), versions(warehouse)
    ddl.migrate(warehouse.server_dsn, warehouse.secrets)
    assert catalog(warehouse) == before
    assert versions(warehouse) == count


def test_changed_content_is_applied_once(warehouse, tmp_path, monkeypatch):
    before, count = catalog(warehouse), versions(warehouse)
    for file in ddl.SQL_DIR.glob("*.sql"):
        (tmp_path / file.name).write_text(file.read_text() + "\n-- another comment\n")
    monkeypatch.setattr(ddl, "SQL_DIR", tmp_path)
    ddl.migrate(warehouse.server_dsn, warehouse.secrets)
    ddl.migrate(warehouse.server_dsn, warehouse.secrets)
    assert catalog(warehouse) == before
    assert versions(warehouse) == count + 1


def test_migrations_at_the_same_time_wait_for_each_other(warehouse):
    with ThreadPoolExecutor(4) as pool:
        runs = [pool.submit(ddl.migrate, warehouse.server_dsn, warehouse.secrets) for _ in range(4)]
    assert [run.exception() for run in runs] == [None] * 4


def test_a_new_password_replaces_the_old_one(warehouse):
    renewed = {name: getattr(warehouse.secrets, name) for name in NAMES}
    renewed["bi_reader_password"] = "rotated"
    try:
        ddl.migrate(warehouse.server_dsn, Secrets(**renewed))
        connect(warehouse.dsn("loader")).close()
        with pytest.raises(Exception, match="password authentication failed"):
            connect(warehouse.dsn("bi_reader"))
    finally:
        ddl.migrate(warehouse.server_dsn, warehouse.secrets)
    connect(warehouse.dsn("bi_reader")).close()


def add_load(loader, status: str) -> int:
    return loader.execute(
        """
        insert into quality.load_windows (
            source, stream, connection_id, partition_key, window_start, window_end, run_id,
            status, started_at
        )
        values (
            'shopify', 'orders', 'shopify', '2026-03-01', '2026-03-01 05:00+00',
            '2026-03-02 05:00+00', 'run', %s, '2026-03-02 08:00+00'
        )
        returning load_id
        """,
        [status],
    ).fetchone()[0]


def test_pending_loads_are_all_loads_until_a_run_opens(clean_warehouse):
    with connect(clean_warehouse.dsn("loader")) as loader:
        first, skipped, second = (add_load(loader, s) for s in ("loaded", "skipped", "loaded"))
    assert (first, skipped, second) == (1, 2, 3)
    with connect(clean_warehouse.dsn("transformer")) as transformer:
        pending = transformer.execute("select load_id from quality.pending_loads order by 1")
        assert pending.fetchall() == [(first,), (second,)]
        for status in ("open", "published", "open"):
            transformer.execute(
                "insert into quality.measure_runs (day, run_id, status)"
                " values ('2026-03-01', 'm', %s)",
                [status],
            )
        transformer.execute("insert into quality.measure_run_loads values (1, 1), (3, 3)")
        pending = transformer.execute("select load_id from quality.pending_loads")
        assert pending.fetchall() == [(second,)]
        current = transformer.execute("select measure_run_id from quality.current_measure_run")
        assert current.fetchall() == [(3,)]


def test_one_publication_is_current(clean_warehouse):
    with connect(clean_warehouse.dsn("transformer")) as transformer:
        transformer.execute(
            "insert into quality.measure_runs (day, run_id) values ('2026-03-01', 'm')"
        )
        insert = (
            "insert into quality.publications (version, measure_run_id, marts, is_current)"
            " values (%s, 1, '[]', true)"
        )
        transformer.execute(insert, [1])
        with pytest.raises(Exception, match="publications_one_current"):
            transformer.execute(insert, [2])


def test_reset_leaves_what_migration_makes(warehouse):
    warehouse.reset()
    before = catalog(warehouse)
    with connect(warehouse.dsn("loader")) as loader:
        add_load(loader, "loaded")
        loader.execute("create table raw.other (id int)")
    with connect(warehouse.dsn("transformer")) as transformer:
        transformer.execute("create schema marts_v1")
        transformer.execute("create table marts_v1.mart_x as select 1 as id")
        transformer.execute("create view marts.mart_x as select * from marts_v1.mart_x")
        transformer.execute("create view staging.stg_x as select * from raw.other")
    warehouse.reset()
    assert catalog(warehouse) == before
    with connect(warehouse.admin_dsn) as admin:
        assert admin.execute("select count(*) from quality.load_windows").fetchone() == (0,)
        assert admin.execute("select to_regnamespace('marts_v1')").fetchone() == (None,)
