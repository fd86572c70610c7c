"""What really happened: the causes of the orders, known to nobody but the market."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from include.sandbox.market_books import money
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_demand import Demand
from include.sandbox.market_orders import Draft, order_id
from include.sandbox.market_second_shop import CONNECTION_ID, shop_order_id, stays_pending

Told = tuple[dict[str, Any], int]


def tell_truth(
    shops: Mapping[str, Sequence[Draft]], demand: Demand, calendar: Calendar, until: dt.date
) -> dict[str, Any]:
    """Return orders, creators and parameters as known at the end of the day `until`; JSON-able.

    shops: connection id to drafts. orders: every order created by then with its shop, kind, cause
    (creator id or None), evidence, order class, whether it is kept, and net revenue after the
    returns until then. creators: kept orders and their net revenue each creator really caused, in
    all shops, creators without any included.
    """
    end = (calendar.day(until) + 1) * DAY
    names = [profile.creator.id for profile in demand.profiles]
    orders = [told for shop in shops for told in _orders(shop, shops[shop], names, calendar, end)]
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


def _orders(
    shop: str, drafts: Sequence[Draft], names: list[str], calendar: Calendar, end: int
) -> Iterator[Told]:
    tell = _second_order if shop == CONNECTION_ID else _order
    for draft in drafts:
        if draft.at < end:
            told, cents = tell(draft, names, calendar, end - 1)
            yield {"connection_id": shop, **told}, cents


def _second_order(draft: Draft, names: list[str], calendar: Calendar, at: int) -> Told:
    """Tell an order of the second shop: one that is left unpaid or fails is no sale there."""
    told, cents = _order(draft, names, calendar, at)
    number = shop_order_id(draft.number)
    told |= {"number": number, "name": f"#{number}", "order_id": str(number)}
    if draft.test or (not draft.is_paid and stays_pending(draft.number)):
        told |= {"order_class": "unpaid", "net_revenue_amount": "0.00"}
        cents = 0
    return told, cents


def _order(draft: Draft, names: list[str], calendar: Calendar, at: int) -> Told:
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
