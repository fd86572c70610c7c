"""Loading event streams: what a window leaves behind, whatever happens to it."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from include.errors import BadCredentials, CountMismatch, MissingScope
from include.ingest import StreamResult
from include.warehouse import load_merge
from tests.conftest import Warehouse
from tests.fakes.small_shop import (
    NOON,
    ORDERS,
    SHOP,
    Loader,
    lines,
    order,
    orders,
    page,
    query,
)

REPO = Path(__file__).resolve().parents[2]


@pytest.fixture
def loader(clean_warehouse: Warehouse, tmp_path: Path) -> Loader:
    return Loader(clean_warehouse.dsn("loader"), str(tmp_path / "landing"))


def test_a_page_becomes_rows_and_a_window(loader: Loader) -> None:
    result = loader.run(ORDERS, page([order("7"), order("8", note="hi")]))

    assert orders(loader) == [("7", Decimal("10.00"), None), ("8", Decimal("10.00"), "hi")]
    assert lines(loader) == [("7", "1", 1), ("7", "2", 2), ("8", "1", 1), ("8", "2", 2)]
    assert (result.status, result.rows_read, result.rows_merged) == ("loaded", 2, 2)
    window = query(
        loader,
        "select load_id, partition_key, rows_read, rows_merged, captured_from, captured_at_source,"
        " landing_path from quality.load_windows",
    )
    path = "small_shop/small_shop/orders/2026-11-04/run-1"
    assert window == [(result.load_id, "2026-11-04", 2, 2, NOON, "api", path)]


def test_loading_a_window_twice_writes_nothing(loader: Loader) -> None:
    both = page([order("7"), order("8")])
    loader.run(ORDERS, both)
    versions = "select xmin::text, ctid::text, _load_id from raw.small_shop__"
    before = query(loader, versions + "orders"), query(loader, versions + "lines")

    again = loader.run(ORDERS, both)

    assert (again.rows_merged, again.rows_unchanged) == (0, 2)
    assert (query(loader, versions + "orders"), query(loader, versions + "lines")) == before


def test_a_change_rewrites_only_its_order_and_that_orders_lines(loader: Loader) -> None:
    first = loader.run(ORDERS, page([order("7"), order("8")]))
    changed = order("8", updated="2026-11-04T11:00:00Z", lines=[{"lineId": "2", "quantity": 5}])

    second = loader.run(ORDERS, page([order("7"), changed]))

    assert (second.rows_merged, second.rows_unchanged) == (1, 1)
    assert lines(loader) == [("7", "1", 1), ("7", "2", 2), ("8", "2", 5)]
    loads = query(loader, "select order_id, _load_id from raw.small_shop__orders order by 1")
    assert loads == [("7", first.load_id), ("8", second.load_id)]


def test_of_two_versions_in_one_window_the_newer_wins(loader: Loader) -> None:
    old = order("7", note="old", lines=[{"lineId": "9", "quantity": 9}])
    new = order("7", note="new", updated="2026-11-04T11:00:00Z")

    result = loader.run(ORDERS, page([new, old]), page([old]))

    assert orders(loader) == [("7", Decimal("10.00"), "new")]
    assert lines(loader) == [("7", "1", 1), ("7", "2", 2)]
    assert (result.rows_read, result.rows_merged) == (3, 1)


def test_an_older_answer_never_reverts_a_newer_row(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7", note="new", updated="2026-11-04T11:00:00Z")]))

    late = loader.run(ORDERS, page([order("7", note="old")], at_time=NOON + dt.timedelta(hours=1)))

    assert orders(loader) == [("7", Decimal("10.00"), "new")]
    assert (late.rows_merged, late.rows_unchanged) == (0, 1)


def test_an_equal_cursor_brings_news_only_from_a_later_answer(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7", note=None)]))
    hour = dt.timedelta(hours=1)

    loader.run(ORDERS, page([order("7", note="journey ready")], at_time=NOON + hour))
    loader.run(ORDERS, page([order("7", note="stale")], at_time=NOON - hour))

    assert orders(loader) == [("7", Decimal("10.00"), "journey ready")]


def test_a_changed_line_alone_is_a_change(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7")]))

    loader.run(ORDERS, page([order("7", lines=[{"lineId": "1", "quantity": 4}])]))

    assert lines(loader) == [("7", "1", 4)]


def test_exact_values_survive(loader: Loader) -> None:
    body = (
        b'{"rows": [{"id": 9007199254740993, "updatedAt": "2026-11-04T10:00:00+0000",'
        b' "price": {"amount": -0.00}, "note": "\\ud83d\\ude00 caf\\u00e9", "lines": []},'
        b' {"id": "8", "updatedAt": "2026-11-04T15:30:00+05:30", "price": {"amount": 0.1},'
        b' "note": "a\\u0000b", "lines": []}, {"id": "9", "updatedAt": "2026-11-04T10:00:00Z",'
        b' "price": {"amount": "1234567890123456789.01"}, "note": "x\\ud800y", "lines": []}]}'
    )

    result = loader.run(ORDERS, page(body))

    assert result.rows_rejected == 0
    rows = query(
        loader,
        "select order_id, total::text, note, updated_at from raw.small_shop__orders order by 1",
    )
    ten = dt.datetime(2026, 11, 4, 10, tzinfo=dt.UTC)
    assert rows == [
        ("8", "0.1", "a\N{REPLACEMENT CHARACTER}b", ten),
        ("9", "1234567890123456789.01", "x\N{REPLACEMENT CHARACTER}y", ten),
        ("9007199254740993", "0.00", "\N{GRINNING FACE} café", ten),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "\\N",
        "\\.",
        'say "hi"',
        "a,b",
        "],[",
        "two\nlines\r\n",
        "tab\t",
        "\\n",
        "\x01\x7f",
        "'",
    ],
)
def test_any_text_survives(loader: Loader, text: str) -> None:
    loader.run(ORDERS, page([order(text or "7", note=text, extra={"text": text}), order("0")]))

    rows = query(
        loader,
        "select order_id, note, _extra from raw.small_shop__orders where order_id != '0'",
    )
    assert rows == [(text or "7", text, {"extra": {"text": text}})]


def test_an_unknown_field_is_kept_and_reported(loader: Loader) -> None:
    new = order("7", tag="gift", price={"amount": "1", "currency": "EUR"})
    new["lines"][0]["colour"] = "red"

    result = loader.run(ORDERS, page([new, order("8")]))

    assert result.drifted_fields == ("lines.colour", "price.currency", "tag")
    kept = query(loader, "select order_id, _extra from raw.small_shop__orders order by 1")
    assert kept == [("7", {"tag": "gift", "price.currency": "EUR"}), ("8", None)]
    assert query(loader, "select drifted_fields from quality.load_windows") == [
        (["lines.colour", "price.currency", "tag"],)
    ]
    line = "select line_id, _extra from raw.small_shop__lines where order_id = '7' order by 1"
    assert query(loader, line) == [("1", {"colour": "red"}), ("2", None)]


@pytest.mark.parametrize("key", ["expected_rows", "expected_total"])
def test_an_announced_count_that_does_not_come_loads_nothing(loader: Loader, key: str) -> None:
    with pytest.raises(CountMismatch, match="3"):
        loader.run(ORDERS, page([order("7"), order("8")], context={key: 3}))

    assert query(loader, "select count(*) from quality.load_windows") == [(0,)]
    assert orders(loader) == []


def test_announced_counts_that_come_load(loader: Loader) -> None:
    first = page([order("7")], context={"expected_rows": 1, "expected_total": 3})
    second = page([order("8"), order("9")], context={"expected_rows": 2, "expected_total": 3})

    assert loader.run(ORDERS, first, second).rows_merged == 3


def test_an_optional_stream_without_permission_is_skipped(loader: Loader) -> None:
    optional = replace(ORDERS, is_required=False)

    result = loader.run(optional, MissingScope("grant read_reports"))

    assert (result.status, result.reason) == (
        "skipped",
        "permission is missing: grant read_reports",
    )
    rows = query(loader, "select load_id, status, reason, landing_path from quality.load_windows")
    assert rows == [(result.load_id, "skipped", result.reason, None)]
    with pytest.raises(MissingScope):
        loader.run(ORDERS, MissingScope("grant read_reports"))


def test_a_refused_credential_fails_the_load(loader: Loader) -> None:
    with pytest.raises(BadCredentials, match="small_shop"):
        loader.run(ORDERS, page([order("7")]), BadCredentials("connection 'small_shop'"))

    assert orders(loader) == []


KILLED = """
import os, signal, sys
from include.warehouse import load_merge
from tests.fakes.small_shop import ORDERS, Loader, lines, order, orders, page, query

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

