"""Alerts about days: late sources, windows and publications, failed checks and measurements."""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

from include.alerts import days, deadline, situation
from include.settings import REPO_ROOT
from tests.integration.alert_fixtures import NOW, PLAN, open_alerts
from tests.integration.quality_rows import add_load, add_result, add_run
from tests.integration.reviewed_market import arrive

pytest_plugins = ("tests.integration.alert_fixtures",)


def test_a_source_is_late_from_nine_in_the_reporting_zone_on(look, loader, transformer) -> None:
    loader.execute(
        "delete from quality.source_arrivals where source = 'ga4' and day = '2026-03-15'"
    )
    look(NOW - dt.timedelta(minutes=31))  # 08:59: the 14th is what was due, and it is there
    assert open_alerts(transformer) == []
    look()
    assert open_alerts(transformer) == [("source_late", "ga4")]
    loader.execute("insert into quality.source_arrivals values ('ga4', '2026-03-15', now(), 'r')")
    assert look()["ended"] == 1


def test_stories_are_late_an_hour_after_their_window(look, loader, transformer, tmp_path) -> None:
    """At 13:30 UTC the window from 06 to 12 is due; the day of Instagram waits for none of them."""
    names = "instagram, instagram__two, instagram__new"
    (tmp_path / "spring.yaml").write_text(PLAN.replace("ga4]", f"ga4, {names}]"))
    arrive(loader, range(7), ("instagram",))

    def load(conn_id: str, key: str, stream: str = "stories", **more: str) -> None:
        add_load(loader, "instagram", stream, key, NOW, connection_id=conn_id, **more)

    for conn_id in ("instagram", "instagram__two", "instagram__gone"):
        load(conn_id, "2026-03-16T00")
    load("instagram__two", "2026-03-16T06", status="skipped", reason="dry run")
    load("instagram__new", "2026-03-16", stream="posts")
    assert look(dt.datetime(2026, 3, 16, 12, 59, 59, tzinfo=dt.UTC))["open"] == 0
    look(dt.datetime(2026, 3, 16, 13, tzinfo=dt.UTC))
    late = [("window_late", f"stories/instagram{name}") for name in ("", "__two")]
    assert open_alerts(transformer) == late
    [(message, path)] = transformer.execute(
        "select message, page_path from quality.alerts where subject = 'stories/instagram'"
    ).fetchall()
    assert path == "/groundswell/quality/loads?source=instagram&stream=stories"
    assert message == (
        "Instagram: stories of connection instagram are not loaded for the window that began at "
        "2026-03-16T06 UTC; the newest loaded one began at 2026-03-16T00"
    )
    load("instagram", "2026-03-16T06")
    load("instagram__two", "2026-03-16T12")
    assert look()["ended"] == 2


def test_a_new_installation_is_not_late(look, loader, transformer) -> None:
    loader.execute("delete from quality.source_arrivals")
    assert look()["open"] == 0


def test_a_publication_is_late_from_ten_on(look, loader, transformer) -> None:
    arrive(loader, range(7, 8))
    look(NOW + dt.timedelta(hours=24, minutes=29))  # Tuesday 09:59
    assert ("publication_late", "marts") not in open_alerts(transformer)
    look(NOW + dt.timedelta(hours=24, minutes=30))
    assert open_alerts(transformer) == [("publication_late", "marts")]


def test_a_publication_holds_the_newest_day_though_an_old_one_was_measured(
    look, transformer
) -> None:
    """A backfill of the 1st, published with what is known up to the 15th."""
    transformer.execute("update quality.measure_runs set day = '2026-03-01'")
    assert look(NOW + dt.timedelta(hours=1))["open"] == 0
    transformer.execute("update quality.measure_runs set as_of_date = '2026-03-14'")
    look(NOW + dt.timedelta(hours=1))
    assert open_alerts(transformer) == [("publication_late", "marts")]


