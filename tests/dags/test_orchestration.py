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
