"""Retention: what is old goes, what something else still needs stays, a dry run changes nothing."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.connections import variable_of
from include.maintenance import retention, steps
from include.maintenance.retention import Retention
from include.measure import open_measure_run
from tests.conftest import Warehouse
from tests.fakes.small_shop import ORDERS, VISITS, Loader, order, page, window_of

NOW = dt.datetime.now(dt.UTC)
DAYS = dt.timedelta(days=1)
OLD, NEW = NOW - 500 * DAYS, NOW - 10 * DAYS


class House:
    """A warehouse and a landing folder whose things can be made old."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.landing = folder / "landing"
        self.loader = Loader(warehouse.dsn("loader"), str(self.landing))

    def load(self, at: dt.datetime, *rows: dict[str, Any]) -> int:
        """Load orders as if it had been done then."""
        window = window_of((at - DAYS).date())
        load_id = self.loader.run(ORDERS, page(list(rows), at_time=at), window=window).load_id
        self.sql("update quality.load_windows set loaded_at = %s where load_id = %s", at, load_id)
        [manifest] = self.landing.rglob(f"run-{self.loader.runs}/manifest.jsonl.gz")
        header, *rest = gzip.decompress(manifest.read_bytes()).splitlines(keepends=True)
        fields = json.loads(header) | {"landed_at": at.isoformat()}
        lines = [json.dumps(fields).encode() + b"\n", *rest]
        manifest.write_bytes(gzip.compress(b"".join(lines)))
        return load_id

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.warehouse.admin_dsn) as conn:
            cursor = conn.execute(query.encode(), list(values))
            return cursor.fetchall() if cursor.description else []

    def publish(self, day: dt.date, at: dt.datetime, version: int) -> int:
        """Publish every load there is, then."""
        run = open_measure_run(
            self.warehouse.dsn("transformer"), day, ["small_shop"], "m", is_forced=True
        )
        assert run is not None
        self.sql(
            "update quality.measure_runs set status = 'published', opened_at = %s"
            " where measure_run_id = %s",
            at,
            run.measure_run_id,
        )
        self.sql("update quality.publications set is_current = false")
        self.sql(
            "insert into quality.publications (version, measure_run_id, marts, published_at,"
            " is_current) values (%s, %s, '{}', %s, true)",
            version,
            run.measure_run_id,
            at,
        )
        return run.measure_run_id

    def runs(self) -> list[str]:
        return sorted(path.parent.name for path in self.landing.rglob("manifest.jsonl.gz"))

    def delete_landing(self, **options: Any) -> dict[str, int]:
        return retention.delete_landing(
            str(self.landing), self.loader.dsn, NOW - 400 * DAYS, **options
        )

    def delete_quality(self, **options: Any) -> dict[str, int]:
        before = NOW - 400 * DAYS
        transformer = self.warehouse.dsn("transformer")
        return retention.delete_quality(self.loader.dsn, transformer, before, before, **options)


@pytest.fixture
def house(clean_warehouse: Warehouse, tmp_path: Path) -> House:
    return House(clean_warehouse, tmp_path)


def test_old_pages_go_with_their_folders_and_new_ones_stay(house: House) -> None:
    house.load(OLD, order("7"))
    house.load(NEW, order("8"))
    assert house.delete_landing(is_dry_run=True) == {"landing.small_shop": 1}
    assert house.runs() == ["run-1", "run-2"]
    assert house.delete_landing() == {"landing.small_shop": 1}
    assert house.runs() == ["run-2"]
    assert house.delete_landing() == {}
    for folder in house.landing.rglob("*"):
        os.utime(folder, (OLD.timestamp(), OLD.timestamp()))
    house.delete_landing()
    folders = {path for path in house.landing.rglob("*") if path.is_dir()}
    assert all(any(folder.iterdir()) for folder in folders)


def test_an_old_day_read_lately_stays(house: House) -> None:
    """A backfill reads days of years ago; its pages are new."""
    window = window_of((OLD - DAYS).date())
    house.loader.run(ORDERS, page([order("7")], at_time=NOW), window=window)
    assert house.delete_landing() == {}
    assert house.runs() == ["run-1"]


