"""Orders as the shop shows them: the states each passes through, and which holds at an instant."""

from __future__ import annotations

import bisect
import datetime as dt
import threading
from collections.abc import Callable, Iterator

from include.sandbox.market_books import money
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_channels import SITE
from include.sandbox.market_demand import Touch
from include.sandbox.market_facts import (
    Journey,
    LedgerRow,
    MarketCustomer,
    MarketLine,
    MarketOrder,
    MarketRefund,
    RefundLine,
    Visit,
)
from include.sandbox.market_orders import Draft, Return, order_id

LINE_ID, SALE_ID = 15_000_000_000_000, 30_000_000_000_000
VISIT_ID, REFUND_ID, AGREEMENT_ID = 5_000_000_000_000, 900_000_000_000, 40_000_000_000


class OrderStates:
    """All states of all orders by the instant they begin; going forward in time is fast."""

    def __init__(self, drafts: list[Draft], calendar: Calendar, currency: str) -> None:
        self._calendar, self._currency = calendar, currency
        changes = [
            (instant, position, step, order)
            for position, draft in enumerate(drafts)
            for step, (instant, order) in enumerate(self._states(draft))
        ]
        changes.sort(key=lambda change: change[:3])
        self._changes = changes
        self._instants = [change[0] for change in changes]
        self._lock = threading.Lock()
        self._applied, self._current = 0, list[MarketOrder]()

    def at(self, now: dt.datetime) -> list[MarketOrder]:
        """Return every order created by `now`, oldest first; callers must not change the list."""
        with self._lock:
            due = bisect.bisect_right(self._instants, now)
            if due != self._applied:
                current = list(self._current) if due > self._applied else []
                for _, position, _, order in self._changes[self._applied if current else 0 : due]:
                    if position == len(current):
                        current.append(order)
                    else:
                        current[position] = order
                self._applied, self._current = due, current
            return self._current

    def _states(self, draft: Draft) -> Iterator[tuple[dt.datetime, MarketOrder]]:
        """Yield (from when, order) for the creation and each change, in the order of time."""
        instant = self._calendar.instant
        steps: list[tuple[int, int]] = [(draft.at, 0)]  # (when, 1 if the order itself was touched)
        if draft.fulfilled is not None:
            steps.append((draft.fulfilled, 1))
        steps += [(back.at, 1) for back in draft.returns]
        if draft.customer is not None:
            steps += [(at, 0) for at in draft.customer.orders if at > draft.at]
        build = self._builder(draft)
        updated = draft.at
        for at, is_touched in sorted(steps):
            updated = at if is_touched else updated
            yield instant(at), build(at, instant(updated))

    def _builder(self, draft: Draft) -> Callable[[int, dt.datetime], MarketOrder]:
        """Prepare what never changes and return a function (market second, updated_at) → order."""
        instant = self._calendar.instant
        number, created = draft.number, instant(draft.at)
        journey = _journey(draft, instant)
        tax = sum(line.tax for line in draft.lines) + draft.shipping_tax
        total = sum(line.total for line in draft.lines) + draft.shipping + tax
        sales = tuple(_sales(draft, created))

        def build(at: int, updated: dt.datetime) -> MarketOrder:
            done = [back for back in draft.returns if back.at <= at]
            is_cancelled = draft.cancelled is not None and draft.cancelled <= at
            return MarketOrder(
                number=number,
                order_id=order_id(number),
                name=f"#{number}",
                created_at=created,
                updated_at=updated,
                processed_at=created,
                cancelled_at=instant(draft.cancelled or 0) if is_cancelled else None,
                cancel_reason=draft.cancel_reason if is_cancelled else None,
                test=draft.test,
                source_name=draft.source_name,
                financial_status=_status(draft, done, total),
                currency=self._currency,
                lines=tuple(_lines(draft, done)),
                codes=draft.codes,
                discount_rate=draft.discount_rate,
                shipping=money(draft.shipping),
                shipping_tax=money(draft.shipping_tax),
                tax=money(tax),
                total=money(total),
                customer=_customer(draft, at, instant),
                journey=journey,
                ledger=sales + tuple(_returns(draft, done, instant)),
                refunds=tuple(_refund(draft, i, back, instant) for i, back in enumerate(done)),
            )

        return build


def _status(draft: Draft, done: list[Return], total: int) -> str:
    if not draft.is_paid:
        return "PENDING"
    paid_back = sum(back.paid_back for back in done)
    if paid_back == 0:
        return "PAID"
    return "REFUNDED" if paid_back >= total else "PARTIALLY_REFUNDED"


