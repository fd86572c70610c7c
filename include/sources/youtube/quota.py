"""The quota ledger: what a Google project has spent of its day, by the cost of each method.

A project has 10,000 units a day (Pacific) for all its users. Every answer costs, refusals too, and
there is no call that tells what is left. So each process counts its own calls, whichever stream or
connection made them, and a 403 `quotaExceeded` says the rest: then the day is over for the project.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
from zoneinfo import ZoneInfo

from include.errors import RateLimited

QUOTA_ZONE = ZoneInfo("America/Los_Angeles")
UNITS_PER_DAY = 10_000
# Units per call (one page each). The Analytics API draws on an allowance of its own.
METHOD_COSTS = {
    "channels.list": 1,
    "playlistItems.list": 1,
    "videos.list": 1,
    "commentThreads.list": 1,
    "comments.list": 1,
    "reports.query": 0,
}


class Ledger:
    """Units one project has spent, by Pacific day; instants are the API's own (`Date`)."""

    def __init__(self) -> None:
        self._spent: dict[dt.date, int] = {}
        self._exhausted: set[dt.date] = set()

    def book(self, units: int, now: dt.datetime) -> None:
        """Count the cost of an answer that was given at `now`."""
        day = pacific_day(now)
        self._spent[day] = self.spent(now) + units

    def exhaust(self, now: dt.datetime) -> None:
        """Note that the API says the day of `now` has no units left."""
        self._exhausted.add(pacific_day(now))

    def spent(self, now: dt.datetime) -> int:
        """Return the units booked on the Pacific day of `now`."""
        return self._spent.get(pacific_day(now), 0)

    def check(self, units: int, limit: int, now: dt.datetime, conn_id: str) -> None:
        """Raise `RateLimited` until midnight Pacific when `units` more would pass `limit`."""
        spent = self.spent(now)
        if pacific_day(now) not in self._exhausted and spent + units <= limit:
            return
        raise RateLimited(
            f"connection {conn_id!r}: {spent} quota units of the day are spent (allowed here: "
            f"{limit}); they return at midnight Pacific",
            retry_after=seconds_to_midnight(now),
        )


def ledger_of(credential: str) -> Ledger:
    """Return this process's ledger of the project that an API key or OAuth client belongs to."""
    return _ledger(hashlib.sha256(credential.encode()).hexdigest())


@functools.cache
def _ledger(fingerprint: str) -> Ledger:
    return Ledger()


def pacific_day(now: dt.datetime) -> dt.date:
    """Return the day on which an instant's calls are counted."""
    return now.astimezone(QUOTA_ZONE).date()


def seconds_to_midnight(now: dt.datetime) -> float:
    """Return the seconds until quota returns: midnight Pacific, whatever the clocks do before."""
    following = pacific_day(now) + dt.timedelta(days=1)
    midnight = dt.datetime.combine(following, dt.time(), tzinfo=QUOTA_ZONE)
    return (midnight.astimezone(dt.UTC) - now.astimezone(dt.UTC)).total_seconds()
