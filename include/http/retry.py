"""When to ask again: the transient half of the error tree, with growing, bounded waits."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from include.errors import RateLimited, TransientError

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how long one request is repeated before its error is raised.

    attempts: tries against failures. first_wait, longest_wait: seconds; the wait doubles each time
    and a random half of it is left out, so that many workers do not come back at once. total_wait:
    seconds one request may wait in all, rate limits included; beyond it the task's own retry takes
    over.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 30.0
    total_wait: float = 600.0

    def wait_before(self, attempt: int, draw: float) -> float:
        """Return the seconds before try `attempt` (2, 3, …); `draw` is random in [0, 1)."""
        longest = min(self.longest_wait, self.first_wait * 2.0 ** (attempt - 2))
        return longest * (1.0 - draw / 2.0)


def call_with_retries(
    call: Callable[[], Result],
    policy: RetryPolicy,
    sleep: Callable[[float], None],
    subject: str,
    draw: Callable[[], float] = random.random,
) -> Result:
    """Call until it succeeds; raise the last transient error when the policy's bounds are reached.

    `RateLimited` waits `retry_after` and does not count as a failure; permanent errors pass at
    once.
    """
    failures, waited, limited = 0, 0.0, 0
    while True:
        try:
            return call()
        except TransientError as error:
            if isinstance(error, RateLimited):
                limited += 1
                wait = error.retry_after
                # An API that names no wait, or limits again and again, is given a growing one.
                if wait is None or limited > policy.attempts:
                    wait = max(wait or 0.0, policy.wait_before(limited + 1, draw()))
            else:
                failures += 1
                wait = policy.wait_before(failures + 1, draw())
            if failures >= policy.attempts or waited + wait > policy.total_wait:
                raise
            _log.warning("%s: %s; asking again in %.1f s", subject, error, wait)
        waited += wait
        sleep(wait)
