"""Orders, customers, browsers and answers of small groups that share nothing, by short names.

Order `w1` is the first of its group in the WooCommerce shop, `s1` in Shopify's (both have the same
number); customer 1, mail `x` and browser `laptop` are the group's own as well. Orders are placed at
noon of a day of 2026, written as 03-05.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from hand_made_market import SHOP, utc
from hand_made_woo import WOO, WooMarket
from psycopg import sql

EXPORT = "ga4_export"


@dataclass(frozen=True)
class Expected:
    """What is true of a group after the second day, worked out by hand.

    customers: whose an order is; `c1` customer 1, `mail x`, `in laptop`, `user u`, None nobody's.
    later: orders whose customer ordered before. The others only where a group is about them:
    visitors, GA4's creator, and redeemed codes: whether new, seen, shared, abroad.
    """

    customers: dict[str, str | None]
    later: frozenset[str] = frozenset()
    visitors: dict[str, set[str]] = field(default_factory=dict)
    ga4: dict[str, str | None] = field(default_factory=dict)
    redeemed: dict[str, str] = field(default_factory=dict)


# A group writes its first day, yields, writes its second day and yields what is then true.
Group = Iterator[Expected | None]
Groups = dict[str, Callable[["EdgeMarket"], Group]]


def groups_of(names: dict[str, Any]) -> Groups:
    """The groups of a module: all functions of its own that have a name for others."""
    own = names["__name__"]
    return {
        name: value
        for name, value in names.items()
        if getattr(value, "__module__", "") == own and name[0] != "_"
    }


class EdgeMarket(WooMarket):
    """Writes the rows of one group at a time."""

    base = 0

    def number(self, order: str) -> int:
        return self.base + int(order[1:])

    def order_key(self, order: str) -> tuple[str, str]:
        """The connection and the id of an order."""
        if order.startswith("w"):
            return WOO, str(self.number(order))
        return SHOP, str(9_000_000_000 + self.number(order))

    def mail(self, name: str | None) -> str | None:
        """The keyed hash of an address, as the loader lands it."""
        return hashlib.sha256(f"{self.base} {name}".encode()).hexdigest() if name else None

    def visitor_id(self, browser: str) -> str:
        return _md5(f"{EXPORT} {self.base}-{browser}")

    def customer_id(self, order: str, who: str | None) -> str | None:
        """What the models call a customer of the order's shop."""
        if who is None:
            return None
        connection_id, _ = self.order_key(order)
        kind, _, name = who.partition(" ")
        if kind in ("in", "user"):
            return _md5(f"{connection_id} person {self.visitor_id(name)}")
        if kind == "mail":
            return _md5(f"{connection_id} email {self.mail(name)}")
        return _md5(f"{connection_id} customer {self.base + int(who[1:])}")

    # ---- rows

    def place(
        self, order: str, day: str, customer: int = 0, mail: str | None = None, **values: Any
    ) -> None:
        """An order; only WooCommerce tells the address a guest gave at the checkout."""
        at = f"2026-{day} 12:00"
        if order.startswith("w"):
            values |= {"billing_email": self.mail(mail)}
            values |= {"customer_id": self.base + customer if customer else 0}
            self.woo_order(self.number(order), at, "10.00", **values)
        else:
            assert mail is None, order
            values |= {"customer_id": str(self.base + customer) if customer else None}
            self.order(self.number(order), at, "10.00", **values)

    def change_order(self, order: str, **values: Any) -> None:
        """The shop's order as it is read again; `customer` and `mail` as in `place`."""
        connection_id, order_id = self.order_key(order)
        if "customer" in values:
            values["customer_id"] = self.base + values.pop("customer")
        if "mail" in values:
            values["billing_email"] = self.mail(values.pop("mail"))
        self.change(f"{connection_id}__orders", {"order_id": order_id}, **values)

    def customer(self, order: str, customer: int, mail: str | None, **values: Any) -> None:
        """A shop's customer (of the shop the order is of) and their address, new or changed."""
        customer_id, created_at = self.base + customer, utc(f"2026-01-{customer:02} 12:00")
        row: dict[str, Any] = {"email_hash": self.mail(mail), "created_at": created_at}
        if order.startswith("w"):
            row = {"email": self.mail(mail), "date_created_gmt": created_at}
        row |= values
        table = f"{self.order_key(order)[0]}__customers"
        if not self.change(table, {"customer_id": str(customer_id)}, **row):
            self.add(table, connection_id=self.order_key(order)[0], customer_id=customer_id, **row)

    def browse(
        self, browser: str, session: int, day: str, *, buys: str = "", user: str = ""
    ) -> None:
        """A session in a browser; `buys` is the transaction id it sent, or an order's name."""
        if buys[:1] in ("w", "s"):
            buys = f"#{self.number(buys)}"
        self.add(
            "ga4_export__events", connection_id=EXPORT, event_date=utc(f"2026-{day}").date(),
            event_key=f"{self.base}-{browser}-{session}", event_timestamp=utc(f"2026-{day} 12:00"),
            event_name="purchase" if buys else "page_view", ga_session_id=session,
            user_pseudo_id=f"{self.base}-{browser}", ecommerce_transaction_id=buys or None,
            user_id=f"{self.base}-{user}" if user else None,
        )  # fmt: skip

    def change_session(self, browser: str, session: int, **values: Any) -> None:
        key = {"event_key": f"{self.base}-{browser}-{session}"}
        assert self.change("ga4_export__events", key, **values), key

    def answer(self, response: str, about: str, mail: str | None) -> None:
        """An answer of the survey, new or corrected; `about` is an order or what was written."""
        if about[:1] in ("w", "s"):
            about = f"#{self.number(about)}"
        key = {"response_id": f"{self.base}-{response}"}
        row = {"order_name": about, "customer_email": self.mail(mail)}
        if not self.change("files__post_purchase_survey", key, **row):
            at = utc("2026-05-20 12:00")
            self.add(
                "files__post_purchase_survey", **key, connection_id="files", submitted_at=at, **row
            )

    def listed(self, order: str, customer: int, captured: str) -> None:
        """Shopify's list of the orders of a day names a customer for this one."""
        _, order_id = self.order_key(order)
        [(day,)] = self.connection.execute(
            "select min(created_at)::date from raw.shopify__orders where order_id = %s", [order_id]
        ).fetchall()
        self.list_day(order, day, customer, captured)

    def list_day(self, order: str, day: dt.date, customer: int, captured: str) -> None:
        """The same for an order that is still to come."""
        _, order_id = self.order_key(order)
        key = {"connection_id": SHOP, "created_date": day}
        for table in ("shopify__order_ids", "shopify__order_days"):
            self.connection.execute(f"delete from raw.{table} where created_date = %s", [day])
        self.add("shopify__order_days", **key, _captured_at=utc(f"2026-{captured} 09:00"))
        self.add(
            "shopify__order_ids", **key, order_id=order_id, customer_id=str(self.base + customer)
        )

    def bought(self, order: str, day: str, creator: str, **values: Any) -> None:
        """GA4's transaction of an order, with the creator whose link its session came by."""
        values = {"transaction_id": f"#{self.number(order)}"} | values
        self.transaction(content=creator, day=f"2026-{day}", **values)

    def change(self, table: str, key: dict[str, str], **values: Any) -> int:
        """Give rows other values in this load; return how many there are."""
        values["_load_id"] = self.load_id
        statement = sql.SQL("update raw.{} set {} where {}").format(
            sql.Identifier(table), _assigned(values, ", "), _assigned(key, " and ", "::text")
        )
        return self.connection.execute(statement, [*values.values(), *key.values()]).rowcount


def _md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def _assigned(values: dict[str, Any], joined: str, cast: str = "") -> sql.Composable:
    return sql.SQL(joined).join(
        sql.SQL("{}{} = %s").format(sql.Identifier(name), sql.SQL(cast)) for name in values
    )
