"""Files of a folder into Postgres: sent again, changed, copied, taken away, replayed, checked."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from in_process_dbt import run_dbt

from include.campaigns.plan import load_plan
from include.errors import InvalidFile, TooManyRejects
from include.ingest import StreamResult, day_window, run_stream
from include.quality import check_source
from include.replay import replay_all, replay_window
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT
from include.sources.files import SOURCE
from include.sources.files import sandbox as files_sandbox
from include.warehouse.connection import connect
from tests.conftest import Warehouse
from tests.fakes.watched_folder import HASH_KEY, WatchedFolder, hashed

DAY = dt.date(2026, 11, 4)
COSTS = "sku,valid_from,unit_cost_amount,currency_code\n"


class Bench:
    """A folder, a warehouse, and runs of the folder's streams."""

    def __init__(self, warehouse: Warehouse, root: Path) -> None:
        self.warehouse = warehouse
        self.dsn = warehouse.dsn("loader")
        self.landing = str(root / "landing")
        self.folder = WatchedFolder(root / "incoming", SOURCE, {"settle_seconds": 0})
        self.folder.root.mkdir()
        self.runs = 0

    def run(self, stream: str, day: dt.date = DAY) -> StreamResult:
        self.runs += 1
        return run_stream(
            SOURCE,
            SOURCE.stream(stream),
            self.folder.connection(),
            day_window(day, "America/New_York"),
            dsn=self.dsn,
            landing_url=self.landing,
            hash_key=HASH_KEY,
            run_id=f"run-{self.runs}",
        )

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query).fetchall()

    def costs(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select sku, unit_cost_amount::text, file_name, line_number"
            " from raw.files__unit_costs order by sku"
        )


@pytest.fixture
def bench(clean_warehouse: Warehouse, tmp_path: Path) -> Bench:
    return Bench(clean_warehouse, tmp_path)


def cost(sku: str, amount: str) -> str:
    return f"{sku},2026-09-01,{amount},USD\n"


def counts(result: StreamResult) -> tuple[int, int, int, int]:
    return (
        result.rows_read, result.rows_merged, result.rows_unchanged, result.rows_deleted
    )  # fmt: skip


def test_the_same_file_again_changes_nothing(bench: Bench) -> None:
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1.50") + cost("B", "2"))
    assert counts(bench.run("unit_costs")) == (2, 2, 0, 0)
    loads = bench.rows("select sku, _load_id, _loaded_at from raw.files__unit_costs order by sku")
    assert counts(bench.run("unit_costs")) == (2, 0, 2, 0)
    assert counts(bench.run("unit_costs", DAY + dt.timedelta(days=1))) == (2, 0, 2, 0)
    bench.folder.put("unit_costs/copy of a.csv", COSTS + cost("A", "1.50") + cost("B", "2"))
    assert counts(bench.run("unit_costs"))[1] == 0
    again = bench.rows("select sku, _load_id, _loaded_at from raw.files__unit_costs order by sku")
    assert again == loads


def test_a_changed_file_replaces_its_own_rows_only(bench: Bench) -> None:
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1") + cost("B", "2"))
    bench.folder.put("unit_costs/z.csv", COSTS + cost("Z", "9"))
    bench.run("unit_costs")
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1.10") + cost("C", "3"))
    assert counts(bench.run("unit_costs")) == (3, 2, 1, 1)
    assert bench.costs() == [
        ("A", "1.10", "unit_costs/a.csv", 2),
        ("C", "3", "unit_costs/a.csv", 3),
        ("Z", "9", "unit_costs/z.csv", 2),
    ]
    bench.folder.put("unit_costs/a.csv", COSTS)
    bench.run("unit_costs")
    assert [row[0] for row in bench.costs()] == ["Z"]


