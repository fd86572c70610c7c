"""Measure attribution: Markov, its bootstrap and the SQL models, with peers and a floor.

    python bench/attribution.py [--sizes 10000x25 1000000x25 100000x1000] [--repeat 3]
                                [--skip-peers] [--patient] [--skip-agreement]
                                [--skip-models] [--paths 10000x25 100000x2000]

A size is paths x channels. What is measured is one call from a path summary in memory (paths as
text, with counts) to a credit per channel, in CPU seconds: other work on the machine lengthens the
wall time. The floor is one scan of the same touches: split the texts and count the names. Peers run
in an environment of their own and are left out, with a message, where it cannot be made. Beyond 100
channels ChannelAttribution takes minutes: --patient waits for it. Agreement: a random table through
the real dbt models (a Postgres is started) and the peers' rule models, per channel.
The SQL models are attribution_sql.py's. Exit status 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from attribution_sql import SIZES as MODEL_SIZES  # noqa: E402  (same)
from attribution_sql import measure_increments, measure_models  # noqa: E402  (same)
from goals import Goal, make_peer_environment, run_peer  # noqa: E402  (same)

from include.attribution.bootstrap import bootstrap_markov  # noqa: E402  (the path comes first)
from include.attribution.cases import Case, Expected, Sale, Touch  # noqa: E402  (same)
from include.attribution.cases_answer import complete_answer  # noqa: E402  (same)
from include.attribution.cases_sql import run_sql_cases  # noqa: E402  (same)
from include.attribution.chain import TransitionCounts, count_transitions  # noqa: E402  (same)
from include.attribution.markov import MarkovSolution, solve_markov  # noqa: E402  (same)
from include.attribution.paths import PathSummary  # noqa: E402  (same)

SEPARATOR = " > "
SIZES = ["10000x25", "100000x25", "1000000x25", "100000x1000", "100000x2000"]
FEW_CHANNELS = 100
GOAL_SHARE_FEW, GOAL_SHARE_MANY = 0.35, 0.01
GOAL_FLOORS = 4.0
GOAL_ERROR = 1e-9
GOAL_BOOTSTRAP_SECONDS = 5.0
GOAL_AGREEMENT = 1e-6
Table = dict[str, Any]


def main() -> int:
    """Measure every size, then the agreement; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/attribution.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--sizes", nargs="+", default=SIZES)
    parser.add_argument("--repeat", type=int, default=3, help="runs of ours; the least counts")
    parser.add_argument("--skip-peers", action="store_true")
    parser.add_argument("--patient", action="store_true", help="peers at many channels, too")
    parser.add_argument("--skip-agreement", action="store_true")
    parser.add_argument("--skip-models", action="store_true", help="leave the SQL models out")
    parser.add_argument("--paths", nargs="+", default=MODEL_SIZES, help="sizes of the models")
    options = parser.parse_args()
    has_peers = not options.skip_peers and make_peer_environment()
    goals: list[Goal] = []
    for size in options.sizes:
        paths, channels = (int(part) for part in size.split("x"))
        is_affordable = channels <= FEW_CHANNELS or options.patient
        with_peer = has_peers and is_affordable
        goals += measure_size(paths, channels, options.repeat, with_peer=with_peer)
    if has_peers and not options.skip_agreement:
        goals += measure_agreement()
    if not options.skip_models:
        goals += measure_models(options.paths, has_peer=has_peers)
        goals += measure_increments()
    return 0 if all(goal.is_met for goal in goals) else 1


def measure_size(paths: int, channels: int, repeat: int, *, with_peer: bool) -> list[Goal]:
    """Measure one size and print what came out."""
    table = make_table(paths, channels)
    print(f"{paths} paths, {channels} channels, {len(table['paths'])} distinct paths", flush=True)
    floor, _ = least(repeat, lambda: Counter(SEPARATOR.join(table["paths"]).split(SEPARATOR)))
    seconds, solution = least(repeat, lambda: solve_markov(summarise(table)))
    summary = summarise(table)
    error = removal_error(count_transitions(summary), solution)
    print(f"  floor (one scan) {floor:8.3f} s\n  markov           {seconds:8.3f} s")
    goals = [
        Goal("markov, times one scan of the touches", seconds / floor, GOAL_FLOORS)
        if channels <= FEW_CHANNELS
        else Goal("markov, seconds", seconds, 5.0),
        Goal("markov, error of the worst channel", error, GOAL_ERROR),
    ]
    if channels <= FEW_CHANNELS:
        drawing, found = least(1, lambda: bootstrap_markov(summary))
        print(f"  bootstrap        {drawing:8.3f} s, {found.replicate_count} replicates")
        goals.append(Goal("bootstrap, seconds", drawing, GOAL_BOOTSTRAP_SECONDS))
    if with_peer:
        goals.append(against_peer(table, seconds, solution))
    print("\n".join(map(str, goals)), flush=True)
    return goals


def against_peer(table: Table, seconds: float, solution: MarkovSolution) -> Goal:
    """Run ChannelAttribution on the same table; print its time and its worst channel."""
    peer = run_peer("channel_attribution_markov", table)
    exact = dict(zip(solution.channels, solution.credited_conversions.tolist(), strict=True))
    found = peer["credit"]["markov"]
    misses = [abs(found.get(name, 0.0) / credit - 1) for name, credit in exact.items() if credit]
    print(f"  ChannelAttribution {peer['seconds']:6.3f} s, worst channel off by {max(misses):.1%}")
    allowed = GOAL_SHARE_FEW if len(exact) <= FEW_CHANNELS else GOAL_SHARE_MANY
    return Goal("markov, share of ChannelAttribution's time", seconds / peer["seconds"], allowed)


