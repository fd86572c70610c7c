"""What the campaign page costs its server: processor time and bytes, whatever else is running.

A first paint is the server's work, the bytes and the browser's drawing; `make test-ui` looks at the
last on a real stack.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from page_marts import creator, profile, publish

from include.pages import guard
from include.pages.app import build_app
from include.pages.reader import Reader
from tests.conftest import Warehouse

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
CREATORS = 1000
PAIRS = [("last_touch", "all"), ("linear", "all"), ("linear", "code_first"), ("markov", "all")]
# From the campaign's first day to the as-of day.
DAYS = [dt.date(2026, 3, 1) + dt.timedelta(days=n) for n in range(31)]
# A third of what the reader may wait at most: the rest is for the network and the browser.
MOST_SECONDS = {25: 0.3, CREATORS: 1.0}
MOST_BYTES = {25: 100_000, CREATORS: 400_000}


def marts_of(count: int) -> dict[str, list[dict[str, object]]]:
    """Return a campaign of so many creators over a month, under four models and rules."""
    pairs = [creator(number) for number in range(1, count + 1)]
    wide = {"roas_low": 0.5, "roas_high": 3}
    versions = [
        version | wide | {"attribution_model": model, "rule_version": rules}
        for _, version in pairs
        for model, rules in PAIRS
    ]
    names = ("campaign_id", "creator_id", "currency_code")
    compared = [
        {name: version[name] for name in names} | {"attribution_model": model}
        for _, version in pairs
        for model, rules in PAIRS
        if rules == "all"
    ]
    daily = [
        {
            "campaign_id": "spring",
            "creator_id": f"c{number}",
            "metric_date": day,
            "net_revenue_amount_to_date": 10 * place,
            "delivered_cost_amount_to_date": 5 * place,
        }
        for place, day in enumerate(DAYS)
        for number in range(20)
    ]
    return {
        "mart_campaign_profile": [profile("spring", creator_count=count)],
        "mart_creator_scorecard": [scorecard for scorecard, _ in pairs],
        "mart_creator_attribution": versions,
        "mart_attribution_comparison": compared,
        "mart_creator_campaign_daily": daily,
    }


@pytest.fixture
def reader(clean_warehouse: Warehouse) -> Iterator[Reader]:
    reader = Reader(lambda: clean_warehouse.dsn("ui_reader"))
    yield reader
    reader.close()


@pytest.fixture
def client(reader: Reader) -> Iterator[TestClient]:
    app = build_app(reader)
    for dependency in guard.PERMISSIONS:
        app.dependency_overrides[dependency] = lambda: None
    with TestClient(app, headers={"accept": "text/html"}) as client:
        yield client


def backend_seconds(admin: psycopg.Connection) -> float:
    """Return the processor time of the pages' connections to Postgres."""
    found = admin.execute(
        "select pid from pg_stat_activity"
        " where datname = current_database() and usename = 'ui_reader'"
    ).fetchall()
    ticks = 0
    for (pid,) in found:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("count", [25, CREATORS])
def test_the_page_costs_little_however_many_creators(
    client: TestClient, clean_warehouse: Warehouse, count: int
) -> None:
    publish(clean_warehouse.dsn("transformer"), marts_of(count))
    # The first page also reads templates and opens the connection.
    assert f"{count:,} in all" in client.get("/campaign").text
    with psycopg.connect(clean_warehouse.admin_dsn) as admin:
        begun = time.process_time() + backend_seconds(admin)
        page = client.get("/campaign")
        taken = time.process_time() + backend_seconds(admin) - begun
    print(f"{count} creators: {taken:.3f} s of processor time, {len(page.content):,} bytes")
    assert taken < MOST_SECONDS[count]
    assert len(page.content) < MOST_BYTES[count]
    blocks = re.findall(r'<script type="application/json">(.*?)</script>', page.text, re.DOTALL)
    of_creators, of_days = (json.loads(block)["data"] for block in blocks)
    assert len(of_creators[1]["x"]) == count, "the plot holds every creator"
    assert len(of_days[0]["x"]) == len(DAYS), "and every day"
