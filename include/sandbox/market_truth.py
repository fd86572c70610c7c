"""What really happened: the causes of the orders, known to nobody but the market."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from include.sandbox.market_books import money
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_demand import Demand
from include.sandbox.market_orders import Draft, order_id


def tell_truth(
    drafts: Iterable[Draft], demand: Demand, calendar: Calendar, until: dt.date
) -> dict[str, Any]:
    """Return orders, creators and parameters as known at the end of the day `until`; JSON-able.

    orders: every order created by then with kind, cause (creator id or None), evidence, order
    class, whether it is kept, and net revenue after the returns until then. creators: kept orders
    and their net revenue each creator really caused, creators without any included.
    """
    end = (calendar.day(until) + 1) * DAY
    names = [profile.creator.id for profile in demand.profiles]
    orders = [_order(draft, names, calendar, end - 1) for draft in drafts if draft.at < end]
    totals = {name: [0, 0] for name in names}
    for order, cents in orders:
        if order["is_kept"] and order["cause_creator_id"] is not None:
            totals[order["cause_creator_id"]][0] += 1
            totals[order["cause_creator_id"]][1] += cents
    return {
        "until": until.isoformat(),
        "orders": [order for order, _ in orders],
        "creators": [
            {
                "creator_id": name,
                "order_count": count,
                "net_revenue_amount": str(money(cents)),
                "conversion_rate": demand.profiles[i].conversion,
                "is_hollow": demand.profiles[i].is_hollow,
            }
            for i, (name, (count, cents)) in enumerate(totals.items())
        ],
        "parameters": asdict(demand.options),
    }


def _order(
    draft: Draft, names: list[str], calendar: Calendar, at: int
) -> tuple[dict[str, Any], int]:
    cents = draft.net_by(at)
    intent = draft.intent
    kind = order_class(draft, at)
    told = {
        "number": draft.number,
        "name": f"#{draft.number}",
        "order_id": str(order_id(draft.number)),
        "ordered_date": calendar.date(draft.at // DAY).isoformat(),
        "kind": intent.kind,
        "evidence": intent.evidence,
        "cause_creator_id": None if intent.cause is None else names[intent.cause],
        "code_creator_id": None if intent.code_of is None else names[intent.code_of],
        "order_class": kind,
        "is_kept": kind == "kept" and cents > 0,
        "net_revenue_amount": str(money(cents)),
    }
    return told, cents


def order_class(draft: Draft, at: int) -> str:
    """Return the class of an order as of a market second: test, gifted, self_referral, …, kept."""
    if draft.test:
        return "test"
    if draft.intent.kind == "gift":
        return "gifted"
    if draft.intent.kind == "self_referral":
        return "self_referral"
    if draft.cancelled is not None and draft.cancelled <= at:
        return "cancelled"
    return "kept" if draft.is_paid else "unpaid"
