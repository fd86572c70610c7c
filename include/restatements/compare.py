"""What a measure run changes in what was published, order by order, with the cause of each change.

Every run stores how the orders it rebuilt are counted now, and compares that with the newest
published state of the same orders. Only those are looked at: rebuilt orders (dbt adds them to
`analysis.rebuilt_orders`), orders of weeks that were solved anew, and orders with entries on days
that count for the first time. So what is compared is what changed, not what was ever sold.

Nothing has to happen at publication: rows carry their run, a run that is published is what the next
one compares with, and rows of a run that is not are dropped by the next.

`markov` has no figure per order: it is compared week by week, every week of it, which is a row per
creator and week.

The statements lie in `sql/`. They share the temporary tables of `COLLECTED` and the parameters
`run`, `last_day`, `previous_run` and `previous_last_day`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from include.errors import PublishRefused
from include.warehouse.connection import BY_HASH, connect, join_by_hash
from include.warehouse.publish import transient_errors

log = logging.getLogger(__name__)

SQL_DIR = Path(__file__).resolve().parent / "sql"
# How long single orders, and sums by cause, can be asked about.
ORDER_DAYS, CAUSE_DAYS = 14, 90
BY_RUN = ("order_states", "restated_orders", "credited_days", "restated_runs")
COLLECTED = {
    "changed": "changed",
    "new_states": "new_states",
    "old_states": "old_states",
    "windows": "new_windows",
    "inputs": "changed_inputs",
}
# What reads a table whole, or looks rows up by lists and then joins these few, and from how many
# orders on all of them are read whole: as dbt's `join_whole_tables` and
# `fewest_orders_joined_by_hash`, and for their reason. 40,000 orders of a first run took 65 s of
# CPU by lookups and take 1.1 by hashes.
BY_HASH_ALONE = frozenset({"new_states", "windows"})
FEWEST_BY_HASH = 5_000
# Up to how many orders their rows are looked up by lists: 25,000 of 2 million take 2 s, and 10 s
# where joins by hash read every touch and credit for them.
MOST_LISTED = 200_000
FIRST = ("first_days", "first_windows")
LATER = ("restate_orders", "restate_days", "sum_causes", "restate_windows")
PRUNED = ("states", "days", "orders", "causes")


def compare_run(dsn: str, measure_run_id: int) -> int:
    """Write what a run changes since the publication before; return the number of rows by cause.

    The first run only remembers. `dsn` is the transformer's. Running it again for the same run
    replaces what it wrote. Raise `PublishRefused` for an unknown run, `Unavailable` when the
    warehouse cannot be asked.
    """
    with transient_errors(), connect(dsn) as connection:
        _forget_unpublished(connection)
        values = _open(connection, measure_run_id)
        _run(connection, "note_rebuilt", values)
        is_by_hash = False
        for what, table in COLLECTED.items():
            with _joined_by_hash(connection, is_wanted=is_by_hash or what in BY_HASH_ALONE):
                collected = _run(connection, f"collect_{what}", values)
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(table)))
            if what == "changed":
                is_by_hash = collected.rowcount >= FEWEST_BY_HASH
                values["is_listed"] = collected.rowcount <= MOST_LISTED
        for name in FIRST if values["previous_run"] is None else LATER:
            _run(connection, name, values)
        _run(connection, "store_states", values)
        for what in PRUNED:
            _run(connection, f"prune_{what}", values)
        written = connection.execute(
            "select count(*) from analysis.restatements where measure_run_id = %s", [measure_run_id]
        ).fetchone()
    count = int(written[0]) if written else 0
    log.info("measure run %s restates %s figures by cause", measure_run_id, count)
    return count


@contextmanager
def _joined_by_hash(connection: psycopg.Connection, *, is_wanted: bool) -> Iterator[None]:
    """Let statements of this transaction join by hash alone, then as they did before."""
    if not is_wanted:
        yield
        return
    usual = {name: connection.execute(f"show {name}").fetchone() for name in BY_HASH}
    join_by_hash(connection)
    yield
    for name, row in usual.items():
        connection.execute("select set_config(%s, %s, true)", [name, row[0] if row else None])


def _forget_unpublished(connection: psycopg.Connection) -> None:
    for table in BY_RUN:
        connection.execute(
            sql.SQL(
                """
                delete from {} as stored
                using quality.measure_runs as runs
                where stored.measure_run_id = runs.measure_run_id and runs.status <> 'published'
                """
            ).format(sql.Identifier("analysis", table))
        )


def _open(connection: psycopg.Connection, measure_run_id: int) -> dict[str, Any]:
    """Record the run beside the publication it is compared with; return the parameters."""
    row = _run(connection, "open_comparison", {"run": measure_run_id}).fetchone()
    if row is None:
        raise PublishRefused(f"there is no measure run {measure_run_id}")
    last_day, previous_run, previous_last_day, model_count = row
    return {
        "run": measure_run_id,
        "last_day": last_day,
        "previous_run": previous_run,
        "previous_last_day": previous_last_day,
        "model_count": model_count,
        "order_days": ORDER_DAYS,
        "cause_days": CAUSE_DAYS,
    }


def _run(
    connection: psycopg.Connection, name: str, values: dict[str, Any]
) -> psycopg.Cursor[tuple[Any, ...]]:
    text = (SQL_DIR / f"{name}.sql").read_text(encoding="utf-8")
    return connection.execute(text.encode(), values)
