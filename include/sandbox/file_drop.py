"""Files that the sandbox's market sends: written into folders as the virtual clock moves.

A source whose `sandbox.py` has `write_files(market, now, folder)` is read from a folder and not
over HTTP. What it would hold at the clock's time is written whenever the clock is set, and every
few minutes while it runs, each file whole. The pipeline knows the folder from its connection.

Where faults of folders are on (`faults_files.py`), what was written is spoiled at once, the same
way all day of the virtual clock; the next time it is healed first.
"""

from __future__ import annotations

import datetime as dt
import logging
import shutil
import threading
from collections.abc import Collection, Mapping
from pathlib import Path
from types import ModuleType

from include.sandbox.clock import Clock
from include.sandbox.faults import Switchboard
from include.sandbox.faults_files import FolderFaults
from include.sandbox.world import Market

RUNNING_SECONDS = 300.0
# By so much a machine's clock may be put right; more is a market set back to an earlier time.
CORRECTED = dt.timedelta(minutes=10)
# Beside the folders, so that no source takes it for one of its files.
WRITTEN_AT = ".written_at"

_log = logging.getLogger(__name__)


class FileDrop:
    """Writes the files of a market below a folder, one sub-folder per source."""

    def __init__(
        self,
        market: Market,
        clock: Clock,
        folder: Path,
        sandboxes: Mapping[str, ModuleType],
        served: Collection[str],
        board: Switchboard,
    ) -> None:
        self._market, self._clock, self._folder = market, clock, folder
        self._writers = {
            name: module.write_files
            for name, module in sandboxes.items()
            if name in served and hasattr(module, "write_files")
        }
        self._board = board
        board.folders = frozenset(self._writers)
        self._faults = {name: FolderFaults({}) for name in self._writers}
        self._lock = threading.Lock()

    def write(self) -> None:
        """Bring the folders to the clock's time; a clock set back takes back what came since."""
        with self._lock:
            now = self._clock.now()
            for faults in self._faults.values():
                faults.heal()
            if self._last_time() - now > CORRECTED:
                shutil.rmtree(self._folder)
            for name, write_files in self._writers.items():
                folder = self._folder / name
                folder.mkdir(parents=True, exist_ok=True)
                self._faults[name] = faults = FolderFaults(self._board.for_files(name))
                faults.spoil(folder, write_files(self._market, now, folder), now.date())
                for fault, hits in faults.hits.items():
                    self._board.count(name, fault, hits)
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / WRITTEN_AT).write_text(now.isoformat(), encoding="utf-8")

    def _last_time(self) -> dt.datetime:
        kept = self._folder / WRITTEN_AT
        if not kept.exists():
            return dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        return dt.datetime.fromisoformat(kept.read_text(encoding="utf-8"))

    def start(self) -> None:
        """Write now, and again while the clock runs, in a thread that ends with the process."""
        threading.Thread(target=self._follow, name="file_drop", daemon=True).start()

    def _follow(self) -> None:
        pause = threading.Event()
        while True:
            try:
                self.write()
            except OSError:  # a full disk must not end the thread
                _log.exception("the sandbox cannot write its files below %s", self._folder)
            pause.wait(RUNNING_SECONDS)
            while not self._clock.is_running:
                pause.wait(RUNNING_SECONDS)
