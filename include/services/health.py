"""Wait for services to answer, say meanwhile what is awaited, and name the log when one fails."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from include.errors import Unavailable
from include.services.processes import ProcessRecord, read_tail

Say = Callable[[str], None]
# Returns None when all is well, else what is still missing.
Probe = Callable[[], str | None]
_POLL_SECONDS = 0.25


def wait_until_healthy(
    title: str,
    probe: Probe,
    started: Sequence[tuple[ProcessRecord, Path]],
    *,
    seconds: float,
    say: Say,
) -> None:
    """Poll `probe` until it finds nothing missing; `say` hears each time that changes.

    `started` are the processes it depends on with their log files. Raise `Unavailable`, with the
    last lines of the log, when one of them ends or the time is over.
    """
    deadline, last = time.monotonic() + seconds, ""
    while (missing := probe()) is not None:
        if missing != last:
            say(f"{title}: waiting for {missing}")
            last = missing
        for record, log_file in started:
            if not record.is_running:
                raise Unavailable(_explain(f"{record.service} ended", log_file))
        if time.monotonic() > deadline:
            raise Unavailable(
                "\n".join(
                    _explain(f"{title}: no {missing} after {seconds:.0f} s", log_file)
                    for _, log_file in started
                )
            )
        time.sleep(_POLL_SECONDS)


def fetch_json(url: str) -> Any | None:
    """Return the JSON a local address answers, None while it does not answer."""
    # No proxy: the address is on this machine whatever the environment says.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def _explain(problem: str, log_file: Path) -> str:
    return f"{problem}; {log_file} ends with:\n{read_tail(log_file)}"
