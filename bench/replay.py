"""Measure how fast raw is rebuilt from landing: `python bench/replay.py [--orders 1000000]`.

Lands the pages of the synthetic shop, without HTTP, in runs of 50,000 orders, then replays them
into empty tables by two processes: their CPU, wall time and the peak memory of the larger one. Exit
status 1 when a goal is missed: a million orders (or as many as asked, in proportion) in 90 seconds,
at most 120 MB. Two cores of their own are assumed; on a shared machine read the CPU, and know that
it too grows with what others put into the cores' caches. `--durable` waits for the disk, as an
installation does. The load of the machine and the time each run was committed are printed, so that
one can see whether the cost of a run grows with the tables.
"""

from __future__ import annotations

import argparse
import datetime as dt
import itertools
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import shop_server
from ground import BENCH, Cost, prepare, run  # also puts the repository on the path

from include.landing.pages import LandingRun, RunHeader
from include.landing.store import open_store
from include.sources._base import Page
from include.sources.shopify import queries
from include.warehouse.connection import connect

GOAL_SECONDS_A_MILLION = 90.0
GOAL_PEAK_MB = 120
ORDERS_A_RUN = 50_000
START = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)
COMMITS = "select extract(epoch from loaded_at) from quality.load_windows order by load_id"


def main() -> int:
    """Land, replay and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/replay.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=int, default=1_000_000)
    parser.add_argument("--durable", action="store_true", help="commits wait for the disk")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        prepare(Path(folder), "shop_server.py", "0", is_durable=options.durable) as ground,
    ):
        for first in range(0, options.orders, ORDERS_A_RUN):
            numbers = range(first, min(options.orders, first + ORDERS_A_RUN))
            land(Path(folder) / "landing", numbers)
        load = os.getloadavg()[0]
        command = [sys.executable, str(BENCH / "contender.py"), "replay"]
        cost = run(ground, [*command, str(ground.port), ground.loader_dsn, folder])
        with connect(ground.admin_dsn) as conn:
            found = conn.execute("select count(*) from raw.shopify__orders").fetchone()
            commits = conn.execute(COMMITS).fetchall()
    if found != (options.orders,):
        raise RuntimeError(f"raw.shopify__orders has {found}, not {options.orders} rows")
    print(f"one run was committed every {seconds_a_run(commits)} s; load before: {load:.1f}")
    return 0 if show(options.orders, cost) else 1


def show(orders: int, cost: Cost) -> bool:
    """Print what a replay cost; say whether the goals are met."""
    goal = GOAL_SECONDS_A_MILLION * orders / 1_000_000
    is_good = cost.wall <= goal and cost.peak_mb <= GOAL_PEAK_MB
    print("   orders   CPU s  wall s  peak MB  Postgres CPU s")
    print(
        f"{orders:>9} {cost.cpu:>7.1f} {cost.wall:>7.1f} {cost.peak_mb:>8.0f} {cost.served:>15.1f}"
    )
    print(f"           {'met' if is_good else 'MISSED'}: goal {goal:.0f} s, {GOAL_PEAK_MB} MB")
    return is_good


def seconds_a_run(commits: list[tuple[Any, ...]]) -> str:
    """Say how long the runs of each quarter of the replay took, on average."""
    gaps = [float(later[0] - earlier[0]) for earlier, later in itertools.pairwise(commits)]
    size = -(-len(gaps) // 4) or 1
    quarters = [gaps[place : place + size] for place in range(0, len(gaps), size)]
    return ", ".join(f"{sum(quarter) / len(quarter):.1f}" for quarter in quarters) or "-"


def land(folder: Path, numbers: range) -> None:
    """Land some of the shop's orders as one finished run."""
    run_number = numbers[0] // ORDERS_A_RUN
    start = START + dt.timedelta(days=run_number)
    header = RunHeader(
        source="shopify",
        connection_id="shopify",
        stream="orders",
        partition_key=start.date().isoformat(),
        window_start=start,
        window_end=start + dt.timedelta(days=1),
        run_id="bench",
        landed_at=start,
    )
    landing = LandingRun(open_store(str(folder)), header)
    for first in range(0, len(numbers), queries.PAGE_SIZE):
        page = numbers[first : first + queries.PAGE_SIZE]
        nodes = ",".join(shop_server.order_text(number) for number in page)
        landing.write(
            Page(
                body=f'{{"data":{{"orders":{{"nodes":[{nodes}]}}}}}}'.encode(),
                status=200,
                captured_at=start + dt.timedelta(days=1, hours=3),
                captured_at_source="api",
                request={"method": "POST"},
                context={"cut_orders": []},
            )
        )
    landing.finish()


if __name__ == "__main__":
    raise SystemExit(main())
