"""`make demo`: the sample campaign from API pages to a published scorecard.

The campaign's earlier days are loaded one by one in this process through the very functions the
DAGs' tasks call (the sandbox's clock is set to each day's 03:00), two sources at a time; dbt and
publication run once per campaign week. Stories, which no day waits for, are read once a day at
13:00 UTC, when all of the day before are still live and most people have seen them. Then the clock
is let go and the real Airflow scheduler runs the last day, and from then on stories every six
hours. Every step looks first at what is already there, so a second run continues.
"""

from __future__ import annotations

import argparse
import datetime as dt
import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import psycopg
import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from include import daily
from include.airflow_api import AirflowApi
from include.assets import ingest_dag_id
from include.connections import read_connection
from include.demo_workers import DayWorkers, day_workers
from include.errors import GroundswellError
from include.services import lifecycle
from include.services.credentials import Secrets, read_secrets
from include.services.environment import ADMIN_USER, airflow_url, environment
from include.settings import Settings, read_settings
from include.sources import discover_sources
from include.warehouse.connection import connect, dsn_of

CAMPAIGN_DAYS = 61
RUN_HOUR = 3  # the ingest DAGs' schedule, 03:00 of the reporting time zone
OWN_WINDOW_HOUR = 13  # UTC; inside the time in which the window that ended at 12:00 is current
WEEK = 7
# A run of one minute took over ten beside four times the work its machine had cores for.
DAG_TIMEOUT_SECONDS = 1800.0
RUN_ID = "demo"
# DAGs that start once the last day is published: `close_day` would close one that is still loading.
FINALLY = ("close_day", "maintain_warehouse", "raise_alerts", "review_campaigns")
REPORT_WIDTH = 120  # of the report where there is no terminal, in characters
QUIET_SECONDS = 10.0  # between two lines of progress where there is no terminal

Arrivals = dict[dt.date, set[str]]


@dataclass(slots=True)
class Stages:
    """Says which stage runs and remembers how long each took (seconds)."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show a stage's name while it runs and add its time up."""
        started = time.monotonic()
        self.console.print(f"[bold]▸[/bold] {name}")
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started


def latest_due_day(now: dt.datetime, timezone: str) -> dt.date:
    """Return the key of the newest ingest run that is due: yesterday, from 03:00 local time on."""
    local = now.astimezone(ZoneInfo(timezone))
    return local.date() - dt.timedelta(days=1 if local.hour >= RUN_HOUR else 2)


def run_instant(day: dt.date, timezone: str) -> dt.datetime:
    """Return when the run that owns `day` fires: 03:00 local time of the day after, in UTC."""
    after = day + dt.timedelta(days=1)
    return dt.datetime.combine(after, dt.time(RUN_HOUR), ZoneInfo(timezone)).astimezone(dt.UTC)


def missing_days(
    first: dt.date, last: dt.date, arrived: Arrivals, sources: set[str]
) -> list[tuple[dt.date, list[str]]]:
    """Return the days first … last (both included) with the sources that have not arrived yet."""
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    found = [(day, sorted(sources - arrived.get(day, set()))) for day in days]
    return [(day, names) for day, names in found if names]


@dataclass(frozen=True, slots=True)
class SandboxControl:
    """The sandbox's control: its clock, and the truth that only report and tests may ask."""

    url: str
    key: str

    def _headers(self) -> dict[str, str]:
        return {"X-Control-Key": self.key}

    def set_clock(self, instant: dt.datetime, *, writes_files: bool = True) -> None:
        """Hold the virtual clock at an instant; folders follow now or with a later call."""
        self._post({"at": instant.isoformat(), "writes_files": writes_files})

    def let_clock_run(self) -> None:
        """Let the virtual clock follow the real one."""
        self._post({"run": True, "offset_seconds": 0})

    def truth(self, until: dt.date) -> dict[str, object]:
        """Return what really caused each order up to a day (included)."""
        answer = requests.get(
            f"{self.url}/_control/truth",
            params={"until": until.isoformat()},
            headers=self._headers(),
            timeout=60,
        )
        answer.raise_for_status()
        return dict(answer.json())

    def _post(self, body: dict[str, object]) -> None:
        url = f"{self.url}/_control/clock"
        requests.post(url, json=body, headers=self._headers(), timeout=30).raise_for_status()


