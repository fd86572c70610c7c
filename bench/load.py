"""Measure extract + load of nested Shopify orders: ours, dlt beside it, and the floor below both.

    python bench/load.py [--orders 10000 100000] [--repeat 2] [--skip-dlt]

Every contender is a process of its own that reads the same pages from the same loopback server and
writes to the same Postgres (a cluster made for this run). CPU is user + system time of that process
and its children; Postgres and the API server are shown beside it. Exit status 1 when a goal is
missed: at most 0.25 of dlt's CPU, at most 120 MB at any size.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from ground import BENCH, Cost, Ground, prepare, run  # also puts the repository on the path

from include.sources.shopify import queries
from include.warehouse.connection import connect

DLT_PYTHON = BENCH / ".venv" / "bin" / "python"
GOAL_SHARE_OF_DLT = 0.25
GOAL_PEAK_MB = 120


def main() -> int:
    """Measure every size and print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/load.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--repeat", type=int, default=2, help="runs of each; the least CPU counts")
    parser.add_argument("--skip-dlt", action="store_true")
    options = parser.parse_args()
    if not options.skip_dlt:
        make_dlt_environment()
    print("   orders  what             CPU s  wall s  peak MB  served CPU s")
    is_good = True
    for orders in options.orders:
        with (
            tempfile.TemporaryDirectory() as folder,
            prepare(Path(folder), "shop_server.py", str(orders)) as ground,
        ):
            is_good &= measure_size(
                ground, orders, with_dlt=not options.skip_dlt, repeat=options.repeat
            )
    return 0 if is_good else 1


def measure_size(ground: Ground, orders: int, *, with_dlt: bool, repeat: int) -> bool:
    """Measure every contender at one size; say whether the goals are met."""
    script = [sys.executable, str(BENCH / "contender.py")]
    arguments = [str(ground.port), ground.loader_dsn, str(ground.folder)]
    commands = {
        "floor": [*script, "floor", *arguments],
        "ours": [*script, "ours", *arguments],
        "ours, again": [*script, "ours", *arguments],
    }
    if with_dlt:
        query = ground.folder / "orders.graphql"
        query.write_text(queries.ORDERS, encoding="utf-8")
        api = f"http://127.0.0.1:{ground.port}{queries.API_PATH}"
        dlt = (str(DLT_PYTHON), str(BENCH / "dlt_load.py"), api, ground.admin_dsn)
        commands["dlt"] = [*dlt, str(queries.PAGE_SIZE), str(query)]
    costs: dict[str, Cost] = {}
    for _ in range(repeat):
        empty_tables(ground)
        for name, command in commands.items():
            cost = run(ground, command)
            # Other work on the machine only ever adds: the least is nearest to the truth.
            costs[name] = min(cost, costs.get(name, cost), key=lambda c: c.cpu)
        check_rows(ground, "raw.shopify__orders", orders)
        if with_dlt:
            check_rows(ground, "dlt_raw.orders", orders)
    for name, cost in costs.items():
        print(
            f"{orders:>9}  {name:<14} {cost.cpu:>7.2f} {cost.wall:>7.2f} {cost.peak_mb:>8.0f} "
            f"{cost.served:>13.2f}",
            flush=True,
        )
    return judge(costs)


def empty_tables(ground: Ground) -> None:
    """Take away what earlier runs loaded."""
    with connect(ground.admin_dsn) as conn:
        for (table,) in conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables"
            r" where schemaname = 'raw' and tablename like 'shopify\_\_%'"
        ).fetchall():
            conn.execute(f"truncate {table}")
        conn.execute("drop schema if exists dlt_raw cascade")


def judge(costs: dict[str, Cost]) -> bool:
    """Print ours against floor and dlt; say whether the goals are met."""
    ours = costs["ours"]
    is_good = ours.peak_mb <= GOAL_PEAK_MB
    parts = [f"{ours.cpu / costs['floor'].cpu:.1f} x the floor"]
    if "dlt" in costs:
        share = ours.cpu / costs["dlt"].cpu
        is_good &= share <= GOAL_SHARE_OF_DLT
        parts.append(f"{share:.3f} x dlt's CPU (goal {GOAL_SHARE_OF_DLT})")
    parts.append(f"peak {ours.peak_mb:.0f} MB (goal {GOAL_PEAK_MB})")
    print(f"           {'met' if is_good else 'MISSED'}: {', '.join(parts)}", flush=True)
    return is_good


def check_rows(ground: Ground, table: str, orders: int) -> None:
    """Make sure that a contender did the work; RuntimeError when rows are missing."""
    with connect(ground.admin_dsn) as conn:
        row = conn.execute(f"select count(*) from {table}").fetchone()  # names are ours
    if row != (orders,):
        raise RuntimeError(f"{table} has {row}, not {orders} rows")


def make_dlt_environment() -> None:
    """Make bench/.venv from its lock, if it is not there."""
    if DLT_PYTHON.exists():
        return
    uv = str(Path(sys.executable).with_name("uv"))
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    venv = str(BENCH / ".venv")
    subprocess.run([uv, "venv", "-q", "-p", sys.executable, venv], check=True, env=environment)
    lock = str(BENCH / "requirements-dlt.txt")
    subprocess.run(
        [uv, "pip", "install", "-q", "-p", str(DLT_PYTHON), "--require-hashes", "-r", lock],
        check=True,
        env=environment,
    )


if __name__ == "__main__":
    raise SystemExit(main())
