"""Measure how long a warehouse takes to build, whole and by one more day, model by model.

    python bench/marts.py                                    # the sample, then 100,000 orders
    python bench/marts.py --orders 2000000 --creators 1000   # a year of a large shop
    python bench/marts.py --installation [--rounds 3]        # the marts of what `make demo` made

A market of the size is drawn into a Postgres of its own (market.py), loaded, and measured as
`measure_campaigns` does it: staging to core, solves, marts, publication. Then one more day arrives,
and two more after it, each measured by itself. The same days arrive in a second market with the
same creators and orders a day but 30 days of history: the ratio of the two says how a day's cost
grows with history. It is taken from the second and third day, for the first one also clears away
what the build of everything noted, which no other day does. Wall time is that of
this machine with its load at the time; CPU is of the server and of this process, and the ratio is
taken from it. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import ground  # puts the repository on the path
from goals import Goal
from installation import measure_installation
from market import DAYS_AFTER, LAST_DAY, Market, Size, drawn_market

from include.dbt_tasks import run_dbt
from include.measure import MeasureRun, solve
from include.sources._base import Connection
from include.warehouse.connection import parse_dsn

SAMPLE = Size(creators=25, orders=5_300, days=61)
YEAR, MONTH = 365, 30
GOAL_SAMPLE, GOAL_LARGE, GOAL_DAY, GOAL_RATIO = 30.0, 600.0, 90.0, 1.3
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Step:
    """What a part of a measure run took; `models` are dbt's own seconds, the slowest first."""

    wall: float
    served: float
    own: float
    models: list[tuple[str, float, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cost:
    """A measure run by its parts."""

    steps: dict[str, Step]

    @property
    def wall(self) -> float:
        return sum(step.wall for step in self.steps.values())

    @property
    def cpu(self) -> float:
        return sum(step.served + step.own for step in self.steps.values())


def main() -> int:
    """Measure the sizes asked for; return the exit code."""
    parser = argparse.ArgumentParser(prog="bench/marts.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--orders", type=int, help="of the whole history; default 100,000")
    parser.add_argument("--creators", type=int, default=200)
    parser.add_argument("--days", type=int, default=YEAR)
    parser.add_argument("--folder", type=Path, help="where the server's files go, else $TMPDIR")
    parser.add_argument("--skip-increment", action="store_true")
    parser.add_argument("--installation", action="store_true")
    parser.add_argument("--rounds", type=int, default=3, help="of --installation")
    options = parser.parse_args()
    if options.installation:
        return measure_installation(options.rounds)
    goals = [] if options.orders else measure_sample(options.folder)
    size = Size(options.creators, options.orders or 100_000, options.days)
    goals += measure_size(size, options.folder, has_increment=not options.skip_increment)
    return 0 if all(goal.is_met for goal in goals) else 1


def measure_sample(folder: Path | None) -> list[Goal]:
    """Build a market as large as the sandbox's."""
    with drawn_market(SAMPLE, folder) as market:
        market.load(SAMPLE.first_day, LAST_DAY)
        cost = measure_day(market, LAST_DAY, "everything")
    goal = Goal("seconds for all marts of the sample", cost.steps["marts"].wall, GOAL_SAMPLE)
    print(goal, flush=True)
    return [goal]


def measure_size(size: Size, folder: Path | None, *, has_increment: bool) -> list[Goal]:
    """Build a market, then some more days of it, then those days after a month."""
    with drawn_market(size, folder) as market:
        market.load(size.first_day, LAST_DAY)
        whole = measure_day(market, LAST_DAY, "everything")
        goals = [Goal("seconds for all marts", whole.steps["marts"].wall, GOAL_LARGE)]
        days = add_days(market) if has_increment else []
    if days:
        short = Size(size.creators, size.orders // size.days * MONTH, MONTH)
        with drawn_market(short, folder) as market:
            market.load(short.first_day, LAST_DAY)
            measure_day(market, LAST_DAY, "everything")
            month = add_days(market)
        marts = max(day.steps["marts"].wall for day in days)
        goals.append(Goal("seconds for the marts of one more day", marts, GOAL_DAY))
        whole_day = max(day.wall for day in days)
        goals.append(Goal("seconds for all of one more day", whole_day, GOAL_DAY))
        ratio = sum(day.cpu for day in days[1:]) / sum(day.cpu for day in month[1:])
        goals.append(Goal("a day's CPU, times after a month", ratio, GOAL_RATIO))
    print("\n".join(map(str, goals)), flush=True)
    return goals


def add_days(market: Market) -> list[Cost]:
    """Load the days after the history one by one and measure each."""
    costs = []
    for day in range(LAST_DAY + 1, LAST_DAY + 1 + DAYS_AFTER):
        market.load(day, day)
        costs.append(measure_day(market, day, f"{day - LAST_DAY} more days"))
    return costs


def measure_day(market: Market, day: int, what: str) -> Cost:
    """Run what `measure_campaigns` runs for a day and print what it took."""
    run_market_dbt(market, "seed")
    run = market.open_run(day)
    steps = {
        "facts": timed(market, lambda: run_market_dbt(market, *selecting("before_solve"))),
        "solves": timed(market, lambda: solve_run(market, run)),
        "marts": timed(market, lambda: run_market_dbt(market, *selecting("after_solve"))),
    }
    market.publish(run)
    size = market.size
    print(f"{what}: {size.creators:,} creators, {size.orders:,} orders, {size.days} days")
    cost = Cost(steps)
    report(cost)
    return cost


def selecting(tag: str) -> tuple[str, ...]:
    """Return the arguments of a dbt run of one of the two groups; seeds are apart."""
    return ("run", "--select", f"tag:{tag}")


def timed(market: Market, call: Callable[[], list[tuple[str, float, int]]]) -> Step:
    """Run a part and return what it took."""
    served, own, started = market.cpu(), time.process_time(), time.monotonic()
    models = call()
    wall = time.monotonic() - started
    # A backend's time counts once the server has noticed its end.
    time.sleep(0.5)
    return Step(wall, market.cpu() - served, time.process_time() - own, models)


def solve_run(market: Market, run: MeasureRun) -> list[tuple[str, float, int]]:
    """Run everything between the two dbt groups."""
    solve(market.dsn("transformer"), run.measure_run_id)
    return []


def run_market_dbt(market: Market, *arguments: str) -> list[tuple[str, float, int]]:
    """Run dbt as the transformer; return name, seconds and rows of each model, slowest first."""
    parts = parse_dsn(market.dsn("transformer"))
    connection = Connection(
        "warehouse_transformer",
        host=parts["host"],
        port=int(parts["port"]),
        scheme=parts["dbname"],
        login=parts["user"],
        password=parts["password"],
    )
    # One folder for all runs of a market: only the first one parses the project.
    folder = str(market.cluster.data_dir / "dbt")
    places = ["--target-path", folder, "--log-path", folder]
    results = run_dbt(["--quiet", *arguments, *places], connection).results
    found = [
        (one.node.name, one.execution_time, one.adapter_response.get("rows_affected", 0))
        for one in results
    ]
    return sorted(found, key=lambda model: -model[1])


def report(cost: Cost) -> None:
    """Print the parts of a run and the slowest models of each."""
    print("| part | seconds | CPU of the server | CPU of this process |\n|---|---|---|---|")
    for name, step in cost.steps.items():
        print(f"| {name} | {step.wall:.1f} | {step.served:.1f} | {step.own:.1f} |")
    print(f"| all | {cost.wall:.1f} | {cost.cpu:.1f} together | |")
    for name, step in cost.steps.items():
        slowest = ", ".join(f"{model} {seconds:.1f} s" for model, seconds, _ in step.models[:SHOWN])
        if slowest:
            print(f"  slowest of {name}: {slowest}")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"  load of the machine (1, 5, 15 minutes): {load} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    assert ground.REPO
    raise SystemExit(main())
