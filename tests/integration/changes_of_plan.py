"""What changes around the orders: plan, rules, creators' posts, exchange rates, the shop."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hand_made_market import INSTAGRAM, SHOP, Market, utc
from market_draws import Draws


class ChangesOfPlan(Draws):
    def code_rename(self, market: Market) -> None:
        """BO15 becomes another spelling, another name, or ana's."""
        spelled, owner = self.draw.choice((("bo-15", "bo"), ("BO15", "ana"), ("BO20", "bo")))
        market.connection.execute(
            "update raw.campaign_plan__codes set code = %s, creator_id = %s"
            " where code in ('BO15', 'bo-15', 'BO20')",
            [spelled, owner],
        )
        self.replan(market)

    def compromised_code(self, market: Market) -> None:
        market.connection.execute(
            "update raw.campaign_plan__codes set compromised_from = %s where code = 'ANA15'",
            [dt.date(2026, 3, self.draw.randint(1, 31))],
        )
        self.replan(market)

    def campaign_moved(self, market: Market) -> None:
        """The campaign's days are edited: posts, look-backs and codes fall in or out."""
        days = self.draw.choice(((1, 31), (5, 25), (1, 20)))
        market.connection.execute(
            "update raw.campaign_plan__campaigns set start_date = %s, end_date = %s",
            [dt.date(2026, 3, day) for day in days],
        )
        self.replan(market)

    def replan(self, market: Market) -> None:
        market.connection.execute(
            "update raw.campaign_plan__plan_versions set _load_id = %s", [market.load_id]
        )

    def limit_change(self, market: Market) -> None:
        self.settings["identities_per_email"] = self.draw.randint(1, 4)

    def rule_change(self, market: Market) -> None:
        self.settings["half_life_days"] = self.draw.randint(2, 20)

    def zone_changed(self, market: Market) -> None:
        """The shop moves to another time zone; its settings are read every day."""
        zone = self.draw.choice(("America/New_York", "Europe/Berlin", "America/Los_Angeles"))
        self.events += 1
        start = utc("2026-03-01 05:00") + dt.timedelta(days=30 + self.events)
        market.add(
            "shopify__shop", connection_id=SHOP, shop_id="1", name="Shop", currency_code="USD",
            iana_timezone=zone, window_start=start,
        )  # fmt: skip

    def rates_read(self, market: Market) -> None:
        """The rates of a day that no run had yet."""
        day = dt.date(2026, 3, 1) + dt.timedelta(days=self.draw.randrange(45))
        market.connection.execute(
            "delete from raw.exchange_rates__rates where rate_date = %s", [day]
        )
        rate = Decimal(self.draw.randint(90, 130)) / 100
        market.add(
            "exchange_rates__rates", connection_id="exchange_rates", rate_date=day, currency="USD",
            rate=rate,
        )  # fmt: skip
        self.load_id += 1
        Market(market.connection, self.load_id).record_load("exchange_rates", "rates", day)

    def late_post(self, market: Market) -> None:
        """A post that is found late; now and then nothing in its caption says what it is for."""
        self.events += 1
        creator, at = self.draw.choice(("bo.ig", "cy.ig")), self.instant(1, 30)
        caption = self.draw.choice(("new #spring look", "new #spring look", "my lunch"))
        self.snapshot(market, creator, f"p{self.events}", at, caption)

    def post_edited(self, market: Market) -> None:
        """A caption that names the campaign now, or does so no longer."""
        post = market.connection.execute(
            "select distinct on (media_id) username, media_id, timestamp, caption"
            " from raw.instagram__discovered_media where _load_id <> %s"
            " order by media_id, window_start desc",
            [market.load_id],
        ).fetchall()
        if post:
            creator, media_id, at, caption = self.draw.choice(post)
            edited = "my lunch" if "#" in caption else "new #spring look"
            self.snapshot(
                market, creator, media_id, f"{at.astimezone(dt.UTC):%Y-%m-%d %H:%M}", edited
            )

    def snapshot(self, market: Market, creator: str, media_id: str, at: str, caption: str) -> None:
        market.add(
            "instagram__discovered_media", connection_id=INSTAGRAM, media_id=media_id,
            username=creator, caption=caption, media_product_type="FEED", timestamp=utc(at),
            like_count=100, comments_count=10, view_count=2000,
            window_start=utc(f"{self.day} 05:00") + dt.timedelta(days=market.load_id),
            captured_at=utc(f"{self.day} 09:00") + dt.timedelta(days=market.load_id),
        )  # fmt: skip
