"""The attribution SQL of the dbt project, macro for macro, against the golden cases.

A golden touch belongs to a user; here it is offered to each of that user's orders, as a shop's own
customer journey would, and the SQL decides what counts.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from in_process_dbt import compile_inline

GOLDEN = json.loads(
    (Path(__file__).parent.parent / "fixtures" / "attribution_golden.json").read_text("utf-8")
)
CASES = {case["id"]: case for case in GOLDEN["cases"]}
TOLERANCE = GOLDEN["tolerance_abs"]
MODELS = {
    "first_touch": "winner",
    "last_touch": "winner",
    "last_non_direct": "winner",
    "linear": "equal",
}
RANKS = {"landing_page": 20, "code": 30}

QUERY = """
with
touches as (select * from golden_touches),
entries as (select * from golden_entries),
paths as ({{ attribution_paths('touches', direct_policy='POLICY') }}),
credits as ({{ attribution_credits('paths', 'entries', models=MODELS) }})
select * from credits order by order_id, event_date, touch_number
"""


@pytest.fixture(scope="module")
def queries(warehouse: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The compiled SQL per direct policy."""
    models = [{"name": name, "kind": kind} for name, kind in MODELS.items()]
    macro = QUERY.replace("MODELS", json.dumps(models))
    target = tmp_path_factory.mktemp("dbt_golden")
    return {
        policy: compile_inline(warehouse, macro.replace("POLICY", policy), target)
        for policy in ("drop_unless_only", "keep")
    }


