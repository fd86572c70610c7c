"""What GA4 tells late, again or no longer: purchases of its reports, sessions of its export."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hand_made_market import GA4, Market, utc
from market_draws import CREATORS, VISITORS, Draws


class ChangesOfGa4(Draws):
    def late_session(self, market: Market) -> None:
        self.session(market, self.instant())

    def session(self, market: Market, at: str, **values: Any) -> None:
        """A session of a visitor: with a creator's link, a purchase, a signed-in user, or none."""
        self.events += 1
        visitor = self.draw.choice([v for v in VISITORS if v not in self.erased])
        bought, values = values, {}
        if self.draw.random() < 0.6:
            values |= {"collected_source": "instagram", "collected_campaign": "spring-launch"}
            values["collected_content"] = self.draw.choice(CREATORS)
        if self.draw.random() < 0.3:
            values["user_id"] = self.draw.choice(("user-001", "user-002"))
        events = [{"event_name": "page_view"} | values]
        if bought:
            events.append({"event_name": "purchase"} | values | bought)
        for place, event in enumerate(events):
            market.add(
                "ga4_export__events", connection_id="ga4_export", event_date=utc(at).date(),
                event_key=f"e{self.events:05}-{place}", event_timestamp=utc(at),
                user_pseudo_id=visitor, ga_session_id=self.events, **event,
            )  # fmt: skip

    def late_purchase(self, market: Market) -> None:
        """A day of the export arrives weeks late, with the purchase of an order known since."""
        number = self.number()
        self.session(market, self.placed_at(market, number), ecommerce_transaction_id=f"#{number}")

    def late_sign_in(self, market: Market) -> None:
        """A day's final table names the user of a session that was streamed without one."""
        market.connection.execute(
            "update raw.ga4_export__events set user_id = %s, _load_id = %s where ga_session_id ="
            " (select ga_session_id from raw.ga4_export__events"
            "  where user_id is null and user_pseudo_id = %s order by 1 limit 1)",
            [
                self.draw.choice(("user-001", "user-002")),
                market.load_id,
                self.draw.choice([v for v in VISITORS if v not in self.erased]),
            ],
        )

    def late_transaction(self, market: Market) -> None:
        """A purchase that GA4's report did not have yet when its day was read first."""
        number = self.number()
        day = utc(self.placed_at(market, number)).date()
        day += dt.timedelta(days=self.draw.choice((-1, 0, 0, 1)))
        name = self.draw.choice((f"#{number}", str(9_000_000_000 + number)))
        self.purchase(market, name, day, self.draw.choice(CREATORS), 10)

    def repeated_transaction(self, market: Market) -> None:
        """The thank-you page is opened again days or weeks later, or money goes back on that day.

        GA4 counts the event on its own day, under the session it came in.
        """
        known = self.a_transaction(market)
        if known is None:
            return
        name, day, content = known
        day += dt.timedelta(days=self.draw.choice((1, 2, 9, 25, 45)))
        kinds = ((1, 10), (2, 20), (1, 0), (0, -10), (1, 25))
        count, amount = self.draw.choice(kinds)
        content = self.draw.choice((content, *CREATORS, "(not set)"))
        self.purchase(market, name, day, content, amount, count)

    def transaction_restated(self, market: Market) -> None:
        """A day read again credits a purchase to another session: other row, the old one gone."""
        known = self.a_transaction(market)
        if known is None:
            return
        name, day, content = known
        self.withdraw_transaction(market, name, day)
        source = self.draw.choice(("instagram", "google"))
        content = self.draw.choice(
            [other for other in (*CREATORS, "(not set)") if other != content]
        )
        self.purchase(market, name, day, content, 10, session_source=source)

    def purchase(
        self, market: Market, name: str, day: dt.date, content: str, amount: int, count: int = 1,
        **values: Any,
    ) -> None:  # fmt: skip
        """A row of the report; of a key it has already, the newest is kept, as the loader does."""
        key = [name, day, content, values.get("session_source", "instagram")]
        market.connection.execute(
            "delete from raw.ga4__transactions where transaction_id = %s and date = %s"
            " and session_manual_ad_content = %s and session_source = %s",
            key,
        )
        currency = self.draw.choice(("USD", "USD", "USD", "EUR"))
        market.transaction(
            name, f"{day}", content, ecommerce_purchases=count,
            purchase_revenue=Decimal(amount), currency_code=currency, **values,
        )  # fmt: skip

    def a_transaction(self, market: Market) -> tuple[str, dt.date, str] | None:
        rows = market.connection.execute(
            "select transaction_id, date, session_manual_ad_content from raw.ga4__transactions"
            " order by 1, 2, 3"
        ).fetchall()
        return self.draw.choice(rows) if rows else None

    def placed_at(self, market: Market, number: int) -> str:
        """The instant of an order, which is not read again for it."""
        row = market.connection.execute(
            "select created_at from raw.shopify__orders where order_id = %s",
            [str(9_000_000_000 + number)],
        ).fetchone()
        return f"{row[0].astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}" if row else self.instant(1, 40)

    def transaction_withdrawn(self, market: Market) -> None:
        known = self.a_transaction(market)
        if known is not None:
            self.withdraw_transaction(market, *known[:2])

    def withdraw_transaction(self, market: Market, name: str, day: dt.date) -> None:
        market.connection.execute(
            "delete from raw.ga4__transactions where transaction_id = %s and date = %s", [name, day]
        )
        # Once a week a load reads a month again.
        read = day + dt.timedelta(days=self.draw.choice((0, 3, 30)))
        self.record_deletion(market, GA4, "transactions", read)

    def session_withdrawn(self, market: Market) -> None:
        """A day's table of the export replaces what was streamed, and lacks a session."""
        self.withdraw_event(market, "max", "page_view")

    def purchase_withdrawn(self, market: Market) -> None:
        self.withdraw_event(market, "min", "purchase")

    def withdraw_event(self, market: Market, pick: str, event_name: str) -> None:
        gone = market.connection.execute(
            f"delete from raw.ga4_export__events where event_key = (select {pick}(event_key)"
            " from raw.ga4_export__events where event_name = %s) returning event_date",
            [event_name],
        ).fetchone()
        if gone is not None:
            self.record_deletion(market, "ga4_export", "events", gone[0])
