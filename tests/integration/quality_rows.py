"""Rows of `quality` and `quarantine` for the quality pages: a good day, and what goes wrong."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any

import psycopg

HOSTILE = "<script>alert('x')</script> ' or 1=1; drop table quality.alerts --"


def add_load(
    admin: psycopg.Connection,
    source: str,
    stream: str,
    day: str,
    loaded_at: dt.datetime,
    **more: Any,
) -> int:
    """Record a load and return its id; `more` are further columns."""
    start = dt.datetime.fromisoformat(f"{day[:10]}T05:00+00:00")
    columns = {
        "source": source,
        "stream": stream,
        "connection_id": source,
        "partition_key": day,
        "window_start": start,
        "window_end": start + dt.timedelta(days=1),
        "run_id": f"scheduled__{day}",
        "status": "loaded",
        "started_at": loaded_at - dt.timedelta(seconds=3),
        "loaded_at": loaded_at,
        **more,
    }
    return insert(admin, "quality.load_windows", columns, "load_id")


def add_arrival(
    admin: psycopg.Connection, source: str, day: str, at: dt.datetime, **more: Any
) -> None:
    """Record that a source's day arrived."""
    columns = {"source": source, "day": day, "arrived_at": at, "run_id": "r", **more}
    insert(admin, "quality.source_arrivals", columns, "source")


def add_reject(admin: psycopg.Connection, day: str, reason: str, **more: Any) -> int:
    """Put an order into quarantine and return the reject's id."""
    columns = {
        "source": "shopify",
        "stream": "orders",
        "connection_id": "shopify",
        "partition_key": day,
        "load_id": 1,
        "run_id": f"scheduled__{day}",
        "record_key": "gid://shopify/Order/1",
        "reason": reason,
        "payload": json.dumps({"id": 1, "email": "jane@example.test", "lines": [{"sku": "A-1"}]}),
        "landing_path": f"shopify/shopify/orders/{day}/run",
        "page_number": 1,
        **more,
    }
    return insert(admin, "quarantine.rejects", columns, "reject_id")


def add_result(
    admin: psycopg.Connection, suite: str, day: str, *, success: bool, severity: str, **more: Any
) -> int:
    """Record the result of an expectation and return its id."""
    columns = {
        "run_id": f"scheduled__{day}",
        "partition_key": day,
        "suite": suite,
        "source": None if suite == "marts" else suite,
        "table_name": f"raw.{suite}__orders",
        "expectation": "unique",
        "column_name": "id",
        "severity": severity,
        "success": success,
        "unexpected_count": 0 if success else 3,
        "failing_rows_sql": f"select * from raw.{suite}__orders where id is null",
        **more,
    }
    return insert(admin, "quality.expectation_results", columns, "result_id")


def add_run(
    admin: psycopg.Connection, day: str, status: str, opened_at: dt.datetime, **more: Any
) -> int:
    """Record a measure run and return its id; a published one gets its publication."""
    columns = {
        "day": day,
        "as_of_date": day,
        "run_id": f"asset_triggered__{day}",
        "status": status,
        "sources_present": ["shopify"],
        "opened_at": opened_at,
        "closed_at": None if status == "open" else opened_at + dt.timedelta(minutes=2),
        **more,
    }
    run = insert(admin, "quality.measure_runs", columns, "measure_run_id")
    if status == "published":
        version = more["version"]
        admin.execute("update quality.publications set is_current = false")
        publication = {
            "version": version,
            "measure_run_id": run,
            "marts": json.dumps({"mart_creator_scorecard": 20 + version}),
            "as_of_date": columns["as_of_date"],
            "published_at": columns["closed_at"],
            "is_current": True,
        }
        insert(admin, "quality.publications", publication, "version")
    return run


def add_many_rejects(admin: psycopg.Connection, count: int) -> None:
    """Put `count` rejects of one stream into quarantine in one statement."""
    admin.execute(
        """
        insert into quarantine.rejects (
            source, stream, connection_id, partition_key, load_id, run_id, record_key, reason,
            payload, landing_path, page_number, rejected_at
        )
        select
            'shopify', 'orders', 'shopify', '2026-11-19', 1, 'r', 'gid://shopify/Order/' || n,
            case when mod(n, 3) = 0 then 'Expected `int`, got `str` - at `$.id`'
            else 'Object missing required field `id`' end,
            '{"id": 1}', 'shopify/shopify/orders/2026-11-19/r', 1,
            '2026-11-20 09:00+00'::timestamptz + n * interval '1 second'
        from generate_series(1, %s) as n
        """,
        [count],
    )


def insert(admin: psycopg.Connection, table: str, columns: dict[str, Any], key: str) -> Any:
    """Insert one row and return its key."""
    names = ", ".join(columns)
    values = ", ".join("%s" for _ in columns)
    statement = f"insert into {table} ({names}) values ({values}) returning {key}"
    row = admin.execute(statement, list(columns.values())).fetchone()
    assert row is not None
    return row[0]


def add_trouble(admin: psycopg.Connection, day: str, at: dt.datetime) -> dict[str, int]:
    """Add one of everything that can go wrong on a day; every text of it is hostile.

    Return the ids of a waiting reject and of a failed critical expectation.
    """
    load = add_load(
        admin,
        "shopify",
        "orders",
        day,
        at,
        rows_read=100,
        rows_merged=90,
        rows_rejected=2,
        drifted_fields=["taxPolicy", HOSTILE],
    )
    add_load(admin, "shopify", "refunds", day, at, status="skipped", reason=HOSTILE)
    reject = add_reject(
        admin, day, HOSTILE, load_id=load, record_key=HOSTILE, payload=hostile_order()
    )
    add_reject(admin, day, "Expected `int`, got `str` - at `$.id`", load_id=None)
    result = add_result(
        admin,
        "shopify",
        day,
        success=False,
        severity="critical",
        expectation=HOSTILE,
        failing_rows_sql=f"select '{HOSTILE}'",
    )
    for number, status in enumerate(("failed", "superseded", "refused", "open")):
        opened = at + dt.timedelta(minutes=10 * number)
        add_run(admin, day, status, opened, sources_missing=["tiktok", HOSTILE])
    return {"reject": reject, "result": result, "load": load}


def hostile_order() -> str:
    """Return a document with an address, a script and an address used as a key."""
    return json.dumps({"email": "jane@example.test", "jane@example.test": {"note": HOSTILE}})


def rows_of(table: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Return chosen columns of rows."""
    return [tuple(row[name] for name in names) for row in table]
