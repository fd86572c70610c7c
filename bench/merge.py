"""Measure the merge of a small increment into small and large tables: it should not feel the size.

    python bench/merge.py [--rows 10000 1000000] [--increment 1000] [--repeat 7]

The tables of Shopify orders are filled to each size; then increments of orders from all over them,
half of them changed and half of them new, are read, staged and merged by the product's own loader.
Shown are medians of the runs: CPU of loader and Postgres together, of Postgres alone, and
wall time. Exit status 1 when an increment into the largest size takes more than 1.25 times the CPU
of one into the smallest.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

import psycopg
import shop_server
from ground import Ground, prepare  # also puts the repository on the path
from psycopg import sql

from include.sources import discover_sources
from include.sources._base import Page, Window
from include.warehouse.connection import connect
from include.warehouse.load import StreamLoad
from include.warehouse.load_rejects import RejectScope
from include.warehouse.load_tables import stream_tables

GOAL_RATIO = 1.25
# Orders loaded through the loader; the rest are copies of them with other ids, made in SQL.
SEED_ORDERS = 10_000
PAGE_ORDERS = 250
STREAM = discover_sources()["shopify"].stream("orders")
TABLES = stream_tables("shopify", STREAM)
DAY = Window(
    start=dt.datetime(2026, 11, 19, tzinfo=dt.UTC),
    end=dt.datetime(2026, 11, 20, tzinfo=dt.UTC),
    key="2026-11-19",
)
SCOPE = RejectScope("shopify", "orders", "shopify", DAY.key, "bench", "bench")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds of one increment: CPU of loader and backend, of the backend alone, wall."""

    cpu: float
    backend: float
    wall: float


def main() -> int:
    """Fill, merge and print; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/merge.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--increment", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=15, help="increments; the median counts")
    options = parser.parse_args()
    print("     rows  increment   CPU s  Postgres  wall s")
    found: dict[int, Took] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        prepare(Path(folder), "shop_server.py", "0") as ground,
    ):
        filled = 0
        for rows in sorted(options.rows):
            filled = fill(ground, filled, rows)
            took = [
                merge_increment(ground, filled, options.increment, round_number)
                for round_number in range(options.repeat)
            ]
            found[filled] = mid = middle(took)
            print(
                f"{filled:>9}  {options.increment:>9}  {mid.cpu:>6.3f}  {mid.backend:>8.3f}"
                f"  {mid.wall:>6.3f}",
                flush=True,
            )
    small, large = found[min(found)], found[max(found)]
    ratio = large.cpu / small.cpu
    is_good = ratio <= GOAL_RATIO
    print(
        f"           {'met' if is_good else 'MISSED'}: {ratio:.2f} x (goal {GOAL_RATIO}), "
        f"Postgres alone {large.backend / small.backend:.2f} x"
    )
    return 0 if is_good else 1


def middle(took: list[Took]) -> Took:
    """Return the median of each figure."""
    return Took(*(statistics.median(values) for values in zip(*map(astuple, took), strict=True)))


def fill(ground: Ground, filled: int, rows: int) -> int:
    """Fill the tables up to a number of orders, a multiple of `SEED_ORDERS`; return it."""
    if not filled:
        with connect(ground.loader_dsn, autocommit=True) as conn:
            load(conn, [shop_server.order_text(n) for n in range(SEED_ORDERS)]).merge()
        filled = SEED_ORDERS
    with connect(ground.admin_dsn, autocommit=True) as conn:
        for copy in range(filled // SEED_ORDERS, rows // SEED_ORDERS):
            for table in TABLES:
                conn.execute(_copy(table.identifier, [c.name for c in table.all_columns], copy))
        for table in TABLES:
            conn.execute(sql.SQL("vacuum analyze {}").format(table.identifier))
        conn.execute("checkpoint")
    return max(filled, rows // SEED_ORDERS * SEED_ORDERS)


def _copy(table: sql.Composable, columns: list[str], copy: int) -> sql.Composed:
    """SQL: the seed's rows once more, with the ids of other orders."""
    first = 6_001_234_560_000
    values = [
        sql.SQL("(order_id::bigint + {})::text").format(copy * SEED_ORDERS)
        if name == "order_id"
        else sql.Identifier(name)
        for name in columns
    ]
    return sql.SQL(
        "insert into {0} ({1}) select {2} from {0}"
        " where order_id::bigint >= {3} and order_id::bigint < {4}"
    ).format(
        table,
        sql.SQL(", ").join(map(sql.Identifier, columns)),
        sql.SQL(", ").join(values),
        sql.Literal(first),
        sql.Literal(first + SEED_ORDERS),
    )


def merge_increment(ground: Ground, filled: int, size: int, round_number: int) -> Took:
    """Read, stage and merge one increment; return what that took."""
    chosen = random.Random(round_number)
    old = chosen.sample(range(filled), size // 2)
    # Far above every table, so that no round meets the new orders of another one.
    new = range(100_000_000 + filled * 100 + round_number * size, 10**9)
    at = dt.datetime(2026, 11, 19, tzinfo=dt.UTC) + dt.timedelta(
        seconds=filled, minutes=round_number
    )
    updated = f"{at:%Y-%m-%dT%H:%M:%S}Z"
    texts = [_changed(n, updated) for n in old]
    texts += [_changed(n, updated) for n in new[: size - len(old)]]
    with connect(ground.loader_dsn, autocommit=True) as conn:
        [(pid,)] = conn.execute("select pg_backend_pid()").fetchall()
        started, own, backend = time.perf_counter(), time.process_time(), backend_cpu(pid)
        counts = load(conn, texts).merge()
        wall, own = time.perf_counter() - started, time.process_time() - own
        backend = backend_cpu(pid) - backend
    if counts.rows_merged != size:
        raise RuntimeError(f"{counts.rows_merged} rows were merged, not {size}")
    return Took(own + backend, backend, wall)


def _changed(number: int, updated: str) -> str:
    text = shop_server.order_text(number)
    head, _, tail = text.partition('"updatedAt":"')
    return f'{head}"updatedAt":"{updated}{tail[20:]}'


def load(conn: psycopg.Connection, texts: list[str]) -> StreamLoad:
    """Stage orders as the pages of one load."""
    staged = StreamLoad(conn, "shopify", STREAM, DAY, SCOPE)
    for number, page in enumerate(_pages(texts), start=1):
        staged.add_page(number, page)
    staged.check_rejects()
    return staged


def _pages(texts: list[str]) -> Iterator[Page]:
    for start in range(0, len(texts), PAGE_ORDERS):
        nodes = ",".join(texts[start : start + PAGE_ORDERS])
        yield Page(
            body=f'{{"data":{{"orders":{{"nodes":[{nodes}]}}}}}}'.encode(),
            status=200,
            captured_at=dt.datetime.now(dt.UTC),
            captured_at_source="local",
            request={},
        )


def backend_cpu(pid: int) -> float:
    """Return the CPU seconds so far of one Postgres backend."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:13]) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    raise SystemExit(main())