@dataclass(frozen=True, slots=True)
class Demo:
    """One demo installation: settings, secrets, and the days it covers."""

    settings: Settings
    secrets: Secrets
    timezone: str
    first_day: dt.date
    last_day: dt.date

    @property
    def control(self) -> SandboxControl:
        """The sandbox of this installation."""
        url = f"http://127.0.0.1:{self.settings.sandbox_port}"
        return SandboxControl(url, self.secrets.sandbox_control_key)

    def sources(self) -> set[str]:
        """Names of the sources a day waits for."""
        return set(daily.enabled_sources(daily.schedule_facts().sources))

    def own_windows(self) -> list[tuple[str, str]]:
        """Source and stream of everything that has windows of its own."""
        found = discover_sources()
        return [(n, s.name) for n in sorted(self.sources()) for s in found[n].streams if s.every]

    def arrivals(self) -> Arrivals:
        """Which sources have arrived for which day."""
        found: Arrivals = {}
        with connect(dsn_of(read_connection("warehouse_loader"))) as connection:
            for day, source in connection.execute(
                "select day, source from quality.source_arrivals"
            ):
                found.setdefault(day, set()).add(source)
        return found

    def published_until(self) -> dt.date | None:
        """The `as_of_date` readers see, None before the first publication."""
        with connect(dsn_of(read_connection("warehouse_loader"))) as connection:
            row = connection.execute(
                "select as_of_date from quality.publications where is_current"
            ).fetchone()
        return row[0] if row else None


def prepare(stages: Stages, days: int = CAMPAIGN_DAYS) -> Demo:
    """Start Postgres and the sandbox; the campaign's last day is the last due one of the first run.

    `days` is how much of the campaign is loaded, counted back from its last day.
    """
    from include.sandbox.installation import SAMPLE_OPTIONS, initialise

    settings = read_settings()
    secrets = read_secrets(settings.data_dir)
    with stages.stage("start Postgres and the sandbox APIs"):
        say = _indented(stages.console)
        lifecycle.start_postgres(settings, secrets, say)
        timezone = daily.schedule_facts().reporting_timezone
        last_day = latest_due_day(dt.datetime.now(dt.UTC), timezone)
        anchor = initialise(settings, last_day, options=SAMPLE_OPTIONS)
        settings = read_settings()  # the campaign files of this installation exist now
        lifecycle.start_sandbox(settings, secrets, say)
        os.environ.update(environment(settings, secrets))
    first_day = anchor - dt.timedelta(days=days - 1)
    return Demo(settings, secrets, timezone, first_day, last_day)


def load_earlier_days(demo: Demo, stages: Stages) -> None:
    """Load every day before the last one that has not arrived; measure once per campaign week."""
    before = demo.last_day - dt.timedelta(days=1)
    todo = missing_days(demo.first_day, before, demo.arrivals(), demo.sources())
    published = demo.published_until()
    has_staging = False  # a run that was interrupted may be of older code
    stages.console.print(f"[bold]▸[/bold] {len(todo)} days before the last")
    with (
        day_workers() as workers,
        _progress(stages.console, "days", len(todo)) as advance,
    ):
        for day, names in todo:
            with _quietly_timed(stages, "load and check earlier days"):
                _load_day(demo, day, names, workers)
            if _closes_a_week(demo, day) and (published is None or day > published):
                with _quietly_timed(stages, "measure and publish, once a campaign week"):
                    # dbt's tests read whole tables: those of the last day's run see these days too.
                    daily.measure_day(day, run_id=RUN_ID, has_staging=has_staging, is_tested=False)
                    has_staging = True
            advance(day)


def _load_day(demo: Demo, day: dt.date, names: Sequence[str], workers: DayWorkers) -> None:
    """Load a day's own windows at noon, its sources in the night after; raise what any raises."""
    noon = dt.datetime.combine(day, dt.time(OWN_WINDOW_HOUR), dt.UTC)
    demo.control.set_clock(noon, writes_files=False)  # no folder is read at noon
    for name, stream in demo.own_windows():
        daily.run_own_window(name, stream, noon, run_id=RUN_ID)
    demo.control.set_clock(run_instant(day, demo.timezone))
    workers.load(day, names, RUN_ID)


