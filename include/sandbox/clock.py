"""The sandbox's virtual clock: held at an instant, or running beside the real one."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable


def _real_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Clock:
    """Tell the market's time.

    real_now: where real time comes from, replaceable in tests. A new clock runs with real time.
    """

    def __init__(self, real_now: Callable[[], dt.datetime] = _real_now) -> None:
        self._real_now = real_now
        self._held_at: dt.datetime | None = None
        self._offset = dt.timedelta(0)

    def now(self) -> dt.datetime:
        """Return the virtual instant, UTC."""
        held = self._held_at
        return held if held is not None else self._real_now() + self._offset

    @property
    def is_running(self) -> bool:
        """False while the clock is held."""
        return self._held_at is None

    def hold(self, at: dt.datetime) -> None:
        """Stop at an instant; ValueError without a time zone."""
        if at.tzinfo is None:
            raise ValueError(f"{at.isoformat()} has no time zone; allowed: 2026-11-15T08:00:00Z")
        self._held_at = at.astimezone(dt.UTC)

    def run(self, offset: dt.timedelta | None = None) -> None:
        """Run on: at real time plus `offset`, or from the present virtual instant without one."""
        self._offset = self.now() - self._real_now() if offset is None else offset
        self._held_at = None
