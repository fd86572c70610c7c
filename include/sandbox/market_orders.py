"""Turn intents into orders: basket, code, customer, journey, and what happens afterwards."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from decimal import Decimal

from include.sandbox.market_books import Books
from include.sandbox.market_calendar import DAY, ORDERS, Calendar, draw
from include.sandbox.market_demand import Customer, Demand, Intent, Touch, code_on
from include.sandbox.market_profiles import Profile
from include.sandbox.market_till import TAX_RATES, Line, fill_basket, price_basket, share

FIRST_NUMBER = 1001
CANCELLED, TEST, UNPAID = 0.02, 0.004, 0.006
POS_RATE, DRAFT_RATE, OLD_CUSTOMER_RATE, NO_JOURNEY_RATE = 0.03, 0.01, 0.15, 0.04
BRAND_CODE, BRAND_CODE_RATE, BRAND_CODE_DISCOUNT = "WELCOME10", 0.12, Decimal("0.10")
SHIPPING_CODE, SHIPPING_CODE_RATE = "FREESHIP", 0.02
REPEAT_RATE = 0.16
JOURNEY_DAYS = 30
CANCEL_REASONS = ("CUSTOMER", "INVENTORY", "FRAUD")
COLUMNS = 40


def order_id(number: int) -> int:
    """Return the shop's id of an order: beyond 2^32, as the real ones are."""
    return 6_001_000_000_000 + number * 4_097


@dataclass(slots=True)
class Return:
    """Goods or money going back: rows (line, quantity, subtotal, tax), an amount, shipping."""

    at: int
    lines: list[tuple[int, int, int, int]]
    adjustment: int = 0
    shipping: int = 0
    shipping_tax: int = 0

    @property
    def net(self) -> int:
        """What the shop's net sales lose."""
        return sum(row[2] for row in self.lines) + self.adjustment

    @property
    def paid_back(self) -> int:
        """Money the customer gets, with tax."""
        return self.net + sum(row[3] for row in self.lines) + self.shipping + self.shipping_tax


@dataclass(slots=True)
class Draft:
    """An order with all that will ever happen to it, in market seconds and cents."""

    number: int
    at: int
    intent: Intent
    lines: list[Line]
    codes: tuple[str, ...]
    discount_rate: Decimal | None
    shipping: int
    shipping_tax: int
    source_name: str
    test: bool
    is_paid: bool
    customer: Customer | None
    order_index: int
    touches: list[Touch]
    journey_ready: int | None
    is_consented: bool
    fulfilled: int | None = None
    cancelled: int | None = None
    cancel_reason: str | None = None
    returns: list[Return] = field(default_factory=list)

    @property
    def goods(self) -> list[tuple[int, Line]]:
        """Lines that count as sales, with their position: all but gift cards."""
        return [(i, line) for i, line in enumerate(self.lines) if not line.product.is_gift_card]

    def net_by(self, at: float) -> int:
        """Net sales (cents) after the returns that have happened by a market second."""
        back = sum(r.net for r in self.returns if r.at <= at)
        return sum(line.total for _, line in self.goods) - back


