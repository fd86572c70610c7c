"""Columns of the exchange rates, in the words of the ECB's files."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Annotated

from include.sources._base import Record, at


class Rate(Record, frozen=True, array_like=True):
    """The reference rate of one currency on one business day of the ECB."""

    rate_date: Annotated[dt.date, at("time", "Day it was set; none on weekends and holidays")]
    currency: Annotated[str, at("currency", "ISO 4217")]
    rate: Annotated[Decimal, at("rate", "Units of the currency for one euro")]
