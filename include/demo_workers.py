"""Processes that load a day's sources side by side, so that the demo uses two cores."""

from __future__ import annotations

import datetime as dt
import logging
import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from include import daily

SOURCES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class DayWorkers:
    """Worker processes; their environment is that of the moment they were started.

    `seconds` is how long each source took last: the slowest begins, so that no process waits long
    for the other at the end of a day.
    """

    pool: ProcessPoolExecutor
    seconds: dict[str, float] = field(default_factory=dict)

    def load(self, day: dt.date, sources: Sequence[str], run_id: str) -> None:
        """Load, check and announce a day of every source; raise the first error by name."""
        slowest_first = sorted(sources, key=lambda name: -self.seconds.get(name, 0.0))
        runs = {name: self.pool.submit(_load_timed, name, day, run_id) for name in slowest_first}
        for name in sources:
            self.seconds[name] = runs[name].result()


@contextmanager
def day_workers() -> Iterator[DayWorkers]:
    """Start the workers and end them, also when this process is killed."""
    # A fork would copy the threads' locks (progress bar, drivers) in whatever state they are.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        SOURCES_AT_ONCE,
        mp_context=context,
        initializer=_begin,
        initargs=(logging.root.manager.disable,),
    ) as pool:
        yield DayWorkers(pool)


def _load_timed(name: str, day: dt.date, run_id: str) -> float:
    started = time.monotonic()
    daily.run_source_day(name, day, run_id=run_id)
    return time.monotonic() - started


def _begin(disabled_level: int) -> None:
    logging.disable(disabled_level)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    # A pool's worker waits for work on a pipe it holds both ends of, so it would wait forever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
