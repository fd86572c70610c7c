"""What the quality pages read, against values worked out by hand."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest

from include.pages import quality_checks, quality_freshness, quality_loads, quality_rejects
from include.pages import quality_publications as publications
from include.pages.reader import Reader, Snapshot
from include.replay import main as replay
from include.warehouse.connection import connect
from tests.integration import quality_rows as rows

ZONE = ZoneInfo("America/New_York")
# 10:00 in New York, an hour after the deadline of the 19th.
NOW = dt.datetime(2026, 11, 20, 15, 0, tzinfo=dt.UTC)


def at(day: int, hour: int, minute: int = 0) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, minute, tzinfo=dt.UTC)


@pytest.fixture(scope="module")
def snapshot(warehouse) -> Iterator[Snapshot]:
    """Five days of one source, one late and one silent source, and three measure runs."""
    warehouse.reset()
    with connect(warehouse.admin_dsn) as admin:
        fill_days(admin)
        fill_checks(admin)
        fill_runs(admin)
        fill_rejects(admin)
        pin_newest(admin)
    reader = Reader(lambda: warehouse.dsn("ui_reader"))
    with reader.snapshot() as found:
        yield found
    reader.close()
    warehouse.reset()


def fill_days(admin) -> None:
    # shopify: the 15th on time, the 16th after 14:00 UTC, the 17th two days late, the 18th twice.
    for day, loaded in ((15, at(16, 9)), (16, at(17, 15)), (17, at(20, 14, 30)), (18, at(19, 9))):
        rows.add_load(admin, "shopify", "orders", f"2026-11-{day}", loaded, rows_read=10)
        rows.add_arrival(admin, "shopify", f"2026-11-{day}", loaded)
    rows.add_load(admin, "shopify", "orders", "2026-11-18", at(20, 7), rows_read=12)
    admin.execute(
        "update quality.source_arrivals set arrived_at = %s where day = '2026-11-18'", [at(20, 7)]
    )
    rows.add_load(
        admin,
        "shopify",
        "orders",
        "2026-11-19",
        at(20, 9),
        rows_read=103,
        rows_merged=60,
        rows_unchanged=39,
        rows_rejected=1,
        drifted_fields=["taxPolicy"],
        landing_path="shopify/shopify/orders/2026-11-19/run",
    )
    rows.add_arrival(admin, "shopify", "2026-11-19", at(20, 9), skipped_streams=["refunds"])
    # tiktok stopped on the 17th; ga4 has loaded the 19th, but its check failed.
    rows.add_load(admin, "tiktok", "videos", "2026-11-17", at(18, 9), drifted_fields=["old_field"])
    rows.add_arrival(admin, "tiktok", "2026-11-17", at(18, 9))
    rows.add_load(admin, "tiktok", "videos", "2026-11-18", at(19, 9), rows_read=5)
    rows.add_load(admin, "ga4", "sessions", "2026-11-19", at(20, 9))
    rows.add_arrival(admin, "ga4", "2026-11-18", at(19, 9))
    rows.add_load(
        admin,
        "instagram",
        "stories",
        "2026-11-20T00",
        at(20, 6, 10),
        window_end=at(20, 6),
        window_start=at(20, 0),
        rows_read=4,
    )


def fill_checks(admin) -> None:
    """ga4 fails its first try of the 18th and holds at the second; the 19th fails for good."""
    for day, success, count in ((18, False, 7), (18, True, 0), (19, False, 3)):
        rows.add_result(
            admin,
            "ga4",
            f"2026-11-{day}",
            success=success,
            severity="critical",
            unexpected_count=count,
        )
    # Mended by the second try of its newest day; a later window of hours says nothing about it.
    for success in (False, True):
        rows.add_result(
            admin, "instagram", "2026-11-19", success=success, severity="warning", column_name="a"
        )
    rows.add_result(admin, "instagram", "2026-11-19", success=False, severity="warning")
    rows.add_result(admin, "instagram", "2026-11-20T00", success=True, severity="warning")
    rows.add_result(admin, "shopify", "2026-11-19", success=True, severity="warning")
    # The marts of the 17th fail; `open_run` is cleared twice, Airflow keeps the run's id: a task
    # fails before the check, then the marts hold. Those of the 18th fail for good.
    for day, success, checked_at in (
        (17, False, at(18, 9, 31)),
        (17, True, at(18, 10, 1)),
        (18, False, at(19, 10, 1)),
    ):
        rows.add_result(
            admin,
            "marts",
            f"2026-11-{day}",
            success=success,
            severity="critical",
            run_id=f"asset_triggered__2026-11-{day}",
            table_name="marts_next.mart_funnel",
            checked_at=checked_at,
        )


def fill_runs(admin) -> None:
    rows.add_run(
        admin, "2026-11-16", "published", at(17, 10), version=1, sources_missing=["tiktok"]
    )
    rows.add_run(admin, "2026-11-17", "failed", at(18, 9, 30))
    rows.add_run(admin, "2026-11-17", "failed", at(18, 9, 40))
    rows.add_run(admin, "2026-11-17", "published", at(18, 10), version=2)
    rows.add_run(admin, "2026-11-18", "failed", at(19, 10))
    rows.add_run(admin, "2026-11-15", "refused", at(20, 10))
    rows.add_run(admin, "2026-11-19", "superseded", at(20, 11))
    rows.add_run(admin, "2026-11-19", "open", at(20, 11, 1))


def pin_newest(admin) -> None:
    """Two runs took the newest load of the shop's orders: the one that failed and a published."""
    admin.execute(
        "insert into quality.measure_run_loads select run, max(load_id)"
        " from quality.load_windows, unnest(array[4, 5]) as run"
        " where source = 'shopify' and partition_key = '2026-11-19' group by run"
    )


