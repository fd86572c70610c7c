"""Rows and pages that cannot be loaded: what goes to quarantine, and what resolves it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from include.errors import TooManyRejects
from tests.conftest import Warehouse
from tests.fakes.small_shop import ORDERS, Loader, lines, order, orders, page, query


@pytest.fixture
def loader(clean_warehouse: Warehouse, tmp_path: Path) -> Loader:
    return Loader(clean_warehouse.dsn("loader"), str(tmp_path / "landing"))


def test_one_malformed_order_of_ten_thousand_is_quarantined(loader: Loader) -> None:
    documents = [order(str(number)) for number in range(10_000)]
    documents[4_321]["price"] = {"amount": "abc"}

    result = loader.run(ORDERS, page(documents[:5_000]), page(documents[5_000:]))

    assert (result.rows_read, result.rows_merged, result.rows_rejected) == (10_000, 9_999, 1)
    assert query(loader, "select count(*) from raw.small_shop__lines") == [(19_998,)]
    rejects = query(
        loader,
        "select stream, record_key, reason, payload::jsonb -> 'price' ->> 'amount', page_number,"
        " load_id, run_id from quarantine.rejects",
    )
    reason = "total: Invalid decimal string: 'abc'"
    assert rejects == [("orders", "4321", reason, "abc", 1, result.load_id, "run-1")]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"price": {"amount": "NaN"}}, "total: not a finite number: 'NaN'"),
        ({"price": None}, "total: required, but price.amount is missing or null"),
        ({"price": "free"}, "total: price is no object: 'free'"),
        ({"updatedAt": "yesterday"}, "updated_at: Invalid RFC3339 encoded datetime: 'yesterday'"),
        (
            {"updatedAt": "2026-11-04T10:00:00"},
            "updated_at: Expected `datetime` with a timezone component: '2026-11-04T10:00:00'",
        ),
        (
            {"lines": [{"lineId": "1", "quantity": 2**63}]},
            f"lines.quantity: Expected `int` <= {2**63 - 1}: {2**63}",
        ),
        (
            {"lines": [{"lineId": "1", "quantity": 1}, {"lineId": "1", "quantity": 2}]},
            "lines: two rows have the same line_id",
        ),
        ({"lines": [{"quantity": 1}]}, "lines.line_id: required, but lineId is missing or null"),
        ({"lines": 5}, "lines: TypeError: 'int' object is not iterable"),
    ],
)
def test_a_reason_names_column_and_value(
    loader: Loader, fields: dict[str, Any], reason: str
) -> None:
    result = loader.run(ORDERS, page([order("7"), order("8") | fields]))

    assert (result.rows_merged, result.rows_rejected) == (1, 1)
    assert query(loader, "select record_key, reason from quarantine.rejects") == [("8", reason)]
    assert lines(loader) == [("7", "1", 1), ("7", "2", 2)]


def test_a_value_only_postgres_refuses_takes_no_other_row_with_it(loader: Loader) -> None:
    documents = [order(str(number)) for number in range(300)]
    documents[123]["price"] = {"amount": "1e200000"}

    result = loader.run(ORDERS, page(documents))

    assert (result.rows_merged, result.rows_rejected) == (299, 1)
    [(key, reason)] = query(loader, "select record_key, reason from quarantine.rejects")
    assert key == "123"
    assert "overflow" in reason


def test_a_page_that_is_no_json_is_quarantined_whole(loader: Loader) -> None:
    stream = replace(ORDERS, rejects_allowed=0.5)

    result = loader.run(stream, page([order("7")]), page(b"<html>maintenance</html>"))

    assert (result.rows_merged, result.rows_rejected) == (1, 1)
    [(key, reason, payload)] = query(
        loader, "select record_key, reason, payload from quarantine.rejects"
    )
    assert (key, payload) == (None, "<html>maintenance</html>")
    assert reason.startswith("page 2 does not parse: ")


def test_too_many_rejects_fail_the_window_and_show_the_reasons(loader: Loader) -> None:
    bad = [order(str(number), price={"amount": "?"}) for number in range(2)]

    with pytest.raises(TooManyRejects, match=r"2 of 3 rows .*total: Invalid decimal string: '\?'"):
        loader.run(ORDERS, page([*bad, order("7")]))

    assert orders(loader) == []
    assert query(loader, "select count(*) from quality.load_windows") == [(0,)]
    assert query(loader, "select record_key, load_id from quarantine.rejects order by 1") == [
        ("0", None),
        ("1", None),
    ]


def test_a_window_loaded_twice_quarantines_once_and_a_good_load_resolves(loader: Loader) -> None:
    bad = page([order("7"), order("8", price={"amount": "?"})])
    loader.run(ORDERS, bad)
    loader.run(ORDERS, bad)
    unresolved = "select record_key, resolved_by_load_id from quarantine.rejects"
    assert query(loader, unresolved) == [("8", None)]

    good = loader.run(ORDERS, page([order("8")]))

    assert query(loader, unresolved) == [("8", good.load_id)]
