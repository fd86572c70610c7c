"""Explanations as text, from rows as the warehouse holds them."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from include.attribution.explain import (
    CreatorDay,
    OrderRows,
    format_creator_day,
    format_order,
    format_table,
)
from include.attribution.explain_changes import format_changes

ORDERED = dt.datetime(2026, 3, 15, 12, tzinfo=dt.UTC)
ORDER = {
    "connection_id": "shopify",
    "order_id": "77",
    "order_name": "#1001",
    "ordered_at": ORDERED,
    "order_class": "kept",
}


def touch(number: int | None, days: float, channel: str, **more: Any) -> dict[str, Any]:
    at = ORDERED - dt.timedelta(days=days)
    row = {
        "touch_number": number,
        "touched_at": at,
        "ordered_at": ORDERED,
        "anchored_at": at,
        "is_dated": True,
        "evidence_type": "utm_link",
        "evidence_types": "",
        "channel": channel,
        "is_in_path": number is not None,
        "dropped_reason": None,
        "lookback_days": 30,
    }
    return row | more


def credit(number: int, channel: str, share: str, cents: str, **more: Any) -> dict[str, Any]:
    row = {
        "order_id": "77",
        "event_date": dt.date(2026, 3, 15),
        "order_date": dt.date(2026, 3, 15),
        "order_class": "kept",
        "touch_number": number,
        "touch_count": 2,
        "channel": channel,
        "currency_code": "USD",
        "conversion_count": 1,
        "entry_net_amount": Decimal("90.01"),
        "last_touch_share": Decimal(number - 1),
        "last_touch_amount": Decimal("90.01") * (number - 1),
        "linear_share": Decimal(share),
        "linear_amount": Decimal(cents),
    }
    return row | more


TOUCHES = [
    touch(None, 42, "cy", dropped_reason="outside_lookback"),
    touch(1, 14, "ana", evidence_types="discount_code,utm_link"),
    touch(None, 2, "direct", dropped_reason="direct_beside_others", evidence_type="direct_visit"),
    touch(2, 0, "bo", is_dated=False, evidence_type="discount_code", is_winner=True),
    touch(None, 1, "dee", dropped_reason="lost_a_bet"),
]
WANTED = """\
order 77 (#1001) of shopify, 2026-03-15 12:00:00 UTC, kept
rule version all; also computed: code_first

touch  when                         age  evidence                  channel  fate
       2026-02-01 12:00:00 UTC  42.00 d  utm_link                  cy       dropped: outside LOOK
    1  2026-03-01 12:00:00 UTC  14.00 d  utm_link + discount_code  ana      kept
       2026-03-13 12:00:00 UTC   2.00 d  direct_visit              direct   dropped: direct, OTHERS
    2  undated                   0.00 d  discount_code             bo       kept, wins
       2026-03-14 12:00:00 UTC   1.00 d  utm_link                  dee      dropped: lost a bet

share of the order
touch  channel  last_touch  linear
    1  ana          0.0000  0.5000
    2  bo           1.0000  0.5000
       sum          1.0000  1.0000

2026-03-15 sale: 90.01 USD
touch  channel  last_touch  linear
    1  ana            0.00   45.01
    2  bo            90.01   45.00
       sum           90.01   90.01
"""
WANTED = WANTED.replace("LOOK", "the look-back of 30 days")
WANTED = WANTED.replace("OTHERS", "and the path has other touches")
SALE = [credit(1, "ana", "0.5", "45.01"), credit(2, "bo", "0.5", "45.00")]


def test_an_order_from_touches_to_cents() -> None:
    rows = OrderRows(ORDER, "all", ["all", "code_first"], TOUCHES, SALE)
    assert format_order(rows) + "\n" == WANTED


def test_a_conflict_names_who_is_next() -> None:
    rival = touch(1, 1, "ana", is_conflict=True, runner_up_creator_id="bo")
    text = format_order(OrderRows(ORDER, "all", ["all"], [rival], SALE[:1]))
    assert "several creators have evidence; next in line: bo" in text.splitlines()


def test_an_order_nobody_was_seen_to_bring() -> None:
    rows = [credit(1, "unattributed", "1", "90.01")]
    text = format_order(OrderRows(ORDER, "all", ["all"], [], rows))
    assert "no touch is known: the order is unattributed in every model" in text


def test_a_version_that_is_not_computed() -> None:
    text = format_order(OrderRows(ORDER, "mine", ["all"], TOUCHES, []))
    assert text.endswith("no credit is computed under rule version mine")
    assert "rule version mine; also computed: all" in text


def test_a_creators_day_counts_kept_orders() -> None:
    """Half of 77, all of the cancelled 78, and a refund of an older order: 0.5 orders, 35.01."""
    refund = {"conversion_count": 0, "order_id": "60", "order_date": dt.date(2026, 3, 1)}
    rows = [
        SALE[0],
        credit(1, "ana", "1", "90.01", order_id="78", order_class="cancelled"),
        credit(1, "ana", "0.5", "-10.00", **refund),
    ]
    text = format_creator_day(CreatorDay("ana", dt.date(2026, 3, 15), "all", rows))
    lines = [line.split() for line in text.splitlines()]
    assert lines[0] == ["ana", "on", "2026-03-15,", "rule", "version", "all"]
    assert lines[2][-2:] == ["last_touch", "linear"]
    assert lines[4] == ["78", "cancelled", "2026-03-15", "sale", "1", "2", "0.00", "90.01"]
    assert lines[5][:5] == ["60", "kept", "2026-03-01", "later", "entry"]
    assert lines[6] == ["kept", "orders", "0.0000", "0.5000"]
    assert lines[7] == ["kept", "net", "revenue", "0.00", "35.01"]


def test_a_day_without_the_creator_says_so() -> None:
    text = format_creator_day(CreatorDay("ana", dt.date(2026, 3, 15), "all", []))
    assert text == (
        "ana on 2026-03-15, rule version all: no order of that date has a touch of the creator "
        "in its path"
    )


def test_numbers_stand_right_and_text_left() -> None:
    assert format_table(["n", "name"], [["-1.50", "a"], ["", "bcd"], ["12", "e"]]) == (
        "    n  name\n-1.50  a\n       bcd\n   12  e"
    )


def test_the_chain_behind_markov_path_is_named() -> None:
    weighed = {"markov_path_share": Decimal("0.5"), "markov_path_amount": Decimal("45.00")}
    rows = [row | weighed for row in SALE]
    solve = {"solve_id": "spring/2026-03-09/run-7", "is_frozen": True}
    nulls = solve | {"attribution_model": "markov"}
    text = format_order(OrderRows(ORDER, "all", ["all"], TOUCHES, rows, nulls))
    assert text.endswith("markov_path: removal effects of spring/2026-03-09/run-7 (frozen)")
    assert "last_touch  linear  markov_path" in text
    orders_only = solve | {"attribution_model": "markov_converting_only", "is_frozen": False}
    text = format_order(OrderRows(ORDER, "all", ["all"], TOUCHES, rows, orders_only))
    assert text.endswith("while its paths change; orders only, no null paths)")
    text = format_order(OrderRows(ORDER, "all", ["all"], TOUCHES, rows))
    assert text.endswith("no chain was solved for the day, so channels share equally")


def change(
    order_id: str, cause: str, model: str, old: str, new: str, run: int = 7
) -> dict[str, Any]:
    return {
        "measure_run_id": run,
        "last_day": dt.date(2026, 3, 10 + run),
        "previous_last_day": dt.date(2026, 3, 9 + run),
        "connection_id": "shopify",
        "campaign_id": "spring",
        "order_id": order_id,
        "cause": cause,
        "attribution_model": model,
        "old_order_count": Decimal(bool(float(old))),
        "new_order_count": Decimal(bool(float(new))),
        "old_net_revenue_amount": Decimal(old),
        "new_net_revenue_amount": Decimal(new),
    }


def test_what_changed_a_day_since_yesterday() -> None:
    """An order that came late, one that was cancelled, one whose week moved; and the day before."""
    changes = [
        change("80", "late_order", "linear", "0", "20.00"),
        change("80", "late_order", "markov_path", "0", "18.00"),
        change("81", "cancellation", "linear", "5.50", "0"),
        change("82", "open_week", "markov_path", "10.00", "9.75"),
        change("79", "new_day", "linear", "0", "7.00", run=6),
    ]
    assert (
        format_changes(changes)
        == """\
changed as of 2026-03-17, against 2026-03-16
order  change   cause                                     linear  markov_path
80     entered  the order arrived late                    +20.00       +18.00
81     left     the order was cancelled                    -5.50
82     changed  the open week's chain followed its paths                -0.25
sum                                                       +14.50       +17.75

changed as of 2026-03-16, against 2026-03-15
order  change   cause                              linear
79     entered  the day counts for the first time   +7.00
sum                                                 +7.00"""
    )


def test_a_day_that_nothing_changed() -> None:
    assert format_changes([]) == "no publication of the last two weeks changed this date"