def test_pages_of_rows_that_wait_in_quarantine_stay(house: House) -> None:
    house.load(OLD, order("7", price="free"))
    house.sql("update quarantine.rejects set rejected_at = %s", OLD)
    assert house.delete_landing() == {}
    house.sql("update quarantine.rejects set resolved_at = %s", OLD)
    assert house.delete_landing() == {"landing.small_shop": 1}


def test_what_killed_runs_left_goes_after_a_week_and_half_a_page_at_once(house: House) -> None:
    ages = (0, 1, 8)
    for _ in ages:
        with pytest.raises(RuntimeError):
            house.loader.run(ORDERS, page([order("7")]), RuntimeError("killed"))
    for number, age in enumerate(ages, 1):
        folder = next(house.landing.rglob(f"run-{number}"))
        (folder / ".page-000002.gz.half").write_bytes(b"x")
        for file in folder.iterdir():
            os.utime(file, ((NOW - age * DAYS).timestamp(),) * 2)
    house.delete_landing()
    left = sorted(path.name for path in house.landing.rglob("*") if path.is_file())
    # Of the run of this minute everything, of yesterday's the whole page, of last week's nothing.
    assert left == [".page-000002.gz.half", "page-000001.gz", "page-000001.gz"]


def test_only_resolved_rejects_go(house: House) -> None:
    house.load(NEW, order("7", price="free"))
    insert = (
        "insert into quarantine.rejects (source, stream, connection_id, partition_key, run_id,"
        " reason, resolved_at) values ('s', 't', 'c', 'k', 'r', 'why', %s)"
    )
    house.sql(insert, NOW - 91 * DAYS)
    house.sql(insert, NOW - 89 * DAYS)
    before = NOW - 90 * DAYS
    dsn = house.loader.dsn
    assert retention.delete_rejects(dsn, before, is_dry_run=True) == {"quarantine.rejects": 1}
    assert retention.delete_rejects(dsn, before) == {"quarantine.rejects": 1}
    assert retention.delete_rejects(dsn, before) == {}
    assert house.sql("select count(*) from quarantine.rejects") == [(2,)]


def test_loads_go_only_once_they_are_published(house: House) -> None:
    published, pending = house.load(OLD, order("7")), 0
    first = house.publish(OLD.date(), OLD, 1)
    pending = house.load(OLD, order("8"))
    house.sql(
        "insert into quality.expectation_results (run_id, suite, table_name, expectation,"
        " severity, success, checked_at) values ('r', 's', 't', 'e', 'info', true, %s)",
        OLD,
    )
    newest = house.load(OLD, order("9"))
    house.sql(
        "insert into quality.source_arrivals (source, day, run_id, arrived_at)"
        " select 'small_shop', d, 'r', %s from unnest(%s::date[]) as d",
        OLD,
        [OLD.date(), OLD.date() + DAYS],
    )

    expected = {
        "quality.expectation_results": 1,
        "quality.load_windows": 1,
        "quality.source_arrivals": 1,
    }
    assert house.delete_quality(is_dry_run=True) == expected
    assert house.sql("select count(*) from quality.load_windows") == [(3,)]
    # Version 1 is current, so its run stays.
    assert house.delete_quality() == expected
    assert house.sql("select load_id from quality.load_windows order by 1") == [
        (pending,),
        (newest,),
    ]
    assert published not in (pending, newest)
    second = house.publish(NOW.date(), NOW, 2)
    assert house.delete_quality() == {
        "quality.load_windows": 1,
        "quality.publications": 1,
        "quality.measure_runs": 1,
    }
    assert first != second
    assert house.sql("select measure_run_id from quality.measure_runs") == [(second,)]


