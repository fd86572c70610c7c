"""What checks report: a text at a location of the file, and the other place it is about, if any."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from include.campaigns.lines import Location


class Problem(NamedTuple):
    """What is wrong at a location of the file; `other` is the place it collides with."""

    location: Location
    text: str
    other: Location | None = None


def repeated(values: Iterable[tuple[Location, str]]) -> Iterator[Problem]:
    """Yield values that were used before; what stands before a colon is not shown."""
    seen: dict[str, Location] = {}
    for location, value in values:
        if value in seen:
            shown = value.split(":", 1)[-1]
            yield Problem(location, f"value {shown!r} is not allowed; allowed: one not used above")
        seen.setdefault(value, location)


def before(location: Location, day: dt.date, first: dt.date) -> Iterator[Problem]:
    """Yield the problem of a day that lies before the first one allowed."""
    if day < first:
        yield Problem(location, f"value {day} is not allowed; allowed: {first} or later")