def test_the_first_publication_is_late_once_days_arrive(look, loader, transformer) -> None:
    """The first measurement fails for good: nobody ever published, yet the 15th came by 09:00."""
    transformer.execute("delete from quality.publications; delete from quality.measure_runs")
    before_ten = NOW + dt.timedelta(minutes=29)
    half_past_ten = NOW + dt.timedelta(hours=1)
    loader.execute("delete from quality.source_arrivals where day < '2026-03-15'")
    at_nine = NOW - dt.timedelta(minutes=30)
    loader.execute("update quality.source_arrivals set arrived_at = %s", [at_nine])  # installed
    look(half_past_ten)
    assert open_alerts(transformer) == []
    before_nine = at_nine - dt.timedelta(seconds=1)
    loader.execute("update quality.source_arrivals set arrived_at = %s", [before_nine])
    look(before_ten)  # the 14th was due yesterday, when nothing had come
    assert open_alerts(transformer) == []
    look(half_past_ten)
    assert open_alerts(transformer) == [("publication_late", "marts")]
    [(message,)] = transformer.execute("select message from quality.alerts").fetchall()
    assert "2026-03-15 is not published" in message
    assert message.endswith("nothing ever was")


def run_measurement(transformer, status: str, minute: int, **more: object) -> None:
    add_run(
        transformer,
        "2026-03-15",
        status,
        NOW - dt.timedelta(minutes=30 - minute),
        run_id="r1",
        **more,
    )


def test_a_failed_measurement_is_told_unless_a_check_tells_it(look, transformer) -> None:
    """The 15th is published already: nothing is late, and a measurement of it fails again."""
    run_measurement(transformer, "failed", 0)
    assert look()["began"] == 1
    assert open_alerts(transformer) == [("measurement_failed", "marts")]
    run_measurement(transformer, "open", 5)
    assert look()["open"] == 1  # not mended before something is published
    transformer.execute(
        "update quality.measure_runs set status = 'superseded' where status = 'open'"
    )
    run_measurement(transformer, "published", 10, version=8)
    assert look()["ended"] == 1
    # In the same run of Airflow's the marts' check fails: that is told as a failed check.
    run_measurement(transformer, "failed", 15)
    checked_at = NOW - dt.timedelta(minutes=14)
    check(transformer, "2026-03-15", success=False, suite="marts", checked_at=checked_at)
    look()
    assert open_alerts(transformer) == [("check_failed", "marts/2026-03-15")]
    # Cleared, and now it fails before it is checked.
    run_measurement(transformer, "failed", 20)
    look()
    assert ("measurement_failed", "marts") in open_alerts(transformer)
    # A newer run opened before it was refused: nothing is wrong.
    run_measurement(transformer, "refused", 24)
    run_measurement(transformer, "open", 25)
    look()
    assert open_alerts(transformer) == [("check_failed", "marts/2026-03-15")]


def test_a_check_of_another_run_does_not_explain_a_failed_measurement(look, transformer) -> None:
    run_measurement(transformer, "failed", 15)
    checked_at = NOW - dt.timedelta(minutes=14)
    check(
        transformer, "2026-03-15", success=False, suite="marts", checked_at=checked_at, run_id="r0"
    )
    look()
    assert ("measurement_failed", "marts") in open_alerts(transformer)


def test_a_measurement_may_take_an_hour(look, transformer) -> None:
    transformer.execute(
        "insert into quality.measure_runs (day, run_id, opened_at) values ('2026-03-15', 'r2', %s)",
        [NOW - dt.timedelta(minutes=60)],
    )
    assert look()["open"] == 0
    assert look(NOW + dt.timedelta(minutes=1))["began"] == 1
    assert open_alerts(transformer) == [("measurement_slow", "marts")]
    transformer.execute("update quality.measure_runs set status = 'superseded' where run_id = 'r2'")
    assert look(NOW + dt.timedelta(minutes=2))["ended"] == 1


def check(transformer, key: str, *, success: bool, suite: str = "shopify", **more: object) -> None:
    """Record a check of one expectation, by default in the run that Airflow keeps when cleared."""
    add_result(
        transformer,
        suite,
        key,
        **{"severity": "critical", "success": success, "run_id": "r1", **more},
    )


def test_a_failed_check_ends_with_the_repair_in_the_same_run(look, transformer) -> None:
    """Clearing a task keeps its run's id: two results of one expectation, the newest counts."""
    check(transformer, "2026-03-15", success=False, severity="warning")
    assert look()["open"] == 0
    check(transformer, "2026-03-15", success=False)
    check(transformer, "2026-03-15", success=False, column_name="sku")
    check(transformer, "2026-03-15", success=False, column_name="note", severity="warning")
    assert look()["began"] == 1
    assert open_alerts(transformer) == [("check_failed", "shopify/2026-03-15")]
    check(transformer, "2026-03-15", success=True)
    assert look() == {"began": 0, "ended": 0, "open": 1, "sent": 0}  # sku still fails
    [(message,)] = transformer.execute("select message from quality.alerts").fetchall()
    assert "2026-03-15: a critical check fails, raw.shopify__orders: unique" in message
    check(transformer, "2026-03-15", success=True, column_name="sku")
    assert look()["ended"] == 1


