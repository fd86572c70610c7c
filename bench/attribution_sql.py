"""Measure the SQL models of attribution: the real dbt models on a Postgres of their own.

    python bench/attribution_sql.py [--paths 10000x25 1000000x25] [--skip-peer] [--skip-increments]

`measure_models`: journeys of three touches in the mean over 25 channels, offered as the models'
inputs; dbt builds core.fct_touchpoint and core.fct_attribution_credit (eight models, cents, which
touch was dropped and why), from warehouse to warehouse. What counts is CPU of the server; dbt's own
time is the same for every size. The floor is one scan of the touches (a count per channel). The
peer gets the paths as CSV by COPY, runs five rule models and
Shapley, and its touches with their six weights go back by COPY; its CPU and the server's count.

The models do more than the peer: two models and ledger entries besides, cents, conflicts, touches
out of the path with their reason, two tables with an index each. So the same work is measured, too:
the macros both models are made of, asked for the peer's six weights of each touch in a path, one
rule version, written to a table without an index, from the touches in paths, which the peer gets
too. It is this that is held against the peer; look-back and direct visits are judged all the same.
Both run three times in turn, as do the weights of known paths and their floors; what is printed are
medians.

The goal in scans is one of weighing: of core.fct_touchpoint, where each touch's place in its path
is stored. To find the places first, no statement writes a row per touch in that many, so those are
printed without a goal: the same work; the same table by a select written by hand, which knows that
every touch is in a path; and a sorted copy of the keys without any weight.

`measure_increments`: a shop of 1,000 orders a day in the raw tables; what one more day costs after
a month and after a year, through everything `+fct_attribution_credit` builds, and what tells the
next run which orders changed.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from goals import BENCH, PEER_PYTHON, Goal, make_peer_environment
from ground import cpu_of, free_port, postmaster

REPO = BENCH.parent
sys.path.insert(0, str(REPO))

from include.attribution.cases_sql import TABLES  # noqa: E402  (the path comes first)
from include.dbt_tasks import run_dbt  # noqa: E402  (same)
from include.services.credentials import read_secrets  # noqa: E402  (same)
from include.sources._base import Connection  # noqa: E402  (same)
from include.warehouse import ddl  # noqa: E402  (same)
from include.warehouse.connection import parse_dsn  # noqa: E402  (same)
from include.warehouse.embedded import Cluster  # noqa: E402  (same)

MODELS = ("fct_touchpoint", "fct_attribution_credit")
# The credit, and what tells the next run which orders changed.
INCREMENT = ("+fct_attribution_credit", "int_posts_applied", "int_fingerprints_applied")
# What the peer computes, by the product's macros; the settings are those of the models' pre-hook.
SAME_WORK = """
{{ tune_transaction() }};
create table weighed as
select
    order_id,
    channel,
    {%- for model in [
        'first_touch', 'last_touch', 'linear', 'position_based', 'time_decay', 'shapley'
    ] %}
    {{ model_share(model, 'paths') }} as {{ model }}_share{{ ',' if not loop.last }}
    {%- endfor %}
