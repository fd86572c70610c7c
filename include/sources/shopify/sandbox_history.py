"""What happens to a shop's orders beyond the market: some are deleted, some customers merged.

Both are off unless the credentials name a share (`deleted_orders`, `merged_customers`). Which ones
and when follows from the market's ids alone, so that any process can tell what must be noticed.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from include.sandbox.market_facts import MarketOrder
from include.sandbox.world import Market

# From an order to its deletion; from a customer's first order to their merge.
DELETED_AFTER, MERGED_AFTER = dt.timedelta(hours=30), dt.timedelta(hours=40)


@dataclass(frozen=True, slots=True)
class Merge:
    """A customer's orders belong to another customer from an instant on."""

    kept_id: int
    at: dt.datetime


class ShopHistory:
    """The market's orders as this shop shows them."""

    def __init__(self, market: Market, options: Mapping[str, Any]) -> None:
        self._market = market
        self._deleted = float(options.get("deleted_orders", 0.0))
        self._merged = float(options.get("merged_customers", 0.0))
        self._seen: Sequence[MarketOrder] | None = None
        self._at: dt.datetime | None = None
        self._shown: list[MarketOrder] = []

    def orders_at(self, now: dt.datetime) -> list[MarketOrder]:
        """Return the orders that exist at an instant, oldest first."""
        found = self._market.orders_at(now)
        if not self._deleted and not self._merged:
            return found
        if found is not self._seen or now != self._at:
            self._seen, self._at = found, now
            merges = self.merges_at(now)
            self._shown = [
                _moved(order, merges) for order in found if not self.is_deleted(order, now)
            ]
        return self._shown

    def is_deleted(self, order: MarketOrder, now: dt.datetime) -> bool:
        """Tell whether an order was deleted before an instant."""
        is_chosen = _draw("order", order.order_id) < self._deleted
        return is_chosen and order.created_at + DELETED_AFTER <= now

    def merges_at(self, now: dt.datetime) -> dict[int, Merge]:
        """Return the merges that have happened by an instant, by the id of who is gone.

        A chosen customer is merged into the one who was the last to come before and is not chosen;
        the orders' `updatedAt` does not move.
        """
        found: dict[int, Merge] = {}
        known: set[int] = set()
        kept_id: int | None = None
        for order in self._market.orders_at(now) if self._merged else ():
            if order.customer is None or order.customer.customer_id in known:
                continue
            customer_id = order.customer.customer_id
            known.add(customer_id)
            if _draw("customer", customer_id) >= self._merged:
                kept_id = customer_id
            elif kept_id is not None and (at := order.created_at + MERGED_AFTER) <= now:
                found[customer_id] = Merge(kept_id, at)
        return found


def _moved(order: MarketOrder, merges: Mapping[int, Merge]) -> MarketOrder:
    if order.customer is None or order.customer.customer_id not in merges:
        return order
    kept = merges[order.customer.customer_id].kept_id
    return replace(order, customer=replace(order.customer, customer_id=kept))


def _draw(kind: str, number: int) -> float:
    """Return a number in [0, 1) that belongs to an id."""
    digest = hashlib.blake2b(f"{kind} {number}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48
