"""The seam to Airflow: which day a run owns."""

from __future__ import annotations

import datetime as dt
from types import SimpleNamespace

import pytest

from include import orchestration
from include.errors import PermanentError


def run_with(monkeypatch: pytest.MonkeyPatch, key: str | None) -> None:
    run = SimpleNamespace(run_id="manual__1", partition_key=key)
    monkeypatch.setattr(orchestration, "get_current_context", lambda: {"dag_run": run})


def test_the_partition_key_is_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    run_with(monkeypatch, "2026-11-20")
    assert orchestration.partition_day() == dt.date(2026, 11, 20)
    assert orchestration.run_id() == "manual__1"


def test_a_run_without_a_key_fails_at_once_and_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run_with(monkeypatch, None)
    with pytest.raises(PermanentError, match=r"manual__1 has no partition key.*use Backfill"):
        orchestration.partition_day()


def form_with(monkeypatch: pytest.MonkeyPatch, key: str | None, **params: object) -> None:
    run = SimpleNamespace(run_id="manual__1", partition_key=key)
    context = {"dag_run": run, "params": params}
    monkeypatch.setattr(orchestration, "get_current_context", lambda: context)


def test_a_run_by_hand_owns_the_day_of_its_form(monkeypatch: pytest.MonkeyPatch) -> None:
    form_with(monkeypatch, None, day="2026-11-20")
    assert orchestration.partition_day() == dt.date(2026, 11, 20)
    form_with(monkeypatch, "2026-11-20", day="2026-11-20")
    assert orchestration.partition_key() == "2026-11-20"


def test_a_key_and_another_day_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    form_with(monkeypatch, "2026-11-20", day="2026-11-19")
    with pytest.raises(PermanentError, match="the partition key 2026-11-20 and the day 2026-11-19"):
        orchestration.partition_key()


@pytest.mark.parametrize(
    ("key", "day"), [(None, "2026-11-21"), ("2026-11-21", None), (None, "2099-01-01")]
)
def test_a_day_that_is_not_over_is_refused(
    monkeypatch: pytest.MonkeyPatch, key: str | None, day: str | None
) -> None:
    """Asked for at 03:30 UTC of the 22nd, which is 22:30 of the 21st in New York: it goes on."""
    asked = dt.datetime(2026, 11, 22, 3, 30, tzinfo=dt.UTC)
    run = SimpleNamespace(run_id="manual__1", partition_key=key, run_after=asked)
    context = {"dag_run": run, "params": {"day": day}}
    monkeypatch.setattr(orchestration, "get_current_context", lambda: context)
    with pytest.raises(PermanentError, match="is not over; allowed: up to 2026-11-20"):
        orchestration.partition_key()
    run.run_after = dt.datetime(2026, 11, 22, 5, 0, tzinfo=dt.UTC)
    if "2099" not in f"{key}{day}":
        assert orchestration.partition_key() == "2026-11-21"


@pytest.mark.parametrize("kind", ["backfill", "scheduled"])
def test_a_timetables_days_are_over(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """Airflow dates a backfill's run to the morning of the day it reads."""
    asked = dt.datetime(2026, 11, 18, 8, 0, tzinfo=dt.UTC)
    run = SimpleNamespace(run_id="x", partition_key="2026-11-18", run_after=asked, run_type=kind)
    monkeypatch.setattr(orchestration, "get_current_context", lambda: {"dag_run": run})
    assert orchestration.partition_key() == "2026-11-18"


def test_windows_of_hours_are_not_days(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = dt.datetime(2026, 11, 22, 0, 10, tzinfo=dt.UTC)
    run = SimpleNamespace(run_id="x", partition_key="2026-11-21T18", run_after=asked)
    monkeypatch.setattr(orchestration, "get_current_context", lambda: {"dag_run": run})
    assert orchestration.partition_key() == "2026-11-21T18"


def test_a_form_leaves_out_other_connections_and_everything_on_a_dry_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from airflow.sdk.exceptions import AirflowSkipException

    form_with(monkeypatch, "2026-11-20", connections=["shopify"], dry_run=False)
    orchestration.skip_unless_wanted("shopify", "orders of shopify")
    orchestration.skip_unless_wanted("", "the check of shopify")
    with pytest.raises(AirflowSkipException, match="the form names shopify only"):
        orchestration.skip_unless_wanted("shopify__second", "orders of shopify__second")
    form_with(monkeypatch, "2026-11-20", connections=[], dry_run=True)
    with pytest.raises(AirflowSkipException, match="dry run: this would read orders of shopify"):
        orchestration.skip_unless_wanted("shopify", "orders of shopify")


def test_assets_marked_by_hand_carry_the_day_and_the_note(monkeypatch: pytest.MonkeyPatch) -> None:
    from include.dag_assets import day_asset

    class Event(SimpleNamespace):
        def add_partitions(self, key: str) -> None:
            self.key = key

    event = Event(extra={})
    context = {
        "dag_run": SimpleNamespace(run_id="manual__1", partition_key=None),
        "params": {"day": "2026-11-20"},
        "outlet_events": {day_asset(): event},
    }
    monkeypatch.setattr(orchestration, "get_current_context", lambda: context)
    orchestration.mark(day_asset(), note={"last_source": "ga4"})
    assert (event.key, event.extra) == ("2026-11-20", {"last_source": "ga4"})
