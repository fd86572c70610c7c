"""Checks of a source's day: which rows they look at, what stops, what is stored."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from psycopg import sql

from include.errors import PublishRefused
from include.quality import check_source
from include.quality.check import read_window
from include.quality.engine import run_rules
from include.quality.rules import between, filled, in_set, no_rows, unique
from include.sources import discover_sources
from include.warehouse.connection import connect

DAY = dt.date(2026, 3, 1)
SHOPIFY = discover_sources()["shopify"]
GA4 = discover_sources()["ga4"]
CLOCK = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)


@pytest.fixture
def warehouse_day(clean_warehouse: Any) -> Any:
    """A warehouse in which Shopify's required streams ran for the day and 200 orders came."""
    load = add_load(clean_warehouse, "shopify", "orders", rows_read=200)
    add_load(clean_warehouse, "shopify", "shop", rows_read=1)
    fill(clean_warehouse, "shopify__orders", [order(n, load) for n in range(200)])
    return clean_warehouse


def add_load(warehouse: Any, source: str, stream: str, day: dt.date = DAY, **columns: Any) -> int:
    values = {
        "source": source,
        "stream": stream,
        "connection_id": source,
        "partition_key": day.isoformat(),
        "window_start": dt.datetime.combine(day, dt.time(5), dt.UTC),
        "window_end": dt.datetime.combine(day + dt.timedelta(days=1), dt.time(5), dt.UTC),
        "run_id": "test",
        "status": "loaded",
        "rows_merged": 1,
        "captured_from": dt.datetime.combine(day + dt.timedelta(days=1), dt.time(8), dt.UTC),
        "started_at": CLOCK,
    } | columns
    insert(warehouse, ("quality", "load_windows"), [values])
    with connect(warehouse.admin_dsn) as connection:
        row = connection.execute("select max(load_id) from quality.load_windows").fetchone()
    assert row is not None
    return int(row[0])


def fill(warehouse: Any, table: str, rows: list[dict[str, Any]]) -> None:
    """Insert rows into a raw table, with the loader's own columns where a test does not care."""
    with connect(warehouse.admin_dsn) as connection:
        found = connection.execute(
            "select column_name from information_schema.columns"
            " where table_schema = 'raw' and table_name = %s",
            [table],
        ).fetchall()
    own = {"_content_hash": b"", "_captured_at": CLOCK, "_loaded_at": CLOCK}
    columns = {name for (name,) in found}
    needed = {name: value for name, value in own.items() if name in columns}
    insert(warehouse, ("raw", table), [needed | row for row in rows])


def insert(warehouse: Any, table: tuple[str, str], rows: list[dict[str, Any]]) -> None:
    names = list(rows[0])
    statement = sql.SQL("insert into {} ({}) values ({})").format(
        sql.Identifier(*table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() * len(names)),
    )
    with connect(warehouse.admin_dsn) as connection, connection.cursor() as cursor:
        cursor.executemany(statement, [[row[name] for name in names] for row in rows])


def order(number: int, load: int, **columns: Any) -> dict[str, Any]:
    made_at = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
    return {
        "connection_id": "shopify",
        "order_id": f"order-{number}",
        "name": f"#{number}",
        "created_at": made_at,
        "updated_at": made_at,
        "processed_at": made_at,
        "test": False,
        "confirmed": True,
        "currency_code": "USD",
        "presentment_currency_code": "USD",
        "taxes_included": False,
        "total_price": 50,
        "total_refunded": 0,
        "_load_id": load,
    } | columns


def results(warehouse: Any, condition: str = "true") -> list[tuple[Any, ...]]:
    with connect(warehouse.dsn("ui_reader")) as connection:
        return connection.execute(
            "select expectation, severity, success, unexpected_count, failing_rows_sql"
            f" from quality.expectation_results where {condition} order by result_id".encode()
        ).fetchall()


