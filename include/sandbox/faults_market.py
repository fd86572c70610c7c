"""Faults of the truth: another market, for all sources alike.

What changes, changes everywhere at once: a deleted order is in no list, no count and no report. The
decisions depend on the seed and on the thing (an order, a customer, a post), not on when it is
asked for, so that the same market stands there at every instant. A sandbox may keep what it knows
of an instant, so a switch is sure to be seen when the clock has moved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from decimal import Decimal
from functools import cached_property
from typing import Any, Protocol, TypeVar, cast

from include.sandbox.faults import Switchboard
from include.sandbox.market_facts import (
    DailySalesRow,
    Ga4KeyEvent,
    Ga4Session,
    Ga4Transaction,
    Journey,
    LedgerRow,
    MarketOrder,
    MarketRefund,
    PostCounters,
    RefundLine,
)
from include.sandbox.world import Market

REFUND_AFTER = dt.timedelta(days=20)
JOURNEY_AFTER = dt.timedelta(hours=47)
MERGED_AFTER = dt.timedelta(days=2)
LONGEST_KEPT_DAYS = 5
GA4_LATE_BY = dt.timedelta(hours=60)
FALLEN_TO = Decimal("0.9")
# Ids apart from those the market itself gives.
_REFUND_ID, _SALE_ID, _AGREEMENT_ID = 990_000_000_000, 39_000_000_000_000, 49_000_000_000

# An order made beyond this instant is in no answer anyway.
_NEVER = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)


class _Dated(Protocol):
    @property
    def date(self) -> dt.date: ...


Row = TypeVar("Row", bound=_Dated)


def with_faults(market: Market, board: Switchboard) -> Market:
    """Return the market as the faults that are on make it."""
    return cast(Market, _FaultyMarket(market, board))


@dataclass(frozen=True, slots=True)
class _Shop:
    """The orders of an instant under the present faults, and what the report of sales loses."""

    at: dt.datetime
    version: int
    orders: list[MarketOrder]
    changes: dict[dt.date, DailySalesRow]


class _FaultyMarket:
    """Stands before a market; what no fault concerns is the market's own."""

    def __init__(self, market: Market, board: Switchboard) -> None:
        self._market, self._board = market, board
        self._shop_at: _Shop | None = None
        self._untouched: frozenset[int] | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._market, name)

    # Shop

    @cached_property
    def second_shop(self) -> Market:
        """The other shop, under the same faults."""
        return cast(Market, _FaultyMarket(cast(Market, self._market.second_shop), self._board))

    def orders_at(self, now: dt.datetime) -> list[MarketOrder]:
        """Return the orders: some deleted, refunded, with another customer or a late journey."""
        return self._shop(now).orders if self._concerns_shop else self._market.orders_at(now)

    def daily_sales_at(self, now: dt.datetime) -> list[DailySalesRow]:
        """Return the report of sales, without deleted orders and with late refunds."""
        rows = self._market.daily_sales_at(now)
        if not self._concerns_shop:
            return rows
        changes = self._shop(now).changes
        return [_added(row, changes[row.day]) if row.day in changes else row for row in rows]

    @property
    def _concerns_shop(self) -> bool:
        names = ("deleted_order", "refund_after_20_days", "merged_customer", "journey_not_ready")
        return any(self._board.probability(name) for name in names)

    def _shop(self, now: dt.datetime) -> _Shop:
        kept = self._shop_at
        if kept is None or (kept.at, kept.version) != (now, self._board.version):
            self._shop_at = kept = self._build_shop(now)
        return kept

    def _build_shop(self, now: dt.datetime) -> _Shop:
        found = self._market.orders_at(now)
        changes: dict[dt.date, DailySalesRow] = {}
        orders = []
        heir = next((o for o in found if o.customer is not None), None)
        for order in found:
            shown = self._late_journey(order)
            if self._can_change(order) and self.deletion_of(order) <= now:
                self._note(changes, order.created_at, _unsold(order))
                continue
            if self._can_change(order) and order.created_at + REFUND_AFTER <= now:
                shown = self._refunded(shown, changes)
            orders.append(self._merged(shown, heir, now))
        return _Shop(now, self._board.version, orders, changes)

    def deletion_of(self, order: MarketOrder) -> dt.datetime:
        """Return when an order is deleted; far in the future for one that is not."""
        if not self._board.is_chosen("deleted_order", order.order_id):
            return _NEVER
        days = 1 + self._board.draw("deleted_order", order.order_id, "days") * LONGEST_KEPT_DAYS
        return order.created_at + dt.timedelta(days=days)

    def _can_change(self, order: MarketOrder) -> bool:
        """Say whether nobody ever touches an order, so that a change stays alone."""
        if self._untouched is None:
            last = dt.datetime.combine(self._market.end_date, dt.time(), tzinfo=dt.UTC)
            self._untouched = frozenset(
                order.order_id
                for order in self._market.orders_at(last + dt.timedelta(days=2))
                if not order.refunds and order.cancelled_at is None and not order.test
                if order.financial_status == "PAID" and not order.lines[0].is_gift_card
            )
        return order.order_id in self._untouched

    def _late_journey(self, order: MarketOrder) -> MarketOrder:
        if order.journey is None or not self._board.is_chosen("journey_not_ready", order.order_id):
            return order
        ready = max(order.journey.ready_at, order.created_at + JOURNEY_AFTER)
        return replace(order, journey=Journey(ready, order.journey.moments))

    def _refunded(self, order: MarketOrder, changes: dict[dt.date, DailySalesRow]) -> MarketOrder:
        """Give the money of an order's first line back."""
        if not self._board.is_chosen("refund_after_20_days", order.order_id):
            return order
        at, line = order.created_at + REFUND_AFTER, order.lines[0]
        self._note(changes, at, _sales_row(returns=-line.total))
        amount = line.total + line.tax
        part = RefundLine(line.line_id, line.quantity, line.total, line.tax)
        row = LedgerRow(
            sale_id=_SALE_ID + order.number,
            agreement_id=_AGREEMENT_ID + order.number,
            happened_at=at,
            reason="REFUND",
            action_type="RETURN",
            line_type="PRODUCT",
            line_id=line.line_id,
            quantity=-line.quantity,
            total_amount=-amount,
            tax=-line.tax,
            discount=-line.discount,
        )
        return replace(
            order,
            updated_at=max(order.updated_at, at),
            financial_status="REFUNDED" if amount >= order.total else "PARTIALLY_REFUNDED",
            lines=(replace(line, current_quantity=0), *order.lines[1:]),
            ledger=(*order.ledger, row),
            refunds=(MarketRefund(_REFUND_ID + order.number, at, amount, (part,)),),
        )

    def _merged(
        self, order: MarketOrder, heir: MarketOrder | None, now: dt.datetime
    ) -> MarketOrder:
        """Give an order to the customer that its own one was merged into; `updated_at` stays."""
        customer = order.customer
        if customer is None or heir is None or heir.customer is None:
            return order
        target = heir.customer
        is_old_enough = customer.created_at + MERGED_AFTER <= now
        if customer.customer_id == target.customer_id or not is_old_enough:
            return order
        if not self._board.is_chosen("merged_customer", customer.customer_id):
            return order
        number = customer.number_of_orders + target.number_of_orders
        return replace(order, customer=replace(target, number_of_orders=number))

    def _note(
        self, changes: dict[dt.date, DailySalesRow], at: dt.datetime, change: DailySalesRow
    ) -> None:
        day = at.astimezone(self._market.timezone).date()
        changes[day] = _added(changes[day], change) if day in changes else change

    # Web analytics

    def ga4_sessions_at(self, now: dt.datetime) -> list[Ga4Session]:
        """Return the sessions that GA4 has processed."""
        return self._processed(self._market.ga4_sessions_at(now), now)

    def ga4_transactions_at(self, now: dt.datetime) -> list[Ga4Transaction]:
        """Return the purchases that GA4 has processed."""
        return self._processed(self._market.ga4_transactions_at(now), now)

    def ga4_key_events_at(self, now: dt.datetime) -> list[Ga4KeyEvent]:
        """Return the key events that GA4 has processed."""
        return self._processed(self._market.ga4_key_events_at(now), now)

    def _processed(self, rows: list[Row], now: dt.datetime) -> list[Row]:
        if not self._board.probability("late_ga4_rows"):
            return rows
        zone = self._market.timezone

        def is_there(row: Row) -> bool:
            end = dt.datetime.combine(row.date + dt.timedelta(days=1), dt.time(), tzinfo=zone)
            if end + GA4_LATE_BY <= now:
                return True
            return not self._board.is_chosen("late_ga4_rows", *_labels(row))

        return [row for row in rows if is_there(row)]

    # Social network

    def counters_at(self, media_id: str, now: dt.datetime) -> PostCounters:
        """Return the counters of a post; on some days (UTC) they are lower."""
        counters = self._market.counters_at(media_id, now)
        if not self._board.is_chosen("counter_falls", media_id, now.date()):
            return counters
        lower = {f.name: int(getattr(counters, f.name) * FALLEN_TO) for f in fields(counters)}
        return PostCounters(**lower)


