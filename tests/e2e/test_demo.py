"""The demo's path on the campaign's last days: real APIs over HTTP, Postgres, dbt, GX, Airflow.

The sandbox runs in a process of its own, so the pipeline sees nothing of it but HTTP answers.
"""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.demo import run_instant
from include.sandbox.installation import read_installation
from include.sandbox.world import Market
from include.services.credentials import NAMES, Secrets, read_secrets
from include.settings import REPO_ROOT
from include.sources.woocommerce.sandbox_orders import status_of
from include.warehouse.connection import build_dsn

DAYS = 9
TIMEOUT_SECONDS = 600


@dataclass(frozen=True)
class FinishedDemo:
    """A demo that ran to its end; its services are still up."""

    data_dir: Path
    variables: dict[str, str]
    output: str
    secrets: Secrets

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=REPO_ROOT,
            env=self.variables,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def query(self, role: str, statement: str) -> list[tuple[Any, ...]]:
        dsn = build_dsn(
            host="127.0.0.1",
            port=int(self.variables["GROUNDSWELL_POSTGRES_PORT"]),
            user=role,
            password=self.secrets.role_password(role),
            database="warehouse",
        )
        with psycopg.connect(dsn) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, free_ports: Any) -> Iterator[FinishedDemo]:
    """Run the demo on the last days of the sample; stop everything afterwards."""
    data_dir = tmp_path_factory.mktemp("demo") / "data"
    ports = dict(zip(("POSTGRES", "AIRFLOW", "SANDBOX"), free_ports(3), strict=True))
    variables = os.environ | {"GROUNDSWELL_DATA_DIR": str(data_dir)}
    variables |= {f"GROUNDSWELL_{name}_PORT": str(port) for name, port in ports.items()}
    runner = FinishedDemo(data_dir, variables, "", Secrets(*[""] * len(NAMES)))
    try:
        done = runner.run("include.demo", "--days", str(DAYS))
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        yield FinishedDemo(data_dir, variables, done.stdout, read_secrets(data_dir))
    finally:
        stopped = runner.run("include.services", "down")
    assert stopped.returncode == 0, stopped.stderr
    assert processes_of(data_dir) == []


def processes_of(data_dir: Path) -> list[str]:
    """Return the command lines of living processes that were started for this data directory."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes()
            command = (folder / "cmdline").read_bytes()
        except OSError:  # ended meanwhile, or not ours
            continue
        if int(folder.name) != os.getpid() and str(data_dir).encode() in environment + command:
            found.append(command.replace(b"\0", b" ").decode())
    return found


def test_creators_other_direct_and_unattributed_make_the_shops_own_net_sales(
    demo: FinishedDemo,
) -> None:
    installation = read_installation(demo.data_dir)
    market = installation.build()
    last = installation.anchor
    days = [last - dt.timedelta(days=n) for n in range(DAYS)]
    now = run_instant(last, market.timezone.key)
    first = {row.day: row.net_sales for row in market.daily_sales_at(now)}
    second = second_shop_sales(market, now)
    expected = {("shopify", day): first[day] for day in days}
    expected |= {("woocommerce", day): second.get(day, Decimal(0)) for day in days}

    rows = demo.query(
        "bi_reader",
        """
        select connection_id, order_date, attribution_model,
            shop_net_sales_amount, shop_sales_source,
            attributed_amount + other_channel_amount + direct_amount + unattributed_amount
        from marts.mart_attribution_reconciliation
        """,
    )
    models = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based")
    models += ("time_decay", "shapley", "rule_winner")
    assert {row[:3] for row in rows} == {(*key, model) for key in expected for model in models}
    for shop, day, model, net_sales, source, credited in rows:
        assert (net_sales, source) == (expected[shop, day], "shop_report"), (shop, day)
        assert credited == net_sales, (shop, day, model)
    assert any(row[3] > Decimal(1000) for row in rows)
    assert any(row[0] == "woocommerce" and row[3] > 0 for row in rows)


def second_shop_sales(market: Market, now: dt.datetime) -> dict[dt.date, Decimal]:
    """Add the second shop's own ledger up by day; what is not paid or cancelled is no sale."""
    sums: dict[dt.date, Decimal] = defaultdict(Decimal)
    for order in market.second_shop.orders_at(now):
        if status_of(order) not in ("failed", "pending", "cancelled"):
            for row in order.ledger:
                if row.line_type in ("PRODUCT", "ADJUSTMENT"):
                    day = row.happened_at.astimezone(market.timezone).date()
                    sums[day] += row.total_amount - row.tax
    return sums


def test_every_creator_with_a_cost_is_in_the_scorecard(demo: FinishedDemo) -> None:
    plan = read_installation(demo.data_dir).build().plan
    rows = demo.query(
        "bi_reader",
        "select creator_id, cost_amount, credited_order_count from marts.mart_creator_scorecard",
    )
    assert {row[0] for row in rows} == {creator.id for creator in plan.creators}
    assert len(rows) == 25
    assert any(orders == 0 for _, _, orders in rows), "zero-sale creators stay"
    assert all(cost > 0 for _, cost, _ in rows)


def test_the_scheduler_ran_the_last_day_and_published_it_once(demo: FinishedDemo) -> None:
    last = read_installation(demo.data_dir).anchor
    runs = demo.query(
        "loader", f"select distinct run_id from quality.load_windows where partition_key = '{last}'"
    )
    assert runs
    assert all(run_id != "demo" for (run_id,) in runs), "Airflow's own run ids"
    published = demo.query(
        "loader", f"select status from quality.measure_runs where day = '{last}'"
    )
    assert published == [("published",)]


def test_no_secret_is_in_a_log_or_a_landed_page(demo: FinishedDemo) -> None:
    installation = read_installation(demo.data_dir)
    secrets = [value for name in NAMES if len(value := getattr(demo.secrets, name)) >= 12] + list(
        _strings_of(installation.credentials)
    )
    needles = [secret.encode() for secret in secrets]
    files = [path for folder in ("logs", "landing") for path in (demo.data_dir / folder).rglob("*")]
    assert len(files) > 100
    for path in files:
        if path.is_file():
            content = _read(path)
            assert not [needle for needle in needles if needle in content], path


def test_a_second_run_continues_and_loads_nothing_again(demo: FinishedDemo) -> None:
    # Stories go on in windows of six hours, in a DAG that no day and no demo waits for.
    counts = """
        select (select count(*) from quality.load_windows where stream <> 'stories'),
            count(*) from quality.publications
    """
    before = demo.query("loader", counts)
    done = demo.run("include.demo", "--days", str(DAYS))
    assert done.returncode == 0, done.stderr
    assert demo.query("loader", counts) == before


def _strings_of(value: Any) -> Iterator[str]:
    """Yield the secret strings of the sandbox's credentials."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _strings_of(inner)
        elif any(word in key for word in ("token", "secret", "private_key")):
            yield inner


def _read(path: Path) -> bytes:
    import gzip

    content = path.read_bytes()
    return gzip.decompress(content) if path.suffix == ".gz" else content
