"""A case as rows of the warehouse, and the warehouse's rows as the answer to a case.

The case's id is the `connection_id` and its settings are columns, so many cases are one table.
Every touch of a user is offered to each of the user's orders, as a shop's own journey would; a user
without an order has one offered path that ends in nothing, at the last touch. What counts is for
SQL to say.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from include.attribution.cases import Case, Sale, Touch, WeightedPath
from include.attribution.cases_answer import BuiltPath, LedgerEntry, SqlAnswer

NULL_PATH = "null:"
# Evidence of the format: its rank at one instant, its name in the warehouse.
EVIDENCE = {
    "utm": (10, "utm_link"),
    "referrer": (10, "referrer"),
    "landing_page": (20, "landing_page"),
    "in_app": (25, "in_app_shop"),
    "code": (30, "discount_code"),
    "survey": (40, "survey"),
}
# Weighted paths have no clock; theirs ticks in seconds from here.
EPOCH = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
Row = tuple[Any, ...]
Found = Sequence[Mapping[str, Any]]


def dated_case(case: Case) -> Case:
    """Return a case with touches; weighted paths become a user p1, p2, ... with a touch a second.

    Instants are to the second.

    A path that converted becomes one order with the path's money, however often it converted: its
    weight is multiplied in afterwards.
    """
    touches = [msgspec.structs.replace(t, ts=_whole_second(t.ts)) for t in case.touches]
    sales = [msgspec.structs.replace(s, ts=_whole_second(s.ts)) for s in case.conversions]
    for user, path in _named_paths(case):
        start = EPOCH + dt.timedelta(days=len(sales))
        for channel in path.path:
            at = start + dt.timedelta(seconds=len(touches))
            touches.append(Touch(touch_id=len(touches), user=user, ts=at, channel=channel))
        if path.conversions > 0:
            at = start + dt.timedelta(seconds=len(touches))
            sales.append(Sale(conversion_id=user, user=user, ts=at, value=path.value))
    return Case(
        id=case.id,
        expected=case.expected,
        config=case.config,
        touches=touches,
        conversions=sales,
        refunds=case.refunds,
    )


def _whole_second(at: dt.datetime) -> dt.datetime:
    """Return the instant as the models know instants; the day of a refund needs none of this."""
    return at.replace(microsecond=0)


def touch_rows(case: Case) -> Iterator[Row]:
    """Yield each touch once per order of its user, and of users without one for a null path."""
    of_user: dict[str, list[Touch]] = defaultdict(list)
    for touch in case.touches:
        of_user[touch.user].append(touch)
    for sale in case.conversions:
        start = _path_start(case, sale)
        for touch in of_user[sale.user]:
            if start is None or touch.ts > start:
                yield _touch_row(case, touch, sale.conversion_id, sale.ts)
    for user in of_user.keys() - {sale.user for sale in case.conversions}:
        last = max(touch.ts for touch in of_user[user])
        for touch in of_user[user]:
            yield _touch_row(case, touch, NULL_PATH + user, last)


def _path_start(case: Case, sale: Sale) -> dt.datetime | None:
    """Return the user's order before this one, where paths begin anew after an order."""
    if case.config.path_reset == "none":
        return None
    earlier = [o.ts for o in case.conversions if o.user == sale.user and o.ts < sale.ts]
    return max(earlier, default=None)


def _touch_row(case: Case, touch: Touch, order_id: str, ordered_at: dt.datetime) -> Row:
    config = case.config
    is_direct = touch.channel == config.direct_channel
    rank, evidence_type = EVIDENCE[touch.evidence]
    return (
        case.id,
        order_id,
        f"{touch.touch_id:012d}",
        touch.ts,
        ordered_at,
        touch.ts,
        True,
        rank,
        "direct_visit" if is_direct else evidence_type,
        "",
        None,
        "exact",
        "direct" if is_direct else "creator",
        touch.channel,
        "cases",
        None if is_direct else touch.channel,
        config.lookback_days,
        config.half_life_days,
        config.direct_policy,
        config.collapse_repeats,
        False,
    )


def order_rows(case: Case) -> Iterator[Row]:
    """Yield each sale as an order."""
    for sale in case.conversions:
        date = sale.ts.astimezone(dt.UTC).date()
        yield (case.id, sale.conversion_id, None, sale.ts, date, "kept", None, None, "USD")


def ledger_rows(case: Case) -> Iterator[Row]:
    """Yield sales and refunds to the cent, per order and date."""
    for (order_id, date), value in _ledger(case).items():
        yield (case.id, order_id, date, round(Decimal(str(value)), 2))


def _ledger(case: Case) -> dict[tuple[str, dt.date], float]:
    """Sum sales and refunds per order and date, the grain of credit."""
    ledger: dict[tuple[str, dt.date], float] = defaultdict(float)
    for sale in case.conversions:
        ledger[sale.conversion_id, sale.ts.astimezone(dt.UTC).date()] += sale.value
    for refund in case.refunds:
        ledger[refund.refund_of, refund.ts.astimezone(dt.UTC).date()] += refund.value
    return ledger


def answer_of_rows(case: Case, touches: Found, credit: Found) -> SqlAnswer:
    """Read a case's answer from its touches in the path and its credit rows.

    touches: rows of `core.fct_touchpoint` that take part, in path order; credit: rows of
    `core.fct_attribution_credit` by date and touch; both of one rule version.
    """
    channels: dict[str, list[str]] = defaultdict(list)
    for row in touches:
        channels[row["order_id"]].append(row["channel"])
    return SqlAnswer(tuple(_paths(case, channels)), tuple(_entries(case, credit)))


def _paths(case: Case, channels: Mapping[str, list[str]]) -> Iterator[BuiltPath]:
    for name, path in _named_paths(case):
        # What never converted was offered as a null path.
        built = channels.get(name if path.conversions > 0 else NULL_PATH + name, [])
        yield BuiltPath(name, tuple(built), path.conversions, path.nulls, path.value)
    for sale in case.conversions:
        built = channels.get(sale.conversion_id, [])
        yield BuiltPath(sale.conversion_id, tuple(built), 1.0, 0.0, sale.value)
    if not case.paths:
        for name in sorted(channels):
            if name.startswith(NULL_PATH):
                yield BuiltPath(name, tuple(channels[name]), 0.0, 1.0, 0.0)


def _entries(case: Case, credit: Found) -> Iterator[LedgerEntry]:
    ledger = _ledger(dated_case(case))
    weight = {name: path.conversions for name, path in _named_paths(case)}
    grouped: dict[tuple[str, dt.date], list[Mapping[str, Any]]] = defaultdict(list)
    for row in credit:
        grouped[row["order_id"], row["event_date"]].append(row)
    for (order_id, date), rows in grouped.items():
        is_seen = rows[0]["touch_id"] != "unattributed"
        models = [key.removesuffix("_share") for key in rows[0] if key.endswith("_share")]
        yield LedgerEntry(
            order_id,
            rows[0]["conversion_count"] * weight.get(order_id, 1.0),
            ledger[order_id, date],
            tuple(row["channel"] for row in rows) if is_seen else (),
            {m: tuple(float(row[f"{m}_share"]) for row in rows) for m in models},
            {m: tuple(int(row[f"{m}_amount"] * 100) for row in rows) for m in models},
        )


def _named_paths(case: Case) -> Iterator[tuple[str, WeightedPath]]:
    """Yield the weighted paths of a case with their names."""
    return ((f"p{number}", path) for number, path in enumerate(case.paths, 1))
