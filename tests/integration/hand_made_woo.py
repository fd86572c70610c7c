"""Orders of a WooCommerce shop written by hand into the raw tables, beside `hand_made_market`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from hand_made_market import Market, utc

WOO = "woocommerce"


class WooMarket(Market):
    """Writes raw rows of the second shop as one load; amounts are without tax."""

    def site(self) -> None:
        """The shop's zone and currency, and the campaign that sells in it too."""
        self.add(
            "woocommerce__site", connection_id=WOO, url="https://studio.example", name="Studio",
            timezone_string="America/New_York", currency_code="USD",
            window_start=utc("2026-03-01 05:00"),
        )  # fmt: skip
        further = '["woocommerce"]'
        self.connection.execute(
            f"update raw.campaign_plan__campaigns set further_shop_connection_ids = '{further}'"
        )

    def woo_order(
        self,
        number: int,
        at: str,
        *lines: str,
        tax: str = "0",
        status: str = "completed",
        code: str = "",
        shipping: str = "0",
        refunds: Mapping[int, str] | None = None,
        **values: Any,
    ) -> None:
        """An order of product lines; `refunds` are those it names: id and amount with tax."""
        goods = sum((Decimal(line) for line in lines), Decimal(0))
        total = values.pop("net", goods) + Decimal(tax) + Decimal(shipping)
        key = {"connection_id": WOO, "order_id": number}
        self.add(
            "woocommerce__orders", **key, number=str(number), status=status,
            date_created=f"{utc(at) - dt.timedelta(hours=5):%Y-%m-%dT%H:%M:%S}",
            date_created_gmt=utc(at), date_modified_gmt=utc(at), total=total,
            total_tax=Decimal(tax), shipping_total=Decimal(shipping),
            **{"created_via": "checkout", "shipping_tax": Decimal(0), "currency": "USD"} | values,
        )  # fmt: skip
        for place, line in enumerate(lines, start=1):
            self.add(
                "woocommerce__order_lines", **key, line_id=number * 10 + place,
                quantity=Decimal(1), subtotal=Decimal(line), total=Decimal(line),
                total_tax=Decimal(0),
            )  # fmt: skip
        if code:
            self.add("woocommerce__order_coupon_lines", **key, line_id=number * 10, code=code)
        for refund_id, amount in (refunds or {}).items():
            self.add(
                "woocommerce__order_refunds", **key, refund_id=refund_id, total=-Decimal(amount)
            )

    def woo_refund(self, number: int, refund_id: int, at: str, net: str, tax: str = "0") -> None:
        """Goods given back as one line."""
        amount = Decimal(net) + Decimal(tax)
        self.add(
            "woocommerce__refunds", connection_id=WOO, refund_id=refund_id, order_id=number,
            date_created=f"{utc(at) - dt.timedelta(hours=5):%Y-%m-%dT%H:%M:%S}",
            date_created_gmt=utc(at), amount=amount, refunded_payment=True,
        )  # fmt: skip
        self.add(
            "woocommerce__refund_lines", connection_id=WOO, refund_id=refund_id,
            line_id=refund_id * 10, line_type="product", refunded_line_id=number * 10 + 1,
            quantity=Decimal(-1), total=-Decimal(net), total_tax=-Decimal(tax),
        )  # fmt: skip

    def woo_report(self, day: str, net: str) -> None:
        """The shop's own revenue report of a day."""
        self.add(
            "woocommerce__daily_sales", connection_id=WOO, day=dt.date.fromisoformat(day),
            net_revenue=Decimal(net),
        )  # fmt: skip


def by_link(creator: str, started: str) -> dict[str, str]:
    """Attribution of a visit through a creator's link, by the visitor's clock."""
    return {
        "source_type": "utm", "utm_source": "instagram", "utm_medium": "influencer",
        "utm_campaign": "Spring Launch", "utm_content": creator, "session_start_time": started,
        "session_entry": "https://studio.example/?utm_source=instagram",
    }  # fmt: skip
