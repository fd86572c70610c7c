"""Work in a forked child of the test process, for tests that kill it or run several at once."""

from __future__ import annotations

import gc
import os
import traceback
from collections.abc import Callable


def start_child(work: Callable[[], None]) -> int:
    """Do the work in a child and return its id; it ends with 0, or 1 where the work raised.

    A collection of garbage would write to every page that the child shares with the test process,
    which after many modules is a gigabyte to copy: seconds for each child.
    """
    child = os.fork()
    if child == 0:
        gc.disable()
        status = 1
        try:
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(status)
    return child
