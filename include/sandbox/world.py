"""The sandbox's market: one seeded world behind all the API servers, and its truth.

    market = build_market(load_plan("include/campaigns/serum_launch.yaml"), seed=7)
    market.orders_at(now)

A figure depends on the seed, the plan and the index of its day, not on the calendar, and a longer
market has the same earlier days. Instants asked for are UTC-aware; answers are shared between calls
and must not be changed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from include.campaigns.model import CampaignPlan
from include.sandbox.market_books import Books
from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_channels import SITE
from include.sandbox.market_demand import Demand, Intent
from include.sandbox.market_facts import (
    DailySalesRow,
    Ga4KeyEvent,
    Ga4Session,
    Ga4Transaction,
    Journey,
    LedgerRow,
    MarketAccount,
    MarketCustomer,
    MarketLine,
    MarketOptions,
    MarketOrder,
    MarketPost,
    MarketRefund,
    PostCounters,
    RefundLine,
    ShopFacts,
    Visit,
)
from include.sandbox.market_orders import OrderDesk
from include.sandbox.market_posts import build_posts
from include.sandbox.market_profiles import build_profiles
from include.sandbox.market_second_shop import CONNECTION_ID as SECOND_SHOP
from include.sandbox.market_second_shop import SecondShop
from include.sandbox.market_social import SocialNetwork
from include.sandbox.market_states import OrderStates
from include.sandbox.market_truth import tell_truth
from include.sandbox.market_visitors import WebVisit, web_visits
from include.sandbox.market_web import WebLog

__all__ = [
    "DailySalesRow",
    "Ga4KeyEvent",
    "Ga4Session",
    "Ga4Transaction",
    "Journey",
    "LedgerRow",
    "Market",
    "MarketAccount",
    "MarketCustomer",
    "MarketLine",
    "MarketOptions",
    "MarketOrder",
    "MarketPost",
    "MarketRefund",
    "PostCounters",
    "RefundLine",
    "ShopFacts",
    "Visit",
    "WebVisit",
    "build_market",
]
HORIZON_DAYS = 60
PROPERTY_ID = "412345678"
SELF_REFERRAL_DAY = 20


class Market:
    """A finished world; ask it for what an API would know at an instant."""

    def __init__(self, plan: CampaignPlan, seed: int, days: int, options: MarketOptions) -> None:
        self.plan, self.seed, self.options = plan, seed, options
        self.timezone = ZoneInfo(plan.reporting_timezone)
        self.start_date = plan.campaign.start_date - dt.timedelta(days=options.history_days)
        self.end_date = self.start_date + dt.timedelta(days=days - 1)
        self.property_id = PROPERTY_ID
        self.shop = ShopFacts(
            shop_id=71_234_567_890,
            name=plan.brand.name,
            domain="glow-and-grove.myshopify.com",
            site=SITE,
            currency=plan.currency,
            iana_timezone=plan.reporting_timezone,
            taxes_included=False,
        )
        self._calendar = Calendar(self.start_date, self.timezone, days)
        self._profiles = build_profiles(plan, seed)
        self._posts = build_posts(plan, self._profiles, self._calendar, seed)
        self._demand = Demand(self._profiles, self._posts, self._calendar, seed, options)
        self._books = Books(self._calendar)
        self._desk = OrderDesk(self._demand, self._calendar, self._books, seed)
        self._live()

    def _live(self) -> None:
        self._send_gifts()
        for day in range(self._calendar.days):
            for intent in self._demand.of_day(day):
                self._desk.expect(intent)
            self._desk.work(day)
        self._books.close()

    def _send_gifts(self) -> None:
        """Send the contracted product; one creator later buys with the code it was given."""
        first = self.options.history_days
        buyers: list[int] = []
        for profile in self._profiles:
            sent = profile.creator.contract.product_sent_date
            day = self._calendar.day(sent) if sent is not None else -1
            if 0 <= day < self._calendar.days:
                self._desk.gift_to(profile, day * DAY + 36_000 + profile.index * 240)
                if first <= day < first + SELF_REFERRAL_DAY and profile.creator.codes:
                    buyers.append(profile.index)
        at = (first + SELF_REFERRAL_DAY) * DAY + 61_200
        if buyers and at < self._calendar.days * DAY:
            self._desk.expect(Intent(at, "self_referral", "code", None, code_of=buyers[0]))

    def warm_up(self, now: dt.datetime) -> None:
        """Prepare every answer once, so that the first request is as quick as the next."""
        self.orders_at(now)
        self.ga4_sessions_at(now)
        self.posts_at(now)
        self.second_shop.orders_at(now)

    # Shop

    @cached_property
    def _states(self) -> OrderStates:
        return OrderStates(self._desk.drafts, self._calendar, self.plan.currency)

    def orders_at(self, now: dt.datetime) -> list[MarketOrder]:
        """Return every order created by `now` as it stands then, oldest first."""
        return self._states.at(now)

    def daily_sales_at(self, now: dt.datetime) -> list[DailySalesRow]:
        """Return the shop's own sales report, one row a day until today, from separate books."""
        return self._books.report(now)

    @cached_property
    def second_shop(self) -> SecondShop:
        """The brand's other shop, with orders of its own; GA4 and surveys do not see it."""
        return SecondShop(
            self.plan, self._profiles, self._posts, self._calendar, self.seed, self.options
        )

    @cached_property
    def met(self) -> dict[int, str]:
        """Whom buyers have seen, whatever moved them: a creator's handle by order number."""
        handles = [profile.creator.accounts[0].handle for profile in self._profiles]
        seen = ((draft.number, draft.intent.met) for draft in self._desk.drafts)
        return {number: handles[creator] for number, creator in seen if creator is not None}

    # Web analytics

    @cached_property
    def _web(self) -> WebLog:
        return WebLog(self._demand, self._desk.drafts, self._calendar, self.seed)

    def ga4_sessions_at(self, now: dt.datetime) -> list[Ga4Session]:
        """Return sessions per day, source and landing page; a day settles 44 h after its end."""
        return self._web.sessions(now)

    def ga4_transactions_at(self, now: dt.datetime) -> list[Ga4Transaction]:
        """Return purchases of consented visitors that are processed by `now`."""
        return self._web.transactions(now)

    def ga4_visits_at(self, now: dt.datetime) -> Iterator[WebVisit]:
        """Yield what the event export would tell: sessions by visitor, those of buyers first."""
        return web_visits(self._desk.drafts, self.ga4_sessions_at(now), self._calendar)

    def ga4_key_events_at(self, now: dt.datetime) -> list[Ga4KeyEvent]:
        """Return purchases and sign-ups per day and source."""
        return self._web.key_events(now)

    # Social network

    @cached_property
    def _social(self) -> SocialNetwork:
        return SocialNetwork(self.plan, self._profiles, self._posts, self._calendar, self.options)

    @property
    def accounts(self) -> tuple[str, ...]:
        """User names of all accounts, the brand's first."""
        return self._social.usernames

    def account_at(self, username: str, now: dt.datetime) -> MarketAccount:
        """Return an account as of `now` (any spelling of the name); KeyError if there is none."""
        return self._social.account(username, now)

    def posts_at(self, now: dt.datetime) -> list[MarketPost]:
        """Return every post published by `now`, oldest first, also deleted ones and old stories."""
        return self._social.posts(now)

    def counters_at(self, media_id: str, now: dt.datetime) -> PostCounters:
        """Return a post's lifetime counters as of `now`; KeyError for an unknown id."""
        return self._social.counters(media_id, now)

    # Truth

    def truth(self, until_date: dt.date) -> dict[str, Any]:
        """Return who really caused what until the end of a day; see `market_truth.tell_truth`.

        The second shop counts where the campaign sells in it.
        """
        shops = {self.plan.shop.connection_id: self._desk.drafts}
        if SECOND_SHOP in self.plan.shop_ids:
            shops[SECOND_SHOP] = self.second_shop.drafts
        return tell_truth(shops, self._demand, self._calendar, until_date)


def build_market(
    plan: CampaignPlan, seed: int, days: int | None = None, options: MarketOptions | None = None
) -> Market:
    """Simulate a campaign's market.

    days: length counted from `options.history_days` before the campaign; by default the history,
    the campaign and 60 days beyond. Takes less than a second for the sample campaign.
    """
    options = options or MarketOptions()
    whole = options.history_days + plan.campaign.days + HORIZON_DAYS
    return Market(plan, seed, whole if days is None else days, options)