def test_a_reject_whose_key_is_a_time_is_resolved_by_the_repaired_file(bench: Bench) -> None:
    """The file writes the time with an offset, Postgres shows it in UTC."""
    line = (
        '{"platform": "instagram", "creator_handle": "@maya", "reach": %s,'
        ' "published_at": "2026-11-04T18:30:00.250-05:00"}\n'
    )
    bench.folder.put("story_numbers/maya.jsonl", line % '"many"')
    bench.run("story_numbers")
    waiting = "select record_key, resolved_at is null from quarantine.rejects"
    key = "instagram|@maya|2026-11-04 23:30:00.25+00"
    assert bench.rows(waiting) == [(key, True)]
    bench.folder.put("story_numbers/maya.jsonl", line % "120")
    bench.run("story_numbers", DAY + dt.timedelta(days=1))
    assert bench.rows(waiting) == [(key, False)]


def test_a_file_that_is_taken_away_leaves_its_rows(bench: Bench) -> None:
    path = bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1"))
    bench.folder.put("unit_costs/b.csv", COSTS + cost("B", "2"))
    bench.run("unit_costs")
    path.unlink()
    assert counts(bench.run("unit_costs")) == (1, 0, 1, 0)
    (bench.folder.root / "unit_costs/b.csv").unlink()
    assert counts(bench.run("unit_costs")) == (0, 0, 0, 0)
    assert [row[0] for row in bench.costs()] == ["A", "B"]


def test_of_two_files_with_one_key_the_last_changed_wins(bench: Bench) -> None:
    bench.folder.put("unit_costs/old.csv", COSTS + cost("A", "1"), age_minutes=50)
    bench.folder.put("unit_costs/new.csv", COSTS + cost("A", "2"), age_minutes=40)
    bench.run("unit_costs")
    assert bench.costs() == [("A", "2", "unit_costs/new.csv", 2)]
    bench.folder.put("unit_costs/new.csv", COSTS + cost("B", "3"), age_minutes=30)
    bench.run("unit_costs")
    assert bench.costs() == [
        ("A", "1", "unit_costs/old.csv", 2),
        ("B", "3", "unit_costs/new.csv", 2),
    ]


def test_a_file_that_becomes_a_copy_of_another_loses_its_own_rows(bench: Bench) -> None:
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1"), age_minutes=50)
    bench.folder.put("unit_costs/b.csv", COSTS + cost("B", "2"), age_minutes=50)
    bench.run("unit_costs")
    bench.folder.put("unit_costs/b.csv", COSTS + cost("A", "1"), age_minutes=40)
    bench.run("unit_costs")
    assert bench.costs() == [("A", "1", "unit_costs/a.csv", 2)]


def test_bad_lines_wait_in_quarantine_with_file_and_line(bench: Bench) -> None:
    good = "".join(cost(f"S{n:02}", "1") for n in range(30))
    bench.folder.put("unit_costs/a.csv", COSTS + good + "BAD,2026-09-01\n" + cost("WORSE", "seven"))
    result = bench.run("unit_costs")
    assert (result.rows_read, result.rows_merged, result.rows_rejected) == (32, 30, 2)
    rejects = bench.rows("select reason, payload from quarantine.rejects order by record_key")
    reasons = "\n".join(f"{reason} | {payload}" for reason, payload in rejects)
    assert "unit_costs/a.csv: line 32 has 2 cells, the header 4" in reasons
    assert "unit_cost_amount: Invalid decimal string: 'seven'" in reasons
    assert '"file_name":"unit_costs/a.csv"' in reasons
    assert '"line_number":33' in reasons


def test_too_many_bad_lines_load_nothing(bench: Bench) -> None:
    lines = "".join(cost(f"S{n}", "1" if n < 8 else "seven") for n in range(10))
    bench.folder.put("unit_costs/a.csv", COSTS + lines)
    with pytest.raises(TooManyRejects, match="2 of 10 rows do not fit"):
        bench.run("unit_costs")
    assert bench.costs() == []


def test_a_refused_file_lands_nothing_and_loads_nothing(bench: Bench, tmp_path: Path) -> None:
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1"))
    bench.folder.put("unit_costs/b.csv", "sku,cost\nA,1\n")
    with pytest.raises(InvalidFile, match=r"unit_costs/b\.csv"):
        bench.run("unit_costs")
    assert bench.costs() == []
    assert not list((tmp_path / "landing").rglob("*.gz"))


