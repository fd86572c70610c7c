"""GA4's day totals, places and first users, its token and its refusals: sandbox to raw."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from sandbox_bench import run_time
from social_bench import Bench

from include.errors import BadRequest
from include.quality import check_source
from include.sources import ga4
from include.sources.ga4 import reports
from include.sources.ga4.token import ServiceAccount

pytest_plugins = ("social_fixtures",)

DAY = dt.date(2026, 10, 30)


def test_a_connections_first_day_brings_twelve_weeks_of_totals(bench: Bench) -> None:
    bench.set_clock(run_time(DAY))
    bench.run(ga4.SOURCE, "session_totals", DAY)
    query = "select min(date), max(date), count(*) from raw.ga4__session_totals"
    first = max(bench.market.start_date, DAY - dt.timedelta(days=84))
    assert bench.rows(query) == [(first, DAY, (DAY - first).days + 1)]


def test_a_day_and_its_sources_come_from_one_answer(bench: Bench) -> None:
    before = DAY - dt.timedelta(days=1)
    bench.set_clock(run_time(before))
    bench.run(ga4.SOURCE, "session_totals", before)
    bench.set_clock(run_time(DAY))
    result = bench.run(ga4.SOURCE, "session_totals", DAY)
    assert (result.pages_read, result.rows_read) == (1, 5)
    shown = [s for s in bench.market.ga4_sessions_at(run_time(DAY)) if s.date == DAY]
    ((total, listed, engaged),) = bench.rows(
        "select sessions, listed_sessions, engaged_sessions from raw.ga4__session_totals"
        " where date = %s",
        DAY,
    )
    assert total == listed == sum(s.sessions for s in shown)
    assert engaged == sum(s.engaged_sessions for s in shown)
    expected: dict[tuple[str, ...], int] = {}
    for s in shown:
        key = (s.source, s.medium, s.campaign, s.content)
        expected[key] = expected.get(key, 0) + s.sessions
    loaded = bench.rows(
        "select session_source, session_medium, session_campaign_name, session_manual_ad_content,"
        " sessions from raw.ga4__source_sessions where date = %s",
        DAY,
    )
    assert {tuple(row[:4]): row[4] for row in loaded} == expected


@pytest.mark.parametrize(("day", "days"), [("2026-11-01", 5), ("2026-11-02", 31)])
def test_mondays_read_thirty_days_again(bench: Bench, day: str, days: int) -> None:
    date = dt.date.fromisoformat(day)
    before = date - dt.timedelta(days=1)
    bench.set_clock(run_time(before))
    bench.run(ga4.SOURCE, "session_totals", before)
    bench.set_clock(run_time(date))
    # Its first day read twelve weeks; from the second on it reads what the others read.
    assert bench.run(ga4.SOURCE, "session_totals", date).rows_read == days
    for stream in ("sessions", "geography", "first_user_acquisition"):
        bench.run(ga4.SOURCE, stream, date)
        (found,) = bench.rows(
            f"select min(date), max(date), count(distinct date) from raw.ga4__{stream}"
        )
        assert found == (date - dt.timedelta(days=days - 1), date, days)


def test_places_and_first_users_add_up_to_the_sessions(bench: Bench) -> None:
    bench.set_clock(run_time(DAY))
    for stream in ("geography", "first_user_acquisition"):
        result = bench.run(ga4.SOURCE, stream, DAY)
        assert (result.rows_rejected, result.drifted_fields) == (0, ())
        (found,) = bench.rows(f"select sum(sessions) from raw.ga4__{stream} where date = %s", DAY)
        shown = bench.market.ga4_sessions_at(run_time(DAY))
        assert found == (sum(s.sessions for s in shown if s.date == DAY),)


def test_a_field_google_does_not_know_fails_in_the_sandbox(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = reports.build_request

    def misspelt(*arguments: Any) -> dict[str, Any]:
        return {**real(*arguments), "dateRange": []}

    monkeypatch.setattr(ga4.client, "build_request", misspelt)
    bench.set_clock(run_time(DAY))
    with pytest.raises(BadRequest, match=r"Unknown name .*dateRange.* Cannot find field"):
        bench.run(ga4.SOURCE, "geography", DAY)


def test_a_token_that_ends_early_is_renewed_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, given = ServiceAccount.bearer, []

    def first_is_stale(account: ServiceAccount) -> str:
        given.append(1)
        return "ya29.ended" if len(given) == 1 else honest(account)

    monkeypatch.setattr(ServiceAccount, "bearer", first_is_stale)
    bench.set_clock(run_time(DAY))
    assert bench.run(ga4.SOURCE, "geography", DAY).status == "loaded"


def test_withheld_sessions_are_shown_and_warned_about(bench: Bench) -> None:
    bench.run_day(ga4.SOURCE, DAY)
    bench.execute(
        "update raw.ga4__session_totals set listed_sessions = sessions / 2"
        f" where date = '{DAY.isoformat()}'"
    )
    report = check_source(bench.dsn, ga4.SOURCE.part(), DAY.isoformat(), "test")
    names = [outcome.rule.name for outcome in report.failed]
    assert "hardly any session is withheld from the sources" in names
    assert not report.critical
