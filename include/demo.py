"""`make demo`: the sample campaign from API pages to a published scorecard.

The campaign's earlier days are loaded one by one in this process through the very functions the DAGs'
tasks call (the sandbox's clock is set to each day's 03:00); dbt and publication run once per campaign
week. Then the clock is let go and the real Airflow scheduler runs the last day. Every step looks first
at what is already there, so a second run continues.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import requests
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from include import daily, report
from include.airflow_api import AirflowApi
from include.errors import GroundswellError
from include.settings import Settings, read_settings
from include.sources import discover_sources

CAMPAIGN_DAYS = 61
RUN_HOUR = 3  # the ingest DAGs' schedule, 03:00 of the reporting time zone
WEEK = 7
DAG_TIMEOUT_SECONDS = 600.0


@dataclass(slots=True)
class Stages:
    """Names what runs now and remembers how long each stage took (seconds)."""

    console: Console
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Show a stage's name while it runs; add its time to the list."""
        started = time.monotonic()
        self.console.print(f"[bold]▸[/bold] {name} …")
        yield
        took = time.monotonic() - started
        self.seconds[name] = self.seconds.get(name, 0.0) + took


def latest_due_day(now: dt.datetime, timezone: str) -> dt.date:
    """Return the key of the newest ingest run that is due: yesterday, from 03:00 local time on."""
    local = now.astimezone(ZoneInfo(timezone))
    return local.date() - dt.timedelta(days=1 if local.hour >= RUN_HOUR else 2)


def missing_days(
    first: dt.date, last: dt.date, arrived: dict[dt.date, set[str]], sources: set[str]
) -> list[tuple[dt.date, list[str]]]:
    """Return the days first … last (both included) with the sources that have not arrived, sorted."""
    days = [first + dt.timedelta(days=n) for n in range((last - first).days + 1)]
    found = [(day, sorted(sources - arrived.get(day, set()))) for day in days]
    return [(day, names) for day, names in found if names]
