"""A hand-made warehouse in which nothing is wrong yet, for the tests of alerts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator

import psycopg
import pytest

from include.alerts import steps
from include.connections import read_connection
from include.notices import Notice
from include.services.environment import _warehouse_connection
from include.sources._base import Connection
from include.warehouse.connection import connect
from tests.integration.reviewed_market import arrive, clear, publish_week

# Monday 16 March 2026, 09:30 in New York (UTC-4): the 15th was due half an hour ago.
NOW = dt.datetime(2026, 3, 16, 13, 30, tzinfo=dt.UTC)
PLAN = """\
brand: {name: Glow, handles: {instagram: glow}}
shop: {connection_id: shopify}
reporting_timezone: America/New_York
currency: EUR
sources: [shopify, ga4]
campaign: {id: spring}
"""


class Outbox:
    """Stands for Airflow's connections and collects what is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Notice] = []
        self.is_broken = False
        self.connections: dict[str, Connection] = {}
        monkeypatch.setattr(steps, "open_channels", lambda find: {"fake": self.take})

    def take(self, notice: Notice) -> None:
        if self.is_broken:
            raise OSError("no route to host")
        self.sent.append(notice)

    def find(self, conn_id: str) -> Connection | None:
        return self.connections.get(conn_id)


@pytest.fixture(scope="module")
def empty(warehouse):
    """The warehouse as it was right after migration, once for all tests."""
    warehouse.reset()
    yield warehouse
    warehouse.reset()


@pytest.fixture
def transformer(empty, tmp_path, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """A published week whose day arrived, nothing wrong but what the marts say."""
    (tmp_path / "spring.yaml").write_text(PLAN)
    monkeypatch.setenv("GROUNDSWELL_CAMPAIGNS_DIR", str(tmp_path))
    for role in ("loader", "transformer"):
        variable = f"AIRFLOW_CONN_WAREHOUSE_{role.upper()}"
        monkeypatch.setenv(variable, _warehouse_connection(empty.dsn(role)))
    clear(empty)
    with connect(empty.dsn("transformer"), autocommit=True) as connection:
        publish_week(connection)
        connection.execute(
            """
            update marts.mart_deliverable_status set disclosure_status = 'caption';
            update marts.mart_code_leakage set leak_class = 'clean';
            create table core.dim_creator (campaign_id text, creator_id text, creator_name text);
            insert into core.dim_creator values ('spring', 'bo', 'Bo');
            create table core.dim_code (
                campaign_id text, creator_id text, code text, compromised_from_date date
            );
            create table core.dim_campaign (
                campaign_id text, campaign_name text, start_date date, end_date date
            );
            insert into core.dim_campaign
            values ('spring', 'Spring glow', '2026-03-01', '2026-03-31');
            """
        )
        yield connection


@pytest.fixture
def loader(empty, transformer) -> Iterator[psycopg.Connection]:
    with connect(empty.dsn("loader"), autocommit=True) as connection:
        arrive(connection, range(7))
        yield connection


@pytest.fixture
def outbox(monkeypatch: pytest.MonkeyPatch) -> Outbox:
    return Outbox(monkeypatch)


@pytest.fixture
def look(loader, outbox: Outbox) -> Callable[..., dict[str, int]]:
    def look_at(now: dt.datetime = NOW, **options: bool) -> dict[str, int]:
        return steps.raise_alerts(now, find=outbox.find, read=read_connection, **options)

    return look_at


def open_alerts(transformer: psycopg.Connection) -> list[tuple[str, str]]:
    return transformer.execute(
        "select kind, subject from quality.alerts where ended_at is null order by kind, subject"
    ).fetchall()
