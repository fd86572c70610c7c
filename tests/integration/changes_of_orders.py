"""What a Shopify shop and its survey tell late: orders, visits, refunds, customers, answers."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hand_made_market import SHOP, Market, utc
from market_draws import CREATORS, CUSTOMERS, VARIANTS, Draws, address


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
        self.line(market, self.orders, net)

    def line(self, market: Market, number: int, net: str) -> None:
        """What an order's only product row sold."""
        variant = self.draw.choice(VARIANTS)
        key = {"connection_id": SHOP, "order_id": str(9_000_000_000 + number)}
        market.add(
            "shopify__order_lines", **key, line_id=f"line{number}", variant_id=variant,
            product_id="800", sku=variant, quantity=1, current_quantity=1,
            original_unit_price=Decimal(net), discounted_total=Decimal(net),
        )  # fmt: skip
        market.connection.execute(
            "update raw.shopify__order_sales set line_id = %s, quantity = 1"
            " where order_id = %s and sale_id = 'sale'",
            [f"line{number}", key["order_id"]],
        )

    def unit_cost_changed(self, market: Market) -> None:
        """Staff correct what a unit costs: of that the shop keeps no history, snapshots do."""
        self.events += 1
        variant = self.draw.choice(VARIANTS)
        cost = self.draw.choice((None, *(Decimal(cents) / 100 for cents in (250, 399, 1000))))
        market.add(
            "shopify__product_variants", connection_id=SHOP, variant_id=variant, sku=variant,
            product_id="800", product_title="Serum", price=Decimal(20), unit_cost=cost,
            unit_cost_currency_code=cost and "USD",
            window_start=utc(f"{self.day} 05:00") + dt.timedelta(days=self.events),
            captured_at=utc(f"{self.day} 09:00") + dt.timedelta(days=self.events),
        )  # fmt: skip

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
            "select distinct (created_at at time zone 'UTC')::date from raw.shopify__orders"
            " where customer_id = %s order by 1",
            [gone],
        ).fetchall()
        for customer, owner in self.merged.items():
            if owner == gone:
                self.merged[customer] = kept
        self.merged.pop(kept, None)
        self.merged[gone] = kept
        for (day,) in days:
            self.list_day(market, day)

    def order_deleted(self, market: Market) -> None:
        """Staff delete an order: the list of its day has one less, and nothing else says so."""
        order_id = str(9_000_000_000 + self.number())
        self.deleted.add(order_id)
        row = market.connection.execute(
            "select (created_at at time zone 'UTC')::date from raw.shopify__orders"
            " where order_id = %s",
            [order_id],
        ).fetchone()
        assert row is not None
        self.list_day(market, row[0])

    def list_day(self, market: Market, day: dt.date) -> None:
        """Read which orders of a day exist and whose they are now.

        A day's rows are replaced as the loader replaces children: it counts no row as taken away.
        """
        for table in ("order_days", "order_ids"):
            market.connection.execute(
                f"delete from raw.shopify__{table} where created_date = %s".encode(), [day]
            )
        now = dt.datetime.combine(self.day, dt.time(9), tzinfo=dt.UTC)
        key = {"connection_id": SHOP, "created_date": day}
        market.add("shopify__order_days", **key, _captured_at=now)
        for order_id, customer in market.connection.execute(
            "select order_id, customer_id from raw.shopify__orders"
            " where (created_at at time zone 'UTC')::date = %s order by order_id",
            [day],
        ).fetchall():
            if order_id not in self.deleted:
                owner = self.merged.get(customer, customer)
                market.add(
                    "shopify__order_ids", **key, order_id=order_id,
                    customer_id=None if owner in self.erased else owner,
                )  # fmt: skip

    def shared_address(self, market: Market) -> None:
        """Customers turn out to have addresses, some of them one and the same, or to have moved."""
        for customer in self.draw.sample([c for c in CUSTOMERS if c not in self.erased], 2):
            market.connection.execute(
                "delete from raw.shopify__customers where customer_id = %s", [customer]
            )
            market.add(
                "shopify__customers", connection_id=SHOP, customer_id=customer,
                created_at=utc("2026-02-01 12:00"), email_hash=address(self.draw.randint(1, 4)),
                country_code=self.draw.choice(("US", "US", "US", "CA")),
            )  # fmt: skip