def test_a_failed_check_is_told_for_sixty_days(look, transformer) -> None:
    check(transformer, "2026-01-14", success=False, checked_at=NOW - dt.timedelta(days=60))
    check(
        transformer,
        "2026-01-13",
        success=False,
        checked_at=NOW - dt.timedelta(days=60, seconds=1),
    )
    look()
    assert open_alerts(transformer) == [("check_failed", "shopify/2026-01-14")]


def test_a_failed_day_lasts_whatever_other_days_and_windows_do(
    look, loader, transformer, outbox, tmp_path
) -> None:
    (tmp_path / "spring.yaml").write_text(PLAN.replace("ga4]", "ga4, instagram]"))
    arrive(loader, range(6), ("instagram",))
    arrive(loader, range(7, 8), ("instagram",))
    check(transformer, "2026-03-15", success=False, suite="instagram")
    look()
    held = ("check_failed", "instagram/2026-03-15")
    late = ("source_late", "instagram")
    assert open_alerts(transformer) == [held, late]
    # The stories of six hours, a backfill of an old day and the next day share the suite's name.
    for key in ("2026-03-16T06", "2026-02-01", "2026-03-16"):
        check(transformer, key, success=True, suite="instagram", run_id=key)
    look()
    assert open_alerts(transformer) == [held, late]
    # The next day fails as well: an alert of its own, told of its own.
    check(transformer, "2026-03-16", success=False, suite="instagram", run_id="r2")
    assert (look()["began"], len(outbox.sent)) == (1, 2)
    assert "Instagram, 2026-03-16: a critical check fails" in outbox.sent[1].text
    (tmp_path / "spring.yaml").write_text(PLAN)  # what left the plan holds nothing back
    assert look()["ended"] == 3


def test_what_passed_later_without_an_expectation_ends_its_failure(
    look, loader, transformer
) -> None:
    """An update renames an expectation: nothing stores a newer result under the old name."""
    check(transformer, "2026-03-15", success=False)
    check(transformer, "2026-03-14", success=False, suite="marts")
    look()
    assert open_alerts(transformer) == [
        ("check_failed", "marts/2026-03-14"),
        ("check_failed", "shopify/2026-03-15"),
    ]
    loader.execute(
        "update quality.source_arrivals set arrived_at = clock_timestamp() + interval '1 second'"
        " where source = 'shopify' and day = '2026-03-15'"
    )
    assert look()["ended"] == 1
    # Readers got a later version, but of an older day; then one that holds the 14th.
    transformer.execute(
        "update quality.measure_runs set closed_at = clock_timestamp() + interval '1 second',"
        " day = '2026-03-13', as_of_date = '2026-03-13'"
    )
    look()
    assert ("check_failed", "marts/2026-03-14") in open_alerts(transformer)
    transformer.execute("update quality.measure_runs set as_of_date = '2026-03-14'")
    look()
    assert ("check_failed", "marts/2026-03-14") not in open_alerts(transformer)


def test_deadlines_are_those_of_the_schedules() -> None:
    closing = (REPO_ROOT / "dags" / "close_day.py").read_text()
    assert re.findall(r'"(\d+) (\d+) \* \* \*"', closing) == [
        (str(days.ARRIVAL_DUE.minute), str(days.ARRIVAL_DUE.hour))
    ]
    assert deadline.MEASURED_WITHIN == days.MEASURED_WITHIN
    alert = deadline.measuring_deadline()
    assert alert.interval == days.MEASURED_WITHIN
    # A deadline counted from the queueing makes Airflow refuse to clear the run's tasks.
    assert type(alert.reference).__name__ == "AverageRuntimeDeadline"
    assert (alert.reference.max_runs, alert.reference.min_runs) == (10, 1)
    summer = situation.Situation(None, None, NOW, "America/New_York", ())  # type: ignore[arg-type]
    assert NOW.astimezone(ZoneInfo("America/New_York")).hour == 9
    assert summer.due_day(days.ARRIVAL_DUE) == dt.date(2026, 3, 15)
    assert summer.due_day(days.PUBLICATION_DUE) == dt.date(2026, 3, 14)