class OrderDesk:
    """Take the intents day by day, in the order of time, and keep orders, customers and books."""

    def __init__(
        self,
        demand: Demand,
        calendar: Calendar,
        books: Books,
        seed: int,
        *,
        first_number: int = FIRST_NUMBER,
        has_gift_cards: bool = True,
    ) -> None:
        self._demand, self._calendar, self._books, self._seed = demand, calendar, books, seed
        self._first_number, self._has_gift_cards = first_number, has_gift_cards
        self._waiting: list[tuple[int, int, Intent]] = []
        self._arrivals = 0
        self.drafts: list[Draft] = []
        self._gifted: dict[int, Customer] = {}

    def expect(self, intent: Intent) -> None:
        """Take somebody who will order; of equal instants the first told comes first."""
        heapq.heappush(self._waiting, (intent.at, self._arrivals, intent))
        self._arrivals += 1

    def work(self, day: int) -> None:
        """Place the orders of one day; all intents up to this day must have been told."""
        due: list[Intent] = []
        while self._waiting and self._waiting[0][0] < (day + 1) * DAY:
            due.append(heapq.heappop(self._waiting)[2])
        table = draw(self._seed, ORDERS, day).random((len(due), COLUMNS)).tolist()
        for intent, u in zip(due, table, strict=True):
            draft = self._place(intent, u)
            self.drafts.append(draft)
            self._follow_up(draft, u)

    def _place(self, intent: Intent, u: list[float]) -> Draft:
        number = self._first_number + len(self.drafts)
        is_base = intent.kind == "baseline"
        source = self._source(intent, u[0])
        is_test = is_base and intent.customer is None and source == "web" and u[1] < TEST
        lines = fill_basket(
            u[2:10],
            wants_serum=intent.kind not in ("baseline", "self_referral"),
            has_gift_cards=self._has_gift_cards,
        )
        codes, rate = self._codes(intent, u)
        shipping, shipping_tax = price_basket(
            lines,
            rate,
            Decimal(0) if intent.kind == "gift" else TAX_RATES[int(u[13] * len(TAX_RATES))],
            ships=source == "web",
            free_shipping=SHIPPING_CODE in codes,
        )
        customer = None if is_test else self._customer(intent, number, source, u)
        touches = self._journey(intent, customer)
        if customer is not None:
            customer.orders.append(intent.at)
        options = self._demand.options
        consented = source == "web" and u[23] < options.consent_rate
        tracked = source == "web" and u[19] >= NO_JOURNEY_RATE
        tracked = tracked and (consented or not options.one_banner)
        return Draft(
            number=number,
            at=intent.at,
            intent=intent,
            lines=lines,
            codes=codes,
            discount_rate=rate,
            shipping=shipping,
            shipping_tax=shipping_tax,
            source_name=source,
            test=is_test,
            is_paid=source != "web" or u[20] >= UNPAID,
            customer=customer,
            order_index=customer.prior_orders + len(customer.orders) if customer else 0,
            touches=touches if tracked else [],
            journey_ready=intent.at + _ready_after(u[21], u[22]) if tracked else None,
            is_consented=consented,
        )

    def _source(self, intent: Intent, u: float) -> str:
        if intent.kind == "gift":
            return "shopify_draft_order"
        if intent.kind == "baseline" and intent.customer is None:
            if u < POS_RATE:
                return "pos"
            return "shopify_draft_order" if u < POS_RATE + DRAFT_RATE else "web"
        return "pos" if intent.evidence == "code" and u < POS_RATE else "web"

    def _codes(self, intent: Intent, u: list[float]) -> tuple[tuple[str, ...], Decimal | None]:
        """Return the codes as typed and the rate of the discount on the goods."""
        if intent.kind == "gift":
            return (), Decimal(1)
        typed: list[str] = []
        rate = None
        date = self._calendar.date(intent.at // DAY)
        if intent.code_of is not None:
            code = code_on(self._demand.profiles[intent.code_of], date)
            if code is not None:
                typed.append(_as_typed(code.code, u[10]))
                rate = code.discount_rate
        elif intent.kind == "baseline" and u[11] < BRAND_CODE_RATE:
            typed, rate = [BRAND_CODE], BRAND_CODE_DISCOUNT
        if u[12] < SHIPPING_CODE_RATE and intent.customer is None:
            typed.append(SHIPPING_CODE)
        return tuple(typed), rate

    def _customer(
        self, intent: Intent, number: int, source: str, u: list[float]
    ) -> Customer | None:
        if intent.customer is not None:
            return intent.customer
        if intent.kind in ("gift", "self_referral") and intent.code_of in self._gifted:
            return self._gifted[intent.code_of]
        if source == "pos" or u[14] < self._demand.options.guest_rate:
            return None
        customer = Customer(7_001_000_000_000 + number * 3, intent.at)
        if intent.kind not in ("gift", "self_referral") and u[15] < OLD_CUSTOMER_RATE:
            customer.prior_orders = 1 + int(u[16] * 4)
            customer.created = intent.at - int((15 + 40 * u[17]) * DAY)
        return customer

    def gift_to(self, profile: Profile, at: int) -> None:
        """Send a creator the product: a draft order with everything off."""
        customer = Customer(7_000_900_000_000 + profile.index, at)
        self._gifted[profile.index] = customer
        self.expect(Intent(at, "gift", "none", None, customer=customer))

    def _journey(self, intent: Intent, customer: Customer | None) -> list[Touch]:
        """Visits the shop can know: after the customer's previous order, at most 30 days back."""
        start = intent.at - JOURNEY_DAYS * DAY
        if customer is not None and customer.orders:
            start = max(start, customer.orders[-1] + 1)
        return [touch for touch in intent.touches if start <= touch[0] <= intent.at]

    def _follow_up(self, draft: Draft, u: list[float]) -> None:
        """Book the sale and decide what happens later: fulfilment, cancellation, return, repeat."""
        if u[24] < 0.3:
            draft.fulfilled = draft.at + int((8 + 40 * u[25]) * 3_600)
        if draft.test:
            return
        gross = sum(line.gross for _, line in draft.goods)
        self._books.sell(draft.at, gross, sum(line.discount for _, line in draft.goods))
        refund_rate = self._demand.options.refund_rate
        is_final = draft.intent.kind in ("gift", "self_referral") or not draft.is_paid
        if not is_final and draft.source_name == "web" and u[26] < CANCELLED:
            draft.cancelled = draft.at + int((0.5 + 35 * u[27]) * 3_600)
            draft.cancel_reason = CANCEL_REASONS[int(u[28] * 3)]
            draft.returns.append(_everything(draft, draft.cancelled))
        elif not is_final and u[29] < refund_rate and draft.net_by(draft.at) > 0:
            at = draft.at + int((1 + 24 * u[30] ** 1.5) * DAY)
            draft.returns.append(_return(draft, at, u[31], u[32], u[33]))
        for back in draft.returns:
            self._books.give_back(back.at, back.net)
        if draft.customer is not None and draft.intent.kind != "gift" and u[34] < REPEAT_RATE:
            at = draft.at + int((12 + 48 * u[35]) * DAY)
            touches = [(at - 300 - int(900 * u[36]), self._demand.channel_of_regulars(u[37]))]
            self.expect(
                Intent(at, "baseline", "none", None, touches=touches, customer=draft.customer)
            )


def _everything(draft: Draft, at: int) -> Return:
    rows = [(i, line.quantity, line.total, line.tax) for i, line in draft.goods]
    return Return(at, rows, shipping=draft.shipping, shipping_tax=draft.shipping_tax)


def _return(draft: Draft, at: int, u: float, v: float, w: float) -> Return:
    """All goods (40 %, a third of them with shipping), one piece of a line (35 %) or money."""
    if u < 0.40:
        back = _everything(draft, at)
        return back if v < 0.33 else Return(at, back.lines)
    if u < 0.75:
        position, line = draft.goods[int(v * len(draft.goods))]
        return Return(at, [(position, 1, line.total // line.quantity, line.tax // line.quantity)])
    amount = share(draft.net_by(draft.at), Decimal(str(round(0.05 + 0.25 * w, 3))))
    return Return(at, [], adjustment=max(amount, 1))


def _ready_after(u: float, v: float) -> int:
    """Seconds until the shop has computed a journey: mostly within the hour, at most 36 h.

    An hour less here: a day of 25 hours stretches the market's seconds.
    """
    return 120 + int(v * 3_400) if u < 0.7 else int((1 + 33.9 * v) * 3_600)


def _as_typed(code: str, u: float) -> str:
    """Spell a code as customers do: capitals, small letters, a space before or after."""
    if u < 0.62:
        return code
    if u < 0.86:
        return code.lower()
    if u < 0.93:
        return code.capitalize()
    return f"{code} " if u < 0.97 else f" {code.lower()}"
