"""Measure how fast raw is rebuilt from landing: `python bench/replay.py [--orders 1000000]`.

Lands the pages of the synthetic shop, without HTTP, in runs of 50,000 orders, then replays them
into empty tables by two processes: their CPU, wall time and the peak memory of the larger one. Exit
status 1 when a goal is missed: a million orders (or as many as asked, in proportion) in 90 seconds,
at most 120 MB. Two cores of their own are assumed; on a shared machine read the CPU.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from pathlib import Path

import shop_server
from ground import BENCH, prepare, run  # also puts the repository on the path

from include.landing.pages import LandingRun, RunHeader
from include.landing.store import open_store
from include.sources._base import Page
from include.sources.shopify import queries
from include.warehouse.connection import connect

GOAL_SECONDS_A_MILLION = 90.0
GOAL_PEAK_MB = 120
ORDERS_A_RUN = 50_000
START = dt.datetime(2026, 10, 2, tzinfo=dt.UTC)


def main() -> int:
    """Land, replay and print; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/replay.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=int, default=1_000_000)
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        prepare(Path(folder), "shop_server.py", "0") as ground,
    ):
        for first in range(0, options.orders, ORDERS_A_RUN):
            numbers = range(first, min(options.orders, first + ORDERS_A_RUN))
            land(Path(folder) / "landing", numbers)
        command = [sys.executable, str(BENCH / "contender.py"), "replay"]
        cost = run(ground, [*command, str(ground.port), ground.loader_dsn, folder])
        with connect(ground.admin_dsn) as conn:
            found = conn.execute("select count(*) from raw.shopify__orders").fetchone()
    if found != (options.orders,):
        raise RuntimeError(f"raw.shopify__orders has {found}, not {options.orders} rows")
    goal = GOAL_SECONDS_A_MILLION * options.orders / 1_000_000
    is_good = cost.wall <= goal and cost.peak_mb <= GOAL_PEAK_MB
    print("   orders   CPU s  wall s  peak MB  Postgres CPU s")
    print(
        f"{options.orders:>9} {cost.cpu:>7.1f} {cost.wall:>7.1f} {cost.peak_mb:>8.0f}"
        f" {cost.served:>15.1f}"
    )
    print(f"           {'met' if is_good else 'MISSED'}: goal {goal:.0f} s, {GOAL_PEAK_MB} MB")
    return 0 if is_good else 1


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