from (PATHS) as paths
where is_in_path
"""
# From touches whose place in the path nobody knows yet, and from those whose place is stored.
FROM_TOUCHES = SAME_WORK.replace("PATHS", "{{ attribution_paths('offered', carried=[]) }}")
FROM_PATHS = SAME_WORK.replace("PATHS", "select * from core.fct_touchpoint")
# The same table by hand: all of these touches are in paths, so nobody asks for windows or rules.
BY_HAND = SAME_WORK.replace(
    "PATHS",
    """
    select
        *,
        decay_weight / path_decay_weight as time_decay_part,
        {{ times_in('channel', 'path_channels') }} as channel_touch_count,
        {{ distinct_in('path_channels') }} as channel_count
    from (
        select
            *,
            row_number() over by_instant as touch_number,
            count(*) over by_instant as touch_count,
            sum(decay_weight) over by_instant as path_decay_weight,
            array_agg(channel) over by_instant as path_channels
        from (
            select *, true as is_in_path, {{ decay_weight() }} as decay_weight
            from offered
            {{ computed_below() }}
        ) as aged
        window by_instant as (
            partition by ordered_at, order_id, connection_id
            order by touched_at, evidence_rank, touch_id collate "C"
            rows between unbounded preceding and unbounded following
        )
    ) as placed
    """,
)
# What no statement that writes a row per touch, in the order of its path, can do without.
SORTED_KEYS = """
{{ tune_transaction() }};
create table weighed as
select order_id, channel
from offered
order by ordered_at, order_id, touched_at
"""
OFFERED = """
create table offered as
select touches.*
from intermediate.int_order_touches as touches
inner join core.fct_touchpoint as kept using (connection_id, order_id, touch_id)
where kept.is_in_path;
analyze offered
"""
GOAL_PEER, GOAL_FLOORS, GOAL_INCREMENT = 0.60, 4.0, 1.3
SIZES = ["10000x25", "100000x25", "100000x2000", "1000000x25"]
# E-mail, search and direct.
OTHER_CHANNELS = 3
ORDERS_PER_DAY, MONTH, YEAR = 1_000, 30, 365
REPEATS = 3
PATHS_SQL = (BENCH / "attribution_paths.sql").read_text(encoding="utf-8")
SHOP_SQL = (BENCH / "attribution_shop.sql").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Server:
    """A Postgres of this run, its parent process and the folder where everything lies."""

    cluster: Cluster
    folder: Path

    def dsn(self, database: str) -> str:
        return self.cluster.admin_dsn(database)

    def execute(self, database: str, text: str) -> None:
        """Run statements one by one, each committed."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            for statement in text.split(";"):
                if statement.strip():
                    connection.execute(statement.encode())

    def cpu(self) -> float:
        """Return the CPU seconds so far of the server and of its ended backends."""
        # A backend's time counts once the server has noticed its end.
        time.sleep(0.3)
        return cpu_of(postmaster(self.cluster))

    def dbt(self, database: str, *arguments: str) -> float:
        """Run dbt as the admin; return the CPU seconds of the server meanwhile."""
        before = self.cpu()
        self.call_dbt(database, *arguments)
        return self.cpu() - before

    def call_dbt(self, database: str, *arguments: str) -> Any:
        """Run dbt as the admin; return its result."""
        parts = parse_dsn(self.dsn(database))
        transformer = Connection(
            "warehouse_transformer",
            host=parts["host"],
            port=int(parts["port"]),
            scheme=database,
            login=parts["user"],
            password=parts["password"],
        )
        target = str(self.folder / "target")
        places = ["--target-path", target, "--log-path", target]
        return run_dbt(["--quiet", *arguments, *places], transformer)


@contextlib.contextmanager
def started_server() -> Iterator[Server]:
    """Start a Postgres in a folder of its own; both are gone at the end."""
    with tempfile.TemporaryDirectory(prefix="groundswell-bench-") as folder:
        secrets = read_secrets(Path(folder))
        cluster = Cluster(Path(folder), free_port(), secrets.postgres_password, is_durable=False)
        cluster.start()
        try:
            ddl.migrate(cluster.admin_dsn(), secrets)
            yield Server(cluster, Path(folder))
        finally:
            cluster.stop()


def measure_models(sizes: Sequence[str], *, has_peer: bool) -> list[Goal]:
    """Build the attribution models over each number of paths and channels; print what it took."""
    goals = []
    with started_server() as server:
        for size in sizes:
            paths, channels = (int(part) for part in size.split("x"))
            goals += measure_size(server, paths, channels, has_peer=has_peer)
    return goals


