"""The brand's second, small shop: orders of its own, beside those of the first.

Creators draw people to both, with the same links and codes; who buys here, what, and what comes
back is drawn from streams of its own, so the first shop's figures stay what they are without it.
No product is sent to creators from here, and no gift cards are sold.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import cached_property

from include.campaigns.model import CampaignPlan
from include.sandbox.market_books import Books
from include.sandbox.market_calendar import Calendar
from include.sandbox.market_channels import SECOND_SITE
from include.sandbox.market_demand import Demand
from include.sandbox.market_facts import DailySalesRow, MarketOptions, MarketOrder, ShopFacts
from include.sandbox.market_orders import Draft, OrderDesk
from include.sandbox.market_posts import Post
from include.sandbox.market_profiles import Profile
from include.sandbox.market_states import OrderStates

CONNECTION_ID = "woocommerce"
# Numbers and seeds apart from those of the first shop.
FIRST_NUMBER, SEED_STEP = 40_001, 1_000_003
SMALLEST_SCALE = 0.01


def shop_order_id(number: int) -> int:
    """Return the id the shop gives an order; those of its refunds come behind it."""
    return number * 10


def stays_pending(number: int) -> bool:
    """Say whether an unpaid order waits for its payment at the checkout, not for a transfer."""
    return number % 3 == 0


def is_refunded_when_cancelled(number: int) -> bool:
    """Say whether a cancelled order is refunded; the others are cancelled by status alone."""
    return number % 2 == 1


class SecondShop:
    """A finished shop; ask it for what its API would know at an instant."""

    def __init__(
        self,
        plan: CampaignPlan,
        profiles: tuple[Profile, ...],
        posts: list[Post],
        calendar: Calendar,
        seed: int,
        options: MarketOptions,
    ) -> None:
        scale = max(options.scale * options.second_shop_share, SMALLEST_SCALE)
        self.plan, self._calendar = plan, calendar
        self.timezone = calendar.timezone
        self.end_date = calendar.date(calendar.days - 1)
        self.shop = ShopFacts(
            shop_id=2,
            name=f"{plan.brand.name} Studio",
            domain=SECOND_SITE.removeprefix("https://"),
            site=SECOND_SITE,
            currency=plan.currency,
            iana_timezone=plan.reporting_timezone,
            taxes_included=False,
        )
        seed += SEED_STEP
        demand = Demand(profiles, posts, calendar, seed, replace(options, scale=scale))
        self._books = Books(calendar)
        self._desk = OrderDesk(
            demand, calendar, self._books, seed, first_number=FIRST_NUMBER, has_gift_cards=False
        )
        for day in range(calendar.days):
            for intent in demand.of_day(day):
                self._desk.expect(intent)
            self._desk.work(day)
        self._books.close()

    @property
    def drafts(self) -> list[Draft]:
        """Every order with all that will ever happen to it; only the truth may look."""
        return self._desk.drafts

    @cached_property
    def _states(self) -> OrderStates:
        return OrderStates(self._desk.drafts, self._calendar, self.plan.currency)

    def orders_at(self, now: dt.datetime) -> list[MarketOrder]:
        """Return every order created by `now` as it stands then, oldest first."""
        return self._states.at(now)

    def daily_sales_at(self, now: dt.datetime) -> list[DailySalesRow]:
        """Return the books' days until today: all that was sold and given back."""
        return self._books.report(now)
