"""Measure loading each source's widest stream against downloading and splitting the same pages.

    python bench/streams.py [--rows 20000] [--repeat 3] [--sources ga4 tiktok …]

The sandbox answers each connector once and what it landed becomes the pages of a plain loopback
server, served over and over until there are enough rows. Two processes read them through the same
session: `split` decodes, parses and takes the rows and child rows apart; `ours` also lands, checks,
types and copies them. Exit status 1 when ours takes more than 2.5 times the CPU of split, or more
than 120 MB. How a connector finds its pages (paging, quotas) is no part of this.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests
from cryptography.fernet import Fernet
from ground import BENCH, REPO, Cost, free_port, prepare, run  # puts the repository on the path

WIDEST = {
    "shopify": "orders",
    "woocommerce": "orders",
    "ga4": "sessions",
    "ga4_export": "events",
    "instagram": "media_insights",
    "tiktok": "videos",
    "youtube": "videos",
    "files": "post_purchase_survey",
}
GOAL_RATIO, GOAL_PEAK_MB = 2.5, 120
LAST_DAY, NOW = "2026-11-20", "2026-11-11T13:00:00+00:00"
# This process stays small: a child's peak counts what it had before it became another program.
SCRIPT = [sys.executable, str(BENCH / "stream_contender.py")]


def main() -> int:
    """Land once, measure each source and print the table; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/streams.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the least CPU counts")
    parser.add_argument("--sources", nargs="+", choices=WIDEST, default=list(WIDEST))
    options = parser.parse_args()
    os.environ["GROUNDSWELL_TOKEN_KEY"] = Fernet.generate_key().decode()
    print("stream                            rows  split CPU s  ours CPU s  ratio  peak MB")
    is_good = True
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "landing"
        with (
            prepare(Path(folder), "page_server.py", str(pages)) as ground,
            sandbox(Path(folder)),
        ):
            for source in options.sources:
                what = [source, WIDEST[source], str(ground.port), ground.loader_dsn, folder]
                run(ground, [*SCRIPT, "land", "1", *what])
                rows = int((Path(folder) / "output.txt").read_text().splitlines()[-1])
                rounds = -(-options.rows // rows)
                found: dict[str, Cost] = {}
                for name in ["split", "ours"] * options.repeat:
                    cost = run(ground, [*SCRIPT, name, str(rounds), *what])
                    found[name] = min(cost, found.get(name, cost), key=lambda c: c.cpu)
                is_good &= show(f"{source}.{WIDEST[source]}", rows * rounds, found)
    return 0 if is_good else 1


def show(name: str, rows: int, found: dict[str, Cost]) -> bool:
    """Print one line; say whether the goals are met."""
    split, ours = found["split"], found["ours"]
    ratio = ours.cpu / split.cpu
    is_good = ratio <= GOAL_RATIO and ours.peak_mb <= GOAL_PEAK_MB
    print(
        f"{name:<30} {rows:>7}  {split.cpu:>11.2f} {ours.cpu:>11.2f} {ratio:>6.2f} "
        f"{ours.peak_mb:>8.0f}{'' if is_good else '  MISSED'}",
        flush=True,
    )
    return is_good


@contextmanager
def sandbox(folder: Path) -> Iterator[None]:
    """Start a sandbox whose clock stands still."""
    # Where the sandbox's connections look for its files.
    os.environ["GROUNDSWELL_DATA_DIR"] = str(folder)
    port = free_port()
    where = ["--data-dir", str(folder), "--port", str(port)]
    command = [sys.executable, "-m", "include.sandbox"]
    subprocess.run([*command, "init", "--last-day", LAST_DAY, *where], cwd=REPO, check=True)
    process = subprocess.Popen([*command, "serve", *where, "--at", NOW], cwd=REPO)
    try:
        _await_health(process, port)
        yield
    finally:
        process.terminate()
        process.wait()


def _await_health(process: subprocess.Popen[bytes], port: int) -> None:
    while process.poll() is None:
        try:
            requests.get(f"http://127.0.0.1:{port}/_control/health", timeout=5).raise_for_status()
        except requests.ConnectionError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError("the sandbox did not start")


if __name__ == "__main__":
    raise SystemExit(main())
