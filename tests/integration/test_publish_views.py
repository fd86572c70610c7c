"""Publication: what readers see, what is refused, what stays when something goes wrong."""

from __future__ import annotations

import datetime as dt
import json
import threading
from typing import Any

import psycopg
import pytest

from include.errors import PublishRefused, Unavailable
from include.warehouse.connection import connect
from include.warehouse.publish import main, publish, rollback

DAY = dt.date(2026, 3, 1)


def open_run(warehouse: Any, *, as_of_date: dt.date | None = DAY, day: dt.date = DAY) -> int:
    with connect(warehouse.dsn("transformer")) as connection:
        row = connection.execute(
            "insert into quality.measure_runs (day, as_of_date, run_id) values (%s, %s, 'test') "
            "returning measure_run_id",
            [day, as_of_date],
        ).fetchone()
    assert row is not None
    return int(row[0])


def build(warehouse: Any, **marts: str) -> None:
    """Build tables in marts_next, each from a select."""
    with connect(warehouse.dsn("transformer")) as connection:
        for name, select in marts.items():
            connection.execute(f"create table marts_next.{name} as {select}".encode())


def seen(warehouse: Any, query: str, role: str = "bi_reader") -> list[tuple[Any, ...]]:
    with connect(warehouse.dsn(role)) as connection:
        return connection.execute(query.encode()).fetchall()


def schemas(warehouse: Any) -> list[str]:
    query = r"select nspname from pg_namespace where nspname ~ '^marts_v' order by 1"
    return [name for (name,) in seen(warehouse, query)]


def test_readers_see_the_new_version_and_only_views(clean_warehouse: Any) -> None:
    build(clean_warehouse, mart_a="select 1 as version", mart_b="select 2 as x")
    found = publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse))
    assert (found.version, found.marts) == (1, {"mart_a": 1, "mart_b": 1})
    assert seen(clean_warehouse, "select version from marts.mart_a") == [(1,)]
    assert seen(clean_warehouse, "select x from marts.mart_b", "ui_reader") == [(2,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        seen(clean_warehouse, "select * from marts_v1.mart_a")
    assert seen(clean_warehouse, "select count(*) from quality.publications", "ui_reader") == [(1,)]


def test_a_version_keeps_the_references_it_was_built_with(clean_warehouse: Any) -> None:
    """Analysts read tiers and benchmarks beside the marts; a rollback brings the old ones back."""

    def say(statement: str) -> None:
        with connect(clean_warehouse.dsn("transformer")) as connection:
            connection.execute(statement.encode())

    say("create table core.ref_tier as select 'micro'::text as tier, 2000 as lowest")
    say("comment on column core.ref_tier.lowest is 'Followers, inclusive'")
    say("create table core.fct_probe as select 1 as x")
    build(clean_warehouse, mart_a="select 1 as x")
    first = publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse))
    assert first.marts == {"mart_a": 1, "ref_tier": 1}
    assert seen(clean_warehouse, "select * from marts.ref_tier") == [("micro", 2000)]
    comment = "select col_description('marts.ref_tier'::regclass, 2)"
    assert seen(clean_warehouse, comment) == [("Followers, inclusive",)]

    say("truncate core.ref_tier; insert into core.ref_tier values ('micro', 10000), ('nano', 1000)")
    # What is published does not follow a seed that is loaded for the next version.
    assert seen(clean_warehouse, "select * from marts.ref_tier") == [("micro", 2000)]
    build(clean_warehouse, mart_a="select 2 as x")
    publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse))
    assert seen(clean_warehouse, "select tier from marts.ref_tier order by 1") == [
        ("micro",),
        ("nano",),
    ]
    rollback(clean_warehouse.dsn("transformer"))
    assert seen(clean_warehouse, "select * from marts.ref_tier") == [("micro", 2000)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        seen(clean_warehouse, "select * from core.ref_tier")


def test_only_the_manifests_marts_are_published(clean_warehouse: Any) -> None:
    build(clean_warehouse, mart_a="select 1 as x", scratch="select 1 as x")
    publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse), ["mart_a"])
    tables = seen(
        clean_warehouse, "select viewname from pg_views where schemaname = 'marts'", "transformer"
    )
    assert tables == [("mart_a",)]


