"""How numbers, dates and unknown values are written on every page.

Pure functions, the filters of the templates. An unknown value is an en dash, never a zero.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal

from include.spoken_names import piece_name, platform_name

UNKNOWN = "–"
MINUS = "\N{MINUS SIGN}"
NARROW = "\N{NARROW NO-BREAK SPACE}"
_SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}

Number = int | float | Decimal | None


def number(value: Number, digits: int = 0) -> str:
    """Write 1234.5 as 1,234.5 with `digits` decimals."""
    if value is None:
        return UNKNOWN
    rounded = round_to(value, digits)
    return f"{MINUS if rounded < 0 else ''}{abs(rounded):,.{digits}f}"


def money(value: Number, currency_code: str | None, digits: int = 0) -> str:
    """Write an amount with its currency: $1,234, −€5.00, CHF 12."""
    if value is None:
        return UNKNOWN
    text = number(value, digits)
    sign, plain = (MINUS, text[1:]) if text.startswith(MINUS) else ("", text)
    return f"{sign}{symbol(currency_code)}{plain}"


def symbol(currency_code: str | None) -> str:
    """Return what stands before an amount: $, or CHF and a narrow space."""
    if not currency_code:
        return ""
    return _SYMBOLS.get(currency_code, f"{currency_code}{NARROW}")


def times(value: Number, digits: int = 2) -> str:
    """Write a ratio of money to money: 1.84×."""
    return UNKNOWN if value is None else f"{number(value, digits)}×"


def percent(rate: Number, digits: int = 1) -> str:
    """Write a rate of 0-1 as percent: 0.034 is 3.4 %."""
    return UNKNOWN if rate is None else f"{number(Decimal(str(rate)) * 100, digits)}{NARROW}%"


def compact(value: Number) -> str:
    """Write a large count short: 12,345 is 12.3k, 1,234,567 is 1.2M."""
    if value is None:
        return UNKNOWN
    exact = Decimal(str(value))
    if abs(exact) >= 999_950:
        return f"{number(exact / 1_000_000, 1)}M"
    if abs(exact) >= 10_000:
        return f"{number(exact / 1_000, 1)}k"
    return number(exact)


def day(value: dt.date | None) -> str:
    """Write a date as 20 Nov 2026."""
    return UNKNOWN if value is None else f"{value.day} {value:%b %Y}"


def instant(value: dt.datetime | None) -> str:
    """Write a time stamp in UTC as 20 Nov 2026, 03:05 UTC."""
    if value is None:
        return UNKNOWN
    utc = value.astimezone(dt.UTC)
    return f"{day(utc.date())}, {utc:%H:%M} UTC"


def words(value: str | None) -> str:
    """Write a name of the warehouse as words: last_non_direct is last non direct."""
    return UNKNOWN if value is None else value.replace("_", " ")


def sentence(text: str | None) -> str:
    """Begin a text of the warehouse with a capital letter, as a sentence does."""
    return UNKNOWN if not text else text[0].upper() + text[1:]


def platform(name: str | None) -> str:
    """Write a platform as it writes itself: tiktok is TikTok."""
    return UNKNOWN if name is None else platform_name(name)


def piece(platform: str | None, content_format: str | None) -> str:
    """Write what kind of post it is in its platform's words: a reel of TikTok is a TikTok video."""
    return piece_name(platform, content_format)


def yes_no(value: bool | None) -> str:
    """Write a truth value; unknown stays unknown."""
    return UNKNOWN if value is None else "yes" if value else "no"


def round_to(value: int | float | Decimal, digits: int) -> Decimal:
    """Round half to even, and never to minus zero."""
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN)
    return rounded if rounded else abs(rounded)


_WRITERS = (
    number, money, times, percent, compact, day, instant, words, sentence, platform, piece, yes_no
)  # fmt: skip
FILTERS: Mapping[str, Callable[..., str]] = {writer.__name__: writer for writer in _WRITERS}
