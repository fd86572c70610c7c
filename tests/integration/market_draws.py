"""What the changes of a random market draw from, and the loads they leave behind."""

from __future__ import annotations

import datetime as dt
import hashlib
import random
from typing import Any

from hand_made_market import Market

CUSTOMERS = tuple(str(7_001_000_000_000 + n) for n in range(6))
VISITORS = tuple(f"visitor-{n:03}" for n in range(6))
VARIANTS = ("serum", "cream")
CREATORS = ("ana", "bo", "cy")


def address(number: int) -> str:
    return hashlib.sha256(f"mail {number}".encode()).hexdigest()


class Draws:
    """The state that changes share; `draw` is each change's own."""

    draw: random.Random
    load_id: int
    day: dt.date
    orders: int
    woo_orders: int
    events: int
    answer_count: int
    settings: dict[str, Any]
    erased: set[str]
    # Orders the shop has no more, and customers merged into which.
    deleted: set[str]
    merged: dict[str, str]
    # Orders that others tell of already, and when they will have been placed.
    awaited: list[tuple[int, str]]

    def instant(self, first_day: int = 1, last_day: int = 60) -> str:
        """A moment from 1 March on, now and then an edge of a day or the DST change of the shop."""
        edges = ("2026-03-08 06:59:59", "2026-03-08 07:00:00", "2026-03-11 03:59:59")
        if self.draw.random() < 0.15:
            return self.draw.choice(edges)
        minutes = self.draw.randrange((first_day - 1) * 1440, last_day * 1440, 30)
        at = dt.datetime(2026, 3, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=minutes)
        return f"{at:%Y-%m-%d %H:%M:%S}"

    def number(self) -> int:
        """One of the shop's orders."""
        awaited = {number for number, _ in self.awaited}
        return self.draw.choice([n for n in range(1, self.orders + 1) if n not in awaited])

    def customer(self) -> str:
        """A customer who was not forgotten."""
        return self.draw.choice([c for c in CUSTOMERS if c not in self.erased])

    def touched(self, market: Market, number: int) -> str:
        """Give an order to this load, as reading it again does; return its instant."""
        row = market.connection.execute(
            "update raw.shopify__orders set _load_id = %s where order_id = %s returning created_at",
            [market.load_id, str(9_000_000_000 + number)],
        ).fetchone()
        assert row is not None
        return f"{row[0].astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"

    def record_deletion(
        self, market: Market, source: str, stream: str, day: dt.date | None = None
    ) -> None:
        """Write a load that took a row away."""
        self.load_id += 1
        Market(market.connection, self.load_id).record_load(
            source, stream, day or self.day, deleted=1
        )
