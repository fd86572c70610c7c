"""Two connections of one source, one after the other against the sandbox: neither knows the other.

Instagram's two tokens and TikTok's two lists reach other accounts, as two agencies' do; YouTube's
and GA4's two connections read the same things, which is the harder case for keys.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sandbox_bench import NEW_YORK, SandboxBench, run_time
from sandbox_process import run_sandbox

from include.ingest import day_window
from include.landing.pages import find_runs
from include.landing.store import open_store
from include.sandbox.installation import SAMPLE_FOLDER
from include.sources import discover_sources
from include.sources._base import Connection

DAY = dt.date(2026, 11, 3)
CONNECTED = re.compile(r"platform: instagram, handle: ([\w.]+), access_path: own_account")
PLANNED = re.compile(r"- \{platform: (\w+), handle: ([\w.@-]+), access_path: (\w+)")
BRAND = "glowandgrove"
TOKENS = "EAAG" + "a" * 96, "EAAG" + "b" * 96
# Accounts of the first and of the second connection, in what their snapshots call them.
ACCOUNTS = {
    "instagram": "select distinct account_id from raw.instagram__accounts where connection_id = %s",
    "tiktok": "select distinct business_id from raw.tiktok__accounts where connection_id = %s",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, warehouse: Any) -> Iterator[SandboxBench]:
    text = (SAMPLE_FOLDER / "serum_launch.yaml").read_text()
    connected = CONNECTED.findall(text)
    narrow = dict(zip(TOKENS, ([BRAND, *connected[:3]], connected[3:]), strict=True))
    targets: dict[str, tuple[str, ...]] = {}
    for platform, handle, access in PLANNED.findall(text):
        if access in ("business_discovery", "public"):
            targets[platform] = (*targets.get(platform, ()), handle)
    changes = {"instagram": {"narrow_tokens": narrow}}
    folder, at = tmp_path_factory.mktemp("sandbox"), "2026-10-01T07:00:00Z"
    for sandbox in run_sandbox(folder, dt.date(2026, 11, 14), changes, at=at):
        yield SandboxBench(sandbox, {}, targets)


@pytest.fixture
def bench(
    served: SandboxBench, clean_warehouse: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> SandboxBench:
    monkeypatch.setenv("GROUNDSWELL_TOKEN_KEY", Fernet.generate_key().decode())
    found: SandboxBench = served.at(
        dsn=clean_warehouse.dsn("loader"), landing=str(tmp_path / "landing")
    )
    found.set_clock(run_time(DAY))
    return found


def two_connections(bench: SandboxBench, source: str) -> tuple[Connection, Connection]:
    one = bench.sandbox.connection(source)
    two = dataclasses.replace(one, conn_id=f"{source}__other")
    if source == "instagram":
        one = dataclasses.replace(one, password=TOKENS[0])
        # The other token reaches no brand and no business.
        two = dataclasses.replace(two, password=TOKENS[1], extra={"api_version": "v26.0"})
    elif source == "tiktok":
        accounts = list(one.extra["accounts"].items())
        parts = dict(accounts[:2]), dict(accounts[2:])
        one = dataclasses.replace(one, extra={**one.extra, "accounts": parts[0]})
        two = dataclasses.replace(two, extra={**two.extra, "accounts": parts[1]})
    return one, two


def load(bench: SandboxBench, connection: Connection) -> dict[str, Any]:
    source = discover_sources()[connection.conn_id.partition("__")[0]]
    return {s.name: bench.load(source, s.name, DAY, connection) for s in source.part().streams}


def rows_of(bench: SandboxBench, connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """Everything a connection has in raw, the loader's marks included."""
    source = connection.conn_id.partition("__")[0]
    tables = bench.rows(
        "select tablename from pg_tables where schemaname = 'raw' and tablename like %s",
        f"{source}\\_\\_%",
    )
    query = "select to_jsonb(t) - 'connection_id' from raw.{} as t where connection_id = %s"
    return {
        table: sorted(bench.rows(query.format(table), connection.conn_id), key=repr)
        for (table,) in tables
    }


@pytest.mark.parametrize(
    "source",
    ["instagram", *(pytest.param(s, marks=pytest.mark.long) for s in ("tiktok", "youtube", "ga4"))],
)
def test_two_connections_of_a_source_leave_each_other_alone(
    bench: SandboxBench, source: str
) -> None:
    one, two = two_connections(bench, source)
    first = load(bench, one)
    assert all(r.rows_rejected == 0 and not r.drifted_fields for r in first.values())
    assert {r.status for r in first.values()} == {"loaded"}
    before = rows_of(bench, one)
    second = load(bench, two)
    assert rows_of(bench, one) == before, "the second connection changed rows of the first"
    theirs = rows_of(bench, two)
    # And the other way round: a rerun of the first finds its own rows, changes nothing of both.
    again = load(bench, one)
    assert sum(r.rows_merged + r.rows_deleted for r in again.values()) == 0
    assert (rows_of(bench, one), rows_of(bench, two)) == (before, theirs)
    check_what_each_sees(bench, source, one, two, second)
    check_each_has_windows_and_pages(bench, source, one, two)


def check_what_each_sees(
    bench: SandboxBench, source: str, one: Connection, two: Connection, second: dict[str, Any]
) -> None:
    if source in ACCOUNTS:
        seen = [{key for (key,) in bench.rows(ACCOUNTS[source], c.conn_id)} for c in (one, two)]
        assert all(seen)
        assert not seen[0] & seen[1]
        assert seen[0] | seen[1] == connected_accounts(bench, source)
    else:
        marks = {"_load_id", "_loaded_at", "_captured_at", "captured_at"}
        assert plain(rows_of(bench, one), marks) == plain(rows_of(bench, two), marks)
    skipped = {name for name, result in second.items() if result.status == "skipped"}
    # A connection without a business has no partnership content; all else is as the first has it.
    assert skipped == ({"partnership_content"} if source == "instagram" else set())


def connected_accounts(bench: SandboxBench, source: str) -> set[str]:
    """All accounts that creators and the brand connected, as the market knows them."""
    if source == "tiktok":
        return set(bench.sandbox.state["credentials"]["tiktok"]["accounts"])
    market, at = bench.market, run_time(DAY)
    accounts = (market.account_at(name, at) for name in market.accounts)
    return {a.account_id for a in accounts if a.access_path == "own_account"}


def plain(rows: dict[str, list[tuple[Any, ...]]], marks: set[str]) -> dict[str, list[Any]]:
    return {
        table: sorted(
            ({k: v for k, v in row.items() if k not in marks} for (row,) in found), key=repr
        )
        for table, found in rows.items()
    }


def check_each_has_windows_and_pages(
    bench: SandboxBench, source: str, one: Connection, two: Connection
) -> None:
    windows = bench.rows(
        "select connection_id, window_start, count(distinct stream) from quality.load_windows"
        " where source = %s group by 1, 2",
        source,
    )
    streams, start = len(discover_sources()[source].part().streams), day_window(DAY, NEW_YORK).start
    assert sorted(windows) == [(one.conn_id, start, streams), (two.conn_id, start, streams)]
    store = open_store(bench.landing)
    for stream in discover_sources()[source].part().streams:
        counts = [len(find_runs(store, source, c.conn_id, stream.name)) for c in (one, two)]
        assert counts[0] == 2, "a run of each load of the first"
        assert counts[1] == (0 if stream.name == "partnership_content" else 1)
