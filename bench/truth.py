"""Measure how far each model is from what really happened, scenario by scenario.

    python bench/truth.py [--scenarios base "leaky code"] [--seeds 1 2 3 7] [--scale 1] [--csv FILE]

Markets with known causes are simulated, loaded and measured by the real dbt models, all in one
build in a cluster of its own. Shown are means over the seeds, with lowest and highest of what no
evidence can see; the table of docs/attribution.md is this one. --csv writes, per scenario, seed,
model and creator, by how much the credited revenue differs from the caused one.
"""

from __future__ import annotations

import argparse
import csv
import os
import socket
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from ground import REPO  # also puts the repository on the path

from include.attribution.truth import ModelError
from include.dbt_tasks import run_dbt
from include.sandbox.scenarios import SCENARIOS, Outcome, run_scenarios
from include.services.credentials import read_secrets
from include.sources._base import Connection
from include.warehouse import ddl
from include.warehouse.connection import parse_dsn
from include.warehouse.embedded import Cluster

SEEDS = (1, 2, 3, 7)
HEADER = """\
| scenario | unseen | model | total variation | rank correlation | credited ÷ caused \
| error per creator | would have come anyway | another's |
|---|---|---|---|---|---|---|---|---|"""


def main() -> int:
    """Run the scenarios and print the table."""
    parser = argparse.ArgumentParser(prog="bench/truth.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--scenarios", nargs="+", choices=list(SCENARIOS), default=list(SCENARIOS))
    parser.add_argument("--seeds", type=int, nargs="+", default=list(SEEDS))
    parser.add_argument("--scale", type=float, default=1.0, help="of orders, 1 is the sample's")
    parser.add_argument("--csv", type=Path, help="write the error of every creator here")
    options = parser.parse_args()
    outcomes = measure(options.scenarios, options.seeds, options.scale)
    print(HEADER)
    for name in options.scenarios:
        for line in table_rows(name, [found for found in outcomes if found.scenario == name]):
            print(line)
    if options.csv is not None:
        write_creators(options.csv, outcomes)
    return 0


def measure(names: Sequence[str], seeds: Sequence[int], scale: float) -> list[Outcome]:
    """Run scenarios in a cluster that is gone afterwards."""
    os.chdir(REPO)
    with tempfile.TemporaryDirectory(prefix="groundswell-truth-") as folder:
        secrets = read_secrets(Path(folder))
        cluster = Cluster(Path(folder), _free_port(), secrets.postgres_password, is_durable=False)
        try:
            cluster.start()
            ddl.migrate(cluster.admin_dsn(), secrets)
            dsn = cluster.admin_dsn(ddl.WAREHOUSE)
            parts = parse_dsn(dsn)
            transformer = Connection(
                "warehouse_transformer",
                host=parts["host"],
                port=int(parts["port"]),
                scheme=parts["dbname"],
                login="transformer",
                password=secrets.role_password("transformer"),
            )
            places = ["--target-path", folder, "--log-path", folder]

            def build(arguments: Sequence[str]) -> None:
                run_dbt(["--quiet", *arguments, *places], transformer)

            return run_scenarios(dsn, build, names, seeds, scale=scale)
        finally:
            cluster.stop()


def table_rows(name: str, outcomes: Sequence[Outcome]) -> Iterable[str]:
    """Yield a line per model, means over the seeds; models that agree throughout share a line."""
    unseen = [found.unseen_share for found in outcomes]
    shown = f"{statistics.mean(unseen):.0%} ({min(unseen):.0%}–{max(unseen):.0%})"
    lines: dict[str, list[str]] = {}
    for errors in zip(*(found.errors for found in outcomes), strict=True):
        lines.setdefault(_figures(errors), []).append(errors[0].model)
    for place, (figures, models) in enumerate(lines.items()):
        head = (name, shown) if place == 0 else ("", "")
        yield f"| {head[0]} | {head[1]} | {', '.join(models)} | {figures} |"


def _figures(errors: Sequence[ModelError]) -> str:
    def mean(figure: str) -> float:
        return statistics.mean(getattr(error, figure) for error in errors)

    return (
        f"{mean('total_variation'):.3f} | {mean('rank_correlation'):.2f} "
        f"| {mean('revenue_ratio'):.2f} | {mean('revenue_error'):.0%} "
        f"| {mean('anyway_share'):.0%} | {mean('mistaken_share'):.0%}"
    )


def write_creators(path: Path, outcomes: Iterable[Outcome]) -> None:
    """Write credited less caused revenue of every creator, one row each."""
    with path.open("w", newline="", encoding="utf-8") as sink:
        writer = csv.writer(sink)
        writer.writerow(["scenario", "seed", "model", "creator_id", "revenue_error_amount"])
        for found in outcomes:
            for error in found.errors:
                for creator, amount in sorted(error.revenue_errors.items()):
                    writer.writerow([found.scenario, found.seed, error.model, creator, amount])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