def run_query(warehouse: Any, query: str) -> list[dict[str, Any]]:
    with connect(warehouse.admin_dsn) as connection:
        cursor = connection.execute(query.encode())
        assert cursor.description is not None
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def test_a_good_day_passes_and_every_expectation_is_stored(warehouse_day: Any) -> None:
    report = check_source(warehouse_day.dsn("loader"), SHOPIFY, "2026-03-01", "run-1")
    assert report.critical == ()
    stored = results(warehouse_day, "run_id = 'run-1' and partition_key = '2026-03-01'")
    assert len(stored) == report.checked_count > 15
    assert {row[0] for row in stored} >= {"filled", "unique", "every required stream ran"}
    # The tie-out has no report for this day and the orders no lines: said, but not in the way.
    assert {(row[0], row[1]) for row in stored if not row[2]} == {
        ("every order has lines", "warning"),
    }


def test_a_critical_failure_stops_and_shows_exactly_the_bad_rows(warehouse_day: Any) -> None:
    with connect(warehouse_day.admin_dsn) as admin:
        admin.execute("update raw.shopify__orders set total_price = -1 where order_id = 'order-7'")
    with pytest.raises(PublishRefused, match="order amounts are not negative") as refused:
        check_source(warehouse_day.dsn("loader"), SHOPIFY, "2026-03-01", "run-1")
    ((_, severity, _, count, query),) = results(
        warehouse_day, "not success and severity = 'critical'"
    )
    assert (severity, count) == ("critical", 1)
    assert query in str(refused.value)
    assert [row["order_id"] for row in run_query(warehouse_day, query)] == ["order-7"]


def test_rows_of_other_days_are_not_looked_at(warehouse_day: Any) -> None:
    earlier = add_load(warehouse_day, "shopify", "orders", DAY - dt.timedelta(days=1), rows_read=1)
    fill(warehouse_day, "shopify__orders", [order(900, earlier, total_price=-5)])
    assert check_source(warehouse_day.dsn("loader"), SHOPIFY, "2026-03-01", "run").critical == ()
    with connect(warehouse_day.dsn("loader")) as connection:
        window = read_window(connection, SHOPIFY, "2026-03-01")
    assert window.row_counts["shopify__orders"] == 200


def test_a_second_day_in_one_process_is_not_the_first_one_again(warehouse_day: Any) -> None:
    dsn = warehouse_day.dsn("loader")
    check_source(dsn, SHOPIFY, "2026-03-01", "run")
    next_day = DAY + dt.timedelta(days=1)
    load = add_load(warehouse_day, "shopify", "orders", next_day, rows_read=1)
    add_load(warehouse_day, "shopify", "shop", next_day, rows_read=1)
    fill(warehouse_day, "shopify__orders", [order(901, load, total_price=-5)])
    with pytest.raises(PublishRefused, match="2026-03-02"):
        check_source(dsn, SHOPIFY, next_day.isoformat(), "run")


def test_a_required_stream_that_did_not_run(clean_warehouse: Any) -> None:
    add_load(clean_warehouse, "shopify", "orders", rows_read=1)
    with pytest.raises(PublishRefused, match="every required stream ran"):
        check_source(clean_warehouse.dsn("loader"), SHOPIFY, "2026-03-01", "run")
    query = results(clean_warehouse, "not success and severity = 'critical'")[0][4]
    assert run_query(clean_warehouse, query) == [{"stream": "shop"}]


def test_a_skipped_stream_is_no_reason_to_stop(warehouse_day: Any) -> None:
    next_day = DAY + dt.timedelta(days=1)
    add_load(warehouse_day, "shopify", "orders", next_day, rows_read=40)
    add_load(
        warehouse_day, "shopify", "shop", next_day, status="skipped", reason="late", rows_merged=0
    )
    report = check_source(warehouse_day.dsn("loader"), SHOPIFY, next_day.isoformat(), "run")
    assert report.critical == ()


