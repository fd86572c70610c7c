"""Exchange rates end to end: the ECB's files over HTTP, our loader, staging, the checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from in_process_dbt import run_dbt
from sandbox_process import SandboxProcess, run_sandbox

from include.ingest import StreamResult, day_window, run_stream
from include.quality.check import check_source
from include.replay import replay_window
from include.sources.exchange_rates import SOURCE
from include.sources.exchange_rates.sandbox_rates import LEVELS, rates_of
from include.warehouse.connection import connect

# A Sunday; the market goes on for two months, over Christmas.
LAST_DAY = dt.date(2026, 11, 15)
ZONE = "America/New_York"
STREAM = SOURCE.stream("rates")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    yield from run_sandbox(tmp_path_factory.mktemp("ecb"), LAST_DAY)


class Rates:
    """Loads days into a clean warehouse and reads raw and staging back."""

    def __init__(self, sandbox: SandboxProcess, warehouse: Any, folder: Path) -> None:
        self.sandbox, self.warehouse, self.folder = sandbox, warehouse, folder

    def load(self, day: dt.date) -> StreamResult:
        """Run a day's window at 03:00 of the next day."""
        window = day_window(day, ZONE)
        self.sandbox.hold(window.end + dt.timedelta(hours=3))
        return run_stream(
            SOURCE,
            STREAM,
            self.sandbox.connection("exchange_rates"),
            window,
            dsn=self.warehouse.dsn("loader"),
            landing_url=str(self.folder / "landing"),
            hash_key=b"",
            run_id=f"run-{day}",
        )

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with connect(self.warehouse.admin_dsn) as conn:
            return conn.execute(statement).fetchall()  # type: ignore[call-overload]

    def build(self) -> None:
        run_dbt(
            self.warehouse, ["build", "--select", "staging.exchange_rates"], self.folder / "dbt"
        )


@pytest.fixture
def rates(sandbox: SandboxProcess, clean_warehouse: Any, tmp_path: Path) -> Rates:
    return Rates(sandbox, clean_warehouse, tmp_path)


def test_every_rate_of_90_days_arrives_to_the_digit(rates: Rates) -> None:
    result = rates.load(LAST_DAY)
    found = rates.query("select rate_date, currency, rate from raw.exchange_rates__rates")
    seed = rates.sandbox.market.seed
    days = {day for day, _, _ in found}
    expected = {
        (day, currency, rate) for day in days for currency, rate in rates_of(seed, day).items()
    }
    assert set(found) == expected
    assert max(days) == dt.date(2026, 11, 13)  # Friday
    assert len(days) > 60
    assert result.rows_rejected == 0


def test_a_second_run_changes_nothing_and_the_next_day_adds_its_own(rates: Rates) -> None:
    rates.load(LAST_DAY)
    again = rates.load(LAST_DAY)
    assert again.rows_merged == 0
    monday = rates.load(LAST_DAY + dt.timedelta(days=1))
    assert monday.rows_merged == len(LEVELS)


def test_landing_alone_rebuilds_the_table(rates: Rates) -> None:
    rates.load(LAST_DAY)
    statement = "select rate_date, currency, rate from raw.exchange_rates__rates order by 1, 2"
    before = rates.query(statement)
    with connect(rates.warehouse.admin_dsn) as conn:
        conn.execute("truncate raw.exchange_rates__rates")
    replay_window(
        SOURCE,
        STREAM,
        "exchange_rates",
        f"{LAST_DAY}",
        dsn=rates.warehouse.dsn("loader"),
        landing_url=str(rates.folder / "landing"),
    )
    assert rates.query(statement) == before


def test_weekends_and_holidays_carry_the_last_rate_and_say_so(rates: Rates) -> None:
    """Christmas 2026 is a Friday: the ECB is closed from the 25th to Sunday the 27th."""
    rates.load(dt.date(2026, 12, 27))
    rates.build()
    found = rates.query(
        "select calendar_date, rate_date, is_carried_forward, units_per_euro"
        " from staging.stg_exchange_rates__daily_rates"
        " where currency_code = 'USD' and calendar_date >= '2026-12-23' order by 1"
    )
    seed, eve = rates.sandbox.market.seed, dt.date(2026, 12, 24)
    usd = rates_of(seed, eve)["USD"]
    assert found == [
        (dt.date(2026, 12, 23), dt.date(2026, 12, 23), False, rates_of(seed, eve - DAY)["USD"]),
        (eve, eve, False, usd),
        *((eve + n * DAY, eve, True, usd) for n in (1, 2, 3)),
    ]
    # The Monday after has no rate yet, and nobody has read it: it has no row either.
    euro = rates.query(
        "select count(*), min(units_per_euro), max(units_per_euro), max(calendar_date)"
        " from staging.stg_exchange_rates__daily_rates where currency_code = 'EUR'"
    )
    assert euro[0][1:] == (Decimal(1), Decimal(1), dt.date(2026, 12, 27))
    gaps = rates.query(
        "select max(calendar_date) - min(calendar_date) + 1 - count(*)"
        " from staging.stg_exchange_rates__daily_rates group by currency_code"
    )
    assert set(gaps) == {(0,)}


DAY = dt.timedelta(days=1)


def test_a_currency_that_is_not_quoted_any_more_ends(rates: Rates) -> None:
    rates.load(LAST_DAY)
    with connect(rates.warehouse.admin_dsn) as conn:
        conn.execute(
            "delete from raw.exchange_rates__rates"
            " where currency = 'ISK' and rate_date > '2026-10-30'"
        )
    rates.build()
    last = rates.query(
        "select max(calendar_date), max(rate_date) from staging.stg_exchange_rates__daily_rates"
        " where currency_code = 'ISK'"
    )
    assert last == [(dt.date(2026, 11, 6), dt.date(2026, 10, 30))]


def test_the_checks_pass_and_notice_a_wrong_rate(rates: Rates) -> None:
    rates.load(LAST_DAY)
    dsn = rates.warehouse.dsn("loader")
    assert check_source(dsn, SOURCE, f"{LAST_DAY}", "run-1").critical == ()
    failed = "select expectation from quality.expectation_results where not success"
    assert rates.query(failed) == []
    with connect(rates.warehouse.admin_dsn) as conn:
        conn.execute(
            "update raw.exchange_rates__rates set rate = rate * 10"
            " where currency = 'USD' and rate_date = '2026-11-12'"
        )
    check_source(dsn, SOURCE, f"{LAST_DAY}", "run-2")
    assert rates.query(failed) == [("no rate moved by more than a fifth from one day to the next",)]