def run_last_day(demo: Demo, stages: Stages) -> None:
    """Let the real Airflow scheduler run the last day, from the APIs to the publication."""
    demo.control.let_clock_run()
    with stages.stage("start Airflow"):
        lifecycle.start_airflow(demo.settings, demo.secrets, _indented(stages.console))
        url = airflow_url(demo.settings)
        api = AirflowApi.login(url, ADMIN_USER, demo.secrets.admin_password)
        ingest = {ingest_dag_id(name) for name in demo.sources()}
        api.wait_for_dags(ingest | {"measure_campaigns", *FINALLY}, DAG_TIMEOUT_SECONDS)
    key = demo.last_day.isoformat()
    with stages.stage(f"last day {key} through the Airflow scheduler"):
        api.unpause("measure_campaigns")
        for dag_id in sorted(ingest):
            api.unpause(dag_id)
        if demo.published_until() != demo.last_day:
            with _following(stages.console) as say:
                for dag_id in (*sorted(ingest), "measure_campaigns"):
                    api.follow(dag_id, key, DAG_TIMEOUT_SECONDS, say)
        own = [ingest_dag_id(name, stream) for name, stream in demo.own_windows()]
        for dag_id in (*FINALLY, *own):
            api.unpause(dag_id)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; return 0, or 1 after naming what failed and where the logs are."""
    from include import demo_report

    parser = argparse.ArgumentParser(prog="python -m include.demo", description="Run the sample.")
    parser.add_argument(
        "--days",
        type=int,
        choices=range(2, CAMPAIGN_DAYS + 1),
        metavar=f"2..{CAMPAIGN_DAYS}",
        default=CAMPAIGN_DAYS,
        help="load only the campaign's last DAYS days (default: all)",
    )
    options = parser.parse_args(arguments)
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=REPORT_WIDTH)
    stages = Stages(console)
    # Warnings of the checks are kept in quality.expectation_results; critical ones raise.
    logging.disable(logging.WARNING)
    try:
        demo = prepare(stages, options.days)
        load_earlier_days(demo, stages)
        run_last_day(demo, stages)
        demo_report.show(demo, stages)
    except (GroundswellError, psycopg.Error, requests.RequestException) as error:
        console.print(f"[bold red]demo failed:[/] {error}", markup=True)
        console.print(f"logs: {read_settings().data_dir / 'logs'}; run again to continue")
        return 1
    return 0


def _closes_a_week(demo: Demo, day: dt.date) -> bool:
    return ((day - demo.first_day).days + 1) % WEEK == 0


def _indented(console: Console) -> Callable[[str], None]:
    return lambda message: console.print(f"  {message}", style="dim")


@contextmanager
def _following(console: Console) -> Iterator[Callable[[str], None]]:
    """Show the newest message on one line of a terminal; elsewhere print one now and then."""
    if console.is_terminal:
        with console.status("") as status:
            yield status.update
        return
    say, last = _indented(console), 0.0

    def say_sparingly(message: str) -> None:
        nonlocal last
        if time.monotonic() - last >= QUIET_SECONDS:
            say(message)
            last = time.monotonic()

    yield say_sparingly


@contextmanager
def _quietly_timed(stages: Stages, name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    stages.seconds[name] = stages.seconds.get(name, 0.0) + time.monotonic() - started


@contextmanager
def _progress(console: Console, title: str, total: int) -> Iterator[Callable[[dt.date], None]]:
    """Show a bar on a terminal; where there is none, one line per campaign week."""
    if not console.is_terminal:
        done = 0

        def print_weeks(day: dt.date) -> None:
            nonlocal done
            done += 1
            if done % WEEK == 0 or done == total:
                console.print(f"  {title}: {done} of {total} ({day})", style="dim")

        yield print_weeks
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task(title, total=total)
        yield lambda day: bar.update(task, advance=1, description=f"{title} ({day})")


if __name__ == "__main__":
    sys.exit(main())
