"""Runs of whole days of one source against a sandbox whose faults can be switched.

Nothing waits: the pipeline's sleeps only count the seconds, and the sandbox's clock is held.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import logging
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from cryptography.fernet import Fernet

from include.campaigns.schedule import campaign_files
from include.errors import GroundswellError
from include.ingest import StreamResult, day_window, run_stream, stream_window
from include.sandbox.faults import SEED
from include.sandbox.faults_files import FolderFaults
from include.sandbox.faults_names import FILE_MEANINGS
from include.sandbox.installation import SAMPLE_FOLDER
from include.sandbox.market_files import write_whole
from include.sandbox.server import discover_sandboxes
from include.sources import discover_sources
from include.sources._base import Connection, Source, Stream, Window
from include.warehouse.connection import connect
from include.warehouse.load_tables import create_raw_tables, tables_of
from tests.conftest import Warehouse
from tests.integration.fault_bench import Bench, serve

NEW_YORK = ZoneInfo("America/New_York")
# Tokens outlive a test module, and so must the key that opens them.
TOKEN_KEY = Fernet.generate_key().decode()
HASH_KEY = b"privacy key of these tests"
# Sources whose sandbox writes files; the others are asked over HTTP and come first.
FOLDERS = sorted(n for n, module in discover_sandboxes().items() if hasattr(module, "write_files"))
ASKED = sorted(n for n in discover_sandboxes() if n not in FOLDERS and n in discover_sources())
SOURCES = [*ASKED, *FOLDERS]
# The one source that no sandbox plays.
PLAN = "campaign_plan"
# Accounts looked up by name, and TikTok's connected ones: as many as show what there is to see.
FEW = 2
# The first call for a folder writes so many days of the export.
FILE_DAYS = 6
# A window that fails is run again, as a person or Airflow would do.
MOST_RUNS = 60
# Columns that say when a row was read, not what it is.
READING_COLUMNS = ("_load_id", "_loaded_at", "_captured_at")
# The same of the API's own clock: they differ where the Date header was wrong, and the hash with
# them where the record itself keeps the time.
CLOCK_COLUMNS = ("captured_at", "read_at", "_content_hash")

Rows = dict[str, list[str]]


@contextmanager
def shared_bench() -> Iterator[Bench]:
    """Give the one sandbox of all fault tests, with all faults off, and the key of stored tokens.

    Each test module keeps to days of its own: quotas are spent by the virtual hour.
    """
    bench = _start_once()
    bench.control("faults", {})
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROUNDSWELL_TOKEN_KEY", TOKEN_KEY)
        # google-auth waits on its own between its tries at the token address.
        module = "google.auth._exponential_backoff.time"
        patch.setattr(module, SimpleNamespace(sleep=lambda seconds: None))
        yield bench


# Ended by `stop_sandbox` as the session ends: a worker of xdist may be gone before its atexit runs.
_LASTING = ExitStack()


@functools.cache
def _start_once() -> Bench:
    folder = _LASTING.enter_context(tempfile.TemporaryDirectory(prefix="groundswell-faults-"))
    return _LASTING.enter_context(serve(Path(folder)))


def stop_sandbox() -> None:
    """Stop the sandbox of all fault tests, if one ran."""
    _LASTING.close()


@dataclass
class Ingest:
    """Loads days of one source into a warehouse and reads raw back; `is_whole`: of all accounts."""

    bench: Bench
    warehouse: Warehouse
    source: Source
    landing: Path
    is_whole: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    password: str | None = None
    waited: list[float] = field(default_factory=list)
    errors: list[GroundswellError] = field(default_factory=list)
    runs: int = 0

    @property
    def dsn(self) -> str:
        return self.warehouse.dsn("loader")

    def load(self, stream: Stream, window: Window) -> StreamResult:
        """Run a stream's window once."""
        self.runs += 1
        return run_stream(
            self.source,
            stream,
            self._connection(),
            window,
            dsn=self.dsn,
            landing_url=str(self.landing),
            hash_key=HASH_KEY,
            run_id=f"run_{os.getpid()}_{self.runs}",
            targets=self._targets(),
            sleep=self.waited.append,
        )

    def load_until_done(self, stream: Stream, window: Window) -> StreamResult:
        """Run a stream's window until it passes; what it failed with is kept in `errors`."""
        for _ in range(MOST_RUNS):
            try:
                return self.load(stream, window)
            except GroundswellError as error:
                self.errors.append(error)
        raise AssertionError(
            f"{self.source.name}.{stream.name} of {window.key} failed {MOST_RUNS} times, last: "
            f"{self.errors[-1]!r}"
        )

    def arrive(self, at: dt.datetime) -> None:
        """Let it be `at` for the source."""
        self.bench.set_clock(at)

    @contextmanager
    def passing_faults(self, probability: float, seed: int) -> Iterator[dict[str, int]]:
        """Turn all faults on after which the same rows must stand there; afterwards give hits."""
        hits: dict[str, int] = {}
        passing = dict.fromkeys(self.bench.passing_faults(), probability)
        with self.bench.faults(seed=seed, **passing):
            yield hits
            hits |= {n: f["hits"] for n, f in self.bench.known_faults().items() if f["hits"]}

    def run_day(self, day: dt.date) -> dict[str, StreamResult]:
        """Run all windows of a day, each when it is over, the day's own at 03:00 after it."""
        results = {}
        for stream, window in self.short_windows(day):
            self.arrive(window.end + dt.timedelta(minutes=20))
            results[f"{stream.name} {window.key}"] = self.load_until_done(stream, window)
        self.arrive(run_time(day))
        for stream in self.source.part().streams:
            results[stream.name] = self.load_until_done(stream, day_window(day, NEW_YORK))
        return results

    def short_windows(self, day: dt.date) -> list[tuple[Stream, Window]]:
        """Return the windows of streams with hours of their own, in the order of time."""
        found = [
            (stream, stream_window(stream, f"{day}T{hour:02}", NEW_YORK))
            for stream in self.source.streams
            if stream.every is not None
            for hour in range(0, 24, stream.every // dt.timedelta(hours=1))
        ]
        return sorted(found, key=lambda pair: pair[1].end)

    def rows(self, *left_out: str) -> Rows:
        """Return all raw rows of the source as texts, without some columns."""
        found = {}
        with connect(self.dsn) as conn:
            for table in tables_of(self.source):
                query = (
                    f"select (to_jsonb(t) - %s::text[])::text from raw.{table.name} t order by 1"
                )
                names = [[*READING_COLUMNS, *left_out]]
                found[table.name] = [text for (text,) in conn.execute(query, names).fetchall()]
        return found

    def query(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        with connect(self.dsn) as conn:
            return conn.execute(query, values).fetchall()

    def drop(self) -> None:
        """Drop the source's raw tables and make them anew, and forget every load."""
        with psycopg.connect(self.warehouse.admin_dsn) as admin:
            for table in tables_of(self.source):
                admin.execute(f"drop table if exists raw.{table.name} cascade")
        with connect(self.dsn) as conn:
            create_raw_tables(conn, self.source)
        self.empty()

    def empty(self) -> None:
        """Forget every raw row and every load; tokens and landing stay."""
        names = ", ".join(f"raw.{table.name}" for table in tables_of(self.source))
        with psycopg.connect(self.warehouse.admin_dsn) as admin:
            admin.execute(f"truncate {names}")
            admin.execute("truncate quality.load_windows, quarantine.rejects cascade")

    def _connection(self) -> Connection:
        found = self.bench.connections[self.source.name]
        extra = {**found.extra, **self.extra}
        accounts = extra.get("accounts")
        if isinstance(accounts, dict) and not self.is_whole:
            extra["accounts"] = dict(list(accounts.items())[:FEW])
        return dataclasses.replace(found, extra=extra, password=self.password or found.password)

    def _targets(self) -> dict[str, tuple[str, ...]]:
        platform = self.source.platform
        handles = {
            account.handle
            for creator in self.bench.market.plan.creators
            for account in creator.accounts
            if account.platform == platform and account.access_path != "own_account"
        }
        shown = sorted(handles) if self.is_whole else sorted(handles)[:FEW]
        return {platform: tuple(shown)} if platform else {}


@dataclass
class FolderIngest(Ingest):
    """The same of a source that reads a folder: the market's files lie beside its landing."""

    faults: FolderFaults | None = None
    first_day: dt.date | None = None
    arrived: tuple[dt.datetime, list[Path]] | None = None

    @property
    def folder(self) -> Path:
        return self.landing.with_name(f"{self.landing.name}_files")

    def arrive(self, at: dt.datetime) -> None:
        """Write what has been sent by `at`."""
        if self.arrived is not None and self.arrived[0] == at:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self.first_day = self.first_day or at.date() - dt.timedelta(days=FILE_DAYS)
        module, market = discover_sandboxes()[self.source.name], self.bench.market
        first = () if self.source.name == "files" else (self.first_day,)
        self.arrived = (at, module.write_files(market, at, self.folder, *first))

    @contextmanager
    def passing_faults(self, probability: float, seed: int) -> Iterator[dict[str, int]]:
        hits: dict[str, int] = {}
        settings = {SEED: seed, **dict.fromkeys(FILE_MEANINGS, probability)}
        faults = self.faults = FolderFaults(settings)
        yield hits
        hits |= faults.hits
        assert self.arrived is not None
        at, self.faults, self.arrived = self.arrived[0], None, None
        # What was late has come. A day that missed it is run again, as its page advises where the
        # file comes after the look-back.
        self.arrive(at)
        for day in sorted(faults.late_days):
            for stream in self.source.streams:
                self.load_until_done(stream, day_window(day, NEW_YORK))

    def run_day(self, day: dt.date) -> dict[str, StreamResult]:
        """Run a day's windows: with faults on first as they spoil the files, then healed."""
        self.arrive(run_time(day))
        if self.faults is not None and self.arrived is not None:
            self.faults.spoil(self.folder, self.arrived[1], day)
            for stream in self.source.streams:
                try:
                    self.load(stream, day_window(day, NEW_YORK))
                except GroundswellError as error:
                    self.errors.append(error)
            self.faults.heal()
        return super().run_day(day)

    def _connection(self) -> Connection:
        found = super()._connection()
        folder = {"url": str(self.folder), "settle_seconds": 0}
        return dataclasses.replace(found, extra={**found.extra, **folder})


@dataclass
class PlanIngest(Ingest):
    """The same of the campaign files, which no sandbox gives: somebody edits them every day."""

    def arrive(self, at: dt.datetime) -> None:
        """Write the files as they stand on the day of `at`."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in campaign_files(SAMPLE_FOLDER):
            text = f"{path.read_text(encoding='utf-8')}\n# Edited on {at.date()}\n"
            write_whole(self._folder / path.name, text.encode())

    @property
    def _folder(self) -> Path:
        return self.landing.with_name(f"{self.landing.name}_files")

    def _connection(self) -> Connection:
        return Connection(PLAN, extra={"path": str(self._folder)})


def prepare_ingest(
    bench: Bench, warehouse: Warehouse, name: str, landing: Path, is_whole: bool = False
) -> Ingest:
    """Return what loads a source's days."""
    kind = FolderIngest if name in FOLDERS else PlanIngest if name == PLAN else Ingest
    return kind(bench, warehouse, discover_sources()[name], landing, is_whole)


def run_time(day: dt.date) -> dt.datetime:
    """Return 03:00 on the morning after a day."""
    morning = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(3), tzinfo=NEW_YORK)
    return morning.astimezone(dt.UTC)


def days_from(first: dt.date, count: int) -> list[dt.date]:
    return [first + dt.timedelta(days=n) for n in range(count)]


@contextmanager
def gathered_logs() -> Iterator[list[str]]:
    """Gather every log line of every library, formatted with its traceback."""
    lines: list[str] = []

    class Gatherer(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Gatherer()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(before)
        root.removeHandler(handler)


def assert_same_rows(found: Rows, expected: Rows) -> None:
    """Compare table by table, so that a failure names the table and its first differences."""
    for table, rows in expected.items():
        missing = sorted(set(rows) - set(found[table]))[:2]
        surplus = sorted(set(found[table]) - set(rows))[:2]
        # Said here: pytest explains asserts in test modules only.
        assert not missing, f"{table}: missing {missing}, surplus {surplus}"
        assert not surplus, f"{table}: surplus {surplus}"
        assert len(found[table]) == len(rows), table


def assert_nothing_half_written(landing: Path) -> None:
    """Half a page, which a killed write leaves, is gone."""
    assert [str(path) for path in landing.rglob(".*")] == []


def assert_nothing_left(warehouse: Warehouse, names: Sequence[str] = ("loader",)) -> None:
    """Wait until the server has noticed that its clients died; then no temporary table is left."""
    with psycopg.connect(warehouse.admin_dsn, autocommit=True) as admin:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            [(count,)] = admin.execute(
                "select count(*) from pg_stat_activity where usename = any(%s)", [list(names)]
            ).fetchall()
            if count == 0:
                break
            time.sleep(0.01)
        left = admin.execute("select relname from pg_class where relpersistence = 't'").fetchall()
    assert left == []