def _labels(row: object) -> Iterator[object]:
    """Yield what names a row of GA4; its numbers grow while it is processed."""
    names: Sequence[str] = ("date", "source", "medium", "campaign", "content", "landing_page")
    for name in (*names, "transaction_id", "event_name"):
        yield getattr(row, name, "")


def _unsold(order: MarketOrder) -> DailySalesRow:
    """Return what the report loses with an order that had no returns."""
    goods = [line for line in order.lines if not line.is_gift_card]
    gross = sum((line.unit_price * line.quantity for line in goods), Decimal(0))
    discounts = sum((line.discount for line in goods), Decimal(0))
    return _sales_row(orders=-1, gross=-gross, discounts=discounts)


def _sales_row(
    orders: int = 0,
    gross: Decimal = Decimal(0),
    discounts: Decimal = Decimal(0),
    returns: Decimal = Decimal(0),
) -> DailySalesRow:
    # The day is not looked at: only what is added to another row.
    return DailySalesRow(
        dt.date.min, orders, gross, discounts, returns, gross + discounts + returns
    )


def _added(row: DailySalesRow, change: DailySalesRow) -> DailySalesRow:
    return replace(
        row,
        orders=row.orders + change.orders,
        gross_sales=row.gross_sales + change.gross_sales,
        discounts=row.discounts + change.discounts,
        returns=row.returns + change.returns,
        net_sales=row.net_sales + change.net_sales,
    )