def measure_size(server: Server, paths: int, channels: int, *, has_peer: bool) -> list[Goal]:
    """Measure one size in a database of its own, which is dropped."""
    database = f"paths_{paths}"
    server.execute("postgres", f"create database {database} template template0 encoding 'UTF8'")
    drawn = PATHS_SQL.replace("{paths}", str(paths))
    server.execute(database, TABLES + drawn.replace("{creators}", str(channels - OTHER_CHANNELS)))
    server.dbt(database, "seed", "--select", "ref_precedence_rule")
    ours = {model: server.dbt(database, "run", "--select", model) for model in MODELS}
    # The server's clock ticks every 10 ms: small sizes are done often.
    times, works = max(5, 2_000_000 // paths), max(1, 300_000 // paths)
    scan = measure_scan(server, database, "intermediate.int_order_touches", times)
    server.execute(database, OFFERED)
    kept_scan, known, hand, keys = measure_weighing(server, database, times, works)
    same, peers = measure_in_turn(server, database, works, has_peer=has_peer)
    total = sum(ours.values())
    print(f"{paths} paths, {channels} channels, CPU of the server")
    print(f"  one scan of the touches {scan:8.3f} s, of core.fct_touchpoint {kept_scan:.3f} s")
    for model, seconds in ours.items():
        print(f"  {model:<23} {seconds:8.2f} s")
    print(f"  both models             {total:8.2f} s, {total / scan:.0f} scans")
    print(f"  the peer's six weights  {same:8.2f} s, {same / scan:.0f} scans")
    print(f"  of paths that are known {known:8.2f} s, {known / kept_scan:.1f} scans of these")
    print(f"  by hand, in one select  {hand:8.2f} s, {hand / scan:.1f} scans")
    print(f"  their keys alone, sorted{keys:8.2f} s, {keys / scan:.1f} scans")
    goals = [Goal("weights of known paths, times a scan of these", known / kept_scan, GOAL_FLOORS)]
    if peers:
        theirs = statistics.median(map(sum, peers))
        there, peer, back = sorted(peers, key=sum)[len(peers) // 2]
        print(f"  peer: out {there:.2f} s, six models {peer:.2f} s, back {back:.2f} s")
        print(f"  both models, which do more: {total / theirs:.2f} times the peer")
        goals.append(Goal("the same work, share of the peer's time", same / theirs, GOAL_PEER))
    print("\n".join(map(str, goals)), flush=True)
    server.execute("postgres", f"drop database {database} with (force)")
    return goals


def measure_weighing(
    server: Server, database: str, times: int, works: int
) -> tuple[float, float, float, float]:
    """Return median CPU seconds: a scan of known paths, their weights, by hand, keys sorted.

    In turn, as upkeep of the tables just built counts for the server, too, and hits one of them.
    """
    taken = [
        (
            measure_scan(server, database, "core.fct_touchpoint where is_in_path", times),
            measure_weights(server, database, FROM_PATHS, works),
            measure_weights(server, database, BY_HAND, works),
            measure_weights(server, database, SORTED_KEYS, works),
        )
        for _ in range(REPEATS)
    ]
    scan, known, hand, keys = (statistics.median(one) for one in zip(*taken, strict=True))
    return scan, known, hand, keys


def measure_in_turn(
    server: Server, database: str, works: int, *, has_peer: bool
) -> tuple[float, list[tuple[float, float, float]]]:
    """Return the median of the same work's CPU seconds, and what the peer took each time."""
    same, peers = [], []
    for _ in range(REPEATS):
        same.append(measure_weights(server, database, FROM_TOUCHES, works))
        if has_peer:
            peers.append(measure_peer(server, database))
    return statistics.median(same), peers


def measure_weights(server: Server, database: str, work: str, times: int) -> float:
    """Return the CPU seconds the server takes for the peer's six weights of each path's touches."""
    with contextlib.redirect_stdout(io.StringIO()):
        result = server.call_dbt(database, "compile", "--inline", work)
    text = result.results[0].node.compiled_code
    before = server.cpu()
    with psycopg.connect(server.dsn(database), autocommit=True) as connection:
        for _ in range(times):
            connection.execute(text.encode())
            # By itself: what is made and dropped in one transaction is never written.
            connection.execute("drop table weighed")
    return (server.cpu() - before) / times


def measure_scan(server: Server, database: str, touches: str, times: int) -> float:
    """Return the CPU seconds of one scan of touches, a count per channel."""
    before = server.cpu()
    server.execute(
        database,
        "set max_parallel_workers_per_gather = 0;"
        + f"select channel, count(*) from {touches} group by channel;" * times,
    )
    return (server.cpu() - before) / times


def measure_peer(server: Server, database: str) -> tuple[float, float, float]:
    """Return CPU seconds: the server's to give the paths, the peer's, the server's to take them."""
    given, taken = server.folder / "given.csv", server.folder / "taken.csv"
    before = server.cpu()
    with psycopg.connect(server.dsn(database)) as connection, given.open("wb") as sink:
        query = "select order_id, touched_at, channel from core.fct_touchpoint where is_in_path"
        with connection.cursor().copy(f"copy ({query}) to stdout with csv header".encode()) as rows:
            for block in rows:
                sink.write(block)
    there = server.cpu() - before
    command = [str(PEER_PYTHON), str(BENCH / "attribution_peer.py"), "mam_touches"]
    done = subprocess.run(
        [*command, str(given), str(taken)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"mam_touches failed ({done.returncode}):\n{done.stderr[-2000:]}")
    before = server.cpu()
    with psycopg.connect(server.dsn(database)) as connection, taken.open("rb") as source:
        connection.execute(
            "create table taken (order_id text, channel text, first_touch double precision, "
            "last_touch double precision, linear double precision, position_based double "
            "precision, time_decay double precision, shapley double precision)"
        )
        with connection.cursor().copy(b"copy taken from stdin with csv header") as rows:
            while block := source.read(1 << 20):
                rows.write(block)
    back = server.cpu() - before
    server.execute(database, "drop table taken")
    return there, float(done.stdout), back


def measure_increments() -> list[Goal]:
    """Measure what a day of orders costs after a month and after a year: the median of three."""
    cost = {}
    for days in (MONTH, YEAR):
        with started_server() as server:
            first = build_shop(server, days)
            added = [add_day(server, days + number) for number in range(REPEATS)]
            cost[days] = statistics.median(added)
            print(f"{days} days of {ORDERS_PER_DAY} orders: built in {first:.1f} s of the server's")
            each = ", ".join(f"{seconds:.2f}" for seconds in added)
            print(f"  one more day {cost[days]:8.2f} s (of {each})", flush=True)
    goal = Goal("a day after a year, times after a month", cost[YEAR] / cost[MONTH], GOAL_INCREMENT)
    print(goal, flush=True)
    return [goal]


def build_shop(server: Server, days: int) -> float:
    """Write a shop's history and build it; return the CPU seconds of the build."""
    plan, orders = SHOP_SQL.split("-- orders", maxsplit=1)
    server.execute(ddl.WAREHOUSE, plan)
    return load_and_build(server, orders, first_day=1, last_day=days)


def add_day(server: Server, days: int) -> float:
    """Write one more day and build it; return the CPU seconds of the build."""
    orders = SHOP_SQL.split("-- orders", maxsplit=1)[1]
    return load_and_build(server, orders, first_day=days + 1, last_day=days + 1)


def load_and_build(server: Server, text: str, **places: int) -> float:
    """Write orders of some days, a load each, open a run over them, build, publish."""
    for name, value in {**places, "orders_per_day": ORDERS_PER_DAY}.items():
        text = text.replace(f"{{{name}}}", str(value))
    server.execute(ddl.WAREHOUSE, text)
    server.dbt(ddl.WAREHOUSE, "seed")
    seconds = server.dbt(ddl.WAREHOUSE, "run", "--select", *INCREMENT)
    server.dbt(ddl.WAREHOUSE, "run", "--select", "int_attribution_settings")
    server.execute(ddl.WAREHOUSE, "update quality.measure_runs set status = 'published'")
    return seconds


def main() -> int:
    """Measure the models and the increments; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="bench/attribution_sql.py", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--paths", nargs="+", default=SIZES, help="paths x channels")
    parser.add_argument("--skip-peer", action="store_true")
    parser.add_argument("--skip-increments", action="store_true")
    options = parser.parse_args()
    has_peer = not options.skip_peer and make_peer_environment()
    goals = measure_models(options.paths, has_peer=has_peer)
    if not options.skip_increments:
        goals += measure_increments()
    return 0 if all(goal.is_met for goal in goals) else 1


if __name__ == "__main__":
    raise SystemExit(main())
