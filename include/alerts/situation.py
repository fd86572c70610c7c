"""What an alert is, and what is looked at to find one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import psycopg

from include.daily import enabled_sources


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong; `page_path` is where to look."""

    kind: str
    subject: str
    message: str
    page_path: str


@dataclass(frozen=True, slots=True)
class Situation:
    """What the functions look at.

    warehouse: a connection that reads quality, marts and core; vault: one that reads
    `secrets.oauth_token`. connections: the ids in the plan's `sources:`. expiries: the last day of
    a token, by connection id, where its connection names one.
    """

    warehouse: psycopg.Connection
    vault: psycopg.Connection
    now: dt.datetime
    timezone: str
    connections: Sequence[str]
    expiries: Mapping[str, dt.date] = field(default_factory=dict)

    @property
    def sources(self) -> list[str]:
        """Return the names of the sources a day waits for."""
        return enabled_sources(self.connections)

    def date_of(self, instant: dt.datetime) -> dt.date:
        """Return the date of an instant in the reporting time zone."""
        return instant.astimezone(ZoneInfo(self.timezone)).date()

    def due_day(self, due: dt.time) -> dt.date:
        """Return the newest business date whose hour `due` on the day after has passed."""
        local = self.now.astimezone(ZoneInfo(self.timezone))
        return local.date() - dt.timedelta(days=1 if local.time() >= due else 2)
