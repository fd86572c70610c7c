"""The shop's own daily sales: kept while the market runs, apart from the ledger rows it serves."""

from __future__ import annotations

import bisect
import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from include.sandbox.market_calendar import DAY, Calendar
from include.sandbox.market_facts import DailySalesRow


@dataclass(slots=True)
class _Entry:
    at: int
    orders: int = 0
    gross: int = 0
    discounts: int = 0
    returns: int = 0


class Books:
    """Record money as it moves (cents) and report it per business day."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._entries: dict[int, list[_Entry]] = {}
        self._whole: dict[int, DailySalesRow] = {}

    def sell(self, at: int, gross: int, discount: int) -> None:
        """Record an order's goods: list price and discount, no tax, shipping or gift cards."""
        self._day(at).append(_Entry(at, orders=1, gross=gross, discounts=discount))

    def give_back(self, at: int, amount: int) -> None:
        """Record goods or money given back, without tax and shipping, on its own day."""
        self._day(at).append(_Entry(at, returns=amount))

    def close(self) -> None:
        """Bring every day's entries into the order of time; call once, after the last record."""
        for entries in self._entries.values():
            entries.sort(key=lambda entry: entry.at)

    def report(self, now: dt.datetime) -> list[DailySalesRow]:
        """Return one row a day, from the market's first to the day of `now`, empty ones too."""
        position = int(self._calendar.position(now))
        today = min(position // DAY, self._calendar.days - 1)
        rows = [self._whole_day(day) for day in range(today)]
        if today >= 0:
            rows.append(self._sum(today, position))
        return rows

    def _day(self, at: int) -> list[_Entry]:
        return self._entries.setdefault(at // DAY, [])

    def _whole_day(self, day: int) -> DailySalesRow:
        if day not in self._whole:
            self._whole[day] = self._sum(day, (day + 1) * DAY - 1)
        return self._whole[day]

    def _sum(self, day: int, until: int) -> DailySalesRow:
        entries = self._entries.get(day, [])
        entries = entries[: bisect.bisect_right(entries, until, key=lambda entry: entry.at)]
        gross = sum(entry.gross for entry in entries)
        discounts = sum(entry.discounts for entry in entries)
        returns = sum(entry.returns for entry in entries)
        return DailySalesRow(
            day=self._calendar.date(day),
            orders=sum(entry.orders for entry in entries),
            gross_sales=money(gross),
            discounts=money(-discounts),
            returns=money(-returns),
            net_sales=money(gross - discounts - returns),
        )


def money(cents: int) -> Decimal:
    """Return cents as an exact amount with two decimals."""
    return Decimal(cents).scaleb(-2)