def fill_rejects(admin) -> None:
    broken = "Object missing required field `id`"
    rows.add_reject(admin, "2026-11-19", broken, rejected_at=at(20, 9))
    rows.add_reject(admin, "2026-11-18", broken, rejected_at=at(19, 9), load_id=None)
    rows.add_reject(
        admin,
        "2026-11-17",
        "old",
        rejected_at=at(18, 9),
        resolved_at=at(19, 9),
        resolved_by_load_id=3,
    )
    rows.add_reject(
        admin,
        "2026-11-19",
        'invalid input syntax for type date: "jane@example.test"',
        connection_id="shopify__uk",
        record_key="jane@example.test",
        landing_path=None,
        payload='{"cut": "off',
    )


def test_marks_say_when_a_day_was_complete_first(snapshot):
    found = quality_freshness.read_freshness(snapshot, ["shopify", "tiktok"], ZONE, NOW)
    by_name = {source.source: source for source in found.sources}
    assert found.expected_day == dt.date(2026, 11, 19)
    assert found.deadline_at == at(20, 14)
    assert [mark.state for mark in by_name["shopify"].days][-6:] == [
        "none",
        "on_time",
        "late",
        "backfilled",
        "on_time",
        "on_time",
    ]
    assert by_name["shopify"].days[-1].skipped_streams == ("refunds",)
    assert [mark.state for mark in by_name["tiktok"].days][-4:] == [
        "none",
        "on_time",
        "missing",
        "none",
    ]
    assert [mark.state for mark in by_name["ga4"].days][-2:] == ["on_time", "failed"]


def test_states_ages_and_delays(snapshot):
    found = quality_freshness.read_freshness(snapshot, ["shopify", "tiktok", "youtube"], ZONE, NOW)
    by_name = {source.source: source for source in found.sources}
    assert {name: source.state for name, source in by_name.items()} == {
        "ga4": "held",
        "shopify": "arrived",
        "tiktok": "late",
        "youtube": "never",
    }
    # The 19th ended at midnight of New York, 05:00 UTC: ten hours ago. The 17th two days more.
    assert by_name["shopify"].age == dt.timedelta(hours=10)
    assert by_name["tiktok"].age == dt.timedelta(hours=58)
    assert by_name["tiktok"].late == dt.timedelta(hours=1)
    assert by_name["shopify"].late is None
    assert by_name["youtube"].age is None
    assert found.open_count == 3
    early = quality_freshness.read_freshness(snapshot, ["tiktok"], ZONE, at(20, 13))
    assert {s.source: s.state for s in early.sources}["tiktok"] == "due"
    assert {s.source: s.days[-1].state for s in early.sources}["tiktok"] == "due"