@pytest.mark.parametrize(
    ("usual", "severity"),
    [(50, "critical"), (20, "critical"), (19, "warning"), (5, "warning"), (4, None)],
)
def test_an_empty_window_after_full_ones(
    clean_warehouse: Any, usual: int, severity: str | None
) -> None:
    """Seven windows before say what is usual: not the eighth, a later one or another shop's."""
    days = dict.fromkeys(range(1, 8), usual) | {8: 0, -1: 0}
    for back, rows_read in days.items():
        day = DAY - dt.timedelta(days=back)
        add_load(clean_warehouse, "shopify", "orders", day, rows_read=rows_read)
    day = DAY - dt.timedelta(days=1)
    for other in ({"connection_id": "shopify__two"}, {"status": "skipped", "reason": "late"}):
        add_load(clean_warehouse, "shopify", "orders", day, **{"rows_read": 0} | other)
    add_load(clean_warehouse, "shopify", "orders", rows_read=0, rows_merged=0)
    add_load(clean_warehouse, "shopify", "shop", rows_read=1)
    if severity == "critical":
        with pytest.raises(PublishRefused, match="the window has rows"):
            check_source(clean_warehouse.dsn("loader"), SHOPIFY, "2026-03-01", "run")
        return
    report = check_source(clean_warehouse.dsn("loader"), SHOPIFY, "2026-03-01", "run")
    assert [outcome.rule.severity for outcome in report.failed] == [severity] * bool(severity)


def test_a_skipped_stream_is_no_empty_one(warehouse_day: Any) -> None:
    """200 orders the day before; this day's were not asked for."""
    next_day = DAY + dt.timedelta(days=1)
    skipped = {"status": "skipped", "reason": "late", "rows_read": 0, "rows_merged": 0}
    add_load(warehouse_day, "shopify", "orders", next_day, **skipped)
    add_load(warehouse_day, "shopify", "shop", next_day, rows_read=1)
    report = check_source(warehouse_day.dsn("loader"), SHOPIFY, next_day.isoformat(), "run")
    assert report.failed == ()


@pytest.mark.parametrize(("seconds", "is_early"), [(0, False), (-1, True)])
def test_data_read_before_the_window_had_ended_is_told(
    warehouse_day: Any, seconds: int, is_early: bool
) -> None:
    with connect(warehouse_day.admin_dsn) as admin:
        admin.execute(
            "update quality.load_windows"
            " set captured_from = window_end + %s * interval '1 second' where stream = 'orders'",
            [seconds],
        )
    report = check_source(warehouse_day.dsn("loader"), SHOPIFY, "2026-03-01", "run")
    failed = {outcome.rule.name for outcome in report.failed}
    assert ("data was read after the window had ended" in failed) is is_early


@pytest.mark.parametrize(
    ("rows_read", "rejected", "is_critical"), [(200, 2, False), (200, 3, True), (250, 3, True)]
)
def test_one_per_cent_of_rejects_is_the_limit(
    warehouse_day: Any, rows_read: int, rejected: int, is_critical: bool
) -> None:
    """Of each connection: another shop's two of 200 are its own."""
    with connect(warehouse_day.admin_dsn) as admin:
        admin.execute(
            "update quality.load_windows set rows_read = %s where rows_read = 200", [rows_read]
        )
    add_load(warehouse_day, "shopify", "orders", rows_read=200, connection_id="shopify__two")
    reject = {
        "source": "shopify",
        "stream": "orders",
        "connection_id": "shopify",
        "partition_key": "2026-03-01",
        "run_id": "test",
        "reason": "no total",
    }
    insert(warehouse_day, ("quarantine", "rejects"), [reject] * rejected)
    other = reject | {"connection_id": "shopify__two"}
    insert(warehouse_day, ("quarantine", "rejects"), [other] * 2)
    dsn = warehouse_day.dsn("loader")
    if not is_critical:
        failed = check_source(dsn, SHOPIFY, "2026-03-01", "run").failed
        assert "no row is in quarantine" in {outcome.rule.name for outcome in failed}
        return
    with pytest.raises(PublishRefused, match="at most 1 %"):
        check_source(dsn, SHOPIFY, "2026-03-01", "run")
    query = results(warehouse_day, "not success and severity = 'critical'")[0][4]
    assert len(run_query(warehouse_day, query)) == 3
    with connect(warehouse_day.admin_dsn) as admin:
        admin.execute("update quarantine.rejects set resolved_at = now()")
    assert check_source(dsn, SHOPIFY, "2026-03-01", "again").critical == ()