def _lines(draft: Draft, done: list[Return]) -> Iterator[MarketLine]:
    for i, line in enumerate(draft.lines):
        gone = sum(row[1] for back in done for row in back.lines if row[0] == i)
        yield MarketLine(
            line_id=_line_id(draft, i),
            sku=line.product.sku,
            product_id=line.product.product_id,
            variant_id=line.product.product_id + 36_000_000_000_000,
            quantity=line.quantity,
            current_quantity=line.quantity - gone,
            unit_price=money(line.product.price),
            discount=money(line.discount),
            total=money(line.total),
            tax=money(line.tax),
            is_gift_card=line.product.is_gift_card,
        )


def _sales(draft: Draft, at: dt.datetime) -> Iterator[LedgerRow]:
    agreement = AGREEMENT_ID + draft.number * 10
    sale = SALE_ID + draft.number * 100
    for i, line in enumerate(draft.lines):
        yield LedgerRow(
            sale_id=sale + i,
            agreement_id=agreement,
            happened_at=at,
            reason="ORDER",
            action_type="ORDER",
            line_type="GIFT_CARD" if line.product.is_gift_card else "PRODUCT",
            line_id=_line_id(draft, i),
            quantity=line.quantity,
            total_amount=money(line.total + line.tax),
            tax=money(line.tax),
            discount=money(line.discount),
        )
    if draft.shipping:
        yield LedgerRow(
            sale + 9, agreement, at, "ORDER", "ORDER", "SHIPPING", None, None,
            money(draft.shipping + draft.shipping_tax), money(draft.shipping_tax), money(0),
        )  # fmt: skip


def _returns(
    draft: Draft, done: list[Return], instant: Callable[[int], dt.datetime]
) -> Iterator[LedgerRow]:
    for n, back in enumerate(done, start=1):
        agreement = AGREEMENT_ID + draft.number * 10 + n
        sale, at = SALE_ID + draft.number * 100 + n * 10, instant(back.at)
        for k, (position, quantity, subtotal, tax) in enumerate(back.lines):
            line = draft.lines[position]
            discount = line.product.price * quantity - subtotal
            yield LedgerRow(
                sale + k, agreement, at, "REFUND", "RETURN", "PRODUCT", _line_id(draft, position),
                -quantity, money(-subtotal - tax), money(-tax), money(-discount),
            )  # fmt: skip
        if back.adjustment:
            yield LedgerRow(
                sale + 8, agreement, at, "REFUND", "RETURN", "ADJUSTMENT", None, None,
                money(-back.adjustment), money(0), money(0),
            )  # fmt: skip
        if back.shipping:
            yield LedgerRow(
                sale + 9, agreement, at, "REFUND", "RETURN", "SHIPPING", None, None,
                money(-back.shipping - back.shipping_tax), money(-back.shipping_tax), money(0),
            )  # fmt: skip


def _refund(
    draft: Draft, place: int, back: Return, instant: Callable[[int], dt.datetime]
) -> MarketRefund:
    lines = tuple(
        RefundLine(_line_id(draft, position), quantity, money(subtotal), money(tax))
        for position, quantity, subtotal, tax in back.lines
    )
    refund_id = REFUND_ID + draft.number * 10 + place
    return MarketRefund(refund_id, instant(back.at), money(back.paid_back), lines)


def _customer(
    draft: Draft, at: int, instant: Callable[[int], dt.datetime]
) -> MarketCustomer | None:
    customer = draft.customer
    if customer is None:
        return None
    count = customer.prior_orders + bisect.bisect_right(customer.orders, at)
    return MarketCustomer(
        customer.customer_id, draft.order_index, count, instant(max(customer.created, -50 * DAY))
    )


def _journey(draft: Draft, instant: Callable[[int], dt.datetime]) -> Journey | None:
    if draft.journey_ready is None:
        return None
    visits = (_visit(draft, i, touch, instant) for i, touch in enumerate(draft.touches))
    return Journey(instant(draft.journey_ready), tuple(visits))


def _visit(draft: Draft, place: int, touch: Touch, instant: Callable[[int], dt.datetime]) -> Visit:
    at, channel = touch
    return Visit(
        visit_id=VISIT_ID + draft.number * 20 + place,
        occurred_at=instant(at),
        landing_page=SITE + channel.landing_page,
        referrer_url=channel.referrer,
        source=channel.shop_source,
        source_type=channel.shop_type,
        utm=channel.utm,
    )


def _line_id(draft: Draft, position: int) -> int:
    return LINE_ID + draft.number * 10 + position