@pytest.fixture
def connection(warehouse: Any) -> Iterator[psycopg.Connection]:
    with psycopg.connect(warehouse.admin_dsn) as opened:
        yield opened
        opened.rollback()


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def candidate_touches(case: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Each touch once per order of its user; after the user's previous order where paths reset."""
    for order in case["conversions"]:
        previous = [
            instant(other["ts"])
            for other in case["conversions"]
            if other["user"] == order["user"] and instant(other["ts"]) < instant(order["ts"])
        ]
        start = max(previous, default=None) if case["config"]["path_reset"] != "none" else None
        for touch in case["touches"]:
            if touch["user"] != order["user"] or (start and instant(touch["ts"]) <= start):
                continue
            is_direct = touch["channel"] == "direct"
            yield (
                "shop",
                order["conversion_id"],
                f"{touch['touch_id']:03}",
                instant(touch["ts"]),
                instant(order["ts"]),
                instant(touch["ts"]),
                RANKS.get(touch.get("evidence", ""), 10),
                "direct" if is_direct else "creator",
                touch["channel"],
                "summer",
                None if is_direct else touch["channel"],
                case["config"]["lookback_days"],
            )


def ledger_entries(case: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """Each sale with one conversion, each refund with none, on their own dates."""
    for sale in case["conversions"]:
        yield (
            "shop",
            sale["conversion_id"],
            instant(sale["ts"]).date(),
            1,
            Decimal(str(sale["value"])),
        )
    for refund in case["refunds"]:
        yield (
            "shop",
            refund["refund_of"],
            instant(refund["ts"]).date(),
            0,
            Decimal(str(refund["value"])),
        )


def credits_of(
    connection: psycopg.Connection, case: dict[str, Any], queries: dict[str, str]
) -> list[dict[str, Any]]:
    connection.execute(
        "create temporary table golden_touches (connection_id text, order_id text, touch_id text, "
        "touched_at timestamptz, ordered_at timestamptz, anchored_at timestamptz, "
        "evidence_rank int, channel_type text, channel text, campaign_id text, creator_id text, "
        "lookback_days int)"
    )
    connection.execute(
        "create temporary table golden_entries (connection_id text, order_id text, "
        "event_date date, conversion_count int, net_amount numeric(18, 2))"
    )
    with connection.cursor() as cursor:
        touches = list(candidate_touches(case))
        marks = ", ".join(["%s"] * 12)
        cursor.executemany(f"insert into golden_touches values ({marks})", touches)
        entries = list(ledger_entries(case))
        cursor.executemany("insert into golden_entries values (%s, %s, %s, %s, %s)", entries)
    with connection.cursor(row_factory=psycopg.rows.dict_row) as cursor:
        return cursor.execute(queries[case["config"]["direct_policy"]]).fetchall()


@pytest.mark.parametrize("case_id", sorted(CASES))
def test_golden_case(case_id: str, connection: psycopg.Connection, queries: dict[str, str]) -> None:
    case = CASES[case_id]
    rows_of_credit = credits_of(connection, case, queries)
    check_touch_rows(case, rows_of_credit)
    check_channel_totals(case, rows_of_credit)
    check_conservation(rows_of_credit)


def check_touch_rows(case: dict[str, Any], rows_of_credit: list[dict[str, Any]]) -> None:
    """Path, weights and linear cents of every order's sale, touch by touch."""
    for expected in case["expected"]["touch_rows"]:
        rows = [
            row
            for row in rows_of_credit
            if row["order_id"] == expected["id"] and row["conversion_count"] == 1
        ]
        if not expected["touches"]:
            assert [row["touch_id"] for row in rows] == ["unattributed"]
            continue
        assert [row["channel"] for row in rows] == expected["touches"]
        for model, weights in expected["weights"].items():
            shares = [float(row[f"{model}_share"]) for row in rows]
            assert shares == pytest.approx(weights, abs=TOLERANCE), model
        if "linear_cents" in expected:
            cents = [row["linear_amount"] * 100 for row in rows]
            assert cents == expected["linear_cents"]


def check_channel_totals(case: dict[str, Any], rows_of_credit: list[dict[str, Any]]) -> None:
    """Orders and value per channel and model, refunds included."""
    for model, channels in case["expected"]["credits"].items():
        orders: dict[str, Decimal] = defaultdict(Decimal)
        value: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows_of_credit:
            orders[row["channel"]] += row[f"{model}_share"] * row["conversion_count"]
            value[row["channel"]] += row[f"{model}_share"] * row["net_amount"]
        for channel, expected in channels.items():
            assert float(orders[channel]) == pytest.approx(expected["conversions"], abs=TOLERANCE)
            assert float(value[channel]) == pytest.approx(expected["value"], abs=TOLERANCE)
        unattributed = case["expected"]["unattributed"]
        assert float(orders["unattributed"]) == unattributed["conversions"]
        assert float(value["unattributed"]) == unattributed["value"]


def check_conservation(rows_of_credit: list[dict[str, Any]]) -> None:
    """Per entry and model the shares sum to 1 and the amounts to the entry, to the cent."""
    entries: dict[tuple[Any, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows_of_credit:
        entries[row["order_id"], row["event_date"]].append(row)
    for rows in entries.values():
        for model in MODELS:
            assert float(sum(row[f"{model}_share"] for row in rows)) == pytest.approx(1, abs=1e-12)
            assert sum(row[f"{model}_amount"] for row in rows) == rows[0]["net_amount"]


def test_a_refund_takes_the_weights_and_the_cents_of_its_sale(
    connection: psycopg.Connection, queries: dict[str, str]
) -> None:
    """G23 by hand: 100.00 over three is 33.34 + 33.33 + 33.33, -40.00 is -13.34 - 13.33 - 13.33."""
    rows_of_credit = credits_of(connection, CASES["G23_refund_after_the_window"], queries)
    sale = [row["linear_amount"] for row in rows_of_credit if row["conversion_count"] == 1]
    refund = [row["linear_amount"] for row in rows_of_credit if row["conversion_count"] == 0]
    assert sale == [Decimal("33.34"), Decimal("33.33"), Decimal("33.33")]
    assert refund == [Decimal("-13.34"), Decimal("-13.33"), Decimal("-13.33")]


def test_the_general_way_of_cutting_cents_agrees_with_the_short_one(
    warehouse: Any, connection: psycopg.Connection, tmp_path: Path
) -> None:
    """Largest remainder by window functions (kind weighted) on the golden linear cents."""
    models = json.dumps([{"name": "linear", "kind": "weighted"}])
    macro = QUERY.replace("MODELS", models).replace("POLICY", "drop_unless_only")
    query = compile_inline(warehouse, macro, tmp_path)
    case = CASES["G22_cents_add_up"]
    rows_of_credit = credits_of(connection, case, {"drop_unless_only": query})
    for expected in case["expected"]["touch_rows"]:
        cents = [
            row["linear_amount"] * 100
            for row in rows_of_credit
            if row["order_id"] == expected["id"]
        ]
        assert cents == expected["linear_cents"]