def test_a_reject_of_a_load_that_gave_up_is_more_than_one_per_cent(warehouse_day: Any) -> None:
    reject = {
        "source": "shopify",
        "stream": "refunds",
        "connection_id": "shopify",
        "partition_key": "2026-03-01",
        "run_id": "test",
        "reason": "no total",
    }
    insert(warehouse_day, ("quarantine", "rejects"), [reject])
    with pytest.raises(PublishRefused, match="at most 1 %"):
        check_source(warehouse_day.dsn("loader"), SHOPIFY, "2026-03-01", "run")


def test_ga4_counts_that_cannot_be(clean_warehouse: Any) -> None:
    load = 0
    for stream in ("sessions", "transactions", "key_events"):
        made = add_load(clean_warehouse, "ga4", stream, rows_read=1)
        load = made if stream == "sessions" else load
    row = {
        "connection_id": "ga4",
        "property_id": "1",
        "date": DAY,
        "session_source": "instagram",
        "session_medium": "creator",
        "session_campaign_name": "glow",
        "session_manual_ad_content": "maya",
        "landing_page_plus_query_string": "/",
        "sessions": 2,
        "engaged_sessions": 1,
        "user_engagement_duration": 10,
        "new_users": 1,
        "add_to_carts": 0,
        "checkouts": 0,
        "ecommerce_purchases": 3,
        "purchase_revenue": 90,
        "key_events": 0,
        "currency_code": "USD",
        "time_zone": "America/New_York",
        "subject_to_thresholding": False,
        "data_loss_from_other_row": False,
        "is_sampled": True,
        "_load_id": load,
    }
    fill(clean_warehouse, "ga4__sessions", [row])
    with pytest.raises(PublishRefused, match="as many purchases as sessions"):
        check_source(clean_warehouse.dsn("loader"), GA4, "2026-03-01", "run")
    failed = {row[0]: row[1] for row in results(clean_warehouse, "not success")}
    assert failed["the report is not sampled and loses no rows to (other)"] == "info"


def test_a_partition_key_must_be_a_date(clean_warehouse: Any) -> None:
    with pytest.raises(ValueError, match="Invalid isoformat"):
        check_source(clean_warehouse.dsn("loader"), SHOPIFY, "2026-03-01'; --", "run")


CHECKED = "select * from public.checked where id <= 10"
BAD_ROWS = [
    (filled("public.checked", CHECKED, ["name", "share"]), [3]),
    (between("public.checked", CHECKED, "share", 0, 1), [4]),
    (in_set("public.checked", CHECKED, "state", ["on", "off"]), [5]),
    (unique("public.checked", CHECKED, ["grp", "name"]), [6, 7]),
    (no_rows("odd", "public.checked", f"{CHECKED} and mod(id, 5) = 0"), [5, 10]),
]


@pytest.mark.parametrize(("rule", "bad"), BAD_ROWS, ids=[rule.kind for rule, _ in BAD_ROWS])
def test_the_stored_query_returns_exactly_the_rows_gx_counts(
    warehouse: Any, rule: Any, bad: list[int]
) -> None:
    with connect(warehouse.admin_dsn) as admin:
        admin.execute("drop table if exists public.checked")
        admin.execute(
            "create table public.checked as select id, 0.5 as share, 'on' as state, 'g' as grp,"
            " 'n' || id as name from generate_series(1, 12) as id"
        )
        admin.execute("update public.checked set share = null where id in (3, 11)")
        admin.execute("update public.checked set share = 1.5 where id in (4, 12)")
        admin.execute("update public.checked set state = 'it''s {odd}' where id = 5")
        admin.execute("update public.checked set name = 'twin' where id in (6, 7)")
    try:
        (outcome,) = run_rules(warehouse.admin_dsn, [rule])
        found = run_query(warehouse, outcome.failing_rows_sql + " order by id")
        assert [row["id"] for row in found] == bad
        assert not outcome.success
        assert outcome.unexpected_count == len(bad)
        json.dumps(outcome.observed)
    finally:
        with connect(warehouse.admin_dsn) as admin:
            admin.execute("drop table public.checked")
