"""What an asset's event says of a window: sums over connections, new fields once."""

from __future__ import annotations

import datetime as dt

import pytest

from include.asset_notes import stream_notes
from include.connections import read_connection
from include.daily import announce_source_day
from include.services.environment import _warehouse_connection
from include.sources import discover_sources
from include.warehouse.connection import connect

KEY = "2026-03-09"


@pytest.fixture
def loader(clean_warehouse, monkeypatch: pytest.MonkeyPatch):
    """The loader's connection; tasks find the same warehouse."""
    dsn = clean_warehouse.dsn("loader")
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE_LOADER", _warehouse_connection(dsn))
    with connect(dsn, autocommit=True) as connection:
        yield connection


def load(loader, stream: str, connection_id: str, run_id: str, **values: object) -> None:
    known = {
        "read": 0,
        "merged": 0,
        "rejected": 0,
        "fields": [],
        "status": "loaded",
        "reason": None,
    }
    loader.execute(
        """
        insert into quality.load_windows (
            source, stream, connection_id, partition_key, window_start, window_end, run_id,
            started_at, rows_read, rows_merged, rows_rejected, drifted_fields, status, reason
        ) values (
            'shopify', %(stream)s, %(connection)s, '2026-03-09', '2026-03-09', '2026-03-10',
            %(run)s, now(), %(read)s, %(merged)s, %(rejected)s, %(fields)s, %(status)s, %(reason)s
        )
        """,
        {**known, **values, "stream": stream, "connection": connection_id, "run": run_id},
    )


def test_notes_add_up_connections_and_name_new_fields_once(loader) -> None:
    load(loader, "orders", "shopify", "r1", read=10, merged=7, rejected=1, fields=["b", "a"])
    load(loader, "orders", "shopify__eu", "r1", read=5, merged=5, fields=["b"])
    load(loader, "shop", "shopify", "r1", status="skipped", reason="too late")
    load(loader, "orders", "shopify", "an earlier run", read=99, fields=["z"])
    notes = stream_notes("shopify", KEY, "r1", read=read_connection)
    assert notes == {
        "orders": {
            "partition_key": KEY,
            "rows": 15,
            "rows_changed": 12,
            "rejects": 1,
            "new_fields": ["a", "b"],
        },
        "shop": {
            "partition_key": KEY,
            "rows": 0,
            "rows_changed": 0,
            "rejects": 0,
            "new_fields": [],
            "skipped": "too late",
        },
    }


def test_a_part_of_the_connections_announces_only_a_day_that_had_arrived(loader, tmp_path) -> None:
    shopify, day = discover_sources()["shopify"], dt.date.fromisoformat(KEY)

    def arrivals() -> int:
        return loader.execute("select count(*) from quality.source_arrivals").fetchone()[0]

    assert not announce_source_day(shopify, day, run_id="r1", is_part=True)
    assert arrivals() == 0
    announce_source_day(shopify, day, run_id="r2")
    announce_source_day(shopify, day, run_id="r3", is_part=True)
    assert loader.execute("select run_id from quality.source_arrivals").fetchall() == [("r3",)]
