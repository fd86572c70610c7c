"""Orders and their evidence as hypothesis draws them, written as the rows that sources report.

Instants come from few days and from the edges of days, look-backs and clocks, so that ties and
touches at an edge are frequent. A row is an event with the day on which its source first tells it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from hand_made_market import Market, utc
from hypothesis import strategies as st
from psycopg import sql

CREATORS = ("ana", "bo", "cy")
CODES = ((), (), ("ANA15",), (" bo15",), ("CY-15", "ANA15"), ("SHARED",))
FIRST = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
# Seconds around noon, the edges of the shop's days, and the change of clocks on 8 March.
SECONDS = (-1, 0, 1, 16 * 3600 - 1, 16 * 3600, 7 * 86_400 - 5 * 3600)

creators = st.sampled_from(CREATORS)
moments = st.tuples(st.sampled_from((0, 1, 7, 29, 30, 31)), st.sampled_from((-1, 0, 1, 1800, 1801)))
visits = st.tuples(moments, st.sampled_from((*CREATORS, "email", "direct")))


@dataclass(frozen=True)
class Drawn:
    """An order with everything that was ever reported about it."""

    day: int
    second: int
    cents: int
    codes: tuple[str, ...]
    customer: int | None
    shop_visits: Sequence[tuple[tuple[int, int], str]]
    web_visits: Sequence[tuple[tuple[int, int], str]]
    transaction: str | None
    answer: str | None
    refund_days: int | None

    @property
    def at(self) -> dt.datetime:
        return FIRST + dt.timedelta(days=self.day, seconds=self.second)


orders = st.builds(
    Drawn,
    day=st.integers(0, 24),
    second=st.sampled_from(SECONDS),
    cents=st.sampled_from((0, 1, 1999, 8000, 10_001)),
    codes=st.sampled_from(CODES),
    customer=st.none() | st.integers(1, 5),
    shop_visits=st.lists(visits, max_size=3),
    web_visits=st.lists(visits, max_size=2),
    transaction=st.none() | creators,
    answer=st.none() | creators,
    refund_days=st.none() | st.integers(1, 30),
)
Row = tuple[dt.date, Callable[[Market], None]]


class Upsert(Market):
    """A row that comes again replaces itself, as every load merges on the key."""

    def add(self, table: str, **values: Any) -> None:
        keys = self.connection.execute(
            "select attname from pg_index inner join pg_attribute on attrelid = indrelid and "
            "attnum = any(indkey) where indisprimary and indrelid = %s::regclass",
            [f"raw.{table}"],
        ).fetchall()
        known = {name: values[name] for (name,) in keys if name in values}
        parts = [sql.SQL("{} = {}").format(sql.Identifier(k), sql.Placeholder()) for k in known]
        self.connection.execute(
            sql.SQL("delete from raw.{} where {}").format(
                sql.Identifier(table), sql.SQL(" and ").join(parts)
            ),
            list(known.values()),
        )
        super().add(table, **values)


def text(at: dt.datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"


def rows_of(number: int, drawn: Drawn) -> Iterator[Row]:
    """Yield what the sources report of an order, each with the day it is first told."""
    today = drawn.at.date()
    order_id = f"{drawn.customer:013}" if drawn.customer else None

    def order(market: Market) -> None:
        net = f"{drawn.cents / 100:.2f}"
        market.order(number, text(drawn.at), net, codes=drawn.codes, customer_id=order_id)

    yield today, order
    for place, (moment, channel) in enumerate(drawn.shop_visits):
        yield today, _shop_visit(number, place, _before(drawn.at, moment), channel)
    for place, (moment, channel) in enumerate(drawn.web_visits):
        at = _before(drawn.at, moment)
        yield at.date(), _web_visit(number, place, at, channel)
    if drawn.web_visits:
        yield today, _purchase(number, len(drawn.web_visits), drawn.at)
    if drawn.transaction:
        creator = drawn.transaction
        yield today, lambda m: m.transaction(f"#{number}", text(drawn.at)[:10], creator)
    if drawn.answer:
        yield today + dt.timedelta(days=2), _answer(number, drawn.answer, drawn.at)
    if drawn.refund_days:
        later = drawn.at + dt.timedelta(days=drawn.refund_days)

        def refund(market: Market) -> None:
            order(market)  # a shop tells a refund by telling the order again
            market.sale(number, "refund", text(later), f"-{drawn.cents / 200:.2f}", "REFUND")

        yield later.date(), refund


def _before(at: dt.datetime, moment: tuple[int, int]) -> dt.datetime:
    days, seconds = moment
    return at - dt.timedelta(days=days, seconds=seconds)


def _shop_visit(number: int, place: int, at: dt.datetime, channel: str) -> Callable[[Market], None]:
    def write(market: Market) -> None:
        if channel in CREATORS:
            market.link_visit(number, f"v{place}", text(at), channel)
        elif channel == "email":
            market.visit(number, f"v{place}", text(at), utm_source="newsletter", utm_medium="email")
        else:
            market.visit(number, f"v{place}", text(at), source="direct")

    return write


def _web_visit(number: int, place: int, at: dt.datetime, channel: str) -> Callable[[Market], None]:
    source: dict[str, Any] = {}
    if channel in CREATORS:
        source = {"collected_source": "instagram", "collected_medium": "influencer"}
        source |= {"collected_campaign": "spring launch", "collected_content": channel}
    elif channel == "email":
        source = {"collected_source": "newsletter", "collected_medium": "email"}

    def write(market: Market) -> None:
        for copy in ("", " sent twice"):  # the export repeats events now and then
            _event(market, number, place, at, f"visit{copy}", **source)

    return write


def _purchase(number: int, place: int, at: dt.datetime) -> Callable[[Market], None]:
    def write(market: Market) -> None:
        values = {"event_name": "purchase", "ecommerce_transaction_id": f"#{number}"}
        _event(market, number, place, at, "purchase", **values)

    return write


def _event(
    market: Market, number: int, place: int, at: dt.datetime, name: str, **values: Any
) -> None:
    market.add(
        "ga4_export__events", connection_id="ga4_export", event_date=at.date(),
        event_key=f"{number}-{place}-{name}", event_timestamp=utc(text(at)),
        user_pseudo_id=f"browser {number}", ga_session_id=number * 10 + place,
        **{"event_name": "page_view"} | values,
    )  # fmt: skip


def _answer(number: int, creator: str, at: dt.datetime) -> Callable[[Market], None]:
    def write(market: Market) -> None:
        market.add(
            "files__post_purchase_survey", connection_id="files", response_id=f"r{number}",
            order_name=f"#{number}", submitted_at=at, creator_handle=f"@{creator}.ig",
        )  # fmt: skip

    return write
