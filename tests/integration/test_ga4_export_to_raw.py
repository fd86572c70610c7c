"""The GA4 export into Postgres over several days, against what the market's Data API reports."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from in_process_dbt import run_dbt

from include.campaigns.plan import load_plan
from include.ingest import StreamResult, day_window, run_stream
from include.quality import check_source
from include.replay import replay_all
from include.sandbox.world import Market, build_market
from include.settings import REPO_ROOT
from include.sources._base import Connection
from include.sources.ga4_export import SOURCE
from include.sources.ga4_export import sandbox as export_sandbox
from include.warehouse.connection import connect
from tests.conftest import Warehouse

NEW_YORK = ZoneInfo("America/New_York")
FIRST = dt.date(2026, 10, 31)  # the clocks change on 1 November
EVENTS = SOURCE.stream("events")


class Bench:
    """A folder of exported tables and a warehouse."""

    def __init__(self, warehouse: Warehouse, root: Path) -> None:
        self.warehouse, self.dsn = warehouse, warehouse.dsn("loader")
        self.folder, self.landing = root / "export", str(root / "landing")
        self.folder.mkdir()
        self.runs = 0

    def run(self, day: dt.date) -> StreamResult:
        self.runs += 1
        extra = {"url": str(self.folder), "settle_seconds": 0}
        return run_stream(
            SOURCE,
            EVENTS,
            Connection("ga4_export", extra=extra),
            day_window(day, NEW_YORK),
            dsn=self.dsn,
            landing_url=self.landing,
            hash_key=b"key of this test",
            run_id=f"run-{self.runs}",
        )

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query, values).fetchall()

    def staged(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.warehouse.dsn("transformer")) as conn:
            return conn.execute(query, values).fetchall()  # type: ignore[arg-type]

    def put(self, name: str, *events: dict[str, Any]) -> None:
        text = "".join(json.dumps(event) + "\n" for event in events)
        (self.folder / name).write_text(text)

    def names(self) -> list[tuple[Any, ...]]:
        return self.rows(
            "select event_date::text, event_name, is_intraday from raw.ga4_export__events"
            " order by 1, 2"
        )


@pytest.fixture
def bench(clean_warehouse: Warehouse, tmp_path: Path) -> Bench:
    return Bench(clean_warehouse, tmp_path)


@pytest.fixture(scope="module")
def market() -> Market:
    return build_market(load_plan(REPO_ROOT / "include/campaigns/serum_launch.yaml"), 7)


def event(day: str, name: str, **fields: Any) -> dict[str, Any]:
    at = dt.datetime.strptime(day, "%Y%m%d").replace(hour=18, tzinfo=dt.UTC)
    return {
        "event_date": day,
        "event_timestamp": str(int(at.timestamp()) * 1_000_000),
        "event_name": name,
        "event_params": [{"key": "ga_session_id", "value": {"int_value": "1"}}],
        "user_pseudo_id": "1.1",
        **fields,
    }


def morning(day: dt.date) -> dt.datetime:
    at = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(3), tzinfo=NEW_YORK)
    return at.astimezone(dt.UTC)


def test_a_day_becomes_exactly_what_its_files_hold(bench: Bench) -> None:
    day = dt.date(2026, 11, 4)
    bench.put("events_20261104.json", event("20261104", "a"), event("20261104", "b"))
    bench.run(day)
    bench.put("events_20261104.json", event("20261104", "a"), event("20261104", "c"))
    again = bench.run(day)
    assert (again.rows_merged, again.rows_unchanged, again.rows_deleted) == (1, 1, 1)
    assert [row[1] for row in bench.names()] == ["a", "c"]


def test_events_exported_twice_are_one_row(bench: Bench) -> None:
    bench.put("events_20261104-000000000000.json", event("20261104", "a"), event("20261104", "a"))
    bench.put("events_20261104-000000000001.json", event("20261104", "a"), event("20261104", "b"))
    bench.run(dt.date(2026, 11, 4))
    assert [row[1] for row in bench.names()] == ["a", "b"]


def test_the_daily_table_takes_the_intraday_ones_place(bench: Bench) -> None:
    day = dt.date(2026, 11, 4)
    bench.put("events_intraday_20261104.json", event("20261104", "a"), event("20261104", "early"))
    bench.run(day)
    bench.put("events_20261104.json", event("20261104", "a"), event("20261104", "b"))
    bench.run(day)
    assert bench.names() == [("2026-11-04", "a", False), ("2026-11-04", "b", False)]


def test_a_day_that_comes_or_changes_late_is_read_for_three_days(bench: Bench) -> None:
    for day in ("20261102", "20261103", "20261104"):
        bench.put(f"events_{day}.json", event(day, "a"))
    bench.run(dt.date(2026, 11, 4))
    bench.put("events_20261101.json", event("20261101", "late"))
    bench.put("events_20261102.json", event("20261102", "changed"))
    bench.run(dt.date(2026, 11, 4))
    assert [row[:2] for row in bench.names()] == [
        ("2026-11-01", "late"), ("2026-11-02", "changed"), ("2026-11-03", "a"), ("2026-11-04", "a"),
    ]  # fmt: skip
    bench.put("events_20261101.json", event("20261101", "too late"))
    bench.run(dt.date(2026, 11, 5))
    assert bench.names()[0][1] == "late"
    bench.run(dt.date(2026, 11, 1))
    assert bench.names()[0][1] == "too late"


def test_a_day_whose_file_is_taken_away_keeps_its_rows(bench: Bench) -> None:
    for day in ("20261102", "20261103", "20261104"):
        bench.put(f"events_{day}.json", event(day, "a"))
    bench.run(dt.date(2026, 11, 4))
    (bench.folder / "events_20261103.json").unlink()
    bench.put("events_20261104.json", event("20261104", "changed"))
    bench.run(dt.date(2026, 11, 4))
    assert [row[:2] for row in bench.names()] == [
        ("2026-11-02", "a"), ("2026-11-03", "a"), ("2026-11-04", "changed"),
    ]  # fmt: skip


def test_days_of_the_market_arrive_late_and_tie_with_the_data_api(
    bench: Bench, market: Market, tmp_path: Path
) -> None:
    days = [FIRST + dt.timedelta(days=n) for n in range(5)]
    for day in days:
        export_sandbox.write_files(market, morning(day), bench.folder, FIRST)
        result = bench.run(day)
        assert (result.rows_rejected, result.drifted_fields) == (0, ())
        check_source(bench.dsn, SOURCE, day.isoformat(), "test")
    names = sorted(path.name for path in bench.folder.iterdir())
    assert names[:2] == ["events_20261031.json.gz", "events_20261101.json.gz"]
    assert [name for name in names if "intraday" in name] == [
        "events_intraday_20261104.json.gz",
        "events_intraday_20261105.json.gz",
    ]

    # The first two days are settled by now: sessions by source tie with the Data API's.
    run_dbt(
        bench.warehouse, ["build", "--select", "path:models/staging/ga4_export"], tmp_path / "dbt"
    )
    now = morning(days[-1])
    for day in days[:2]:
        wanted: dict[tuple[str, ...], int] = {}
        for row in market.ga4_sessions_at(now):
            if row.date == day:
                key = (row.source, row.medium, row.campaign, row.content)
                wanted[key] = wanted.get(key, 0) + row.sessions
        found = bench.staged(
            "select session_source, session_medium, session_campaign, session_content,"
            " count(distinct session_key) from staging.stg_ga4_export__events"
            " where event_date = %s and session_key is not null group by 1, 2, 3, 4",
            day,
        )
        assert {row[:4]: row[4] for row in found} == wanted
        bought = {
            row.transaction_id.removeprefix("#"): row.revenue
            for row in market.ga4_transactions_at(now)
            if row.date == day and row.transaction_id != "(not set)"
        }
        purchases = bench.staged(
            "select transaction_key, purchase_amount from staging.stg_ga4_export__purchases"
            " where transaction_date = %s",
            day,
        )
        assert sorted(purchases) == sorted(bought.items())
    events = bench.staged(
        "select count(*) filter (where event_name = 'purchase'),"
        " count(distinct transaction_key) filter (where event_name = 'purchase')"
        " from staging.stg_ga4_export__events",
    )
    assert events[0][0] > events[0][1] > 100


def test_landing_alone_rebuilds_raw_and_holds_no_cookie(bench: Bench, market: Market) -> None:
    export_sandbox.write_files(market, morning(FIRST), bench.folder, FIRST)
    bench.run(FIRST)
    users = {
        json.loads(line)["user_pseudo_id"]
        for path in bench.folder.iterdir()
        for line in gzip.decompress(path.read_bytes()).splitlines()
    } - {None}
    landed = b"".join(gzip.decompress(p.read_bytes()) for p in Path(bench.landing).rglob("*.gz"))
    assert len(users) > 100
    assert not [user for user in users if user.encode() in landed]
    query = (
        "select md5(string_agg(md5((to_jsonb(e) - '_load_id' - '_loaded_at')::text), ''"
        " order by event_key)), count(*) from raw.ga4_export__events as e"
    )
    before = bench.rows(query)
    with connect(bench.warehouse.admin_dsn) as conn:
        conn.execute("drop table raw.ga4_export__events cascade")
        conn.execute("truncate quality.load_windows cascade")
    replay_all(SOURCE, EVENTS, "ga4_export", dsn=bench.dsn, landing_url=bench.landing)
    assert bench.rows(query) == before
    assert before[0][1] > 1_000