def test_what_dbt_left_half_built_is_not_published(clean_warehouse: Any) -> None:
    build(clean_warehouse, mart_a="select 1 as x", mart_a__dbt_tmp="select 1 as x")
    found = publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse))
    assert set(found.marts) == {"mart_a"}


def test_views_carry_the_descriptions_of_the_tables(clean_warehouse: Any) -> None:
    build(clean_warehouse, mart_a="select 1 as x, 2 as y")
    with connect(clean_warehouse.dsn("transformer")) as connection:
        connection.execute("comment on table marts_next.mart_a is 'It''s 100 %% of it'")
        connection.execute("comment on column marts_next.mart_a.y is 'the second'")
    publish(clean_warehouse.dsn("transformer"), open_run(clean_warehouse))
    found = seen(
        clean_warehouse,
        "select obj_description(o), col_description(o, 1), col_description(o, 2)"
        " from (select 'marts.mart_a'::regclass as o) as view",
    )
    assert found == [("It's 100 %% of it", None, "the second")]


def test_the_command_line_shows_and_takes_back(
    clean_warehouse: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    dsn = clean_warehouse.dsn("transformer")
    fields = {
        "conn_type": "postgres",
        "host": "127.0.0.1",
        "port": clean_warehouse.port,
        "login": "transformer",
        "password": clean_warehouse.secrets.role_password("transformer"),
        "schema": "warehouse",
    }
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_TRANSFORMER", json.dumps(fields))
    assert main(["status"]) == 0
    assert capsys.readouterr().out == "nothing is published yet\n"
    for number in (1, 2):
        build(clean_warehouse, mart_a=f"select {number} as x")
        publish(dsn, open_run(clean_warehouse))
    assert main(["rollback"]) == 0
    assert "version 1, as of 2026-03-01; also kept: [2]" in capsys.readouterr().out
    assert main(["rollback"]) == 1
    assert "rollback failed: no version before the current one" in capsys.readouterr().err
    assert seen(clean_warehouse, "select x from marts.mart_a") == [(1,)]


def test_changed_columns_and_vanished_marts(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    build(clean_warehouse, mart_a="select 1 as x, 'old'::text as y", mart_gone="select 1 as z")
    publish(dsn, open_run(clean_warehouse))
    build(clean_warehouse, mart_a="select 2::numeric as x, true as other")
    publish(dsn, open_run(clean_warehouse))
    assert seen(clean_warehouse, "select x, other from marts.mart_a") == [(2, True)]
    with pytest.raises(psycopg.errors.UndefinedTable):
        seen(clean_warehouse, "select * from marts.mart_gone")


def test_a_view_that_others_read_is_not_dropped_under_them(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    build(clean_warehouse, mart_a="select 1 as x")
    publish(dsn, open_run(clean_warehouse))
    with connect(clean_warehouse.admin_dsn) as admin:
        admin.execute("create view public.analyst_view as select x from marts.mart_a")
    build(clean_warehouse, mart_a="select 'text'::text as x")
    try:
        with pytest.raises(PublishRefused, match="analyst_view"):
            publish(dsn, open_run(clean_warehouse))
        assert seen(clean_warehouse, "select x from marts.mart_a") == [(1,)]
    finally:
        with connect(clean_warehouse.admin_dsn) as admin:
            admin.execute("drop view public.analyst_view")


def test_two_versions_are_kept_and_rollback_goes_back(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    for number in (1, 2, 3):
        build(clean_warehouse, mart_a=f"select {number} as x")
        publish(dsn, open_run(clean_warehouse))
    assert schemas(clean_warehouse) == ["marts_v2", "marts_v3"]
    assert rollback(dsn).version == 2
    assert seen(clean_warehouse, "select x from marts.mart_a") == [(2,)]
    with pytest.raises(PublishRefused, match=r"also kept: \[3\]"):
        rollback(dsn)
    assert rollback(dsn, 3).version == 3
    rollback(dsn)
    build(clean_warehouse, mart_a="select 4 as x")
    assert publish(dsn, open_run(clean_warehouse)).version == 4
    assert schemas(clean_warehouse) == ["marts_v2", "marts_v4"]


def test_refusals_leave_the_published_marts(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    build(clean_warehouse, mart_a="select 1 as x")
    publish(dsn, open_run(clean_warehouse))
    build(clean_warehouse, mart_a="select 2 as x")

    earlier = open_run(clean_warehouse)
    newer = open_run(clean_warehouse)
    with pytest.raises(PublishRefused, match=f"run {newer} has opened"):
        publish(dsn, earlier)
    backwards = open_run(clean_warehouse, as_of_date=DAY - dt.timedelta(days=1))
    with pytest.raises(PublishRefused, match="never backwards"):
        publish(dsn, backwards)
    with pytest.raises(PublishRefused, match="is refused; only an open one"):
        publish(dsn, backwards)
    with pytest.raises(PublishRefused, match="lacks mart_missing"):
        publish(dsn, open_run(clean_warehouse), ["mart_a", "mart_missing"])
    with pytest.raises(PublishRefused, match="no measure run 999"):
        publish(dsn, 999)
    assert seen(clean_warehouse, "select x from marts.mart_a") == [(1,)]
    assert schemas(clean_warehouse) == ["marts_v1"]


def test_a_long_reader_delays_publication_without_harm(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    build(clean_warehouse, mart_a="select 1 as x", mart_b="select 1 as x")
    publish(dsn, open_run(clean_warehouse))
    build(clean_warehouse, mart_a="select 2 as x", mart_b="select 2 as x")
    run = open_run(clean_warehouse)
    with connect(clean_warehouse.dsn("bi_reader")) as reader:
        reader.execute("select * from marts.mart_b")
        with pytest.raises(Unavailable, match="locked by readers"):
            publish(dsn, run, patience_seconds=0)
        # Nothing half done: the tables are where dbt put them, the run is open, readers see
        # version 1.
        assert schemas(clean_warehouse) == ["marts_v1"]
        assert seen(clean_warehouse, "select x from marts.mart_a") == [(1,)]
        assert reader.execute("select x from marts.mart_a").fetchall() == [(1,)]
    assert publish(dsn, run).version == 2
    assert seen(clean_warehouse, "select x from marts.mart_b") == [(2,)]


def test_readers_never_see_a_gap_or_two_versions_at_once(clean_warehouse: Any) -> None:
    dsn = clean_warehouse.dsn("transformer")
    build(clean_warehouse, mart_a="select 0 as x", mart_b="select 0 as x")
    publish(dsn, open_run(clean_warehouse))
    done = threading.Event()
    failures: list[str] = []
    versions: set[int] = set()

    def read() -> None:
        with connect(clean_warehouse.dsn("bi_reader"), autocommit=True) as reader:
            while not done.is_set():
                try:
                    rows = reader.execute(
                        "select a.x, b.x from marts.mart_a as a cross join marts.mart_b as b"
                    ).fetchall()
                except psycopg.Error as error:
                    failures.append(repr(error))
                    return
                if len(rows) != 1 or rows[0][0] != rows[0][1]:
                    failures.append(f"saw {rows}")
                    return
                versions.add(rows[0][0])

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for number in range(1, 21):
            # Every other version changes its columns, which needs a new view.
            extra = ", 1 as extra" if number % 2 else ""
            build(
                clean_warehouse,
                mart_a=f"select {number} as x{extra}",
                mart_b=f"select {number} as x{extra}",
            )
            publish(dsn, open_run(clean_warehouse), pause=lambda _: None)
    finally:
        done.set()
        for reader in readers:
            reader.join(timeout=30)
    assert failures == []
    assert len(versions) > 5
