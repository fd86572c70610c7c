"""The marts of an installation, timed mart by mart: `bench/marts.py --installation`.

Builds all marts in `marts_next` of the installation that `make demo` made (61 days, 25 creators;
GROUNDSWELL_DATA_DIR names another), as a measure run does: four threads, after staging,
intermediate, core and solves. Nothing is published. Shown is the fastest round of each mart from
dbt's own run results, and the fastest whole round against its goal.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from goals import Goal

from include.dbt_tasks import run_dbt
from include.services.credentials import read_secrets
from include.settings import read_settings
from include.sources._base import Connection
from include.warehouse.connection import parse_dsn
from include.warehouse.server import embedded_cluster, is_embedded, role_dsn

GOAL_SECONDS = 30.0
CAMPAIGN = """
select
    (select count(*) from core.dim_creator),
    (select max(end_date - start_date + 1) from core.dim_campaign),
    (select count(*) from core.fct_order),
    (select count(*) from core.fct_post),
    (select count(*) from quality.current_measure_run)
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds and rows of each mart of one build, and seconds from the first start to the end."""

    marts: dict[str, float]
    rows: dict[str, int]
    wall: float


def measure_installation(rounds: int) -> int:
    """Build the marts some times and print the table; return the exit code."""
    settings = read_settings()
    if is_embedded() and not (settings.data_dir / "postgres").exists():
        print(f"{settings.data_dir} holds no warehouse: run `make demo` first", file=sys.stderr)
        return 2
    with warehouse() as dsn:
        facts = describe(dsn)
        if facts["open measure runs"]:
            print("a measure run is open: try again when it has published", file=sys.stderr)
            return 2
        built = [build(dsn) for _ in range(rounds)]
    print(", ".join(f"{count} {what}" for what, count in facts.items() if count))
    report(built)
    goal = Goal("seconds for all marts of the campaign", min(r.wall for r in built), GOAL_SECONDS)
    print(goal)
    return 0 if goal.is_met else 1


@contextmanager
def warehouse() -> Iterator[str]:
    """Yield the transformer's address; a server that did not run is stopped again."""
    settings = read_settings()
    secrets = read_secrets(settings.data_dir)
    cluster = embedded_cluster(settings, secrets) if is_embedded() else None
    was_started = cluster.start() if cluster else False
    try:
        yield role_dsn(settings, secrets, "transformer")
    finally:
        if cluster and was_started:
            cluster.stop()


def describe(dsn: str) -> dict[str, int]:
    """Return what the campaign consists of."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(CAMPAIGN.encode()).fetchone()
    names = ("creators", "days", "orders", "posts", "open measure runs")
    return dict(zip(names, row or (0,) * len(names), strict=True))


def build(dsn: str) -> Round:
    """Build every mart once; `DbtFailed` names those that fail."""
    parts = parse_dsn(dsn)
    connection = Connection(
        "warehouse_transformer",
        host=parts["host"],
        port=int(parts["port"]),
        scheme=parts["dbname"],
        login=parts["user"],
        password=parts["password"],
    )
    with tempfile.TemporaryDirectory() as folder:
        places = ["--target-path", folder, "--log-path", folder]
        results = run_dbt(
            ["--quiet", "run", "--select", "path:models/marts", *places], connection
        ).results
    spans = [step for found in results for step in found.timing if step.name == "execute"]
    first, last = min(step.started_at for step in spans), max(step.completed_at for step in spans)
    return Round(
        {found.node.name: found.execution_time for found in results},
        {found.node.name: found.adapter_response.get("rows_affected", 0) for found in results},
        (last - first).total_seconds(),
    )


def report(rounds: list[Round]) -> None:
    """Print the slowest mart first."""
    fastest = {name: min(found.marts[name] for found in rounds) for name in rounds[0].marts}
    print("| mart | rows | seconds |\n|---|---|---|")
    for name, seconds in sorted(fastest.items(), key=lambda item: -item[1]):
        print(f"| {name} | {rounds[0].rows[name]:,} | {seconds:.2f} |")
