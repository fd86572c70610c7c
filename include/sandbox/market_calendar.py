"""The market's own time: seconds since the first day, in which every day has 86,400 of them.

Everything is simulated in market seconds and mapped to real instants at the end, stretching or
shrinking the 23 and 25 hour days of a time zone. So figures depend on the day's index and not on
the calendar, and an event never leaves its business day.
"""

from __future__ import annotations

import bisect
import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

DAY = 86_400
# Journeys reach 30 days back, refunds and late data some weeks beyond the last day.
MARGIN_DAYS = 60


class Calendar:
    """Map market seconds (0 = midnight of `start_date` in `timezone`) to UTC instants and back."""

    def __init__(self, start_date: dt.date, timezone: ZoneInfo, days: int) -> None:
        self.start_date = start_date
        self.timezone = timezone
        self.days = days
        first = start_date - dt.timedelta(days=MARGIN_DAYS)
        self._midnights = [
            int(self._midnight(first + dt.timedelta(days=i)).timestamp())
            for i in range(days + 2 * MARGIN_DAYS + 1)
        ]

    def _midnight(self, day: dt.date) -> dt.datetime:
        return dt.datetime.combine(day, dt.time(), tzinfo=self.timezone)

    def instant(self, at: int) -> dt.datetime:
        """Return the UTC instant of a market second; order is kept."""
        day, second = divmod(at, DAY)
        start, end = self._midnights[day + MARGIN_DAYS], self._midnights[day + MARGIN_DAYS + 1]
        return dt.datetime.fromtimestamp(start + second * (end - start) // DAY, dt.UTC)

    def position(self, now: dt.datetime) -> float:
        """Return the market seconds of an instant; clamped to the span the market knows."""
        stamp = now.timestamp()
        index = bisect.bisect_right(self._midnights, stamp) - 1
        index = min(max(index, 0), len(self._midnights) - 2)
        start, end = self._midnights[index], self._midnights[index + 1]
        inside = min(max((stamp - start) / (end - start), 0.0), 1.0)
        return (index - MARGIN_DAYS + inside) * DAY

    def date(self, day: int) -> dt.date:
        """Return the date of a day index."""
        return self.start_date + dt.timedelta(days=day)

    def day(self, date: dt.date) -> int:
        """Return the day index of a date; negative before the market starts."""
        return (date - self.start_date).days


def draw(seed: int, topic: int, *parts: int) -> np.random.Generator:
    """Return the generator of one topic and part (mostly a day), independent of all others."""
    return np.random.default_rng([seed, topic, *parts])


# Topics of `draw`: a number each, so that a new topic never shifts the others.
PROFILES, PIECES, OWN_POSTS, BRAND_POSTS, BASELINE, RESPONSES, ORDERS, TRAFFIC = range(1, 9)