def test_streams_with_windows_of_their_own(snapshot):
    [own] = quality_freshness.read_freshness(snapshot, [], ZONE, NOW).own_windows
    assert (own["stream"], own["partition_key"], own["rows_read"]) == (
        "stories",
        "2026-11-20T00",
        4,
    )


def test_load_windows_are_chosen_and_summed(snapshot):
    found = quality_loads.read_windows(snapshot, source="shopify")
    assert [row["partition_key"][-2:] for row in found.rows] == ["19", "18", "18", "17", "16", "15"]
    assert found.total == 6
    totals = quality_loads.read_totals(snapshot, source="shopify", day="2026-11-19")
    names = ("rows_read", "rows_merged", "rows_unchanged", "rows_rejected", "rows_repeated")
    assert [totals[name] for name in names] == [103, 60, 39, 1, 3]
    [rejected] = quality_loads.read_windows(snapshot, status="rejects").rows
    assert rejected["rows_rejected"] == 1
    by_day = quality_loads.read_windows(snapshot, day="2026-11-20").rows
    assert [row["stream"] for row in by_day] == ["stories"]


def test_a_load_names_its_publications_and_its_replay(snapshot):
    newest = quality_loads.read_windows(snapshot, source="shopify", day="2026-11-19").rows[0]
    found = quality_loads.read_load(snapshot, newest["load_id"])
    assert found is not None
    assert (found["rows_read"], found["drifted_fields"]) == (103, ["taxPolicy"])
    assert found["measure_runs"] == [4]
    assert found["command"] == (
        "python -m include.replay shopify orders --connection shopify --day 2026-11-19"
    )
    assert quality_loads.read_load(snapshot, 999) is None


def test_drift_knows_what_is_still_sent(snapshot):
    found = quality_loads.read_drift(snapshot).rows
    shown = [(row["source"], row["field"], row["first_key"], row["is_present"]) for row in found]
    assert shown == [
        ("shopify", "taxPolicy", "2026-11-19", True),
        ("tiktok", "old_field", "2026-11-17", False),
    ]


def test_a_check_that_ran_again_replaces_its_first_try(snapshot):
    days, strips = quality_checks.read_strips(snapshot, dt.date(2026, 11, 19))
    assert (days[0], days[-1], len(days)) == ("2026-11-06", "2026-11-19", 14)
    assert {day: row["critical_count"] for day, row in strips["ga4"].items()} == {
        "2026-11-18": 0,
        "2026-11-19": 1,
    }
    recurring = quality_checks.read_recurring(snapshot)
    names = ("suite", "column_name", "is_current", "failed_day_count")
    assert [tuple(row[name] for name in names) for row in recurring] == [
        ("ga4", "id", True, 2),
        ("marts", "id", True, 2),
        ("instagram", "id", True, 1),
        ("instagram", "a", False, 1),
    ]


def test_a_result_comes_with_its_history_and_query(snapshot):
    newest = quality_checks.read_results(snapshot, suite="ga4").rows[0]
    found = quality_checks.read_result(snapshot, newest["result_id"])
    assert found is not None
    result, history = found
    assert [row["unexpected_count"] for row in history] == [7, 0, 3]
    assert result["failing_rows_sql"] == "select * from raw.ga4__orders where id is null"
    assert quality_checks.read_result(snapshot, 999) is None
    passed = quality_checks.read_results(snapshot, outcome="passed", severity="warning")
    assert [row["suite"] for row in passed.rows] == ["shopify", "instagram", "instagram"]