def test_landing_alone_rebuilds_raw(bench: Bench) -> None:
    survey = (
        "response_id;submitted_at;customer_email;answer\n"
        "r1;2026-11-04T10:00:00Z;Jane@Doe.example;Instagram\n"
    )
    bench.folder.put("post_purchase_survey/a.csv", survey)
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1") + "short\n")
    bench.folder.put("unit_costs/b.jsonl", '{"sku":"J","valid_from":"2026-09-01",'
        '"unit_cost_amount":1.10,"currency_code":"USD"}\n')  # fmt: skip
    query = "select * from raw.files__{} order by line_number, file_name"
    tables = ("unit_costs", "post_purchase_survey")
    for table in tables:
        bench.run(table)
    before = {table: bench.rows(query.format(table)) for table in tables}
    assert hashed("jane@doe.example") in before["post_purchase_survey"][0]

    # What the database knows of the loads is lost too.
    with connect(bench.warehouse.admin_dsn) as conn:
        for table in tables:
            conn.execute(f"drop table raw.files__{table} cascade")  # type: ignore[arg-type]
        conn.execute("truncate quality.load_windows cascade")
    for table in tables:
        stream = SOURCE.stream(table)
        (result,) = replay_all(SOURCE, stream, "files", dsn=bench.dsn, landing_url=bench.landing)
        assert result.rows_merged == len(before[table])
    loader_columns = 2  # _load_id and _loaded_at are of the load
    for table in tables:
        rebuilt = bench.rows(query.format(table))
        assert [row[:-loader_columns] for row in rebuilt] == [
            row[:-loader_columns] for row in before[table]
        ]


def test_a_replay_of_an_older_run_changes_nothing(bench: Bench) -> None:
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "1") + cost("B", "2"))
    bench.run("unit_costs", DAY)
    bench.folder.put("unit_costs/a.csv", COSTS + cost("A", "5"))
    bench.run("unit_costs", DAY + dt.timedelta(days=1))
    stream = SOURCE.stream("unit_costs")
    replay_window(
        SOURCE, stream, "files", DAY.isoformat(), dsn=bench.dsn, landing_url=bench.landing
    )
    assert bench.costs() == [("A", "5", "unit_costs/a.csv", 2)]


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(load_plan(REPO_ROOT / "include/campaigns/serum_launch.yaml"), 7)


def test_the_sandboxes_files_load_check_and_stage(
    bench: Bench, market: Market, tmp_path: Path
) -> None:
    now = dt.datetime(2026, 11, 5, 8, tzinfo=dt.UTC)
    paths = files_sandbox.write_files(market, now, bench.folder.root)
    assert len({path.parent for path in paths}) == len(SOURCE.streams)
    for stream in SOURCE.streams:
        result = bench.run(stream.name)
        assert result.rows_read == result.rows_merged > 0, stream.name
        assert (result.rows_rejected, result.drifted_fields) == (0, ())
    check_source(bench.dsn, SOURCE, DAY.isoformat(), "test")

    run_dbt(bench.warehouse, ["build", "--select", "path:models/staging/files"], tmp_path / "dbt")
    spend = sum(float(row["spend_amount"]) for row in files_sandbox.paid_ads_rows(market, now))
    with connect(bench.warehouse.dsn("transformer")) as conn:
        [(total,)] = conn.execute(
            "select sum(spend_amount) from staging.stg_files__paid_ads_costs"
        ).fetchall()
        named = conn.execute(
            "select count(*) from staging.stg_files__post_purchase_survey"
            " where creator_handle_key is not null and code_key is not null"
        ).fetchall()
    assert float(total) == pytest.approx(spend)
    assert named[0][0] > 20
    # Nothing was written that changed: the files of the next call are the same ones.
    times = {path: path.stat().st_mtime_ns for path in paths}
    files_sandbox.write_files(market, now, bench.folder.root)
    assert {path: path.stat().st_mtime_ns for path in paths} == times
