"""What a Shopify shop and its survey tell late: orders, visits, refunds, customers, answers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hand_made_market import SHOP, Market, utc
from market_draws import CREATORS, CUSTOMERS, Draws, address


class ChangesOfOrders(Draws):
    def late_order(self, market: Market) -> None:
        self.orders += 1
        codes = self.draw.choice(((), ("ANA15",), (" bo15",), ("CY-15",), ("SHARED", "ANA15")))
        customer = self.draw.choice((None, None, *CUSTOMERS))
        values: dict[str, Any] = {"customer_id": None if customer in self.erased else customer}
        if self.draw.random() < 0.15:
            values |= {"source_name": "shopify_draft_order", "total_discounts": Decimal(30)}
        net = "0.00" if "source_name" in values else f"{self.draw.randint(5, 90)}.01"
        at = self.instant(1, 40)
        market.order(self.orders, at, net, codes=codes, **values)
        if self.draw.random() < 0.6:
            market.link_visit(self.orders, "v1", self.instant(1, 40), self.draw.choice(CREATORS))
        if self.draw.random() < 0.4:
            market.transaction(f"#{self.orders}", at[:10], self.draw.choice(CREATORS))
        if self.draw.random() < 0.6:
            self.session(market, at, ecommerce_transaction_id=f"#{self.orders}")

    def late_visit(self, market: Market) -> None:
        number = self.number()
        self.touched(market, number)
        self.events += 1
        market.link_visit(
            number, f"late{self.events}", self.instant(1, 40), self.draw.choice(CREATORS)
        )

    def late_refund(self, market: Market) -> None:
        number = self.number()
        self.events += 1
        self.touched(market, number)
        market.sale(number, f"refund{self.events}", self.instant(30, 60), "-3.33", "REFUND")

    def order_reassigned(self, market: Market) -> None:
        """Staff give an order to another customer, or take its customer away."""
        number = self.number()
        self.touched(market, number)
        self.change_order(market, number, customer_id=self.draw.choice((None, self.customer())))

    def order_cancelled(self, market: Market) -> None:
        number = self.number()
        at = self.touched(market, number)
        self.events += 1
        cancelled = utc(at) + dt.timedelta(days=self.draw.randint(0, 20))
        self.change_order(market, number, cancelled_at=cancelled, display_financial_status="VOIDED")
        market.sale(
            number, f"cancel{self.events}", f"{cancelled:%Y-%m-%d %H:%M:%S}", "-4.00", "RETURN"
        )

    def refund_withdrawn(self, market: Market) -> None:
        """The shop's ledger of an order, read again, lacks an entry."""
        gone = market.connection.execute(
            "delete from raw.shopify__order_sales where (order_id, sale_id) = (select order_id,"
            " max(sale_id) from raw.shopify__order_sales where reason = 'REFUND'"
            " group by order_id order by 1 limit 1) returning order_id"
        ).fetchone()
        if gone is not None:
            self.touched(market, int(gone[0]) - 9_000_000_000)

    def codes_changed(self, market: Market) -> None:
        """An order edit takes its discount codes away, or puts another in their place."""
        number = self.number()
        self.touched(market, number)
        order_id = str(9_000_000_000 + number)
        market.connection.execute(
            "delete from raw.shopify__order_discount_codes where order_id = %s", [order_id]
        )
        code = self.draw.choice((None, "ANA15", "BO-15", "CY15"))
        if code:
            market.add(
                "shopify__order_discount_codes", connection_id=SHOP, order_id=order_id, position=0,
                code=code,
            )  # fmt: skip

    def purchase_before_order(self, market: Market) -> None:
        """An order comes weeks after the visits, purchases and answers that name it."""
        self.orders += 1
        at = self.instant(1, 40)
        name = f"#{self.orders}"
        self.session(market, at, ecommerce_transaction_id=name)
        market.transaction(name, at[:10], self.draw.choice(CREATORS))
        self.awaited.append((self.orders, at))

    def awaited_order(self, market: Market) -> None:
        if self.awaited:
            number, at = self.awaited.pop()
            market.order(number, at, "12.34", customer_id=self.draw.choice((None, self.customer())))

    def change_order(self, market: Market, number: int, **values: Any) -> None:
        market.connection.execute(
            f"update raw.shopify__orders set {', '.join(f'{name} = %s' for name in values)}"
            " where order_id = %s".encode(),
            [*values.values(), str(9_000_000_000 + number)],
        )

    def late_answer(self, market: Market) -> None:
        """A new answer, or an old one that turns out to be about another order."""
        number = self.number()
        if self.draw.random() < 0.3 and self.answer_count > 2:
            market.connection.execute(
                "update raw.files__post_purchase_survey set order_name = %s, _load_id = %s"
                " where response_id = 'r1'", [f"#{number}", market.load_id])  # fmt: skip
            return
        self.answer_count += 1
        market.add(
            "files__post_purchase_survey", connection_id="files", order_name=f"#{number}",
            response_id=f"r{self.answer_count}", submitted_at=utc("2026-05-20 12:00"),
            creator_handle=f"@{self.draw.choice(CREATORS)}.ig",
            customer_email=address(self.draw.randint(1, 4)),
        )  # fmt: skip

    def answer_withdrawn(self, market: Market) -> None:
        market.connection.execute(
            "delete from raw.files__post_purchase_survey where response_id ="
            " (select max(response_id) from raw.files__post_purchase_survey)"
        )
        self.record_deletion(market, "files", "post_purchase_survey")

    def customer_merge(self, market: Market) -> None:
        """The shop moves all orders of one customer to another; nobody reads the orders again."""
        gone, kept = self.draw.sample([c for c in CUSTOMERS if c not in self.erased], 2)
        days = market.connection.execute(
            "select order_id, created_at::date from raw.shopify__orders where customer_id = %s",
            [gone],
        ).fetchall()
        now = dt.datetime.combine(self.day, dt.time(9), tzinfo=dt.UTC)
        for order_id, day in days:
            market.connection.execute(
                "delete from raw.shopify__order_days where created_date = %s", [day]
            )
            market.connection.execute(
                "delete from raw.shopify__order_ids where order_id = %s", [order_id]
            )
            key = {"connection_id": SHOP, "created_date": day}
            market.add("shopify__order_days", **key, _captured_at=now)
            market.add("shopify__order_ids", **key, order_id=order_id, customer_id=kept)

    def shared_address(self, market: Market) -> None:
        """Customers turn out to have e-mail addresses, some of them one and the same."""
        for customer in self.draw.sample([c for c in CUSTOMERS if c not in self.erased], 2):
            market.connection.execute(
                "delete from raw.shopify__customers where customer_id = %s", [customer]
            )
            market.add(
                "shopify__customers", connection_id=SHOP, customer_id=customer,
                created_at=utc("2026-02-01 12:00"), email_hash=address(self.draw.randint(1, 4)),
            )  # fmt: skip