def test_runs_say_why_nothing_was_published(snapshot):
    found = {r["measure_run_id"]: r["explanation"] for r in publications.read_runs(snapshot).rows}
    assert found == {
        1: "without tiktok",
        2: "1 critical check of the new marts failed",
        3: "a task failed; its log in Airflow names the message",
        4: "complete",
        5: "1 critical check of the new marts failed",
        6: "it stands as of 2026-11-15, readers already had 2026-11-17: never backwards",
        7: "run 8 opened before it was done",
        8: "being built; readers keep the version before",
    }
    # The page links what has failed checks to them.
    counted = publications.read_runs(snapshot).rows
    assert [row["measure_run_id"] for row in counted if row["critical_count"]] == [5, 2]
    held = publications.read_runs(snapshot, status="held").rows
    assert [row["measure_run_id"] for row in held] == [7, 6, 5, 3, 2]


def test_the_last_run_that_ended_without_publishing_is_named(snapshot):
    """The one that another took over from and the one being built have not ended themselves."""
    last = publications.read_last_failure(snapshot)
    assert last is not None
    assert (last["measure_run_id"], last["status"], last["open_run_id"]) == (6, "refused", 8)
    assert last["explanation"].startswith("it stands as of 2026-11-15")


def test_what_readers_see_stands_beside_the_version_before(snapshot):
    current = publications.read_current(snapshot)
    assert current is not None
    assert (current["version"], current["previous_version"], current["newest_version"]) == (2, 1, 2)
    assert current["marts"] == {"mart_creator_scorecard": 22}
    assert current["previous_marts"] == {"mart_creator_scorecard": 21}


def test_days_that_are_loaded_but_held_back(snapshot):
    held = publications.read_held_days(snapshot, dt.date(2026, 11, 1))
    shown = [(row["source"], row["partition_key"], len(row["failures"])) for row in held]
    assert shown == [("ga4", "2026-11-19", 1), ("tiktok", "2026-11-18", 0)]
    assert held[0]["failures"][0]["unexpected_count"] == 3
    waiting = publications.read_waiting_days(snapshot, ["shopify", "ga4", "tiktok"])
    assert [(row["day"].day, row["missing"]) for row in waiting] == [
        (19, ["ga4", "tiktok"]),
        (18, ["tiktok"]),
    ]


def test_rejects_name_the_command_that_loads_them(snapshot):
    reasons = quality_rejects.read_reasons(snapshot)
    assert [(r["reject_count"], r["refused_count"], r["commands"]) for r in reasons] == [
        (
            2,
            1,
            [
                "python -m include.replay shopify orders --connection shopify --day 2026-11-18",
                "python -m include.replay shopify orders --connection shopify --rejects",
            ],
        ),
        (1, 0, []),
    ]
    counts = quality_rejects.read_counts(snapshot)
    assert (counts["waiting_count"], counts["resolved_count"]) == (3, 1)
    assert counts["oldest_waiting_at"] == at(19, 9)


def test_the_commands_are_the_command_lines(snapshot, capsys, monkeypatch, tmp_path):
    """argparse takes what the page prints: it gets as far as reading the warehouse's connection.

    Not that of an installation that may be in this folder.
    """
    monkeypatch.setenv("GROUNDSWELL_DATA_DIR", str(tmp_path))
    for reason in quality_rejects.read_reasons(snapshot):
        for command in reason["commands"]:
            words = command.split()
            assert words[:3] == ["python", "-m", "include.replay"]
            assert replay(words[3:]) == 1
            assert "AIRFLOW_CONN_WAREHOUSE_LOADER" in capsys.readouterr().err


def test_a_reject_shows_the_shape_and_no_value(snapshot):
    first = quality_rejects.read_reject(snapshot, 1)
    assert first is not None
    assert [(f["path"], f["kind"], f["size"]) for f in first["shape"]] == [
        ("$", "object", None),
        ("$.id", "number", None),
        ("$.email", "string", 17),
        ("$.lines", "array", 1),
        ("$.lines[0]", "object", None),
        ("$.lines[0].sku", "string", 3),
    ]
    cut = quality_rejects.read_reject(snapshot, 4)
    assert cut is not None
    assert [(f["path"], f["kind"], f["size"]) for f in cut["shape"]] == [("$", "text", 12)]
    assert cut["reason"] == 'invalid input syntax for type date: "…"'
    assert cut["record_key"] == "[address]"
    assert "jane" not in json.dumps([first, cut], default=str)
    assert quality_rejects.read_reject(snapshot, 99) is None
