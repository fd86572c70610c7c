"""What a second shop, of WooCommerce, tells late; its orders have the first one's numbers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hand_made_market import Market, utc
from hand_made_woo import WOO, WooMarket, by_link
from market_draws import CREATORS, Draws, address


class ChangesOfWoo(Draws):
    def late_woo_order(self, market: WooMarket) -> None:
        """An order of a guest or an account; plugins let people pay in their own currency."""
        self.woo_orders += 1
        at = self.instant(1, 40)
        values: dict[str, Any] = {"currency": self.draw.choice(("USD", "USD", "EUR"))}
        who = self.draw.random()
        if who < 0.5:
            values["customer_id"] = 500 + self.draw.randint(1, 3)
        elif who < 0.9:
            values["billing_email"] = address(self.draw.randint(1, 6))
        if self.draw.random() < 0.5:
            started = utc(at) - dt.timedelta(hours=1)
            values |= by_link(self.draw.choice(CREATORS), f"{started:%Y-%m-%dT%H:%M:%SZ}")
        market.woo_order(
            self.woo_orders, at, f"{self.draw.randint(5, 90)}.01",
            code=self.draw.choice(("", "ana15", "BO15")), **values,
        )  # fmt: skip
        if self.draw.random() < 0.4:
            market.transaction(f"#{self.woo_orders}", at[:10], self.draw.choice(CREATORS))

    def woo_refunded(self, market: WooMarket) -> None:
        number = self.woo_number()
        self.events += 1
        market.woo_refund(number, self.events, self.instant(40, 60), "3.00")
        market.add(
            "woocommerce__order_refunds", connection_id=WOO, order_id=number,
            refund_id=self.events, total=Decimal("-3.00"),
        )  # fmt: skip
        self.change_woo_order(market, number)

    def woo_refund_deleted(self, market: WooMarket) -> None:
        """Staff delete a refund: the order names it no longer, and nothing else says so."""
        gone = market.connection.execute(
            "delete from raw.woocommerce__order_refunds where refund_id ="
            " (select max(refund_id) from raw.woocommerce__order_refunds) returning order_id"
        ).fetchone()
        if gone is not None:
            self.change_woo_order(market, gone[0])

    def woo_status_changed(self, market: WooMarket) -> None:
        """Cancelled, put into the bin (deleted there for good), or taken out again."""
        status = self.draw.choice(("cancelled", "trash", "completed", "failed", "refunded"))
        self.change_woo_order(market, self.woo_number(), status=status)

    def woo_order_edited(self, market: WooMarket) -> None:
        """Staff give an order another account or address."""
        edits: tuple[dict[str, Any], ...] = (
            {"customer_id": 500 + self.draw.randint(1, 3)},
            {"customer_id": 0, "billing_email": address(self.draw.randint(1, 6))},
        )
        self.change_woo_order(market, self.woo_number(), **self.draw.choice(edits))

    def woo_order_redated(self, market: WooMarket) -> None:
        """Staff set another date: it is the order's date of creation, and there is no other."""
        at = utc(self.instant(1, 40))
        self.change_woo_order(
            market, self.woo_number(), date_created_gmt=at,
            date_created=f"{at - dt.timedelta(hours=5):%Y-%m-%dT%H:%M:%S}",
        )  # fmt: skip

    def woo_customer(self, market: WooMarket) -> None:
        """An account is read, with an address that others may have given as guests."""
        customer = 500 + self.draw.randint(1, 3)
        market.connection.execute(
            "delete from raw.woocommerce__customers where customer_id = %s", [customer]
        )
        market.add(
            "woocommerce__customers", connection_id=WOO, customer_id=customer,
            email=address(self.draw.randint(1, 6)), date_created_gmt=utc(self.instant(1, 5)),
        )  # fmt: skip

    def woo_number(self) -> int:
        return self.draw.randint(1, max(1, self.woo_orders))

    def change_woo_order(self, market: Market, number: int, **values: Any) -> None:
        """Give an order other values in this load; its last change is the load's."""
        values |= {"_load_id": market.load_id}
        values |= {"date_modified_gmt": utc("2026-05-01 12:00") + dt.timedelta(days=market.load_id)}
        market.connection.execute(
            f"update raw.woocommerce__orders set {', '.join(f'{name} = %s' for name in values)}"
            " where order_id = %s".encode(),
            [*values.values(), number],
        )