def removal_error(counts: TransitionCounts, solution: MarkovSolution) -> float:
    """Return the largest error against removing a channel and solving again, for up to 50."""
    size = len(counts.channels)
    out = counts.moves.sum(axis=1) + counts.conversions + counts.nulls
    steps, ends = counts.moves / out[:, None], counts.conversions / out
    begin = counts.starts / counts.starts.sum()

    def chance(removed: int | None) -> float:
        kept = np.delete(np.arange(size), [] if removed is None else removed)
        inner = np.eye(kept.size) - steps[np.ix_(kept, kept)]
        return float(begin[kept] @ np.linalg.solve(inner, ends[kept]))

    whole = chance(None)
    some = np.linspace(0, size - 1, min(size, 50)).astype(int)
    errors = [abs(1 - chance(c) / whole - solution.removal_effects[c]) for c in some]
    return max(errors)


def make_table(paths: int, channels: int) -> Table:
    """Draw journeys of three touches in the mean over unequally popular channels, 30 % buy."""
    generator = np.random.default_rng(20261109)
    lengths = generator.geometric(1 / 3, paths)
    names = [f"creator_{number:04}" for number in range(channels)]
    touches = [names[step] for step in (generator.zipf(1.3, lengths.sum()) % channels).tolist()]
    ends = np.cumsum(lengths).tolist()
    bought: Counter[str] = Counter()
    left: Counter[str] = Counter()
    buys = (generator.random(paths) < 0.3).tolist()
    for begin, end, has_bought in zip([0, *ends], ends, buys, strict=False):
        (bought if has_bought else left)[SEPARATOR.join(touches[begin:end])] += 1
    texts = sorted(bought.keys() | left.keys())
    return {
        "paths": texts,
        "conversions": [bought[text] for text in texts],
        "nulls": [left[text] for text in texts],
    }


def summarise(table: Table) -> PathSummary:
    """Return the table as the product reads it."""
    return PathSummary.of_texts(table["paths"], SEPARATOR, table["conversions"], table["nulls"])


def least(repeat: int, call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the least CPU seconds of some runs and the last result."""
    times = []
    for _ in range(repeat):
        started = time.process_time()
        result = call()
        times.append(time.process_time() - started)
    return min(times), result


def measure_agreement(orders: int = 400) -> list[Goal]:
    """Compare the dbt models with both peers' rule models on one random table."""
    case = random_case(orders)
    answer = complete_answer(run_sql_cases([case])[case.id])
    table = peer_table(case)
    goals = []
    for peer in ("channel_attribution_rules", "mam_rules"):
        for model, credit in run_peer(peer, table)["credit"].items():
            if model not in answer.credit:
                print(f"  {model} is not among the project's models: not compared with {peer}")
                continue
            ours = {name: found for name, (found, _) in answer.credit[model].items()}
            worst = max(abs(ours.get(c, 0) - credit.get(c, 0)) for c in {*ours, *credit})
            goals.append(Goal(f"{model} against {peer}", worst, GOAL_AGREEMENT))
    print(f"rule models, {orders} orders\n" + "\n".join(map(str, goals)), flush=True)
    return goals


def random_case(orders: int) -> Case:
    """Draw orders with one to six touches at whole seconds of the 29 days before."""
    generator = np.random.default_rng(4)
    at = dt.datetime(2026, 6, 1, tzinfo=dt.UTC)
    touches, sales = [], []
    for number in range(orders):
        user = f"user {number}"
        sales.append(Sale(conversion_id=f"order {number}", user=user, ts=at, value=10.0))
        ages = np.sort(generator.choice(29 * 86_400, generator.integers(1, 7), replace=False))
        for age in ages[::-1].tolist():
            channel = f"creator_{generator.integers(0, 12):02}"
            before = at - dt.timedelta(seconds=age)
            touches.append(Touch(touch_id=len(touches), user=user, ts=before, channel=channel))
    return Case(id="random", expected=Expected(), touches=touches, conversions=sales)


def peer_table(case: Case) -> Table:
    """Return the case's journeys as the peers read them."""
    of_user: dict[str, list[Touch]] = defaultdict(list)
    for touch in case.touches:
        of_user[touch.user].append(touch)
    journeys = list(_journeys(case, of_user))
    return {
        "paths": [SEPARATOR.join(channels) for channels, _ in journeys],
        "hours": [SEPARATOR.join(map(repr, hours)) for _, hours in journeys],
        "conversions": [1] * len(journeys),
        "nulls": [0] * len(journeys),
    }


def _journeys(
    case: Case, of_user: dict[str, list[Touch]]
) -> Iterator[tuple[list[str], Sequence[float]]]:
    for sale in case.conversions:
        touches = of_user[sale.user]
        hours = [(sale.ts - touch.ts).total_seconds() / 3600 for touch in touches]
        yield [touch.channel for touch in touches], hours


if __name__ == "__main__":
    raise SystemExit(main())