def test_a_published_run_stays_while_its_loads_do(house: House) -> None:
    """Were it deleted, its loads would be pending again and all their orders built anew."""
    house.load(OLD, order("7"))
    old = house.publish(OLD.date(), OLD, 1)
    house.load(NEW, order("8"))
    house.publish(NEW.date(), NEW, 2)
    # Its only load is the stream's newest but one: gone with it; now let the load be young.
    house.sql("update quality.load_windows set loaded_at = %s", NEW)
    assert house.delete_quality() == {"quality.publications": 1}
    assert (old,) in house.sql("select measure_run_id from quality.measure_runs")
    transformer = house.warehouse.dsn("transformer")
    assert open_measure_run(transformer, NEW.date(), ["small_shop"], "m") is None


def test_kept_versions_keep_their_publication(house: House) -> None:
    for version in (1, 2, 3):
        house.load(OLD, order(str(version)))
        house.publish(OLD.date(), OLD, version)
    house.sql("create schema marts_v2")
    assert house.delete_quality()["quality.publications"] == 1
    assert house.sql("select version from quality.publications order by 1") == [(2,), (3,)]


def test_a_day_of_measuring_works_after_everything_old_went(house: House) -> None:
    house.load(OLD, order("7"))
    house.publish(OLD.date(), OLD, 1)
    house.delete_landing()
    house.delete_quality()
    house.load(NEW, order("7", note="changed", updated="2026-11-06T00:00:00Z"))
    run = open_measure_run(house.warehouse.dsn("transformer"), NEW.date(), ["small_shop"], "m")
    assert run is not None
    assert run.load_count == 1


def test_answers_go_after_their_month(tmp_path: Path) -> None:
    folder = tmp_path / "answers"
    folder.mkdir()
    for name, age in (("old.json", 31), ("new.json", 29)):
        (folder / name).write_text("{}")
        os.utime(folder / name, ((NOW - age * DAYS).timestamp(),) * 2)
    before = NOW - 30 * DAYS
    assert retention.delete_answers(tmp_path, before, is_dry_run=True) == {"answers": 1}
    assert retention.delete_answers(tmp_path, before) == {"answers": 1}
    assert [path.name for path in folder.iterdir()] == ["new.json"]


def environment(house: House, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    for role in ("loader", "transformer"):
        parts = psycopg.conninfo.conninfo_to_dict(house.warehouse.dsn(role))
        text = (
            f'{{"conn_type": "postgres", "host": "{parts["host"]}", "port": {parts["port"]},'
            f' "login": "{role}", "password": "{parts["password"]}", "schema": "warehouse"}}'
        )
        monkeypatch.setenv(variable_of(f"warehouse_{role}"), text)
    monkeypatch.setenv(variable_of("privacy"), '{"conn_type": "generic", "password": "key"}')
    monkeypatch.setenv("GROUNDSWELL_LANDING_URL", str(house.landing))
    monkeypatch.setenv("GROUNDSWELL_PRIVACY_DIR", str(folder / "privacy"))
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(folder))


def test_the_steps_of_the_day(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(house, monkeypatch, tmp_path)
    house.load(OLD, order("7"))
    house.loader.run(VISITS, page([{"day": "2026-11-04", "page": "/a", "visits": 1}]))
    kept, dry_run = steps.read_params({"dry_run": True, "landing_days": 100, "other": "x"})
    assert (kept, dry_run) == (Retention(landing_days=100), True)
    assert steps.delete_expired(kept, is_dry_run=True) == {"landing.small_shop": 1}
    assert steps.delete_expired(kept) == {"landing.small_shop": 1}
    assert steps.apply_privacy_requests().done == 0
    assert steps.clean_airflow_metadata(kept) is False  # nobody takes orders
    assert steps.vacuum_tables() > 20
    [(vacuumed,)] = house.sql(
        "select count(*) from pg_stat_user_tables"
        " where relid = 'raw.small_shop__orders'::regclass and last_vacuum is not null"
    )
    assert vacuumed == 1


def test_a_locked_table_is_passed_over(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment(house, monkeypatch, tmp_path)
    house.load(NEW, order("7"))
    with psycopg.connect(house.warehouse.admin_dsn) as conn:
        conn.execute("lock table raw.small_shop__orders in access exclusive mode")
        assert steps.vacuum_tables() > 20
