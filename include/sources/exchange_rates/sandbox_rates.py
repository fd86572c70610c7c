"""Seeded reference rates: plausible levels that wander a little from business day to business day.

The rate of a day depends on the seed and the day alone, whatever was asked before.
"""

from __future__ import annotations

import datetime as dt
import math
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np

FRANKFURT = ZoneInfo("Europe/Berlin")
PUBLISHED_AT = dt.time(16)
# Where the walk begins, and each currency's level there with the decimals the ECB gives.
FIRST_DAY = dt.date(2025, 1, 2)
LEVELS = {
    "USD": "1.0952",
    "JPY": "163.24",
    "CZK": "24.815",
    "DKK": "7.4591",
    "GBP": "0.85210",
    "HUF": "394.30",
    "PLN": "4.2585",
    "RON": "4.9763",
    "SEK": "11.2480",
    "CHF": "0.9404",
    "ISK": "143.10",
    "NOK": "11.6360",
    "TRY": "41.7050",
    "AUD": "1.7021",
    "BRL": "6.1472",
    "CAD": "1.5120",
    "CNY": "7.8630",
    "HKD": "8.5190",
    "IDR": "17628.55",
    "ILS": "4.0540",
    "INR": "93.0880",
    "KRW": "1548.37",
    "MXN": "21.4920",
    "MYR": "4.7340",
    "NZD": "1.8510",
    "PHP": "62.915",
    "SGD": "1.4300",
    "THB": "36.412",
    "ZAR": "19.8340",
}
# Daily changes of about 0.4 %; the krone is pegged.
_CHANGE, _PEGGED, _PULL = 0.004, {"DKK": 0.00005}, 0.98
_TOPIC = 90
# The walk is drawn once for so many days; a business day's place in it never changes.
_WALK_DAYS = 2_500


def is_business_day(day: dt.date) -> bool:
    """Say whether the ECB sets rates on a day: no weekend and no TARGET holiday."""
    easter = _easter(day.year)
    holidays = {
        dt.date(day.year, 1, 1),
        easter - dt.timedelta(days=2),
        easter + dt.timedelta(days=1),
        dt.date(day.year, 5, 1),
        dt.date(day.year, 12, 25),
        dt.date(day.year, 12, 26),
    }
    return day.weekday() < 5 and day not in holidays


def published_days(now: dt.datetime, back: int) -> list[dt.date]:
    """Return the business days whose rates are public at an instant, newest first."""
    local = now.astimezone(FRANKFURT)
    last = local.date() if local.time() >= PUBLISHED_AT else local.date() - dt.timedelta(days=1)
    days = (last - dt.timedelta(days=n) for n in range(back))
    return [day for day in days if is_business_day(day)]


def rates_of(seed: int, day: dt.date) -> dict[str, Decimal]:
    """Return the rates of a business day, each with its own number of decimals."""
    place = int(np.busday_count(FIRST_DAY, day)) % _WALK_DAYS
    walks = _walks(seed)
    found = {}
    for currency, level in LEVELS.items():
        first = Decimal(level)
        moved = first * Decimal(str(round(walks[currency][place], 9)))
        found[currency] = moved.quantize(first)
    return found


@lru_cache(maxsize=4)
def _walks(seed: int) -> dict[str, list[float]]:
    """Return each currency's factor per business day: a walk that is drawn back to its level."""
    found: dict[str, list[float]] = {}
    for n, currency in enumerate(LEVELS):
        size = _PEGGED.get(currency, _CHANGE)
        steps = np.random.default_rng([seed, _TOPIC, n]).normal(0.0, size, _WALK_DAYS).tolist()
        away = 0.0
        found[currency] = []
        for step in steps:
            away = _PULL * away + step
            found[currency].append(math.exp(away))
    return found


def _easter(year: int) -> dt.date:
    """Return Easter Sunday of the Gregorian calendar (anonymous algorithm)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    j = (32 + 2 * e + 2 * i - h - k) % 7
    m = (a + 11 * h + 19 * j) // 433
    month = (h + j - 7 * m + 90) // 25
    return dt.date(year, month, (h + j - 7 * m + 33 * month + 19) % 32)
