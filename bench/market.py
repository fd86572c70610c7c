"""A market of any size in the raw tables of a Postgres of its own, without connectors or sandbox.

Orders, lines, codes, journeys, refunds, customers, GA4's reports and Instagram's counters are drawn
by SQL on the server from hashes of row numbers (market_draw.sql) and given to `raw` day by day as
the connectors load them (market_plan.sql, market_load.sql, market_traffic.sql): about a sixth of
the orders have a touch or a code of a creator, a twelfth is refunded later. The same numbers make
the same market. A measure run is opened and published by the product's own functions.

Not in it: GA4's event export (a shop of this size sends about 600 bytes for each of 200 million
events a year), the second shop, TikTok, YouTube and files. Their models run on empty tables.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from ground import BENCH, cpu_of, free_port, postmaster

from include.measure import MeasureRun, open_measure_run
from include.services.credentials import Secrets, read_secrets
from include.warehouse import ddl
from include.warehouse.connection import build_dsn
from include.warehouse.embedded import Cluster
from include.warehouse.publish import publish

LAST_DATE = dt.date(2026, 6, 30)
LAST_DAY = 364  # of every market's history
DAYS_AFTER = 3  # that are drawn as well, to be loaded one by one
SOURCES = ("shopify", "ga4", "instagram")
CREATORS_PER_CAMPAIGN = 50
SEED = 20_261_121


@dataclass(frozen=True, slots=True)
class Size:
    """How big a market is; `days` end with LAST_DATE whatever their number."""

    creators: int
    orders: int
    days: int

    def __post_init__(self) -> None:
        if not (self.creators >= 1 and 1 <= self.days <= LAST_DAY + 1 and self.orders >= self.days):
            raise ValueError(f"{self}: wanted are a creator, 1 to 365 days, an order for each day")

    @property
    def first_day(self) -> int:
        return LAST_DAY + 1 - self.days

    @property
    def places(self) -> dict[str, object]:
        """What the SQL files leave open."""
        campaigns = max(1, self.creators // CREATORS_PER_CAMPAIGN)
        return {
            "creators": self.creators,
            "campaigns": campaigns,
            # A lone campaign began long enough ago to have sold something.
            "newest_start": 350 if campaigns > 3 else 310,
            "orders_per_day": self.orders // self.days,
            "first_day": self.first_day,
            "drawn_day": LAST_DAY + DAYS_AFTER,
            "last_date": LAST_DATE,
            "seed": SEED,
        }


@dataclass(frozen=True, slots=True)
class Market:
    """A running Postgres with a market drawn in it; nothing is loaded before `load`."""

    size: Size
    cluster: Cluster
    secrets: Secrets

    def dsn(self, role: str) -> str:
        """Return a role's address of the warehouse."""
        return build_dsn(
            host="127.0.0.1",
            port=self.cluster.port,
            user=role,
            password=self.secrets.role_password(role),
            database=ddl.WAREHOUSE,
        )

    def load(self, from_day: int, to_day: int) -> None:
        """Load the days from `from_day` to `to_day`, at most DAYS_AFTER past LAST_DAY."""
        if from_day == self.size.first_day:
            self.execute("market_plan.sql")
        for name in ("market_load.sql", "market_traffic.sql"):
            self.execute(name, from_day=from_day, to_day=to_day)
        if from_day == self.size.first_day:
            # As the server's own upkeep had time to; of one more day it takes no new sample.
            self.execute("market_sample.sql")

    def open_run(self, day: int) -> MeasureRun:
        """Open a measure run over everything loaded and not yet published."""
        date = LAST_DATE + dt.timedelta(days=day - LAST_DAY)
        run = open_measure_run(self.dsn("transformer"), date, SOURCES, f"market {day}")
        assert run is not None, f"nothing was loaded for {date}"
        return run

    def publish(self, run: MeasureRun) -> None:
        """Publish what `marts_next` holds as the result of a run: its loads are consumed."""
        publish(self.dsn("transformer"), run.measure_run_id)

    def execute(self, name: str, **places: object) -> None:
        """Run a SQL file of this folder statement by statement, each committed, as the admin."""
        text = (BENCH / name).read_text(encoding="utf-8")
        for key, value in {**self.size.places, **places}.items():
            text = text.replace(f"{{{key}}}", str(value))
        with psycopg.connect(self.cluster.admin_dsn(ddl.WAREHOUSE), autocommit=True) as connection:
            connection.execute("set work_mem to '128MB'")
            for statement in text.split(";\n"):
                connection.execute(statement.encode())

    def cpu(self) -> float:
        """Return the CPU seconds so far of the server and of its ended backends."""
        return cpu_of(postmaster(self.cluster))


@contextmanager
def drawn_market(size: Size, folder: Path | None = None) -> Iterator[Market]:
    """Draw a market in a Postgres of its own; it is gone at the end with its folder.

    `folder`: where to put it (a year of 2 million orders takes 20 GB); by default a temporary one.
    """
    with tempfile.TemporaryDirectory(prefix="groundswell-market-", dir=folder) as name:
        secrets = read_secrets(Path(name))
        cluster = Cluster(Path(name), free_port(), secrets.postgres_password, is_durable=False)
        cluster.start()
        try:
            ddl.migrate(cluster.admin_dsn(), secrets)
            market = Market(size, cluster, secrets)
            market.execute("market_draw.sql")
            yield market
        finally:
            cluster.stop()