{patch}
Loader(sys.argv[1], sys.argv[2]).run(ORDERS, page([order("7", note="new"), order("9")]))
"""


@pytest.mark.parametrize(
    "patch",
    [
        # after COPY, before the merge; after rows are written, before the commit
        "load_merge.lock_tables = die",
        "from include.warehouse import load_rejects; load_rejects.write_rejects = die",
    ],
)
def test_a_load_killed_before_its_commit_leaves_what_was_there(loader: Loader, patch: str) -> None:
    loader.run(ORDERS, page([order("7"), order("8")]))
    before = orders(loader), lines(loader)

    killed = subprocess.run(
        [sys.executable, "-c", KILLED.format(patch=patch), loader.dsn, loader.landing_url],
        cwd=REPO,
        env={**os.environ, "PYTHONPATH": str(REPO)},
        check=False,
    )

    assert killed.returncode == -signal.SIGKILL
    assert (orders(loader), lines(loader)) == before
    assert query(loader, "select count(*) from quality.load_windows") == [(1,)]
    loader.run(ORDERS, page([order("7", note="new"), order("9")]))
    assert orders(loader) == [
        ("7", Decimal("10.00"), "new"),
        ("8", Decimal("10.00"), None),
        ("9", Decimal("10.00"), None),
    ]
    assert query(loader, "select count(*) from raw.small_shop__lines") == [(6,)]


def test_loads_of_one_window_at_the_same_time_end_like_one(loader: Loader) -> None:
    documents = [order(str(number)) for number in range(500)]
    loaders = [Loader(loader.dsn, f"{loader.landing_url}-{n}") for n in range(4)]

    with ThreadPoolExecutor(len(loaders)) as pool:
        runs = [pool.submit(each.run, ORDERS, page(documents)) for each in loaders]
        results = [run.result() for run in runs]

    assert sorted(result.rows_merged for result in results) == [0, 0, 0, 500]
    assert query(
        loader, "select count(*), min(_load_id) = max(_load_id) from raw.small_shop__orders"
    ) == [(500, True)]
    assert query(loader, "select count(*) from raw.small_shop__lines") == [(1_000,)]


def test_a_second_merge_waits_for_the_first(
    loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
    other = Loader(loader.dsn, loader.landing_url + "-other")
    original = load_merge.write_changes
    started: list[Future[StreamResult]] = []

    with ThreadPoolExecutor(1) as pool:

        def write_while_another_comes(*arguments: Any, **named: Any) -> None:
            if not started:
                started.append(pool.submit(other.run, ORDERS, page([order("7"), order("8")])))
                while query(loader, waiting) == [(0,)]:
                    assert not started[0].done()
            original(*arguments, **named)

        monkeypatch.setattr(load_merge, "write_changes", write_while_another_comes)
        first = loader.run(ORDERS, page([order("7")]))
        second = started[0].result()

    assert (first.rows_merged, second.rows_merged, second.rows_unchanged) == (1, 1, 1)


def test_children_whose_parent_somebody_took_away_are_replaced(loader: Loader) -> None:
    """Nobody looks for children of new orders; those in the way of theirs go all the same."""
    loader.run(ORDERS, page([order("7"), order("8")]))
    with psycopg.connect(loader.dsn) as conn:
        conn.execute("delete from raw.small_shop__orders where order_id = '7'")
    changed = order("7", lines=[{"lineId": "2", "quantity": 5}])

    loader.run(ORDERS, page([changed, order("9")]))

    assert [row[0] for row in orders(loader)] == ["7", "8", "9"]
    found = [row for row in lines(loader) if row[0] in ("7", "9")]
    assert found == [("7", "2", 5), ("9", "1", 1), ("9", "2", 2)]


def test_connections_do_not_touch_each_other(loader: Loader) -> None:
    loader.run(ORDERS, page([order("7", note="mine")]))
    with psycopg.connect(loader.dsn) as conn:
        conn.execute("update raw.small_shop__orders set connection_id = 'small_shop__other'")

    loader.run(ORDERS, page([order("7", note="yours")]))

    rows = query(loader, "select connection_id, note from raw.small_shop__orders order by 1")
    assert rows == [("small_shop", "yours"), ("small_shop__other", "mine")]


def test_tables_exist_before_the_first_load(clean_warehouse: Warehouse) -> None:
    from include.warehouse.connection import connect
    from include.warehouse.load import create_raw_tables

    with connect(clean_warehouse.dsn("loader")) as conn:
        create_raw_tables(conn, SHOP)
        create_raw_tables(conn, SHOP)
    with connect(clean_warehouse.dsn("transformer")) as conn:
        assert conn.execute("select * from raw.small_shop__counters").fetchall() == []
        row = conn.execute("select obj_description('raw.small_shop__lines'::regclass)").fetchone()
    assert row == ("A line of an order.",)
