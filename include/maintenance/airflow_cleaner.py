"""Clean Airflow's metadata for tasks, which have no access to it: a process beside the scheduler.

    python -m include.maintenance.airflow_cleaner          take orders until it is stopped
    python -m include.maintenance.airflow_cleaner check    exit with 0 while one takes orders

It has the environment of Airflow's services, and with it their database. A task hands over no more
than a date: an order is a file in `<GROUNDSWELL_DATA_DIR>/maintenance/`, and so is its outcome.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import sys
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec

from include.errors import GroundswellError, Unavailable
from include.http.redact import redact_text
from include.maintenance.airflow_metadata import TIMEOUT_SECONDS, clean_airflow
from include.settings import read_settings

POLL_SECONDS = 2.0
# The mark of life is set with every look at the folder, but not while an order is worked off.
ALIVE_SECONDS = 60.0
# Whoever can write an order cannot have the history of the last days deleted.
KEPT_DAYS = 7
_ALIVE, _BUSY = "cleaner.alive", "cleaner.busy"
_log = logging.getLogger(__name__)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be deleted: rows from before an instant."""

    before: dt.datetime
    is_dry_run: bool


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order; `error` is empty when it was carried out."""

    error: str = ""


def orders_dir() -> Path:
    """Return the folder of orders, which tasks and the cleaner share."""
    return read_settings().data_dir / "maintenance"


def order_cleaning(
    folder: Path,
    before: dt.datetime,
    *,
    is_dry_run: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Have Airflow's metadata cleaned and wait for it; False when nobody takes orders.

    Raise `Unavailable` with the reason when the cleaning failed or does not end.
    """
    if not is_served(folder):
        return False
    name = uuid.uuid4().hex
    order, outcome = folder / f"{name}.order", folder / f"{name}.outcome"
    _write(order, Order(before=before, is_dry_run=is_dry_run))
    for _ in range(int(TIMEOUT_SECONDS / POLL_SECONDS)):
        if outcome.exists():
            found = msgspec.json.decode(outcome.read_bytes(), type=Outcome)
            outcome.unlink()
            if found.error:
                raise Unavailable(found.error)
            return True
        if order.exists() and not is_served(folder):
            break
        sleep(POLL_SECONDS)
    order.unlink(missing_ok=True)
    raise Unavailable("the cleaner of Airflow's metadata took the order and never answered")


def is_served(folder: Path) -> bool:
    """Say whether a cleaner looks into the folder, or is at work."""
    limits = ((_ALIVE, ALIVE_SECONDS), (_BUSY, TIMEOUT_SECONDS))
    return any(_age(folder / name) < seconds for name, seconds in limits)


def serve(folder: Path, *, rounds: int | None = None) -> None:
    """Take orders for ever (tests: so many times)."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / _BUSY).unlink(missing_ok=True)
    while rounds is None or rounds > 0:
        (folder / _ALIVE).touch()
        for path in sorted(folder.glob("*.order")):
            (folder / _BUSY).touch()
            outcome = carry_out(path.read_bytes())
            path.unlink(missing_ok=True)
            _write(path.with_suffix(".outcome"), outcome)
            (folder / _BUSY).unlink(missing_ok=True)
        _forget_old(folder)
        rounds = None if rounds is None else rounds - 1
        if rounds != 0:
            time.sleep(POLL_SECONDS)


def carry_out(content: bytes) -> Outcome:
    """Carry an order out; a wrong one, or a failure, is told and never ends the process."""
    try:
        order = msgspec.json.decode(content, type=Order)
        newest = dt.datetime.now(dt.UTC) - dt.timedelta(days=KEPT_DAYS)
        if order.before > newest:
            return Outcome(error=f"{order.before} is not allowed; allowed: up to {newest}")
        clean_airflow(
            os.environ.get("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"),
            order.before,
            is_dry_run=order.is_dry_run,
        )
    except (msgspec.MsgspecError, TypeError, OSError, GroundswellError) as error:
        text = redact_text(str(error))
        _log.warning("an order failed: %s", text)
        return Outcome(error=text)
    return Outcome()


def _write(path: Path, content: msgspec.Struct) -> None:
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(content))
    draft.replace(path)


def _forget_old(folder: Path) -> None:
    """Delete outcomes whose task has ended before it could read them."""
    for path in folder.glob("*.outcome"):
        if _age(path) > TIMEOUT_SECONDS:
            path.unlink(missing_ok=True)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


if __name__ == "__main__":
    if sys.argv[1:] == ["check"]:
        sys.exit(0 if is_served(orders_dir()) else "nobody takes orders")
    if sys.argv[1:]:
        sys.exit(
            f"usage: python -m include.maintenance.airflow_cleaner [check] (got {sys.argv[1:]})"
        )
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    serve(orders_dir())
